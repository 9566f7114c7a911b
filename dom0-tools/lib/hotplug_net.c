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
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* What is asked about an interface. */
struct link {
	int index;      /* 0: there is no such interface */
	unsigned flags; /* IFF_* */
	unsigned mtu;
	char kind[16]; /* "bridge", "veth"...; empty for hardware and vifs */
};

/* A message to the kernel, and what came of it. */
struct request {
	struct nl_msg *msg;
	bool answered; /* rc is the kernel's verdict */
	int rc;        /* 0, or the first thing that went wrong, negative */
};

void net_default_name(
	uint16_t domid, unsigned devid, char ifname[static NET_IFNAME_MAX])
{
	snprintf(ifname, NET_IFNAME_MAX, "vif%u.%u", domid, devid);
}

static void request_start(struct request *r, int type, struct ifinfomsg info)
{
	memset(r, 0, sizeof(*r));
	r->msg = nlmsg_alloc_simple(type, 0);
	if (!r->msg || nlmsg_append(r->msg, &info, sizeof(info), NLMSG_ALIGNTO))
		r->rc = -ENOMEM;
}

static void request_put(
	struct request *r, int attribute, const void *data, size_t bytes)
{
	if (r->rc == 0 && nla_put(r->msg, attribute, bytes, data) < 0)
		r->rc = -EMSGSIZE;
}

static void request_put_text(struct request *r, int attribute, const char *text)
{
	request_put(r, attribute, text, strlen(text) + 1);
}

static void request_put_u32(struct request *r, int attribute, uint32_t value)
{
	request_put(r, attribute, &value, sizeof(value));
}

static int take_refusal(
	struct sockaddr_nl *from, struct nlmsgerr *refusal, void *arg)
{
	struct request *r = arg;

	(void)from;
	r->answered = true;
	r->rc = refusal->error;
	return NL_STOP;
}

static int take_ack(struct nl_msg *msg, void *arg)
{
	struct request *r = arg;

	(void)msg;
	r->answered = true;
	return NL_STOP;
}

/* libnl's own numbers are fewer than the kernel's, so errno is used, which the
 * failed system call left. */
static int transport_error(void)
{
	return errno ? -errno : -EIO;
}

/* The groups are RTNLGRP_*, 0: none. NULL with errno. */
static struct nl_sock *socket_open(int group)
{
	struct nl_sock *nl = nl_socket_alloc();

	if (!nl) {
		errno = ENOMEM;
		return NULL;
	}
	errno = 0;
	if (nl_connect(nl, NETLINK_ROUTE) < 0 ||
		(group && nl_socket_add_membership(nl, group) < 0)) {
		const int saved_errno = -transport_error();

		nl_socket_free(nl);
		errno = saved_errno;
		return NULL;
	}
	return nl;
}

/* Send, and hand every answer to take() until the kernel's verdict. */
static int request_run(struct request *r, nl_recvmsg_msg_cb_t take, void *arg)
{
	struct nl_sock *nl = NULL;

	if (r->rc < 0)
		goto free;
	nl = socket_open(0);
	if (!nl) {
		r->rc = -errno;
		goto free;
	}
	if (take)
		nl_socket_modify_cb(nl, NL_CB_VALID, NL_CB_CUSTOM, take, arg);
	nl_socket_modify_cb(nl, NL_CB_ACK, NL_CB_CUSTOM, take_ack, r);
	nl_socket_modify_err_cb(nl, NL_CB_CUSTOM, take_refusal, r);
	errno = 0;

	int sent = nl_send_auto(nl, r->msg);

	while (sent >= 0 && !r->answered)
		sent = nl_recvmsgs_default(nl);
	if (!r->answered)
		r->rc = transport_error();
free:
	nl_socket_free(nl);
	nlmsg_free(r->msg);
	return r->rc;
}

