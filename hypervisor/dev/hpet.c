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
static bool wide; /* 64 bits */

bool hpet_init(uint64_t address, uint64_t *mask, uint64_t *period_fs)
{
	uint64_t capabilities;

	base = paging_map_mmio(address, HPET_SIZE, PAGING_UNCACHED);
	if (!base)
		return false;
	capabilities = mmio_read64(base + CAPABILITIES);
	wide = capabilities >> 13 & 1;
	*mask = wide ? ~0ull : 0xffffffff;
	*period_fs = capabilities >> 32;
	if (!*period_fs || *period_fs > PERIOD_MAX)
		return false;
	mmio_write64(base + CONFIGURATION,
		mmio_read64(base + CONFIGURATION) | 1);
	return true;
}

uint64_t hpet_read(void)
{
	return wide ? mmio_read64(base + COUNTER) : mmio_read32(base + COUNTER);
}
