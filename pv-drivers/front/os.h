/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a kernel supplies so that this kit can run in it: fifteen functions.
 * Nothing else of the host kernel is used, and the kit keeps no state but
 * what its own structures hold.
 *
 * Every hook may be called with events masked; os_wait() alone may sleep.
 * The kit is not re-entrant for one device: os_lock() guards what an event
 * handler shares with the rest.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pv_regs;

/* One zeroed, page aligned page of ordinary memory of this domain. */
void *os_page_alloc(void);
void os_page_free(void *page);

/* Small objects, zeroed. */
void *os_alloc(size_t size);
void os_free(void *object);

/* Machine frame behind a page of the kernel's own memory. */
uint64_t os_frame(const void *va);

/*
 * A window on a machine frame that is not (or not only) the kernel's own:
 * shared_info, rings, grant table. NULL when there is no address space left.
 */
void *os_map(uint64_t mfn, bool writable);
void os_unmap(void *va);

/*
 * Masks events and takes the kernel's lock for the kit; returns what
 * os_unlock() needs to restore. The holder may take it again.
 */
uint64_t os_lock(void);
void os_unlock(uint64_t saved);

/*
 * Sleeps until os_wake(channel) or any event; spurious returns are allowed.
 * Called with the lock held (saved is what os_lock() returned); comes back
 * with it held again.
 */
void os_wait(const void *channel, uint64_t saved);
void os_wake(const void *channel);

/* The vCPU this runs on. */
unsigned int os_vcpu(void);

/* An exception or int 0x80 taken in the kernel or its user space. */
void os_trap(struct pv_regs *regs);

void os_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void os_panic(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
