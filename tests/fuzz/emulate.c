// SPDX-License-Identifier: BSD-2-Clause
/*
 * Instructions that are carried out for a guest (pv/emulate.c, ioport.c,
 * debugreg.c, guestmsr.c), from a domain without privilege. The machine
 * (pvmachine.c) checks what reaches the hardware; here: an instruction that is
 * refused has changed nothing, one that is done moves RIP by its length, and
 * user space has no say over what is the kernel's. The input: choices, flags,
 * registers, the instruction.
 */
#include "pv/emulate.h"

#include <sys/mman.h>

#include "pv/decode.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/pvmachine.h"
#include "tests/fuzz/realcpu.h"

enum { FORCED = 1, USER = 2, ARCHITECTURAL_IOPL = 4, AT_PAGE_END = 8 };

#define CODE_OFFSET 0x100
#define BITMAP (REALCPU_DATA + 0x800)

static void map_page(uint64_t at)
{
	CHECK(mmap((void *)at, PAGE_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		      0) == (void *)at);
}

/* Numbers that the files look for, addresses of data, or anything. */
static uint64_t take_register(struct input *in)
{
	static const uint64_t known[] = { 0, 1, 3, MACHINE_PORT,
		MACHINE_PORT + 1, MACHINE_PORT + 2, MACHINE_PORT + 3, 0x42,
		0xcf8, 0xcfc, 0xc0000080, 0xc0000100, 0xc0000101, 0xc0000102,
		0xc0000103, 0x1b, 0x10, 0x1a0, 0x40000000, 0x80050033,
		0x8005003b, HV_BASE, HV_END, HV_BASE - 4, 0x2401, 0x20401,
		0xffff0403, 0xffff800000000000 };
	const unsigned kind = (unsigned)take(in, 1);

	if (kind < sizeof(known) / sizeof(known[0]))
		return known[kind];
	return kind < 0x80 ? REALCPU_DATA + kind * 32 : take(in, 8);
}

static void take_machine(struct input *in, unsigned choices)
{
	struct vcpu *const v = &machine_vcpu;
	const unsigned more = (unsigned)take(in, 1);

	machine_reset();
	v->kernel_mode = !(choices & USER);
	v->iopl = more & 3;
	v->cr4 = more & 4 ? 8 : 0; /* DE */
	v->dr[7] = more & 64 ? 0x401 : 0x400; /* first breakpoint on */
	if (more & 8) {
		v->io_bitmap = more & 16 ? BITMAP :
			REALCPU_DATA_END - MACHINE_PORT / 8 - 1;
		v->io_bitmap_ports = more & 32 ? 65536 : MACHINE_PORT + 3;
	}
	if (choices & ARCHITECTURAL_IOPL)
		machine_domain.vm_assist |=
			1ull << VMASST_TYPE_architectural_iopl;
}

static struct regs take_registers(struct input *in)
{
	struct regs r = { .rflags = take(in, 1) & 4 ? RFLAGS_DF : 0 };

	for (unsigned i = 0; i < 16; i++)
		*emulate_register(&r, i) = take_register(in);
	return r;
}

static void put_code(struct input *in, unsigned choices, struct regs *r)
{
	uint8_t bytes[INSN_MAX];
	const unsigned nr = (unsigned)take_bytes(in, bytes, sizeof(bytes));

	r->rip = choices & AT_PAGE_END ? REALCPU_CODE_END - nr :
					 REALCPU_CODE + CODE_OFFSET;
	memset((void *)REALCPU_CODE, 0x90, PAGE_SIZE);
	memcpy((void *)r->rip, bytes, nr);
}

static bool is_string(const struct insn *i)
{
	return !i->two_byte && i->opcode >= 0x6c && i->opcode <= 0x6f;
}

/* IOPL as ABI surface 8.3 has it; then a clear bit for each port. */
static bool may_use_ports(const struct regs *r, const struct insn *i)
{
	const struct vcpu *const v = &machine_vcpu;
	const uint64_t assist = 1ull << VMASST_TYPE_architectural_iopl;
	const bool immediate = (i->opcode & 0xfc) == 0xe4;
	const unsigned port =
		immediate ? i->immediate & 0xff : r->rdx & 0xffff;
	const unsigned size = !(i->opcode & 1) ? 1 : i->operand == 2 ? 2 : 4;

	if (v->kernel_mode ?
			v->iopl || machine_domain.vm_assist & assist :
			v->iopl == 3)
		return true;
	for (unsigned p = port; p < port + size; p++) {
		const uint64_t at = v->io_bitmap + p / 8;

		if (!v->io_bitmap || p >= v->io_bitmap_ports ||
			at >= REALCPU_DATA_END ||
			*(uint8_t *)at >> p % 8 & 1)
			return false;
	}
	return true;
}

static void check_done(const struct regs *before, const struct regs *after,
	const struct insn *i, bool may_ports)
{
	const uint64_t moved = after->rip - before->rip;
	const bool again = is_string(i) || (i->two_byte && i->opcode == 0x22);
	const bool flags = i->opcode == 0xfa || i->opcode == 0xfb;

	CHECK(moved == i->length || (again && !moved));
	CHECK(after->rflags == before->rflags);
	if (i->two_byte)
		CHECK(machine_vcpu.kernel_mode || i->opcode == 0xa2);
	else if (!flags)
		CHECK(may_ports);
	/* OUTS would read elsewhere, which is not ours to work out. */
	if (is_string(i) && i->opcode >= 0x6e)
		CHECK(!i->based && !i->address32);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;
	struct input in = { data, size };
	const unsigned choices = (unsigned)take(&in, 1);
	struct regs before, after;
	uint8_t bytes[INSN_ROOM];
	bool known, may_ports, done;
	struct insn i;

	if (!started) {
		map_page(REALCPU_CODE);
		map_page(REALCPU_DATA);
		started = true;
	}
	take_machine(&in, choices);
	before = take_registers(&in);
	put_code(&in, choices, &before);
	memset((void *)REALCPU_DATA, (int)take(&in, 1), PAGE_SIZE);
	machine_input = in;
	after = before;
	if (choices & FORCED) {
		guest_invalid_op(&after);
		CHECK(after.rip == before.rip + (machine_delivered ? 0 : 7));
		return 0;
	}
	known = insn_decode(&i, bytes, emulate_fetch(&before, bytes));
	may_ports = known && may_use_ports(&before, &i);
	done = emulate_privileged(&after);
	CHECK(known || !done);
	if (done)
		check_done(&before, &after, &i, may_ports);
	else /* but a repeated one has done what it could before the fault */
		CHECK((known && is_string(&i)) ||
			!memcmp(&before, &after, sizeof(before)));
	return 0;
}
