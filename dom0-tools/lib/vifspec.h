/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One element of a configuration's vif list: "key=value,..." of
 * xl-network-configuration(5). Pure text work; nothing is looked up.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;

#define VIF_DEFAULT_BRIDGE "xenbr0"

struct vif_spec {
	uint8_t mac[6]; /* made up when not given */
	char *bridge;
	char *ip;               /* one or more addresses, or NULL */
	char *vifname;          /* name in dom0, NULL for vifDOM.N */
	char *script;           /* NULL: the built-in bridge set-up */
	char *gatewaydev;       /* NULL unless given */
	char *backend;          /* domain that serves it, NULL for Domain-0 */
	unsigned mtu;           /* 0: the bridge's */
	int devid;              /* -1: the place in the list */
	uint64_t rate_bytes;    /* per interval, 0: no limit */
	uint32_t rate_interval; /* microseconds */
	const char *file;       /* where it was written, for messages */
	unsigned line;
};

int vif_spec_parse(
	struct vif_spec *spec, const char *text, struct error *error);
void vif_spec_free(struct vif_spec *spec);
