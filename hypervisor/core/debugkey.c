// SPDX-License-Identifier: BSD-2-Clause
/*
 * The debug keys. What they show at once is shown in an interrupt handler
 * perhaps; what takes locks or time comes soon after.
 */
#include "core/debugkey.h"

#include "core/domain.h"
#include "core/event.h"
#include "core/sched.h"
#include "core/shutdown.h"
#include "lib/log.h"
#include "mm/audit.h"
#include "mm/buddy.h"
#include "x86/clock.h"
#include "x86/irq.h"
#include "x86/panic.h"

static void show_memory(void)
{
	log_info("memory: %lu of %lu pages free, %lu claimed, %u in the "
		 "table of domains",
		buddy_free_pages(), buddy_total_pages(),
		buddy_claimed_pages(), domain_table_pages());
}

static void show_cpus(void)
{
	unsigned i;

	for_each_cpu (i, cpus_online) {
		const struct cpu *const cpu = cpu_of(i);

		log_info("cpu%u: %s, interrupts when idle %lu", i,
			cpu->idle ? "idle" : "busy",
			cpu->idle_vcpu->perf[SHOJI_PERF_IRQ]);
	}
}

static void show_time(void)
{
	log_info("time: %lu ns, TSC %lu kHz, %s", now(), clock_tsc_khz(),
		clock_tsc_stable() ? "stable" : "not stable");
}

static void reboot(void)
{
	log_info("reboot, as asked by a debug key");
	machine_restart();
}

static struct {
	char key;
	const char *what;
	void (*now)(void);
	struct work soon;
} keys[] = {
	{ 'R', "reboot the machine", .now = reboot },
	{ 'a', "audit of the frame table", .soon.fn = audit_show },
	{ 'b', "back-trace of this CPU", .now = backtrace_here },
	{ 'c', "CPUs", .now = show_cpus },
	{ 'e', "event channels", .soon.fn = event_show },
	{ 'i', "device interrupts", .now = irq_show },
	{ 'm', "memory", .now = show_memory },
	{ 'r', "vCPUs and who runs", .soon.fn = sched_show },
	{ 't', "time", .now = show_time },
};

void debug_key(char key)
{
	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].key == key) {
			if (keys[i].now)
				keys[i].now();
			else
				work_queue(&keys[i].soon);
			return;
		}
	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		log_info("key %c: %s", keys[i].key, keys[i].what);
}
