/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The front-end kit's hooks (pv-drivers/front/os.h) for test guests: one
 * thread, the lock is the boot vCPU's upcall mask, sleeping is SCHEDOP_block.
 */
#include "pv-drivers/front/os.h"

#include <xen/sched.h>

#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

void *os_page_alloc(void)
{
	return page_alloc();
}

void os_page_free(void *page)
{
	page_free(page);
}

void *os_alloc(size_t size)
{
	static char *at, *end;
	void *object;

	size = (size + 15) & ~15UL;
	if (size > PV_PAGE)
		os_panic("os_alloc(%zu)", size);
	if (size > (size_t)(end - at)) {
		at = page_alloc();
		end = at + PV_PAGE;
	}
	object = at;
	at += size;
	return object;
}

void os_free(void *object)
{
	(void)object;	/* a test guest lives for seconds */
}

uint64_t os_frame(const void *va)
{
	return pv_frame(va);
}

void *os_map(uint64_t mfn, bool writable)
{
	void *va = va_alloc();

	return pt_set(va, mfn * PV_PAGE | (writable ? PTE_KERNEL : PTE_RO)) ?
		NULL : va;
}

void os_unmap(void *va)
{
	if (pt_set(va, 0))
		os_panic("cannot unmap %p", va);
}

uint64_t os_lock(void)
{
	return event_disable(os_vcpu());
}

void os_unlock(uint64_t saved)
{
	if (!saved)
		event_enable(os_vcpu());
}

void os_wait(const void *channel, uint64_t saved)
{
	(void)channel;
	(void)saved;
	hv_sched_op(SCHEDOP_block, NULL);
	event_disable(os_vcpu());
}

void os_wake(const void *channel)
{
	(void)channel;	/* the event itself ended SCHEDOP_block */
}
