/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves exception delivery: each vector that a kernel can raise arrives at
 * its handler with the right error code and RIP; the frame shows a kernel
 * context; #PF leaves CR2 in vcpu_info and in CR2, with error bit 2 saying
 * kernel; the trap table's mask flag masks events; handlers return with every
 * register intact; int 0x80 arrives, or faults when it has no handler.
 */
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

/* The instruction at label `at` faults; its address must be the frame's. */
#define FAULTS_AT(name, text)						\
	extern char name##_at[], name##_next[];				\
	static void name(uint64_t arg)					\
	{								\
		asm volatile(".globl " #name "_at, " #name "_next\n"	\
			     #name "_at: " text "\n" #name "_next:"	\
			     : : "D"(arg)				\
			     : "rax", "rcx", "rdx", "memory");		\
	}

FAULTS_AT(do_int3, "int3")
FAULTS_AT(do_int_3, "int $3")
FAULTS_AT(do_int_4, "int $4")
FAULTS_AT(do_int_13, "int $13")
FAULTS_AT(do_int_80, "int $0x80")
FAULTS_AT(do_icebp, ".byte 0xf1")
FAULTS_AT(do_ud2, "ud2")
FAULTS_AT(do_hlt, "hlt")
FAULTS_AT(do_load_ds, "movl %%edi, %%ds")
FAULTS_AT(do_read, "movq (%%rdi), %%rax")
FAULTS_AT(do_write, "movq %%rax, (%%rdi)")
FAULTS_AT(do_call, "call *%%rdi")
FAULTS_AT(do_fninit, "fninit")
FAULTS_AT(do_lgdt, "lgdt (%%rdi)")
FAULTS_AT(do_ltr, "ltr %%di")
FAULTS_AT(do_invlpg, "invlpg (%%rdi)")

#define REQUIRE_FRAME(vec, err, address) do {				\
	REQUIRE_EQ(trap_last.vector, vec);				\
	REQUIRE_EQ(trap_last.error, err);				\
	REQUIRE_EQ(trap_last.rip, (uint64_t)(address));			\
} while (0)

static void divide(uint64_t arg)
{
	asm volatile(".globl divide_at\n"
		     "divide_at: divq %0"
		     : : "r"(arg), "a"(1UL), "d"(0UL));
}

extern char divide_at[];

static void test_divide_error(void)
{
	REQUIRE_EQ(trap_try(divide, 0), TRAP_DE);
	REQUIRE_FRAME(TRAP_DE, 0, divide_at);
}

static void test_breakpoint(void)
{
	REQUIRE_EQ(trap_try(do_int3, 0), TRAP_BP);
	REQUIRE_FRAME(TRAP_BP, 0, do_int3_next);
	REQUIRE_EQ(trap_try(do_int_3, 0), TRAP_BP);
	REQUIRE_FRAME(TRAP_BP, 0, do_int_3_next);
}

static void test_overflow(void)
{
	REQUIRE_EQ(trap_try(do_int_4, 0), TRAP_OF);
	REQUIRE_FRAME(TRAP_OF, 0, do_int_4_next);
}

static void test_invalid_opcode(void)
{
	REQUIRE_EQ(trap_try(do_ud2, 0), TRAP_UD);
	REQUIRE_FRAME(TRAP_UD, 0, do_ud2_at);
}

static void test_icebp(void)
{
	const int vector = trap_try(do_icebp, 0);

	if (vector == TRAP_UD)
		SKIP("QEMU's TCG makes icebp an invalid opcode");
	REQUIRE_EQ(vector, TRAP_DB);
	REQUIRE_EQ(trap_last.rip, (uint64_t)do_icebp_next);
}

static void single_step(uint64_t arg)
{
	(void)arg;
	asm volatile(".globl single_step_at\n"
		     "pushfq; orq $0x100, (%%rsp); popfq\n"
		     "nop\n"
		     "single_step_at: nop\n"
		     : : : "memory", "cc");
}

