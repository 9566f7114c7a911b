/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the boot loader told: collected once by multiboot.c in the form that
 * the rest uses, whichever protocol brought it. Unchanged after boot, but
 * that module memory goes to dom0.
 */
#pragma once

#include "mm/addr.h"

#define BOOT_MODULES_MAX 8
#define BOOT_RANGES_MAX 128
#define BOOT_LINE_MAX 1024

/* Memory map; types are e820's. */
enum { MEMORY_RAM = 1, MEMORY_RESERVED, MEMORY_ACPI, MEMORY_NVS, MEMORY_BAD };

struct memory_range {
	paddr_t start, end; /* end is not in it */
	uint32_t type;
};

struct boot_module {
	paddr_t start, end;
	char line[BOOT_LINE_MAX]; /* its command line */
};

struct boot_screen {
	bool present;
	bool text; /* VGA text, else linear frame buffer */
	paddr_t address;
	uint32_t pitch, width, height; /* bytes; pixels or characters */
	uint8_t depth; /* bits per pixel */
	struct {
		uint8_t pos, size;
	} colour[3]; /* red, green, blue: bits of a pixel */
};

struct boot_info {
	char line[BOOT_LINE_MAX]; /* our own command line */
	char loader[64];
	unsigned nr_modules;
	struct boot_module module[BOOT_MODULES_MAX];
	unsigned nr_ranges;
	struct memory_range range[BOOT_RANGES_MAX]; /* sorted, disjoint */
	bool ranges_lost; /* there were more */
	struct boot_screen screen;
	uint8_t rsdp_copy[36]; /* of the ACPI root pointer */
	unsigned rsdp_copy_size;
	paddr_t efi_system_table; /* 0: not EFI */
	bool efi64;
};

extern struct boot_info boot_info;

/* The image's parts, at their final addresses; IMAGE_PADDR is where
 * image_start is loaded. */
extern char image_start[], image_text_end[], image_rodata_end[], image_end[];
