/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the hypervisor's own operations cost a minimal guest. As in
 * tests/bench/operations.c, marks 2n and 2n + 1 are before and after each batch
 * of operation n; the console has a line "operation NUMBER TIMES NAME" for
 * each. With "wall" on the command line, also a line "took NUMBER NANOSECONDS".
 */
#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/sched.h>
#include <xen/version.h>

#include "tests/bench/mark.h"
#include "tests/guests/lib/format.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

#define BATCHES 15
#define MSR_EFER 0xc0000080

extern volatile struct vcpu_info *bench_vcpu_info;
volatile struct vcpu_info *bench_vcpu_info;
extern char bench_calls[PV_PAGE];
extern volatile unsigned long *bench_pending;
volatile unsigned long *bench_pending;
void bench_ud2(void);
void bench_event(void);

static void *va;          /* of a page that is mapped, and mapped again */
static uint64_t *entry;   /* its level-1 entry, in a read-only table */
static uint64_t pages[2]; /* what it maps */
static void *table;       /* a level-1 table that nothing uses */
static uint32_t port, peer;

/* Hypercalls go through the hypercall page, as stock Linux's do. */
char bench_calls[PV_PAGE] __attribute__((aligned(PV_PAGE)));

#define CALL(nr, a1, a2, a3, a4)                                               \
	({                                                                     \
		uint64_t arg1 = (uint64_t)(a1), arg2 = (uint64_t)(a2),         \
			 arg3 = (uint64_t)(a3);                                \
		register uint64_t arg4 asm("r10") = (uint64_t)(a4);            \
		int64_t result;                                                \
		asm volatile("call bench_calls + %c[call] * 32"                \
			     : "=a"(result), "+D"(arg1), "+S"(arg2),           \
			     "+d"(arg3), "+r"(arg4)                            \
			     : [call] "i"(nr)                                  \
			     : "memory");                                      \
		result;                                                        \
	})

static void null_call(unsigned times)
{
	while (times--)
		CALL(__HYPERVISOR_xen_version, XENVER_version, 0, 0, 0);
}

static void unknown_call(unsigned times)
{
	while (times--)
		CALL(63, 0, 0, 0, 0);
}

static void exception(unsigned times)
{
	while (times--)
		asm volatile("ud2" : : : "rcx", "r11", "memory");
}

static void stack_switch(unsigned times)
{
	while (times--)
		CALL(__HYPERVISOR_stack_switch, FLAT_KERNEL_SS, pv_stack_top, 0,
			0);
}

static void segment_base(unsigned times)
{
	while (times--)
		CALL(__HYPERVISOR_set_segment_base, SEGBASE_FS, 0x1000, 0, 0);
}

static void yield(unsigned times)
{
	while (times--)
		CALL(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0);
}

/* One page, then the other. */

static void update_va(unsigned times)
{
	const uint64_t a = pages[0] | PTE_KERNEL, b = pages[1] | PTE_KERNEL;

	for (; times; times -= 2) {
		CALL(__HYPERVISOR_update_va_mapping, va, a, UVMF_NONE, 0);
		CALL(__HYPERVISOR_update_va_mapping, va, b, UVMF_NONE, 0);
	}
}

static void update_va_invlpg(unsigned times)
{
	const uint64_t a = pages[0] | PTE_KERNEL, b = pages[1] | PTE_KERNEL;
	const uint64_t flags = UVMF_INVLPG | UVMF_LOCAL;

	for (; times; times -= 2) {
		CALL(__HYPERVISOR_update_va_mapping, va, a, flags, 0);
		CALL(__HYPERVISOR_update_va_mapping, va, b, flags, 0);
	}
}

static void update(unsigned times, unsigned nr)
{
	struct mmu_update reqs[33];

	for (unsigned i = 0; i < 33; i++)
		reqs[i] = (struct mmu_update){
			.ptr = machine_address(entry),
			.val = pages[i % 2] | PTE_KERNEL,
		};
	while (times--)
		CALL(__HYPERVISOR_mmu_update, &reqs[times % 2], nr, NULL,
			DOMID_SELF);
}

static void mmu_update_1(unsigned times)
{
	update(times, 1);
}

static void mmu_update_32(unsigned times)
{
	update(times, 32);
}

static void emulated_write(unsigned times)
{
	const uint64_t a = pages[0] | PTE_KERNEL, b = pages[1] | PTE_KERNEL;

	for (; times; times -= 2) {
		*(volatile uint64_t *)entry = a;
		*(volatile uint64_t *)entry = b;
	}
}

static void extended(unsigned times, unsigned cmd, uint64_t mfn)
{
	const struct mmuext_op op = {.cmd = cmd, .arg1.mfn = mfn};

	while (times--)
		CALL(__HYPERVISOR_mmuext_op, &op, 1, NULL, DOMID_SELF);
}

static void flush_local(unsigned times)
{
	extended(times, MMUEXT_TLB_FLUSH_LOCAL, 0);
}

static void new_root(unsigned times)
{
	extended(times, MMUEXT_NEW_BASEPTR, pv_frame(pt_root()));
}

