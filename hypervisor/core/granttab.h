/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Grant tables, as grant.c keeps them and grantop.c uses them.
 */
#pragma once

#include "core/grant.h"
#include "x86/spinlock.h"
#include "xen/grant_table.h"

#define GRANTS_PER_FRAME 512
#define GRANT_FRAMES_MAX 1024 /* what a creator may ask for */
#define MAPS_PER_PAGE 256
#define MAPTRACK_FRAMES_MAX 4096
#define HANDLE_NONE (~0u)

/* Who uses an entry, and how often. While anybody does, the GTF_reading and
 * GTF_writing bits are set and `frame` is what it was at first. */
struct grant_use {
	uint32_t frame;
	uint32_t readers, writers;
	uint16_t domid;
};

/* A mapping that a domain made; its handle is the index. */
struct grant_map {
	uint32_t ref;
	uint32_t frame;
	uint32_t next; /* free: the next free one */
	uint16_t dom;  /* whose grant; the mapping holds a domain reference */
	uint8_t parts; /* GNTMAP_host_map, GNTMAP_device_map; 0: free */
	bool readonly;
	bool contains_pte; /* host_addr is an entry's machine address */
	bool busy;         /* an operation works on it */
};

struct grant_table {
	struct spinlock lock; /* RANK_GRANT: all of it */
	bool closed;          /* the domain is gone, its frames are not shown */
	unsigned nr_frames, max_frames;
	struct grant_entry_v1 **frame; /* pages of ours that the guest maps */
	struct grant_use **use;        /* in pieces like the frames */
	unsigned nr_map_pages, max_map_pages;
	struct grant_map **maps;
	uint32_t free_map; /* HANDLE_NONE: none */
	unsigned nr_maps;  /* in use */
	unsigned nr_used;  /* entries that anybody uses */
	uint32_t released; /* handles below are, the domain is dying */
};

/* A use of a grant, between pin and unpin: references to the frame, a pin of
 * the entry. */
struct grant_pin {
	struct domain *granter;
	uint32_t ref;
	mfn_t mfn;
	bool readonly;
};

/* For `user`: GNTST_okay with references and pin taken, or another status. */
int16_t grant_pin(struct grant_pin *pin, struct domain *granter, uint32_t ref,
	const struct domain *user, bool readonly);
void grant_unpin(const struct grant_pin *pin);

/* A handle that is busy, or HANDLE_NONE. */
uint32_t grant_handle_new(struct domain *d);
/* The map of a handle, marked busy; NULL: no such, or busy already. */
struct grant_map *grant_handle_take(struct domain *d, uint32_t handle);
/* Not busy any more; free if no part is left. */
void grant_handle_put(struct domain *d, uint32_t handle);
struct grant_map *grant_handle_map(struct domain *d, uint32_t handle);

/* Parts of a busy map are gone, no CPU can use them: with the last part its
 * references go. Not busy any more. */
void grant_unmap(struct domain *d, uint32_t handle, uint8_t parts);

/* Make the table at least nr frames large. -EINVAL over the limit, -ENOMEM */
int grant_grow(struct domain *d, unsigned nr);
