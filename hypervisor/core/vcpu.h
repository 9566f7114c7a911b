/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual CPU: registers while it does not run, what the guest registered
 * (traps, callbacks, stacks, descriptor tables, page-table roots), its
 * scheduling state and its time records.
 *
 * Most fields belong to the vCPU itself: they change only in its own
 * hypercalls, or while it is known not to run (paused). Those that others
 * change say under which lock.
 */
#pragma once

/* Offsets that entry.S uses. */
#define VCPU_MODE 0x00
#define VCPU_EXIT_WORK 0x01
#define VCPU_INFO 0x08
#define VCPU_USER_L4 0x18
#define VCPU_KERNEL_SP 0x20
#define VCPU_SYSCALL 0x28 /* a struct callback */
#define VCPU_PERF 0x38    /* of hypercalls, then of system calls */

#ifndef __ASSEMBLY__
#include "core/timer.h"
#include "mm/ptwalk.h"
#include "shoji/perf.h"
#include "x86/percpu.h"
#include "xen/vcpu.h"

struct domain;
struct fpu_area;
struct sched_unit;

/* Why the return path must call C before it goes back to the guest. */
enum {
	EXIT_NMI = 1 << 0,
	EXIT_CRASHED = 1 << 1, /* the domain was crashed under our feet */
};

/* An entry point that the guest registered with callback_op. */
struct callback {
	uint64_t rip; /* 0: none */
	bool mask_events; /* set the upcall mask on entry */
};

struct vcpu {
	bool kernel_mode; /* the guest runs its kernel (else its user space) */
	/* One of these keeps entry.S from its short ways. */
	uint8_t exit_work; /* EXIT_ bits; own CPU, or atomic */
	uint8_t exit_work_late; /* EXIT_ bits that wait for the next iret */
	bool frame_iopl; /* frames show the virtual IOPL: its assist is on */
	bool nmi_masked; /* an NMI or #MC handler runs: until iret */
	bool failsafe_pending; /* selectors did not load */
	bool runstate_late;    /* update owed once it is in kernel mode */
	bool down;             /* vcpu_op down: offline */

	struct vcpu_info *info; /* the guest's, through the direct map */
	/* Page tables (mm/mmu.c); MFN_NONE when there is none */
	mfn_t kernel_l4, user_l4;
	uint64_t kernel_sp;
	struct callback syscall;
	/* Entries by cause (shoji/perf.h); its own CPU alone counts */
	uint64_t perf[SHOJI_NR_PERF];

	uint64_t kernel_ss;
	uint8_t iopl;     /* virtual IOPL, 0-3 */
	bool virtual_ts;  /* CR0.TS as the guest set it */
	bool initialised; /* has had a register context */
	uint16_t id;
	struct domain *domain;

	struct regs regs; /* while it does not run */
	unsigned loaded_on; /* CPU + 1 whose registers still hold its segments
				and FPU, if that CPU says so too; 0 none */

	/* Entry points */
	uint64_t cr2;            /* of the last #PF injected */
	struct trap_info *traps; /* 256 entries */
	struct callback event, failsafe, syscall32, sysenter, nmi;

	/* Segments (pv/segment.c). Of the two GS bases the CPU holds the
	 * active one in GS_BASE, the other in KERNEL_GS_BASE while running. */
	uint16_t ds, es, fs, gs; /* while it does not run */
	uint64_t fs_base, gs_base_kernel, gs_base_user;
	mfn_t gdt_frames[14];
	unsigned gdt_entries; /* 0: no guest GDT */
	uint64_t ldt_base;
	unsigned ldt_entries;
	uint64_t ldt_mapped; /* bit per LDT page that the window shows */
	mfn_t ldt_frames[16];

	/* FPU and control registers */
	struct fpu_area *fpu;
	uint64_t xcr0;
	uint64_t cr4; /* the guest's own choices: TSD, DE, FSGSBASE, OSXSAVE */
	uint64_t dr[8]; /* debug registers; dr[7] with nothing enabled: 0x400 */
	uint64_t io_bitmap; /* guest address of set_iobitmap, 0 none */
	unsigned io_bitmap_ports;
	uint32_t tsc_aux;

	/* Unfinished page-table work (mm/ptcheck.c) */
	struct pt_walk walk;

	/* Scheduling (core/sched.c, core/vcpu.c) */
	struct sched_unit *sched;
	unsigned cpu; /* where it runs, or ran last */
	bool loading; /* somebody sets it up; atomic */
	bool blocked; /* waits for an event; RANK_SCHED */
	bool running; /* on v->cpu right now; RANK_SCHED */
	bool polling; /* in sched_op poll; RANK_EVENT */
	uint32_t poll_port; /* the only port it polls, 0 several */
	struct timer poll_timer, singleshot, periodic;
	uint64_t period; /* ns, 0 stopped */

	/* Time and state records (pv/pvclock.c, pv/vcpuop.c) */
	struct vcpu_runstate_info runstate; /* RANK_SCHED */
	uint64_t runstate_va; /* 0: not registered */
	uint64_t time_va;     /* secondary time record */
	bool time_late; /* the second time record is not up to date */
	uint32_t time_version;
	mfn_t info_frame; /* of register_vcpu_info, else MFN_NONE */

	/* Refusals (core/refusal.c) */
	const struct multicall_entry *entry; /* the one that runs, or NULL */
	uint64_t explained; /* which hypercall had its last refusal */

	/* Events (core/event.c); 0 none; RANK_EVENT */
	uint16_t virq_port[24];
};

static_assert(offsetof(struct vcpu, kernel_mode) == VCPU_MODE, "vcpu");
static_assert(offsetof(struct vcpu, exit_work) == VCPU_EXIT_WORK, "vcpu");
static_assert(offsetof(struct vcpu, info) == VCPU_INFO, "vcpu");
static_assert(offsetof(struct vcpu, user_l4) == VCPU_USER_L4, "vcpu");
static_assert(offsetof(struct vcpu, kernel_sp) == VCPU_KERNEL_SP, "vcpu");
static_assert(offsetof(struct vcpu, syscall) == VCPU_SYSCALL, "vcpu");
static_assert(offsetof(struct vcpu, perf) == VCPU_PERF, "vcpu");
static_assert(SHOJI_PERF_HYPERCALL == 0, "perf");
static_assert(SHOJI_PERF_SYSCALL == NR_HYPERCALLS, "perf");

/* A CPU's own vCPU, which runs when no other can, belongs to no domain. */
static inline bool vcpu_is_idle(const struct vcpu *v)
{
	return v->domain == NULL;
}

struct vcpu_guest_context;

/* A vCPU that is down and uninitialised; NULL if out of memory. */
struct vcpu *vcpu_create(struct domain *d, unsigned id);
/* Give up what it holds, of a dying domain; -ERESTART: call again. */
void vcpu_destroy(struct vcpu *v);
void vcpu_free(struct vcpu *v); /* with the domain structure */

/* Load all registers and tables of a vCPU that does not run. -EINVAL,
 * -EOPNOTSUPP (initialised with other page tables), -ERESTART. */
int vcpu_set_context(struct vcpu *v, const struct vcpu_guest_context *c);
/* The same state as tools read it. */
void vcpu_get_context(struct vcpu *v, struct vcpu_guest_context *c);
/* Back to the state after vcpu_create(); -ERESTART: call again. */
int vcpu_reset(struct vcpu *v);
/* Let an initialised vCPU run. */
void vcpu_up(struct vcpu *v);
#endif
