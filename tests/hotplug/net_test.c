// SPDX-License-Identifier: BSD-2-Clause
/*
 * Network plug in a network namespace of the test's own, so that nothing of
 * the machine's network is touched: real bridges, and tap interfaces in the
 * place of netback's. What was done is read back with the ip program. Skipped
 * where the kernel gives no namespace or no bridge.
 */
#include "lib/error.h"
#include "lib/hotplug_net.h"
#include "suite.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static bool run(const char *command)
{
	return system(command) == 0;
}

/* One line about an interface; empty when there is none. */
static const char *show(const char *name)
{
	static char line[1024];
	char command[128];

	snprintf(command, sizeof(command),
		"ip -o -d link show dev %s 2>/dev/null", name);

	FILE *ip = popen(command, "r");

	line[0] = '\0';
	if (ip && !fgets(line, sizeof(line), ip))
		line[0] = '\0';
	if (ip)
		pclose(ip);
	return line;
}

static bool shows(const char *name, const char *word)
{
	return strstr(show(name), word);
}

static void test_missing_bridge_is_named(void)
{
	struct error e = {0};

	CHECK(net_check_bridge("nobr", &e) == -ENODEV);
	CHECK(strstr(e.cause, "no bridge 'nobr'"));
	CHECK(strstr(e.hint, "ip link add nobr"));
	error_clear(&e);
	CHECK(net_check_bridge("a-name-of-17-char", &e) == -ENODEV);
	error_clear(&e);
	CHECK(net_check_bridge("", &e) == -ENODEV);
}

static void test_what_is_no_bridge_is_refused(void)
{
	struct error e = {0};

	CHECK(run("ip tuntap add dev plain mode tap"));
	CHECK(net_check_bridge("plain", &e) == -EINVAL);
	CHECK(strstr(e.cause, "not a bridge; it is of kind tun"));
	error_clear(&e);
	CHECK(net_check_bridge("lo", &e) == -EINVAL);
}

static void test_a_bridge_must_be_up(void)
{
	struct error e = {0};

	CHECK(run("ip link add br1 type bridge"));
	CHECK(net_check_bridge("br1", &e) == -ENETDOWN);
	CHECK(strstr(e.hint, "ip link set br1 up"));
	error_clear(&e);
	CHECK(run("ip link set br1 up"));
	CHECK(net_check_bridge("br1", &e) == 0 && !e.code);
}

static void test_plug(void)
{
	const struct net_plug plug = {.domid = 7, .bridge = "br0"};
	char name[NET_IFNAME_MAX];
	struct error e = {0};

	CHECK(run("ip tuntap add dev vif7.0 mode tap"));
	CHECK(net_plug(&plug, 1000, name, &e) == 0 && !e.code);
	CHECK(!strcmp(name, "vif7.0"));
	CHECK(shows(name, "fe:ff:ff:ff:ff:ff"));
	CHECK(shows(name, "master br0"));
	CHECK(shows(name, ",UP"));
	CHECK(shows(name, "mtu 1400"));
	CHECK(shows(name, "addrgenmode none"));
}

static void test_mtu_and_name_as_wanted(void)
{
	const struct net_plug plug = {.domid = 8,
		.devid = 3,
		.bridge = "br0",
		.ifname = "mail",
		.mtu = 1300};
	char name[NET_IFNAME_MAX];
	struct error e = {0};

	CHECK(run(
		"ip tuntap add dev vif8.3 mode tap && ip link set vif8.3 up"));
	CHECK(net_plug(&plug, 1000, name, &e) == 0 && !e.code);
	CHECK(!strcmp(name, "mail"));
	CHECK(shows("mail", "mtu 1300") && shows("mail", "master br0"));
	CHECK(!*show("vif8.3"));
}

static void test_a_name_in_use_is_named(void)
{
	const struct net_plug plug = {
		.domid = 9, .bridge = "br0", .ifname = "lo"};
	char name[NET_IFNAME_MAX];
	struct error e = {0};

	CHECK(run("ip tuntap add dev vif9.0 mode tap"));
	CHECK(net_plug(&plug, 1000, name, &e) == -EEXIST);
	CHECK(strstr(e.cause, "renaming vif9.0 to 'lo'"));
}

static void test_without_bridge(void)
{
	const struct net_plug plug = {.domid = 10, .mtu = 1200};
	char name[NET_IFNAME_MAX];
	struct error e = {0};

	CHECK(run("ip tuntap add dev vif10.0 mode tap"));
	CHECK(net_plug(&plug, 1000, name, &e) == 0);
	CHECK(shows(name, ",UP") && !shows(name, "master"));
}

/* The interface of a back-end that is slow. */
static void test_it_is_waited_for(void)
{
	const struct net_plug plug = {.domid = 11, .bridge = "br0"};
	char name[NET_IFNAME_MAX];
	struct error e = {0};
	const pid_t child = fork();

	if (child == 0)
		_exit(!run("sleep 0.4; ip tuntap add dev vif11.0 mode tap"));
	CHECK(net_plug(&plug, 20000, name, &e) == 0 && !e.code);
	CHECK(shows("vif11.0", "master br0"));
	waitpid(child, NULL, 0);
}

static void test_it_is_not_waited_for_for_ever(void)
{
	const struct net_plug plug = {.domid = 12, .bridge = "br0"};
	char name[NET_IFNAME_MAX];
	struct error e = {0};
	const time_t start = time(NULL);

	CHECK(net_plug(&plug, 300, name, &e) == -ETIMEDOUT);
	CHECK(time(NULL) - start < 20);
	CHECK(strstr(e.cause, "vif12.0") && strstr(e.hint, "netback"));
}

static void test_a_bridge_that_went_away(void)
{
	const struct net_plug plug = {.domid = 7, .bridge = "gone"};
	char name[NET_IFNAME_MAX];
	struct error e = {0};

	CHECK(net_plug(&plug, 300, name, &e) == -ENODEV);
	CHECK(strstr(e.cause, "no bridge 'gone'"));
}

static void test_unplug(void)
{
	struct error e = {0};

	CHECK(net_unplug("vif7.0", &e) == 0 && !e.code);
	CHECK(!shows("vif7.0", ",UP") && !shows("vif7.0", "master"));
	CHECK(net_unplug("vif7.0", &e) == 0);
	CHECK(run("ip link del vif7.0"));
	CHECK(net_unplug("vif7.0", &e) == 0 && !e.code);
}

int main(void)
{
	if (unshare(CLONE_NEWNET) < 0) {
		printf("skip net: no network namespace: %s\n", strerror(errno));
		return 0;
	}
	if (!run("ip link set lo up && ip link add br0 mtu 1400 type bridge && "
		 "ip link set br0 up && ip tuntap add dev try mode tap")) {
		puts("skip net: the kernel makes no bridge or tap here");
		return 0;
	}
	RUN(missing_bridge_is_named);
	RUN(what_is_no_bridge_is_refused);
	RUN(a_bridge_must_be_up);
	RUN(plug);
	RUN(mtu_and_name_as_wanted);
	RUN(a_name_in_use_is_named);
	RUN(without_bridge);
	RUN(it_is_waited_for);
	RUN(it_is_not_waited_for_for_ever);
	RUN(a_bridge_that_went_away);
	RUN(unplug);
	return suite_end();
}
