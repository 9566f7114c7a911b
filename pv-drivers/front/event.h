/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event channels, two-level ABI: 4096 ports, a handler each. Handlers run in
 * the event callback with events masked on that vCPU. Calls return 0 or a
 * port, or a negative errno.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define EVENT_PORTS 4096

struct pv_regs;
struct vcpu_info;

typedef void event_fn(uint32_t port, void *data);

/* This vCPU's vcpu_info, and telling the kit where another one put it. */
volatile struct vcpu_info *event_vcpu_info(unsigned int vcpu);
void event_set_vcpu_info(unsigned int vcpu, volatile struct vcpu_info *info);

/* Registers the callback for this vCPU; events stay masked. */
int64_t event_init(void);

void event_register(uint32_t port, event_fn *fn, void *data);
int64_t event_alloc(uint16_t remote);
int64_t event_bind_interdomain(uint16_t dom, uint32_t port);
int64_t event_bind_virq(uint32_t virq, uint32_t vcpu);
int64_t event_bind_ipi(uint32_t vcpu);
int64_t event_bind_pirq(uint32_t pirq, uint32_t flags);
int64_t event_send(uint32_t port);
int64_t event_close(uint32_t port);
void event_mask(uint32_t port);
int64_t event_unmask(uint32_t port);
bool event_pending(uint32_t port);
void event_clear(uint32_t port);

/* Calls the handlers of all ports pending on vCPU `vcpu`. */
void event_dispatch(unsigned int vcpu);

/* Masks (returns what was) and unmasks upcalls of vCPU `vcpu`. */
bool event_disable(unsigned int vcpu);
void event_enable(unsigned int vcpu);