static void pin_unpin(unsigned times)
{
	while (times--) {
		extended(1, MMUEXT_PIN_L1_TABLE, pv_frame(table));
		extended(1, MMUEXT_UNPIN_TABLE, pv_frame(table));
	}
}

static void empty_table(void)
{
	pt_protect(table, true);
	memset(table, 0, PV_PAGE);
	pt_protect(table, false);
}

static void full_table(void)
{
	pt_protect(table, true);
	for (unsigned i = 0; i < 512; i++)
		((uint64_t *)table)[i] = pages[i % 2] | PTE_RO;
	pt_protect(table, false);
}

static void multicall_8(unsigned times)
{
	struct multicall_entry calls[8] = {0};

	for (unsigned i = 0; i < 8; i++)
		calls[i].op = __HYPERVISOR_xen_version;
	while (times--)
		CALL(__HYPERVISOR_multicall, calls, 8, 0, 0);
}

static void send(unsigned times)
{
	struct evtchn_send op = {.port = peer};

	while (times--)
		CALL(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &op, 0, 0);
}

/* The port stays pending after the first. */
static void send_masked(unsigned times)
{
	event_mask(port);
	send(times);
}

static void send_upcall(unsigned times)
{
	event_clear(port);
	event_unmask(port);
	event_enable(0);
	send(times);
	event_disable(0);
}

static void read_msr(unsigned times)
{
	while (times--)
		asm volatile("rdmsr" : : "c"(MSR_EFER) : "rax", "rdx");
}

static const struct operation {
	const char *name;
	unsigned times;
	void (*run)(unsigned times);
	void (*before)(void);
} operations[] = {
	{"null_hypercall", 1000, null_call, NULL},
	{"unknown_hypercall", 1000, unknown_call, NULL},
	{"exception", 1000, exception, NULL},
	{"stack_switch", 1000, stack_switch, NULL},
	{"set_segment_base", 1000, segment_base, NULL},
	{"yield_hypercall", 1000, yield, NULL},
	{"update_va_mapping", 1000, update_va, NULL},
	{"update_va_mapping_invlpg", 1000, update_va_invlpg, NULL},
	{"mmu_update_1", 1000, mmu_update_1, NULL},
	{"mmu_update_32", 100, mmu_update_32, NULL},
	{"emulated_table_write", 1000, emulated_write, NULL},
	{"flush_local", 1000, flush_local, NULL},
	{"new_baseptr", 1000, new_root, NULL},
	{"pin_unpin_l1", 100, pin_unpin, empty_table},
	{"pin_unpin_full_l1", 100, pin_unpin, full_table},
	{"multicall_8", 1000, multicall_8, NULL},
	{"send_masked", 1000, send_masked, NULL},
	{"send_upcall", 1000, send_upcall, NULL},
	{"emulated_rdmsr", 1000, read_msr, NULL},
};

static void write_call_page(uint64_t page)
{
	asm volatile("wrmsr"
		     :
		     : "c"(0x40000000), "a"((uint32_t)page),
		     "d"((uint32_t)(page >> 32)));
}

static void set_up(void)
{
	struct trap_info traps[2] = {{
		.vector = TRAP_UD,
		.cs = FLAT_KERNEL_CS,
		.address = (uint64_t)bench_ud2,
	}};

	if (hv_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables))
		os_panic("no writable page tables");
	va = va_alloc();
	pages[0] = machine_address(page_alloc());
	pages[1] = machine_address(page_alloc());
	pt_set(va, pages[0] | PTE_KERNEL);
	entry = pt_entry(NULL, va, 1);
	table = table_alloc();
	write_call_page(machine_address(bench_calls));
	bench_vcpu_info = event_vcpu_info(0);
	bench_pending = &pv_shared->evtchn_pending[0];
	event_init();
	port = (uint32_t)event_alloc(DOMID_SELF);
	peer = (uint32_t)event_bind_interdomain(DOMID_SELF, port);
	if (hv_set_trap_table(traps))
		os_panic("set_trap_table failed");
}

static void count_batch(unsigned n, const struct operation *op, bool wall)
{
	const uint64_t begin = now();

	mark(2 * n);
	op->run(op->times);
	mark(2 * n + 1);
	if (wall)
		print("took %u %lu\n", n, now() - begin);
}

static bool by_wall_clock(void)
{
	const char *const line = (const char *)pv_info->cmd_line;

	return memcmp(line, "wall", 4) == 0;
}

static void test_count(void)
{
	const struct callback_register reg = {
		.type = CALLBACKTYPE_event,
		.address = (uint64_t)bench_event,
	};
	const bool wall = by_wall_clock();

	set_up();
	hv_callback_op(CALLBACKOP_register, &reg);
	for (unsigned n = 0; n < sizeof(operations) / sizeof(operations[0]);
		n++) {
		const struct operation *op = &operations[n];

		print("operation %u %u %s\n", n, op->times, op->name);
		for (unsigned i = 0; i < BATCHES; i++) {
			if (op->before)
				op->before();
			count_batch(n, op, wall);
		}
	}
}

const struct test tests[] = {TEST(count), TESTS_END};
