/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC of each CPU, xAPIC or (if the firmware chose it) x2APIC, and
 * the map of interrupt vectors.
 */
#pragma once

#include "x86/percpu.h"

/* Higher vectors have the higher priority. */
#define VECTOR_PIC 0x20 /* where the masked 8259s would come */
#define VECTOR_DEVICE_FIRST 0x30
#define VECTOR_DEVICE_LAST 0xef /* 0x80 is left out: int 0x80 */
#define VECTOR_TIMER 0xf8
#define VECTOR_EVENT_CHECK 0xf9
#define VECTOR_WBINVD 0xfa
#define VECTOR_FLUSH 0xfb
#define VECTOR_ERROR 0xfe
#define VECTOR_SPURIOUS 0xff

void apic_init(void); /* boot CPU: find and map */
void apic_silence_8259(void);
void apic_init_cpu(void); /* each CPU */
uint32_t apic_id(void); /* of this CPU */
void apic_eoi(void);
void apic_send_ipi(uint32_t apic_id, uint8_t vector);
void apic_send_nmi(uint32_t apic_id);
void apic_send_init(uint32_t apic_id);
void apic_send_startup(uint32_t apic_id, uint8_t page);

/* For measuring: let the timer count down from the top, read it, and say in
 * the end how many ticks a second has. */
void apic_timer_measure(void);
uint32_t apic_timer_count(void);
void apic_timer_rate(uint64_t hz);
/* One-shot timer: fire when the TSC reaches tsc, or after ns; 0 stops. */
void apic_timer_set(uint64_t tsc, uint64_t ns);
void apic_error_interrupt(void);
/* Address that guests must not map. */
uint64_t apic_address(void);
