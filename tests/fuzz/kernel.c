// SPDX-License-Identifier: BSD-2-Clause
/*
 * A guest's kernel file (dom0-tools/lib/bzimage.c, elf.c): unpacked, parsed,
 * and what is wrong with it said. The file comes from whoever made the guest.
 */
#include "lib/bzimage.h"
#include "lib/elf.h"
#include "lib/error.h"
#include "tests/fuzz/fuzz.h"

#define PURSE (1u << 20)

/* bzimage.c's malloc(): what is larger is out of memory, for speed. So a bare
 * packed file, which is given 64 MiB, is not unpacked here; in a bzImage the
 * same functions are. */
void *fuzz_malloc(size_t size);

void *fuzz_malloc(size_t size)
{
	return size > PURSE ? NULL : malloc(size);
}

static void check_text(const char *text, size_t room)
{
	CHECK(memchr(text, 0, room));
}

static void check(const struct pv_kernel *k, const struct kernel_image *image)
{
	CHECK(k->nr_segments && k->nr_segments <= PV_KERNEL_SEGMENTS);
	CHECK(k->start < k->end && k->end <= 1ull << 40);
	CHECK(k->entry - k->virt_base >= k->start);
	CHECK(k->entry - k->virt_base < k->end);
	for (unsigned i = 0; i < k->nr_segments; i++) {
		const struct pv_segment *const s = &k->segment[i];

		CHECK(s->data >= image->data && s->size <= image->size);
		CHECK(s->data + s->size <= image->data + image->size);
		CHECK(s->size <= s->memory);
		CHECK(s->start >= k->start && s->start <= k->end);
		CHECK(s->memory <= k->end - s->start);
	}
	check_text(k->guest_os, sizeof(k->guest_os));
	check_text(k->guest_version, sizeof(k->guest_version));
	check_text(k->loader, sizeof(k->loader));
	check_text(k->xen_version, sizeof(k->xen_version));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *const file = copy_of(data, size);
	struct error error = {0};
	struct kernel_image image;
	struct pv_kernel kernel;

	if (!kernel_image_unpack(&image, file, size, "k", &error)) {
		/* The room that is left over is not part of the file. */
		uint8_t *const exact = copy_of(image.data, image.size);

		free(image.data);
		image.data = exact;
		if (!pv_kernel_parse(&kernel, image.data, image.size, "k",
			    &error))
			check(&kernel, &image);
		else
			CHECK(error.code && *error.cause);
		kernel_image_free(&image);
	} else {
		CHECK(error.code && *error.cause && !image.data);
	}
	free(file);
	return 0;
}
