/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domctl's parts: domctl.c dispatches and has what concerns a domain as a
 * whole, vcpuctl.c what concerns one vCPU. sysctl.c shares domain records and
 * bitmaps.
 */
#pragma once

#include "core/domain.h"
#include "xen/domctl.h"

/* One sub-operation on a domain, which the caller keeps referenced; the
 * structure is copied back if it returns 0. May return -ERESTART. */
typedef int domctl_fn(struct domain *d, struct xen_domctl *op);
/* The same on one of its vCPUs. */
typedef int vcpuctl_fn(struct vcpu *v, struct xen_domctl *op);

vcpuctl_fn vcpuctl_set_affinity, vcpuctl_get_affinity, vcpuctl_set_context,
	vcpuctl_get_context, vcpuctl_get_info, vcpuctl_send_trigger,
	vcpuctl_set_extended, vcpuctl_get_extended, vcpuctl_set_xstate,
	vcpuctl_get_xstate, vcpuctl_set_msrs, vcpuctl_get_msrs;

void domctl_domain_info(
	struct domain *d, struct xen_domctl_getdomaininfo *info);

/* A set of up to 64 numbers, from and to a tool's bitmap; bits beyond are
 * ignored, or 0. -EFAULT */
int domctl_get_bitmap(const struct xenctl_bitmap *map, uint64_t *bits);
int domctl_put_bitmap(const struct xenctl_bitmap *map, uint64_t bits);
