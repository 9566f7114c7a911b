/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves the hypercall transport: results, the registers a call preserves,
 * -ENOSYS for what does not exist, -EFAULT for pointers that lead nowhere or
 * into the hypervisor, multicalls (per-entry results, failing entries, no
 * nesting), and the hypercall page written through MSR 0x40000000.
 */
#include <xen/callback.h>
#include <xen/version.h>

#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

#define VERSION (4 << 16 | 17)

static void test_version(void)
{
	REQUIRE_EQ(hv_xen_version(XENVER_version, NULL), VERSION);
}

static void test_unknown(void)
{
	static const unsigned int none[] = {
		11, 38, 43, 44, 45, 46, 47, 56, 57, 63, 64, 100, 255, 256,
		0x1000, 0x7fffffff, 0x80000000, 0xffffffff,
	};

	for (unsigned int i = 0; i < sizeof(none) / sizeof(*none); i++) {
		const int64_t rc = PV_CALL1(none[i], 0);

		if (rc != ENOSYS_)
			test_fail(__LINE__, "call %u gives %ld", none[i], rc);
	}
	REQUIRE_EQ(PV_CALL2(__HYPERVISOR_xsm_op, 0, 0), ENOSYS_);
	REQUIRE_EQ(hv_xen_version(1000, NULL), ENOSYS_);
	REQUIRE_EQ(hv_sched_op(1000, NULL), ENOSYS_);
}

struct kept {
	uint64_t rbx, rbp, r9, r12, r13, r14, r15, rflags, rsp_change;
};

extern struct kept kept;
struct kept kept;	/* named in the assembly below */

static int64_t call_with_patterns(void)
{
	int64_t rax = __HYPERVISOR_xen_version;

	asm volatile(
		"pushq %%rbx; pushq %%rbp\n\t"
		"movq $0xb0, %%rbx; movq $0xb1, %%rbp; movq $0x9, %%r9\n\t"
		"movq $0x12, %%r12; movq $0x13, %%r13\n\t"
		"movq $0x14, %%r14; movq $0x15, %%r15\n\t"
		"pushq $0xad7; popfq\n\t"	/* OF SF ZF AF PF CF and IF */
		"movq %%rsp, %%r8\n\t"
		"pushq %%r8\n\t"
		"xorl %%edi, %%edi; xorl %%esi, %%esi\n\t"
		"pushq $0xad7; popfq\n\t"
		"syscall\n\t"
		"pushfq; popq %%rcx\n\t"
		"popq %%r8\n\t"
		"subq %%rsp, %%r8\n\t"
		"movabsq $kept, %%rdx\n\t"
		"movq %%rbx, 0(%%rdx); movq %%rbp, 8(%%rdx)\n\t"
		"movq %%r9, 16(%%rdx); movq %%r12, 24(%%rdx)\n\t"
		"movq %%r13, 32(%%rdx); movq %%r14, 40(%%rdx)\n\t"
		"movq %%r15, 48(%%rdx); movq %%rcx, 56(%%rdx)\n\t"
		"movq %%r8, 64(%%rdx)\n\t"
		"popq %%rbp; popq %%rbx"
		: "+a"(rax)
		: : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11",
		    "r12", "r13", "r14", "r15", "memory", "cc");
	return rax;
}

static void test_registers_kept(void)
{
	REQUIRE_EQ(call_with_patterns(), VERSION);
	REQUIRE_EQ(kept.rbx, 0xb0);
	REQUIRE_EQ(kept.rbp, 0xb1);
	REQUIRE_EQ(kept.r9, 0x9);
	REQUIRE_EQ(kept.r12, 0x12);
	REQUIRE_EQ(kept.r13, 0x13);
	REQUIRE_EQ(kept.r14, 0x14);
	REQUIRE_EQ(kept.r15, 0x15);
	REQUIRE_EQ(kept.rflags, 0xad7);
	REQUIRE_EQ(kept.rsp_change, 0);
}

