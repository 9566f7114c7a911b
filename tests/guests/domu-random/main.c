/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that attacks, for tests/boot/attack: two vCPUs do, as fast as they
 * can and until somebody ends it, what a random number says: hypercalls one by
 * one and in multicalls, page-table writes by mmu_update, update_va_mapping
 * and stores that trap, pins, events and grants towards others, iret frames,
 * instructions that fault, the other vCPU's arguments overwritten under its
 * calls. It prints its seed (`seed=N` on the command line) and, now and then,
 * how many steps it took. Sooner or later it breaks itself: that is its right.
 */
#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#include "pv-drivers/front/grant.h"
#include "tests/guests/lib/hostile.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/smp.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

#define PAGES 24
#define OTHERS 16
#define CALLS 24
#define REPAIR_STEPS 500
#define SECOND 1000000000UL

void attempt(void (*fn)(uint64_t arg), uint64_t arg, uint64_t *sp);
void attempt_exit(void);

static uint64_t mfn[PAGES];
static uint64_t others[OTHERS];
static uint64_t base;    /* the pages, by addresses for this purpose */
static uint64_t *tables; /* the L1 of these addresses */
static uint64_t attempt_sp[SMP_MAX];
static volatile uint64_t steps[SMP_MAX];
/* By addresses that are not attacked, on purpose; a page a vCPU. */
static uint64_t *arguments[SMP_MAX];
static struct multicall_entry *lists[SMP_MAX];

/* Exceptions end what was attempted; others are left behind. */
static bool on_trap(struct pv_regs *regs)
{
	const unsigned int vcpu = os_vcpu();

	if (regs->vector == TRAP_NMI)
		return true; /* it comes between any two instructions */
	if (attempt_sp[vcpu]) {
		regs->rip = (uint64_t)attempt_exit;
		regs->rsp = attempt_sp[vcpu];
		regs->cs = FLAT_KERNEL_CS & ~3UL;
		regs->ss = FLAT_KERNEL_SS;
		regs->rflags &= ~0x54500UL; /* no AC, NT, TF, DF */
		return true;
	}
	if (regs->vector == TRAP_DB || regs->vector == TRAP_BP) {
		regs->rflags &= ~0x100UL;
		return true;
	}
	return false;
}

/* The ways in, which other steps may have changed. */
static void set_entries(void)
{
	trap_init();
	hv_stack_switch(FLAT_KERNEL_SS,
		(uint64_t)(kernel_stack + sizeof(kernel_stack)));
	callback(CALLBACKTYPE_syscall, 0, pv_syscall);
	callback(CALLBACKTYPE_failsafe, 0, failsafe_entry);
	hv_set_debugreg(7, 0x400);
}

static void try(void (*fn)(uint64_t arg), uint64_t arg)
{
	set_entries();
	attempt(fn, arg, &attempt_sp[os_vcpu()]);
}

static struct hostile self(void)
{
	return (struct hostile){.mfn = mfn,
		.nr = PAGES,
		.base = base,
		.data = (uint64_t)arguments[os_vcpu()]};
}

static uint64_t any_frame(void)
{
	return hostile_below(12) ? mfn[hostile_below(PAGES)] :
				   others[hostile_below(OTHERS)];
}

static uint64_t any_entry(void)
{
	static const uint64_t flags[] = {
		PTE_KERNEL,
		PTE_KERNEL,
		PTE_RO,
		PTE_RO,
		PTE_P,
		0,
		PTE_KERNEL | 0x80,
		PTE_KERNEL | 0x18,
		PTE_KERNEL | 0x100,
		PTE_KERNEL | PTE_NX,
		PTE_KERNEL | 1UL << 52,
	};

	return any_frame() * PV_PAGE |
	       flags[hostile_below(sizeof(flags) / sizeof(*flags))];
}

static uint64_t any_index(void)
{
	static const uint16_t edges[] = {0, 1, 2, 3, 255, 256, 271, 272, 511};

	return edges[hostile_below(sizeof(edges) / sizeof(*edges))];
}

/* Steps */

static void step_multicall(void)
{
	const struct hostile me = self();
	struct multicall_entry *const list = lists[os_vcpu()];
	const unsigned int nr = 1 + hostile_below(CALLS);

	hostile_fill(&me, arguments[os_vcpu()]);
	hostile_calls(&me, list, nr);
	hv_multicall(list, nr);
}

