/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The initial page tables of a PV domain: the linear map, and the p2m list's
 * own map when the kernel wants it elsewhere. Tables are written in place
 * through foreign mappings, before the hypervisor has any reason to type the
 * frames as tables; pinning the L4 later validates the lot.
 *
 * Invariant: every frame that holds a table is mapped read-only, every other
 * mapped frame is writable; all entries have the user bit, since a PV kernel
 * runs in ring 3.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/build.h"
#include "lib/error.h"
#include "lib/privcmd.h"

#define PAGE 4096ULL
#define ENTRIES 512

#define PTE_PRESENT 0x001
#define PTE_WRITE 0x002
#define PTE_USER 0x004
#define PTE_ACCESSED 0x020
#define PTE_DIRTY 0x040

/* A run of frames that tables are taken from, in order. */
struct pool {
	uint64_t first; /* PFN */
	uint64_t nr;
	uint64_t used;
	uint64_t *map; /* ENTRIES words for each frame */
	struct {
		unsigned level;
		uint64_t index; /* va >> shift(level): what it maps */
	} * what;               /* for each used frame */
};

struct tables {
	struct build *build;
	struct pool pool[2]; /* the linear map's, the p2m list's */
};

/* The bits of an address that choose an entry of a table of this level. */
static unsigned shift(unsigned level)
{
	return 12 + 9 * (level - 1);
}

/* How many tables of level 3, 2 and 1 (and one L4) a range touches. */
uint64_t build_count_tables(uint64_t start, uint64_t nr_pages, bool with_l4)
{
	const uint64_t last = start + nr_pages * PAGE - 1;
	uint64_t count = with_l4;

	if (!nr_pages)
		return count;
	for (unsigned level = 1; level <= 3; level++)
		count += (last >> shift(level + 1)) -
			 (start >> shift(level + 1)) + 1;
	return count;
}

static uint64_t *find_table(
	struct tables *t, unsigned level, uint64_t va, uint64_t *pfn)
{
	const uint64_t index = level == 4 ? 0 : va >> shift(level + 1);

	for (unsigned p = 0; p < 2; p++) {
		struct pool *pool = &t->pool[p];

		/* the latest is the likeliest */
		for (uint64_t i = pool->used; i-- > 0;) {
			if (pool->what[i].level != level ||
				pool->what[i].index != index)
				continue;
			*pfn = pool->first + i;
			return pool->map + i * ENTRIES;
		}
	}
	return NULL;
}

/* The table of a level that maps va, made if necessary.
 * NOLINTNEXTLINE(misc-no-recursion): there are four levels */
static uint64_t *get_table(struct tables *t, struct pool *pool, unsigned level,
	uint64_t va, uint64_t *pfn)
{
	uint64_t *table = find_table(t, level, va, pfn);
	uint64_t *parent = NULL, parent_pfn;

	if (table)
		return table;
	/* Parents first: Linux reuses L4, L3 and L2 if they come first. */
	if (level < 4) {
		parent = get_table(t, pool, level + 1, va, &parent_pfn);
		if (!parent)
			return NULL;
	}
	if (pool->used == pool->nr) {
		error_set(t->build->error, EIO, "page-table count is wrong");
		return NULL;
	}
	*pfn = pool->first + pool->used;
	table = pool->map + pool->used * ENTRIES;
	pool->what[pool->used].level = level;
	pool->what[pool->used].index = level == 4 ? 0 : va >> shift(level + 1);
	pool->used++;
	if (parent)
		parent[va >> shift(level + 1) & (ENTRIES - 1)] =
			t->build->p2m[*pfn] * PAGE | PTE_PRESENT | PTE_WRITE |
			PTE_USER | PTE_ACCESSED;
	return table;
}

static bool is_table(const struct build *build, uint64_t pfn)
{
	const struct build_layout *l = &build->layout;

	return (pfn >= l->tables && pfn < l->tables + l->nr_tables) ||
	       (pfn >= l->p2m_tables && pfn < l->p2m_tables + l->nr_p2m_tables);
}

static int map_range(struct tables *t, struct pool *pool, uint64_t va,
	uint64_t pfn, uint64_t nr)
{
	const struct build *build = t->build;
	uint64_t *l1 = NULL, l1_pfn;

	for (uint64_t i = 0; i < nr; i++, va += PAGE) {
		const unsigned slot = va / PAGE % ENTRIES;

		if (!slot || !l1)
			l1 = get_table(t, pool, 1, va, &l1_pfn);
		if (!l1)
			return -EIO;
		l1[slot] =
			build->p2m[pfn + i] * PAGE | PTE_PRESENT | PTE_USER |
			PTE_ACCESSED |
			(is_table(build, pfn + i) ? 0 : PTE_WRITE | PTE_DIRTY);
	}
	return 0;
}

static int open_pool(
	struct tables *t, struct pool *pool, uint64_t first, uint64_t nr)
{
	struct build *build = t->build;

	pool->first = first;
	pool->nr = nr;
	if (!nr)
		return 0;
	pool->what = calloc(nr, sizeof(*pool->what));
	if (!pool->what)
		return error_set(build->error, ENOMEM, "out of memory");
	pool->map = privcmd_map_foreign(build->fd, build->dom,
		build->p2m + first, nr, PROT_READ | PROT_WRITE);
	if (!pool->map)
		return error_errno(
			build->error, errno, "mapping the page tables");
	if (!build->zeroed)
		memset(pool->map, 0, nr * PAGE);
	return 0;
}

static void close_pool(struct pool *pool)
{
	privcmd_unmap(pool->map, pool->nr);
	free(pool->what);
}

int build_tables(struct build *build)
{
	const struct build_layout *l = &build->layout;
	const struct pv_kernel *kernel = &build->kernel;
	struct tables t = {.build = build};
	uint64_t pfn;
	int rc = open_pool(&t, &t.pool[0], l->tables, l->nr_tables);

	if (!rc)
		rc = open_pool(&t, &t.pool[1], l->p2m_tables, l->nr_p2m_tables);
	/* pt_base says that the first table is the L4 */
	if (!rc && !get_table(&t, &t.pool[0], 4, 0, &pfn))
		rc = -EIO;
	if (!rc)
		rc = map_range(
			&t, &t.pool[0], kernel->virt_base, 0, l->nr_mapped);
	if (!rc && l->nr_p2m_tables)
		rc = map_range(
			&t, &t.pool[1], kernel->init_p2m, l->p2m, l->nr_p2m);
	close_pool(&t.pool[0]);
	close_pool(&t.pool[1]);
	return rc ? error_while(build->error, "making page tables") : 0;
}
