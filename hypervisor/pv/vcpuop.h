/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vcpu_op, set_timer_op and vm_assist (pv/vcpuop.c): what others need of
 * them.
 */
#pragma once

#include <stdint.h>

struct domain;
struct vcpu;

/* Timer callbacks: the vCPU gets VIRQ_TIMER. */
void vcpuop_singleshot(void *vcpu);
void vcpuop_periodic(void *vcpu);

/* The vm_assist types that exist, a bit each. */
uint64_t vcpuop_assists(void);
/* Tell d's vCPUs whether frames are to show the IOPL. */
void vcpuop_show_iopl(struct domain *d);

/* An NMI for the vCPU, as soon as it does not mask them. */
void vcpu_send_nmi(struct vcpu *v);
