// SPDX-License-Identifier: BSD-2-Clause
/*
 * What boot reads from strangers: the command line, multiboot information,
 * ACPI tables. Right input is understood; wrong input is named or refused;
 * cut and random input never leads outside of its memory (the sanitizers
 * watch, and tables end where an unmapped page begins).
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "boot/acpi.h"
#include "boot/acpi_table.h"
#include "boot/cmdline.h"
#include "boot/memory.h"
#include "boot/multiboot.h"
#include "core/console.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "suite.h"
#include "xen/xen.h"

/* What the files need of others */

static char last_log[300];
static unsigned nr_logs;

void log_line(enum log_level level, const char *fmt, ...)
{
	va_list args;

	(void)level;
	va_start(args, fmt);
	vsnprintf(last_log, sizeof(last_log), fmt, args);
	va_end(args);
	nr_logs++;
}

bool console_set_level(const char *name)
{
	return !strcmp(name, "debug");
}

struct boot_info boot_info;
char image_start[4096];
__asm__(".globl image_end; .set image_end, image_start + 4096");
struct frame *frames;
uint64_t *frame_regions;
uint64_t nr_frames;
uint64_t *m2p;

static uint64_t released; /* bytes */

void buddy_free_range(paddr_t start, paddr_t end)
{
	released += end - start;
}

void panic_regs(const struct regs *regs, const char *fmt, ...)
{
	(void)regs;
	printf("panic: %s\n", fmt);
	abort();
}

/* A 32-bit loader's memory: physical addresses are ours. */
#define HIGH_START 0x17c000000ull /* the last 64 MiB below 6 GiB */
#define HIGH_SIZE 0x4000000ull
static char *high;

void *direct(paddr_t pa)
{
	return pa < HIGH_START ? (void *)pa : high + (pa - HIGH_START);
}

paddr_t direct_paddr(const void *va)
{
	const char *const at = va;

	if ((uint64_t)at < HIGH_START)
		return (uint64_t)at;
	return HIGH_START + (uint64_t)(at - high);
}

static void *low_memory(size_t size)
{
	void *const at = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	CHECK(at != MAP_FAILED);
	return at;
}

/* A copy that ends where memory ends, but for what alignment needs. */
static void *at_the_edge(const void *from, size_t size, size_t align)
{
	const size_t room = (size + 4095) & ~4095ul;
	char *const at = low_memory(room + 4096);

	munmap(at + room, 4096);
	return memcpy(at + ((room - size) & ~(align - 1)), from, size);
}

/* Command line */

static void line_options(void)
{
	cmdline_parse("placeholder dom0_mem=768M,min:512M,max:1G  noreboot "
		      "dom0_max_vcpus=3 com1=9600,8n1,0x2f8,3 loglvl=debug "
		      "console=vga");
	CHECK_EQUAL(nr_logs, 0);
	CHECK_EQUAL(options.dom0_mem, 768ull << 20);
	CHECK_EQUAL(options.dom0_mem_min, 512ull << 20);
	CHECK_EQUAL(options.dom0_mem_max, 1ull << 30);
	CHECK_EQUAL(options.dom0_max_vcpus, 3);
	CHECK_EQUAL(options.com1_baud, 9600);
	CHECK_EQUAL(options.com1_port, 0x2f8);
	CHECK_EQUAL(options.com1_irq, 3);
	CHECK(options.noreboot);
	CHECK(options.console_screen && !options.console_serial);
}

