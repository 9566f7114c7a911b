// SPDX-License-Identifier: BSD-2-Clause
/*
 * Time for guests. The system clock is a linear function of the TSC since
 * boot, so all vCPUs get the same record: TSC at some time, and the scale. It
 * never has to be refreshed, and two vCPUs that read the same TSC compute the
 * same time. XEN_PVCLOCK_TSC_STABLE_BIT says that the TSCs agree between CPUs.
 *
 * Records at guest addresses are written by the vCPU they belong to, with its
 * kernel's page tables loaded: when it starts to run, when it stops, and when
 * it enters its kernel after a switch in user mode.
 */
#include "pv/pvclock.h"

#include "core/domain.h"
#include "core/vcpu.h"
#include "mm/guestmem.h"
#include "x86/asm.h"
#include "x86/clock.h"

#define NS 1000000000ull

/* UNIX time at system time 0; RANK_TIMER, because it is a clock's. */
static struct spinlock wall_lock = SPINLOCK(RANK_TIMER);
static uint64_t wall_sec GUARDED_BY(wall_lock);
static uint32_t wall_nsec GUARDED_BY(wall_lock);
static bool wall_set GUARDED_BY(wall_lock); /* by dom0; else the CMOS clock's */

/* The pair of times that all records start from: when the first was made, so
 * on the boot CPU alone. */
static uint64_t anchor_tsc, anchor_ns;

static struct vcpu_time_info current_record(uint32_t version)
{
	struct vcpu_time_info r = {
		.version = version,
		.tsc_timestamp = anchor_tsc,
		.system_time = anchor_ns,
		.flags = clock_tsc_stable() ? XEN_PVCLOCK_TSC_STABLE_BIT : 0,
	};

	clock_scale(&r.tsc_to_system_mul, &r.tsc_shift);
	return r;
}

void pvclock_update(struct vcpu *v)
{
	struct vcpu_time_info *const shown = &v->info->time;
	struct vcpu_time_info r;

	/* The usual case, at every switch: it is there. */
	if (read_once(&shown->version) == v->time_version && v->time_version &&
		read_once(&shown->tsc_timestamp) == anchor_tsc &&
		read_once(&shown->tsc_to_system_mul))
		return;
	if (!anchor_tsc) {
		anchor_tsc = rdtsc();
		anchor_ns = clock_ns(anchor_tsc);
	}
	r = current_record(v->time_version + 1);
	write_once(&shown->version, r.version);
	compiler_barrier();
	r.version++;
	shown->tsc_timestamp = r.tsc_timestamp;
	shown->system_time = r.system_time;
	shown->tsc_to_system_mul = r.tsc_to_system_mul;
	shown->tsc_shift = r.tsc_shift;
	shown->flags = r.flags;
	compiler_barrier();
	write_once(&shown->version, r.version);
	v->time_version = r.version;
	v->time_late = true;
}

/* The second time record: a guest's user space reads it. */
static void write_time(struct vcpu *v)
{
	struct vcpu_time_info r = current_record(v->time_version | 1);
	const gva_t at = {v->time_va};

	/* A page that is not there is the guest's mistake. */
	if (copy_to_guest(at, &r.version, sizeof(r.version)))
		return;
	r.version++;
	if (copy_to_guest(gva_add(at, sizeof(r.version)), &r.pad0,
		    sizeof(r) - sizeof(r.version)))
		return;
	if (copy_to_guest(at, &r.version, sizeof(r.version)))
		return;
	v->time_late = false;
}

static void write_runstate(struct vcpu *v)
{
	struct vcpu_runstate_info r = v->runstate;
	const gva_t at = {v->runstate_va};
	const gva_t entry = gva_add(
		at, offsetof(struct vcpu_runstate_info, state_entry_time));
	const bool announce =
		v->domain->vm_assist >> VMASST_TYPE_runstate_update_flag & 1;

	if (announce) {
		r.state_entry_time |= XEN_RUNSTATE_UPDATE;
		if (copy_to_guest(entry, &r.state_entry_time,
			    sizeof(r.state_entry_time)))
			return;
		compiler_barrier();
	}
	if (copy_to_guest(at, &r, sizeof(r)) || !announce)
		return;
	compiler_barrier();
	r.state_entry_time &= ~XEN_RUNSTATE_UPDATE;
	copy_to_guest(entry, &r.state_entry_time, sizeof(r.state_entry_time));
}

void pvclock_write_records(struct vcpu *v)
{
	if (!v->runstate_va && !(v->time_va && v->time_late))
		return;
	v->runstate_late = !v->kernel_mode;
	if (!v->kernel_mode)
		return;
	if (v->runstate_va)
		write_runstate(v);
	if (v->time_va && v->time_late)
		write_time(v);
}

void pvclock_left(struct vcpu *v)
{
	if (v->runstate_va && v->kernel_mode)
		write_runstate(v);
}

/* Wall clock */

void pvclock_update_wall(struct domain *d)
{
	struct shared_info *const s = d->shared;
	const uint32_t version = read_once(&s->wc_version) | 1;
	const uint64_t flags = spin_lock_irq(&wall_lock);
	const uint32_t nsec = wall_nsec;
	uint64_t sec = wall_set ? wall_sec : wallclock_at_boot;

	spin_unlock_irq(&wall_lock, flags);
	write_once(&s->wc_version, version);
	compiler_barrier();
	s->wc_sec = (uint32_t)sec;
	s->wc_nsec = nsec;
	s->wc_sec_hi = (uint32_t)(sec >> 32);
	compiler_barrier();
	write_once(&s->wc_version, version + 1);
}

void pvclock_set_wall(uint64_t sec, uint32_t nsec, uint64_t system_time)
{
	uint64_t since_sec = system_time / NS;
	const uint32_t since_nsec = (uint32_t)(system_time % NS);
	uint64_t flags;

	if (since_nsec > nsec) {
		nsec += NS;
		since_sec++;
	}
	flags = spin_lock_irq(&wall_lock);
	wall_sec = sec - since_sec;
	wall_nsec = nsec - since_nsec;
	wall_set = true;
	spin_unlock_irq(&wall_lock, flags);
	domain_wall_changed();
}
