/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves the counts of entries by cause: each does what it says once and
 * moves its own counts alone, by one: hypercalls by number, calls inside
 * multicalls, page faults and whether they were emulated stores, exceptions
 * and whether they were emulated, system calls of user space, events, tables
 * validated, switches, interrupts. Other domains have counts of their own;
 * only dom0 reads any, and only of vCPUs that there are.
 */
#include <xen/event_channel.h>
#include <xen/sched.h>
#include <xen/version.h>

#include <shoji/perf.h>

#include "tests/guests/lib/child.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/shoji.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

#define NOWHERE 0x7000000000UL

typedef uint64_t counts_t[SHOJI_NR_PERF];

static counts_t before, after;
static struct child child = { .traps = true };

static int64_t read_counts(uint16_t dom, uint16_t vcpu, bool idle,
			   uint64_t *counts)
{
	struct shoji_get_perf op = { .domid = dom, .vcpu = vcpu,
				     .idle = idle, .counts = counts };

	return PV_CALL2(__HYPERVISOR_shoji, SHOJI_perf, &op);
}

static int64_t start(void)
{
	return read_counts(DOMID_SELF, 0, false, before);
}

/* How much a count has grown since start(). */
static uint64_t grown(unsigned int cause)
{
	return after[cause] - before[cause];
}

/* Of all causes, these have grown by one (a repeated one: by two), and the
 * question by itself; interrupts may come at any time, and switches. */
static bool only(unsigned int a, unsigned int b)
{
	if (read_counts(DOMID_SELF, 0, false, after))
		return false;
	after[__HYPERVISOR_shoji]--;
	for (unsigned int i = 0; i < SHOJI_NR_PERF; i++) {
		const uint64_t want = (i == a) + (i == b);

		if (i == SHOJI_PERF_IRQ || i == SHOJI_PERF_SWITCH)
			continue;
		if (grown(i) != want) {
			print("cause %u grew by %lu, not %lu\n", i, grown(i),
			      want);
			return false;
		}
	}
	return true;
}

static void test_nothing(void)
{
	if (!shoji_present())
		SKIP("Xen has no such counts");
	trap_init();
	REQUIRE_EQ(start(), 0);
	REQUIRE(only(SHOJI_NR_PERF, SHOJI_NR_PERF));
}

static void test_hypercalls(void)
{
	if (!shoji_present())
		SKIP("Xen has no such counts");
	REQUIRE_EQ(start(), 0);
	hv_xen_version(XENVER_version, NULL);
	REQUIRE(only(__HYPERVISOR_xen_version, SHOJI_NR_PERF));
	REQUIRE_EQ(start(), 0);
	hv_xen_version(XENVER_version, NULL);
	hv_vm_assist(VMASST_CMD_enable, 1000);
	REQUIRE(only(__HYPERVISOR_xen_version, __HYPERVISOR_vm_assist));
	/* What there is not counts too, as the last one from 64 on. */
	REQUIRE_EQ(start(), 0);
	REQUIRE_EQ(PV_CALL1(60, 0), ENOSYS_);
	REQUIRE(only(60, SHOJI_NR_PERF));
	REQUIRE_EQ(start(), 0);
	REQUIRE_EQ(PV_CALL1(1000, 0), ENOSYS_);
	REQUIRE(only(SHOJI_PERF_SYSCALL - 1, SHOJI_NR_PERF));
}

static void test_multicall(void)
{
	struct multicall_entry calls[] = {
		{ .op = __HYPERVISOR_vm_assist, .args = { 0, 1000 } },
	};

	if (!shoji_present())
		SKIP("Xen has no such counts");
	REQUIRE_EQ(start(), 0);
	REQUIRE_EQ(hv_multicall(calls, 1), 0);
	REQUIRE(only(__HYPERVISOR_multicall, SHOJI_PERF_MULTICALL));
}

static void touch(uint64_t address)
{
	*(volatile uint64_t *)address = 0;
}

