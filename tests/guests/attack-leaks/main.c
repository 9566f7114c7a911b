/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker wants to read what the hypervisor left behind: in the padding of
 * structures that it fills, behind their end, in registers after a call, in the
 * frames of exceptions, in the FPU of a new domain, in a new domain's pages. It
 * fills every buffer with a pattern first and looks at each byte afterwards; a
 * domain that has just filled its registers with a secret runs right before.
 *
 * What must happen: a reply is what it should be, its padding is zero or the
 * pattern, what lies behind it is the pattern; no register and no frame holds an
 * address of the hypervisor's or the secret.
 *
 * Class: privileged replies, information leaks (compare XSA-100, XSA-108,
 * XSA-132, XSA-172). Same on Xen.
 */
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#include "pv-drivers/front/text.h"
#include "tests/guests/lib/child.h"
#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

#define PATTERN 0xa7
#define SECRET 0x5ec7e75ec7e75ec7UL

static uint8_t buffer[4096] __attribute__((aligned(64)));

static void fill(void)
{
	memset(buffer, PATTERN, sizeof(buffer));
}

/* Bytes from..to are zero, or as they were. */
static bool clean(unsigned int from, unsigned int to)
{
	bool zero = true, pattern = true;

	for (unsigned int i = from; i < to; i++) {
		zero &= buffer[i] == 0;
		pattern &= buffer[i] == PATTERN;
	}
	return zero || pattern;
}

static bool pattern_from(unsigned int from)
{
	for (unsigned int i = from; i < sizeof(buffer); i++)
		if (buffer[i] != PATTERN)
			return false;
	return true;
}

static bool of_hypervisor(uint64_t value)
{
	return value >= 0xffff804000000000 && value < 0xffff880000000000;
}

/* Strings are padded with zeros, and end where their type does. */
static void test_versions(void)
{
	static const struct {
		int cmd;
		unsigned int size;
	} all[] = {
		{ XENVER_extraversion, 16 }, { XENVER_compile_info, 144 },
		{ XENVER_capabilities, 1024 }, { XENVER_changeset, 64 },
		{ XENVER_platform_parameters, 8 }, { XENVER_guest_handle, 16 },
		{ XENVER_commandline, 1024 },
	};

	for (unsigned int i = 0; i < sizeof(all) / sizeof(*all); i++) {
		fill();
		REQUIRE_EQ(hv_xen_version(all[i].cmd, buffer), 0);
		REQUIRE(pattern_from(all[i].size));
		if (all[i].cmd == XENVER_platform_parameters ||
		    all[i].cmd == XENVER_guest_handle ||
		    all[i].cmd == XENVER_compile_info)
			continue;
		const size_t used = text_length((char *)buffer);

		REQUIRE(clean(used, all[i].size));
	}
	fill();
	((struct xen_feature_info *)buffer)->submap_idx = 0;
	REQUIRE_EQ(hv_xen_version(XENVER_get_features, buffer), 0);
	REQUIRE(pattern_from(sizeof(struct xen_feature_info)));
}

static void test_vcpu(void)
{
	struct vcpu_register_runstate_memory_area area = {
		.addr.p = (uint64_t)buffer,
	};

	for (int i = 0; i < 50; i++) {
		fill();
		REQUIRE_EQ(hv_vcpu_op(VCPUOP_get_runstate_info, 0, buffer), 0);
		/* the gap between the state and the times */
		REQUIRE(clean(4, 8));
		REQUIRE(pattern_from(sizeof(struct vcpu_runstate_info)));
	}
	fill();
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &area),
		   0);
	rest(2000000);
	REQUIRE(clean(4, 8));
	REQUIRE(pattern_from(sizeof(struct vcpu_runstate_info)));
	area.addr.p = 0;
	hv_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &area);
	fill();
	area.addr.p = (uint64_t)buffer;
	if (hv_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &area) == 0) {
		REQUIRE(clean(4, 8));
		REQUIRE(clean(30, 32));
		REQUIRE(pattern_from(sizeof(struct vcpu_time_info)));
		area.addr.p = 0;
		hv_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &area);
	}
}

