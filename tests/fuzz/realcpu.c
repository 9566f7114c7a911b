// SPDX-License-Identifier: BSD-2-Clause
/* See realcpu.h. */
#include "tests/fuzz/realcpu.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define PAGE 4096ul
/* Small, so that what goes through FS or GS hits other data, not nothing. */
#define FS_BASE 0x40
#define GS_BASE 0x80

static pid_t processes[2];
static struct user_regs_struct initial;

static void map_shared(unsigned long at)
{
	CHECK(mmap((void *)at, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		      0) == (void *)at);
}

/* What it stopped with, 0: it has ended. libFuzzer's alarm clock interrupts
 * system calls. */
static int wait_for_stop(pid_t pid)
{
	int status;
	pid_t got;

	do
		got = waitpid(pid, &status, 0);
	while (got < 0 && errno == EINTR);
	CHECK(got == pid);
	return WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
}

/* 0: this place lets nobody trace. */
static pid_t traced_process(int data_rights)
{
	const pid_t child = fork();

	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		mprotect((void *)REALCPU_CODE, PAGE, PROT_READ | PROT_EXEC);
		mprotect((void *)REALCPU_DATA, PAGE, data_rights);
		if (!ptrace(PTRACE_TRACEME, 0, 0, 0))
			raise(SIGSTOP);
		_exit(1);
	}
	CHECK(child > 0);
	return wait_for_stop(child) == SIGSTOP ? child : 0;
}

/* Is a step one instruction here, and a fault where the manual says? */
static bool steps_as_a_cpu(void)
{
	struct regs regs = { .rip = REALCPU_CODE_END - 1, .rflags = 2 };
	uint8_t *const last = (uint8_t *)REALCPU_CODE_END - 1;
	struct outcome o;

	*last = 0x90; /* NOP */
	o = realcpu_execute(REALCPU_READER, &regs);
	if (!o.executed || o.regs.rip != REALCPU_CODE_END)
		return false;
	*last = 0x0f; /* there is more to come */
	return realcpu_execute(REALCPU_READER, &regs).fetch;
}

bool realcpu_start(void)
{
	map_shared(REALCPU_CODE);
	map_shared(REALCPU_CODE_END);
	map_shared(REALCPU_DATA);
	processes[REALCPU_READER] = traced_process(PROT_READ);
	processes[REALCPU_WRITER] = traced_process(PROT_READ | PROT_WRITE);
	if (!processes[REALCPU_READER] || !processes[REALCPU_WRITER] ||
		ptrace(PTRACE_GETREGS, processes[0], 0, &initial))
		return false;
	initial.orig_rax = ~0ull; /* it is in no system call */
	initial.fs_base = FS_BASE;
	initial.gs_base = GS_BASE;
	return steps_as_a_cpu();
}

#define FOR_EACH_REGISTER(do)                                              \
	do(rax) do(rcx) do(rdx) do(rbx) do(rsp) do(rbp) do(rsi) do(rdi)    \
	do(r8) do(r9) do(r10) do(r11) do(r12) do(r13) do(r14) do(r15)      \
	do(rip)

static void set_registers(pid_t pid, const struct regs *regs)
{
	struct user_regs_struct to = initial;

#define SET(name) to.name = regs->name;
	FOR_EACH_REGISTER(SET)
	to.eflags = regs->rflags;
	CHECK(!ptrace(PTRACE_SETREGS, pid, 0, &to));
}

static void get_registers(pid_t pid, struct regs *regs)
{
	struct user_regs_struct from;

	CHECK(!ptrace(PTRACE_GETREGS, pid, 0, &from));
#define GET(name) regs->name = from.name;
	FOR_EACH_REGISTER(GET)
	regs->rflags = from.eflags;
}

struct outcome realcpu_execute(enum realcpu which, const struct regs *regs)
{
	const pid_t pid = processes[which];
	struct outcome o = { 0 };
	siginfo_t info;
	int stop;

	set_registers(pid, regs);
	CHECK(!ptrace(PTRACE_SINGLESTEP, pid, 0, 0));
	stop = wait_for_stop(pid);
	CHECK(stop && !ptrace(PTRACE_GETSIGINFO, pid, 0, &info));
	get_registers(pid, &o.regs);
	o.executed = stop == SIGTRAP;
	o.undefined = stop == SIGILL;
	if (stop == SIGSEGV)
		o.fault = (uint64_t)info.si_addr;
	/* The kernel carries out SMSW and the like, without a stop. */
	o.fetch = o.fault == REALCPU_CODE_END && o.regs.rip == regs->rip;
	return o;
}
