// SPDX-License-Identifier: BSD-2-Clause
/*
 * The hypervisor's own page tables. One L4 (idle_cr3's) is built at boot; the
 * L3 tables of all slots in use exist when paging_init() returns, so that
 * slots 256 to 271 of the L4 never change again and every guest's L4 can have
 * a copy of them.
 *
 * Tables come from boot memory until the frame table exists, then from the
 * heap; they are reached through the direct map. Only mappings in the MMIO
 * slot come and go later, under the lock.
 */
#include "mm/paging.h"

#include "boot/memory.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/tlb.h"
#include "x86/cpu.h"
#include "x86/desc.h"
#include "x86/harden.h"
#include "x86/spinlock.h"
#include "xen/errno.h"

#define PTE_DATA (PTE_P | PTE_RW | PTE_NX | PTE_A | PTE_D | PTE_G)
#define PTE_CONST (PTE_P | PTE_NX | PTE_A | PTE_G)
#define PTE_CODE (PTE_P | PTE_A | PTE_G)
#define PTE_M2P (PTE_P | PTE_US | PTE_NX | PTE_A | PTE_D | PTE_G)
#define PTE_TABLE (PTE_P | PTE_RW | PTE_A | PTE_D)

#define L2_SIZE 0x200000ull
#define L3_SIZE 0x40000000ull
#define M2P_PIECE L2_SIZE
#define FRAMES_PER_PIECE (M2P_PIECE / 8)
#define BOOT_LIMIT 0x100000000ull /* what the boot page tables map */

paddr_t idle_cr3;

static uint64_t *l4;
static uint8_t zero_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

extern char cpu0_pages[]; /* head.S */
extern const char entry_start[], entry_end[]; /* entry.S */
extern const uint32_t cpu_window_map;

static paddr_t image_paddr(const void *symbol)
{
	return (uint64_t)symbol - IMAGE_BASE + IMAGE_PADDR;
}

/* A cleared page for a table or a CPU, NULL: no memory. */
static void *own_page(void)
{
	void *page;

	if (nr_frames)
		return page_alloc();
	page = direct(memory_boot_alloc(PAGE_SIZE, PAGE_SIZE, BOOT_LIMIT));
	clear_page(page);
	return page;
}

static unsigned index_at(uint64_t va, unsigned level)
{
	return va >> (12 + 9 * (level - 1)) & 511;
}

/* The entry for va in the table of a level; tables above are made. NULL: no
 * memory. */
static uint64_t *entry_at(uint64_t *root, uint64_t va, unsigned level)
{
	uint64_t *table = root;

	for (unsigned at = 4; at > level; at--) {
		uint64_t *const e = &table[index_at(va, at)];

		if (!(*e & PTE_P)) {
			void *const page = own_page();

			if (!page)
				return NULL;
			*e = direct_paddr(page) | PTE_TABLE;
			if (va < M2P_RO_END)
				*e |= PTE_US;
		}
		ASSERT(!(*e & PTE_PSE));
		table = direct(*e & PTE_ADDR);
	}
	return &table[index_at(va, level)];
}

/* The largest page that fits here; level 1 only if small is asked for. */
static unsigned level_for(
	uint64_t va, paddr_t pa, uint64_t size, unsigned max_level)
{
	const uint64_t both = va | pa;

	if (max_level >= 3 && !(both & (L3_SIZE - 1)) && size >= L3_SIZE &&
		cpu_has(CPU_PAGE1GB))
		return 3;
	if (max_level >= 2 && !(both & (L2_SIZE - 1)) && size >= L2_SIZE)
		return 2;
	return 1;
}

static int map(uint64_t *root, uint64_t va, paddr_t pa, uint64_t size,
	uint64_t flags, unsigned max_level)
{
	while (size) {
		const unsigned level = level_for(va, pa, size, max_level);
		const uint64_t step = 1ull << (12 + 9 * (level - 1));
		uint64_t *const e = entry_at(root, va, level);

		if (!e)
			return -ENOMEM;
		write_once(e, pa | flags | (level > 1 ? PTE_PSE : 0));
		va += step;
		pa += step;
		size -= step;
	}
	return 0;
}

/* A part of the image, at its own address and in the direct map. */
static void map_image_part(const char *start, const char *end, uint64_t flags)
{
	const paddr_t pa = image_paddr(start);
	const uint64_t size = (uint64_t)end - (uint64_t)start;

	map(l4, (uint64_t)start, pa, size, flags, 1);
	map(l4, DIRECT_BASE + pa, pa, size, flags | PTE_NX, 1);
}

/* The direct map of a range of RAM, without what map_image_part did.
 * NOLINTNEXTLINE(misc-no-recursion): what is left does not meet the image */
