// SPDX-License-Identifier: BSD-2-Clause
/*
 * System time. The TSC's rate is measured between two moments of the boot, at
 * least WINDOW_NS apart, against the ACPI PM timer, which every PC has, or, if
 * its tables hide it, the PIT; with either, to 60 parts in a million, which
 * dom0's NTP takes care of. Each moment is the quickest of several readings, so that an emulator's
 * hiccup in one of them does no harm.
 *
 * All scale values are written before other CPUs start and never again.
 */
#include "x86/clock.h"

#include "boot/acpi.h"
#include "core/softirq.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "x86/apic.h"
#include "x86/asm.h"
#include "x86/cmos.h"
#include "x86/cpu.h"
#include "x86/smp.h"

#define NS_PER_S 1000000000ull
#define WINDOW_NS 10000000ull
#define READINGS 8
#define PM_TIMER_HZ 3579545ull
#define PIT_HZ 1193182ull
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_GATE 0x61
#define INVERSE_SHIFT 28

uint64_t wallclock_at_boot;

/* The clock to measure against: a counter with its rate as a fraction. */
static struct {
	const char *name;
	uint64_t (*read)(void);
	uint64_t mask;
	uint64_t fs; /* femtoseconds a tick */
} reference;

struct moment {
	uint64_t tsc, ticks, apic;
};

static uint64_t tsc_base; /* TSC at system time 0 */
static uint64_t tsc_hz;
static uint32_t scale_mul; /* ns = (tsc shifted) * mul >> 32 */
static int8_t scale_shift;
static uint64_t inverse; /* ticks = ns * inverse >> INVERSE_SHIFT */
static bool stable;

static uint64_t pm_timer_read(void)
{
	return inl((uint16_t)acpi_info.pm_timer.address);
}

/* Channel 2 counts down from 65536; only good for short windows. */
static uint64_t pit_read(void)
{
	uint8_t low;

	outb(PIT_COMMAND, 0x80);
	low = inb(PIT_CHANNEL2);
	return 0x10000 - (low | (uint64_t)inb(PIT_CHANNEL2) << 8);
}

static void pit_start(void)
{
	outb(PIT_GATE, (inb(PIT_GATE) & ~2) | 1);
	outb(PIT_COMMAND, 0xb4); /* channel 2, both bytes, rate generator */
	outb(PIT_CHANNEL2, 0);
	outb(PIT_CHANNEL2, 0);
}

static void choose_reference(void)
{
	if (acpi_info.pm_timer.space == 1) {
		reference.name = "PM timer";
		reference.read = pm_timer_read;
		reference.mask =
			acpi_info.pm_timer.bits == 32 ? 0xffffffff : 0xffffff;
		reference.fs = 1000000 * NS_PER_S / PM_TIMER_HZ;
	} else {
		pit_start();
		reference.name = "PIT";
		reference.read = pit_read;
		reference.mask = 0xffff;
		reference.fs = 1000000 * NS_PER_S / PIT_HZ;
	}
}

/* TSC, reference and APIC timer at one time. */
static struct moment take_moment(void)
{
	struct moment best = { 0 };
	uint64_t quickest = ~0ull;

	for (unsigned i = 0; i < READINGS; i++) {
		const uint64_t before = rdtsc_ordered();
		const uint64_t ticks = reference.read();
		const uint32_t apic = apic_timer_count();
		const uint64_t after = rdtsc_ordered();

		if (after - before >= quickest)
			continue;
		quickest = after - before;
		best = (struct moment){ before + quickest / 2, ticks, apic };
	}
	return best;
}

static uint64_t ns_between(const struct moment *a, const struct moment *b)
{
	const uint64_t ticks = (b->ticks - a->ticks) & reference.mask;

	return ticks * reference.fs / 1000000;
}

/* Scale for a rate: mul as large as fits, so that precision is best. */
static void choose_scale(void)
{
	uint64_t hz = tsc_hz;

	scale_shift = 0;
	while (hz > 2 * NS_PER_S) {
		hz >>= 1;
		scale_shift--;
	}
	while (hz <= NS_PER_S) {
		hz <<= 1;
		scale_shift++;
	}
	/* With the exact rate: hz has lost its low bits. */
	if (scale_shift < 0)
		scale_mul = (uint32_t)((NS_PER_S << 32 >> 2) /
			(tsc_hz >> 2) << -scale_shift);
	else
		scale_mul = (uint32_t)((NS_PER_S << 32) / hz);
	inverse = (tsc_hz << INVERSE_SHIFT) / NS_PER_S;
}