static void test_bad_pointers(void)
{
	static const uint64_t bad[] = {
		0, 0x1000,			/* not mapped */
		0x0000800000000000,		/* not canonical */
		0xffff800000000000,		/* M2P: visible, read-only */
		0xffff82d040200000,		/* the hypervisor's own */
		0xffff87fffffffff8,
		0xffff808000001000, 0xffff878040000000,	/* Shoji's */
	};
	static const char *const names[] = {
		"null", "unmapped", "non-canonical", "M2P", "image", "end",
		"direct map", "per-CPU",
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const int64_t rc = hv_xen_version(XENVER_extraversion,
						  (void *)bad[i]);

		if (rc != EFAULT_) {
			test_fail(__LINE__, "%s pointer: %ld", names[i], rc);
			return;
		}
	}
}

static void test_read_only_pointer(void)
{
	char *page = page_alloc();

	REQUIRE_EQ(pt_protect(page, false), 0);
	REQUIRE_EQ(hv_xen_version(XENVER_extraversion, page), EFAULT_);
	REQUIRE_EQ(pt_protect(page, true), 0);
	REQUIRE_EQ(hv_xen_version(XENVER_extraversion, page), 0);
}

/* An output that would run from a mapped page into nothing. */
static void test_straddling_pointer(void)
{
	char *page = page_alloc();

	va_alloc();
	char *va = va_alloc();

	REQUIRE_EQ(pt_set(va, machine_address(page) | PTE_KERNEL), 0);
	REQUIRE_EQ(hv_xen_version(XENVER_extraversion, va + PV_PAGE - 8),
		   EFAULT_);
	REQUIRE_EQ(hv_xen_version(XENVER_extraversion, va + PV_PAGE - 16), 0);
	REQUIRE_EQ(pt_set(va, 0), 0);
}

static void test_multicall(void)
{
	struct xen_feature_info features = { .submap_idx = 0 };
	struct multicall_entry calls[4] = {
		{ .op = __HYPERVISOR_xen_version, .args = { XENVER_version } },
		{ .op = 63 },
		{ .op = __HYPERVISOR_xen_version,
		  .args = { XENVER_get_features, (uint64_t)&features } },
		{ .op = __HYPERVISOR_update_va_mapping, .args = { 0, 0, 0 } },
	};

	REQUIRE_EQ(hv_multicall(calls, 4), 0);
	REQUIRE_EQ(calls[0].result, VERSION);
	REQUIRE_EQ(calls[1].result, ENOSYS_);
	REQUIRE_EQ(calls[2].result, 0);
	REQUIRE(features.submap != 0);
	REQUIRE_EQ(calls[3].result, EINVAL_);
}

/* A list that cannot take the results. */
static void test_multicall_read_only(void)
{
	struct multicall_entry *calls = page_alloc();

	calls[0] = (struct multicall_entry){
		.op = __HYPERVISOR_xen_version, .result = 77 };
	REQUIRE_EQ(pt_protect(calls, false), 0);
	REQUIRE_EQ(hv_multicall(calls, 1), EFAULT_);
	REQUIRE_EQ(calls[0].result, 77);
	REQUIRE_EQ(pt_protect(calls, true), 0);
	page_free(calls);
}

static struct callback_unregister unregister;

static int64_t without(uint16_t type)
{
	unregister.type = type;
	return hv_callback_op(CALLBACKOP_unregister, &unregister);
}

/* Callbacks that a kernel can do without, and those it cannot. */
static void test_unregister(void)
{
	const struct callback_register nmi = {
		.type = CALLBACKTYPE_nmi,
		.address = (uint64_t)pv_exceptions[2],
	};

	REQUIRE_EQ(hv_callback_op(CALLBACKOP_register, &nmi), 0);
	REQUIRE_EQ(without(CALLBACKTYPE_nmi), 0);
	REQUIRE_EQ(hv_callback_op(CALLBACKOP_register, (void *)0x1000),
		   EFAULT_);
	REQUIRE_EQ(without(CALLBACKTYPE_event), EINVAL_);
	REQUIRE_EQ(without(CALLBACKTYPE_failsafe), EINVAL_);
	REQUIRE_EQ(without(99), ENOSYS_);
	REQUIRE_EQ(hv_callback_op(CALLBACKOP_unregister, (void *)0x1000),
		   EFAULT_);
}

