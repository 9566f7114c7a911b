// SPDX-License-Identifier: BSD-2-Clause
/*
 * Bridge and vif set-up by rtnetlink, see hotplug_net.h. Every question and
 * every change is one message with one answer on one socket; a second socket
 * listens to link events, but only so that the wait for netback's interface
 * can sleep: what an event says is not used, the interface is asked for.
 */
#include "lib/hotplug_net.h"

#include "lib/error.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MESSAGE_BYTES = 8192 };

/* What is asked about an interface. */
struct link {
	int index;      /* 0: there is no such interface */
	unsigned flags; /* IFF_* */
	unsigned mtu;
	char kind[16]; /* "bridge", "veth"...; empty for hardware and vifs */
};

struct request {
	char data[MESSAGE_BYTES];
	struct nlmsghdr *header;
	struct ifinfomsg *info;
};

void net_default_name(
	uint16_t domid, unsigned devid, char ifname[static NET_IFNAME_MAX])
{
	snprintf(ifname, NET_IFNAME_MAX, "vif%u.%u", domid, devid);
}

static void request_start(struct request *r, uint16_t type, int index)
{
	r->header = mnl_nlmsg_put_header(r->data);
	r->header->nlmsg_type = type;
	r->header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	r->header->nlmsg_seq = 1;
	r->info = mnl_nlmsg_put_extra_header(r->header, sizeof(*r->info));
	r->info->ifi_family = AF_UNSPEC;
	r->info->ifi_index = index;
}

static struct mnl_socket *socket_open(unsigned groups)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);

	if (nl && mnl_socket_bind(nl, groups, MNL_SOCKET_AUTOPID) < 0) {
		const int saved_errno = errno;

		mnl_socket_close(nl);
		errno = saved_errno;
		return NULL;
	}
	return nl;
}

/* Send, and hand every answer to take() until the kernel's verdict. */
static int request_run(struct request *r, mnl_cb_t take, void *arg)
{
	struct mnl_socket *nl = socket_open(0);
	int rc = -EIO;

	if (!nl)
		return -errno;
	if (mnl_socket_sendto(nl, r->header, r->header->nlmsg_len) < 0) {
		rc = -errno;
		goto close;
	}
	do {
		char answer[MESSAGE_BYTES * 2];
		const ssize_t n =
			mnl_socket_recvfrom(nl, answer, sizeof(answer));

		if (n < 0 && errno == EINTR)
			continue;
		rc = n < 0 ? -1
			   : mnl_cb_run(answer, n, 1, mnl_socket_get_portid(nl),
				     take, arg);
		if (rc < 0)
			rc = -errno;
	} while (rc > 0);
close:
	mnl_socket_close(nl);
	return rc;
}

static int take_kind(const struct nlattr *attr, void *arg)
{
	struct link *link = arg;

	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
		snprintf(link->kind, sizeof(link->kind), "%.*s",
			(int)mnl_attr_get_payload_len(attr),
			mnl_attr_get_str(attr));
	return MNL_CB_OK;
}

static int take_attribute(const struct nlattr *attr, void *arg)
{
	struct link *link = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_MTU:
		link->mtu = mnl_attr_get_u32(attr);
		break;
	case IFLA_LINKINFO:
		return mnl_attr_parse_nested(attr, take_kind, link);
	}
	return MNL_CB_OK;
}

static int take_link(const struct nlmsghdr *header, void *arg)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(header);
	struct link *link = arg;

	if (header->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	link->index = info->ifi_index;
	link->flags = info->ifi_flags;
	return mnl_attr_parse(header, sizeof(*info), take_attribute, link);
}

/* 0 with link filled in; -ENODEV if there is no such interface. */
static int link_get(const char *name, struct link *link)
{
	struct request r;

	memset(link, 0, sizeof(*link));
	if (!name[0] || strlen(name) >= NET_IFNAME_MAX)
		return -ENODEV;
	request_start(&r, RTM_GETLINK, 0);
	mnl_attr_put_strz(r.header, IFLA_IFNAME, name);

	const int rc = request_run(&r, take_link, link);

	return rc == 0 && link->index == 0 ? -ENODEV : rc;
}

static int bridge_get(const char *bridge, struct link *link, struct error *err)
{
	const int rc = link_get(bridge, link);

	if (rc == -ENODEV) {
		error_set(err, ENODEV, "there is no bridge '%s'", bridge);
		error_hint(err,
			"create it (ip link add %s type bridge && "
			"ip link set %s up) or name another with bridge=",
			bridge, bridge);
		return rc;
	}
	if (rc < 0)
		return error_errno(err, -rc, "asking for bridge '%s'", bridge);
	if (strcmp(link->kind, "bridge")) {
		error_set(err, EINVAL,
			"'%s' is a network interface, but not a bridge%s%s",
			bridge, link->kind[0] ? "; it is of kind " : "",
			link->kind);
		error_hint(err, "name a bridge, or use script= for anything "
				"that is none");
		return -EINVAL;
	}
	return 0;
}

