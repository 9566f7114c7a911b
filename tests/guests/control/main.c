/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves the control calls that need no running domain: what a domain is
 * permitted to reach (no more than the giver may), where its vCPUs may run,
 * its callbacks, its TSC; watchdogs; free memory by address width, idle times,
 * the scheduler's parameters, the debug keys that report.
 *
 * Machine: 2 1
 */
#include <xen/sched.h>
#include <xen/sysctl.h>

#include "tests/guests/lib/child.h"
#include "tests/guests/lib/test.h"

static int64_t sysctl(struct xen_sysctl *op, uint32_t cmd)
{
	op->cmd = cmd;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return PV_CALL1(__HYPERVISOR_sysctl, op);
}

/* An id, 0 if it cannot be made: paused, with a vCPU, without memory. */
static uint16_t empty_domain(void)
{
	struct xen_domctl op = { .u.max_vcpus.max = 1 };
	const int64_t dom = domain_create(16);

	if (dom <= 0 || domctl(&op, XEN_DOMCTL_max_vcpus, (uint16_t)dom))
		return 0;
	return (uint16_t)dom;
}

static void test_ports_and_frames(void)
{
	const uint16_t dom = empty_domain();
	struct xen_domctl op = { .u.ioport_permission = { 0x70, 2, 1 } };

	REQUIRE(dom);
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_ioport_permission, dom), 0);
	op.u.ioport_permission.allow_access = 0;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_ioport_permission, dom), 0);
	/* dom0 itself may not use the interrupt controllers */
	op.u.ioport_permission.first_port = 0x20;
	op.u.ioport_permission.allow_access = 1;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_ioport_permission, dom), EPERM_);
	op.u.ioport_permission.first_port = 0xffff;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_ioport_permission, dom), EINVAL_);
	op = (struct xen_domctl){ .u.iomem_permission = { 0xfd000, 4, 1 } };
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_iomem_permission, dom), 0);
	op.u.iomem_permission.first_mfn = 1UL << 60;
	/* EPERM on Xen */
	REQUIRE(domctl(&op, XEN_DOMCTL_iomem_permission, dom) < 0);
	op = (struct xen_domctl){ .u.irq_permission = { .pirq = 100000 } };
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_irq_permission, dom), EINVAL_);
	REQUIRE(domain_destroy(dom));
}

static void test_affinity(void)
{
	const uint16_t dom = empty_domain();
	uint64_t hard = 2, soft = 3;
	struct xen_domctl op = { .u.vcpuaffinity = {
		.flags = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT,
		.cpumap_hard = { (uint8_t *)&hard, 64 },
		.cpumap_soft = { (uint8_t *)&soft, 64 },
	} };

	REQUIRE(dom);
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_setvcpuaffinity, dom), 0);
	hard = soft = 0;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getvcpuaffinity, dom), 0);
	REQUIRE_EQ(hard, 2);
	REQUIRE_EQ(soft & 2, 2);
	hard = 1ull << 40; /* no such CPU */
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_setvcpuaffinity, dom), EINVAL_);
	op.u.vcpuaffinity.flags = 0;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_setvcpuaffinity, dom), EINVAL_);
	op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
	op.u.vcpuaffinity.cpumap_hard.bitmap = (uint8_t *)0x1000;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_setvcpuaffinity, dom), EFAULT_);
	op.u.vcpuaffinity.vcpu = 5;
	REQUIRE(domctl(&op, XEN_DOMCTL_setvcpuaffinity, dom) < 0);
	REQUIRE(domain_destroy(dom));
}

static void test_nodes(void)
{
	const uint16_t dom = empty_domain();
	uint64_t nodes = 1;
	struct xen_domctl op = {
		.u.nodeaffinity.nodemap = { (uint8_t *)&nodes, 64 },
	};

	REQUIRE(dom);
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_setnodeaffinity, dom), 0);
	nodes = 0;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getnodeaffinity, dom), 0);
	REQUIRE_EQ(nodes & 1, 1);
	REQUIRE(domain_destroy(dom));
}

static void test_extended_context(void)
{
	const uint16_t dom = empty_domain();
	struct xen_domctl op = { .u.ext_vcpucontext = {
		.size = sizeof(op.u.ext_vcpucontext),
		.syscall32_callback_eip = 0x1000,
		.sysenter_callback_eip = 0x2000,
		.sysenter_disables_events = 1,
	} };

	REQUIRE(dom);
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_set_ext_vcpucontext, dom), 0);
	op = (struct xen_domctl){ 0 };
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_get_ext_vcpucontext, dom), 0);
	REQUIRE_EQ(op.u.ext_vcpucontext.syscall32_callback_eip, 0x1000);
	REQUIRE_EQ(op.u.ext_vcpucontext.sysenter_callback_eip, 0x2000);
	REQUIRE_EQ(op.u.ext_vcpucontext.syscall32_disables_events, 0);
	REQUIRE_EQ(op.u.ext_vcpucontext.sysenter_disables_events, 1);
	op.u.ext_vcpucontext.size = sizeof(op.u.ext_vcpucontext);
	op.u.ext_vcpucontext.sysenter_callback_eip = 1ull << 63;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_set_ext_vcpucontext, dom), EINVAL_);
	REQUIRE(domain_destroy(dom));
}

