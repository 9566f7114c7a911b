/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What runs below, hypercall 17: (XENVER_*, pointer to its answer).
 * XENVER_version with no pointer is also a guest's cheapest way to have
 * pending events delivered.
 */
#pragma once

#include "features.h"
#include "xen.h"

#define XENVER_version			0	/* result: 4 << 16 | 17 */
#define XENVER_extraversion		1	/* xen_extraversion_t */
#define XENVER_compile_info		2	/* xen_compile_info */
#define XENVER_capabilities		3	/* xen_capabilities_info_t */
#define XENVER_changeset		4	/* xen_changeset_info_t */
#define XENVER_platform_parameters	5	/* xen_platform_parameters */
#define XENVER_get_features		6	/* xen_feature_info */
#define XENVER_pagesize			7	/* result; no pointer */
#define XENVER_guest_handle		8	/* xen_domain_handle_t */
#define XENVER_commandline		9	/* xen_commandline_t */
#define XENVER_build_id			10	/* none here */

typedef char xen_extraversion_t[16];
typedef char xen_capabilities_info_t[1024];	/* words, one space between */
typedef char xen_changeset_info_t[64];
typedef char xen_commandline_t[1024];

#define XEN_EXTRAVERSION_LEN		(sizeof(xen_extraversion_t))
#define XEN_CAPABILITIES_INFO_LEN	(sizeof(xen_capabilities_info_t))
#define XEN_CHANGESET_INFO_LEN		(sizeof(xen_changeset_info_t))

struct xen_compile_info {
	char compiler[64];			/* 0x00 */
	char compile_by[16];			/* 0x40 */
	char compile_domain[32];		/* 0x50 */
	char compile_date[32];			/* 0x70 */
};

struct xen_platform_parameters {
	xen_ulong_t virt_start;			/* 0x00 of our window */
};

struct xen_feature_info {
	uint32_t submap_idx;			/* 0x00 in: word */
	uint32_t submap;			/* 0x04 out: its bits */
};
