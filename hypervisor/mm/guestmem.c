/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest memory by guest addresses. The copies are made by the routines in
 * guestcopy.S; a fault in there makes them return -EFAULT (x86/traps.c).
 */
#include "mm/guestmem.h"

#include "core/refusal.h"
#include "mm/guestcopy.h"
#include "x86/asm.h"
#include "x86/cpu.h"
#include "xen/errno.h"

/* Neither end may be ours; what is not canonical faults by itself. */
static bool ours(gva_t va, size_t size)
{
	const uint64_t end = va.va + size;

	return end < va.va || (va.va < HV_END && end > HV_BASE);
}

static int copy(void *to, const void *from, size_t size)
{
	int rc;

	if (!cpu_has(CPU_SMAP))
		return guest_copy(to, from, size);
	stac();
	rc = guest_copy(to, from, size);
	clac();
	return rc;
}

int copy_from_guest(void *to, gva_t from, size_t size)
{
	if (ours(from, size))
		return reject(-EFAULT,
			"read of the hypervisor at %lx", from.va);
	return copy(to, (const void *)from.va, size) ?
		reject(-EFAULT, "cannot read %zu bytes at %lx", size, from.va) :
		0;
}

int copy_to_guest(gva_t to, const void *from, size_t size)
{
	if (ours(to, size))
		return reject(-EFAULT, "write to the hypervisor at %lx", to.va);
	return copy((void *)to.va, from, size) ?
		reject(-EFAULT, "cannot write %zu bytes at %lx", size, to.va) :
		0;
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
