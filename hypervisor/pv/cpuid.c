// SPDX-License-Identifier: BSD-2-Clause
/*
 * CPUID policies (ABI surface 3.6). A policy is a sorted list of leaves. What
 * guests may see at most is the machine's own leaves cut down by white lists
 * of feature bits: a feature that we do not know stays hidden, since new ones
 * may need state that is not switched. The domain's policy, from the
 * toolstack, may take away more.
 *
 * Only a guest's kernel asks us; user space executes CPUID natively, where the
 * CPU cannot be told to fault.
 */
#include "pv/cpuid.h"

#include "core/domain.h"
#include "core/refusal.h"
#include "core/vcpu.h"
#include "lib/assert.h"
#include "lib/bitmap.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/guestmem.h"
#include "mm/heap.h"
#include "shoji/extension.h"
#include "x86/clock.h"
#include "x86/cpu.h"
#include "x86/fpu.h"
#include "xen/errno.h"
#include "xen/sysctl.h"

#define BASIC_MAX 0xdu
#define EXTENDED_MAX 0x80000008u
#define NO_SUBLEAF XEN_CPUID_NO_SUBLEAF

#define BIT(n) (1u << (n))

#define LEAF1_OSXSAVE BIT(27)
#define LEAF1_XSAVE BIT(26)
#define LEAF1_HYPERVISOR BIT(31)
#define LEAF7_ITSC BIT(8) /* of 0x80000007 EDX */

/* FPU DE TSC MSR PAE CX8 APIC CMOV PAT MMX FXSR, which AMD repeats in leaf
 * 0x80000001; SEP CLFLUSH SSE SSE2 SS HTT; SYSCALL NX MMXEXT RDTSCP LM 3DNOWEXT
 * 3DNOW */
#define COMMON_1D 0x01818375u
#define ONLY_1D 0x1e080800u
#define ONLY_81D 0xe8500800u

/* A word of features: where it is, and what guests may see of it. */
static const struct feature_word {
	uint32_t leaf, subleaf;
	uint8_t reg; /* 0 EAX .. 3 EDX */
	uint32_t allowed;
	uint32_t soft; /* tools may set these whether we offer them or not */
} words[] = {
	/* In the order of a featureset's words. */
	{1, NO_SUBLEAF, 3, COMMON_1D | ONLY_1D, BIT(28)},
	/* SSE3 PCLMUL SSSE3 FMA CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE
	 * AVX F16C RDRAND HYPERVISOR */
	{1, NO_SUBLEAF, 2, 0xf6d83203u, LEAF1_OSXSAVE | LEAF1_HYPERVISOR},
	{0x80000001, NO_SUBLEAF, 3, COMMON_1D | ONLY_81D, 0},
	/* LAHF CMP_LEGACY ABM SSE4A MISALIGNSSE PREFETCHW XOP FMA4 TBM */
	{0x80000001, NO_SUBLEAF, 2, 0x002109e3u, BIT(1)},
	{0xd, 1, 0, 0x7, 0}, /* XSAVEOPT XSAVEC XGETBV1 */
	/* BMI1 AVX2 FDP BMI2 ERMS FPU_SEL AVX512F DQ RDSEED ADX IFMA
	 * CLFLUSHOPT CLWB AVX512PF ER CD SHA AVX512BW VL */
	{7, 0, 1, 0xfdaf2368u, 0},
	/* PREFETCHWT1 VBMI VBMI2 GFNI VAES VPCLMUL VNNI BITALG VPOPCNT RDPID
	 * CLDEMOTE MOVDIRI MOVDIR64B */
	{7, 0, 2, 0x1a405f43u, 0},
	{0x80000007, NO_SUBLEAF, 3, LEAF7_ITSC, LEAF7_ITSC},
	{0x80000008, NO_SUBLEAF, 1, 0x1, 0}, /* CLZERO */
	/* AVX512_4VNNIW 4FMAPS FSRM VP2INTERSECT SERIALIZE FP16 */
	{7, 0, 3, 0x0080411cu, 0},
	/* AVX_VNNI AVX512_BF16 FZRM FSRS FSRCS */
	{7, 1, 0, 0x1c30u, 0},
};

#define NR_WORDS (sizeof(words) / sizeof(words[0]))
#define NR_FEATURESET_WORDS 16 /* the others are 0 */

static struct cpuid_policy raw, host, pv_max, pv_default;

