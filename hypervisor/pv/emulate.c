/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Privileged instructions of guest kernels, and CPUID. Ports are in ioport.c,
 * MSRs in guestmsr.c, stores to page tables in ptwrite.c.
 */
#include "pv/emulate.h"

#include "core/domain.h"
#include "core/refusal.h"
#include "core/vcpu.h"
#include "lib/string.h"
#include "mm/guestmem.h"
#include "mm/mmu.h"
#include "pv/cpuid.h"
#include "pv/debugreg.h"
#include "pv/decode.h"
#include "pv/deliver.h"
#include "pv/guestmsr.h"
#include "pv/hypercall.h"
#include "pv/ioport.h"
#include "x86/context.h"
#include "x86/cpu.h"
#include "x86/fpu.h"
#include "x86/msr.h"

unsigned emulate_fetch(const struct regs *regs, uint8_t *bytes)
{
	const unsigned left = PAGE_SIZE - (unsigned)(regs->rip % PAGE_SIZE);
	const gva_t at = { regs->rip };

	if (!guest_object(bytes, at, INSN_ROOM, false))
		return INSN_MAX;
	return left < INSN_ROOM && !copy_from_guest(bytes, at, left) ? left : 0;
}

uint64_t *emulate_register(struct regs *regs, unsigned number)
{
#define AT(name) offsetof(struct regs, name)
	static const uint8_t order[16] = { AT(rax), AT(rcx), AT(rdx), AT(rbx),
		AT(rsp), AT(rbp), AT(rsi), AT(rdi), AT(r8), AT(r9), AT(r10),
		AT(r11), AT(r12), AT(r13), AT(r14), AT(r15) };
#undef AT

	return (uint64_t *)((char *)regs + order[number & 15]);
}

static __attribute__((noinline)) void do_cpuid(struct regs *regs)
{
	struct cpuid out;

	cpuid_guest(current, (uint32_t)regs->rax, (uint32_t)regs->rcx, &out);
	regs->rax = out.a;
	regs->rbx = out.b;
	regs->rcx = out.c;
	regs->rdx = out.d;
}

void guest_invalid_op(struct regs *regs)
{
	uint32_t first, last;

	irq_enable();
	if (guest_va_ours((gva_t){regs->rip}))
		goto deliver;
	guest_open();
	guest_load(first, regs->rip, fault);
	guest_load(last, regs->rip + 3, fault);
	guest_close();
	if (first != 0x65780b0f || last != 0xa20f6e65) /* UD2, "xen", CPUID */
		goto deliver;
	regs->rip += 7;
	current->perf[SHOJI_PERF_INSTRUCTION]++;
	do_cpuid(regs);
	return;
fault:
	guest_close();
deliver:
	deliver_trap(regs, TRAP_INVALID_OP, NO_ERROR_CODE);
}

/* Control registers (ABI surface 3.8) */

#define CR4_GUEST_CHOICES                                                  \
	(CR4_TSD | CR4_DE | CR4_FSGSBASE | CR4_OSXSAVE)

static bool read_control(struct vcpu *v, unsigned number, uint64_t *value)
{
	switch (number) {
	case 0:
		*value = (read_cr0() & ~(uint64_t)CR0_TS) |
			(v->virtual_ts ? CR0_TS : 0);
		return true;
	case 2:
		*value = v->cr2;
		return true;
	case 3:
		*value = mfn_paddr(v->kernel_l4);
		return true;
	case 4:
		*value = v->cr4 | CR4_PAE | CR4_MCE | CR4_OSFXSR |
			CR4_OSXMMEXCPT;
		return true;
	default:
		return false;
	}
}

static void set_cr4(struct vcpu *v, uint64_t value)
{
	v->cr4 = value & CR4_GUEST_CHOICES;
	if (!cpu_has(CPU_FSGSBASE))
		v->cr4 &= ~(uint64_t)CR4_FSGSBASE;
	if (!cpu_has(CPU_XSAVE))
		v->cr4 &= ~(uint64_t)CR4_OSXSAVE;
	context_load_cr4(v);
}

static bool write_control(struct vcpu *v, unsigned number, uint64_t value)
{
	switch (number) {
	case 0:
		if ((value ^ read_cr0()) & ~(uint64_t)CR0_TS)
			return false;
		fpu_set_ts(v, value & CR0_TS);
		return true;
	case 2:
		v->cr2 = value;
		v->info->arch.cr2 = value;
		return true;
	case 4:
		set_cr4(v, value);
		return true;
	default:
		return false;
	}
}

