/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring of a domain's last refusals, a page. A crash ends it: what the
 * domain's other vCPUs are still refused does not push it out.
 *
 * What is equal to the last record is counted there. Beyond RECORDS_PER_SEC
 * there are no new ones, only a count, so that a guest which does nothing but
 * get refused does not wipe the ring at once, nor fill the log.
 *
 * Whether a failing call has explained itself is seen by which hypercall the
 * vCPU's last refusal noted, its number and how often it was made: what
 * succeeds does nothing for it.
 */
#include "core/refusal.h"

#include "core/domain.h"
#include "core/vcpu.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "pv/hypercall.h"
#include "x86/clock.h"

#define RECORDS_PER_SEC 50
#define RECORDS 28
#define SECOND_NS 1000000000ull

struct refusals {
	struct spinlock lock; /* RANK_CONSOLE: all of it */
	uint32_t nr;     /* records made; the last RECORDS of them are there */
	uint32_t lost;   /* refusals that were only counted */
	uint32_t recent; /* records since `second` began */
	uint64_t second;
	struct shoji_refusal record[RECORDS];
};

static_assert(sizeof(struct refusals) <= PAGE_SIZE, "a page");
static_assert(SHOJI_VECTOR_HYPERCALL == VECTOR_SYSCALL, "the ABI's own");

int refusal_init(struct domain *d)
{
	d->refusals = page_alloc();
	if (!d->refusals)
		return -ENOMEM;
	spin_init(&d->refusals->lock, RANK_CONSOLE);
	return 0;
}

void refusal_free(struct domain *d)
{
	if (d->refusals)
		page_free(d->refusals);
}

/* The last record, or the one `back` before it. */
static struct shoji_refusal *record(struct refusals *all, uint32_t back)
{
	return &all->record[(all->nr + RECORDS - 1 - back) % RECORDS];
}

/* Where the vCPU is: in a hypercall, its own or a multicall's, or a trap. */
static void place(struct shoji_refusal *r, const struct vcpu *v)
{
	const struct regs *const g = guest_regs();
	const uint64_t args[] = {g->rdi, g->rsi, g->rdx, g->r10};
	const uint64_t state[] = {g->rip, v->cr2, g->rsp, g->rflags};

	r->vcpu = (uint8_t)v->id;
	r->kernel = v->kernel_mode;
	if (!r->vector)
		r->vector = (uint16_t)g->vector;
	r->call = (uint8_t)(v->entry ? v->entry->op : g->rax);
	memcpy(r->arg,
		r->vector != SHOJI_VECTOR_HYPERCALL ? state
		: v->entry                          ? v->entry->args
						    : args,
		sizeof(r->arg));
}

/* Whether it is a new record: not one more of the last one, nor too soon. */
static bool append(struct refusals *all, struct shoji_refusal *r)
{
	const uint64_t flags = spin_lock_irq(&all->lock);
	struct shoji_refusal *const last = record(all, 0);
	const bool equal = last->error == r->error && last->call == r->call &&
			   last->vector == r->vector && last->vcpu == r->vcpu &&
			   !strcmp(last->text, r->text);
	bool new = false;

	if (r->time - all->second > SECOND_NS) {
		all->second = r->time;
		all->recent = 0;
	}
	if (equal) {
		r->count += last->count;
		*last = *r;
	} else if (last->vector == SHOJI_VECTOR_CRASH ||
		   (r->vector != SHOJI_VECTOR_CRASH &&
			   all->recent++ >= RECORDS_PER_SEC)) {
		all->lost++;
	} else {
		all->nr++;
		*record(all, 0) = *r;
		new = true;
	}
	spin_unlock_irq(&all->lock, flags);
	return new;
}

static uint64_t this_call(const struct vcpu *v)
{
	const unsigned nr = guest_regs()->rax % SHOJI_PERF_SYSCALL;

	return v->perf[nr] * SHOJI_PERF_SYSCALL + nr;
}

int reject(int rc, const char *fmt, ...)
{
	struct shoji_refusal r = {.error = rc, .count = 1, .time = now()};
	struct vcpu *const v = current;
	va_list args;

	if (vcpu_is_idle(v))
		return rc;
	v->explained = this_call(v);
	place(&r, v);
	va_start(args, fmt);
	format_string_v(r.text, sizeof(r.text), fmt, args);
	va_end(args);
	if (append(v->domain->refusals, &r))
		log_guest(LOG_DEBUG, "d%uv%u: refused (%d): %s", v->domain->id,
			v->id, rc, r.text);
	return rc;
}

void refusal_check(int64_t result)
{
	struct vcpu *const v = current;
	const bool explained = v->explained == this_call(v);

	if (result <= -4096 || result == -ERESTART)
		return;
	v->explained = 0; /* the next entry of a multicall explains itself */
	if (explained)
		return;
	reject((int)result, "no reason given");
	v->explained = 0;
	log_guest(LOG_WARN,
		"d%u: hypercall %lu(%lx) refused (%ld) without a "
		"reason",
		v->domain->id, v->entry ? v->entry->op : guest_regs()->rax,
		v->entry ? v->entry->args[0] : guest_regs()->rdi, result);
}

void refusal_crash(struct domain *d, const char *text)
{
	struct shoji_refusal r = {
		.count = 1, .time = now(), .vector = SHOJI_VECTOR_CRASH};

	if (current->domain == d)
		place(&r, current);
	format_string(r.text, sizeof(r.text), "%s", text);
	append(d->refusals, &r);
}

int64_t refusal_get(struct domain *d, void *op)
{
	struct shoji_get_refusal *const get = op;
	struct refusals *const all = d->refusals;
	const uint64_t flags = spin_lock_irq(&all->lock);

	get->lost = all->lost;
	get->record = (struct shoji_refusal){0};
	if (get->back < RECORDS && get->back < all->nr)
		get->record = *record(all, get->back);
	spin_unlock_irq(&all->lock, flags);
	return 0;
}
