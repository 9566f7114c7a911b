/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves the iret hypercall and the ways into the kernel from user mode: all
 * registers come back, the upcall mask follows RFLAGS.IF, forbidden flags are
 * dropped, RPL decides the mode, the user root is in force in user mode and
 * the kernel root and stack in the kernel; frames of system calls, exceptions,
 * int 0x80 and events from user mode; compatibility mode; and that a context
 * that cannot be resumed comes back as an exception.
 */
#include <xen/callback.h>

#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

extern struct pv_regs after;
struct pv_regs after;		/* named in the assembly below */

/* Resumed here: stores what it finds and ends with ud2. */
void landing(void);
asm(".text\n"
    "landing:\n"
    "	pushq %rax\n"
    "	pushfq\n"
    "	movabs $after, %rax\n"
    "	popq 152(%rax)\n"
    "	popq 104(%rax)\n"
    "	movq %r15, 0(%rax); movq %r14, 8(%rax)\n"
    "	movq %r13, 16(%rax); movq %r12, 24(%rax)\n"
    "	movq %r10, 32(%rax); movq %r9, 40(%rax)\n"
    "	movq %r8, 48(%rax); movq %rdi, 56(%rax)\n"
    "	movq %rsi, 64(%rax); movq %rcx, 72(%rax)\n"
    "	movq %rdx, 80(%rax); movq %rbx, 88(%rax)\n"
    "	movq %rbp, 96(%rax); movq %r11, 112(%rax)\n"
    "	movq %rsp, 160(%rax)\n"
    "	movq %cs, %rcx; movq %rcx, 144(%rax)\n"
    "	movq %ss, %rcx; movq %rcx, 168(%rax)\n"
    "	ud2\n");

static struct pv_regs pattern(uint64_t cs)
{
	return (struct pv_regs){
		.r15 = 15, .r14 = 14, .r13 = 13, .r12 = 12, .r10 = 10,
		.r9 = 9, .r8 = 8, .rdi = 7, .rsi = 6, .rcx = 2, .rdx = 3,
		.rbx = 1, .rbp = 5, .rax = 77, .r11 = 11,
		.rip = (uint64_t)landing, .cs = cs, .rflags = 0x202,
		.rsp = (uint64_t)(user_stack + sizeof(user_stack)),
		.ss = FLAT_KERNEL_SS,
	};
}

static bool registers_came_back(const struct pv_regs *regs)
{
	return after.r15 == regs->r15 && after.r14 == regs->r14 &&
	       after.r13 == regs->r13 && after.r12 == regs->r12 &&
	       after.r10 == regs->r10 && after.r9 == regs->r9 &&
	       after.r8 == regs->r8 && after.rdi == regs->rdi &&
	       after.rsi == regs->rsi && after.rcx == regs->rcx &&
	       after.rdx == regs->rdx && after.rbx == regs->rbx &&
	       after.rbp == regs->rbp && after.rax == regs->rax &&
	       after.r11 == regs->r11 && after.rsp == regs->rsp;
}

static void test_to_kernel(void)
{
	const struct pv_regs regs = pattern(FLAT_KERNEL_CS & ~3UL);

	after = (struct pv_regs){ 0 };
	REQUIRE_EQ(user_run(&regs), TRAP_UD);
	REQUIRE(registers_came_back(&regs));
	REQUIRE_EQ(after.cs, FLAT_KERNEL_CS);
	REQUIRE_EQ(after.ss, FLAT_KERNEL_SS);
	REQUIRE_EQ(trap_last.cs & 0xffff, FLAT_KERNEL_CS & ~3UL);
	/* the trap came on the stack that was current */
	REQUIRE_EQ(trap_last.rsp, regs.rsp);
}

