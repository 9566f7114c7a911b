/* SPDX-License-Identifier: BSD-2-Clause */
/* Trap table, trap_try() (its assembly half is try.S) and the crash dump. */
#include "tests/guests/lib/trap.h"

#include "tests/guests/lib/test.h"

struct pv_regs trap_last;
uint64_t trap_cr2;
bool trap_masked;
bool (*trap_hook)(struct pv_regs *regs);

extern uint64_t try_sp;
void try_exit(void);

void trap_init(void)
{
	struct trap_info table[34] = { 0 };
	unsigned int n = 0;

	for (unsigned int i = 0; i < 32; i++) {
		table[n].vector = i;
		table[n].cs = FLAT_KERNEL_CS;
		table[n].flags = i == TRAP_BP || i == TRAP_OF ? 3 : 0;
		table[n++].address = (uint64_t)pv_exceptions[i];
	}
	table[n].vector = 0x80;
	table[n].cs = FLAT_KERNEL_CS;
	table[n].flags = 3;
	table[n++].address = (uint64_t)pv_int80;
	if (hv_set_trap_table(table))
		os_panic("set_trap_table failed");
}

void trap_leave(struct pv_regs *regs, int result)
{
	regs->rax = result;
	regs->rip = (uint64_t)try_exit;
	regs->rsp = try_sp;
	regs->cs = FLAT_KERNEL_CS & ~3UL;
	regs->ss = FLAT_KERNEL_SS;
	regs->rflags &= ~0x54500UL;	/* no AC, NT, TF, DF */
}

unsigned int trap_counted;
static unsigned int counted_vector;

static bool count(struct pv_regs *regs)
{
	if (regs->vector != counted_vector)
		return false;
	trap_counted++;
	return true;
}

void trap_count(unsigned int vector)
{
	trap_counted = 0;
	counted_vector = vector;
	trap_hook = count;
}

static void dump(const struct pv_regs *r)
{
	print("unexpected vector %#lx error %#lx cr2 %#lx\n"
	      "  rip %#lx cs %#lx rflags %#lx rsp %#lx ss %#lx\n"
	      "  rax %#lx rbx %#lx rcx %#lx rdx %#lx rsi %#lx rdi %#lx\n",
	      r->vector, r->error, trap_cr2, r->rip, r->cs, r->rflags, r->rsp,
	      r->ss, r->rax, r->rbx, r->rcx, r->rdx, r->rsi, r->rdi);
	for (int i = 0; i < 8; i++)
		print("  [rsp + %d] %#lx\n", i * 8,
		      ((uint64_t *)r->rsp)[i]);
}

void os_trap(struct pv_regs *regs)
{
	volatile struct vcpu_info *info = event_vcpu_info(os_vcpu());

	trap_cr2 = info->arch.cr2;
	if (trap_hook && trap_hook(regs))
		return;
	if (try_sp && os_vcpu() == 0) {
		trap_masked = info->evtchn_upcall_mask;
		trap_last = *regs;
		trap_leave(regs, regs->vector);
		return;
	}
	dump(regs);
	os_panic("unexpected exception");
}
