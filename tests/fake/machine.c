// SPDX-License-Identifier: BSD-2-Clause
/*
 * CPUs, interrupts and the clock of the fake machine.
 */
#include "machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/refusal.h"
#include "core/sched.h"
#include "core/softirq.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "mm/frame.h"
#include "x86/asm.h"
#include "x86/clock.h"
#include "x86/context.h"
#include "x86/cpu.h"
#include "x86/smp.h"
#include "x86/traps.h"

struct cpu_info cpu_info; /* a CPU without any feature */

#define CPUS 8

void fake_memory_reset(void);
void fake_guest_reset(void);

uint64_t machine_now, machine_ipis;
char machine_log[256];
cpumask_t cpus_online;
unsigned nr_cpus;
uint64_t wallclock_at_boot = 1700000000;

static struct cpu cpus[CPUS];
static uint64_t deadlines[CPUS];
static unsigned cpu_now;
static bool interrupts_off;
static jmp_buf switched;
static bool may_switch;
void (*machine_relaxes)(void);

struct cpu *this_cpu(void)
{
	return &cpus[cpu_now];
}

struct cpu *cpu_of(unsigned number)
{
	return &cpus[number];
}

struct regs *guest_regs(void)
{
	static struct regs regs;

	return &regs;
}

void machine_on_cpu(unsigned cpu)
{
	cpu_now = cpu;
}

void machine_reset(unsigned nr)
{
	fake_memory_reset();
	fake_guest_reset();
	memset(cpus, 0, sizeof(cpus));
	machine_now = 1000000000;
	machine_ipis = 0;
	interrupts_off = false;
	nr_cpus = nr;
	cpus_online.bits = (1ull << nr) - 1;
	hardware_domain = NULL;
	softirq_init();
	for (unsigned i = 0; i < nr; i++) {
		cpus[i].number = i;
		deadlines[i] = ~0ull;
	}
	for (unsigned i = 0; i < nr; i++) {
		machine_on_cpu(i);
		timer_init_cpu(&cpus[i]);
		sched_init_cpu(&cpus[i]);
	}
	machine_on_cpu(0);
	domain_init();
}

/* Interrupts */

bool irq_enabled(void)
{
	return !interrupts_off;
}

void irq_disable(void)
{
	interrupts_off = true;
}

void irq_enable(void)
{
	interrupts_off = false;
}

uint64_t read_rflags(void)
{
	return interrupts_off ? 0 : 0x200;
}

uint64_t irq_save(void)
{
	const uint64_t flags = read_rflags();

	interrupts_off = true;
	return flags;
}

void irq_restore(uint64_t flags)
{
	interrupts_off = !(flags & 0x200);
}

void cpu_wait(void)
{
	panic("a CPU waits for ever");
}

void smp_send_event_check(unsigned cpu)
{
	ASSERT(cpu < nr_cpus);
	machine_ipis |= 1ull << cpu;
}

/* Clock */

uint64_t now(void)
{
	return machine_now;
}

uint64_t rdtsc(void)
{
	return machine_now;
}

uint64_t clock_ns(uint64_t tsc)
{
	return tsc;
}

uint64_t clock_tsc_khz(void)
{
	return 1000000;
}

uint64_t clock_tsc_base(void)
{
	return 0;
}

bool clock_tsc_stable(void)
{
	return true;
}

void clock_scale(uint32_t *mul, int8_t *shift)
{
	*mul = 0x80000000;
	*shift = 1;
}

void timer_hw_set(uint64_t deadline)
{
	deadlines[cpu_now] = deadline;
}

uint64_t machine_deadline(void)
{
	uint64_t first = ~0ull;

	for (unsigned i = 0; i < nr_cpus; i++)
		if (deadlines[i] < first)
			first = deadlines[i];
	return first;
}

void machine_advance(uint64_t to)
{
	if (to > machine_now)
		machine_now = to;
	for (unsigned i = 0; i < nr_cpus; i++)
		if (deadlines[i] <= machine_now) {
			deadlines[i] = ~0ull;
			atomic_or(&cpus[i].softirq, SOFTIRQ_TIMER);
		}
}

/* Running */

_Noreturn void context_switch(struct vcpu *prev, struct vcpu *next)
{
	ASSERT(interrupts_off && may_switch && this_cpu()->vcpu == prev);
	ASSERT(!this_cpu()->lock_ranks);
	this_cpu()->vcpu = next;
	sched_saved(prev);
	sched_loaded(next);
	longjmp(switched, 1);
}

void machine_enter(struct vcpu *v)
{
	this_cpu()->vcpu = v;
}

bool machine_run_cpu(unsigned cpu)
{
	const struct vcpu *const before = cpus[cpu].vcpu;
	const bool outer = may_switch; /* it waits for this CPU, perhaps */
	jmp_buf outer_switched;

	memcpy(&outer_switched, &switched, sizeof(switched));
	machine_on_cpu(cpu);
	interrupts_off = true;
	may_switch = true;
	if (!setjmp(switched))
		softirq_run();
	may_switch = outer;
	memcpy(&switched, &outer_switched, sizeof(switched));
	interrupts_off = false;
	ASSERT(!this_cpu()->lock_ranks);
	return this_cpu()->vcpu != before;
}

void machine_settle(void)
{
	bool more = true;

	for (unsigned rounds = 0; more; rounds++) {
		ASSERT(rounds < 10000);
		more = false;
		for (unsigned i = 0; i < nr_cpus; i++)
			if (cpus[i].softirq) {
				machine_run_cpu(i);
				more = true;
			}
	}
	machine_on_cpu(0);
}

/* Messages */

static void print(const char *kind, const char *fmt, va_list args)
{
	vsnprintf(machine_log, sizeof(machine_log), fmt, args);
	if (getenv("VERBOSE"))
		fprintf(stderr, "# %s%s\n", kind, machine_log);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	va_list args;

	(void)level;
	va_start(args, fmt);
	print("", fmt, args);
	va_end(args);
}

void log_guest(enum log_level level, const char *fmt, ...)
{
	va_list args;

	(void)level;
	va_start(args, fmt);
	print("guest: ", fmt, args);
	va_end(args);
}

/* Refusals: what is recorded there is not looked at here. */

int reject(int rc, const char *fmt, ...)
{
	(void)fmt;
	return rc;
}

int refusal_init(struct domain *d)
{
	(void)d;
	return 0;
}

void refusal_free(struct domain *d)
{
	(void)d;
}

_Noreturn void panic_regs(const struct regs *regs, const char *fmt, ...)
{
	va_list args;

	(void)regs;
	va_start(args, fmt);
	print("panic: ", fmt, args);
	va_end(args);
	fprintf(stderr, "panic: %s\n", machine_log);
	abort();
}

_Noreturn void assert_failed(const char *condition, const char *file, int line)
{
	panic("%s:%d: %s", file, line, condition);
}
