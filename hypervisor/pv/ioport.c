/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may: a guest kernel with IOPL of at least 1, user space with IOPL 3 or
 * by the bitmap of set_iobitmap. What happens: dom0 reaches the hardware, but
 * for the ports that are ours; a guest without devices reads all ones.
 */
#include "pv/ioport.h"

#include "core/domain.h"
#include "core/vcpu.h"
#include "dev/pci.h"
#include "lib/rangeset.h"
#include "mm/guestmem.h"
#include "pv/decode.h"
#include "pv/hypercall.h"
#include "x86/asm.h"

#define PCI_ADDRESS 0xcf8
#define PCI_DATA 0xcfc
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43

bool ioport_iopl_allows(const struct vcpu *v)
{
	if (v->kernel_mode)
		return v->iopl || v->frame_iopl;
	return v->iopl == 3;
}

/* The guest's bitmap: a clear bit for every port of the access. */
static bool bitmap_allows(const struct vcpu *v, unsigned port, unsigned size)
{
	uint8_t bits[2];
	unsigned word;

	if (!v->io_bitmap || port + size > v->io_bitmap_ports)
		return false;
	if (copy_from_guest(bits, (gva_t){ v->io_bitmap + port / 8 }, 1))
		return false;
	bits[1] = 0xff;
	if ((port + size - 1) / 8 != port / 8 &&
		copy_from_guest(
			&bits[1], (gva_t){ v->io_bitmap + port / 8 + 1 }, 1))
		return false;
	word = bits[0] | bits[1] << 8;
	return !(word >> (port % 8) & ((1u << size) - 1));
}

static bool allowed(const struct vcpu *v, unsigned port, unsigned size)
{
	return ioport_iopl_allows(v) || bitmap_allows(v, port, size);
}

static uint32_t all_ones(unsigned size)
{
	return size == 4 ? ~0u : (1u << 8 * size) - 1;
}

static bool is_pci_data(unsigned port, unsigned size)
{
	return port >= PCI_DATA && port + size <= PCI_DATA + 4;
}

static uint32_t port_in(struct domain *d, uint16_t port, unsigned size)
{
	if (d->hardware && port == PCI_ADDRESS && size == 4)
		return d->pci_address;
	if (d->hardware && is_pci_data(port, size))
		return pci_config_read(
			(d->pci_address & ~3u) | (port & 3), size);
	if (rangeset_contains(d->ioports, port, port + size - 1u))
		return port_read(port, size);
	/* Linux waits 50,000 times for this to be something else than ones
	 * (ABI surface 8.3). */
	if (port == PIT_CHANNEL2)
		return 0;
	return all_ones(size);
}

static void port_out(
	struct domain *d, uint16_t port, unsigned size, uint32_t value)
{
	if (d->hardware && port == PCI_ADDRESS && size == 4)
		d->pci_address = value;
	else if (d->hardware && is_pci_data(port, size))
		pci_config_write((d->pci_address & ~3u) | (port & 3), size,
			value);
	else if (d->hardware && port == PIT_COMMAND && value >> 6 == 2)
		outb(PIT_COMMAND, (uint8_t)value); /* of channel 2 alone */
	else if (rangeset_contains(d->ioports, port, port + size - 1u))
		port_write(port, size, value);
}

/* One element of INS or OUTS; moves RDI or RSI. False: a fault. */
static bool string_element(struct domain *d, struct regs *regs, bool in,
	uint16_t port, unsigned size)
{
	uint64_t *const at = in ? &regs->rdi : &regs->rsi;
	uint32_t value = 0;

	if (in) {
		value = port_in(d, port, size);
		if (copy_to_guest((gva_t){ *at }, &value, size))
			return false;
	} else {
		if (copy_from_guest(&value, (gva_t){ *at }, size))
			return false;
		port_out(d, port, size, value);
	}
	*at += regs->rflags & RFLAGS_DF ? -(uint64_t)size : size;
	return true;
}

static bool string_io(struct vcpu *v, struct regs *regs, const struct insn *i,
	bool in, unsigned size)
{
	const uint16_t port = (uint16_t)regs->rdx;

	if (i->address32 || (!in && i->based))
		return false;
	if (!i->rep && !i->repne) {
		if (!string_element(v->domain, regs, in, port, size))
			return false;
		regs->rip += i->length;
		return true;
	}
	/* Stop early for what is urgent: the instruction traps again. */
	while (regs->rcx) {
		if (!string_element(v->domain, regs, in, port, size))
			return false;
		regs->rcx--;
		if (preempt_needed())
			break;
	}
	if (!regs->rcx)
		regs->rip += i->length;
	return true;
}

bool ioport_emulate(struct vcpu *v, struct regs *regs, const struct insn *i)
{
	const bool string = i->opcode >= 0x6c && i->opcode <= 0x6f;
	const bool immediate = i->opcode >= 0xe4 && i->opcode <= 0xe7;
	const bool in = string ? i->opcode < 0x6e : !(i->opcode & 2);
	const uint16_t port = immediate ? (uint8_t)i->immediate :
					  (uint16_t)regs->rdx;
	const unsigned size = !(i->opcode & 1)	? 1 :
		i->operand == 2			? 2 :
						  4;

	if (!string && !(i->opcode >= 0xe4 && i->opcode <= 0xef))
		return false;
	if (!allowed(v, port, size))
		return false;
	if (string)
		return string_io(v, regs, i, in, size);
	if (!in) {
		port_out(v->domain, port, size, (uint32_t)regs->rax);
	} else {
		const uint32_t value = port_in(v->domain, port, size);

		if (size == 4)
			regs->rax = value;
		else
			regs->rax = (regs->rax & ~(uint64_t)all_ones(size)) |
				value;
	}
	regs->rip += i->length;
	return true;
}
