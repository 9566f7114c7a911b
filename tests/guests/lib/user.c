/* SPDX-License-Identifier: BSD-2-Clause */
/* User mode for the test guests; see user.h. */
#include "tests/guests/lib/user.h"

#include <xen/callback.h>

#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

char user_stack[8192] __attribute__((aligned(16)));
char kernel_stack[16384] __attribute__((aligned(16)));
struct failsafe_frame failsafe_frame;

static uint64_t *root;

uint64_t *user_root(void)
{
	return root;
}

int64_t callback(unsigned int type, unsigned int flags, void (*entry)(void))
{
	const struct callback_register reg = {
		.type = type, .flags = flags, .address = (uint64_t)entry,
	};

	return hv_callback_op(CALLBACKOP_register, &reg);
}

/* A chain of tables for USER_PAGE; returns the L3's entry for slot 0. */
static uint64_t map_user_page(void)
{
	uint64_t *l3 = page_alloc(), *l2 = page_alloc(), *l1 = page_alloc();

	l1[0] = machine_address(page_alloc()) | PTE_KERNEL;
	l2[(USER_PAGE >> 21) & 511] = machine_address(l1) | PTE_KERNEL;
	l3[0] = machine_address(l2) | PTE_KERNEL;
	if (pt_protect(l1, false) || pt_protect(l2, false) ||
	    pt_protect(l3, false))
		os_panic("cannot make the user tables read-only");
	return machine_address(l3) | PTE_KERNEL;
}

void user_init(void)
{
	if (root)
		return;
	root = table_alloc();
	const uint64_t low = map_user_page();

	if (pt_write(&root[511], pt_root()[511]) || pt_write(&root[0], low) ||
	    pt_write(&pt_root()[0], low) ||
	    mmuext(MMUEXT_PIN_L4_TABLE, pv_frame(root)) ||
	    mmuext(MMUEXT_NEW_USER_BASEPTR, pv_frame(root)))
		os_panic("cannot install the user root");
	if (hv_stack_switch(FLAT_KERNEL_SS,
			    (uint64_t)(kernel_stack + sizeof(kernel_stack))) ||
	    callback(CALLBACKTYPE_syscall, 0, pv_syscall) ||
	    callback(CALLBACKTYPE_failsafe, 0, failsafe_entry))
		os_panic("cannot set up entries from user mode");
}

struct pv_regs user_regs(void (*fn)(uint64_t arg), uint64_t arg)
{
	return (struct pv_regs){
		.rdi = arg, .rip = (uint64_t)fn, .cs = FLAT_USER_CS,
		.rflags = 0x202, .ss = FLAT_USER_SS,
		.rsp = (uint64_t)(user_stack + sizeof(user_stack) - 8),
	};
}

/* pv_resume() uses the words below regs: they must be stack. */
static void enter(uint64_t regs)
{
	struct pv_regs copy = *(const struct pv_regs *)regs;

	pv_resume(&copy);
}

int user_run(const struct pv_regs *regs)
{
	user_init();
	return trap_try(enter, (uint64_t)regs);
}

int user_call(void (*fn)(uint64_t arg), uint64_t arg)
{
	const struct pv_regs regs = user_regs(fn, arg);

	return user_run(&regs);
}

/* An exception at the destination may come on this stack. */
static struct {
	uint64_t room[512];
	struct iret_context frame;
} iret_stack __attribute__((aligned(16)));

static void enter_by_frame(uint64_t frame)
{
	asm volatile("movq %0, %%rsp; movl %1, %%eax; syscall"
		     : : "r"(frame), "i"(__HYPERVISOR_iret) : "memory");
	__builtin_unreachable();
}

int user_iret(const struct iret_context *frame)
{
	user_init();
	iret_stack.frame = *frame;
	return trap_try(enter_by_frame, (uint64_t)&iret_stack.frame);
}

void user_map(uint64_t va, const void *page)
{
	uint64_t *l3 = page_alloc(), *l2 = page_alloc(), *l1 = page_alloc();
	const unsigned int slot = va >> 39 & 511;

	user_init();
	l1[va >> 12 & 511] = machine_address(page) | PTE_KERNEL;
	l2[va >> 21 & 511] = machine_address(l1) | PTE_KERNEL;
	l3[va >> 30 & 511] = machine_address(l2) | PTE_KERNEL;
	if (pt_protect(l1, false) || pt_protect(l2, false) ||
	    pt_protect(l3, false) ||
	    pt_write(&root[slot], machine_address(l3) | PTE_KERNEL) ||
	    pt_write(&pt_root()[slot], machine_address(l3) | PTE_KERNEL))
		os_panic("cannot map %#lx", va);
}
