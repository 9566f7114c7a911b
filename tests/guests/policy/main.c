/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves the CPU policy of a domain: its builder reads it, takes features
 * away, and what it wrote is what is there; features that PV guests cannot
 * have, MSRs with contents, lists without room or without memory are refused
 * and change nothing; who runs already keeps what it saw. The same calls for
 * the machine's own policies and feature words.
 */
#include <xen/sysctl.h>

#include "tests/guests/lib/child.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define ROOM 400
#define LEAF1_PSE (1u << 3)	/* of EDX: no large pages for PV */
#define LEAF1_AES (1u << 25)	/* of ECX */
#define NOWHERE ((void *)0x1000)

static xen_cpuid_leaf_t leaves[ROOM];
static xen_msr_entry_t msrs[32];

static struct xen_domctl request(uint32_t nr_leaves, uint32_t nr_msrs)
{
	return (struct xen_domctl){ .u.cpu_policy = {
		.nr_leaves = nr_leaves, .nr_msrs = nr_msrs,
		.leaves = leaves, .msrs = msrs,
	} };
}

/* What the domain's policy is now, in leaves[]; how many there are. */
static uint32_t read_policy(uint16_t dom)
{
	struct xen_domctl op = request(ROOM, 32);

	memset(leaves, 0, sizeof(leaves));
	return domctl(&op, XEN_DOMCTL_get_cpu_policy, dom) ?
		0 : op.u.cpu_policy.nr_leaves;
}

static xen_cpuid_leaf_t *leaf(uint32_t number)
{
	for (unsigned int i = 0; i < ROOM; i++)
		if (leaves[i].leaf == number)
			return &leaves[i];
	os_panic("no leaf %x", number);
}

static void test_read(void)
{
	const int64_t dom = domain_create(1);
	struct xen_domctl op = request(0, 0);

	REQUIRE(dom > 0);
	/* without room: how much it takes */
	op.u.cpu_policy.leaves = NULL;
	op.u.cpu_policy.msrs = NULL;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_get_cpu_policy, dom), 0);
	const uint32_t most = op.u.cpu_policy.nr_leaves;
	const uint32_t nr_msrs = op.u.cpu_policy.nr_msrs;

	REQUIRE(most > 4 && most <= ROOM && nr_msrs > 0);
	const uint32_t nr = read_policy(dom);

	REQUIRE(nr > 4 && nr <= most);
	REQUIRE_EQ(leaf(1)->d & LEAF1_PSE, 0);
	op = request(nr - 1, 32);
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_get_cpu_policy, dom), ENOBUFS_);
	op = request(ROOM, nr_msrs - 1);
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_get_cpu_policy, dom), ENOBUFS_);
	op = request(ROOM, 32);
	op.u.cpu_policy.leaves = NOWHERE;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_get_cpu_policy, dom), EFAULT_);
	op = request(ROOM, 32);
	op.u.cpu_policy.msrs = NOWHERE;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_get_cpu_policy, dom), EFAULT_);
	REQUIRE(domain_destroy(dom));
}

static void test_write(void)
{
	const int64_t dom = domain_create(1);

	REQUIRE(dom > 0);
	const uint32_t nr = read_policy(dom);
	const uint32_t before = leaf(1)->c;
	struct xen_domctl op = request(nr, 0);

	REQUIRE(nr > 4);
	REQUIRE(before & LEAF1_AES);
	leaf(1)->c &= ~LEAF1_AES;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_set_cpu_policy, dom), 0);
	REQUIRE_EQ(read_policy(dom), nr);
	REQUIRE_EQ(leaf(1)->c & LEAF1_AES, 0);
	/* one leaf alone: the others stay */
	leaves[0] = *leaf(1);
	leaves[0].c |= LEAF1_AES;
	op = request(1, 0);
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_set_cpu_policy, dom), 0);
	REQUIRE_EQ(read_policy(dom), nr);
	REQUIRE(leaf(1)->c & LEAF1_AES);
	/* the hypervisor's own leaves are not a matter of it */
	leaves[0] = (xen_cpuid_leaf_t){
		.leaf = 0x40000000, .subleaf = XEN_CPUID_NO_SUBLEAF,
	};
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_set_cpu_policy, dom), 0);
	REQUIRE_EQ(read_policy(dom), nr);
	REQUIRE(domain_destroy(dom));
}