static void test_to_user(void)
{
	const struct pv_regs regs = pattern(FLAT_USER_CS);

	after = (struct pv_regs){ 0 };
	REQUIRE_EQ(user_run(&regs), TRAP_UD);
	REQUIRE(registers_came_back(&regs));
	REQUIRE_EQ(after.cs, FLAT_USER_CS);
	REQUIRE_EQ(trap_last.cs & 0xffff, FLAT_USER_CS);
	REQUIRE_EQ(trap_last.ss, FLAT_USER_SS);
	REQUIRE_EQ(trap_last.error, 0);
}

/* RPLs are raised to 3, IOPL and VM dropped, the real IF is always on. */
static void test_flags_and_selectors(void)
{
	struct pv_regs regs = pattern(FLAT_USER_CS);

	regs.ss = FLAT_USER_SS & ~3UL;
	regs.rflags = 0x202 | 0x3000 | 0x20000 | 0x8d5;
	REQUIRE_EQ(user_run(&regs), TRAP_UD);
	REQUIRE_EQ(after.ss, FLAT_USER_SS);
	REQUIRE_EQ(after.rflags & 0x3000, 0);
	REQUIRE_EQ(after.rflags & 0x202, 0x202);
	REQUIRE_EQ(after.rflags & 0x8d5, 0x8d5);
}

static void test_mask_follows_if(void)
{
	struct pv_regs regs = pattern(FLAT_KERNEL_CS & ~3UL);

	event_init();
	regs.rflags = 0x2;
	REQUIRE_EQ(user_run(&regs), TRAP_UD);
	REQUIRE_EQ(after.rflags & 0x200, 0x200);
	REQUIRE(trap_masked);
	REQUIRE_EQ(trap_last.rflags & 0x200, 0);
	regs.rflags = 0x202;
	REQUIRE_EQ(user_run(&regs), TRAP_UD);
	const bool unmasked = !event_disable(0);

	REQUIRE(!trap_masked);
	REQUIRE(unmasked);
	REQUIRE_EQ(trap_last.rflags & 0x200, 0x200);
}

/* VGCF_in_syscall: rcx and r11 need not survive; all else does. */
static void resume_in_syscall(uint64_t regs_address)
{
	struct pv_regs *regs = (struct pv_regs *)regs_address;
	const struct iret_context frame = {
		.rax = regs->rax, .r11 = regs->r11, .rcx = regs->rcx,
		.flags = VGCF_in_syscall, .rip = regs->rip, .cs = regs->cs,
		.rflags = regs->rflags, .rsp = regs->rsp, .ss = regs->ss,
	};

	asm volatile("movq %0, %%rsp; movq $1, %%rbx; movq $5, %%rbp\n\t"
		     "movl $23, %%eax; syscall"
		     : : "r"(&frame), "m"(frame) : "memory");
	__builtin_unreachable();
}

static void test_in_syscall(void)
{
	struct pv_regs regs = pattern(FLAT_USER_CS);

	user_init();
	after = (struct pv_regs){ 0 };
	REQUIRE_EQ(trap_try(resume_in_syscall, (uint64_t)&regs), TRAP_UD);
	REQUIRE_EQ(after.rax, 77);
	REQUIRE_EQ(after.rbx, 1);
	REQUIRE_EQ(after.rbp, 5);
	REQUIRE_EQ(after.rsp, regs.rsp);
	REQUIRE_EQ(after.rflags & 0x202, 0x202);
	REQUIRE_EQ(trap_last.cs & 3, 3);
}

void do_syscall(uint64_t arg);
extern char after_syscall[];
asm(".text\n"
    "do_syscall:\n"
    "	movl $17, %eax; movl $1, %esi; movl $2, %edx; movl $3, %r10d\n"
    "	std\n"
    "	syscall\n"
    "after_syscall:\n"
    "	ud2\n");

static uint64_t in_handler_cr3, in_handler_sp, in_handler_flags;

static bool note_handler(struct pv_regs *regs)
{
	asm volatile("mov %%cr3, %0" : "=r"(in_handler_cr3));
	in_handler_sp = (uint64_t)regs;
	in_handler_flags = event_vcpu_info(0)->evtchn_upcall_mask;
	return false;
}

