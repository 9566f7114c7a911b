// SPDX-License-Identifier: BSD-2-Clause
/*
 * The frame allocator and the heap over 64 MiB of pretended memory with a
 * hole: random operations against a map of who has what; alignment, address
 * limits, claims, joining of neighbours; no byte is lost in the end.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/refusal.h"
#include "lib/assert.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "suite.h"
#include "x86/spinlock.h"

#define FRAMES 16384ull
#define HOLE_START 5000ull
#define HOLE_END 6000ull
#define FIRST 256ull

/* What the files need of others */

struct frame *frames;
uint64_t *frame_regions;
uint64_t nr_frames;
static char *memory;

void *direct(paddr_t pa)
{
	return memory + pa;
}

paddr_t direct_paddr(const void *va)
{
	return (uint64_t)((const char *)va - memory);
}

void spin_lock(struct spinlock *lock)
{
	CHECK(!lock->serving++);
}

void spin_unlock(struct spinlock *lock)
{
	CHECK(!--lock->serving);
}

void assert_failed(const char *condition, const char *file, int line)
{
	printf("assertion %s, %s:%d\n", condition, file, line);
	abort();
}

int reject(int rc, const char *fmt, ...)
{
	(void)fmt;
	return rc;
}

/* A machine */

static uint64_t total;

