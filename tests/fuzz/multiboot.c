// SPDX-License-Identifier: BSD-2-Clause
/*
 * Multiboot 2 tags (boot/multiboot.c): the input is what follows the head of
 * the loader's information. Its size is put right, as it is what says how far
 * memory may be read. Multiboot 1 is not here: it is made of pointers, and
 * the loader's are believed.
 */
#include "boot/multiboot.h"
#include "tests/fuzz/fuzz.h"

static char *memory;

void *direct(paddr_t pa)
{
	return memory + pa;
}

static void check(const struct boot_info *info)
{
	CHECK(memchr(info->line, 0, sizeof(info->line)));
	CHECK(memchr(info->loader, 0, sizeof(info->loader)));
	CHECK(info->nr_modules <= BOOT_MODULES_MAX);
	CHECK(info->nr_ranges <= BOOT_RANGES_MAX);
	CHECK(info->rsdp_copy_size <= sizeof(info->rsdp_copy));
	for (unsigned i = 0; i < info->nr_modules; i++) {
		const struct boot_module *const m = &info->module[i];

		CHECK(m->start <= m->end);
		CHECK(memchr(m->line, 0, sizeof(m->line)));
	}
	for (unsigned i = 0; i < info->nr_ranges; i++) {
		const struct memory_range *const r = &info->range[i];

		CHECK(r->start < r->end);
		CHECK(r->type >= MEMORY_RAM && r->type <= MEMORY_BAD);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct boot_info info;
	const uint32_t head[2] = { (uint32_t)size + 8, 0 };

	memory = malloc(size + 8);
	memcpy(memory, head, 8);
	if (size)
		memcpy(memory + 8, data, size);
	multiboot_read(MULTIBOOT2_MAGIC, 0, &info);
	check(&info);
	free(memory);
	return 0;
}
