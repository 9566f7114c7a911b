/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring of a domain's last refusals, a page, and its crash record.
 *
 * What is equal to the last record is counted there. Beyond RECORDS_PER_SEC
 * there are no new ones, only a count, so that a guest which does nothing but
 * get refused does not wipe the ring at once, nor fill the log.
 *
 * Whether a failing call has explained itself is seen by the number of the
 * CPU's hypercall that the vCPU's last refusal noted: what succeeds does
 * nothing for it.
 */
#include "core/refusal.h"

#include "core/domain.h"
#include "core/vcpu.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "mm/layout.h"
#include "x86/clock.h"
#include "x86/spinlock.h"
#include "xen/errno.h"

#define RECORDS_PER_SEC 50
#define RECORDS 29
#define SECOND_NS 1000000000ull

struct refusals {
	struct spinlock lock; /* RANK_CONSOLE: all of it */
	uint32_t nr; /* records made; the last RECORDS of them are there */
	uint32_t lost; /* refusals that were only counted */
	uint32_t unexplained; /* that gave no reason */
	uint32_t made; /* records since `second` began */
	uint64_t second;
	struct shoji_crash crash;
	struct shoji_refusal record[RECORDS];
};

static_assert(sizeof(struct refusals) <= PAGE_SIZE, "a page");

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
	const struct regs *const regs = guest_regs();

	r->vcpu = (uint8_t)v->id;
	r->vector = (uint16_t)regs->vector;
	if (r->vector != VECTOR_SYSCALL) {
		r->arg[0] = regs->rip;
		r->arg[1] = v->cr2;
	} else if (v->entry) {
		r->call = (uint8_t)v->entry->op;
		memcpy(r->arg, v->entry->args, sizeof(r->arg));
	} else {
		r->call = (uint8_t)regs->rax;
		r->arg[0] = regs->rdi;
		r->arg[1] = regs->rsi;
	}
}

/* Whether it is a new record: not one more of the last one, nor too soon. */
static bool append(struct refusals *all, struct shoji_refusal *r)
{
	const uint64_t flags = spin_lock_irq(&all->lock);
	struct shoji_refusal *last = record(all, 0);
	const bool equal = all->nr && last->error == r->error &&
		last->call == r->call && last->vector == r->vector &&
		last->vcpu == r->vcpu && !strcmp(last->text, r->text);
	bool fits = true;

	if (r->time - all->second > SECOND_NS) {
		all->second = r->time;
		all->made = 0;
	}
	if (equal) {
		r->count += last->count;
	} else {
		fits = all->made++ < RECORDS_PER_SEC;
		all->nr += fits;
		all->lost += !fits;
		last = record(all, 0);
	}
	if (fits) {
		r->number = all->nr;
		*last = *r;
	}
	spin_unlock_irq(&all->lock, flags);
	return fits && !equal;
}

int reject(int rc, const char *fmt, ...)
{
	struct shoji_refusal r = { .error = rc, .count = 1, .time = now() };
	struct vcpu *const v = current;
	va_list args;

	if (vcpu_is_idle(v))
		return rc;
	v->explained = this_cpu()->nr_hypercalls;
	place(&r, v);
	va_start(args, fmt);
	format_string_v(r.text, sizeof(r.text), fmt, args);
	va_end(args);
	if (append(v->domain->refusals, &r) && log_shown(LOG_DEBUG))
		log_guest(LOG_DEBUG, "d%uv%u: %s %u: error %d: %s",
			v->domain->id, v->id,
			r.vector == VECTOR_SYSCALL ? "hypercall" : "exception",
			r.vector == VECTOR_SYSCALL ? r.call : r.vector,
			rc, r.text);
	return rc;
}

void refusal_check(int rc)
{
	struct vcpu *const v = current;
	const bool explained = v->explained == this_cpu()->nr_hypercalls;

	v->explained = 0; /* the next entry of a multicall explains itself */
	if (explained)
		return;
	v->domain->refusals->unexplained++;
	reject(rc, "no reason given");
	v->explained = 0;
	log_guest(LOG_WARN, "d%u: hypercall %lu(%lx, %lx) refused (%d) "
		"without a reason", v->domain->id,
		v->entry ? v->entry->op : guest_regs()->rax,
		v->entry ? v->entry->args[0] : guest_regs()->rdi,
		v->entry ? v->entry->args[1] : guest_regs()->rsi, rc);
}

void refusal_crash(struct domain *d, const char *text)
{
	struct shoji_crash c = { .time = now() };
	const struct vcpu *const v = current;
	uint64_t flags;

	if (v->domain == d) {
		c.has_regs = true;
		c.vcpu = (uint8_t)v->id;
		c.kernel = v->kernel_mode;
		c.rip = guest_regs()->rip;
		c.rsp = guest_regs()->rsp;
		c.rflags = guest_regs()->rflags;
		c.cr2 = v->cr2;
	}
	format_string(c.text, sizeof(c.text), "%s", text);
	flags = spin_lock_irq(&d->refusals->lock);
	d->refusals->crash = c;
	spin_unlock_irq(&d->refusals->lock, flags);
}

int64_t refusal_get(struct domain *d, void *op)
{
	struct shoji_get_refusal *const get = op;
	struct refusals *const all = d->refusals;
	const uint64_t flags = spin_lock_irq(&all->lock);

	get->nr = all->nr;
	get->lost = all->lost;
	get->unexplained = all->unexplained;
	get->record = (struct shoji_refusal){ 0 };
	if (get->back < RECORDS && get->back < all->nr)
		get->record = *record(all, get->back);
	spin_unlock_irq(&all->lock, flags);
	return 0;
}

int64_t refusal_get_crash(struct domain *d, void *op)
{
	struct shoji_get_crash *const get = op;
	const uint64_t flags = spin_lock_irq(&d->refusals->lock);

	get->crash = d->refusals->crash;
	spin_unlock_irq(&d->refusals->lock, flags);
	return 0;
}