static void test_syscall(void)
{
	trap_hook = note_handler;
	const int vector = user_call(do_syscall, 0xd1);

	trap_hook = NULL;
	/* number 17 is a hypercall in the kernel, never here */
	REQUIRE_EQ(vector, PV_VECTOR_SYSCALL);
	REQUIRE_EQ(trap_last.rip, (uint64_t)after_syscall);
	REQUIRE_EQ(trap_last.cs & 0xffff, FLAT_USER_CS);
	REQUIRE_EQ(trap_last.ss, FLAT_USER_SS);
	REQUIRE_EQ(trap_last.rsp, (uint64_t)user_stack + 8192 - 8);
	REQUIRE_EQ(trap_last.rflags & 0x602, 0x602);	/* DF, IF */
	REQUIRE_EQ(trap_last.rax, 17);
	REQUIRE_EQ(trap_last.rdi, 0xd1);
	REQUIRE_EQ(trap_last.rsi, 1);
	REQUIRE_EQ(trap_last.rdx, 2);
	REQUIRE_EQ(trap_last.r10, 3);
	/* the frame lies at the top of the kernel stack, under kernel root */
	REQUIRE_EQ(in_handler_sp + sizeof(struct pv_regs),
		   (uint64_t)kernel_stack + sizeof(kernel_stack));
	REQUIRE_EQ(in_handler_cr3 / PV_PAGE, pv_frame(pt_root()));
}

static void test_syscall_masks(void)
{
	event_init();
	REQUIRE_EQ(callback(CALLBACKTYPE_syscall, CALLBACKF_mask_events,
			    pv_syscall), 0);
	trap_hook = note_handler;
	REQUIRE_EQ(user_call(do_syscall, 0), PV_VECTOR_SYSCALL);
	const uint64_t masked = in_handler_flags;

	REQUIRE_EQ(callback(CALLBACKTYPE_syscall, 0, pv_syscall), 0);
	REQUIRE_EQ(user_call(do_syscall, 0), PV_VECTOR_SYSCALL);
	trap_hook = NULL;
	event_disable(0);
	REQUIRE_EQ(masked, 1);
	REQUIRE_EQ(in_handler_flags, 0);
	REQUIRE_EQ(trap_last.rflags & 0x200, 0x200);
}

/* The old form of registering says nothing of the mask: it is not set. */
static void test_set_callbacks(void)
{
	user_init();
	event_init();
	REQUIRE_EQ(callback(CALLBACKTYPE_syscall, CALLBACKF_mask_events,
			    pv_syscall), 0);
	/* an impossible address is left out, and nobody told */
	REQUIRE_EQ(PV_CALL3(__HYPERVISOR_set_callbacks, pv_event,
			    failsafe_entry, 1ull << 63), 0);
	trap_hook = note_handler;
	REQUIRE_EQ(user_call(do_syscall, 0), PV_VECTOR_SYSCALL);
	const uint64_t masked = in_handler_flags;

	REQUIRE_EQ(PV_CALL3(__HYPERVISOR_set_callbacks, pv_event,
			    failsafe_entry, pv_syscall), 0);
	REQUIRE_EQ(user_call(do_syscall, 0), PV_VECTOR_SYSCALL);
	trap_hook = NULL;
	event_disable(0);
	REQUIRE_EQ(masked, 1);
	REQUIRE_EQ(in_handler_flags, 0);
}

/* No callback: the instruction is undefined, as on a CPU without SYSCALL. */
static void test_syscall_without_callback(void)
{
	user_init();
	REQUIRE_EQ(callback(CALLBACKTYPE_syscall, 0, NULL), 0);
	const int vector = user_call(do_syscall, 0);

	REQUIRE_EQ(callback(CALLBACKTYPE_syscall, 0, pv_syscall), 0);
	REQUIRE_EQ(vector, TRAP_UD);
	REQUIRE_EQ(trap_last.rip, (uint64_t)after_syscall - 2);
}