extern char single_step_at[];

static void test_single_step(void)
{
	REQUIRE_EQ(trap_try(single_step, 0), TRAP_DB);
	REQUIRE_EQ(trap_last.rip, (uint64_t)single_step_at);
	REQUIRE(trap_last.rflags & 0x100);
	REQUIRE_EQ(hv_get_debugreg(6) & 0x4000, 0x4000);
	REQUIRE_EQ(hv_set_debugreg(6, 0xffff0ff0), 0);
}

static void test_device_not_available(void)
{
	REQUIRE_EQ(hv_fpu_taskswitch(1), 0);
	REQUIRE_EQ(trap_try(do_fninit, 0), TRAP_NM);
	REQUIRE_FRAME(TRAP_NM, 0, do_fninit_at);
	REQUIRE_EQ(hv_fpu_taskswitch(0), 0);
	REQUIRE_EQ(trap_try(do_fninit, 0), NO_TRAP);
}

static void test_general_protection(void)
{
	REQUIRE_EQ(trap_try(do_hlt, 0), TRAP_GP);
	REQUIRE_FRAME(TRAP_GP, 0, do_hlt_at);
	REQUIRE_EQ(trap_try(do_read, 0x0000800000000000), TRAP_GP);
	REQUIRE_FRAME(TRAP_GP, 0, do_read_at);
	REQUIRE_EQ(trap_try(do_lgdt, (uint64_t)pv_info), TRAP_GP);
	REQUIRE_FRAME(TRAP_GP, 0, do_lgdt_at);
	REQUIRE_EQ(trap_try(do_ltr, 0xe040), TRAP_GP);
	REQUIRE_FRAME(TRAP_GP, 0, do_ltr_at);
}

/* With no guest GDT every guest selector names a zero descriptor. */
static void test_empty_gdt(void)
{
	REQUIRE_EQ(trap_try(do_load_ds, 0x13), TRAP_GP);
	REQUIRE_FRAME(TRAP_GP, 0x10, do_load_ds_at);
	REQUIRE_EQ(trap_try(do_load_ds, 0xdff8), TRAP_GP);
	REQUIRE_FRAME(TRAP_GP, 0xdff8, do_load_ds_at);
	REQUIRE_EQ(trap_try(do_load_ds, FLAT_KERNEL_SS), NO_TRAP);
	REQUIRE_EQ(trap_try(do_load_ds, 0), NO_TRAP);
}

static uint64_t read_cr2(void)
{
	uint64_t cr2;

	asm volatile("mov %%cr2, %0" : "=r"(cr2));
	return cr2;
}

static void test_page_fault_read(void)
{
	REQUIRE_EQ(trap_try(do_read, 0x123456), TRAP_PF);
	REQUIRE_FRAME(TRAP_PF, 0, do_read_at);
	REQUIRE_EQ(trap_cr2, 0x123456);
	REQUIRE_EQ(read_cr2(), 0x123456);
}

static void test_page_fault_write(void)
{
	REQUIRE_EQ(trap_try(do_write, 0x7ffffffffff8), TRAP_PF);
	REQUIRE_FRAME(TRAP_PF, 2, do_write_at);
	REQUIRE_EQ(trap_cr2, 0x7ffffffffff8);

	char *page = page_alloc();

	REQUIRE_EQ(pt_protect(page, false), 0);
	REQUIRE_EQ(trap_try(do_write, (uint64_t)page + 8), TRAP_PF);
	REQUIRE_FRAME(TRAP_PF, 3, do_write_at);
	REQUIRE_EQ(trap_cr2, (uint64_t)page + 8);
}

