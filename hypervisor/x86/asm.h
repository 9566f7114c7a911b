/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One-instruction wrappers. Only this file and atomic.h know volatile.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cpuid {
	uint32_t a, b, c, d;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
		: "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
		: "a"(leaf), "c"(subleaf));
	return r;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr"
		:
		: "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
		: "memory");
}

static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}

/* Not before earlier loads are done. */
static inline uint64_t rdtsc_ordered(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return (uint64_t)hi << 32 | lo;
}

#define ASM_PORT_(suffix, type)                                            \
	static inline type in##suffix(uint16_t port)                       \
	{                                                                  \
		type value;                                                \
                                                                           \
		__asm__ volatile("in" #suffix " %1, %0"                    \
			: "=a"(value)                                      \
			: "Nd"(port));                                     \
		return value;                                              \
	}                                                                  \
	static inline void out##suffix(uint16_t port, type value)          \
	{                                                                  \
		__asm__ volatile("out" #suffix " %0, %1"                   \
			:                                                  \
			: "a"(value), "Nd"(port)                           \
			: "memory");                                       \
	}
ASM_PORT_(b, uint8_t)
ASM_PORT_(w, uint16_t)
ASM_PORT_(l, uint32_t)
#undef ASM_PORT_

#define ASM_REGISTER_(name)                                                \
	static inline uint64_t read_##name(void)                           \
	{                                                                  \
		uint64_t value;                                            \
                                                                           \
		__asm__ volatile("mov %%" #name ", %0"                     \
			: "=r"(value)                                      \
			:                                                  \
			: "memory");                                       \
		return value;                                              \
	}                                                                  \
	static inline void write_##name(uint64_t value)                    \
	{                                                                  \
		__asm__ volatile("mov %0, %%" #name                        \
			:                                                  \
			: "r"(value)                                       \
			: "memory");                                       \
	}
ASM_REGISTER_(cr0)
ASM_REGISTER_(cr2)
ASM_REGISTER_(cr3)
ASM_REGISTER_(cr4)
ASM_REGISTER_(dr0)
ASM_REGISTER_(dr1)
ASM_REGISTER_(dr2)
ASM_REGISTER_(dr3)
ASM_REGISTER_(dr6)
ASM_REGISTER_(dr7)
#undef ASM_REGISTER_

#define ASM_SEGMENT_(name)                                                 \
	static inline uint16_t read_##name(void)                           \
	{                                                                  \
		uint16_t value;                                            \
                                                                           \
		__asm__ volatile("mov %%" #name ", %0" : "=r"(value));     \
		return value;                                              \
	}
ASM_SEGMENT_(cs)
ASM_SEGMENT_(ss)
ASM_SEGMENT_(ds)
ASM_SEGMENT_(es)
ASM_SEGMENT_(fs)
ASM_SEGMENT_(gs)
#undef ASM_SEGMENT_

static inline uint64_t read_rflags(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; pop %0" : "=r"(flags) : : "memory");
	return flags;
}

static inline bool irq_enabled(void)
{
	return read_rflags() & 0x200;
}

static inline void irq_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void irq_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

/* Interrupts off; the flags to give to irq_restore(). */
static inline uint64_t irq_save(void)
{
	const uint64_t flags = read_rflags();

	irq_disable();
	return flags;
}

static inline void irq_restore(uint64_t flags)
{
	if (flags & 0x200)
		irq_enable();
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

static inline void cpu_halt(void)
{
	__asm__ volatile("hlt" : : : "memory");
}

/* Interrupts on and wait for one, with no gap between the two. */
static inline void cpu_wait(void)
{
	__asm__ volatile("sti; hlt" : : : "memory");
}

static inline void invlpg(uint64_t va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

static inline void wbinvd(void)
{
	__asm__ volatile("wbinvd" : : : "memory");
}

static inline void stac(void)
{
	__asm__ volatile("stac" : : : "memory");
}

static inline void clac(void)
{
	__asm__ volatile("clac" : : : "memory");
}

static inline void clts(void)
{
	__asm__ volatile("clts" : : : "memory");
}

static inline uint64_t xgetbv(uint32_t index)
{
	uint32_t lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(index));
	return (uint64_t)hi << 32 | lo;
}

static inline void xsetbv(uint32_t index, uint64_t value)
{
	__asm__ volatile("xsetbv"
		:
		: "c"(index), "a"((uint32_t)value),
		"d"((uint32_t)(value >> 32))
		: "memory");
}

/* Operand of LGDT and LIDT. */
struct descriptor_table {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static inline void lgdt(const struct descriptor_table *table)
{
	__asm__ volatile("lgdt %0" : : "m"(*table) : "memory");
}

static inline void lidt(const struct descriptor_table *table)
{
	__asm__ volatile("lidt %0" : : "m"(*table) : "memory");
}

static inline void ltr(uint16_t selector)
{
	__asm__ volatile("ltr %0" : : "r"(selector) : "memory");
}

static inline void lldt(uint16_t selector)
{
	__asm__ volatile("lldt %0" : : "r"(selector) : "memory");
}

/* Device registers in memory. */
static inline uint32_t mmio_read32(const void *at)
{
	return *(const volatile uint32_t *)at;
}

static inline void mmio_write32(void *at, uint32_t value)
{
	*(volatile uint32_t *)at = value;
}

static inline uint64_t mmio_read64(const void *at)
{
	return *(const volatile uint64_t *)at;
}

static inline void mmio_write64(void *at, uint64_t value)
{
	*(volatile uint64_t *)at = value;
}
