/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grant table: up to eight frames, fewer if the hypervisor gives fewer.
 * Free references are chained through next_free[]; 0 ends the chain, as the
 * first entries are the toolstack's.
 */
#include "pv-drivers/front/grant.h"

#include <xen/errno.h>
#include <xen/grant_table.h>

#include "pv-drivers/front/hypercall.h"
#include "pv-drivers/front/os.h"
#include "pv-drivers/front/start.h"

#define FRAMES_MAX 8
#define PER_FRAME (PV_PAGE / sizeof(struct grant_entry_v1))

static volatile struct grant_entry_v1 *frames[FRAMES_MAX];
static uint32_t nr_frames;
static uint16_t next_free[FRAMES_MAX * PER_FRAME];
static uint16_t first_free;

volatile struct grant_entry_v1 *grant_entry(uint32_t ref)
{
	if (ref / PER_FRAME >= nr_frames)
		return NULL;
	return &frames[ref / PER_FRAME][ref % PER_FRAME];
}

static uint32_t frames_allowed(void)
{
	struct gnttab_query_size op = { .dom = DOMID_SELF };

	if (hv_grant_table_op(GNTTABOP_query_size, &op, 1) ||
	    op.status != GNTST_okay)
		return 1;
	return op.max_nr_frames < FRAMES_MAX ? op.max_nr_frames : FRAMES_MAX;
}

int64_t grant_init(void)
{
	xen_pfn_t list[FRAMES_MAX];
	struct gnttab_setup_table op = {
		.dom = DOMID_SELF, .nr_frames = frames_allowed(),
		.frame_list = list,
	};

	if (nr_frames)
		return 0;
	const int64_t rc = hv_grant_table_op(GNTTABOP_setup_table, &op, 1);

	if (rc)
		return rc;
	if (op.status != GNTST_okay)
		return -EINVAL;
	for (uint32_t i = 0; i < op.nr_frames; i++) {
		frames[i] = os_map(list[i], true);
		if (!frames[i])
			return -ENOMEM;
	}
	nr_frames = op.nr_frames;
	for (uint32_t ref = nr_frames * PER_FRAME;
	     ref-- > GNTTAB_NR_RESERVED_ENTRIES;) {
		next_free[ref] = first_free;
		first_free = ref;
	}
	return 0;
}

int64_t grant_give(uint16_t dom, uint64_t frame, bool readonly)
{
	const uint64_t saved = os_lock();
	const uint32_t ref = first_free;

	if (ref)
		first_free = next_free[ref];
	os_unlock(saved);
	if (!ref)
		return -ENOSPC;
	volatile struct grant_entry_v1 *entry = grant_entry(ref);

	entry->domid = dom;
	entry->frame = frame;
	__atomic_store_n(&entry->flags, GTF_permit_access |
			 (readonly ? GTF_readonly : 0), __ATOMIC_RELEASE);
	return ref;
}

bool grant_end(uint32_t ref)
{
	volatile struct grant_entry_v1 *entry = grant_entry(ref);
	uint16_t flags = entry->flags;

	do {
		if (flags & (GTF_reading | GTF_writing))
			return false;
	} while (!__atomic_compare_exchange_n(&entry->flags, &flags, 0, false,
					      __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
	const uint64_t saved = os_lock();

	next_free[ref] = first_free;
	first_free = ref;
	os_unlock(saved);
	return true;
}