static void step_call(void)
{
	const struct hostile me = self();
	struct multicall_entry call;

	hostile_fill(&me, arguments[os_vcpu()]);
	hostile_calls(&me, &call, 1);
	PV_CALL5(call.op, call.args[0], call.args[1], call.args[2],
		call.args[3], call.args[4]);
}

static void step_tables(void)
{
	struct mmu_update *const list = (void *)arguments[os_vcpu()];
	const unsigned int nr = 1 + hostile_below(16);

	for (unsigned int i = 0; i < nr; i++) {
		list[i].ptr = any_frame() * PV_PAGE + any_index() * 8 +
			      (hostile_below(4) ? 0 : hostile_below(4));
		list[i].val = any_entry();
	}
	hv_mmu_update(list, nr, NULL,
		hostile_below(8) ? DOMID_SELF :
		hostile_below(4) ? DOMID_IO :
				   hostile_below(4));
}

static void step_pin(void)
{
	static const uint8_t cmds[] = {
		MMUEXT_PIN_L1_TABLE,
		MMUEXT_PIN_L1_TABLE,
		MMUEXT_PIN_L2_TABLE,
		MMUEXT_PIN_L3_TABLE,
		MMUEXT_PIN_L4_TABLE,
		MMUEXT_UNPIN_TABLE,
		MMUEXT_UNPIN_TABLE,
		MMUEXT_UNPIN_TABLE,
		MMUEXT_UNPIN_TABLE,
		MMUEXT_NEW_USER_BASEPTR,
		MMUEXT_CLEAR_PAGE,
		MMUEXT_COPY_PAGE,
		MMUEXT_TLB_FLUSH_ALL,
		MMUEXT_INVLPG_ALL,
		MMUEXT_SET_LDT,
	};
	struct mmuext_op *const list = (void *)arguments[os_vcpu()];
	const unsigned int nr = 1 + hostile_below(8);

	for (unsigned int i = 0; i < nr; i++) {
		list[i].cmd = cmds[hostile_below(sizeof(cmds))];
		list[i].arg1.mfn = any_frame();
		list[i].arg2.src_mfn = any_frame();
		if (list[i].cmd == MMUEXT_SET_LDT) {
			list[i].arg1.linear_addr =
				base + hostile_below(PAGES) * PV_PAGE;
			list[i].arg2.nr_ents = hostile_below(1024);
		}
	}
	hv_mmuext_op(list, nr, NULL, DOMID_SELF);
}

static void step_va(void)
{
	hv_update_va_mapping(base + hostile_below(PAGES) * PV_PAGE, any_entry(),
		hostile_below(12));
}

static void store(uint64_t at)
{
	*(volatile uint64_t *)at = any_entry();
}

static void exchange(uint64_t at)
{
	__atomic_exchange_n((uint64_t *)at, any_entry(), __ATOMIC_SEQ_CST);
}

static void clear_bit(uint64_t at)
{
	__atomic_and_fetch((uint64_t *)at, ~PTE_RW, __ATOMIC_SEQ_CST);
}

/* To tables that are mapped read-only, and to all else that may be one. */
static void step_store(void)
{
	static void (*const how[])(uint64_t) = {store, exchange, clear_bit};
	const uint64_t at =
		hostile_below(3) ?
			(uint64_t)&tables[hostile_below(PAGES)] :
			base + hostile_below(PAGES) * PV_PAGE + any_index() * 8;

	try(how[hostile_below(3)], at);
}

/* What the hypervisor carries out, or refuses. */
static void privileged(uint64_t n)
{
	const uint64_t value = hostile_random();

	switch (n) {
	case 0:
		asm volatile("mov %0, %%cr0" : : "r"(value));
		break;
	case 1:
		asm volatile("mov %0, %%cr4" : : "r"(value & 0x7fff));
		break;
	case 2:
		asm volatile("mov %0, %%cr3" : : "r"(any_frame() * PV_PAGE));
		break;
	case 3:
		asm volatile("mov %0, %%dr7" : : "r"(value & 0xffff07ff));
		break;
	case 4:
		asm volatile("mov %0, %%dr0" : : "r"(base + value % 65536));
		break;
	case 5:
		asm volatile("wrmsr" : : "c"((uint32_t)value), "a"(0), "d"(0));
		break;
	case 6:
		asm volatile("outb %%al, %%dx" : : "a"(0), "d"((short)value));
		break;
	case 7:
		asm volatile("invlpg (%0)" : : "r"(value));
		break;
	default:
		asm volatile("cli; sti; hlt" : : : "memory");
	}
}