static void line_forms(void)
{
	cmdline_parse("dom0_mem=1048576");
	CHECK_EQUAL(options.dom0_mem, 1ull << 30);
	cmdline_parse("dom0_mem=0x10g dom0_max_vcpus=1-4 com1=115200");
	CHECK_EQUAL(options.dom0_mem, 16ull << 30);
	CHECK_EQUAL(options.dom0_max_vcpus, 4);
	CHECK_EQUAL(options.com1_baud, 115200);
	cmdline_parse("com1=auto,,0x3e8 dom0_max_vcpus=2-");
	CHECK_EQUAL(options.com1_port, 0x3e8);
	CHECK_EQUAL(options.dom0_max_vcpus, 0);
	cmdline_parse("com1=57600/1843200,8n1");
	CHECK_EQUAL(options.com1_baud, 57600);
	CHECK_EQUAL(options.xpti, CHOICE_AUTO);
	cmdline_parse("xpti=off");
	CHECK_EQUAL(options.xpti, CHOICE_OFF);
	cmdline_parse("xpti=on smap=on");
	CHECK_EQUAL(options.smap, CHOICE_ON);
	CHECK_EQUAL(options.xpti, CHOICE_ON);
	CHECK_EQUAL(nr_logs, 0);
	CHECK(options.console_serial && options.console_screen);
}

static void line_named(const char *line, const char *named)
{
	nr_logs = 0;
	cmdline_parse(line);
	CHECK_EQUAL(nr_logs, 1);
	CHECK(strstr(last_log, named) != NULL);
}

static void line_mistakes(void)
{
	line_named("iommu=off", "iommu=off");
	line_named("no-such", "no-such");
	line_named("dom0_mem=lots", "dom0_mem=lots");
	line_named("dom0_mem=1G,", "dom0_mem=1G,");
	line_named("dom0_mem=99999999999999999999G", "dom0_mem");
	line_named("dom0_max_vcpus=x", "dom0_max_vcpus=x");
	line_named("com1=115200,7e1", "com1");
	line_named("com1=0x10", "com1");
	line_named("console=com3", "console=com3");
	line_named("loglvl=loud", "loglvl=loud");
	line_named("xpti=perhaps", "xpti=perhaps");
}

static void line_long(void)
{
	char line[1000];

	memset(line, 'x', sizeof(line));
	line[999] = '\0';
	line_named(line, "999");
	nr_logs = 0;
	cmdline_parse("");
	cmdline_parse("   ");
	CHECK_EQUAL(nr_logs, 0);
}

/* Multiboot 2 */

static struct boot_info info;
static char mb2[4096] __attribute__((aligned(8)));
static unsigned mb2_size;

static void mb2_begin(void)
{
	mb2_size = 8;
}

static void mb2_add(uint32_t type, const void *body, uint32_t size)
{
	const uint32_t head[2] = { type, size + 8 };

	memcpy(mb2 + mb2_size, head, 8);
	memcpy(mb2 + mb2_size + 8, body, size);
	mb2_size += (size + 8 + 7) & ~7u;
}

static const char *mb2_read_cut(unsigned size)
{
	uint32_t *at;

	at = at_the_edge(mb2, size, 8);
	at[0] = size;
	at[1] = 0;
	return multiboot_read(MULTIBOOT2_MAGIC, (paddr_t)at, &info);
}

static void mb2_good(void)
{
	static const struct {
		uint32_t entry_size, version;
		struct {
			uint64_t start, length;
			uint32_t type, zero;
		} entry[3];
	} map = { 24, 0,
		{ { 0, 0xa0000, 1, 0 }, { 0x100000, 0x1ff00000, 1, 0 },
			{ 0xfec00000, 0x1000, 77, 0 } } };
	static const struct {
		uint32_t start, end;
		char line[12];
	} module = { 0x1000000, 0x1800000, "console=hvc" };
	static const uint64_t efi = 0x7ff00000;
	static const struct __attribute__((packed)) {
		uint64_t address;
		uint32_t pitch, width, height;
		uint8_t depth, type;
		uint16_t zero;
		uint8_t colour[6];
	} screen = { 0xc0000000, 4096, 1024, 768, 32, 1, 0,
		{ 16, 8, 8, 8, 0, 8 } };
	char rsdp[36] = "RSD PTR ";

	mb2_begin();
	mb2_add(1, "dom0_mem=1G", 12);
	mb2_add(2, "GRUB 2.06", 10);
	mb2_add(3, &module, sizeof(module));
	mb2_add(99, "new", 3);
	mb2_add(6, &map, sizeof(map));
	mb2_add(8, &screen, sizeof(screen));
	mb2_add(12, &efi, 8);
	mb2_add(15, rsdp, 36);
	mb2_add(14, rsdp, 20);
	mb2_add(0, "", 0);
}

