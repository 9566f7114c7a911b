/* SPDX-License-Identifier: BSD-2-Clause */
/* The other vCPU; see racer.h. */
#include "tests/guests/lib/racer.h"

#include "tests/guests/lib/smp.h"
#include "tests/guests/lib/test.h"

static void (*volatile job)(void);
static volatile uint64_t turns, idle;

static void loop(uint64_t arg)
{
	(void)arg;
	for (;;) {
		void (*const fn)(void) = job;

		if (!fn) {
			idle = 1;
			asm volatile("pause");
			continue;
		}
		fn();
		turns++;
	}
}

static unsigned int outcomes[2];
static uint64_t deadline;

#define ENOUGH 300		/* of each outcome */
#define LONG_ENOUGH 150000000	/* ns */

void racer_outcome(bool first)
{
	outcomes[!first]++;
}

bool racer_wants_more(const char *what)
{
	if (!deadline)
		deadline = now() + LONG_ENOUGH;
	if ((outcomes[0] < ENOUGH || outcomes[1] < ENOUGH) && now() < deadline)
		return true;
	print("# %s: %u times so, %u times so\n", what, outcomes[0],
	      outcomes[1]);
	return false;
}

bool racer_start(void (*fn)(void))
{
	static bool started;

	outcomes[0] = outcomes[1] = 0;
	deadline = 0;
	turns = 0;
	idle = 0;
	job = fn;
	if (!started && smp_start(1, loop, 0))
		return false;
	started = true;
	for (const uint64_t end = now() + PATIENCE; !turns;)
		if (now() > end)
			return false;
	return true;
}

bool racer_stop(void)
{
	job = NULL;
	idle = 0;
	return smp_wait(&idle, 1);
}

uint64_t racer_turns(void)
{
	return turns;
}

uint64_t racer_random(void)
{
	static uint64_t seeds[SMP_MAX] = { 88172645463325252, 2463534242,
					   36243606, 521288629 };
	uint64_t *const seed = &seeds[os_vcpu()];

	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

void racer_dawdle(uint64_t most)
{
	for (uint64_t n = racer_random() % most; n--;)
		asm volatile("nop");
}