/* Finding */

static bool before(const xen_cpuid_leaf_t *l, uint32_t leaf, uint32_t subleaf)
{
	return l->leaf < leaf || (l->leaf == leaf && l->subleaf < subleaf);
}

/* The entry for a leaf whose subleaves do not matter, or for one of them. One
 * that is not there is all zero, and what is written to it is lost. */
static xen_cpuid_leaf_t *find(
	const struct cpuid_policy *p, uint32_t leaf, uint32_t subleaf)
{
	unsigned low = 0, high = p->nr;

	while (low < high) {
		const unsigned middle = (low + high) / 2;

		if (before(&p->leaf[middle], leaf, subleaf))
			low = middle + 1;
		else
			high = middle;
	}
	if (low < p->nr && p->leaf[low].leaf == leaf &&
		(p->leaf[low].subleaf == subleaf ||
			p->leaf[low].subleaf == NO_SUBLEAF))
		return (xen_cpuid_leaf_t *)&p->leaf[low];
	return memset((xen_cpuid_leaf_t *)&p->none, 0, sizeof(p->none));
}

/* A word of features. */
static uint32_t *word_of(const struct cpuid_policy *p, unsigned n)
{
	xen_cpuid_leaf_t *const l = find(p, words[n].leaf, words[n].subleaf);
	uint32_t *const regs[] = {&l->a, &l->b, &l->c, &l->d};

	return regs[words[n].reg];
}

/* Making the system's policies */

static void add(struct cpuid_policy *p, uint32_t leaf, uint32_t subleaf)
{
	const struct cpuid r = cpuid(leaf, subleaf == NO_SUBLEAF ? 0 : subleaf);

	ASSERT(p->nr < CPUID_LEAVES_MAX);
	p->leaf[p->nr++] =
		(xen_cpuid_leaf_t){leaf, subleaf, r.a, r.b, r.c, r.d};
}

/* All subleaves that the tools' own tables have room for: they write back as
 * many leaves as they were given. */
static void add_subleaves(struct cpuid_policy *p, uint32_t leaf)
{
	unsigned nr = 2;

	if (leaf == 4)
		nr = 6;
	else if (leaf == 7)
		nr = cpuid(7, 0).a < 2 ? cpuid(7, 0).a + 1 : 3;
	else if (leaf == 0xd)
		nr = 63;
	for (unsigned i = 0; i < nr; i++)
		add(p, leaf, i);
}

/* What stands for the hypervisor's leaves, which are no matter of policy. */
static void add_nothing(struct cpuid_policy *p, uint32_t leaf)
{
	p->leaf[p->nr++] = (xen_cpuid_leaf_t){leaf, NO_SUBLEAF, 0, 0, 0, 0};
}

static void read_raw(void)
{
	const uint32_t basic =
		cpu_info.max_leaf < BASIC_MAX ? cpu_info.max_leaf : BASIC_MAX;
	const uint32_t extended = cpu_info.max_extended_leaf < EXTENDED_MAX
					  ? cpu_info.max_extended_leaf
					  : EXTENDED_MAX;

	for (uint32_t leaf = 0; leaf <= basic; leaf++) {
		if (leaf == 4 || leaf == 7 || leaf == 0xb || leaf == 0xd)
			add_subleaves(&raw, leaf);
		else
			add(&raw, leaf, NO_SUBLEAF);
	}
	add_nothing(&raw, 0x40000000);
	add_nothing(&raw, 0x40000100);
	for (uint32_t leaf = 0x80000000; leaf <= extended; leaf++)
		add(&raw, leaf, NO_SUBLEAF);
	if (find(&raw, 7, 0)->a > 2)
		find(&raw, 7, 0)->a = 2;
	find(&raw, 0, NO_SUBLEAF)->a = basic;
	find(&raw, 0x80000000, NO_SUBLEAF)->a = extended;
}

/* Leaf 0xd for the components that we switch: mask and size. */
static void limit_xsave(struct cpuid_policy *p, uint64_t xcr0)
{
	xen_cpuid_leaf_t *l = find(p, 0xd, 0);
	uint32_t size = 576; /* x87, SSE and the header */

	for (unsigned i = 2; i < 63; i++) {
		xen_cpuid_leaf_t *const c = find(p, 0xd, i);

		if (!(xcr0 >> i & 1))
			c->a = c->b = c->c = c->d = 0;
		else if (c->a + c->b > size)
			size = c->a + c->b;
	}
	l->a = (uint32_t)xcr0;
	l->d = (uint32_t)(xcr0 >> 32);
	l->b = l->c = size;
	l = find(p, 0xd, 1);
	l->b = l->c = l->d = 0; /* XSAVES states */
}