static void multiboot2_read(void)
{
	mb2_good();
	CHECK(!mb2_read_cut(mb2_size));
	CHECK(!strcmp(info.line, "dom0_mem=1G"));
	CHECK(!strcmp(info.loader, "GRUB 2.06"));
	CHECK_EQUAL(info.nr_modules, 1);
	CHECK_EQUAL(info.module[0].end, 0x1800000);
	CHECK(!strcmp(info.module[0].line, "console=hvc"));
	CHECK_EQUAL(info.nr_ranges, 3);
	CHECK_EQUAL(info.range[1].end, 0x20000000);
	CHECK_EQUAL(info.range[2].type, MEMORY_RESERVED);
	CHECK(info.screen.present && !info.screen.text);
	CHECK_EQUAL(info.screen.width, 1024);
	CHECK_EQUAL(info.screen.colour[0].pos, 16);
	CHECK_EQUAL(info.screen.colour[2].size, 8);
	CHECK(info.efi64);
	CHECK_EQUAL(info.efi_system_table, 0x7ff00000);
	CHECK_EQUAL(info.rsdp_copy_size, 36);
}

static void multiboot2_cut(void)
{
	mb2_good();
	for (unsigned size = 8; size < mb2_size; size += 4)
		mb2_read_cut(size); /* whatever it says, it does not die */
	CHECK(mb2_read_cut(8) != NULL);
	CHECK(multiboot_read(0x12345678, 0, &info) != NULL);
}

static void multiboot2_random(void)
{
	srand(5);
	for (unsigned i = 0; i < 3000; i++) {
		mb2_good();
		for (unsigned n = 0; n < 1u + i % 8; n++)
			mb2[8 + (unsigned)rand() % (mb2_size - 8)] =
				(char)rand();
		mb2_read_cut(mb2_size);
		CHECK(info.nr_modules <= BOOT_MODULES_MAX);
		CHECK(info.nr_ranges <= BOOT_RANGES_MAX);
		CHECK(info.rsdp_copy_size <= sizeof(info.rsdp_copy));
		CHECK(memchr(info.line, 0, sizeof(info.line)));
		CHECK(memchr(info.loader, 0, sizeof(info.loader)));
	}
}

static void multiboot2_many(void)
{
	static const uint32_t module[2] = { 0x1000, 0x2000 };

	mb2_begin();
	for (unsigned i = 0; i < BOOT_MODULES_MAX + 5; i++)
		mb2_add(3, module, sizeof(module));
	CHECK(mb2_read_cut(mb2_size) != NULL); /* no memory map */
	CHECK_EQUAL(info.nr_modules, BOOT_MODULES_MAX);
}

/* Multiboot 1, as QEMU makes it: file names first */

