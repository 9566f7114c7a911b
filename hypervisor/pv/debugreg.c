/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See debugreg.h. The hardware registers are the running vCPU's while DR7
 * enables something, and off otherwise (x86/context.c).
 */
#include "pv/debugreg.h"

#include "core/refusal.h"
#include "core/vcpu.h"
#include "pv/hypercall.h"
#include "pv/segment.h"
#include "x86/asm.h"
#include "x86/msr.h"

#define DR6_ONES 0xffff0ff0ull
#define DR6_ZEROS 0x00001000ull
#define DR7_ONES 0x00000400ull
#define DR7_ZEROS 0x0000d800ull
#define DR7_GENERAL_DETECT 0x2000ull
#define DR7_ENABLED 0xffull

void debugreg_load(const struct vcpu *v)
{
	if (!(v->dr[7] & DR7_ENABLED))
		return;
	write_dr0(v->dr[0]);
	write_dr1(v->dr[1]);
	write_dr2(v->dr[2]);
	write_dr3(v->dr[3]);
	write_dr7(v->dr[7]);
}

void debugreg_unload(const struct vcpu *v)
{
	if (v->dr[7] & DR7_ENABLED)
		write_dr7(DR7_ONES);
}

/* R/W field 2 of a breakpoint is I/O, which needs CR4.DE. */
static int check_dr7(const struct vcpu *v, uint64_t value)
{
	if (value >> 32)
		return reject(-EINVAL, "upper half of DR7 is not zero");
	if (value & DR7_GENERAL_DETECT)
		return reject(-EPERM, "DR7.GD is set");
	for (unsigned i = 0; i < 4; i++)
		if ((value >> (16 + 4 * i) & 3) == 2 && !(v->cr4 & CR4_DE))
			return reject(-EPERM, "I/O needs CR4.DE");
	return 0;
}

static int write_address(struct vcpu *v, unsigned number, uint64_t value)
{
	if (!debugreg_may_watch(value))
		return reject(-EPERM, "address %lx: not canonical, or the "
			"hypervisor's", value);
	v->dr[number] = value;
	debugreg_load(v);
	return 0;
}

static int write_dr7_checked(struct vcpu *v, uint64_t value)
{
	const int rc = check_dr7(v, value);

	if (rc)
		return rc;
	debugreg_unload(v);
	v->dr[7] = (value & ~DR7_ZEROS) | DR7_ONES;
	debugreg_load(v);
	return 0;
}

int debugreg_write(struct vcpu *v, unsigned number, uint64_t value)
{
	if (number <= 3)
		return write_address(v, number, value);
	/* Numbers 4 and 5 are other names of 6 and 7 without CR4.DE. */
	if (number == 6 || (number == 4 && !(v->cr4 & CR4_DE))) {
		if (value >> 32)
			return reject(-EINVAL, "upper half of DR6 is not zero");
		v->dr[6] = (value & ~DR6_ZEROS) | DR6_ONES;
		return 0;
	}
	if (number == 7 || (number == 5 && !(v->cr4 & CR4_DE)))
		return write_dr7_checked(v, value);
	return reject(-ENODEV, "there is no DR%u", number);
}

int debugreg_read(const struct vcpu *v, unsigned number, uint64_t *value)
{
	if ((number == 4 || number == 5) && !(v->cr4 & CR4_DE))
		number += 2;
	if (number > 7 || number == 4 || number == 5)
		return reject(-ENODEV, "there is no DR%u", number);
	*value = v->dr[number];
	return 0;
}

/* set_debugreg(number, value) */
int64_t hypercall_set_debugreg(struct hypercall_args *a)
{
	if (a->arg[0] > 7)
		return reject(-ENODEV, "there is no such register");
	return debugreg_write(current, (unsigned)a->arg[0], a->arg[1]);
}

/* get_debugreg(number): the value itself, or -EINVAL. */
int64_t hypercall_get_debugreg(struct hypercall_args *a)
{
	uint64_t value = 0;

	if (a->arg[0] > 7 ||
		debugreg_read(current, (unsigned)a->arg[0], &value))
		return reject(-EINVAL, "there is no such register");
	return (int64_t)value;
}