static void test_page_fault_fetch(void)
{
	uint8_t *page = page_alloc();

	page[0] = 0xc3;
	REQUIRE_EQ(trap_try(do_call, (uint64_t)page), NO_TRAP);
	REQUIRE_EQ(pt_set(page, machine_address(page) | PTE_KERNEL | PTE_NX),
		   0);
	REQUIRE_EQ(trap_try(do_call, (uint64_t)page), TRAP_PF);
	REQUIRE_FRAME(TRAP_PF, 0x11, page);
	REQUIRE_EQ(trap_cr2, (uint64_t)page);
	REQUIRE_EQ(trap_try(do_call, 0x5000), TRAP_PF);
	REQUIRE_FRAME(TRAP_PF, 0x10, 0x5000);
}

/* The hypervisor's own memory looks not-present or protected, never worse. */
static void test_page_fault_hypervisor(void)
{
	static const uint64_t places[] = { HYPERVISOR_PLACES };

	for (unsigned int i = 0; i < sizeof(places) / 8; i++) {
		REQUIRE_EQ(trap_try(do_read, places[i]), TRAP_PF);
		REQUIRE_EQ(trap_cr2, places[i]);
		REQUIRE_EQ(trap_last.error & ~1UL, 0);
		REQUIRE_EQ(trap_try(do_write, places[i]), TRAP_PF);
		REQUIRE_EQ(trap_cr2, places[i]);
		REQUIRE_EQ(trap_last.error & ~1UL, 2);
	}
}

static void x87_error(uint64_t arg)
{
	const uint16_t control = 0x37b;		/* zero divide unmasked */

	(void)arg;
	asm volatile("fninit; fldcw %0; fld1; fldz; fdivrp; fwait"
		     : : "m"(control) : "memory");
}

static void test_x87_error(void)
{
	const int vector = trap_try(x87_error, 0);

	asm volatile("fnclex; fninit");
	REQUIRE_EQ(vector, TRAP_MF);
	REQUIRE_EQ(trap_last.error, 0);
}

static void simd_error(uint64_t arg)
{
	const uint32_t control = 0x1d80;	/* zero divide unmasked */
	static const float one = 1.0f, zero = 0.0f;

	(void)arg;
	asm volatile("ldmxcsr %0; movss %1, %%xmm0; divss %2, %%xmm0"
		     : : "m"(control), "m"(one), "m"(zero) : "memory");
}

static void test_simd_error(void)
{
	const uint32_t control = 0x1f80;
	const int vector = trap_try(simd_error, 0);

	asm volatile("ldmxcsr %0" : : "m"(control));
	if (vector == NO_TRAP)
		SKIP("QEMU's TCG does not raise SIMD exceptions");
	REQUIRE_EQ(vector, TRAP_XM);
	REQUIRE_EQ(trap_last.error, 0);
}

static void align_error(uint64_t arg)
{
	asm volatile("pushfq; orq $0x40000, (%%rsp); popfq\n"
		     "movl 1(%0), %%eax\n"
		     "pushfq; andq $~0x40000, (%%rsp); popfq\n"
		     : : "r"(arg) : "rax", "memory", "cc");
}

static void test_alignment_check(void)
{
	const int vector = trap_try(align_error, (uint64_t)page_alloc());

	if (vector == NO_TRAP)
		SKIP("QEMU's TCG does not check alignment, or CR0.AM is 0");
	REQUIRE_EQ(vector, TRAP_AC);
	REQUIRE_EQ(trap_last.error, 0);
}

static void test_frame(void)
{
	event_disable(0);
	REQUIRE_EQ(trap_try(do_ud2, 0), TRAP_UD);
	REQUIRE_EQ(trap_last.cs & 0xffff, FLAT_KERNEL_CS & ~3);
	REQUIRE_EQ(trap_last.cs >> 32, 1);	/* saved upcall mask */
	REQUIRE_EQ(trap_last.ss, FLAT_KERNEL_SS);
	REQUIRE_EQ(trap_last.rflags & 0x3200, 0);	/* IF, IOPL */
	REQUIRE(trap_last.rsp > (uint64_t)pv_stack &&
		trap_last.rsp < (uint64_t)pv_stack_top);
	event_init();
	event_enable(0);
	const int vector = trap_try(do_ud2, 0);

	event_disable(0);
	REQUIRE_EQ(vector, TRAP_UD);
	REQUIRE_EQ(trap_last.cs >> 32, 0);
	REQUIRE_EQ(trap_last.rflags & 0x3200, 0x200);
}