/* What the CPU itself refuses, or does. */
static void unprivileged(uint64_t n)
{
	const uint64_t value = hostile_random();

	switch (n) {
	case 0:
		asm volatile("int3");
		break;
	case 1:
		asm volatile("ud2");
		break;
	case 2:
		asm volatile("int $0x80");
		break;
	case 3:
		asm volatile("int $0x21");
		break;
	case 4:
		asm volatile("push %0; popfq" : : "r"(value & 0x47fd5) : "cc");
		break;
	case 5:
		asm volatile("mov %0, %%ds" : : "r"((uint32_t)value));
		break;
	case 6:
		asm volatile("mov %0, %%fs" : : "r"((uint32_t)value));
		break;
	case 7:
		asm volatile("mov %0, %%gs" : : "r"((uint32_t)value & 0xff));
		break;
	case 8:
		asm volatile("lretq");
		break;
	default:
		*(volatile uint64_t *)value = value;
	}
}

static void step_trap(void)
{
	try(hostile_below(2) ? privileged : unprivileged, hostile_below(10));
}

static void user_code(uint64_t arg)
{
	(void)arg;
	asm volatile("syscall; ud2");
}

/* To anywhere, in the guest's user mode mostly; back by an exception. */
static void step_iret(void)
{
	struct pv_regs regs = user_regs(user_code, 0);

	if (os_vcpu())
		return;
	if (hostile_below(2))
		regs.rflags = hostile_random() & 0x7fffff;
	if (hostile_below(4) == 0)
		regs.cs = (hostile_random() & 0xffff) | 3;
	if (hostile_below(4) == 0)
		regs.ss = hostile_random() & 0xffff;
	if (hostile_below(4) == 0)
		regs.rip = hostile_random() >> hostile_below(32);
	if (hostile_below(4) == 0)
		regs.rsp = hostile_random() >> hostile_below(32);
	set_entries();
	mmuext(MMUEXT_NEW_USER_BASEPTR, pv_frame(user_root()));
	user_run(&regs);
}

/* Ports of dom0's, and others, and our own to them. */
static void step_event(void)
{
	struct evtchn_bind_interdomain bind = {
		.remote_dom = hostile_below(4),
		.remote_port = hostile_below(64),
	};
	struct evtchn_alloc_unbound unbound = {
		.dom = DOMID_SELF,
		.remote_dom = hostile_below(4),
	};
	struct evtchn_send send = {.port = 8 + hostile_below(120)};
	struct evtchn_close close = {.port = 8 + hostile_below(120)};

	switch (hostile_below(5)) {
	case 0:
		hv_event_channel_op(EVTCHNOP_bind_interdomain, &bind);
		break;
	case 1:
		hv_event_channel_op(EVTCHNOP_alloc_unbound, &unbound);
		break;
	case 2:
		hv_event_channel_op(EVTCHNOP_send, &send);
		break;
	default:
		hv_event_channel_op(EVTCHNOP_close, &close);
	}
}

static void step_grant(void)
{
	volatile struct grant_entry_v1 *const entry =
		grant_entry(8 + hostile_below(64));
	struct gnttab_map_grant_ref map = {
		.host_addr = base + hostile_below(PAGES) * PV_PAGE,
		.flags = hostile_below(32),
		.ref = hostile_below(72),
		.dom = hostile_below(4),
	};
	struct gnttab_unmap_grant_ref unmap = {
		.host_addr = map.host_addr,
		.handle = hostile_below(16),
	};

	if (entry) {
		entry->frame = (uint32_t)any_frame();
		entry->domid = (uint16_t)hostile_below(4);
		entry->flags = (uint16_t)hostile_below(8);
	}
	if (hostile_below(2))
		map.host_addr = any_frame() * PV_PAGE + any_index() * 8;
	hv_grant_table_op(GNTTABOP_map_grant_ref, &map, 1);
	if (hostile_below(2))
		unmap.handle = map.handle;
	hv_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
}