static void map_ram(paddr_t start, paddr_t end)
{
	const paddr_t image_stop = image_paddr(image_end);

	if (start < image_stop && end > IMAGE_PADDR) {
		if (start < IMAGE_PADDR)
			map_ram(start, IMAGE_PADDR);
		if (end > image_stop)
			map_ram(image_stop, end);
		return;
	}
	map(l4, DIRECT_BASE + start, start, end - start, PTE_DATA, 3);
}

static void map_descriptors(unsigned cpu, void *gdt_page)
{
	const uint64_t zero = image_paddr(zero_page) | PTE_CONST;
	uint64_t *const e = paging_desc_ptes(cpu);

	for (unsigned i = 0; i < 16; i++)
		e[i] = zero;
	e[14] = direct_paddr(gdt_page) | PTE_DATA;
}

/* What guests see of us while they run, if entry is isolated: the M2P, the
 * code of entry.S, this CPU's windows. */
static int make_views(unsigned cpu)
{
	const uint64_t code = (uint64_t)entry_start, window = PERCPU_WINDOW(cpu);
	uint64_t *const root = own_page(), *const second = own_page();
	uint64_t *e;

	if (!root || !second ||
		map(root, code, image_paddr(entry_start),
			(uint64_t)entry_end - code, PTE_CODE, 1))
		return -ENOMEM;
	e = entry_at(root, window, 2);
	if (!e)
		return -ENOMEM;
	*e = *entry_at(l4, window, 2);
	root[HV_SLOT_FIRST] = l4[HV_SLOT_FIRST];
	copy_page(second, root);
	cpu_of(cpu)->view[0].cr3 = direct_paddr(root) | TLB_VIEW | TLB_USER;
	cpu_of(cpu)->view[1].cr3 = direct_paddr(second) | TLB_VIEW | TLB_KERNEL;
	return 0;
}

int paging_map_cpu(unsigned cpu)
{
	const uint64_t base = PERCPU_WINDOW(cpu);
	paddr_t next = image_paddr(cpu0_pages);
	void *gdt_page;

	for (unsigned i = 0; i < PERCPU_SIZE / PAGE_SIZE; i++) {
		void *page;

		if (!(cpu_window_map >> i & 1))
			continue;
		page = cpu ? page_alloc() : direct(next);
		next += PAGE_SIZE;
		if (!page)
			return -ENOMEM;
		if (map(l4, base + i * PAGE_SIZE, direct_paddr(page),
			    PAGE_SIZE, PTE_DATA, 1))
			return -ENOMEM;
	}
	gdt_page = own_page();
	if (!gdt_page || map(l4, base + CPU_IDT, image_paddr(idt),
				 PAGE_SIZE, PTE_CONST, 1))
		return -ENOMEM;
	map_descriptors(cpu, gdt_page);
	return entry_isolated ? make_views(cpu) : 0;
}

void paging_init(void)
{
	l4 = own_page();
	idle_cr3 = direct_paddr(l4);
	/* What may get mappings later has its L3 tables now. */
	entry_at(l4, M2P_RO_BASE, 3);
	entry_at(l4, MMIO_BASE, 3);
	map_image_part(image_start, image_text_end, PTE_CODE);
	map_image_part(image_text_end, image_rodata_end, PTE_CONST);
	map_image_part(image_rodata_end, image_end, PTE_DATA);
	for (unsigned i = 0; i < boot_info.nr_ranges; i++)
		if (boot_info.range[i].type == MEMORY_RAM)
			map_ram(boot_info.range[i].start,
				boot_info.range[i].end);
	paging_map_cpu(0);
	write_cr3(idle_cr3);
	this_cpu()->cr3 = this_cpu()->root[TLB_IDLE] = idle_cr3;
}

/* Is any of the frames that a piece of the M2P describes RAM? */
static bool piece_used(unsigned n)
{
	const paddr_t start = n * FRAMES_PER_PIECE * PAGE_SIZE;
	const paddr_t end = start + FRAMES_PER_PIECE * PAGE_SIZE;

	for (unsigned i = 0; i < boot_info.nr_ranges; i++)
		if (boot_info.range[i].type == MEMORY_RAM &&
			boot_info.range[i].start < end &&
			boot_info.range[i].end > start)
			return true;
	return false;
}

unsigned paging_m2p_pieces(void)
{
	return (unsigned)((nr_frames + FRAMES_PER_PIECE - 1) /
		FRAMES_PER_PIECE);
}

mfn_t paging_m2p_piece(unsigned n)
{
	if (n >= paging_m2p_pieces() || !piece_used(n))
		return MFN_NONE;
	return direct_mfn((const char *)m2p + n * M2P_PIECE);
}

