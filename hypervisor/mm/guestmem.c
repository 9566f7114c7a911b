/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest memory by guest addresses. The copies are made by the routines in
 * guestcopy.S; a fault in there makes them return -EFAULT (x86/traps.c).
 */
#include "mm/guestmem.h"

#include "core/refusal.h"
#include "mm/guestcopy.h"
#include "x86/asm.h"
#include "xen/errno.h"

struct guest_access {
	int32_t at, fault; /* each from its own address */
};

extern const struct guest_access guest_accesses[], guest_accesses_end[];

uint64_t guest_access_fixup(uint64_t rip)
{
	const struct guest_access *a;

	for (a = guest_accesses; a < guest_accesses_end; a++)
		if ((uint64_t)&a->at + (uint64_t)a->at == rip)
			return (uint64_t)&a->fault + (uint64_t)a->fault;
	return 0;
}

static int copy(void *to, const void *from, size_t size)
{
	int rc;

	guest_open();
	rc = guest_copy(to, from, size);
	guest_close();
	return rc;
}

int copy_from_guest(void *to, gva_t from, size_t size)
{
	if (guest_va_ours(from))
		return reject(-EFAULT, "hypervisor read at %lx", from.va);
	if (!copy(to, (const void *)from.va, size))
		return 0;
	return reject(-EFAULT, "cannot read %zu bytes at %lx", size, from.va);
}

int copy_to_guest(gva_t to, const void *from, size_t size)
{
	if (guest_va_ours(to))
		return reject(-EFAULT, "write to the hypervisor at %lx", to.va);
	if (!copy((void *)to.va, from, size))
		return 0;
	return reject(-EFAULT, "cannot write %zu bytes at %lx", size, to.va);
}

int clear_guest(gva_t to, size_t size)
{
	static const uint64_t zeros[64];
	int rc = 0;

	while (!rc && size) {
		const size_t n = size < sizeof(zeros) ? size : sizeof(zeros);

		rc = copy_to_guest(to, zeros, n);
		to.va += n;
		size -= n;
	}
	return rc;
}
