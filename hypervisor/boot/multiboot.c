// SPDX-License-Identifier: BSD-2-Clause
/*
 * From multiboot 1 and 2 information to struct boot_info. Everything is
 * copied, so that the loader's memory is free afterwards (but for the
 * modules). Sizes in it are believed only as far as the next structure: a tag
 * that does not fit the whole ends the walk.
 *
 * The boot page tables map the first 4 GiB, where a 32-bit loader has put
 * everything.
 */
#include "boot/multiboot.h"

#include "lib/string.h"

/* Multiboot 1: flags say what is there. */
struct mb1_info {
	uint32_t flags;
	uint32_t mem_lower, mem_upper; /* KiB */
	uint32_t boot_device;
	uint32_t line;
	uint32_t nr_modules, modules;
	uint32_t symbols[4];
	uint32_t map_size, map;
	uint32_t drives_size, drives;
	uint32_t config;
	uint32_t loader;
};

#define MB1_MEMORY (1u << 0)
#define MB1_LINE (1u << 2)
#define MB1_MODULES (1u << 3)
#define MB1_MAP (1u << 6)
#define MB1_LOADER (1u << 9)

struct mb1_module {
	uint32_t start, end, line, pad;
};

struct mb1_range {
	uint32_t size; /* of what follows it */
	uint64_t start, length;
	uint32_t type;
} __attribute__((packed));

/* Multiboot 2: tags. */
struct mb2_info {
	uint32_t size, reserved;
};

struct mb2_tag {
	uint32_t type, size;
};

enum {
	MB2_END,
	MB2_LINE,
	MB2_LOADER,
	MB2_MODULE,
	MB2_MAP = 6,
	MB2_SCREEN = 8,
	MB2_EFI64 = 12,
	MB2_RSDP1 = 14,
	MB2_RSDP2 = 15,
};

struct mb2_module {
	struct mb2_tag tag;
	uint32_t start, end;
	char line[];
};

struct mb2_map {
	struct mb2_tag tag;
	uint32_t entry_size, version;
};

struct mb2_range {
	uint64_t start, length;
	uint32_t type, reserved;
};

struct mb2_screen {
	struct mb2_tag tag;
	uint64_t address;
	uint32_t pitch, width, height;
	uint8_t depth, type;
	uint16_t reserved;
	uint8_t colour[6];
};

struct mb2_efi64 {
	struct mb2_tag tag;
	uint64_t table;
};

#define INFO_MAX (1u << 20) /* a larger one is not believed */

static void add_range(
	struct boot_info *info, uint64_t start, uint64_t length, uint32_t type)
{
	struct memory_range *r;
	uint64_t end;

	if (__builtin_add_overflow(start, length, &end) || !length)
		return;
	if (info->nr_ranges == BOOT_RANGES_MAX) {
		info->ranges_lost = true;
		return;
	}
	r = &info->range[info->nr_ranges++];
	r->start = start;
	r->end = end;
	r->type = type >= MEMORY_RAM && type <= MEMORY_BAD ? type :
							     MEMORY_RESERVED;
}

static void add_module(struct boot_info *info, uint32_t start, uint32_t end,
	const char *line, size_t size)
{
	struct boot_module *m;

	if (info->nr_modules == BOOT_MODULES_MAX || end < start)
		return;
	m = &info->module[info->nr_modules++];
	m->start = start;
	m->end = end;
	string_copy(m->line, line,
		size < sizeof(m->line) ? size + 1 : sizeof(m->line));
}

/* Multiboot 1 loaders other than GRUB 2 put the file's name first. */
static const char *skip_name(const struct boot_info *info, const char *line)
{
	if (!strncmp(info->loader, "GRUB", 4))
		return line;
	while (*line && *line != ' ')
		line++;
	while (*line == ' ')
		line++;
	return line;
}

static void mb1_map(const struct mb1_info *mb, struct boot_info *info)
{
	const char *at = direct(mb->map);
	const char *const end = at + mb->map_size;
	const struct mb1_range *r;

	if (!(mb->flags & MB1_MAP)) {
		add_range(info, 0, mb->mem_lower * 1024ull, MEMORY_RAM);
		add_range(info, 0x100000, mb->mem_upper * 1024ull, MEMORY_RAM);
		return;
	}
	for (; (size_t)(end - at) >= sizeof(*r); at += r->size + 4) {
		r = (const struct mb1_range *)at;
		if (r->size < sizeof(*r) - 4 || r->size > mb->map_size)
			return;
		add_range(info, r->start, r->length, r->type);
		if (r->size + 4 > (size_t)(end - at))
			return;
	}
}

static const char *mb1_read(const struct mb1_info *mb, struct boot_info *info)
{
	const struct mb1_module *m = direct(mb->modules);
	const char *line;

	if (!(mb->flags & (MB1_MAP | MB1_MEMORY)))
		return "the boot loader gives no memory map";
	if (mb->flags & MB1_LOADER)
		string_copy(info->loader, direct(mb->loader),
			sizeof(info->loader));
	if (mb->flags & MB1_LINE)
		string_copy(info->line, skip_name(info, direct(mb->line)),
			sizeof(info->line));
	mb1_map(mb, info);
	if (mb->flags & MB1_MODULES)
		for (uint32_t i = 0; i < mb->nr_modules; i++) {
			line = m[i].line ? direct(m[i].line) : "";
			line = skip_name(info, line);
			add_module(info, m[i].start, m[i].end, line,
				strnlen(line, BOOT_LINE_MAX));
		}
	return NULL;
}