void paging_map_m2p(void)
{
	for (unsigned i = 0; i < paging_m2p_pieces(); i++) {
		const mfn_t mfn = paging_m2p_piece(i);

		if (!mfn_none(mfn) &&
			map(l4, M2P_RO_BASE + i * M2P_PIECE, mfn_paddr(mfn),
				M2P_PIECE, PTE_M2P, 2))
			panic("paging: no memory to map the M2P");
	}
}

struct wx paging_check(paddr_t root)
{
	struct wx wx = { .text = image_paddr(image_start),
		.text_end = image_paddr(image_text_end),
		.const_end = image_paddr(image_rodata_end) };

	wx_check(&wx, root);
	if (wx.bad)
		panic("paging: the mapping at %lx is not W^X", wx.bad);
	return wx;
}

uint64_t hv_l4_entry(unsigned slot)
{
	ASSERT(slot >= HV_SLOT_FIRST && slot < HV_SLOT_END);
	return l4[slot];
}

uint64_t *paging_desc_ptes(unsigned cpu)
{
	return entry_at(l4, DESC_WINDOW(cpu), 1);
}

paddr_t paging_zero_page(void)
{
	return image_paddr(zero_page);
}

/* Mappings of devices, in the order of their addresses. */
#define MMIO_MAX 128

static struct {
	uint64_t va, size;
	paddr_t pa;
	enum paging_kind kind;
	unsigned users;
} mmio[MMIO_MAX];
static unsigned nr_mmio;
static struct spinlock mmio_lock = SPINLOCK(RANK_PAGES);

/* Room for size bytes: index of the mapping that will follow it. */
static unsigned find_room(uint64_t size, uint64_t *va)
{
	unsigned i;

	*va = MMIO_BASE;
	for (i = 0; i < nr_mmio && mmio[i].va - *va < size; i++)
		*va = mmio[i].va + mmio[i].size;
	return i;
}

static uint64_t kind_flags(enum paging_kind kind)
{
	switch (kind) {
	case PAGING_UNCACHED: return PTE_DATA | PTE_PCD | PTE_PWT;
	case PAGING_WRITE_COMBINING: return PTE_DATA | PTE_PAT;
	case PAGING_WRITE_BACK: return PTE_DATA;
	default: return PTE_CONST;
	}
}

/* A mapping of the same pages, 0: none. */
static uint64_t find_same(paddr_t pa, uint64_t size, enum paging_kind kind)
{
	for (unsigned i = 0; i < nr_mmio; i++)
		if (mmio[i].pa == pa && mmio[i].size == size &&
			mmio[i].kind == kind) {
			mmio[i].users++;
			return mmio[i].va;
		}
	return 0;
}

/* Whole pages; 0: no room. */
static uint64_t map_new(paddr_t pa, uint64_t size, enum paging_kind kind)
{
	uint64_t va;
	const unsigned i = find_room(size, &va);

	if (nr_mmio == MMIO_MAX || va + size > MMIO_END ||
		map(l4, va, pa, size, kind_flags(kind), 1))
		return 0;
	memmove(&mmio[i + 1], &mmio[i], (nr_mmio - i) * sizeof(mmio[0]));
	mmio[i].va = va;
	mmio[i].size = size;
	mmio[i].pa = pa;
	mmio[i].kind = kind;
	mmio[i].users = 1;
	nr_mmio++;
	return va;
}

void *paging_map_mmio(paddr_t pa, size_t size, enum paging_kind kind)
{
	const unsigned offset = pa & PAGE_MASK;
	uint64_t va;

	size = (size + offset + PAGE_MASK) & ~(uint64_t)PAGE_MASK;
	spin_lock(&mmio_lock);
	va = find_same(pa - offset, size, kind);
	if (!va)
		va = map_new(pa - offset, size, kind);
	spin_unlock(&mmio_lock);
	if (!va) {
		log_error("paging: no room to map %zu bytes at %lx", size, pa);
		return NULL;
	}
	return (void *)(va + offset);
}

void paging_unmap_mmio(void *at, size_t size)
{
	const uint64_t va = (uint64_t)at & ~(uint64_t)PAGE_MASK;
	unsigned i;

	size = (size + (uint64_t)at - va + PAGE_MASK) & ~(uint64_t)PAGE_MASK;
	spin_lock(&mmio_lock);
	for (i = 0; i < nr_mmio && mmio[i].va != va; i++)
		;
	ASSERT(i < nr_mmio && mmio[i].size == size);
	if (--mmio[i].users) {
		spin_unlock(&mmio_lock);
		return;
	}
	for (uint64_t n = 0; n < size; n += PAGE_SIZE)
		write_once(entry_at(l4, va + n, 1), 0);
	/* Nobody may get the addresses before all have forgotten them. */
	tlb_flush_everything();
	nr_mmio--;
	memmove(&mmio[i], &mmio[i + 1], (nr_mmio - i) * sizeof(mmio[0]));
	spin_unlock(&mmio_lock);
}