static void test_page_faults(void)
{
	uint64_t *entry;

	if (!shoji_present())
		SKIP("Xen has no such counts");
	/* The handler leaves by a jump, not by iret. */
	REQUIRE_EQ(start(), 0);
	REQUIRE_EQ(trap_try(touch, NOWHERE), TRAP_PF);
	REQUIRE_EQ(read_counts(DOMID_SELF, 0, false, after), 0);
	REQUIRE_EQ(grown(SHOJI_PERF_PAGE_FAULT), 1);
	REQUIRE_EQ(grown(SHOJI_PERF_PT_WRITE), 0);
	REQUIRE_EQ(grown(SHOJI_PERF_EXCEPTION), 0);
	entry = pt_entry(NULL, va_alloc(), 1);
	REQUIRE_EQ(hv_vm_assist(VMASST_CMD_enable,
				VMASST_TYPE_writable_pagetables), 0);
	REQUIRE_EQ(start(), 0);
	*(volatile uint64_t *)entry = 0;
	REQUIRE(only(SHOJI_PERF_PAGE_FAULT, SHOJI_PERF_PT_WRITE));
}

static void invalid(uint64_t arg)
{
	(void)arg;
	asm volatile("ud2");
}

static void test_exceptions(void)
{
	uint32_t a = 0, b, c = 0, d;

	if (!shoji_present())
		SKIP("Xen has no such counts");
	REQUIRE_EQ(start(), 0);
	REQUIRE_EQ(trap_try(invalid, 0), TRAP_UD);
	REQUIRE_EQ(read_counts(DOMID_SELF, 0, false, after), 0);
	REQUIRE_EQ(grown(SHOJI_PERF_EXCEPTION), 1);
	REQUIRE_EQ(grown(SHOJI_PERF_INSTRUCTION), 0);
	REQUIRE_EQ(grown(SHOJI_PERF_PAGE_FAULT), 0);
	REQUIRE_EQ(start(), 0);
	asm volatile(XEN_CPUID : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	REQUIRE(only(SHOJI_PERF_EXCEPTION, SHOJI_PERF_INSTRUCTION));
	REQUIRE_EQ(start(), 0);
	asm volatile("clts" ::: "memory");
	REQUIRE(only(SHOJI_PERF_EXCEPTION, SHOJI_PERF_INSTRUCTION));
}

static void make_syscall(uint64_t arg)
{
	(void)arg;
	asm volatile("syscall" ::: "rcx", "r11", "memory");
}

static void test_system_calls(void)
{
	if (!shoji_present())
		SKIP("Xen has no such counts");
	user_init();
	REQUIRE_EQ(start(), 0);
	REQUIRE_EQ(user_call(make_syscall, 0), PV_VECTOR_SYSCALL);
	REQUIRE_EQ(read_counts(DOMID_SELF, 0, false, after), 0);
	REQUIRE_EQ(grown(SHOJI_PERF_SYSCALL), 1);
	REQUIRE_EQ(grown(SHOJI_PERF_EXCEPTION), 0);
	REQUIRE(grown(__HYPERVISOR_iret) > 0);
}

static void test_events(void)
{
	if (!shoji_present())
		SKIP("Xen has no such counts");
	event_init();
	const int64_t port = event_alloc(DOMID_SELF);
	const int64_t other = event_bind_interdomain(DOMID_SELF, port);

	REQUIRE(port > 0 && other > 0);
	event_clear(other);
	event_unmask(port);
	event_enable(0);
	REQUIRE_EQ(start(), 0);
	REQUIRE_EQ(event_send(other), 0);
	REQUIRE_EQ(read_counts(DOMID_SELF, 0, false, after), 0);
	REQUIRE_EQ(grown(SHOJI_PERF_UPCALL), 1);
	REQUIRE_EQ(grown(__HYPERVISOR_event_channel_op), 1);
}

static void test_validations(void)
{
	uint64_t *table;

	if (!shoji_present())
		SKIP("Xen has no such counts");
	table = table_alloc();
	REQUIRE_EQ(start(), 0);
	REQUIRE_EQ(mmuext(MMUEXT_PIN_L1_TABLE, pv_frame(table)), 0);
	REQUIRE(only(__HYPERVISOR_mmuext_op, SHOJI_PERF_VALIDATION));
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, pv_frame(table)), 0);
	REQUIRE_EQ(start(), 0);
	REQUIRE_EQ(mmuext(MMUEXT_PIN_L2_TABLE, pv_frame(table)), 0);
	REQUIRE(only(__HYPERVISOR_mmuext_op, SHOJI_PERF_VALIDATION));
	REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, pv_frame(table)), 0);
	/* What is refused was not validated. */
	table = page_alloc();
	REQUIRE_EQ(start(), 0);
	REQUIRE(mmuext(MMUEXT_PIN_L1_TABLE, pv_frame(table)) != 0);
	REQUIRE(only(__HYPERVISOR_mmuext_op, SHOJI_NR_PERF));
}

