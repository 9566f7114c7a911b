/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest learns from CPUID (ABI surface 3.6), and the policies that
 * the toolstack reads and sets: a list of leaves per kind of policy.
 */
#pragma once

#include "mm/addr.h"
#include "xen/xen.h"

struct cpuid;
struct domain;
struct vcpu;

#define CPUID_LEAVES_MAX 192

struct cpuid_policy {
	unsigned nr;
	struct xen_cpuid_leaf leaf[CPUID_LEAVES_MAX]; /* sorted */
	struct xen_cpuid_leaf none; /* scratch: a leaf that is not there */
};

void cpuid_init(void); /* boot, after x86/cpu.c knows the features */

/* Emulated CPUID of the current vCPU. */
void cpuid_guest(const struct vcpu *v, uint32_t leaf, uint32_t subleaf,
	struct cpuid *out);
/* The XCR0 bits the domain may set. */
uint64_t cpuid_xcr0_allowed(const struct domain *d);

/* XEN_SYSCTL_cpu_policy_ index: NULL if there is no such policy for PV. */
const struct cpuid_policy *cpuid_system_policy(unsigned index);
/* The domain's own policy, or the default. */
const struct cpuid_policy *cpuid_domain_policy(const struct domain *d);
/* Replace it by `nr` leaves at a guest address; -EINVAL with the offending
 * leaf in *bad when it offers more than the maximum, -EFAULT, -ENOMEM. */
int cpuid_set_policy(struct domain *d, gva_t leaves, unsigned nr,
	uint32_t *bad_leaf, uint32_t *bad_subleaf);
/* XEN_SYSCTL_get_cpu_featureset words. */
unsigned cpuid_featureset(unsigned index, uint32_t *words, unsigned nr);

/* A policy to a tool: leaves and MSRs each with room in *nr, which becomes
 * what there is. A null list asks for the number. -ENOBUFS, -EFAULT */
int cpuid_copy_policy(const struct cpuid_policy *p, gva_t leaves,
	uint32_t *nr_leaves, gva_t msrs, uint32_t *nr_msrs);
/* The MSRs of a policy that a tool sets: we have none to change. */
int cpuid_check_msrs(gva_t msrs, uint32_t nr, uint32_t *bad_msr);