void clock_init(uint64_t start_tsc)
{
	struct moment first, last;
	uint64_t ns;

	choose_reference();
	apic_timer_measure();
	first = take_moment();
	do {
		last = take_moment();
		ns = ns_between(&first, &last);
	} while (ns < WINDOW_NS);
	tsc_base = start_tsc;
	tsc_hz = (last.tsc - first.tsc) * NS_PER_S / ns;
	if (tsc_hz < 1000000)
		panic("clock: the TSC does not run (%lu Hz by the %s)", tsc_hz,
			reference.name);
	apic_timer_rate((first.apic - last.apic) * NS_PER_S / ns);
	choose_scale();
	wallclock_at_boot = cmos_time() - now() / NS_PER_S;
	/* An emulated TSC is made of the host's clock. */
	stable = cpu_has(CPU_INVARIANT_TSC) || cpu_info.tcg;
	log_info("clock: TSC %lu kHz by the %s%s", clock_tsc_khz(),
		reference.name, stable ? "" : ", rate may change");
}

uint64_t clock_ns(uint64_t tsc)
{
	uint64_t delta = tsc - tsc_base;

	if (scale_shift < 0)
		delta >>= -scale_shift;
	else
		delta <<= scale_shift;
	return (uint64_t)((unsigned __int128)delta * scale_mul >> 32);
}

uint64_t now(void)
{
	return clock_ns(rdtsc_ordered());
}

uint64_t clock_tsc_khz(void)
{
	return (tsc_hz + 500) / 1000;
}

void clock_scale(uint32_t *mul, int8_t *shift)
{
	*mul = scale_mul;
	*shift = scale_shift;
}

uint64_t clock_tsc_base(void)
{
	return tsc_base;
}

bool clock_tsc_stable(void)
{
	return stable;
}

void timer_hw_set(uint64_t deadline_ns)
{
	const uint64_t tsc = rdtsc();
	const uint64_t time = clock_ns(tsc);
	uint64_t left = 1;

	if (deadline_ns == ~0ull) {
		apic_timer_set(0, 0);
		return;
	}
	/* What is left, not the TSC of that time: the error of the rate would
	 * grow with the time since boot, to milliseconds within days. */
	if (deadline_ns > time)
		left = deadline_ns - time;
	apic_timer_set(tsc + (uint64_t)((unsigned __int128)left * inverse >>
				       INVERSE_SHIFT), left);
}

void clock_delay_us(unsigned us)
{
	const uint64_t start = rdtsc();
	const uint64_t ticks = tsc_hz / 1000000 * us;

	while (rdtsc() - start < ticks)
		cpu_relax();
}

/* Two CPUs pass a turn to and fro; the TSC may never seem to go back. */

#define TURNS 6

static struct {
	uint32_t turn; /* even: the boot CPU's; atomic */
	uint64_t tsc;
	bool backwards;
} compare;

static void take_turn(uint32_t turn)
{
	uint64_t tsc;

	while (load_acquire(&compare.turn) != turn)
		cpu_relax();
	tsc = rdtsc_ordered();
	if (tsc < compare.tsc)
		compare.backwards = true;
	compare.tsc = tsc;
	store_release(&compare.turn, turn + 1);
}

void clock_init_cpu(void)
{
	for (uint32_t turn = 1; turn < TURNS; turn += 2)
		take_turn(turn);
}

void clock_compare_cpu(unsigned cpu)
{
	compare.turn = 0;
	compare.backwards = false;
	compare.tsc = 0;
	for (uint32_t turn = 0; turn < TURNS; turn += 2)
		take_turn(turn);
	while (load_acquire(&compare.turn) != TURNS)
		cpu_relax();
	if (compare.backwards) {
		log_warn("clock: the TSC of CPU %u differs from CPU 0's", cpu);
		stable = false;
	}
}
