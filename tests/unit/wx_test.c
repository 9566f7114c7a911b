// SPDX-License-Identifier: BSD-2-Clause
/*
 * The check that our page tables are W^X, over tables made here: what is right
 * passes and is counted; each way to break the rule is found, with its address.
 */
#include <string.h>

#include "mm/paging.h"
#include "mm/wx.h"
#include "suite.h"

#define TEXT 0x200000ull
#define CONST 0x210000ull
#define DATA 0x220000ull
#define IMAGE 0xffff878000000000ull

static struct {
	uint64_t entry[512];
} table[8] __attribute__((aligned(PAGE_SIZE)));
static struct wx wx;

void *direct(paddr_t pa)
{
	return (char *)table + pa;
}

/* Table n is at machine address n * PAGE_SIZE: 0 the root, then slot 271's
 * tables of level 3 to 1, slot 257's of level 3 and 2. */
static void start(void)
{
	const uint64_t m2p = PTE_P | PTE_US | PTE_NX;

	memset(table, 0, sizeof(table));
	table[0].entry[271] = 0x1000 | PTE_P | PTE_RW;
	table[1].entry[0] = 0x2000 | PTE_P | PTE_RW;
	table[2].entry[0] = 0x3000 | PTE_P | PTE_RW;
	table[0].entry[257] = 0x4000 | PTE_P | PTE_RW;
	table[4].entry[1] = 0x5000 | PTE_P | PTE_RW;
	for (unsigned i = 0; i < 16; i++) {
		const uint64_t pa = i * PAGE_SIZE;

		table[3].entry[i] = (TEXT + pa) | PTE_P;
		table[3].entry[16 + i] = (CONST + pa) | PTE_P | PTE_NX;
		table[3].entry[32 + i] = (DATA + pa) | PTE_P | PTE_RW | PTE_NX;
	}
	/* The bit of large pages means something else at level 1. */
	table[3].entry[40] |= PTE_PAT;
	table[5].entry[0] = 0x400000 | PTE_P | PTE_RW | PTE_NX | PTE_PSE;
	/* Guests may read this: it is not counted. */
	table[0].entry[256] = 0x6000 | PTE_P | PTE_RW | PTE_US;
	table[6].entry[0] = 0x7000 | PTE_P | PTE_RW | PTE_US;
	table[7].entry[0] = 0x600000 | m2p | PTE_PSE;
	wx = (struct wx){ .text = TEXT, .text_end = CONST, .const_end = DATA };
}

static void good(void)
{
	start();
	wx_check(&wx, 0);
	CHECK_EQUAL(wx.bad, 0);
	CHECK_EQUAL(wx.pages, 48 + 512);
	CHECK_EQUAL(wx.executable, 16);
}

static void finds(unsigned n, unsigned index, uint64_t pte, uint64_t bad)
{
	start();
	table[n].entry[index] = pte;
	wx_check(&wx, 0);
	CHECK_EQUAL(wx.bad, bad);
}

static void writable_code(void)
{
	finds(3, 3, (TEXT + 0x3000) | PTE_P | PTE_RW, IMAGE + 0x3000);
	finds(3, 33, (DATA + 0x1000) | PTE_P | PTE_RW, IMAGE + 0x21000);
	/* An identity mapping of the boot loader's kind. */
	finds(0, 0, 0x4000 | PTE_P | PTE_RW, 0);
	table[5].entry[1] = 0x600000 | PTE_P | PTE_RW | PTE_PSE;
	wx_check(&wx, 0);
	CHECK_EQUAL(wx.bad, 0xffff808040200000);
	finds(4, 7, 0x40000000 | PTE_P | PTE_RW | PTE_PSE, 0xffff8081c0000000);
}

/* Code elsewhere than in the text, though it cannot be written there. */
static void stray_code(void)
{
	finds(3, 40, (DATA + 0x8000) | PTE_P, IMAGE + 0x28000);
	finds(3, 20, (CONST + 0x4000) | PTE_P, IMAGE + 0x14000);
	finds(5, 9, 0x800000 | PTE_P | PTE_PSE, 0xffff808041200000);
}

/* A second mapping of the image, which can be written. */
static void writable_alias(void)
{
	const uint64_t data = PTE_P | PTE_RW | PTE_NX;

	finds(3, 500, (TEXT + 0xf000) | data, IMAGE + 0x1f4000);
	finds(3, 501, CONST | data, IMAGE + 0x1f5000);
	finds(3, 502, (DATA - 0x1000) | data, IMAGE + 0x1f6000);
	finds(3, 503, DATA | data, 0);
	finds(3, 504, (TEXT - 0x1000) | data, 0);
	finds(5, 4, 0x200000 | data | PTE_PSE, 0xffff808040800000);
}

static void guest_pages(void)
{
	const uint64_t user = PTE_P | PTE_US | PTE_PSE;

	finds(7, 1, 0x200000 | user | PTE_RW | PTE_NX, 0xffff800000200000);
	finds(7, 1, 0x800000 | user | PTE_RW, 0xffff800000200000);
	/* User pages below a table that is not for users are ours. */
	start();
	table[0].entry[256] &= ~PTE_US;
	wx_check(&wx, 0);
	CHECK_EQUAL(wx.pages, 48 + 512 + 512);
}

/* Rights are those of all levels together. */
static void rights_of_levels(void)
{
	finds(2, 0, 0x3000 | PTE_P | PTE_RW | PTE_NX, 0);
	CHECK_EQUAL(wx.executable, 0);
	finds(1, 0, 0x2000 | PTE_P, 0);
	table[3].entry[2] |= PTE_RW; /* to no avail: an upper level forbids */
	wx_check(&wx, 0);
	CHECK_EQUAL(wx.bad, 0);
}

SUITE({ "W^X: good tables pass", good },
	{ "W^X: writable and executable", writable_code },
	{ "W^X: code outside the text", stray_code },
	{ "W^X: the image writable elsewhere", writable_alias },
	{ "W^X: pages that guests see", guest_pages },
	{ "W^X: rights of all levels", rights_of_levels })