/* What PV cannot have is refused here, and silently left out by Xen. */
static void test_leaves_refused(void)
{
	const int64_t dom = domain_create(1);

	REQUIRE(dom > 0);
	REQUIRE(read_policy(dom) > 4);
	struct xen_domctl op = request(1, 0);
	const xen_cpuid_leaf_t first = *leaf(1);

	leaves[0] = first;
	leaves[0].d |= LEAF1_PSE;
	const int64_t rc = domctl(&op, XEN_DOMCTL_set_cpu_policy, dom);

	REQUIRE(rc == (on_shoji() ? EINVAL_ : 0));
	REQUIRE(!rc || op.u.cpu_policy.err_leaf == 1);
	op = request(1, 0);
	op.u.cpu_policy.leaves = NOWHERE;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_set_cpu_policy, dom), EFAULT_);
	op = request(100000, 0);
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_set_cpu_policy, dom), E2BIG_);
	/* the answer has no place to go to */
	struct xen_domctl *readonly = page_alloc();

	*readonly = request(1, 0);
	readonly->cmd = XEN_DOMCTL_set_cpu_policy;
	readonly->domain = dom;
	readonly->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	leaves[0].leaf = 0x80010000;
	REQUIRE_EQ(pt_protect(readonly, false), 0);
	REQUIRE(PV_CALL1(__HYPERVISOR_domctl, readonly) < 0);
	REQUIRE_EQ(pt_protect(readonly, true), 0);
	page_free(readonly);
	/* nothing of that is there */
	REQUIRE(read_policy(dom) > 4);
	REQUIRE_EQ(leaf(1)->c, first.c);
	REQUIRE_EQ(leaf(1)->d, first.d);
	REQUIRE(domain_destroy(dom));
}

/* More leaves that there is no word about than a policy has room for. */
static void test_leaves_unknown(void)
{
	const int64_t dom = domain_create(1);

	REQUIRE(dom > 0);
	const uint32_t nr = read_policy(dom);
	struct xen_domctl op = { 0 };

	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_get_cpu_policy, dom), 0);
	const uint32_t most = op.u.cpu_policy.nr_leaves;

	REQUIRE(most <= ROOM);
	op = request(most, 0);
	for (unsigned int i = 0; i < most; i++)
		leaves[i] = (xen_cpuid_leaf_t){
			.leaf = 0x80010000 + i,
			.subleaf = XEN_CPUID_NO_SUBLEAF, .a = 1,
		};
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_set_cpu_policy, dom), ERANGE_);
	REQUIRE(op.u.cpu_policy.err_leaf >= 0x80010000);
	REQUIRE_EQ(read_policy(dom), nr);
	REQUIRE(domain_destroy(dom));
}

static void test_msrs(void)
{
	const int64_t dom = domain_create(1);
	struct xen_domctl op = request(ROOM, 32);

	REQUIRE(dom > 0);
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_get_cpu_policy, dom), 0);
	const uint32_t nr = op.u.cpu_policy.nr_msrs;

	REQUIRE(nr > 0 && nr < 32);
	op = request(0, nr);
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_set_cpu_policy, dom), 0);
	msrs[0].flags = 1;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_set_cpu_policy, dom), EINVAL_);
	REQUIRE_EQ(op.u.cpu_policy.err_msr, msrs[0].idx);
	msrs[0] = (xen_msr_entry_t){ .idx = 0x1b };
	/* on Xen ERANGE */
	REQUIRE(domctl(&op, XEN_DOMCTL_set_cpu_policy, dom) < 0);
	REQUIRE_EQ(op.u.cpu_policy.err_msr, 0x1b);
	op.u.cpu_policy.msrs = NOWHERE;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_set_cpu_policy, dom), EFAULT_);
	op = request(0, 100000);
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_set_cpu_policy, dom), E2BIG_);
	REQUIRE(domain_destroy(dom));
}

/* It might have looked at its features already. */
static void test_running(void)
{
	static struct child child;
	struct xen_domctl op = request(0, 0);

	REQUIRE_EQ(child_start(&child), 0);
	const int64_t rc = domctl(&op, XEN_DOMCTL_set_cpu_policy, child.id);

	/* Xen asks only whether it has run; ours that it may */
	REQUIRE(rc == EBUSY_ || rc == EEXIST_ || !on_shoji());
	REQUIRE(child_is_well(&child));
	REQUIRE(child_end(&child));
}

static int64_t sysctl(struct xen_sysctl *op, uint32_t cmd)
{
	op->cmd = cmd;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return PV_CALL1(__HYPERVISOR_sysctl, op);
}

static void test_of_the_machine(void)
{
	static uint32_t words[32];
	struct xen_sysctl op = { .u.cpu_featureset = {
		.index = XEN_SYSCTL_cpu_featureset_host, .nr_features = 2,
		.features = words,
	} };

	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_get_cpu_featureset), ENOBUFS_);
	op.u.cpu_featureset.nr_features = 32;
	op.u.cpu_featureset.features = NOWHERE;
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_get_cpu_featureset), EFAULT_);
	op.u.cpu_featureset.index = 99;
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_get_cpu_featureset), EINVAL_);
	op = (struct xen_sysctl){ .u.cpu_policy = {
		.index = XEN_SYSCTL_cpu_policy_pv_max, ._rsvd = 1,
	} };
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_get_cpu_policy), EINVAL_);
}

const struct test tests[] = {
	TEST(read),
	TEST(write),
	TEST(leaves_refused),
	TEST(leaves_unknown),
	TEST(msrs),
	TEST(running),
	TEST(of_the_machine),
	TESTS_END
};
