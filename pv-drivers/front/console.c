/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Console. dom0 writes to the hypervisor's console; another domain has a ring
 * page shared with the console daemon (indices run free, the buffer sizes are
 * powers of two) and an event channel. Before console_init(), and when the
 * ring is absent, console_io is tried: the hypervisor may show it or not.
 */
#include "pv-drivers/front/console.h"

#include <xen/io/console.h>

#include "pv-drivers/front/event.h"
#include "pv-drivers/front/hypercall.h"
#include "pv-drivers/front/os.h"
#include "pv-drivers/front/start.h"

static struct xencons_interface *ring;

static void ring_event(uint32_t port, void *data)
{
	(void)port;
	(void)data;
	os_wake(&ring);
}

void console_init(void)
{
	if (pv_is_dom0() || ring)
		return;
	ring = os_map(pv_info->console.domU.mfn, true);
	if (ring)
		event_register(pv_info->console.domU.evtchn, ring_event, NULL);
}

static void ring_wait(void)
{
	const uint64_t saved = os_lock();

	event_send(pv_info->console.domU.evtchn);
	os_wait(&ring, saved);
	os_unlock(saved);
}

static size_t ring_put(const char *text, size_t len)
{
	const uint32_t cons = __atomic_load_n(&ring->out_cons,
					      __ATOMIC_ACQUIRE);
	uint32_t prod = ring->out_prod;
	size_t done = 0;

	while (done < len && prod - cons < sizeof(ring->out))
		ring->out[prod++ % sizeof(ring->out)] = text[done++];
	__atomic_store_n(&ring->out_prod, prod, __ATOMIC_RELEASE);
	return done;
}

void console_write(const char *text, size_t len)
{
	if (!ring) {
		hv_console_io(CONSOLEIO_write, len, (char *)text);
		return;
	}
	while (len) {
		const size_t done = ring_put(text, len);

		text += done;
		len -= done;
		if (len)
			ring_wait();
	}
	event_send(pv_info->console.domU.evtchn);
}

size_t console_read(char *buffer, size_t len)
{
	if (!ring) {
		const int64_t rc = hv_console_io(CONSOLEIO_read, len, buffer);

		return rc > 0 ? (size_t)rc : 0;
	}
	const uint32_t prod = __atomic_load_n(&ring->in_prod,
					      __ATOMIC_ACQUIRE);
	uint32_t cons = ring->in_cons;
	size_t done = 0;

	while (done < len && cons != prod)
		buffer[done++] = ring->in[cons++ % sizeof(ring->in)];
	__atomic_store_n(&ring->in_cons, cons, __ATOMIC_RELEASE);
	if (done)
		event_send(pv_info->console.domU.evtchn);
	return done;
}
