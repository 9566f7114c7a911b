/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time as guests see it: a vCPU's time record (in vcpu_info and, if
 * registered, in a second place), its runstate record, and the wall clock in
 * the shared page.
 */
#pragma once

#include <stdint.h>

struct domain;
struct vcpu;

/* v's record in vcpu_info; also once before it first runs, because Linux
 * reads the TSC's frequency from it. */
void pvclock_update(struct vcpu *v);
/* Records at guest addresses: the current vCPU with its page tables loaded.
 * In user mode the kernel's addresses are not mapped: then runstate_late is
 * set, and whoever switches it to kernel mode calls this again. */
void pvclock_write_records(struct vcpu *v);
/* v stops running; its page tables are still loaded: its runstate record
 * tells the guest's other vCPUs. */
void pvclock_left(struct vcpu *v);

/* The wall clock of one domain's shared page, from the machine's. */
void pvclock_update_wall(struct domain *d);
/* dom0 corrects the clock: UNIX time at system time `system_time`. */
void pvclock_set_wall(uint64_t sec, uint32_t nsec, uint64_t system_time);