static void start(void)
{
	memory = mmap(NULL, FRAMES * PAGE_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(memory != MAP_FAILED);
	frames = calloc(FRAMES, sizeof(*frames));
	frame_regions = calloc(FRAMES / FRAME_REGION + 1,
		sizeof(*frame_regions));
	nr_frames = FRAMES;
	buddy_free_range(FIRST * PAGE_SIZE - 5, HOLE_START * PAGE_SIZE + 7);
	buddy_free_range(HOLE_END * PAGE_SIZE, FRAMES * PAGE_SIZE);
	total = FRAMES - FIRST - (HOLE_END - HOLE_START);
	CHECK_EQUAL(buddy_free_pages(), total);
	CHECK_EQUAL(buddy_total_pages(), total);
}

static void check_block(mfn_t mfn, unsigned order, const uint8_t *taken)
{
	const uint64_t end = mfn.n + (1ull << order);

	CHECK(mfn.n >= FIRST && end <= FRAMES);
	CHECK(end <= HOLE_START || mfn.n >= HOLE_END);
	CHECK(!(mfn.n & ((1ull << order) - 1)));
	for (uint64_t n = mfn.n; n < end; n++) {
		CHECK(!taken[n]);
		CHECK(!frames[n].refs && !frames[n].type);
	}
}

static void frames_random(void)
{
	static uint8_t taken[FRAMES];
	static struct {
		mfn_t mfn;
		unsigned order;
	} block[500];
	unsigned nr = 0;
	uint64_t used = 0;

	start();
	srand(3);
	for (unsigned i = 0; i < 100000; i++) {
		const unsigned order = (unsigned)rand() % 8;

		if (nr < 500 && rand() % 2) {
			const mfn_t mfn = buddy_alloc(order, 0);

			if (mfn_none(mfn))
				continue;
			check_block(mfn, order, taken);
			memset(taken + mfn.n, 1, 1ul << order);
			block[nr].mfn = mfn;
			block[nr++].order = order;
			used += 1ull << order;
		} else if (nr) {
			const unsigned k = (unsigned)rand() % nr;

			memset(taken + block[k].mfn.n, 0,
				1ul << block[k].order);
			used -= 1ull << block[k].order;
			buddy_free(block[k].mfn, 1ull << block[k].order);
			block[k] = block[--nr];
		}
		CHECK_EQUAL(buddy_free_pages(), total - used);
	}
	while (nr--)
		buddy_free(block[nr].mfn, 1ull << block[nr].order);
	CHECK_EQUAL(buddy_free_pages(), total);
	/* All neighbours have joined: the largest block there can be. */
	CHECK_EQUAL(buddy_alloc(13, 0).n, 8192);
	CHECK(mfn_none(buddy_alloc(13, 0)));
	CHECK(!mfn_none(buddy_alloc(11, 0)));
}

static void frames_limits(void)
{
	mfn_t mfn;

	start();
	CHECK(buddy_alloc(0, 0).n >= FRAMES / 2); /* the highest first */
	CHECK(mfn_none(buddy_alloc(0, 20))); /* nothing below 1 MiB */
	CHECK_EQUAL(buddy_free_pages_below(20), 0);
	CHECK_EQUAL(buddy_free_pages_below(21), 256);
	for (unsigned i = 0; i < 256; i++) {
		mfn = buddy_alloc(0, 21);
		CHECK(mfn.n >= 256 && mfn.n < 512);
	}
	CHECK(mfn_none(buddy_alloc(0, 21)));
	mfn = buddy_alloc(3, 22);
	CHECK(mfn.n >= 512 && mfn.n < 1024);
	CHECK(mfn_none(buddy_alloc(BUDDY_ORDER_MAX + 1, 0)));
	CHECK(mfn_none(buddy_alloc(BUDDY_ORDER_MAX, 0)));
}

static void frames_claims(void)
{
	uint64_t nr = 0;

	start();
	CHECK(!buddy_claim(total + 1));
	CHECK(buddy_claim(1000));
	CHECK(!buddy_claim(total - 999));
	CHECK_EQUAL(buddy_claimed_pages(), 1000);
	while (!mfn_none(buddy_alloc(0, 0)))
		nr++;
	CHECK_EQUAL(nr, total - 1000);
	/* Only the claim's owner gets the rest. */
	CHECK(!mfn_none(buddy_alloc_claimed(0, 0, 1)));
	CHECK_EQUAL(buddy_claimed_pages(), 999);
	CHECK(mfn_none(buddy_alloc(0, 0)));
	buddy_unclaim(999);
	CHECK(!mfn_none(buddy_alloc(0, 0)));
}

/* The heap */

static void check_filled(const unsigned char *object, size_t size, int byte)
{
	for (size_t i = 0; i < size; i++)
		CHECK(object[i] == byte);
}

static void heap_random(void)
{
	static struct {
		unsigned char *object;
		size_t size;
		int byte;
	} live[300];
	uint64_t before;

	start();
	before = buddy_free_pages();
	srand(4);
	for (unsigned i = 0; i < 40000; i++) {
		const unsigned k = (unsigned)rand() % 300;
		size_t size = (size_t)rand() % 2100;

		if (live[k].object) {
			check_filled(live[k].object, live[k].size,
				live[k].byte);
			heap_free(live[k].object);
			live[k].object = NULL;
			continue;
		}
		if (rand() % 50 == 0)
			size *= 20;
		live[k].object = heap_alloc(size);
		CHECK(live[k].object && !((uint64_t)live[k].object & 15));
		CHECK(size <= 2016 || !((uint64_t)live[k].object & PAGE_MASK));
		check_filled(live[k].object, size, 0);
		live[k].size = size;
		live[k].byte = rand() & 0xff;
		memset(live[k].object, live[k].byte, size);
	}
	for (unsigned k = 0; k < 300; k++)
		heap_free(live[k].object);
	CHECK_EQUAL(buddy_free_pages(), before);
}

static void heap_exhausted(void)
{
	void *first = NULL, *object;

	start();
	while ((object = heap_alloc(1000)) != NULL) {
		*(void **)object = first;
		first = object;
	}
	CHECK_EQUAL(buddy_free_pages(), 0);
	CHECK(!page_alloc() && !heap_alloc(1) && !heap_alloc(100000));
	while (first) {
		object = *(void **)first;
		heap_free(first);
		first = object;
	}
	CHECK_EQUAL(buddy_free_pages(), total);
	object = page_alloc();
	CHECK(object && !((uint64_t)object & PAGE_MASK));
	check_filled(object, PAGE_SIZE, 0);
	page_free(object);
	CHECK_EQUAL(buddy_free_pages(), total);
	heap_free(NULL);
}

SUITE({ "memory: frames under random operations", frames_random },
	{ "memory: address limits", frames_limits },
	{ "memory: claims", frames_claims },
	{ "memory: heap under random operations", heap_random },
	{ "memory: heap without memory", heap_exhausted })