/* While this vCPU sleeps the idle one runs, and is interrupted. */
static void test_switches(void)
{
	static counts_t idle, idle_after;

	if (!shoji_present())
		SKIP("Xen has no such counts");
	REQUIRE_EQ(start(), 0);
	REQUIRE_EQ(read_counts(DOMID_SELF, 0, true, idle), 0);
	rest(20000000);
	REQUIRE_EQ(read_counts(DOMID_SELF, 0, false, after), 0);
	REQUIRE_EQ(read_counts(DOMID_SELF, 0, true, idle_after), 0);
	REQUIRE(grown(SHOJI_PERF_SWITCH) > 0);
	REQUIRE(idle_after[SHOJI_PERF_SWITCH] > idle[SHOJI_PERF_SWITCH]);
	REQUIRE(idle_after[SHOJI_PERF_IRQ] > idle[SHOJI_PERF_IRQ]);
	for (unsigned int i = 0; i < SHOJI_PERF_IRQ; i++)
		REQUIRE_EQ(idle_after[i], 0);
}

static void test_other_domains(void)
{
	if (!shoji_present())
		SKIP("Xen has no such counts");
	REQUIRE_EQ(child_start(&child), 0);
	REQUIRE_EQ(read_counts(child.id, 0, false, before), 0);
	REQUIRE(child_call(&child, __HYPERVISOR_xen_version, XENVER_version, 0,
			   0, 0) > 0);
	REQUIRE_EQ(read_counts(child.id, 0, false, after), 0);
	REQUIRE_EQ(grown(__HYPERVISOR_xen_version), 1);
	REQUIRE_EQ(grown(SHOJI_PERF_SYSCALL), 0);
	REQUIRE_EQ(child_call(&child, __HYPERVISOR_shoji, SHOJI_perf,
			      CHILD_ROOM, 0, 0), EPERM_);
}

static void test_refusals(void)
{
	if (!shoji_present())
		SKIP("Xen has no such counts");
	REQUIRE_EQ(read_counts(child.id, 1, false, after), ENOENT_);
	REQUIRE_EQ(read_counts(DOMID_SELF, 0xffff, false, after), ENOENT_);
	REQUIRE_EQ(read_counts(DOMID_SELF, 0xffff, true, after), ENOENT_);
	REQUIRE_EQ(read_counts(child.id + 1, 0, false, after), ESRCH_);
	REQUIRE_EQ(read_counts(DOMID_SELF, 0, false, (void *)NOWHERE),
		   EFAULT_);
	REQUIRE(child_end(&child));
	REQUIRE_EQ(read_counts(child.id, 0, false, after), ESRCH_);
}

const struct test tests[] = {
	TEST(nothing),
	TEST(hypercalls),
	TEST(multicall),
	TEST(page_faults),
	TEST(exceptions),
	TEST(system_calls),
	TEST(events),
	TEST(validations),
	TEST(switches),
	TEST(other_domains),
	TEST(refusals),
	TESTS_END,
};
