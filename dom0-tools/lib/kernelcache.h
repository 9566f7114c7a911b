/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernels that were unpacked once: /var/cache/shoji/kernels, a file for each,
 * named by the hash of the compressed file's contents. Where that folder is
 * missing, or somebody else could write to it, nothing is kept. Whatever is
 * wrong with a kept file, the kernel is unpacked anew: the cache never makes
 * a kernel fail.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define KERNEL_CACHE_DIR "/var/cache/shoji/kernels"

struct error;
struct kernel_image;

struct kernel_cache {
	const char *folder;
	uint64_t room; /* bytes that all its files may take */
};
/* What kernel_image_load_kept() uses; tests have others. */
extern struct kernel_cache kernel_cache;

/* As kernel_image_load(), but what had to be unpacked is kept, and found again.
 * image->format says that it was found. */
int kernel_image_load_kept(
	struct kernel_image *image, const char *path, struct error *error);
