// SPDX-License-Identifier: BSD-2-Clause
/*
 * The memory map, and memory before the allocator. What is in use (the first
 * MiB, the image, modules, what memory_boot_alloc gave) is a short list of
 * ranges; the rest of RAM goes to the buddy allocator in the end.
 *
 * The first MiB is never handed out: for guests it counts as device memory.
 */
#include "boot/memory.h"

#include "lib/assert.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/paging.h"
#include "xen/xen.h"

#define LOW_END 0x100000ull
#define USED_MAX 32
#define M2P_PIECE 0x200000ull

static struct {
	paddr_t start, end;
} used[USED_MAX];
static unsigned nr_used;

static paddr_t page_up(paddr_t pa)
{
	return (pa + PAGE_MASK) & ~(paddr_t)PAGE_MASK;
}

static paddr_t page_down(paddr_t pa)
{
	return pa & ~(paddr_t)PAGE_MASK;
}

/* RAM shrinks to whole pages, all else grows to them. */
static void whole_pages(struct memory_range *r)
{
	if (r->type == MEMORY_RAM) {
		r->start = page_up(r->start);
		r->end = page_down(r->end);
		if (r->end > DIRECT_MAX)
			r->end = DIRECT_MAX;
	} else {
		r->start = page_down(r->start);
		r->end = page_up(r->end);
	}
}

/* Of the ranges at hand that cover pa, the type that counts (the highest:
 * anything is safer than RAM), 0 none; *end is where that may change. */
static uint32_t type_at(const struct memory_range *range, unsigned nr,
	paddr_t pa, paddr_t *end)
{
	uint32_t type = 0;

	*end = ~0ull;
	for (unsigned i = 0; i < nr; i++) {
		if (range[i].start >= range[i].end)
			continue;
		if (range[i].start > pa) {
			if (range[i].start < *end)
				*end = range[i].start;
		} else if (range[i].end > pa) {
			if (range[i].end < *end)
				*end = range[i].end;
			if (range[i].type > type)
				type = range[i].type;
		}
	}
	return type;
}

void memory_map_tidy(struct boot_info *info)
{
	static struct memory_range in[BOOT_RANGES_MAX];
	const unsigned nr_in = info->nr_ranges;
	struct memory_range *last = NULL;
	paddr_t pa, end;
	uint32_t type;

	memcpy(in, info->range, sizeof(in));
	for (unsigned i = 0; i < nr_in; i++)
		whole_pages(&in[i]);
	info->nr_ranges = 0;
	for (pa = 0; pa != ~0ull; pa = end) {
		type = type_at(in, nr_in, pa, &end);
		if (!type)
			continue;
		if (last && last->end == pa && last->type == type) {
			last->end = end;
			continue;
		}
		if (info->nr_ranges == BOOT_RANGES_MAX) {
			info->ranges_lost = true;
			break;
		}
		last = &info->range[info->nr_ranges++];
		*last = (struct memory_range){ pa, end, type };
	}
}

void memory_map_print(const struct boot_info *info)
{
	static const char *const names[] = { "?", "RAM", "reserved", "ACPI",
		"ACPI NVS", "defective" };

	log_info("memory map:");
	for (unsigned i = 0; i < info->nr_ranges; i++)
		log_info("  %012lx-%012lx %s", info->range[i].start,
			info->range[i].end - 1, names[info->range[i].type]);
	if (info->ranges_lost)
		log_warn("memory map: over %u ranges, rest lost",
			BOOT_RANGES_MAX);
}

bool memory_is_ram(paddr_t start, paddr_t end)
{
	for (unsigned i = 0; i < boot_info.nr_ranges; i++) {
		const struct memory_range *const r = &boot_info.range[i];

		if (r->type == MEMORY_RAM && r->start <= start &&
			r->end >= end)
			return true;
	}
	return false;
}

uint64_t memory_ram_bytes(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < boot_info.nr_ranges; i++)
		if (boot_info.range[i].type == MEMORY_RAM)
			sum += boot_info.range[i].end -
				boot_info.range[i].start;
	return sum;
}

/* Mark as in use; kept short by growing a neighbour. */
static void use(paddr_t start, paddr_t end)
{
	for (unsigned i = 0; i < nr_used; i++) {
		if (used[i].start == end) {
			used[i].start = start;
			return;
		}
		if (used[i].end == start) {
			used[i].end = end;
			return;
		}
	}
	if (nr_used == USED_MAX)
		panic("memory: too many pieces are in use at boot");
	used[nr_used].start = start;
	used[nr_used++].end = end;
}

void memory_init(void)
{
	const uint64_t image_size = (uint64_t)image_end - (uint64_t)image_start;

	use(0, LOW_END);
	use(IMAGE_PADDR, IMAGE_PADDR + page_up(image_size));
	for (unsigned i = 0; i < boot_info.nr_modules; i++)
		if (boot_info.module[i].end > boot_info.module[i].start)
			use(page_down(boot_info.module[i].start),
				page_up(boot_info.module[i].end));
	if (!memory_is_ram(IMAGE_PADDR, IMAGE_PADDR + page_up(image_size)))
		log_warn("memory map: the hypervisor's own image at %x is not "
			 "in RAM", IMAGE_PADDR);
}