static int take_link(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct nlattr *found[IFLA_MAX + 1], *inner[IFLA_INFO_MAX + 1];
	struct link *link = arg;

	if (header->nlmsg_type != RTM_NEWLINK)
		return NL_OK;
	if (nlmsg_parse(header, sizeof(struct ifinfomsg), found, IFLA_MAX,
		    NULL) < 0)
		return NL_OK;

	const struct ifinfomsg *info = nlmsg_data(header);

	link->index = info->ifi_index;
	link->flags = info->ifi_flags;
	if (found[IFLA_MTU])
		link->mtu = nla_get_u32(found[IFLA_MTU]);
	if (found[IFLA_LINKINFO] &&
		nla_parse_nested(inner, IFLA_INFO_MAX, found[IFLA_LINKINFO],
			NULL) == 0 &&
		inner[IFLA_INFO_KIND])
		nla_strlcpy(
			link->kind, inner[IFLA_INFO_KIND], sizeof(link->kind));
	return NL_OK;
}

/* 0 with link filled in; -ENODEV if there is no such interface. */
static int link_get(const char *name, struct link *link)
{
	struct request r;

	memset(link, 0, sizeof(*link));
	if (!name[0] || strlen(name) >= NET_IFNAME_MAX)
		return -ENODEV;
	request_start(&r, RTM_GETLINK, (struct ifinfomsg){.ifi_index = 0});
	request_put_text(&r, IFLA_IFNAME, name);

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
static void drain(int fd)
{
	char event[16384];

	while (recv(fd, event, sizeof(event), MSG_DONTWAIT) >= 0 ||
		errno == ENOBUFS || errno == EINTR)
		;
}

static int link_wait(const char *name, int timeout_ms, struct link *link)
{
	struct nl_sock *nl = socket_open(RTNLGRP_LINK);
	const long long end = now_ms() + timeout_ms;
	int rc;

	if (!nl)
		return -errno;
	while ((rc = link_get(name, link)) == -ENODEV) {
		struct pollfd wait = {nl_socket_get_fd(nl), POLLIN, 0};
		const long long left = end - now_ms();

		if (left <= 0) {
			rc = -ETIMEDOUT;
			break;
		}
		poll(&wait, 1, left);
		drain(wait.fd);
	}
	nl_socket_free(nl);
	return rc;
}

/* dom0 only forwards for the vif: no IPv6 address of its own, and a MAC
 * that no bridge prefers as its own. */
static int link_set_address(int index, unsigned mtu)
{
	static const uint8_t mac[6] = {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct request r;

	request_start(&r, RTM_NEWLINK, (struct ifinfomsg){.ifi_index = index});
	request_put(&r, IFLA_ADDRESS, mac, sizeof(mac));
	if (mtu)
		request_put_u32(&r, IFLA_MTU, mtu);
	return request_run(&r, NULL, NULL);
}

static int link_set_no_ipv6(int index)
{
	/* inside of IFLA_AF_SPEC, an attribute in that of its family */
	static const struct {
		struct nlattr inet6, mode;
		uint8_t value[NLA_ALIGNTO];
	} spec = {
		{sizeof(spec), AF_INET6},
		{NLA_HDRLEN + 1, IFLA_INET6_ADDR_GEN_MODE},
		{IN6_ADDR_GEN_MODE_NONE},
	};
	struct request r;

	request_start(&r, RTM_NEWLINK, (struct ifinfomsg){.ifi_index = index});
	request_put(&r, IFLA_AF_SPEC, &spec, sizeof(spec));
	return request_run(&r, NULL, NULL);
}

/* master: 0 takes it off its bridge. */
static int link_set_state(int index, int master, bool up)
{
	struct request r;

	request_start(&r, RTM_NEWLINK,
		(struct ifinfomsg){.ifi_index = index,
			.ifi_flags = up ? IFF_UP : 0,
			.ifi_change = IFF_UP});
	request_put_u32(&r, IFLA_MASTER, master);
	return request_run(&r, NULL, NULL);
}

static int link_set_name(int index, const char *name)
{
	struct request r;

	request_start(&r, RTM_NEWLINK, (struct ifinfomsg){.ifi_index = index});
	request_put_text(&r, IFLA_IFNAME, name);
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
