// SPDX-License-Identifier: BSD-2-Clause
/*
 * dom0's kernel (boot/elf.c): what comes out lies in the file and in the
 * address space, whatever the file says.
 */
#include "boot/elf.h"

#include "tests/fuzz/fuzz.h"

static void check(const struct elf_image *image, const uint8_t *file,
	size_t size)
{
	CHECK(image->nr_segments && image->nr_segments <= ELF_SEGMENTS_MAX);
	CHECK(image->start < image->end);
	for (unsigned i = 0; i < image->nr_segments; i++) {
		const uint64_t start = image->segment[i].paddr;
		const uint64_t in_file = image->segment[i].file_size;
		const uint64_t in_memory = image->segment[i].memory_size;
		const uint8_t *const from = image->segment[i].data;

		CHECK(from >= file && in_file <= size);
		CHECK(from + in_file <= file + size);
		CHECK(in_file <= in_memory);
		CHECK(start >= image->start && start <= image->end);
		CHECK(in_memory <= image->end - start);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *const file = copy_of(data, size);
	struct elf_image image;

	if (!elf_parse(&image, file, size))
		check(&image, file, size);
	free(file);
	return 0;
}
