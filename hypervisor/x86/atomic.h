/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Atomic access to words that several CPUs, or a guest, may touch: the
 * compiler's builtins under short names. All are sequentially consistent
 * read-modify-writes (a locked instruction on x86), but for the plain loads
 * and stores, which only forbid the compiler to split or repeat them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define read_once(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define write_once(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define atomic_add(p, v) __atomic_add_fetch((p), (v), __ATOMIC_SEQ_CST)
#define atomic_sub(p, v) __atomic_sub_fetch((p), (v), __ATOMIC_SEQ_CST)
#define atomic_or(p, v) __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define atomic_and(p, v) __atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST)
#define atomic_xchg(p, v) __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define memory_barrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define compiler_barrier() __asm__ volatile("" ::: "memory")

/* True if *p was *old and is now new; else *old becomes what *p was. */
#define atomic_cas(p, old, new)                                            \
	__atomic_compare_exchange_n(                                       \
		(p), (old), (new), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

/* Bits of a bitmap made of 64-bit words, as guests share them. */
static inline bool bit_test(const uint64_t *map, unsigned bit)
{
	return read_once(&map[bit / 64]) >> (bit % 64) & 1;
}

static inline bool bit_test_and_set(uint64_t *map, unsigned bit)
{
	const uint64_t mask = 1ull << (bit % 64);

	return atomic_or(&map[bit / 64], mask) & mask;
}

static inline bool bit_test_and_clear(uint64_t *map, unsigned bit)
{
	const uint64_t mask = 1ull << (bit % 64);

	return atomic_and(&map[bit / 64], ~mask) & mask;
}
