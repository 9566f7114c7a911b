/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves that no instruction a domain executes hurts anybody: a child runs
 * short random programs, mostly of what traps into the hypervisor: privileged
 * instructions, port access, descriptor and control registers, system calls,
 * far transfers, stores of every kind to its read-only page tables; with
 * random prefixes, operands and registers. Its handlers bring it back; where
 * they cannot it is built anew. Dom0 keeps running and no page is lost.
 * `seed=N seconds=N` on the command line choose others.
 *
 * IRET (CF) is left out: QEMU's TCG (7.2) obeys the VM flag of a 32-bit IRET
 * in long mode at CPL 3, and any hypervisor dies of what follows.
 */
#include "tests/guests/lib/child.h"
#include "tests/guests/lib/hostile.h"
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define MS 1000000UL

/* Openings of instructions; the tail of the program is random. */
static const char *const openings[] = {
	"\xf4", "\xfa", "\xfb", "\xcb", "\x48\xcb", "\xcc",
	"\xf1", "\xcd\x80", "\xcd\x03", "\xe4", "\xe5", "\xe6", "\xe7", "\xec",
	"\xed", "\xee", "\xef", "\x6c", "\x6d", "\x6e", "\x6f", "\x8e", "\x8c",
	"\x9d", "\x9c", "\x0f\x05", "\x0f\x34", "\x0f\x07", "\x0f\x35",
	"\x0f\x06", "\x0f\x08", "\x0f\x09", "\x0f\x30", "\x0f\x31", "\x0f\x32",
	"\x0f\x33", "\x0f\x20", "\x0f\x21", "\x0f\x22", "\x0f\x23", "\x0f\x01",
	"\x0f\x01", "\x0f\x01\xd1", "\x0f\x01\xf8", "\x0f\x01\xf9",
	"\x0f\x02", "\x0f\x03", "\x0f\xa2", "\x0f\x0bxen\x0f\xa2",
	"\x0f\x0bxen", "\x0f\x0b", "\x0f\xb2", "\x0f\xb4", "\x0f\xb5",
	"\x0f\xae", "\x0f\xc7", "\xff", "\xea", "\x0f\xaa", "\x0f\xff",
	/* stores */
	"\x88\x07", "\x89\x07", "\xc6\x07", "\xc7\x07", "\x86\x07", "\x87\x07",
	"\xaa", "\xab", "\xa4", "\xa5", "\x80\x27", "\x81\x0f", "\x83\x37",
	"\x01\x07", "\x29\x07", "\x0f\xb0\x07", "\x0f\xb1\x07", "\x0f\xab\x07",
	"\x0f\xb3\x07", "\x0f\xbb\x07", "\x0f\xba\x37", "\x0f\xba\x2f",
	"\x0f\xc0\x07", "\x0f\xc1\x07", "\x0f\xc7\x0f", "\xfe\x07", "\xff\x07",
	"\xf6\x17", "\xf7\x1f", "\x0f\x11\x07", "\x0f\x7f\x07", "\x0f\xc3\x07",
	"\xdd\x1f", "\xc4\xe2", "\xc5\xf8\x11\x07", "\x62",
};

static struct child child = { .traps = true };
static unsigned int children, programs, trapped;

static uint8_t prefix(void)
{
	static const uint8_t all[] = {
		0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64,
		0x65, 0x48, 0x48, 0x48, 0x41, 0x4c, 0x4f, 0x40,
	};

	return all[hostile_below(sizeof(all))];
}

static uint8_t byte(void)
{
	return hostile_random() >> 24;
}

