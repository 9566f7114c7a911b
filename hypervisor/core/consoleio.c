// SPDX-License-Identifier: BSD-2-Clause
/*
 * console_io (ABI surface 2.1, 18): dom0's early console and hvc0. A long
 * text is written in pieces; the call continues with what remains.
 */
#include "core/console.h"
#include "core/domain.h"
#include "core/refusal.h"
#include "core/vcpu.h"
#include "mm/guestmem.h"
#include "pv/hypercall.h"

#define PIECE 256

static int64_t write(struct hypercall_args *a)
{
	char text[PIECE];
	uint32_t left = (uint32_t)a->arg[1];

	while (left) {
		const size_t size = left < PIECE ? left : PIECE;

		if (copy_from_guest(text, (gva_t){a->arg[2]}, size))
			return -EFAULT;
		console_guest_write(text, size);
		left -= (uint32_t)size;
		a->arg[1] = left;
		a->arg[2] += size;
		if (left && preempt_needed())
			return -ERESTART;
	}
	return 0;
}

static int64_t read(struct hypercall_args *a)
{
	char text[PIECE];
	const uint32_t room = (uint32_t)a->arg[1];
	const size_t size =
		console_guest_read(text, room < PIECE ? room : PIECE);

	if (copy_to_guest((gva_t){a->arg[2]}, text, size))
		return -EFAULT;
	return (int64_t)size;
}

int64_t hypercall_console_io(struct hypercall_args *a)
{
	if (!current->domain->privileged)
		return reject(-EPERM, "only dom0 has the console");
	switch ((uint32_t)a->arg[0]) {
	case CONSOLEIO_write:
		return write(a);
	case CONSOLEIO_read:
		return read(a);
	default:
		return reject(-ENOSYS, "there is no such operation");
	}
}
