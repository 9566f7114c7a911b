/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest for the toolstack's tests: says hello on its PV console, reads its
 * own name and domain number from xenstore, writes and removes a node, sees a
 * watch and a transaction, then powers off. The lines on its console are
 * those of the other test guests.
 */
#include <xen/platform.h>
#include <xen/sched.h>

#include "pv-drivers/front/console.h"
#include "pv-drivers/front/xenbus.h"
#include "tests/guests/lib/test.h"

static void test_console(void)
{
	REQUIRE(!pv_is_dom0());
	print("hello, world\n");
}

/* More than the ring holds: the daemon must take it meanwhile. */
static void test_long_output(void)
{
	for (int i = 0; i < 100; i++)
		print("# line %d of a hundred that are longer than the ring is "
		      "in all\n", i);
}

static void test_start_info(void)
{
	REQUIRE_EQ(pv_info->flags & (SIF_PRIVILEGED | SIF_INITDOMAIN), 0);
	REQUIRE(pv_info->store_mfn != 0);
	REQUIRE(pv_info->store_evtchn != 0);
	REQUIRE(pv_info->console.domU.mfn != 0);
	REQUIRE(pv_info->console.domU.evtchn != 0);
	for (uint64_t pfn = 0; pfn < pv_info->nr_pages; pfn++)
		REQUIRE_EQ(PV_M2P[PV_P2M[pfn]], pfn);
	print("# command line: %s\n", (char *)pv_info->cmd_line);
}

static void test_xenstore_read(void)
{
	char value[64];

	REQUIRE_EQ(xenbus_init(), 0);
	const int64_t domid = xenbus_read_number(0, NULL, "domid");

	REQUIRE(domid > 0);
	REQUIRE(xenbus_read(0, "name", value, sizeof(value)) > 0);
	print("# domain %ld is called %s\n", domid, value);
	REQUIRE_EQ(xenbus_read(0, "no/such/node", value, sizeof(value)),
		   ENOENT_);
}

static void test_xenstore_write(void)
{
	char value[64];

	REQUIRE_EQ(xenbus_write(0, "data/hello", "from the guest"), 0);
	REQUIRE_EQ(xenbus_read(0, "data/hello", value, sizeof(value)), 14);
	REQUIRE_EQ(memcmp(value, "from the guest", 15), 0);
	REQUIRE_EQ(xenbus_rm(0, "data/hello"), 0);
	REQUIRE_EQ(xenbus_read(0, "data/hello", value, sizeof(value)),
		   ENOENT_);
	/* not ours to write */
	REQUIRE_EQ(xenbus_write(0, "/local/domain/0/hello", "x"), EACCES_);
}

static void test_watch(void)
{
	char token[16], path[64];

	REQUIRE_EQ(xenbus_watch("data/watched", "tok"), 0);
	xenbus_wait_watch(token, sizeof(token), path, sizeof(path));
	REQUIRE_EQ(memcmp(token, "tok", 4), 0);
	REQUIRE_EQ(xenbus_write(0, "data/watched", "1"), 0);
	xenbus_wait_watch(token, sizeof(token), path, sizeof(path));
	REQUIRE_EQ(memcmp(path, "data/watched", 13), 0);
	REQUIRE_EQ(xenbus_unwatch("data/watched", "tok"), 0);
	REQUIRE_EQ(xenbus_rm(0, "data/watched"), 0);
}

static void test_transaction(void)
{
	char value[16];
	const int64_t tx = xenbus_begin();

	REQUIRE(tx > 0);
	REQUIRE_EQ(xenbus_write(tx, "data/tx", "7"), 0);
	REQUIRE_EQ(xenbus_read(0, "data/tx", value, sizeof(value)), ENOENT_);
	REQUIRE_EQ(xenbus_end(tx, true), 0);
	REQUIRE_EQ(xenbus_read_number(0, "data", "tx"), 7);
	REQUIRE_EQ(xenbus_rm(0, "data/tx"), 0);
}

/* What an unprivileged guest must not do. */
static void test_unprivileged(void)
{
	char byte;

	REQUIRE_EQ(hv_console_io(CONSOLEIO_read, 1, &byte), EPERM_);
	struct xen_platform_op sleep = {
		.cmd = XENPF_enter_acpi_sleep,
		.interface_version = XENPF_INTERFACE_VERSION,
	};

	REQUIRE_EQ(PV_CALL1(__HYPERVISOR_platform_op, &sleep), EPERM_);
	struct sched_remote_shutdown op = { .domain_id = 0 };

	REQUIRE_EQ(hv_sched_op(SCHEDOP_remote_shutdown, &op), EPERM_);
}

const struct test tests[] = {
	TEST(console),
	TEST(long_output),
	TEST(start_info),
	TEST(xenstore_read),
	TEST(xenstore_write),
	TEST(watch),
	TEST(transaction),
	TEST(unprivileged),
	TESTS_END
};
