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
	__asm__ volatile("lfence" ::: "memory");
	return rdtsc();
}

/* 0 if the CPU has no random number at hand. */
static inline uint64_t rdrand(void)
{
	uint64_t value;

	__asm__ volatile("rdrand %0" : "=r"(value) : : "cc");
	return value;
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
ASM_SEGMENT_(ds)
ASM_SEGMENT_(es)
ASM_SEGMENT_(fs)
ASM_SEGMENT_(gs)
#undef ASM_SEGMENT_

/* NOLINTBEGIN(bugprone-macro-parentheses): a string cannot have them */
#define ASM_PLAIN_(name, instruction)                                      \
	static inline void name(void)                                      \
	{                                                                  \
		__asm__ volatile(instruction : : : "memory");              \
	}
/* NOLINTEND(bugprone-macro-parentheses) */
ASM_PLAIN_(irq_disable, "cli")
ASM_PLAIN_(irq_enable, "sti")
ASM_PLAIN_(cpu_relax, "pause")
ASM_PLAIN_(cpu_halt, "hlt")
/* Interrupts on and wait for one, with no gap between the two. */
ASM_PLAIN_(cpu_wait, "sti; hlt")
ASM_PLAIN_(wbinvd, "wbinvd")
ASM_PLAIN_(clts, "clts")
ASM_PLAIN_(swapgs, "swapgs")
#undef ASM_PLAIN_

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

static inline void invlpg(uint64_t va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
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

#define ASM_LOAD_(name, type, constraint)                                  \
	static inline void name(type from)                                 \
	{                                                                  \
		__asm__ volatile(#name " %0" : : constraint(from) : "memory"); \
	}
ASM_LOAD_(lgdt, struct descriptor_table, "m")
ASM_LOAD_(lidt, struct descriptor_table, "m")
ASM_LOAD_(ltr, uint16_t, "r")
ASM_LOAD_(lldt, uint16_t, "r")
#undef ASM_LOAD_

/* Device registers in memory. */
#define ASM_MMIO_(bits)                                                    \
	static inline uint##bits##_t mmio_read##bits(const void *at)       \
	{                                                                  \
		return *(const volatile uint##bits##_t *)at;               \
	}                                                                  \
	static inline void mmio_write##bits(void *at, uint##bits##_t value) \
	{                                                                  \
		*(volatile uint##bits##_t *)at = value;                    \
	}
ASM_MMIO_(32)
ASM_MMIO_(64)
#undef ASM_MMIO_

/* Ports, by the size of the access in bytes. */
static inline uint32_t port_read(uint16_t port, unsigned size)
{
	return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
}

static inline void port_write(uint16_t port, unsigned size, uint32_t value)
{
	if (size == 1)
		outb(port, (uint8_t)value);
	else if (size == 2)
		outw(port, (uint16_t)value);
	else
		outl(port, value);
}
