/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ELF file inside a kernel file: the payload of a bzImage, a compressed
 * ELF file, or the file itself. The system's libraries unpack gzip, XZ (and
 * LZMA), LZ4 and Zstandard; any other format is named in the error.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

struct kernel_image {
	uint8_t *data; /* the ELF file, to be freed with the image */
	size_t size;
	size_t mapped; /* bytes of a file mapped there; 0: it is malloc's */
	const char *format; /* "XZ", "LZ4"..., "none"; "kept": kernelcache.h */
};

/* Read path and unpack it. Messages begin with the path. */
int kernel_image_load(
	struct kernel_image *image, const char *path, struct error *error);
/* The same for bytes in memory; name is for messages. */
int kernel_image_unpack(struct kernel_image *image, const uint8_t *file,
	size_t size, const char *name, struct error *error);
/* A plain ELF file in malloc's memory becomes the image without a copy; false:
 * it is none. */
bool kernel_image_plain(
	struct kernel_image *image, uint8_t *file, size_t size);
void kernel_image_free(struct kernel_image *image);

/* A whole file in memory; messages begin with what and path. */
int file_load(const char *path, const char *what, uint8_t **data, size_t *size,
	struct error *error);
