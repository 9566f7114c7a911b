/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BLAKE2b (RFC 7693) without a key, 32 bytes of hash: nobody can make two
 * files that have the same.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define BLAKE2B_SIZE 32
#define BLAKE2B_BLOCK 128

struct blake2b {
	uint64_t h[8];
	uint64_t length; /* of all that was hashed */
	size_t used;     /* of block; a full one waits for more to follow */
	uint8_t block[BLAKE2B_BLOCK];
};

void blake2b_begin(struct blake2b *b);
void blake2b_add(struct blake2b *b, const void *data, size_t size);
void blake2b_end(struct blake2b *b, uint8_t hash[BLAKE2B_SIZE]);