static void test_fixed_things(void)
{
	const uint16_t dom = empty_domain();
	struct xen_domctl op = { .u.address_size.size = 64 };

	REQUIRE(dom);
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_set_address_size, dom), 0);
	op.u.address_size.size = 48;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_set_address_size, dom), EINVAL_);
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_get_address_size, dom), 0);
	REQUIRE_EQ(op.u.address_size.size, 64);
	op = (struct xen_domctl){ 0 };
	op.u.tsc_info.tsc_mode = 2; /* never trapped */
	op.u.tsc_info.incarnation = 3;
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_settscinfo, dom), 0);
	op = (struct xen_domctl){ 0 };
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_gettscinfo, dom), 0);
	REQUIRE_EQ(op.u.tsc_info.tsc_mode, 2);
	REQUIRE(domain_destroy(dom));
}

static void test_watchdog(void)
{
	struct sched_watchdog op = { .id = 0, .timeout = 1000 };
	const int64_t id = PV_CALL2(
		__HYPERVISOR_sched_op, SCHEDOP_watchdog, &op);

	REQUIRE(id > 0);
	op.id = (uint32_t)id;
	REQUIRE_EQ(PV_CALL2(__HYPERVISOR_sched_op, SCHEDOP_watchdog, &op), 0);
	op.timeout = 0;
	REQUIRE_EQ(PV_CALL2(__HYPERVISOR_sched_op, SCHEDOP_watchdog, &op), 0);
	/* it is gone now */
	op.timeout = 1000;
	REQUIRE_EQ(PV_CALL2(__HYPERVISOR_sched_op, SCHEDOP_watchdog, &op),
		EINVAL_);
	op.id = 1000;
	REQUIRE_EQ(PV_CALL2(__HYPERVISOR_sched_op, SCHEDOP_watchdog, &op),
		EINVAL_);
}

static void test_watchdogs_run_out(void)
{
	struct sched_watchdog op = { .id = 0, .timeout = 1000 };
	int32_t id, last = 0; /* as Xen's answer is */

	while ((id = (int32_t)PV_CALL2(__HYPERVISOR_sched_op, SCHEDOP_watchdog,
			&op)) > 0)
		last = id;
	REQUIRE(last > 0);
	REQUIRE_EQ(id, ENOSPC_);
	op.timeout = 0;
	for (op.id = 1; op.id <= (uint32_t)last; op.id++)
		REQUIRE_EQ(PV_CALL2(__HYPERVISOR_sched_op, SCHEDOP_watchdog,
				   &op), 0);
}

static void test_free_memory(void)
{
	struct xen_sysctl op = { .u.availheap = { 0, 0, -1, 0 } };
	uint64_t all, low;

	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_availheap), 0);
	all = op.u.availheap.avail_bytes;
	REQUIRE(all > 0);
	op.u.availheap.max_bitwidth = 24;
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_availheap), 0);
	low = op.u.availheap.avail_bytes;
	REQUIRE(low < all);
	op.u.availheap.max_bitwidth = 0;
	op.u.availheap.min_bitwidth = 60;
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_availheap), 0);
	REQUIRE_EQ(op.u.availheap.avail_bytes, 0);
}

static void test_idle_times(void)
{
	struct xen_sysctl_cpuinfo cpus[4] = { { 0 } };
	struct xen_sysctl op = { .u.getcpuinfo = { 4, cpus, 0 } };
	uint64_t before;

	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_getcpuinfo), 0);
	REQUIRE_EQ(op.u.getcpuinfo.nr_cpus, 2);
	before = cpus[0].idletime + cpus[1].idletime;
	for (uint64_t end = now() + 20000000; now() < end;)
		;
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_getcpuinfo), 0);
	/* one of the two has nothing to do */
	REQUIRE(cpus[0].idletime + cpus[1].idletime > before);
	op.u.getcpuinfo.info = (struct xen_sysctl_cpuinfo *)0x1000;
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_getcpuinfo), EFAULT_);
}

static void test_scheduler(void)
{
	struct xen_sysctl op = { .u.scheduler_op = {
		.sched_id = XEN_SCHEDULER_CREDIT2,
		.cmd = XEN_SYSCTL_SCHEDOP_getinfo,
	} };

	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_scheduler_op), 0);
	op.u.scheduler_op.sched_id = 99;
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_scheduler_op), EINVAL_);
}

static void test_debug_keys(void)
{
	struct xen_sysctl op = { .u.debug_keys = { "heimrtcb", 8 } };
	const int64_t port = event_bind_virq(VIRQ_DEBUG, 0);

	REQUIRE(port > 0); /* for `e` to have something to show */
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_debug_keys), 0);
	op.u.debug_keys.keys = (const char *)0x1000;
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_debug_keys), EFAULT_);
	REQUIRE_EQ(event_close(port), 0);
}

const struct test tests[] = {
	TEST(ports_and_frames),
	TEST(affinity),
	TEST(nodes),
	TEST(extended_context),
	TEST(fixed_things),
	TEST(watchdog),
	TEST(watchdogs_run_out),
	TEST(free_memory),
	TEST(idle_times),
	TEST(scheduler),
	TEST(debug_keys),
	TESTS_END,
};
