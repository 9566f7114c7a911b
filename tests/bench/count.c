// SPDX-License-Identifier: BSD-2-Clause
/*
 * A QEMU plugin that counts what the machine executes, and writes the counts
 * to a file whenever it executes a mark (mark.h). A line is the mark's number,
 * then one count for each name in the file's first line.
 *
 * Arguments: out=FILE; at=NUMBER:ADDRESS (hexadecimal, up to 8 of them): mark
 * NUMBER is also there, the first time that it runs; profile=NUMBER,to=FILE:
 * how often each instruction ran between the marks NUMBER and NUMBER + 1, a
 * line "ADDRESS COUNT" each.
 *
 * One CPU: the counters are not atomic.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/mark.h"
#include "tests/bench/plugin.h"

#define EXPORT __attribute__((visibility("default")))

/* Level-4 slots 256 to 271, the hypervisor's (ABI surface 4.1). */
#define HV_BEGIN 0xffff800000000000u
#define HV_END 0xffff880000000000u

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(
	uint64_t id, const void *info, int argc, char **argv);

enum count {
	INSTRUCTIONS,
	ENTRIES, /* to the hypervisor */
	CR3,
	CR4,
	INVLPG,
	WRMSR,
	IRET,
	SYSRET,
	SYSCALL,
	RDTSC,
	NR_COUNTS
};

static const char *const names[NR_COUNTS] = {"instructions", "entries",
	"cr3_loads", "cr4_loads", "invlpg", "wrmsr", "iret", "sysret",
	"syscall", "rdtsc"};

static uint64_t counts[NR_COUNTS];
static FILE *out;

/* Marks at addresses. */
static struct place {
	unsigned number;
	uint64_t address;
	bool passed;
} places[8];
static unsigned nr_places;

/* The profile: a counter for each instruction, by address. */
#define SLOTS (1u << 22)
struct slot {
	uint64_t address, count, begin, sum;
};
static struct slot *slots;
static unsigned profiled;
static const char *profile_file;

static struct slot *slot_of(uint64_t address)
{
	size_t i = address * 0x9e3779b97f4a7c15u >> 42;

	while (slots[i].address && slots[i].address != address)
		i = (i + 1) % SLOTS;
	slots[i].address = address;
	return &slots[i];
}

static void profile(unsigned number)
{
	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *const s = &slots[i];

		if (number == profiled)
			s->begin = s->count;
		else
			s->sum += s->count - s->begin;
	}
}

static void on_mark(unsigned, void *data)
{
	const unsigned number = (unsigned)(uintptr_t)data;

	fprintf(out, "%u", number);
	for (unsigned i = 0; i < NR_COUNTS; i++)
		fprintf(out, "\t%lu", counts[i]);
	putc('\n', out);
	fflush(out);
	if (slots && (number == profiled || number == profiled + 1))
		profile(number);
}

static void on_place(unsigned cpu, void *data)
{
	struct place *const p = data;

	if (!p->passed)
		on_mark(cpu, (void *)(uintptr_t)p->number);
	p->passed = true;
}

static void on_block(unsigned, void *data)
{
	static void *last;

	counts[ENTRIES] += data && !last;
	last = data;
}

/* What of the interesting kinds an instruction is; NR_COUNTS if of none.
 * Prefixes but REX do not occur before these. */
static enum count kind_of(const uint8_t *code, size_t size)
{
	const bool rex = size > 1 && (code[0] & 0xf0) == 0x40;
	const uint8_t *const c = code + rex;

	size -= rex;
	if (size >= 1 && c[0] == 0xcf)
		return IRET;
	if (size < 2 || c[0] != 0x0f)
		return NR_COUNTS;
	switch (c[1]) {
	case 0x05:
		return SYSCALL;
	case 0x07:
		return SYSRET;
	case 0x30:
		return WRMSR;
	case 0x31:
		return RDTSC;
	case 0x01:
		if (size == 3 && c[2] == 0xf9)
			return RDTSC; /* RDTSCP */
		return size >= 3 && (c[2] >> 3 & 7) == 7 && c[2] < 0xc0 ?
			       INVLPG :
			       NR_COUNTS;
	case 0x22:
		if (size >= 3 && (c[2] >> 3 & 7) == 3)
			return CR3;
		if (size >= 3 && (c[2] >> 3 & 7) == 4)
			return CR4;
	}
	return NR_COUNTS;
}

