// SPDX-License-Identifier: BSD-2-Clause
/* The HPET as a clock to measure the TSC against. */
#include "dev/hpet.h"

#include "mm/paging.h"
#include "x86/asm.h"

#define HPET_SIZE 0x400
#define CAPABILITIES 0x00 /* bit 13: 64 bits; upper half: period */
#define CONFIGURATION 0x10 /* bit 0: runs */
#define COUNTER 0xf0
#define PERIOD_MAX 100000000ull /* 100 ns, by the specification */

static char *base;
static uint64_t capabilities;

bool hpet_init(uint64_t address)
{
	base = paging_map_mmio(address, HPET_SIZE, PAGING_UNCACHED);
	if (!base)
		return false;
	capabilities = mmio_read64(base + CAPABILITIES);
	if (!hpet_period_fs() || hpet_period_fs() > PERIOD_MAX)
		return false;
	mmio_write64(base + CONFIGURATION,
		mmio_read64(base + CONFIGURATION) | 1);
	return true;
}

uint64_t hpet_read(void)
{
	if (capabilities >> 13 & 1)
		return mmio_read64(base + COUNTER);
	return mmio_read32(base + COUNTER);
}

uint64_t hpet_mask(void)
{
	return capabilities >> 13 & 1 ? ~0ull : 0xffffffff;
}

uint64_t hpet_period_fs(void)
{
	return capabilities >> 32;
}
