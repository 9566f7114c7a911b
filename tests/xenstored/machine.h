/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine for tests: what dom0-tools/xenstored/host.h promises, made of
 * files in the directory $MACHINE. "domains" says which domains there are,
 * "ring-N" is the ring page of domain N, "event-N" its socket for events
 * (datagrams), "event-daemon" the daemon's: a datagram there is the number of
 * the domain that notifies, or EVENT_DEATH.
 */
#pragma once

#include <stdint.h>

enum { MACHINE_DOMS = 64, EVENT_DEATH = 0xffff };

enum machine_state { DOM_ABSENT, DOM_RUNS, DOM_SHUTDOWN, DOM_DYING };

struct machine {
	struct {
		uint8_t state;		/* enum machine_state */
		uint8_t mapped;		/* the daemon holds its ring page */
		uint16_t port;		/* the only port that can be bound */
	} dom[MACHINE_DOMS];
};