static void user_read(uint64_t va)
{
	(void)*(volatile uint64_t *)va;
	asm volatile("syscall");
}

static void user_write(uint64_t va)
{
	*(volatile uint64_t *)va = 1;
	asm volatile("syscall");
}

static void kernel_read(uint64_t va)
{
	(void)*(volatile uint64_t *)va;
}

/* Slot 1 is in the kernel's root only; error bit 2 tells who faulted. */
static void test_two_roots(void)
{
	static const uint64_t places[] = { HYPERVISOR_PLACES };

	user_init();
	REQUIRE_EQ(trap_try(kernel_read, PV_P2M_BASE), NO_TRAP);
	REQUIRE_EQ(user_call(user_read, PV_P2M_BASE), TRAP_PF);
	REQUIRE_EQ(trap_last.error, 4);
	REQUIRE_EQ(trap_cr2, PV_P2M_BASE);
	REQUIRE_EQ(user_call(user_write, PV_P2M_BASE + 8), TRAP_PF);
	REQUIRE_EQ(trap_last.error, 6);
	REQUIRE_EQ(user_call(user_read, USER_PAGE), PV_VECTOR_SYSCALL);
	for (unsigned int i = 0; i < sizeof(places) / 8; i++) {
		REQUIRE_EQ(user_call(user_read, places[i]), TRAP_PF);
		REQUIRE_EQ(trap_cr2, places[i]);
		REQUIRE_EQ(trap_last.error & ~1UL, 4);
	}
	/* and the kernel still sees its own */
	REQUIRE_EQ(trap_try(kernel_read, PV_P2M_BASE), NO_TRAP);
}

void do_int80(uint64_t arg);
extern char after_int80[];
asm(".text\ndo_int80: int $0x80\nafter_int80: ud2\n");

static void do_int3(uint64_t arg)
{
	(void)arg;
	asm volatile("int3");
}

static void do_hlt(uint64_t arg)
{
	(void)arg;
	asm volatile("hlt");
}

static void test_exceptions_from_user(void)
{
	REQUIRE_EQ(user_call(do_int80, 0), 0x80);
	REQUIRE_EQ(trap_last.rip, (uint64_t)after_int80);
	REQUIRE_EQ(trap_last.cs & 3, 3);
	REQUIRE_EQ(user_call(do_int3, 0), TRAP_BP);
	REQUIRE_EQ(trap_last.cs & 3, 3);
	REQUIRE_EQ(user_call(do_hlt, 0), TRAP_GP);
	REQUIRE_EQ(trap_last.error, 0);
	REQUIRE_EQ(trap_last.rip, (uint64_t)do_hlt);
}

/* A store to a page table by user code is a fault, never emulated. */
static void test_no_table_stores_from_user(void)
{
	uint64_t *entry = pt_entry(NULL, va_alloc(), 1);

	REQUIRE_EQ(user_call(user_write, (uint64_t)entry), TRAP_PF);
	REQUIRE_EQ(trap_last.error, 7);
	REQUIRE_EQ(*entry, 0);
}

static uint64_t events_seen;

static void event_seen(uint32_t port, void *data)
{
	(void)port;
	(void)data;
	events_seen++;
}

/* An event that is pending when user mode is entered comes first. */
static void test_event_before_user(void)
{
	const int64_t port = event_alloc(DOMID_SELF);
	const int64_t peer = event_bind_interdomain(DOMID_SELF, port);

	REQUIRE(port > 0 && peer > 0);
	event_init();
	event_disable(0);
	event_register(port, event_seen, NULL);
	events_seen = 0;
	REQUIRE_EQ(event_send(peer), 0);
	REQUIRE_EQ(events_seen, 0);
	const struct pv_regs regs = pattern(FLAT_USER_CS);

	after = (struct pv_regs){ 0 };
	REQUIRE_EQ(user_run(&regs), TRAP_UD);
	event_disable(0);
	REQUIRE_EQ(events_seen, 1);
	/* and user mode was entered afterwards, undamaged */
	REQUIRE(registers_came_back(&regs));
	event_close(peer);
	event_close(port);
}