/* At the end of its spare page now and then: fetches beyond it fault. */
static uint64_t write_program(uint8_t *page)
{
	uint64_t at = hostile_below(8) ? 64 : 4096 - 1 - hostile_below(16);
	const uint64_t start = at;

	for (uint64_t i = at; i < 4096 && i < at + 64; i++)
		page[i] = 0xcc;
	for (uint64_t n = 1 + hostile_below(3); n--;) {
		const uint64_t which =
			hostile_below(sizeof(openings) / sizeof(*openings));

		while (hostile_below(3) == 0 && at < 4090)
			page[at++] = prefix();
		for (const char *o = openings[which]; *o && at < 4096;)
			page[at++] = *o++;
		for (uint64_t m = hostile_below(7); m-- && at < 4096;)
			page[at++] = byte();
	}
	/* see the opening comment */
	for (uint64_t i = start; i < at; i++)
		if (page[i] == 0xcf)
			page[i] = 0x90;
	return start;
}

/* Registers: tables, data, edges, ports, MSRs. */
static uint64_t operand(void)
{
	static const uint64_t all[] = {
		0, 1, 0xe033, 0xe02b, 0xe023, 0x0b, 0x3fd, 0x71, 0xcf8, 0xcfc,
		0x60, 0xc0000080, 0xc0000100, 0xc0000101, 0xc0000102,
		0x40000000, 0x277, 0x1b, 0x1a0, 0x8b, ~0UL, 0x80000000,
		0x0000800000000000, 0xffff800000000000, HYPERVISOR_PLACES,
		0x00007ffffffffff8, 29, 23, 13,
	};

	switch (hostile_below(6)) {
	case 0:
		return CHILD_VA(hostile_below(4)) + hostile_below(4096);
	case 1:
		return CHILD_VA(CHILD_L1) + hostile_below(512) * 8;
	case 2:
		return CHILD_VA(CHILD_DATA) + hostile_below(4096);
	case 3:
		return child.mfn[hostile_below(CHILD_PAGES)] * PV_PAGE |
		       hostile_below(4096);
	case 4:
		return all[hostile_below(sizeof(all) / sizeof(*all))];
	default:
		return hostile_random() >> hostile_below(64);
	}
}

/* False: it does not come back, or not as itself. */
static bool run_program(uint8_t *page)
{
	uint64_t *registers = (uint64_t *)child.mailbox->room;
	const uint64_t start = write_program(page);

	for (int i = 0; i < 8; i++)
		registers[i] = operand();
	programs++;
	child_tell(&child, CHILD_RUN, CHILD_VA(CHILD_SPARE) + start, 0);
	for (const uint64_t end = now() + 30 * MS; now() < end;) {
		if (child.mailbox->state == 2)
			return child.mailbox->result == CHILD_TRAPPED;
		rest(MS / 10);
	}
	return false;
}

static bool one_child(uint64_t seed)
{
	hostile_seed(seed);
	children++;
	if (child_start(&child))
		return false;
	uint8_t *page = map_foreign(child.id, child.mfn[CHILD_SPARE]);

	if (!page)
		return false;
	/* a loop without end is one, too: on to the next child */
	for (int i = 0; i < 200; i++) {
		if (!run_program(page))
			break;
		trapped++;
	}
	if (pt_set(page, 0))
		return false;
	return child_end(&child);
}

static void test_random_programs(void)
{
	const uint64_t first = test_option("seed", 5);
	const uint64_t end = now() + test_option("seconds", 6) * 1000 * MS;
	static uint64_t frames[1];

	frames[0] = foreign_frame();
	hostile_init(frames, 1);
	REQUIRE(one_child(first));
	const uint64_t before = settled_free_pages();

	for (uint64_t s = first + 1; now() < end; s++)
		if (!one_child(s * 0x9e3779b97f4a7c15)) {
			test_fail(__LINE__, "child of seed %lu did not go", s);
			return;
		}
	print("# %u children, %u programs, %u came back\n", children, programs,
	      trapped);
	REQUIRE(trapped > 50);
	/* the hypervisor's pools may keep a few pages, not one a child */
	const uint64_t least = before - 4 - children / 8;
	const uint64_t after = free_pages_again(least);

	print("# free pages: %lu before, %lu after\n", before, after);
	REQUIRE(after >= least);
}

const struct test tests[] = {
	TEST(random_programs),
	TESTS_END
};
