// SPDX-License-Identifier: BSD-2-Clause
/*
 * The allocator of frames. Invariants, under the lock:
 *
 * - a block of order n starts at a multiple of 2^n frames; it is in the list
 *   of its zone and order exactly if its first frame has FR_FREE, and then
 *   stamp is the order;
 * - no two blocks that could be one are free;
 * - order_map[zone] has a bit for each order whose list is not empty,
 *   zone_map a bit for each zone with any;
 * - claimed <= free pages.
 *
 * A block aligned to its size lies within one zone, because zones begin at
 * powers of two and frame 0 is never free. Frame number 0 ends the lists.
 */
#include "mm/buddy.h"

#include "lib/assert.h"
#include "lib/bitmap.h"
#include "mm/frame.h"
#include "x86/spinlock.h"

#define ZONES 53 /* by the highest bit of the address */
#define ORDERS (BUDDY_ORDER_MAX + 1)

static struct spinlock lock = SPINLOCK(RANK_HEAP);
static uint32_t free_list[ZONES][ORDERS] GUARDED_BY(lock);
static uint32_t order_map[ZONES] GUARDED_BY(lock);
static uint64_t zone_map GUARDED_BY(lock);
static uint64_t zone_pages[ZONES] GUARDED_BY(lock);
static uint64_t nr_free, nr_claimed, nr_total;

static unsigned zone_of(uint64_t n)
{
	return bit_width(n) - 1 + PAGE_SHIFT;
}

static void insert(uint64_t n, unsigned order) REQUIRES(lock)
{
	const unsigned zone = zone_of(n);
	struct frame *const f = &frames[n];
	uint32_t *const head = &free_list[zone][order];

	f->refs = FR_FREE;
	f->stamp = (uint16_t)order;
	f->next = *head;
	f->type = 0;
	if (*head)
		frames[*head].type = (uint32_t)n;
	*head = (uint32_t)n;
	order_map[zone] |= 1u << order;
	zone_map |= 1ull << zone;
	zone_pages[zone] += 1ull << order;
}

static void take(uint64_t n, unsigned order) REQUIRES(lock)
{
	const unsigned zone = zone_of(n);
	const uint32_t next = frames[n].next, prev = frames[n].type;

	*(prev ? &frames[prev].next : &free_list[zone][order]) = next;
	if (next)
		frames[next].type = prev;
	frames[n].type = 0;
	frames[n].refs = 0;
	zone_pages[zone] -= 1ull << order;
	if (free_list[zone][order])
		return;
	order_map[zone] &= ~(1u << order);
	if (!order_map[zone])
		zone_map &= ~(1ull << zone);
}

/* The smallest block that is large enough, from the highest zone. */
static uint64_t find(unsigned order, unsigned address_bits, unsigned *found)
	REQUIRES(lock)
{
	uint64_t zones = zone_map;

	if (address_bits && address_bits < ZONES)
		zones &= (1ull << address_bits) - 1;
	while (zones) {
		const unsigned zone = bit_width(zones) - 1;
		const uint32_t orders = order_map[zone] >> order << order;

		if (orders) {
			*found = (unsigned)__builtin_ctz(orders);
			return free_list[zone][*found];
		}
		zones &= ~(1ull << zone);
	}
	return 0;
}

/* Cut a free block down to order, keeping its upper end's part free. */
static mfn_t cut(uint64_t n, unsigned have, unsigned order) REQUIRES(lock)
{
	take(n, have);
	while (have > order) {
		have--;
		insert(n, have);
		n += 1ull << have;
	}
	return MFN(n);
}

mfn_t buddy_alloc_claimed(
	unsigned order, unsigned address_bits, uint64_t claimed)
{
	const uint64_t pages = 1ull << order;
	mfn_t mfn = MFN_NONE;
	unsigned have = 0;
	uint64_t n = 0;

	ASSERT(claimed <= pages);
	if (order > BUDDY_ORDER_MAX)
		return MFN_NONE;
	spin_lock(&lock);
	ASSERT(claimed <= nr_claimed);
	if (nr_free - nr_claimed >= pages - claimed)
		n = find(order, address_bits, &have);
	if (n) {
		mfn = cut(n, have, order);
		nr_free -= pages;
		nr_claimed -= claimed;
	}
	spin_unlock(&lock);
	return mfn;
}

mfn_t buddy_alloc(unsigned order, unsigned address_bits)
{
	return buddy_alloc_claimed(order, address_bits, 0);
}

/* Regions that are free as a whole have nobody's pages. */
static void forget_owners(uint64_t n, unsigned order) REQUIRES(lock)
{
	for (uint64_t i = 0; i < 1ull << order >> FRAME_REGION_ORDER; i++)
		frame_region(n)[i] = 0;
}

static void give(uint64_t n, unsigned order) REQUIRES(lock)
{
	nr_free += 1ull << order;
	forget_owners(n, order);
	while (order < BUDDY_ORDER_MAX) {
		const uint64_t other = n ^ (1ull << order);

		/* Frame 0 is in no block, so neither is what spans it. */
		if (!(n & other) || other >= nr_frames ||
			!(frames[other].refs & FR_FREE) ||
			frames[other].stamp != order)
			break;
		take(other, order);
		n &= other;
		if (++order == FRAME_REGION_ORDER)
			forget_owners(n, order);
	}
	insert(n, order);
}

void buddy_free(mfn_t mfn, uint64_t pages)
{
	const uint64_t stop = mfn.n + pages;
	uint64_t n = mfn.n;

	spin_lock(&lock);
	ASSERT(n && stop <= nr_frames);
	while (n < stop) {
		unsigned order = (unsigned)__builtin_ctzll(n);

		if (order > BUDDY_ORDER_MAX)
			order = BUDDY_ORDER_MAX;
		while (n + (1ull << order) > stop)
			order--;
		ASSERT(!(frames[n].refs & FR_FREE));
		give(n, order);
		n += 1ull << order;
	}
	spin_unlock(&lock);
}

void buddy_free_range(paddr_t start, paddr_t end)
{
	const mfn_t first = paddr_mfn(start + PAGE_MASK);
	const uint64_t stop = end >> PAGE_SHIFT;

	if (stop <= first.n)
		return;
	nr_total += stop - first.n;
	buddy_free(first, stop - first.n);
}

uint64_t buddy_free_pages(void)
{
	return nr_free;
}

uint64_t buddy_free_pages_below(unsigned address_bits)
{
	uint64_t sum = 0;

	spin_lock(&lock);
	for (unsigned zone = 0; zone < ZONES && zone < address_bits; zone++)
		sum += zone_pages[zone];
	spin_unlock(&lock);
	return sum;
}

uint64_t buddy_total_pages(void)
{
	return nr_total;
}

bool buddy_claim(uint64_t pages)
{
	bool enough;

	spin_lock(&lock);
	enough = nr_free - nr_claimed >= pages;
	if (enough)
		nr_claimed += pages;
	spin_unlock(&lock);
	return enough;
}

void buddy_unclaim(uint64_t pages)
{
	spin_lock(&lock);
	ASSERT(pages <= nr_claimed);
	nr_claimed -= pages;
	spin_unlock(&lock);
}

uint64_t buddy_claimed_pages(void)
{
	return nr_claimed;
}