static void multiboot1_read(void)
{
	char *const low = low_memory(4096);
	uint32_t *const mb = (uint32_t *)low;
	uint32_t *const module = (uint32_t *)(low + 0x200);
	char *const map = low + 0x300;
	static const struct __attribute__((packed)) {
		uint32_t size;
		uint64_t start, length;
		uint32_t type;
	} entry[2] = { { 20, 0, 0x9f000, 1 }, { 20, 0x100000, 0x700000, 1 } };

	memcpy(map, entry, sizeof(entry));
	strcpy(low + 0x400, "build/shoji.elf loglvl=debug");
	strcpy(low + 0x500, "vmlinux console=hvc0 quiet");
	strcpy(low + 0x600, "qemu");
	mb[0] = 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9;
	mb[4] = (uint32_t)(uintptr_t)low + 0x400;
	mb[5] = 1;
	mb[6] = (uint32_t)(uintptr_t)module;
	mb[11] = sizeof(entry);
	mb[12] = (uint32_t)(uintptr_t)map;
	mb[16] = (uint32_t)(uintptr_t)low + 0x600;
	module[0] = 0x300000;
	module[1] = 0x400000;
	module[2] = (uint32_t)(uintptr_t)low + 0x500;
	CHECK(!multiboot_read(MULTIBOOT1_MAGIC, (paddr_t)low, &info));
	CHECK(!strcmp(info.line, "loglvl=debug"));
	CHECK(!strcmp(info.module[0].line, "console=hvc0 quiet"));
	CHECK_EQUAL(info.nr_ranges, 2);
	CHECK_EQUAL(info.range[1].end, 0x800000);
	CHECK(info.screen.present && info.screen.text);
	strcpy(low + 0x600, "GRUB 2.06");
	CHECK(!multiboot_read(MULTIBOOT1_MAGIC, (paddr_t)low, &info));
	CHECK(!strcmp(info.module[0].line, "vmlinux console=hvc0 quiet"));
	mb[0] = 0;
	CHECK(multiboot_read(MULTIBOOT1_MAGIC, (paddr_t)low, &info) != NULL);
}

/* Memory map */

#define PAGES 64u

/* What each page of the map is, by the rule that the higher type counts and
 * RAM needs the whole page. */
static void model_map(uint8_t *model)
{
	memset(model, 0, PAGES);
	for (unsigned i = 0; i < info.nr_ranges; i++) {
		const struct memory_range *const r = &info.range[i];

		for (unsigned n = 0; n < PAGES; n++) {
			const paddr_t start = n * 4096ull, end = start + 4096;
			const bool in = r->type == MEMORY_RAM ?
				r->start <= start && r->end >= end :
				r->start < end && r->end > start;

			if (in && r->type > model[n])
				model[n] = (uint8_t)r->type;
		}
	}
}

static void memory_map(void)
{
	uint8_t before[PAGES], after[PAGES];

	srand(7);
	for (unsigned i = 0; i < 2000; i++) {
		info = (struct boot_info){ .nr_ranges = 12 };
		for (unsigned n = 0; n < 12; n++) {
			const paddr_t start =
				(unsigned)rand() % (PAGES * 4096);

			info.range[n] = (struct memory_range){ start,
				start + 1 +
					(unsigned)rand() %
						(PAGES * 4096 - start),
				1 + (unsigned)rand() % 5 };
		}
		model_map(before);
		memory_map_tidy(&info);
		model_map(after);
		CHECK(!memcmp(before, after, PAGES));
		for (unsigned n = 0; n < info.nr_ranges; n++) {
			const struct memory_range *const r = &info.range[n];

			CHECK(r->start < r->end);
			CHECK(!((r->start | r->end) & 4095));
			CHECK(!n || r[-1].end < r->start ||
				(r[-1].end == r->start &&
					r[-1].type != r->type));
		}
	}
}