/* The start of something in use that overlaps, or 0. */
static paddr_t overlap(paddr_t start, paddr_t end)
{
	for (unsigned i = 0; i < nr_used; i++)
		if (used[i].start < end && used[i].end > start)
			return used[i].start ? used[i].start : 1;
	return 0;
}

/* The highest place in a range of RAM, 0 none. */
static paddr_t place_in(const struct memory_range *r, size_t size, size_t align,
	paddr_t limit)
{
	paddr_t end = r->end < limit ? r->end : limit;
	paddr_t start, other;

	for (;;) {
		if (end < r->start + size)
			return 0;
		start = (end - size) & ~(paddr_t)(align - 1);
		if (start < r->start)
			return 0;
		other = overlap(start, start + size);
		if (!other)
			return start;
		end = other;
	}
}

paddr_t memory_boot_alloc(size_t size, size_t align, paddr_t limit)
{
	size = page_up(size);
	if (align < PAGE_SIZE)
		align = PAGE_SIZE;
	for (unsigned i = boot_info.nr_ranges; i-- > 0;) {
		paddr_t start;

		if (boot_info.range[i].type != MEMORY_RAM)
			continue;
		start = place_in(&boot_info.range[i], size, align, limit);
		if (start) {
			use(start, start + size);
			return start;
		}
	}
	panic("memory: no room for %zu KiB that the hypervisor needs",
		size / 1024);
}

paddr_t memory_low_page(void)
{
	for (paddr_t pa = 0x9f000; pa >= 0x1000; pa -= PAGE_SIZE) {
		bool module = false;

		for (unsigned i = 0; i < boot_info.nr_modules; i++)
			if (boot_info.module[i].start < pa + PAGE_SIZE &&
				boot_info.module[i].end > pa)
				module = true;
		if (!module && memory_is_ram(pa, pa + PAGE_SIZE))
			return pa;
	}
	return 0;
}

/* Frames that are no memory belong to DOMID_IO, all others to us. */
static void set_owners(void)
{
	uint64_t n = 0, end;

	for (unsigned i = 0; i <= boot_info.nr_ranges && n < nr_frames; i++) {
		const struct memory_range *const r = &boot_info.range[i];

		if (i < boot_info.nr_ranges &&
			(r->type != MEMORY_RAM || r->end <= LOW_END))
			continue;
		end = i < boot_info.nr_ranges ? r->start / PAGE_SIZE :
						nr_frames;
		for (; n < end; n++)
			frames[n].owner = DOMID_IO;
		if (i < boot_info.nr_ranges)
			for (; n < r->end / PAGE_SIZE; n++)
				frames[n].owner = FRAME_HV;
	}
}

/* A range of RAM to the buddy, without what is in use. */
static void release_unused(paddr_t start, paddr_t end)
{
	while (start < end) {
		paddr_t stop = end, skip = end;

		for (unsigned i = 0; i < nr_used; i++) {
			if (used[i].end <= start || used[i].start >= stop)
				continue;
			stop = used[i].start > start ? used[i].start : start;
			skip = used[i].end;
		}
		if (stop > start)
			buddy_free_range(start, stop);
		start = skip;
	}
}

void memory_init_frames(void)
{
	size_t frames_size, m2p_size;

	for (unsigned i = 0; i < boot_info.nr_ranges; i++)
		if (boot_info.range[i].type == MEMORY_RAM)
			nr_frames = boot_info.range[i].end / PAGE_SIZE;
	frames_size = page_up(nr_frames * sizeof(*frames) +
		(nr_frames / FRAME_REGION + 1) * sizeof(*frame_regions));
	m2p_size = (nr_frames * 8 + M2P_PIECE - 1) & ~(M2P_PIECE - 1);
	m2p = direct(memory_boot_alloc(m2p_size, M2P_PIECE, DIRECT_MAX));
	frames = direct(memory_boot_alloc(frames_size, PAGE_SIZE, DIRECT_MAX));
	frame_regions = (uint64_t *)(frames + nr_frames);
	memset(m2p, 0xff, m2p_size);
	memset(frames, 0, frames_size);
	set_owners();
	for (unsigned i = 0; i < boot_info.nr_ranges; i++)
		if (boot_info.range[i].type == MEMORY_RAM)
			release_unused(boot_info.range[i].start,
				boot_info.range[i].end);
	log_info("memory: %lu MiB RAM, %lu KiB for M2P and frame table at %lx",
		memory_ram_bytes() >> 20, (frames_size + m2p_size) >> 10,
		mfn_paddr(direct_mfn(frames)));
}

void memory_release(paddr_t start, paddr_t end)
{
	start = page_up(start);
	end = page_down(end);
	if (start < end && memory_is_ram(start, end) && start >= LOW_END)
		buddy_free_range(start, end);
}
