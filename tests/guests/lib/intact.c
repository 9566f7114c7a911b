/* SPDX-License-Identifier: BSD-2-Clause */
/* See intact.h. */
#include "tests/guests/lib/intact.h"

#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

static void undefined(uint64_t arg)
{
	(void)arg;
	asm volatile("ud2");
}

static void from_user(uint64_t arg)
{
	asm volatile("int $0x80" : : "a"(arg));
}

static bool exceptions_work(void)
{
	return trap_try(undefined, 0) == TRAP_UD &&
	       (trap_last.cs & 0xffff) == (FLAT_KERNEL_CS & ~3) &&
	       !(trap_last.rflags & 0x3000);
}

static bool user_mode_works(void)
{
	return user_call(from_user, 0x5eed) == 0x80 &&
	       trap_last.rax == 0x5eed && (trap_last.cs & 3) == 3;
}

static unsigned int seen;

static void note(uint32_t port, void *data)
{
	(void)port;
	(void)data;
	seen++;
}

static bool events_work(void)
{
	const int64_t port = event_bind_ipi(0);

	if (port <= 0)
		return false;
	seen = 0;
	event_register(port, note, NULL);
	const bool was = event_disable(0);

	event_enable(0);
	const bool sent = event_send(port) == 0;

	event_disable(0);
	if (!was)
		event_enable(0);
	return event_close(port) == 0 && sent && seen == 1;
}

static void load(uint64_t va)
{
	(void)*(volatile uint64_t *)va;
}

static bool page_tables_work(void)
{
	static uint64_t *page, *va;

	if (!page) {
		page = page_alloc();
		va = va_alloc();
	}
	page[7]++;
	if (pt_set(va, machine_address(page) | PTE_KERNEL) ||
	    va[7] != page[7] || pt_set(va, 0))
		return false;
	return trap_try(load, (uint64_t)va) == TRAP_PF &&
	       pt_protect(pt_root(), true) != 0;
}

const char *broken(void)
{
	static uint64_t last;

	/* an upcall may come as soon as user mode unmasks it */
	if (hv_xen_version(0, NULL) != (4 << 16 | 17) || event_init())
		return "hypercalls";
	if (!exceptions_work())
		return "exceptions";
	if (!user_mode_works())
		return "user mode";
	if (!events_work())
		return "events";
	if (!page_tables_work())
		return "page tables";
	if (now() < last)
		return "time";
	last = now();
	return NULL;
}