static void test_multicall_empty(void)
{
	REQUIRE_EQ(hv_multicall(NULL, 0), 0);
}

static void test_multicall_bad_list(void)
{
	static const uint64_t places[] = { HYPERVISOR_PLACES };

	REQUIRE_EQ(hv_multicall((void *)0x1000, 1), EFAULT_);
	for (unsigned int i = 0; i < sizeof(places) / 8; i++)
		REQUIRE_EQ(hv_multicall((void *)places[i], 1), EFAULT_);
}

static void test_multicall_nested(void)
{
	struct multicall_entry inner = {
		.op = __HYPERVISOR_xen_version, .result = 77,
		.args = { XENVER_version },
	};
	struct multicall_entry outer[2] = {
		{ .op = __HYPERVISOR_multicall,
		  .args = { (uint64_t)&inner, 1 } },
		{ .op = __HYPERVISOR_xen_version, .args = { XENVER_version } },
	};

	REQUIRE_EQ(hv_multicall(outer, 2), 0);
	REQUIRE_EQ(outer[0].result, EINVAL_);
	REQUIRE_EQ(inner.result, 77);
	REQUIRE_EQ(outer[1].result, VERSION);
}

/* Entries the list's second page holds are done too. */
static void test_multicall_long(void)
{
	static struct multicall_entry calls[200];

	for (int i = 0; i < 200; i++)
		calls[i] = (struct multicall_entry){
			.op = __HYPERVISOR_xen_version,
			.args = { XENVER_version },
		};
	REQUIRE_EQ(hv_multicall(calls, 200), 0);
	for (int i = 0; i < 200; i++)
		REQUIRE_EQ(calls[i].result, VERSION);
}

static char call_page[PV_PAGE] __attribute__((aligned(PV_PAGE)));

static void write_call_page_msr(uint64_t page)
{
	asm volatile("wrmsr" : : "c"(0x40000000), "a"((uint32_t)page),
		     "d"((uint32_t)(page >> 32)));
}

static int64_t call_through_page(unsigned int nr, uint64_t a1, uint64_t a2)
{
	int64_t rax;
	uint64_t rcx = 0xccc, r11 = 0x111;

	asm volatile("movq %[r11], %%r11\n\t"
		     "call *%%rax\n\t"
		     "movq %%r11, %[r11]"
		     : "=a"(rax), "+D"(a1), "+S"(a2), "+c"(rcx),
		       [r11] "+b"(r11)
		     : "a"(call_page + nr * 32)
		     : "rdx", "r8", "r10", "r11", "memory");
	return rcx == 0xccc && r11 == 0x111 ? rax : -1000;
}

static void test_hypercall_page(void)
{
	/* the page's machine address; the low bits would be a page index */
	REQUIRE_EQ(trap_try(write_call_page_msr, machine_address(call_page)),
		   NO_TRAP);
	REQUIRE_EQ(call_through_page(__HYPERVISOR_xen_version,
				     XENVER_version, 0), VERSION);
	REQUIRE_EQ(call_through_page(63, 0, 0), ENOSYS_);
	/* slot 23 is jumped to: it pushes rcx, r11, rax, then calls iret */
	static const uint8_t iret[] = { 0x51, 0x41, 0x53, 0x50, 0xb8, 23 };

	REQUIRE_EQ(memcmp(call_page + 23 * 32, iret, sizeof(iret)), 0);
}

const struct test tests[] = {
	TEST(version),
	TEST(unknown),
	TEST(registers_kept),
	TEST(bad_pointers),
	TEST(read_only_pointer),
	TEST(straddling_pointer),
	TEST(multicall),
	TEST(multicall_read_only),
	TEST(unregister),
	TEST(multicall_empty),
	TEST(multicall_bad_list),
	TEST(multicall_nested),
	TEST(multicall_long),
	TEST(hypercall_page),
	TESTS_END
};
