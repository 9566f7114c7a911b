/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine around the files of pv/ that carry out instructions: one guest,
 * without privilege, with one vCPU in kernel mode. Its memory is realcpu.h's
 * pages; the page of data is also a level-1 table of the domain's, whose true
 * contents are machine_table. Hardware that a guest may not touch ends the
 * test.
 */
#pragma once

#include "core/domain.h"
#include "core/vcpu.h"

#define MACHINE_PORT 0x60 /* the only I/O ports that the domain may use */
#define MACHINE_PORTS 4

extern struct vcpu machine_vcpu;
extern struct domain machine_domain;
extern uint64_t machine_table[PAGE_SIZE / 8];
extern struct input machine_input; /* what devices answer */
extern bool machine_delivered;     /* #UD, since machine_reset() */

void machine_reset(void);