/* What the other vCPU has just checked, or is about to. */
static void step_race(void)
{
	const unsigned int other = !os_vcpu();
	volatile uint64_t *const at =
		hostile_below(2) ? arguments[other] : (uint64_t *)lists[other];

	for (int i = 0; i < 200; i++)
		at[hostile_below(192)] =
			hostile_below(4) ? any_entry() : hostile_below(32);
}

static void step_wait(void)
{
	struct sched_poll poll = {.timeout = now() + 100000};

	if (os_vcpu() == 0 && hostile_below(8) == 0)
		hv_vcpu_op(VCPUOP_down, 1, NULL);
	if (hostile_below(2))
		hv_sched_op(SCHEDOP_yield, NULL);
	else if (os_vcpu() == 0)
		hv_sched_op(SCHEDOP_poll, &poll);
	if (os_vcpu() == 0)
		hv_vcpu_op(VCPUOP_up, 1, NULL);
	if (hostile_below(8) == 0)
		hv_vcpu_op(VCPUOP_send_nmi, !os_vcpu(), NULL);
}

static void step(void)
{
	static void (*const all[])(void) = {
		step_multicall,
		step_multicall,
		step_call,
		step_call,
		step_tables,
		step_tables,
		step_tables,
		step_pin,
		step_pin,
		step_va,
		step_va,
		step_store,
		step_store,
		step_trap,
		step_iret,
		step_event,
		step_grant,
		step_race,
		step_wait,
	};

	all[hostile_below(sizeof(all) / sizeof(*all))]();
	steps[os_vcpu()]++;
}

/* Its pages */

/* Pages that lost their place come back, or try to; handlers too. */
static void repair(void)
{
	set_entries();
	event_init();
	hv_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
	for (unsigned int i = 0; i < PAGES; i++) {
		mmuext(MMUEXT_UNPIN_TABLE, mfn[i]);
		hv_update_va_mapping(base + i * PV_PAGE,
			mfn[i] * PV_PAGE | PTE_KERNEL, UVMF_INVLPG | UVMF_ALL);
	}
}

static bool is_ours(uint64_t frame)
{
	const uint64_t pfn = PV_M2P[frame];

	return pfn < pv_info->nr_pages && PV_P2M[pfn] == frame;
}

/* Neighbours of what is ours, low memory, the tables that we use: what else
 * is ours we need. */
static void choose_others(void)
{
	uint64_t up = mfn[0], down = mfn[0];

	for (unsigned int i = 0; i < OTHERS; i++) {
		do
			up++;
		while (is_ours(up));
		do
			down--;
		while (is_ours(down));
		others[i] = i < 5  ? up :
			    i < 10 ? down :
			    i < 14 ? 1UL << i :
				     pv_frame(tables);
	}
	hostile_init(others, OTHERS);
}

static void prepare(void)
{
	/* a table of its own: others map the console */
	do
		base = (uint64_t)va_alloc();
	while (base & 0x1fffff);
	for (unsigned int i = 1; i < PAGES + 8; i++)
		va_alloc();
	for (unsigned int i = 0; i < PAGES; i++) {
		const uint64_t pfn = pfn_alloc();

		mfn[i] = PV_P2M[pfn];
	}
	tables = (uint64_t *)((uint64_t)pt_entry(NULL, (void *)base, 1) &
			      ~(PV_PAGE - 1));
	choose_others();
	for (unsigned int i = 0; i < 2; i++) {
		arguments[i] = page_alloc();
		lists[i] = page_alloc();
	}
	if (grant_init())
		print("no grants\n");
	user_init();
	trap_hook = on_trap;
	repair();
}

static void second_vcpu(uint64_t seed)
{
	hostile_seed(seed);
	for (;;)
		step();
}

static void test_random(void)
{
	const uint64_t seed = test_option("seed", 1) * 0x9e3779b97f4a7c15;
	uint64_t next = now() + SECOND;

	print("seed %lu\n", test_option("seed", 1));
	prepare();
	hostile_seed(seed);
	if (smp_start(1, second_vcpu, seed ^ 0x5555))
		print("alone\n");
	for (;;) {
		step();
		if (steps[0] % REPAIR_STEPS == 0)
			repair();
		if (now() < next)
			continue;
		print("steps %lu and %lu\n", steps[0], steps[1]);
		next = now() + SECOND;
	}
}

const struct test tests[] = {TEST(random), TESTS_END};