static void test_events(void)
{
	const int64_t port = event_bind_ipi(0);

	for (uint32_t p = 0; p < 70; p++) {
		struct evtchn_status *op = (void *)buffer;

		fill();
		op->dom = DOMID_SELF;
		op->port = p;
		if (hv_event_channel_op(EVTCHNOP_status, buffer))
			REQUIRE_EQ(op->status, 0xa7a7a7a7);
		REQUIRE(pattern_from(sizeof(*op)));
		REQUIRE_EQ(buffer[2], PATTERN);	/* between dom and port */
	}
	fill();
	REQUIRE(hv_event_channel_op(EVTCHNOP_bind_ipi, buffer) < 0);
	REQUIRE(pattern_from(0));
	REQUIRE_EQ(event_close(port), 0);
}

/* Control replies: the tail of the structure beyond what the answer has. */
static void test_control(void)
{
	static const uint32_t sysctls[] = {
		XEN_SYSCTL_physinfo, XEN_SYSCTL_sched_id,
	};
	static const uint32_t domctls[] = {
		XEN_DOMCTL_getdomaininfo, XEN_DOMCTL_getvcpuinfo,
		XEN_DOMCTL_get_address_size,
	};

	for (unsigned int i = 0; i < 2; i++) {
		fill();
		memset(buffer, 0, sizeof(struct xen_sysctl));
		((uint32_t *)buffer)[0] = sysctls[i];
		((uint32_t *)buffer)[1] = XEN_SYSCTL_INTERFACE_VERSION;
		REQUIRE_EQ(PV_CALL1(__HYPERVISOR_sysctl, buffer), 0);
		REQUIRE(pattern_from(sizeof(struct xen_sysctl)));
		for (unsigned int j = 0; j < sizeof(struct xen_sysctl) / 8; j++)
			REQUIRE(!of_hypervisor(((uint64_t *)buffer)[j]));
	}
	for (unsigned int i = 0; i < 3; i++) {
		struct xen_domctl *op = (void *)buffer;

		fill();
		memset(buffer, 0, sizeof(*op));
		REQUIRE_EQ(domctl(op, domctls[i], 0), 0);
		REQUIRE(pattern_from(sizeof(*op)));
		for (unsigned int j = 0; j < sizeof(*op) / 8; j++)
			REQUIRE(!of_hypervisor(((uint64_t *)buffer)[j]));
	}
	/* refused: not a byte */
	fill();
	REQUIRE(PV_CALL1(__HYPERVISOR_domctl, buffer) < 0);
	REQUIRE(PV_CALL1(__HYPERVISOR_sysctl, buffer) < 0);
	REQUIRE(PV_CALL1(__HYPERVISOR_platform_op, buffer) < 0);
	REQUIRE(pattern_from(0));
}

static void test_context(void)
{
	static struct vcpu_guest_context c;
	struct xen_domctl op = { .u.vcpucontext.ctxt = &c };
	struct child child = { .traps = true };

	memset(&c, PATTERN, sizeof(c));
	REQUIRE_EQ(child_start(&child), 0);
	REQUIRE_EQ(domctl(&op, XEN_DOMCTL_getvcpucontext, child.id), 0);
	for (unsigned int i = 0; i < sizeof(c) / 8; i++) {
		const uint64_t word = ((uint64_t *)&c)[i];

		if (of_hypervisor(word)) {
			test_fail(__LINE__, "word %u is %#lx", i, word);
			return;
		}
	}
	for (int i = 1; i < 16; i++)
		REQUIRE_EQ(c.gdt_frames[i], 0);
	REQUIRE(child_end(&child));
}

extern uint64_t left[16];
uint64_t left[16];		/* named in the assembly below */

