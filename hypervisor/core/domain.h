/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A domain: its memory, vCPUs, events, grants and permissions.
 *
 * Life: created paused; built by its creator through foreign mappings and
 * hypercalls; unpaused; shut down or destroyed (dying). A dying domain gives
 * back everything in bounded steps; the structure lives until the last
 * reference (a foreign mapping, a grant mapping, a caller) is gone.
 */
#pragma once

#include "core/softirq.h"
#include "x86/spinlock.h"
#include "xen/xen.h"

struct event_state;
struct cpuid_policy;
struct grant_table;
struct rangeset;
struct refusals;
struct vcpu;
struct watchdog;

#define DOMAIN_VCPUS_MAX 32

enum domain_dying {
	DOMAIN_ALIVE,
	DOMAIN_DYING, /* resources are being taken back */
	DOMAIN_DEAD, /* all back, but for what others still map */
};

struct domain {
	uint16_t id;
	bool privileged; /* dom0: may control others */
	bool hardware; /* dom0: owns devices */
	enum domain_dying dying; /* RANK_DOMAINS */
	uint32_t refs; /* atomic; the id table holds one while not dead */
	struct work free_work; /* frees it after the last reference */
	uint8_t handle[16];

	struct vcpu *vcpu[DOMAIN_VCPUS_MAX];
	unsigned max_vcpus;

	/* Memory (mm/frame.c) */
	struct spinlock pages_lock; /* RANK_PAGES */
	uint64_t unpinned, reclaimed; /* how far its death's rounds have come */
	uint64_t nr_pages; /* RANK_PAGES */
	uint64_t max_pages;
	uint64_t claimed; /* pages set aside for it, not yet allocated */
	struct spinlock pt_lock; /* RANK_PT */
	struct list walks; /* unfinished page-table work; RANK_PT */
	cpumask_t dirty_cpus; /* CPUs that may hold its TLB entries; atomic */
	uint64_t vm_assist; /* VMASST_TYPE_ bits */

	struct shared_info *shared; /* a page of ours that the guest maps */
	struct event_state *events; /* core/event.c */
	struct grant_table *grants; /* core/grant.c */
	struct refusals *refusals; /* core/refusal.c; NULL: domain_xen, _io */
	uint64_t *peers; /* a bit for each id: core/policy.c */

	/* What hardware it may reach (core/domain.c) */
	struct rangeset *iomem; /* machine frames */
	struct rangeset *ioports;
	struct rangeset *irqs; /* PIRQs */
	uint8_t *pirqs; /* vector by PIRQ, 0 none (x86/irq.c); RANK_IRQ */
	uint32_t pci_address; /* latch of port 0xcf8 */

	/* Running */
	uint32_t pause_count; /* atomic */
	uint32_t control_pauses; /* by domctl pausedomain; domctl's */
	bool shut_down; /* all vCPUs stopped; shutdown_code says why */
	bool shutting_down;
	uint8_t shutdown_code; /* the reason + 1; 0: none is known yet */
	bool crashed;
	uint32_t pollers; /* vCPUs in sched_op poll, a bit each; atomic */
	unsigned weight; /* share of CPU time (core/sched.c) */
	struct watchdog *watchdogs; /* sched_op watchdog (core/schedop.c) */
	unsigned destroy_stage; /* of domain_destroy() */

	/* Time */
	uint32_t tsc_mode, tsc_incarnation;

	/* Memory map given by XENMEM_set_memory_map */
	void *e820;
	unsigned nr_e820;

	/* CPU policy given by the toolstack, NULL: the default */
	struct cpuid_policy *cpuid;

	/* Limits the creator chose */
	unsigned max_event_port, max_grant_frames, max_maptrack_frames;
};

#define for_each_vcpu(d, v)                                                \
	for (unsigned i_ = 0; i_ < (d)->max_vcpus; i_++)                   \
		if (((v) = (d)->vcpu[i_]) != NULL)

/* The vCPU of a number that a guest gives, NULL if there is none. */
static inline struct vcpu *domain_vcpu(const struct domain *d, uint64_t id)
{
	return id < d->max_vcpus ? d->vcpu[id] : NULL;
}

extern struct domain *hardware_domain; /* dom0 */
extern struct domain *domain_xen; /* owner of frames nobody may write */
extern struct domain *domain_io; /* owner of what is not memory */
extern struct shared_info no_shared; /* what a dying domain has for its own */

/* What the creator of a domain chooses; 0 is the default where it makes no
 * sense as a value. */
struct domain_config {
	bool privileged; /* dom0 */
	uint8_t handle[16];
	unsigned max_vcpus;
	unsigned max_event_port; /* highest port, 0 default */
	int max_grant_frames; /* < 0 default */
	int max_maptrack_frames; /* < 0 default */
};

void domain_init(void); /* boot: domain_xen, domain_io */
/* A paused domain without memory or vCPUs, in the table; *d without a
 * reference of its own. -EEXIST, -ENOMEM, -EINVAL. */
int domain_create(uint16_t id, const struct domain_config *config,
	struct domain **d);
/* An id that is free, DOMID_INVALID if none. */
uint16_t domain_free_id(void);
/* Take everything back and let it go; -ERESTART: call again. */
int domain_destroy(struct domain *d);
/* What the table of ids takes; it never shrinks. */
unsigned domain_table_pages(void);
/* The living or dying domain with the lowest id >= id, with a reference. */
struct domain *domain_next(uint16_t id);
/* The one after d, whose reference goes. */
struct domain *domain_after(struct domain *d);
/* All of them, referenced in the body; who leaves it drops the reference. */
#define for_each_domain(d, first)                                          \
	for ((d) = domain_next(first); (d); (d) = domain_after(d))
/* Shut-down domain runs on (suspend was cancelled or done). */
void domain_resume(struct domain *d);
/* The machine's wall clock changed: tell all shared pages. */
void domain_wall_changed(void);

/* A domain by number, dying ones too, with a reference; NULL if
 * there is none. */
struct domain *domain_get(uint16_t id);
/* By number and without a reference, dying ones too: for owners of frames,
 * which live as long as they own one. Takes no lock. */
struct domain *domain_of_id(uint16_t id);
/* The same, understanding DOMID_SELF. */
struct domain *domain_get_or_self(uint16_t id);
/* One that the caller may operate on: itself, any for dom0. -EPERM, -ESRCH */
int domain_get_target(uint16_t id, struct domain **d);
bool domain_ref(struct domain *d); /* false if it is already gone */
void domain_put(struct domain *d);

/* Stop the domain as a crash: log who and why, tell dom0. The caller goes on
 * and returns to the exit path, which does not resume the vCPU. */
void domain_crash(struct domain *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void domain_shutdown(struct domain *d, uint8_t reason);
void domain_pause(struct domain *d); /* returns when no vCPU runs */
void domain_unpause(struct domain *d);
