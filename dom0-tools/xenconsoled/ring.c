// SPDX-License-Identifier: BSD-2-Clause
/*
 * Byte rings of a PV console, see ring.h. The order that the ABI wants: read
 * the other's index, then the bytes (acquire); move the bytes, then publish
 * our index (release).
 */
#include "xenconsoled/ring.h"

#include "xen/io/console.h"

#include <errno.h>

static XENCONS_RING_IDX load(const XENCONS_RING_IDX *index)
{
	return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

static void store(XENCONS_RING_IDX *index, XENCONS_RING_IDX value)
{
	__atomic_store_n(index, value, __ATOMIC_RELEASE);
}

int ring_take(struct xencons_interface *ring, char *to, size_t room)
{
	const XENCONS_RING_IDX prod = load(&ring->out_prod);
	const XENCONS_RING_IDX cons = load(&ring->out_cons);
	const XENCONS_RING_IDX waiting = prod - cons;

	if (waiting > sizeof(ring->out))
		return -EPROTO;

	const size_t count = waiting < room ? waiting : room;

	for (size_t i = 0; i < count; i++)
		to[i] = ring->out[MASK_XENCONS_IDX(cons + i, ring->out)];
	store(&ring->out_cons, cons + count);
	return count;
}

int ring_put(struct xencons_interface *ring, const char *from, size_t count)
{
	const XENCONS_RING_IDX cons = load(&ring->in_cons);
	const XENCONS_RING_IDX prod = load(&ring->in_prod);
	const XENCONS_RING_IDX used = prod - cons;

	if (used > sizeof(ring->in))
		return -EPROTO;

	const size_t room = sizeof(ring->in) - used;

	if (count > room)
		count = room;
	for (size_t i = 0; i < count; i++)
		ring->in[MASK_XENCONS_IDX(prod + i, ring->in)] = from[i];
	store(&ring->in_prod, prod + count);
	return count;
}

int ring_room(const struct xencons_interface *ring)
{
	const XENCONS_RING_IDX used =
		load(&ring->in_prod) - load(&ring->in_cons);

	return used > sizeof(ring->in) ? -EPROTO
				       : (int)(sizeof(ring->in) - used);
}

void ring_reset(struct xencons_interface *ring)
{
	store(&ring->out_cons, load(&ring->out_prod));
	store(&ring->in_prod, load(&ring->in_cons));
}
