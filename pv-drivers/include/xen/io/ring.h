/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared request/response rings, as block and network devices use them.
 *
 * A ring is a page (or several): a 64-byte head of four free-running
 * counters, then a power of two of equal slots. The front end writes requests
 * and counts req_prod up; the back end writes each response into the slot of
 * a request it has consumed and counts rsp_prod up. Each side names, in
 * *_event, the counter value at which it wants to be woken.
 *
 * Invariants: rsp_prod <= consumed requests <= req_prod <= rsp_prod + slots,
 * modulo 2^32. The other side may break them, and may change a slot at any
 * time: copy a slot out before looking at it, and ask ring_back_overflow()
 * before trusting the counters. Slots are written before the counter that
 * publishes them; the counter is published before the event field is read.
 */
#pragma once

#include <stdbool.h>

#include "xen/xen-x86_64.h"

/* The head of the shared page. */
struct ring_page {
	uint32_t req_prod;	/* 0x00 requests written, by the front end */
	uint32_t req_event;	/* 0x04 wake the back end at this req_prod */
	uint32_t rsp_prod;	/* 0x08 responses written, by the back end */
	uint32_t rsp_event;	/* 0x0c wake the front end at this rsp_prod */
	uint8_t pad[48];	/* 0x10 */
};
static_assert(sizeof(struct ring_page) == 64, "size");

/* One side's private view; slots start right behind the head. */
struct ring_front {
	struct ring_page *page;
	uint32_t nr_slots;	/* power of two */
	uint32_t slot_bytes;
	uint32_t req_prod;	/* requests written, maybe not yet published */
	uint32_t rsp_cons;	/* responses taken */
};

struct ring_back {
	struct ring_page *page;
	uint32_t nr_slots;	/* power of two */
	uint32_t slot_bytes;
	uint32_t rsp_prod;	/* responses written, maybe not yet published */
	uint32_t req_cons;	/* requests taken */
};

/* Slots of a ring of `bytes`: the largest power of two that fits. */
static inline uint32_t ring_nr_slots(uint32_t bytes, uint32_t slot_bytes)
{
	const uint32_t fit = (bytes - sizeof(struct ring_page)) / slot_bytes;

	return 1u << (31 - __builtin_clz(fit));
}

static inline uint32_t ring_load(const uint32_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

static inline void ring_store(uint32_t *counter, uint32_t value)
{
	__atomic_store_n(counter, value, __ATOMIC_RELEASE);
}

static inline void ring_fence(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Publish `new` and say whether the step from *prod passed `event`. */
static inline bool ring_publish(uint32_t *prod, uint32_t new,
				const uint32_t *event)
{
	const uint32_t old = *prod;

	ring_store(prod, new);
	ring_fence();
	return new - ring_load(event) < new - old;
}

/* Front end: start a ring in a page of `bytes` that nobody uses yet. */
static inline void ring_front_init(struct ring_front *f, void *page,
				   uint32_t bytes, uint32_t slot_bytes)
{
	*f = (struct ring_front){
		.page = page,
		.nr_slots = ring_nr_slots(bytes, slot_bytes),
		.slot_bytes = slot_bytes,
	};
	*f->page = (struct ring_page){ .req_event = 1, .rsp_event = 1 };
}

/* The slot that a counter value stands for. */
static inline void *ring_front_slot(const struct ring_front *f, uint32_t count)
{
	return (uint8_t *)(f->page + 1) +
	       (uint64_t)(count & (f->nr_slots - 1)) * f->slot_bytes;
}

/* Requests that may be written before a response must be taken. */
static inline uint32_t ring_front_free(const struct ring_front *f)
{
	return f->nr_slots - (f->req_prod - f->rsp_cons);
}

/* The slot for the next request; the caller has checked ring_front_free(). */
static inline void *ring_front_next(struct ring_front *f)
{
	return ring_front_slot(f, f->req_prod++);
}

/* Publish what was written; true: send the event. */
static inline bool ring_front_push(struct ring_front *f)
{
	return ring_publish(&f->page->req_prod, f->req_prod,
			    &f->page->req_event);
}

/* The next response to copy, NULL if none; ring_front_take() consumes it. */
static inline const void *ring_front_peek(const struct ring_front *f)
{
	if (ring_load(&f->page->rsp_prod) == f->rsp_cons)
		return (const void *)0;
	return ring_front_slot(f, f->rsp_cons);
}

static inline void ring_front_take(struct ring_front *f)
{
	f->rsp_cons++;
}

/* True: more responses than requests; the back end is not to be trusted. */
static inline bool ring_front_overflow(const struct ring_front *f)
{
	return ring_load(&f->page->rsp_prod) - f->rsp_cons >
	       f->req_prod - f->rsp_cons;
}

/* Ask to be woken by the next response; true: one is already there. */
static inline bool ring_front_sleep(struct ring_front *f)
{
	ring_store(&f->page->rsp_event, f->rsp_cons + 1);
	ring_fence();
	return ring_load(&f->page->rsp_prod) != f->rsp_cons;
}

/* Back end: attach to a ring that a front end has started. */
static inline void ring_back_attach(struct ring_back *b, void *page,
				    uint32_t bytes, uint32_t slot_bytes)
{
	*b = (struct ring_back){
		.page = page,
		.nr_slots = ring_nr_slots(bytes, slot_bytes),
		.slot_bytes = slot_bytes,
	};
	b->rsp_prod = ring_load(&b->page->rsp_prod);
	b->req_cons = b->rsp_prod;
}

static inline void *ring_back_slot(const struct ring_back *b, uint32_t count)
{
	return (uint8_t *)(b->page + 1) +
	       (uint64_t)(count & (b->nr_slots - 1)) * b->slot_bytes;
}

/* True: more requests than slots; the front end is not to be trusted. */
static inline bool ring_back_overflow(const struct ring_back *b)
{
	return ring_load(&b->page->req_prod) - b->rsp_prod > b->nr_slots;
}

/* The next request to copy, NULL if none; ring_back_take() consumes it. */
static inline const void *ring_back_peek(const struct ring_back *b)
{
	if (ring_load(&b->page->req_prod) == b->req_cons ||
	    b->req_cons - b->rsp_prod >= b->nr_slots)
		return (const void *)0;
	return ring_back_slot(b, b->req_cons);
}

static inline void ring_back_take(struct ring_back *b)
{
	b->req_cons++;
}

/* The slot for the next response, one for each request taken. */
static inline void *ring_back_next(struct ring_back *b)
{
	return ring_back_slot(b, b->rsp_prod++);
}

/* Publish what was written; true: send the event. */
static inline bool ring_back_push(struct ring_back *b)
{
	return ring_publish(&b->page->rsp_prod, b->rsp_prod,
			    &b->page->rsp_event);
}

/* Ask to be woken by the next request; true: one is already there. */
static inline bool ring_back_sleep(struct ring_back *b)
{
	ring_store(&b->page->req_event, b->req_cons + 1);
	ring_fence();
	return ring_load(&b->page->req_prod) != b->req_cons;
}
