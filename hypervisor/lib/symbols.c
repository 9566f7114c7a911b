// SPDX-License-Identifier: BSD-2-Clause
/*
 * Lookup in the table that symbols.awk writes: offsets of functions from the
 * start of the image, rising, each with the offset of its name.
 */
#include "lib/symbols.h"

#include "boot/boot.h"

struct symbol {
	uint32_t offset; /* from image_start */
	uint32_t name; /* in symbol_names */
};

extern const struct symbol symbol_table[];
extern const uint32_t symbol_count;
extern const char symbol_names[];

const char *symbol_name(uint64_t address, uint64_t *offset)
{
	const uint64_t base = (uint64_t)image_start;
	unsigned low = 0, high = symbol_count;

	if (address < base || address >= (uint64_t)image_text_end)
		return NULL;
	while (low < high) {
		const unsigned middle = (low + high) / 2;

		if (base + symbol_table[middle].offset <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	*offset = address - base - symbol_table[low - 1].offset;
	return symbol_names + symbol_table[low - 1].name;
}