static void clear(struct cpuid_policy *p, uint32_t leaf)
{
	for (unsigned i = 0; i < p->nr; i++)
		if (p->leaf[i].leaf == leaf)
			p->leaf[i].a = p->leaf[i].b = p->leaf[i].c =
				p->leaf[i].d = 0;
}

static void make_pv(struct cpuid_policy *p)
{
	xen_cpuid_leaf_t *l;

	*p = host;
	for (unsigned i = 0; i < NR_WORDS; i++)
		*word_of(p, i) &= words[i].allowed;
	find(p, 1, NO_SUBLEAF)->c |= LEAF1_HYPERVISOR;
	/* Where leaf 7 and 1 have registers without a white list. */
	if (find(p, 7, 0)->a > 1)
		find(p, 7, 0)->a = 1;
	l = find(p, 7, 1);
	l->b = l->c = l->d = 0;
	*find(p, 7, 2) = (xen_cpuid_leaf_t){.leaf = 7, .subleaf = 2};
	clear(p, 5); /* MONITOR */
	clear(p, 6); /* thermal and power */
	clear(p, 9);
	clear(p, 0xa); /* performance counters */
	l = find(p, 0x80000007, NO_SUBLEAF);
	l->a = l->b = l->c = 0;
	limit_xsave(p, fpu_hardware_xcr0());
}

void cpuid_init(void)
{
	read_raw();
	host = raw;
	/* Features that we found not to work (x86/cpu.c). */
	find(&host, 7, 0)->b = cpu_info.features[CPUID_7B];
	make_pv(&pv_max);
	pv_default = pv_max;
	/* A guest that may be moved must not count on the host's TSC. */
	find(&pv_default, 0x80000007, NO_SUBLEAF)->d &= ~LEAF7_ITSC;
}

/* What a guest sees */

const struct cpuid_policy *cpuid_domain_policy(const struct domain *d)
{
	if (d->cpuid)
		return d->cpuid;
	return d->hardware ? &pv_max : &pv_default;
}

uint64_t cpuid_xcr0_allowed(const struct domain *d)
{
	const struct cpuid_policy *const p = cpuid_domain_policy(d);
	const xen_cpuid_leaf_t *const l = find(p, 0xd, 0);
	const uint64_t xcr0 = (uint64_t)l->d << 32 | l->a;

	if (!xcr0 || !(find(p, 1, NO_SUBLEAF)->c & LEAF1_XSAVE))
		return 3;
	return xcr0 & fpu_hardware_xcr0();
}

static void time_leaf(
	const struct domain *d, uint32_t subleaf, struct cpuid *out)
{
	int8_t shift;

	switch (subleaf) {
	case 0:
		out->a = (clock_tsc_stable() ? BIT(1) : 0) |
			 (cpu_has(CPU_RDTSCP) ? BIT(2) : 0);
		out->b = d->tsc_mode;
		out->c = (uint32_t)clock_tsc_khz();
		out->d = d->tsc_incarnation;
		break;
	case 1: {
		const uint64_t offset = 0 - clock_tsc_base();

		out->a = (uint32_t)offset;
		out->b = (uint32_t)(offset >> 32);
		clock_scale(&out->c, &shift);
		out->d = (uint8_t)shift;
		break;
	}
	case 2:
		out->a = (uint32_t)clock_tsc_khz();
		break;
	}
}