/* A tag's text: it ends with the tag even if no NUL does. */
static void copy_text(char *to, size_t room, const struct mb2_tag *tag)
{
	const size_t size = tag->size - sizeof(*tag);

	string_copy(to, (const char *)(tag + 1), size < room ? size + 1 : room);
}

static void mb2_map(const struct mb2_map *map, struct boot_info *info)
{
	const char *at = (const char *)(map + 1);
	const char *const end = (const char *)map + map->tag.size;
	const struct mb2_range *r;

	if (map->entry_size < sizeof(*r) || map->entry_size % 8)
		return;
	for (; (size_t)(end - at) >= map->entry_size; at += map->entry_size) {
		r = (const struct mb2_range *)at;
		add_range(info, r->start, r->length, r->type);
	}
}

/* The least size of the tags that are read as structures. */
static size_t tag_least(uint32_t type)
{
	switch (type) {
	case MB2_MODULE: return sizeof(struct mb2_module);
	case MB2_MAP: return sizeof(struct mb2_map);
	case MB2_SCREEN: return offsetof(struct mb2_screen, colour);
	case MB2_EFI64: return sizeof(struct mb2_efi64);
	default: return sizeof(struct mb2_tag);
	}
}

static void mb2_screen(const struct mb2_screen *s, struct boot_info *info)
{
	struct boot_screen *const screen = &info->screen;

	if (s->type != 1 && s->type != 2) /* direct colour, EGA text */
		return;
	*screen = (struct boot_screen){
		.present = true,
		.text = s->type == 2,
		.address = s->address,
		.pitch = s->pitch,
		.width = s->width,
		.height = s->height,
		.depth = s->depth,
	};
	if (!screen->text &&
		s->tag.size >= tag_least(MB2_SCREEN) + sizeof(s->colour))
		memcpy(screen->colour, s->colour, sizeof(s->colour));
}

static void mb2_rsdp(const struct mb2_tag *tag, struct boot_info *info)
{
	unsigned size = tag->size - sizeof(*tag);

	if (size > sizeof(info->rsdp_copy))
		size = sizeof(info->rsdp_copy);
	if (size <= info->rsdp_copy_size)
		return; /* the newer form is the longer one */
	memcpy(info->rsdp_copy, tag + 1, size);
	info->rsdp_copy_size = size;
}

static void mb2_tag(const struct mb2_tag *tag, struct boot_info *info)
{
	const struct mb2_module *const m = (const struct mb2_module *)tag;

	switch (tag->type) {
	case MB2_LINE: copy_text(info->line, sizeof(info->line), tag); break;
	case MB2_LOADER:
		copy_text(info->loader, sizeof(info->loader), tag);
		break;
	case MB2_MODULE:
		add_module(info, m->start, m->end, m->line,
			tag->size - sizeof(*m));
		break;
	case MB2_MAP: mb2_map((const struct mb2_map *)tag, info); break;
	case MB2_SCREEN:
		mb2_screen((const struct mb2_screen *)tag, info);
		break;
	case MB2_EFI64:
		info->efi_system_table =
			((const struct mb2_efi64 *)tag)->table;
		info->efi64 = true;
		break;
	case MB2_RSDP1:
	case MB2_RSDP2: mb2_rsdp(tag, info); break;
	}
}

static const char *mb2_read(const struct mb2_info *mb, struct boot_info *info)
{
	const char *at = (const char *)(mb + 1);
	const char *end;
	const struct mb2_tag *tag;

	if (mb->size < sizeof(*mb) || mb->size > INFO_MAX)
		return "the boot loader's information has an impossible size";
	end = (const char *)mb + mb->size;
	while ((size_t)(end - at) >= sizeof(*tag)) {
		tag = (const struct mb2_tag *)at;
		if (tag->type == MB2_END)
			break;
		if (tag->size < tag_least(tag->type) ||
			tag->size > (size_t)(end - at))
			return "the boot loader's information is damaged";
		mb2_tag(tag, info);
		if (((tag->size + 7ull) & ~7ull) > (size_t)(end - at))
			break;
		at += (tag->size + 7) & ~7u;
	}
	return info->nr_ranges ? NULL : "the boot loader gives no memory map";
}

/* A BIOS machine of whose screen nothing is said is in text mode. */
static void assume_text(struct boot_info *info)
{
	if (info->screen.present || info->efi64)
		return;
	info->screen = (struct boot_screen){
		.present = true,
		.text = true,
		.address = 0xb8000,
		.pitch = 160,
		.width = 80,
		.height = 25,
	};
}

const char *multiboot_read(
	uint32_t magic, paddr_t address, struct boot_info *info)
{
	const char *trouble =
		"the boot loader speaks neither multiboot 1 nor 2";

	*info = (struct boot_info){ 0 };
	if (magic == MULTIBOOT2_MAGIC)
		trouble = mb2_read(direct(address), info);
	else if (magic == MULTIBOOT1_MAGIC)
		trouble = mb1_read(direct(address), info);
	assume_text(info);
	return trouble;
}
