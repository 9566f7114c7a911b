// SPDX-License-Identifier: BSD-2-Clause
/* PCI configuration space by the address and data ports. */
#include "dev/pci.h"

#include "x86/asm.h"
#include "x86/spinlock.h"

#define ADDRESS_PORT 0xcf8
#define DATA_PORT 0xcfc

static struct spinlock lock = SPINLOCK(RANK_TIMER);

uint32_t pci_config_read(uint32_t address, unsigned size)
{
	const uint16_t port = (uint16_t)(DATA_PORT + (address & 3));
	const uint64_t flags = spin_lock_irq(&lock);
	uint32_t value;

	outl(ADDRESS_PORT, address & ~3u);
	value = port_read(port, size);
	spin_unlock_irq(&lock, flags);
	return value;
}

void pci_config_write(uint32_t address, unsigned size, uint32_t value)
{
	const uint16_t port = (uint16_t)(DATA_PORT + (address & 3));
	const uint64_t flags = spin_lock_irq(&lock);

	outl(ADDRESS_PORT, address & ~3u);
	port_write(port, size, value);
	spin_unlock_irq(&lock, flags);
}
