// SPDX-License-Identifier: BSD-2-Clause
/*
 * Small objects: a page (a slab) is cut into equal pieces after its header;
 * pieces that are free are linked through their first word. A slab with free
 * pieces is in its size's list; one with none used goes back to the frame
 * allocator. Large objects are blocks of pages, whose order is kept in their
 * first frame; being page aligned tells them from pieces of slabs.
 */
#include "mm/heap.h"

#include "core/refusal.h"
#include "lib/assert.h"
#include "lib/list.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "x86/spinlock.h"
#include "xen/errno.h"

struct slab {
	struct list_node node; /* in its class while a piece is free */
	void *free; /* first free piece */
	uint16_t class;
	uint16_t used; /* pieces in use */
	uint16_t nr; /* pieces in all */
	uint16_t pad;
	uint64_t magic;
	uint64_t pad2;
};

#define SLAB_MAGIC 0x62616c736a6f6873
#define SLAB_ROOM (PAGE_SIZE - sizeof(struct slab))

static_assert(sizeof(struct slab) % 16 == 0, "pieces are 16-byte aligned");

static const uint16_t class_size[] = { 16, 32, 48, 64, 96, 128, 192, 256, 336,
	448, 576, 800, 1008, 1344, 2016 };

#define CLASSES (sizeof(class_size) / sizeof(class_size[0]))

static struct spinlock lock = SPINLOCK(RANK_HEAP);
static struct list classes[CLASSES] GUARDED_BY(lock);

static unsigned class_of(size_t size)
{
	unsigned i = 0;

	while (class_size[i] < size)
		i++;
	return i;
}

static void *alloc_pages(unsigned order)
{
	const mfn_t mfn = buddy_alloc(order, 0);

	if (mfn_none(mfn)) {
		reject(-ENOMEM, "the hypervisor has no 2^%u pages", order);
		return NULL;
	}
	frame_of(mfn)->owner = FRAME_HV;
	frame_of(mfn)->stamp = (uint16_t)order;
	return mfn_direct(mfn);
}

static void *alloc_large(size_t size)
{
	unsigned order = 0;
	void *object;

	while ((size_t)PAGE_SIZE << order < size)
		if (++order > BUDDY_ORDER_MAX)
			return NULL;
	object = alloc_pages(order);
	if (object)
		memset(object, 0, (size_t)PAGE_SIZE << order);
	return object;
}

static struct slab *make_slab(unsigned class)
{
	struct slab *const slab = alloc_pages(0);
	char *piece;

	if (!slab)
		return NULL;
	*slab = (struct slab){ .class = (uint16_t)class, .magic = SLAB_MAGIC };
	slab->nr = (uint16_t)(SLAB_ROOM / class_size[class]);
	piece = (char *)(slab + 1);
	for (unsigned i = 0; i < slab->nr; i++) {
		*(void **)piece = slab->free;
		slab->free = piece;
		piece += class_size[class];
	}
	return slab;
}

/* A piece of the class's first slab, NULL if there is none. */
static void *take_piece(unsigned class) REQUIRES(lock)
{
	struct slab *slab;
	void *piece;

	if (!classes[class].head.next)
		list_init(&classes[class]);
	slab = list_first(&classes[class], struct slab, node);
	if (!slab)
		return NULL;
	piece = slab->free;
	slab->free = *(void **)piece;
	slab->used++;
	if (!slab->free)
		list_remove(&slab->node);
	return piece;
}

void *heap_alloc(size_t size)
{
	struct slab *slab;
	unsigned class;
	void *piece;

	if (size > class_size[CLASSES - 1])
		return alloc_large(size);
	class = class_of(size);
	spin_lock(&lock);
	piece = take_piece(class);
	spin_unlock(&lock);
	if (!piece) {
		slab = make_slab(class);
		if (!slab)
			return NULL;
		spin_lock(&lock);
		list_add_after(&classes[class].head, &slab->node);
		piece = take_piece(class);
		spin_unlock(&lock);
	}
	return memset(piece, 0, class_size[class]);
}

static void free_piece(struct slab *slab, void *piece)
{
	bool empty;

	ASSERT(slab->magic == SLAB_MAGIC);
	spin_lock(&lock);
	ASSERT(slab->used);
	if (!slab->free)
		list_add_tail(&classes[slab->class], &slab->node);
	*(void **)piece = slab->free;
	slab->free = piece;
	empty = --slab->used == 0;
	if (empty)
		list_remove(&slab->node);
	spin_unlock(&lock);
	if (empty) {
		slab->magic = 0;
		buddy_free(direct_mfn(slab), 1);
	}
}

void heap_free(void *object)
{
	const uint64_t at = (uint64_t)object;
	mfn_t mfn;

	if (!object)
		return;
	if (at & PAGE_MASK) {
		free_piece((struct slab *)(at & ~(uint64_t)PAGE_MASK), object);
		return;
	}
	mfn = direct_mfn(object);
	ASSERT(frame_of(mfn)->owner == FRAME_HV);
	buddy_free(mfn, 1ull << frame_of(mfn)->stamp);
}

void *page_alloc(void)
{
	void *const page = alloc_pages(0);

	if (page)
		clear_page(page);
	return page;
}

void page_free(void *page)
{
	ASSERT(!((uint64_t)page & PAGE_MASK));
	buddy_free(direct_mfn(page), 1);
}