/* Our own leaves, under the ABI's signature. */
static void hypervisor_leaf(const struct domain *d, uint32_t leaf,
	uint32_t subleaf, struct cpuid *out)
{
	switch (leaf - XEN_CPUID_FIRST_LEAF) {
	case 0:
		out->a = XEN_CPUID_LEAF(XEN_CPUID_MAX_NUM_LEAVES);
		out->b = XEN_CPUID_SIGNATURE_EBX;
		out->c = XEN_CPUID_SIGNATURE_ECX;
		out->d = XEN_CPUID_SIGNATURE_EDX;
		break;
	case 1:
		out->a = 4u << 16 | 17;
		break;
	case 2:
		out->a = 1;
		out->b = 0x40000000; /* MSR that fills a hypercall page */
		out->c = XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD;
		break;
	case 3:
		time_leaf(d, subleaf, out);
		break;
	case 5:
		out->b = bit_width((nr_frames << PAGE_SHIFT) - 1);
		break;
	case SHOJI_CPUID_LEAF - XEN_CPUID_FIRST_LEAF:
		out->a = SHOJI_CPUID_LEAF + 1;
		out->b = SHOJI_CPUID_EBX;
		out->c = SHOJI_CPUID_ECX;
		out->d = SHOJI_CPUID_EDX;
		break;
	case SHOJI_CPUID_LEAF + 1 - XEN_CPUID_FIRST_LEAF:
		out->a = SHOJI_FEATURE_RIGHTS;
		break;
	}
}

/* What depends on the vCPU, or on the moment. */
static void adjust(const struct vcpu *v, uint32_t leaf, uint32_t subleaf,
	struct cpuid *out)
{
	switch (leaf) {
	case 1:
		out->b = (out->b & 0x00ffffff) | (uint32_t)v->id << 25;
		if (out->c & LEAF1_XSAVE)
			out->c |= LEAF1_OSXSAVE;
		break;
	case 0xb:
		*out = (struct cpuid){
			.c = subleaf & 0xff, .d = v->id * 2u};
		break;
	case 0xd:
		/* The live size: XCR0 holds the vCPU's value now. */
		if (subleaf == 0)
			out->b = cpuid(0xd, 0).b;
		break;
	}
}

void cpuid_guest(const struct vcpu *v, uint32_t leaf, uint32_t subleaf,
	struct cpuid *out)
{
	const struct domain *const d = v->domain;
	const struct cpuid_policy *const p = cpuid_domain_policy(d);
	const xen_cpuid_leaf_t *l;

	*out = (struct cpuid){0};
	if (leaf - XEN_CPUID_FIRST_LEAF < 0x200) {
		hypervisor_leaf(d, leaf, subleaf, out);
		return;
	}
	l = find(p, leaf, subleaf);
	*out = (struct cpuid){l->a, l->b, l->c, l->d};
	if (l != &p->none)
		adjust(v, leaf, subleaf, out);
}

/* For the toolstack */

const struct cpuid_policy *cpuid_system_policy(unsigned index)
{
	static const struct cpuid_policy *const policies[] = {
		[XEN_SYSCTL_cpu_policy_raw] = &raw,
		[XEN_SYSCTL_cpu_policy_host] = &host,
		[XEN_SYSCTL_cpu_policy_pv_max] = &pv_max,
		[XEN_SYSCTL_cpu_policy_pv_default] = &pv_default,
	};

	return index < sizeof(policies) / sizeof(policies[0])
		       ? policies[index]
		       : NULL;
}

unsigned cpuid_featureset(unsigned index, uint32_t *to, unsigned nr)
{
	static const struct cpuid_policy *const sets[] = {
		[XEN_SYSCTL_cpu_featureset_raw] = &raw,
		[XEN_SYSCTL_cpu_featureset_host] = &host,
		[XEN_SYSCTL_cpu_featureset_pv] = &pv_default,
		[XEN_SYSCTL_cpu_featureset_pv_max] = &pv_max,
	};

	if (index >= sizeof(sets) / sizeof(sets[0]) || !sets[index])
		return 0;
	for (unsigned i = 0; i < nr && i < NR_FEATURESET_WORDS; i++)
		to[i] = i < NR_WORDS ? *word_of(sets[index], i) : 0;
	return NR_FEATURESET_WORDS;
}

/* A policy may not offer what we do not. */
static int check(
	const struct cpuid_policy *p, uint32_t *bad_leaf, uint32_t *bad_subleaf)
{
	for (unsigned i = 0; i < NR_WORDS; i++) {
		const uint32_t most = *word_of(&pv_max, i) | words[i].soft;

		if (!(*word_of(p, i) & ~most))
			continue;
		*bad_leaf = words[i].leaf;
		*bad_subleaf = words[i].subleaf;
		return reject(-EINVAL, "leaf %x: not for PV", words[i].leaf);
	}
	return 0;
}

/* Soft bits that are not there do not become so by asking. */
static void finish(struct cpuid_policy *p)
{
	for (unsigned i = 0; i < NR_WORDS; i++)
		*word_of(p, i) &= *word_of(&pv_max, i);
	find(p, 1, NO_SUBLEAF)->c |= LEAF1_HYPERVISOR;
}