int net_check_bridge(const char *bridge, struct error *err)
{
	struct link link;
	const int rc = bridge_get(bridge, &link, err);

	if (rc < 0)
		return rc;
	if (!(link.flags & IFF_UP)) {
		error_set(err, ENETDOWN, "bridge '%s' is down", bridge);
		error_hint(err, "ip link set %s up", bridge);
		return -ENETDOWN;
	}
	return 0;
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Throw away waiting link events; a full queue (ENOBUFS) is fine as well. */
static void drain(struct mnl_socket *nl)
{
	char event[MESSAGE_BYTES * 2];
	struct pollfd wait = {mnl_socket_get_fd(nl), POLLIN, 0};

	while (poll(&wait, 1, 0) > 0)
		mnl_socket_recvfrom(nl, event, sizeof(event));
}

static int link_wait(const char *name, int timeout_ms, struct link *link)
{
	struct mnl_socket *nl = socket_open(RTMGRP_LINK);
	const long long end = now_ms() + timeout_ms;
	int rc;

	if (!nl)
		return -errno;
	while ((rc = link_get(name, link)) == -ENODEV) {
		struct pollfd wait = {mnl_socket_get_fd(nl), POLLIN, 0};
		const long long left = end - now_ms();

		if (left <= 0) {
			rc = -ETIMEDOUT;
			break;
		}
		poll(&wait, 1, left);
		drain(nl);
	}
	mnl_socket_close(nl);
	return rc;
}

/* dom0 only forwards for the vif: no IPv6 address of its own, and a MAC
 * that no bridge prefers as its own. */
static int link_set_address(int index, unsigned mtu)
{
	static const uint8_t mac[6] = {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct request r;

	request_start(&r, RTM_NEWLINK, index);
	mnl_attr_put(r.header, IFLA_ADDRESS, sizeof(mac), mac);
	if (mtu)
		mnl_attr_put_u32(r.header, IFLA_MTU, mtu);
	return request_run(&r, NULL, NULL);
}

static int link_set_no_ipv6(int index)
{
	struct request r;

	request_start(&r, RTM_NEWLINK, index);

	struct nlattr *spec = mnl_attr_nest_start(r.header, IFLA_AF_SPEC);
	struct nlattr *inet6 = mnl_attr_nest_start(r.header, AF_INET6);

	mnl_attr_put_u8(
		r.header, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(r.header, inet6);
	mnl_attr_nest_end(r.header, spec);
	return request_run(&r, NULL, NULL);
}

/* master: 0 takes it off its bridge. */
static int link_set_state(int index, int master, bool up)
{
	struct request r;

	request_start(&r, RTM_NEWLINK, index);
	r.info->ifi_change = IFF_UP;
	r.info->ifi_flags = up ? IFF_UP : 0;
	mnl_attr_put_u32(r.header, IFLA_MASTER, master);
	return request_run(&r, NULL, NULL);
}

static int link_set_name(int index, const char *name)
{
	struct request r;

	request_start(&r, RTM_NEWLINK, index);
	mnl_attr_put_strz(r.header, IFLA_IFNAME, name);
	return request_run(&r, NULL, NULL);
}

static int link_configure(int index, const char *name, unsigned mtu,
	const struct link *bridge, struct error *err)
{
	int rc = link_set_address(index, mtu);

	if (rc < 0)
		return error_errno(err, -rc,
			"setting the MAC address and the MTU (%u) of %s", mtu,
			name);
	rc = link_set_no_ipv6(index);
	if (rc < 0 && rc != -EAFNOSUPPORT && rc != -EOPNOTSUPP)
		return error_errno(
			err, -rc, "switching IPv6 addresses off on %s", name);
	rc = link_set_state(index, bridge->index, true);
	if (rc < 0)
		return error_errno(err, -rc, "%s %s",
			bridge->index ? "putting on its bridge and bringing up"
				      : "bringing up",
			name);
	return 0;
}

int net_plug(const struct net_plug *plug, int timeout_ms,
	char ifname[static NET_IFNAME_MAX], struct error *err)
{
	struct link bridge = {0}, vif;
	int rc;

	net_default_name(plug->domid, plug->devid, ifname);
	if (plug->bridge && (rc = bridge_get(plug->bridge, &bridge, err)) < 0)
		return rc;
	if (plug->ifname && strlen(plug->ifname) >= NET_IFNAME_MAX)
		return error_set(err, ENAMETOOLONG,
			"vifname '%s' has more than %d characters",
			plug->ifname, NET_IFNAME_MAX - 1);
	rc = link_wait(ifname, timeout_ms, &vif);
	if (rc == -ETIMEDOUT) {
		error_set(err, ETIMEDOUT,
			"the network back-end made no interface %s in %d ms",
			ifname, timeout_ms);
		error_hint(err, "is the module xen-netback loaded?");
		return rc;
	}
	if (rc < 0)
		return error_errno(err, -rc, "asking for %s", ifname);
	if (plug->ifname && strcmp(plug->ifname, ifname)) {
		/* The kernel renames only what is down. */
		link_set_state(vif.index, 0, false);
		rc = link_set_name(vif.index, plug->ifname);
		if (rc < 0)
			return error_errno(err, -rc, "renaming %s to '%s'",
				ifname, plug->ifname);
		snprintf(ifname, NET_IFNAME_MAX, "%s", plug->ifname);
	}
	return link_configure(vif.index, ifname,
		plug->mtu ? plug->mtu : bridge.mtu, &bridge, err);
}

int net_unplug(const char *ifname, struct error *err)
{
	struct link link;
	int rc = link_get(ifname, &link);

	if (rc == 0)
		rc = link_set_state(link.index, 0, false);
	if (rc == -ENODEV)
		return 0;
	return rc < 0 ? error_errno(err, -rc, "taking %s down", ifname) : 0;
}
