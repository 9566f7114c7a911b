/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI configuration space through ports 0xcf8 and 0xcfc (segment 0). dom0's
 * accesses to these ports go through here too. Lock: RANK_TIMER, so that it
 * can be used with interrupt descriptors locked. */
#pragma once

#include <stdint.h>

/* address as written to port 0xcf8, with bits 0-1 the byte; size 1, 2, 4. */
uint32_t pci_config_read(uint32_t address, unsigned size);
void pci_config_write(uint32_t address, unsigned size, uint32_t value);

static inline uint32_t pci_address(uint8_t bus, uint8_t devfn, unsigned reg)
{
	return 0x80000000 | (uint32_t)bus << 16 | (uint32_t)devfn << 8 | reg;
}
