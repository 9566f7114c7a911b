// SPDX-License-Identifier: BSD-2-Clause
/*
 * Puts a domain's network back-end interface (netback's vifD.N) on a bridge,
 * by rtnetlink, without a script.
 *
 * Order for the caller: net_check_bridge() before the domain is built; write
 * the back-end's xenstore nodes (netback creates the interface when it sees
 * them); net_plug(); then write hotplug-status = "connected", for which
 * netback waits before it sets the carrier. At the end of the domain
 * net_unplug(), then remove the back-end's nodes, which removes the interface.
 * Nothing in here reads or writes xenstore.
 */
#pragma once

#include <stdint.h>

struct error;

#define NET_IFNAME_MAX 16 /* with the final NUL, as the kernel's IFNAMSIZ */

/* What the interface shall look like. */
struct net_plug {
	uint16_t domid;     /* front-end's domain */
	unsigned devid;     /* the N of vifD.N */
	const char *bridge; /* must exist; NULL: put it on no bridge */
	const char *ifname; /* the user's vifname=, NULL: keep vifD.N */
	unsigned mtu;       /* 0: the bridge's */
};

/* 0, or -errno with a text that names what is wrong: -ENODEV no such
 * interface, -EINVAL it is no bridge, -ENETDOWN it is not up. */
int net_check_bridge(const char *bridge, struct error *err);

/* Wait up to timeout_ms for the interface, then name it, set its MAC to
 * fe:ff:ff:ff:ff:ff, set the MTU, put it on the bridge and bring it up.
 * The name that it has in the end is left in ifname. 0 or -errno. */
int net_plug(const struct net_plug *plug, int timeout_ms,
	char ifname[static NET_IFNAME_MAX], struct error *err);

/* Take the interface off its bridge and down. That it is gone already is
 * no error. */
int net_unplug(const char *ifname, struct error *err);

/* The name that netback gives the interface: vifD.N. */
void net_default_name(
	uint16_t domid, unsigned devid, char ifname[static NET_IFNAME_MAX]);