/* Put a leaf at its place; false: there are too many. */
static bool insert(struct cpuid_policy *p, const xen_cpuid_leaf_t *l)
{
	unsigned at = p->nr;

	while (at && before(l, p->leaf[at - 1].leaf, p->leaf[at - 1].subleaf))
		at--;
	if (at && p->leaf[at - 1].leaf == l->leaf &&
		p->leaf[at - 1].subleaf == l->subleaf) {
		p->leaf[at - 1] = *l;
		return true;
	}
	if (p->nr == CPUID_LEAVES_MAX)
		return false;
	memmove(&p->leaf[at + 1], &p->leaf[at],
		(p->nr - at) * sizeof(p->leaf[0]));
	p->leaf[at] = *l;
	p->nr++;
	return true;
}

int cpuid_set_policy(struct domain *d, gva_t leaves, unsigned nr,
	uint32_t *bad_leaf, uint32_t *bad_subleaf)
{
	struct cpuid_policy *p;
	int rc;

	if (nr > CPUID_LEAVES_MAX)
		return reject(-E2BIG, "%u leaves, above the limit", nr);
	p = heap_alloc(sizeof(*p));
	if (!p)
		return -ENOMEM;
	*p = *cpuid_domain_policy(d);
	for (unsigned i = 0; i < nr; i++) {
		xen_cpuid_leaf_t l;

		rc = -EFAULT;
		if (get_guest(&l, leaves, i))
			goto fail;
		/* Hypervisor leaves are not a matter of policy. */
		if (l.leaf - XEN_CPUID_FIRST_LEAF < 0x10000)
			continue;
		*bad_leaf = l.leaf;
		*bad_subleaf = l.subleaf;
		if (!insert(p, &l)) {
			rc = reject(-ERANGE, "leaf %x.%x", l.leaf, l.subleaf);
			goto fail;
		}
	}
	rc = check(p, bad_leaf, bad_subleaf);
	if (rc)
		goto fail;
	finish(p);
	/* The domain does not run yet: nobody looks at the old one. */
	heap_free(d->cpuid);
	d->cpuid = p;
	*bad_leaf = *bad_subleaf = ~0u;
	return 0;

fail:
	heap_free(p);
	return rc;
}

/* The MSRs that a policy has in the ABI, both 0 here: platform information
 * (no CPUID faulting) and architectural capabilities. */
static const uint32_t policy_msrs[] = {0xce, 0x10a};

#define NR_POLICY_MSRS (sizeof(policy_msrs) / sizeof(policy_msrs[0]))

int cpuid_copy_policy(const struct cpuid_policy *p, gva_t leaves,
	uint32_t *nr_leaves, gva_t msrs, uint32_t *nr_msrs)
{
	if (!gva_null(leaves)) {
		if (*nr_leaves < p->nr)
			return reject(-ENOBUFS, "too few leaves");
		if (copy_to_guest(leaves, p->leaf, p->nr * sizeof(p->leaf[0])))
			return -EFAULT;
	}
	*nr_leaves = gva_null(leaves) ? CPUID_LEAVES_MAX : p->nr;
	if (!gva_null(msrs)) {
		if (*nr_msrs < NR_POLICY_MSRS)
			return reject(-ENOBUFS, "too few MSRs");
		for (unsigned i = 0; i < NR_POLICY_MSRS; i++) {
			const xen_msr_entry_t e = {.idx = policy_msrs[i]};

			if (put_guest(msrs, i, &e))
				return -EFAULT;
		}
	}
	*nr_msrs = NR_POLICY_MSRS;
	return 0;
}

int cpuid_check_msrs(gva_t msrs, uint32_t nr, uint32_t *bad_msr)
{
	if (nr > NR_POLICY_MSRS)
		return reject(-E2BIG, "%u MSRs, there are 2", nr);
	for (unsigned i = 0; i < nr; i++) {
		xen_msr_entry_t e;

		if (get_guest(&e, msrs, i))
			return -EFAULT;
		if ((e.idx == policy_msrs[0] || e.idx == policy_msrs[1]) &&
			!e.flags && !e.val)
			continue;
		*bad_msr = e.idx;
		return reject(-EINVAL, "MSR %x: unknown or not zero", e.idx);
	}
	return 0;
}