static void memory_early(void)
{
	paddr_t a, b, c;

	boot_info = (struct boot_info){ .nr_ranges = 3,
		.range = { { 0, 0x9f000, MEMORY_RAM },
			{ 0x100000, 0x8000000, MEMORY_RAM },
			{ 0x100000000, 0x180000000, MEMORY_RAM } },
		.nr_modules = 1,
		.module = { { .start = 0x7fff000, .end = 0x8000000 } } };
	memory_init();
	a = memory_boot_alloc(5000, 1, 0x100000000);
	CHECK_EQUAL(a, 0x7ffd000); /* below the module */
	b = memory_boot_alloc(0x1000, 0x200000, 0x100000000);
	CHECK_EQUAL(b, 0x7e00000);
	c = memory_boot_alloc(0x1000, 0x1000, ~0ull);
	CHECK_EQUAL(c, 0x17ffff000);
	CHECK(memory_is_ram(0x100000, 0x8000000));
	CHECK(!memory_is_ram(0x9e000, 0xa0000));
	CHECK_EQUAL(memory_low_page(), 0x9e000);

	high = mmap(NULL, HIGH_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(high != MAP_FAILED);
	memory_init_frames();
	CHECK_EQUAL(nr_frames, 0x180000);
	CHECK_EQUAL(frames[0x9e].owner, DOMID_IO);
	CHECK_EQUAL(frames[0x200].owner, FRAME_HV);
	CHECK_EQUAL(frames[0x8000].owner, DOMID_IO);
	CHECK_EQUAL(frames[0x17ffff].owner, FRAME_HV);
	CHECK(m2p[0] == ~0ull && m2p[0x17ffff] == ~0ull);
	/* RAM above 1 MiB but image, module, a, b, c, tables */
	CHECK_EQUAL(released, 0x7f00000ull + 0x80000000 - 0x1000 - 0x2000 -
			0x1000 - 0x1000 - 0x1000 - 0xc00000 - 0x1831000);
}

/* ACPI */

static struct acpi_info acpi;
static uint8_t table[512];
static unsigned table_size;

static void table_begin(const char *name, unsigned size)
{
	memset(table, 0, sizeof(table));
	memcpy(table, name, 4);
	table_size = size;
	acpi = (struct acpi_info){ 0 };
}

static void table_bytes(const void *bytes, unsigned size)
{
	memcpy(table + table_size, bytes, size);
	table_size += size;
}

static void table_word(unsigned at, uint64_t value, unsigned size)
{
	memcpy(table + at, &value, size);
}

static void table_end(void)
{
	uint8_t sum = 0;

	table_word(4, table_size, 4);
	table[9] = 0;
	for (unsigned i = 0; i < table_size; i++)
		sum += table[i];
	table[9] = (uint8_t)-sum;
}

static bool table_parse(unsigned size)
{
	return acpi_parse_table(at_the_edge(table, size, 1), size, &acpi);
}

static void madt_good(void)
{
	table_begin("APIC", 44);
	table_word(36, 0xfee00000, 4);
	table_word(40, 1, 4);
	table_bytes((uint8_t[]){ 0, 8, 0, 0, 1, 0, 0, 0 }, 8);
	table_bytes((uint8_t[]){ 0, 8, 1, 2, 1, 0, 0, 0 }, 8);
	table_bytes((uint8_t[]){ 0, 8, 2, 4, 0, 0, 0, 0 }, 8); /* disabled */
	table_bytes((uint8_t[]){ 9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 3, 0, 0,
			    0 }, 16);
	table_bytes((uint8_t[]){ 9, 16, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0,
			    0 }, 16); /* APIC 2 again */
	table_bytes((uint8_t[]){ 1, 12, 5, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0 },
		12);
	table_bytes((uint8_t[]){ 2, 10, 0, 0, 2, 0, 0, 0, 0, 0 }, 10);
	table_bytes((uint8_t[]){ 2, 10, 0, 9, 9, 0, 0, 0, 0x0d, 0 }, 10);
	table_bytes((uint8_t[]){ 0x55, 4, 1, 2 }, 4); /* unknown */
	table_end();
}

static void acpi_madt(void)
{
	madt_good();
	CHECK(table_parse(table_size));
	CHECK_EQUAL(acpi.nr_cpus, 3);
	CHECK_EQUAL(acpi.cpu[1].apic_id, 2);
	CHECK_EQUAL(acpi.cpu[2].apic_id, 256);
	CHECK_EQUAL(acpi.cpu[2].acpi_id, 3);
	CHECK_EQUAL(acpi.local_apic, 0xfee00000);
	CHECK_EQUAL(acpi.nr_ioapics, 1);
	CHECK_EQUAL(acpi.ioapic[0].address, 0xfec00000);
	CHECK_EQUAL(acpi.nr_overrides, 2);
	CHECK(acpi.override[0].gsi == 2 && !acpi.override[0].level);
	CHECK(acpi.override[1].level && !acpi.override[1].active_low);
}

static void acpi_damaged(void)
{
	madt_good();
	table[50]++;
	CHECK(!table_parse(table_size));
	CHECK(strstr(last_log, "checksum") != NULL);
	madt_good();
	for (unsigned size = 0; size < table_size; size++)
		CHECK(!table_parse(size));
	/* An entry of no length, and one over the end */
	madt_good();
	table[45] = 0;
	table_end();
	CHECK(!table_parse(table_size));
	CHECK(strstr(last_log, "damaged") != NULL);
	table[45] = 255;
	table_end();
	CHECK(!table_parse(table_size));
	srand(6);
	for (unsigned i = 0; i < 3000; i++) {
		madt_good();
		table[36 + (unsigned)rand() % (table_size - 36)] =
			(uint8_t)rand();
		table_end();
		table_parse(table_size);
		CHECK(acpi.nr_cpus <= CPUS_MAX);
	}
}

static void acpi_many_cpus(void)
{
	uint8_t big[36 + 8 + 200 * 8];
	uint8_t sum = 0;

	memset(big, 0, sizeof(big));
	memcpy(big, "APIC", 4);
	big[4] = sizeof(big) & 0xff;
	big[5] = sizeof(big) >> 8;
	for (unsigned i = 0; i < 200; i++) {
		uint8_t *const e = big + 44 + i * 8;

		e[1] = 8;
		e[3] = (uint8_t)i;
		e[4] = 1;
	}
	for (unsigned i = 0; i < sizeof(big); i++)
		sum += big[i];
	big[9] = (uint8_t)-sum;
	acpi = (struct acpi_info){ 0 };
	CHECK(acpi_parse_table(big, sizeof(big), &acpi));
	CHECK_EQUAL(acpi.nr_cpus, CPUS_MAX);
	CHECK_EQUAL(acpi.nr_cpus_ignored, 200 - CPUS_MAX);
}

static void acpi_others(void)
{
	table_begin("FACP", 132);
	table_word(64, 0x604, 4);
	table_word(76, 0x608, 4);
	table_word(112, 1 << 8 | 1 << 10, 4);
	table[116] = 1;
	table_word(120, 0xcf9, 8);
	table[128] = 0x0f;
	table_end();
	CHECK(table_parse(table_size));
	CHECK(acpi.pm_timer.space == 1 && acpi.pm_timer.address == 0x608);
	CHECK_EQUAL(acpi.pm_timer.bits, 32);
	CHECK_EQUAL(acpi.pm1a_control.address, 0x604);
	CHECK_EQUAL(acpi.pm1b_control.space, 0xff);
	CHECK(acpi.reset.address == 0xcf9 && acpi.reset_value == 0x0f);

	table_begin("SSDT", 40);
	table_end();
	table[9]++; /* not ours to judge */
	CHECK(table_parse(table_size));
}

SUITE({ "boot: options", line_options },
	{ "boot: forms of options", line_forms },
	{ "boot: options that are not understood are named", line_mistakes },
	{ "boot: a word too long, an empty line", line_long },
	{ "boot: multiboot 2", multiboot2_read },
	{ "boot: multiboot 2, cut anywhere", multiboot2_cut },
	{ "boot: multiboot 2 with random damage", multiboot2_random },
	{ "boot: multiboot 2, too many modules, no map", multiboot2_many },
	{ "boot: multiboot 1 as QEMU and GRUB make it", multiboot1_read },
	{ "boot: overlapping memory ranges", memory_map },
	{ "boot: memory before the allocator", memory_early },
	{ "boot: ACPI MADT", acpi_madt },
	{ "boot: ACPI tables cut and damaged", acpi_damaged },
	{ "boot: ACPI MADT with too many CPUs", acpi_many_cpus },
	{ "boot: ACPI FADT", acpi_others })