/* The registers that a call may change, behind it. */
static void call(uint64_t nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	register uint64_t r10 asm("r10") = d;

	asm volatile("xorl %%r8d, %%r8d; xorl %%r9d, %%r9d\n\t"
		     "syscall\n\t"
		     "pushq %%rax; movabsq $left, %%rax\n\t"
		     "movq %%rdi, 8(%%rax); movq %%rsi, 16(%%rax)\n\t"
		     "movq %%rdx, 24(%%rax); movq %%rcx, 32(%%rax)\n\t"
		     "movq %%r8, 40(%%rax); movq %%r9, 48(%%rax)\n\t"
		     "movq %%r10, 56(%%rax); movq %%r11, 64(%%rax)\n\t"
		     "popq (%%rax)"
		     : "+a"(nr), "+D"(a), "+S"(b), "+d"(c), "+r"(r10)
		     : : "rcx", "r8", "r9", "r11", "memory", "cc");
}

static void test_registers(void)
{
	for (uint64_t nr = 0; nr < 64; nr++) {
		/* those that end the conversation */
		if (nr == __HYPERVISOR_iret || nr == __HYPERVISOR_sched_op ||
		    nr == __HYPERVISOR_set_trap_table ||
		    nr == __HYPERVISOR_stack_switch ||
		    nr == __HYPERVISOR_set_callbacks)
			continue;
		fill();
		for (uint64_t cmd = 0; cmd < 8; cmd++) {
			call(nr, cmd + 40, (uint64_t)buffer, 1, DOMID_SELF);
			for (int i = 0; i < 9; i++) {
				if (!of_hypervisor(left[i]))
					continue;
				test_fail(__LINE__, "call %lu, register %d: %#lx",
					  nr, i, left[i]);
				return;
			}
		}
	}
	hv_set_segment_base(SEGBASE_FS, 0);
	hv_fpu_taskswitch(0);
}

static void faults(uint64_t va)
{
	(void)*(volatile uint64_t *)va;
}

static bool frame_is_clean(struct pv_regs *regs)
{
	const uint64_t *words = (const uint64_t *)regs;

	for (unsigned int i = 0; i < sizeof(*regs) / 8; i++)
		if (of_hypervisor(words[i]))
			left[0] = words[i];
	return false;
}

/* The frame of an exception, from the hypervisor's and the guest's stack. */
static void test_frames(void)
{
	left[0] = 0;
	trap_hook = frame_is_clean;
	for (uint64_t va = 0x1000; va < 0x800000000000; va *= 4)
		REQUIRE_EQ(trap_try(faults, va), TRAP_PF);
	trap_hook = NULL;
	REQUIRE_EQ(left[0], 0);
}

/* It stores all its registers before it does anything else. */
static const uint8_t dump[] = {
	0x0f, 0xae, 0x07,			/* fxsave (rdi) */
	0x48, 0x89, 0x97, 0x00, 0x02, 0, 0,	/* mov rdx, 512(rdi) */
	0x4c, 0x89, 0x8f, 0x08, 0x02, 0, 0,	/* mov r9, 520(rdi) */
	0x4c, 0x89, 0xa7, 0x10, 0x02, 0, 0,	/* mov r12, 528(rdi) */
	0x0f, 0x0b,
};

static void make_secrets(void)
{
	static uint64_t secret[2] = { SECRET, SECRET };

	asm volatile("movdqu %0, %%xmm0; movdqu %0, %%xmm7; movdqu %0, %%xmm15\n"
		     "fldl %0; fldl %0" : : "m"(secret));
	asm volatile("movq %0, %%r12; movq %0, %%r13" : : "r"(SECRET)
		     : "r12", "r13");
}

/* Ours in the FPU, then a new domain's first look at its own. */
static void test_fpu_of_a_new_domain(void)
{
	struct child child = { .traps = true };

	REQUIRE_EQ(child_start(&child), 0);
	for (int i = 0; i < 20; i++) {
		make_secrets();
		REQUIRE(child_run(&child, dump, sizeof(dump),
				  CHILD_VA(CHILD_DATA), 0, 0));
		for (int word = 0; word < 80; word++)
			REQUIRE(child.data[word] != SECRET);
	}
	REQUIRE(child_end(&child));
	asm volatile("fninit");
}

static void test_all_works(void)
{
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(versions),
	TEST(vcpu),
	TEST(events),
	TEST(control),
	TEST(context),
	TEST(registers),
	TEST(frames),
	TEST(fpu_of_a_new_domain),
	TEST(all_works),
	TESTS_END
};
