/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the hypervisor's own operations cost a minimal guest. As in
 * tests/bench/operations.c, marks 2n and 2n + 1 are before and after each batch
 * of operation n; the console has a line "operation NUMBER TIMES NAME" for
 * each.
 */
#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/sched.h>
#include <xen/version.h>

#include "tests/bench/mark.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

#define BATCHES 15
#define MSR_EFER 0xc0000080

extern volatile struct vcpu_info *bench_vcpu_info;
volatile struct vcpu_info *bench_vcpu_info;
void bench_ud2(void);
void bench_event(void);

static void *va;          /* of a page that is mapped, and mapped again */
static uint64_t *entry;   /* its level-1 entry, in a read-only table */
static uint64_t pages[2]; /* what it maps */
static void *table;       /* a level-1 table that nothing uses */
static uint32_t port, peer;

static void null_call(unsigned times)
{
	while (times--)
		hv_xen_version(XENVER_version, NULL);
}

static void unknown_call(unsigned times)
{
	while (times--)
		hypercall(63, 0, 0, 0, 0, 0);
}

static void exception(unsigned times)
{
	while (times--)
		asm volatile("ud2" : : : "rcx", "r11", "memory");
}

static void stack_switch(unsigned times)
{
	while (times--)
		hv_stack_switch(FLAT_KERNEL_SS, (uint64_t)pv_stack_top);
}

static void segment_base(unsigned times)
{
	while (times--)
		hv_set_segment_base(SEGBASE_FS, 0x1000);
}

static void yield(unsigned times)
{
	while (times--)
		hv_sched_op(SCHEDOP_yield, NULL);
}

static void update_va(unsigned times)
{
	while (times--)
		hv_update_va_mapping(
			(uint64_t)va, pages[times % 2] | PTE_KERNEL, UVMF_NONE);
}

static void update_va_invlpg(unsigned times)
{
	while (times--)
		hv_update_va_mapping((uint64_t)va,
			pages[times % 2] | PTE_KERNEL,
			UVMF_INVLPG | UVMF_LOCAL);
}

static void update(unsigned times, unsigned nr)
{
	struct mmu_update reqs[32];

	while (times--) {
		for (unsigned i = 0; i < nr; i++)
			reqs[i] = (struct mmu_update){
				.ptr = machine_address(entry),
				.val = pages[i % 2] | PTE_KERNEL,
			};
		hv_mmu_update(reqs, nr, NULL, DOMID_SELF);
	}
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
	while (times--)
		*(volatile uint64_t *)entry = pages[times % 2] | PTE_KERNEL;
}

static void flush_local(unsigned times)
{
	while (times--)
		mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0);
}

static void new_root(unsigned times)
{
	while (times--)
		mmuext(MMUEXT_NEW_BASEPTR, pv_frame(pt_root()));
}

static void pin_unpin(unsigned times)
{
	while (times--) {
		mmuext(MMUEXT_PIN_L1_TABLE, pv_frame(table));
		mmuext(MMUEXT_UNPIN_TABLE, pv_frame(table));
	}
}

static void multicall_8(unsigned times)
{
	struct multicall_entry calls[8] = {0};

	for (unsigned i = 0; i < 8; i++)
		calls[i].op = __HYPERVISOR_xen_version;
	while (times--)
		hv_multicall(calls, 8);
}

static void send_masked(unsigned times)
{
	struct evtchn_send op = {.port = peer};

	event_mask(port);
	while (times--) {
		event_clear(port);
		hv_event_channel_op(EVTCHNOP_send, &op);
	}
}

static void send_upcall(unsigned times)
{
	struct evtchn_send op = {.port = peer};

	event_clear(port);
	event_unmask(port);
	event_enable(0);
	while (times--) {
		event_clear(port);
		hv_event_channel_op(EVTCHNOP_send, &op);
	}
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
} operations[] = {
	{"null_hypercall", 1000, null_call},
	{"unknown_hypercall", 1000, unknown_call},
	{"exception", 1000, exception},
	{"stack_switch", 1000, stack_switch},
	{"set_segment_base", 1000, segment_base},
	{"yield_hypercall", 1000, yield},
	{"update_va_mapping", 1000, update_va},
	{"update_va_mapping_invlpg", 1000, update_va_invlpg},
	{"mmu_update_1", 1000, mmu_update_1},
	{"mmu_update_32", 100, mmu_update_32},
	{"emulated_table_write", 1000, emulated_write},
	{"flush_local", 1000, flush_local},
	{"new_baseptr", 1000, new_root},
	{"pin_unpin_l1", 100, pin_unpin},
	{"multicall_8", 1000, multicall_8},
	{"send_masked", 1000, send_masked},
	{"send_upcall", 1000, send_upcall},
	{"emulated_rdmsr", 1000, read_msr},
};

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
	pt_protect(table, true);
	for (unsigned i = 0; i < 512; i++)
		((uint64_t *)table)[i] = pages[i % 2] | PTE_RO;
	pt_protect(table, false);
	bench_vcpu_info = event_vcpu_info(0);
	event_init();
	port = (uint32_t)event_alloc(DOMID_SELF);
	peer = (uint32_t)event_bind_interdomain(DOMID_SELF, port);
	if (hv_set_trap_table(traps))
		os_panic("set_trap_table failed");
}

static void test_count(void)
{
	const struct callback_register reg = {
		.type = CALLBACKTYPE_event,
		.address = (uint64_t)bench_event,
	};

	set_up();
	hv_callback_op(CALLBACKOP_register, &reg);
	for (unsigned n = 0; n < sizeof(operations) / sizeof(operations[0]);
		n++) {
		const struct operation *op = &operations[n];

		print("operation %u %u %s\n", n, op->times, op->name);
		for (unsigned i = 0; i < BATCHES; i++) {
			mark(2 * n);
			op->run(op->times);
			mark(2 * n + 1);
		}
	}
}

const struct test tests[] = {TEST(count), TESTS_END};