static bool is_mark(const uint8_t *c, size_t size, unsigned *number)
{
	static const uint8_t nop[4] = {0x0f, 0x1f, 0x84, 0x00};
	uint32_t displacement;

	if (size != 8 || memcmp(c, nop, sizeof(nop)) != 0)
		return false;
	memcpy(&displacement, c + 4, 4);
	*number = displacement & 0xffff;
	return displacement >> 16 == MARK_MAGIC;
}

static void add_place(struct qemu_plugin_insn *insn)
{
	const uint64_t address = qemu_plugin_insn_vaddr(insn);

	for (unsigned i = 0; i < nr_places; i++)
		if (places[i].address == address)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_place,
				QEMU_PLUGIN_NO_REGISTERS, &places[i]);
}

static void on_translation(uint64_t, struct qemu_plugin_tb *tb)
{
	const uint64_t address = qemu_plugin_tb_vaddr(tb);
	const bool hv = address >= HV_BEGIN && address < HV_END;

	qemu_plugin_register_vcpu_tb_exec_cb(
		tb, on_block, QEMU_PLUGIN_NO_REGISTERS, hv ? counts : NULL);
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *const insn =
			qemu_plugin_tb_get_insn(tb, i);
		const uint8_t *const code = qemu_plugin_insn_data(insn);
		const size_t size = qemu_plugin_insn_size(insn);
		const enum count kind = kind_of(code, size);
		unsigned number;

		qemu_plugin_register_vcpu_insn_exec_inline(
			insn, QEMU_PLUGIN_INLINE_ADD, &counts[INSTRUCTIONS], 1);
		if (kind != NR_COUNTS)
			qemu_plugin_register_vcpu_insn_exec_inline(
				insn, QEMU_PLUGIN_INLINE_ADD, &counts[kind], 1);
		if (slots)
			qemu_plugin_register_vcpu_insn_exec_inline(insn,
				QEMU_PLUGIN_INLINE_ADD,
				&slot_of(qemu_plugin_insn_vaddr(insn))->count,
				1);
		add_place(insn);
		if (is_mark(code, size, &number))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark,
				QEMU_PLUGIN_NO_REGISTERS,
				(void *)(uintptr_t)number);
	}
}

static void on_end(uint64_t, void *)
{
	FILE *const file = slots ? fopen(profile_file, "w") : NULL;

	for (size_t i = 0; file && i < SLOTS; i++)
		if (slots[i].sum)
			fprintf(file, "%016lx %lu\n", slots[i].address,
				slots[i].sum);
	if (file)
		fclose(file);
	fclose(out);
}

static bool option(char *arg)
{
	char *value = strchr(arg, '=');

	if (!value)
		return false;
	if (strncmp(arg, "out=", 4) == 0) {
		out = fopen(value + 1, "w");
		if (!out)
			perror(value + 1);
		return out;
	}
	if (strncmp(arg, "at=", 3) == 0 &&
		nr_places < sizeof(places) / sizeof(places[0])) {
		struct place *const p = &places[nr_places++];

		p->number = (unsigned)strtoul(value + 1, &value, 10);
		p->address = strtoull(value + (*value == ':'), NULL, 16);
		return p->address;
	}
	if (strncmp(arg, "to=", 3) == 0) {
		profile_file = strdup(value + 1);
		return profile_file;
	}
	if (strncmp(arg, "profile=", 8) == 0) {
		profiled = (unsigned)strtoul(value + 1, NULL, 10);
		slots = calloc(SLOTS, sizeof(*slots));
		return slots;
	}
	return false;
}

int qemu_plugin_install(uint64_t id, const void *, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!option(argv[i])) {
			fprintf(stderr, "count: bad argument %s\n", argv[i]);
			return -1;
		}
	if (!out || (slots && !profile_file)) {
		fprintf(stderr, "count: out= or to= is missing\n");
		return -1;
	}
	fprintf(out, "mark");
	for (unsigned i = 0; i < NR_COUNTS; i++)
		fprintf(out, "\t%s", names[i]);
	putc('\n', out);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_atexit_cb(id, on_end, NULL);
	return 0;
}