static uint64_t handler_rflags, handler_stack;
static uint16_t handler_cs, handler_ss;

static bool note_context(struct pv_regs *regs)
{
	asm volatile("pushfq; popq %0" : "=r"(handler_rflags));
	asm("mov %%cs, %0" : "=r"(handler_cs));
	asm("mov %%ss, %0" : "=r"(handler_ss));
	handler_stack = (uint64_t)regs;
	return false;
}

static void flags_then_ud2(uint64_t flags)
{
	asm volatile("pushq %0; popfq; ud2" : : "r"(flags) : "cc");
}

/* NT, AC, RF, TF are cleared for the handler; the real IF stays on. */
static void test_handler_context(void)
{
	trap_hook = note_context;
	const int vector = trap_try(flags_then_ud2, 0x44202);

	trap_hook = NULL;
	REQUIRE_EQ(vector, TRAP_UD);
	REQUIRE_EQ(trap_last.rflags & 0x44000, 0x44000);
	REQUIRE_EQ(handler_rflags & 0x74300, 0x200);
	REQUIRE_EQ(handler_cs, FLAT_KERNEL_CS);
	REQUIRE_EQ(handler_ss, FLAT_KERNEL_SS);
	/* rcx to ss are 7 words below a 16-byte boundary */
	REQUIRE_EQ((handler_stack + sizeof(struct pv_regs)) % 16, 0);
}

static int64_t set_trap(uint8_t vector, uint8_t flags, const void *address)
{
	const struct trap_info table[2] = {
		{ .vector = vector, .flags = flags, .cs = FLAT_KERNEL_CS,
		  .address = (uint64_t)address },
	};

	return hv_set_trap_table(table);
}

static void test_mask_flag(void)
{
	event_init();
	REQUIRE_EQ(set_trap(TRAP_UD, 4, pv_exceptions[TRAP_UD]), 0);
	event_enable(0);
	const int vector = trap_try(do_ud2, 0);
	const bool masked = trap_masked;

	trap_init();
	trap_try(do_ud2, 0);
	const bool masked_without = trap_masked;
	/* the saved IF brought the mask back */
	const bool masked_after = event_disable(0);

	REQUIRE_EQ(vector, TRAP_UD);
	REQUIRE_EQ(trap_last.rflags & 0x200, 0x200);
	REQUIRE(masked);
	REQUIRE(!masked_without);
	REQUIRE(!masked_after);
}

static bool skip_ud2(struct pv_regs *regs)
{
	regs->rip += 2;
	return true;
}

struct pattern {
	uint64_t r[16];
};

extern struct pattern pattern;
struct pattern pattern;		/* named in the assembly below */

static void fill_and_fault(void)
{
	asm volatile(
		"pushq %%rbx; pushq %%rbp\n\t"
		"movq $1, %%rax; movq $2, %%rbx; movq $3, %%rcx\n\t"
		"movq $4, %%rdx; movq $5, %%rsi; movq $6, %%rdi\n\t"
		"movq $7, %%rbp; movq $8, %%r8; movq $9, %%r9\n\t"
		"movq $10, %%r10; movq $11, %%r11; movq $12, %%r12\n\t"
		"movq $13, %%r13; movq $14, %%r14; movq $15, %%r15\n\t"
		"ud2\n\t"
		"pushq %%rax\n\t"
		"movabsq $pattern, %%rax\n\t"
		"popq 8(%%rax)\n\t"
		"movq %%rbx, 16(%%rax); movq %%rcx, 24(%%rax)\n\t"
		"movq %%rdx, 32(%%rax); movq %%rsi, 40(%%rax)\n\t"
		"movq %%rdi, 48(%%rax); movq %%rbp, 56(%%rax)\n\t"
		"movq %%r8, 64(%%rax); movq %%r9, 72(%%rax)\n\t"
		"movq %%r10, 80(%%rax); movq %%r11, 88(%%rax)\n\t"
		"movq %%r12, 96(%%rax); movq %%r13, 104(%%rax)\n\t"
		"movq %%r14, 112(%%rax); movq %%r15, 120(%%rax)\n\t"
		"popq %%rbp; popq %%rbx"
		: : : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10",
		      "r11", "r12", "r13", "r14", "r15", "memory", "cc");
}