/* MOV to CR3 may take long: then RIP stays and it is executed again. */
static bool write_cr3_guest(struct vcpu *v, struct regs *regs, uint64_t value,
	unsigned length)
{
	const int rc = mmu_new_kernel_root(v, paddr_mfn(value));

	if (rc == -ERESTART)
		regs->rip -= length;
	return !rc || rc == -ERESTART;
}

static bool control_register(struct vcpu *v, struct regs *regs,
	const struct insn *i)
{
	uint64_t *const reg = emulate_register(regs, i->rm);

	if (i->opcode == 0x20)
		return read_control(v, i->reg, reg);
	if (i->reg == 3)
		return write_cr3_guest(v, regs, *reg, i->length);
	return write_control(v, i->reg, *reg);
}

static bool debug_register(struct regs *regs, const struct insn *i)
{
	uint64_t *const reg = emulate_register(regs, i->rm);

	if (i->opcode == 0x21)
		return debugreg_read(current, i->reg, reg) == 0;
	return debugreg_write(current, i->reg, *reg) == 0;
}

/* RDTSC and RDTSCP under CR4.TSD: the guest's kernel may. */
static void do_rdtsc(struct regs *regs)
{
	const uint64_t tsc = rdtsc();

	regs->rax = (uint32_t)tsc;
	regs->rdx = tsc >> 32;
}

static bool do_0f01(struct vcpu *v, struct regs *regs, const struct insn *i)
{
	switch (i->modrm) {
	case 0xd1: /* xsetbv */
		return (uint32_t)regs->rcx == 0 &&
			fpu_set_xcr0(v, regs->rdx << 32 |
				(uint32_t)regs->rax) == 0;
	case 0xf9: /* rdtscp */
		do_rdtsc(regs);
		regs->rcx = v->tsc_aux;
		return true;
	default:
		return false;
	}
}

static bool do_msr(struct vcpu *v, struct regs *regs, bool write)
{
	const uint32_t msr = (uint32_t)regs->rcx;
	uint64_t value = regs->rdx << 32 | (uint32_t)regs->rax;

	if (write)
		return guestmsr_write(v, msr, value);
	if (!guestmsr_read(v, msr, &value))
		return false;
	regs->rax = (uint32_t)value;
	regs->rdx = value >> 32;
	return true;
}

/* Instructions that only the guest's kernel may use. */
static bool kernel_instruction(struct vcpu *v, struct regs *regs,
	const struct insn *i)
{
	switch (i->opcode) {
	case 0x01:
		return do_0f01(v, regs, i);
	case 0x06:
		fpu_set_ts(v, false);
		return true;
	case 0x08:
	case 0x09:
		if (v->domain->hardware)
			wbinvd();
		return true;
	case 0x20:
	case 0x22:
		return control_register(v, regs, i);
	case 0x21:
	case 0x23:
		return debug_register(regs, i);
	case 0x30:
	case 0x32:
		return do_msr(v, regs, i->opcode == 0x30);
	case 0x31:
		do_rdtsc(regs);
		return true;
	default:
		return false;
	}
}

bool emulate_privileged(struct regs *regs)
{
	struct vcpu *const v = current;
	uint8_t bytes[INSN_ROOM];
	struct insn i;
	bool done;

	if (!insn_decode(&i, bytes,
		    emulate_fetch(regs, bytes)) ||
		i.lock)
		return false;
	if (i.two_byte && i.opcode == 0xa2) {
		do_cpuid(regs);
		done = true;
	} else if (i.two_byte) {
		done = v->kernel_mode && kernel_instruction(v, regs, &i);
	} else if (i.opcode == 0xfa || i.opcode == 0xfb) {
		/* CLI, STI with IOPL: no effect (ABI surface, trap 20). */
		done = ioport_iopl_allows(v);
	} else {
		/* A repeated string instruction is not finished at once. */
		return ioport_emulate(v, regs, &i);
	}
	if (done)
		regs->rip += i.length;
	else if (v->kernel_mode)
		reject(-EPERM, "instruction %s%02x, RCX %lx",
			i.two_byte ? "0f " : "", i.opcode, regs->rcx);
	return done;
}