/* 32-bit code: int $0x80, then sysenter or syscall are the kernel's. */
static struct pv_regs compat(const uint8_t *code, unsigned int len)
{
	user_init();
	for (unsigned int i = 0; i < len; i++)
		((volatile uint8_t *)USER_PAGE)[i] = code[i];
	struct pv_regs regs = user_regs(NULL, 0);

	regs.rip = USER_PAGE;
	regs.cs = FLAT_RING3_CS32;
	regs.rsp = USER_PAGE + 4000;
	return regs;
}

static void test_compat_mode(void)
{
	/* dec %eax would be a REX prefix in 64-bit mode; int $0x80 */
	static const uint8_t code[] = { 0x48, 0x48, 0xcd, 0x80 };
	struct pv_regs regs = compat(code, sizeof(code));

	regs.rax = 0x10;
	REQUIRE_EQ(user_run(&regs), 0x80);
	REQUIRE_EQ(trap_last.rax, 0x0e);
	REQUIRE_EQ(trap_last.rip, USER_PAGE + 4);
	REQUIRE_EQ(trap_last.cs & 0xffff, FLAT_RING3_CS32);
	REQUIRE_EQ(trap_last.rsp, USER_PAGE + 4000);
}

static void test_compat_ud2(void)
{
	static const uint8_t code[] = { 0x0f, 0x0b };
	struct pv_regs regs = compat(code, sizeof(code));

	REQUIRE_EQ(user_run(&regs), TRAP_UD);
	REQUIRE_EQ(trap_last.cs & 0xffff, FLAT_RING3_CS32);
	REQUIRE_EQ(trap_last.rip, USER_PAGE);
}

/*
 * Contexts that IRET itself refuses: #GP as if at the destination, in a frame
 * that shows what was wanted, on the kernel stack.
 */
static void test_refused_contexts(void)
{
	struct pv_regs regs = pattern(FLAT_USER_CS);

	regs.rip = 0x0000800000000000;
	REQUIRE_EQ(user_run(&regs), TRAP_GP);
	REQUIRE_EQ(trap_last.error, 0);
	REQUIRE_EQ(trap_last.rip, 0x0000800000000000);
	REQUIRE_EQ(trap_last.rsp, regs.rsp);
	REQUIRE_EQ(trap_last.cs & 0xffff, FLAT_USER_CS);
	regs = pattern(FLAT_USER_CS);
	regs.cs = 0x1b;		/* no such descriptor */
	REQUIRE_EQ(user_run(&regs), TRAP_GP);
	REQUIRE_EQ(trap_last.error, 0x18);
	REQUIRE_EQ(trap_last.rip, (uint64_t)landing);
	REQUIRE_EQ(trap_last.cs & 0xffff, 0x1b);
	REQUIRE_EQ(trap_last.rax, 77);
	regs = pattern(FLAT_USER_CS);
	regs.ss = 0x23;
	REQUIRE_EQ(user_run(&regs), TRAP_GP);
	REQUIRE_EQ(trap_last.error, 0x20);
	REQUIRE_EQ(trap_last.ss, 0x23);
	/* everything works as before */
	REQUIRE_EQ(user_call(do_int80, 0), 0x80);
}

const struct test tests[] = {
	TEST(to_kernel),
	TEST(to_user),
	TEST(flags_and_selectors),
	TEST(mask_follows_if),
	TEST(in_syscall),
	TEST(syscall),
	TEST(syscall_masks),
	TEST(set_callbacks),
	TEST(syscall_without_callback),
	TEST(two_roots),
	TEST(exceptions_from_user),
	TEST(no_table_stores_from_user),
	TEST(event_before_user),
	TEST(compat_mode),
	TEST(compat_ud2),
	TEST(refused_contexts),
	TESTS_END
};
