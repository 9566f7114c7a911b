// SPDX-License-Identifier: BSD-2-Clause
/* See subop.h. */
#include "core/subop.h"

#include "core/domain.h"
#include "core/refusal.h"
#include "core/vcpu.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/guestmem.h"
#include "xen/errno.h"

/* On the domain that the structure names. */
static int64_t run_on(const struct subop *subop, void *op)
{
	uint16_t id;
	struct domain *d;
	int64_t rc;

	memcpy(&id, (char *)op + subop->domid - 1, sizeof(id));
	rc = domain_get_target(id, &d);
	if (rc)
		return rc;
	rc = subop->fn(d, op);
	domain_put(d);
	return rc;
}

int64_t subop_run(
	const struct subop *table, size_t nr, uint32_t cmd, gva_t arg)
{
	uint64_t op[32]; /* what a size of one byte may be */
	struct domain *d = current->domain;
	int64_t rc;

	if (cmd >= nr || !table[cmd].fn)
		return reject(-ENOSYS, "there is no operation %u", cmd);
	table += cmd;
	if (table->dom0 && !d->privileged)
		return reject(-EPERM, "only dom0 may");
	if (table->size && copy_from_guest(op, arg, table->size))
		return -EFAULT;
	rc = table->domid ? run_on(table, op) : table->fn(d, op);
	if (!rc && table->back && copy_to_guest(arg, op, table->size))
		rc = -EFAULT;
	return rc;
}

int64_t subop_control(gva_t arg, size_t size, uint32_t version,
	int64_t (*run)(void *op, gva_t arg))
{
	union {
		uint32_t head[2]; /* command, version */
		uint64_t room[SUBOP_CONTROL_ROOM / sizeof(uint64_t)];
	} op;
	int64_t rc;

	ASSERT(size <= sizeof(op));
	if (!current->domain->privileged)
		return reject(-EPERM, "only dom0 may");
	if (copy_from_guest(&op, arg, size))
		return -EFAULT;
	if (op.head[1] != version)
		return reject(-EACCES, "version %x", op.head[1]);
	rc = run(&op, arg);
	if (!rc && copy_to_guest(arg, &op, size))
		rc = -EFAULT;
	return rc;
}