static void test_registers_kept(void)
{
	trap_hook = skip_ud2;
	fill_and_fault();
	trap_hook = NULL;
	for (int i = 1; i < 16; i++)
		REQUIRE_EQ(pattern.r[i], i);
}

/* INT n comes without an error code, even where the exception has one: to the
 * handler of one that has none. */
static void test_int_13(void)
{
	REQUIRE_EQ(set_trap(TRAP_GP, 3, pv_exceptions[TRAP_BP]), 0);
	const int vector = trap_try(do_int_13, 0);

	trap_init();
	/* #GP's error code is to be n * 8 + 2; here it is n * 16 + 2, that of
	 * INT 26: a vector of ours, or a word too many on the stack. */
	if (vector == 26 || trap_last.rip == 26 * 8 + 2)
		SKIP("QEMU's TCG does not say which INT n is refused");
	REQUIRE_FRAME(TRAP_BP, 0, do_int_13_next);
}

static void test_int80(void)
{
	REQUIRE_EQ(trap_try(do_int_80, 0), 0x80);
	REQUIRE_FRAME(0x80, 0, do_int_80_next);
}

/* A cleared table has no int 0x80: #GP with the gate's error code. */
static void test_int80_unset(void)
{
	REQUIRE_EQ(hv_set_trap_table(NULL), 0);
	REQUIRE_EQ(set_trap(TRAP_GP, 0, pv_exceptions[TRAP_GP]), 0);
	const int vector = trap_try(do_int_80, 0);

	trap_init();
	REQUIRE_EQ(vector, TRAP_GP);
	REQUIRE_FRAME(TRAP_GP, 0x402, do_int_80_at);
}

static void test_table_errors(void)
{
	REQUIRE_EQ(set_trap(TRAP_UD, 0, (void *)0x0000900000000000), EINVAL_);
	REQUIRE_EQ(hv_set_trap_table((void *)0x1000), EFAULT_);
	trap_init();
}

static void test_privileged(void)
{
	REQUIRE_EQ(trap_try(do_invlpg, 0), TRAP_GP);
	REQUIRE_FRAME(TRAP_GP, 0, do_invlpg_at);
}

/* A read of the M2P far beyond memory is a page fault like any other. */
static void test_m2p_hole(void)
{
	REQUIRE_EQ(trap_try(do_read, 0xffff803ffffff000), TRAP_PF);
	REQUIRE_EQ(trap_cr2, 0xffff803ffffff000);
}

const struct test tests[] = {TEST(divide_error), TEST(breakpoint),
	TEST(overflow), TEST(invalid_opcode), TEST(icebp), TEST(single_step),
	TEST(device_not_available), TEST(general_protection), TEST(privileged),
	TEST(empty_gdt), TEST(page_fault_read), TEST(page_fault_write),
	TEST(page_fault_fetch), TEST(page_fault_hypervisor), TEST(m2p_hole),
	TEST(x87_error), TEST(simd_error), TEST(alignment_check), TEST(frame),
	TEST(handler_context), TEST(mask_flag), TEST(registers_kept),
	TEST(int_13), TEST(int80), TEST(int80_unset), TEST(table_errors),
	TESTS_END};
