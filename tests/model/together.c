// SPDX-License-Identifier: BSD-2-Clause
/*
 * Two CPUs, each inside a call at the same time. A call is a coroutine; it
 * stops where the code asks for something more urgent, where it waits for a
 * lock or for the other CPU, and before and after the functions that leave a
 * moment for others: locks, references, flushes, copies from and to guests.
 * Which CPU goes on there is up to the seed. Not while interrupts are off: what
 * is done then is done under locks, all of it or nothing.
 *
 * Who came first cannot be told afterwards, so nothing is compared with the
 * specification: the audit must be clean when both have returned, and no CPU
 * may ever use what it must not (hardware.c).
 */
#include <string.h>

#include "core/domain.h"
#include "machine.h"
#include "mm/frame.h"
#include "mm/guestmem.h"
#include "mm/tlb.h"
#include "model.h"
#include "pv/decode.h"
#include "x86/asm.h"
#include "x86/spinlock.h"
#include "xen/errno.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#endif

#ifdef SANITIZED
#include <sanitizer/common_interface_defs.h>
#else
static inline void __sanitizer_start_switch_fiber(
	void **save, const void *stack, size_t size)
{
	(void)save;
	(void)stack;
	(void)size;
}

static inline void __sanitizer_finish_switch_fiber(
	void *save, const void **stack, size_t *size)
{
	(void)save;
	(void)stack;
	(void)size;
}
#endif

#define CPUS 2
#define STACK (512 * 1024)
#define SWITCHES_MAX 1000000

static char stacks[CPUS][STACK] __attribute__((aligned(16)));
static void *home, *inside[CPUS]; /* stack pointers, while others run */
static const void *home_stack;
static size_t home_size;
static void *home_fake, *fakes[CPUS]; /* the sanitizer's */

static struct call *work[CPUS]; /* NULL: the CPU has returned */
static int64_t result[CPUS];
static int running = -1; /* CPU, -1: nobody is in a coroutine */
static unsigned percent; /* of the gaps in which the CPU changes */

/* Coroutines: what a function must preserve is on their stacks. */

void change_stack(void **from, void *to);
__asm__(".text\n"
	"change_stack:\n"
	"	push %rbp\n	push %rbx\n	push %r12\n"
	"	push %r13\n	push %r14\n	push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	pop %r15\n	pop %r14\n	pop %r13\n"
	"	pop %r12\n	pop %rbx\n	pop %rbp\n"
	"	ret\n");

static void leave(unsigned cpu, bool for_good)
{
	running = -1;
	__sanitizer_start_switch_fiber(
		for_good ? NULL : &fakes[cpu], home_stack, home_size);
	change_stack(&inside[cpu], home);
	__sanitizer_finish_switch_fiber(fakes[cpu], NULL, NULL);
}

static void body(void)
{
	const unsigned cpu = (unsigned)running;

	__sanitizer_finish_switch_fiber(NULL, &home_stack, &home_size);
	result[cpu] = work[cpu]->kind->fn(&work[cpu]->a);
	work[cpu] = NULL;
	leave(cpu, true);
}

static void enter_call(unsigned cpu)
{
	running = (int)cpu;
	machine_on_cpu(cpu);
	__sanitizer_start_switch_fiber(&home_fake, stacks[cpu], STACK);
	change_stack(&home, inside[cpu]);
	__sanitizer_finish_switch_fiber(home_fake, NULL, NULL);
}

/* Six registers, where body() starts, and nowhere to return to from there. */
static void start(unsigned cpu, struct call *c)
{
	void **const top = (void **)(void *)(stacks[cpu] + STACK) - 8;

	memset(top, 0, 8 * sizeof(*top));
	top[6] = (void *)body;
	inside[cpu] = top;
	work[cpu] = c;
}

/* Gaps */

/* Not in an interrupt that the other CPU's call has sent here. */
static void gap(unsigned chance_of_it)
{
	const unsigned cpu = this_cpu()->number;

	if (running != (int)cpu || !irq_enabled() || !chance(chance_of_it))
		return;
	hardware_check();
	leave(cpu, false);
}

void together_gap(void)
{
	gap(percent);
}

/* Somebody else must go on: cpu_relax(). */
static void relax(void)
{
	if (running < 0)
		differs("a CPU waits for ever");
	gap(100);
}

