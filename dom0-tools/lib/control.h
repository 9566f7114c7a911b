/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypercalls that tools make, one function each: they find resident
 * memory for the arguments, call, and copy results back. Functions return 0
 * (or a count) or -errno and say nothing; the caller knows what it was for.
 *
 * fd comes from control_open() or privcmd_open().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shoji/extension.h"
#include "shoji/limits.h"
#include "shoji/perf.h"
#include "shoji/refusal.h"
#include "xen/domctl.h"
#include "xen/event_channel.h"
#include "xen/grant_table.h"
#include "xen/memory.h"
#include "xen/sysctl.h"
#include "xen/version.h"
#include "xen/xen.h"

struct error;

/* A descriptor for all of the calls below, or -errno with an explanation. */
int control_open(struct error *error);

/* Domains. *dom: wanted id, or 0 for any; the id that it got. */
int control_create(
	int fd, const struct xen_domctl_createdomain *create, uint16_t *dom);
int control_destroy(int fd, uint16_t dom);
int control_pause(int fd, uint16_t dom);
int control_unpause(int fd, uint16_t dom);
/* -ESRCH when there is no such domain. */
int control_info(int fd, uint16_t dom, struct xen_domctl_getdomaininfo *info);
/* Up to room domains with ids from first on; returns how many. */
int control_list(int fd, uint16_t first, struct xen_domctl_getdomaininfo *info,
	uint32_t room);
int control_max_mem(int fd, uint16_t dom, uint64_t kib);
int control_max_vcpus(int fd, uint16_t dom, uint32_t nr);
int control_hypercall_page(int fd, uint16_t dom, uint64_t mfn);
int control_set_context(int fd, uint16_t dom, uint32_t vcpu,
	const struct vcpu_guest_context *context);
int control_vcpu_info(int fd, uint16_t dom, uint32_t vcpu,
	struct xen_domctl_getvcpuinfo *info);
/* Hard and soft maps of nr_cpus bits; soft may be NULL in set. */
int control_get_affinity(int fd, uint16_t dom, uint32_t vcpu, uint8_t *hard,
	uint8_t *soft, uint32_t nr_cpus);
int control_set_affinity(int fd, uint16_t dom, uint32_t vcpu,
	const uint8_t *hard, const uint8_t *soft, uint32_t nr_cpus);
/* weight 0 and cap -1 leave a parameter as it is. */
int control_set_schedule(int fd, uint16_t dom, unsigned weight, int cap);

/* Two guests may share, or not any more. -ENOSYS: the hypervisor is not
 * Shoji, and lets all of them. */
int control_share(int fd, uint16_t a, uint16_t b, int allow);

/* The machine. */
int control_physinfo(int fd, struct xen_sysctl_physinfo *info);
int control_scheduler(int fd, uint32_t *id);
/* Bytes of the log, from *index on; *index moves behind them. */
int control_read_log(
	int fd, char *text, uint32_t room, uint32_t *index, int clear);
/* An audit of the frame table; what is wrong goes to text, lines, and
 * op->size says how much. -ENOSYS: the hypervisor is not Shoji. */
int control_audit(int fd, struct shoji_audit *op, char *text, size_t room);
int64_t control_version(int fd, unsigned command, void *result, size_t size);

/* The hypervisor promises that the memory it gives is all zeroes: Shoji. */
bool control_gives_zeroes(int fd);

/* Memory. frames: PFNs in, MFNs out. Returns how many extents were had. */
int64_t control_populate(
	int fd, uint16_t dom, uint64_t *frames, uint64_t nr, unsigned order);
int control_claim(int fd, uint16_t dom, uint64_t pages);
int control_memory_map(int fd, uint16_t dom,
	const struct xen_e820_entry *entries, unsigned nr);
int64_t control_memory_count(int fd, unsigned command);
int control_pin_l4(int fd, uint16_t dom, uint64_t mfn);

/* What only Shoji tells: -ENOSYS elsewhere. The last refusal of a domain, or
 * the one `back` before it (record.count 0: there is none); what it uses of
 * its limits. */
int control_refusal(int fd, uint16_t dom, uint16_t back,
	struct shoji_get_refusal *refusal);
int control_limits(int fd, uint16_t dom, struct shoji_get_limits *limits);
/* Its entries by cause of a domain's vCPU, or with `idle` of a CPU's idle one;
 * -ENOENT if there is none. */
int control_perf(int fd, uint16_t dom, uint16_t vcpu, bool idle,
	uint64_t counts[SHOJI_NR_PERF]);

/* The port, in dom, that dom0 can bind to, or -errno. */
int control_unbound_port(int fd, uint16_t dom, uint16_t remote);
/* The first grant-table frame, made if necessary. */
int control_grant_frame(int fd, uint16_t dom, uint64_t *mfn);