void run_together(struct call *first, struct call *second, int64_t rc[2])
{
	static const uint8_t how_often[] = {2, 10, 30, 60};
	unsigned switches = 0;

	percent = how_often[random_below(4)];
	machine_relaxes = relax;
	start(0, first);
	start(1, second);
	while (work[0] || work[1]) {
		unsigned cpu = random_below(CPUS);

		if (!work[cpu])
			cpu = !cpu;
		if (++switches > SWITCHES_MAX)
			differs("the CPUs wait for each other");
		enter_call(cpu);
	}
	trace("  %u switches", switches);
	rc[0] = result[0];
	rc[1] = result[1];
}

bool is_together(void)
{
	return running >= 0;
}

/* Guest memory */

/* The guest's other vCPU changes what the hypervisor has just read. */
static void change_request(void)
{
	struct call *const c = running < 0 ? NULL : work[running];

	if (c && !c->kind->apart && chance(3)) {
		const uint64_t word =
			chance(50) ? random_word() : pick_entry(c->d, 1);

		((uint64_t *)(void *)c->list)[random_below(8)] = word;
		if (c->d->id == 0) /* it may be for another's tables */
			for (unsigned id = 1; id < DOMAINS; id++)
				if (domain_of_id(id))
					hardware_lend(domain_of_id(id), word);
	}
}

/* A call's own memory, and its instruction; it may name any other. */
static bool is_guests(gva_t at, size_t size)
{
	const struct call *const c = running < 0 ? acting : work[running];
	const uint64_t list = (uint64_t)c->list;

	return size == INSN_ROOM || at.va == (uint64_t)&c->done ||
		(at.va >= list && at.va - list < CALL_BYTES &&
			size <= CALL_BYTES - (at.va - list));
}

/* ld --wrap: calls from other files come here. */

#define WRAP(type, name, parameters, ...)                                  \
	type __real_##name parameters;                                     \
	type __wrap_##name parameters;                                     \
	type __wrap_##name parameters                                      \
	{                                                                  \
		type result_;                                              \
                                                                           \
		together_gap();                                            \
		result_ = __real_##name(__VA_ARGS__);                      \
		together_gap();                                            \
		return result_;                                            \
	}
#define WRAP_VOID(name, parameters, ...)                                   \
	void __real_##name parameters;                                     \
	void __wrap_##name parameters;                                     \
	void __wrap_##name parameters                                      \
	{                                                                  \
		together_gap();                                            \
		__real_##name(__VA_ARGS__);                                \
		together_gap();                                            \
	}

WRAP_VOID(spin_lock, (struct spinlock * lock), lock)
WRAP_VOID(spin_unlock, (struct spinlock * lock), lock)
WRAP(bool, frame_get, (mfn_t mfn, const struct domain *d), mfn, d)
WRAP_VOID(frame_put, (mfn_t mfn), mfn)
WRAP(int, frame_get_writable, (mfn_t mfn), mfn)
WRAP_VOID(frame_put_writable, (mfn_t mfn), mfn)
WRAP(int, frame_take_type, (struct frame * f, enum frame_type type), f, type)
WRAP_VOID(frame_drop_type, (struct frame * f), f)
WRAP_VOID(tlb_flush, (cpumask_t cpus), cpus)
WRAP_VOID(tlb_flush_since, (uint16_t stamp), stamp)
WRAP_VOID(domain_put, (struct domain * d), d)
int __real_copy_from_guest(void *to, gva_t from, size_t size);
int __wrap_copy_from_guest(void *to, gva_t from, size_t size);
int __wrap_copy_from_guest(void *to, gva_t from, size_t size)
{
	int rc = -EFAULT;

	together_gap();
	if (is_guests(from, size))
		rc = __real_copy_from_guest(to, from, size);
	change_request();
	together_gap();
	return rc;
}

int __real_copy_to_guest(gva_t to, const void *from, size_t size);
int __wrap_copy_to_guest(gva_t to, const void *from, size_t size);
int __wrap_copy_to_guest(gva_t to, const void *from, size_t size)
{
	int rc = -EFAULT;

	together_gap();
	if (is_guests(to, size))
		rc = __real_copy_to_guest(to, from, size);
	together_gap();
	return rc;
}
