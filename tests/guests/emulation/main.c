/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves the emulation of what traps at CPL 3: CPUID behind the forced
 * prefix, with the hypervisor's leaves and what is hidden; MSRs; control
 * registers; CLI and STI under vIOPL; port input and output; XSETBV with its
 * checks; WBINVD; and that what is not emulated is #GP.
 */
#include <xen/physdev.h>

#include "tests/guests/lib/child.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

struct leaf {
	uint32_t a, b, c, d;
};

static struct leaf cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct leaf r = { .a = leaf, .c = subleaf };

	asm volatile(XEN_CPUID
		     : "+a"(r.a), "=b"(r.b), "+c"(r.c), "=d"(r.d));
	return r;
}

static struct leaf native_cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct leaf r = { .a = leaf, .c = subleaf };

	asm volatile("cpuid" : "+a"(r.a), "=b"(r.b), "+c"(r.c), "=d"(r.d));
	return r;
}

static void test_cpuid_signature(void)
{
	const struct leaf base = cpuid(0x40000000, 0);

	REQUIRE_EQ(base.b, XEN_CPUID_SIGNATURE_EBX);
	REQUIRE_EQ(base.c, XEN_CPUID_SIGNATURE_ECX);
	REQUIRE_EQ(base.d, XEN_CPUID_SIGNATURE_EDX);
	REQUIRE_EQ(base.a, 0x40000005);
	REQUIRE_EQ(cpuid(0x40000001, 0).a, 4 << 16 | 17);
	const struct leaf two = cpuid(0x40000002, 0);

	REQUIRE_EQ(two.a, 1);
	REQUIRE_EQ(two.b, 0x40000000);
	REQUIRE_EQ(two.c & 1, 1);
	const struct leaf four = cpuid(0x40000004, 0);

	REQUIRE_EQ(four.a | four.b | four.c | four.d, 0);
	const uint8_t width = cpuid(0x40000005, 0).b;

	REQUIRE(width >= 28 && width <= 52);
}

/* The time leaves, where they say something, agree with the record. */
static void test_cpuid_time(void)
{
	const struct leaf scale = cpuid(0x40000003, 1);
	const struct leaf host = cpuid(0x40000003, 2);
	const struct leaf mode = cpuid(0x40000003, 0);

	/* the guest's TSC is the machine's; to dom0 Xen says 0 */
	REQUIRE(mode.c == host.a || !on_shoji());
	REQUIRE(mode.b <= 3);
	REQUIRE(host.a > 100000 && host.a < 10000000);	/* kHz */
	if (!scale.c)
		return;
	REQUIRE_EQ(scale.c, event_vcpu_info(0)->time.tsc_to_system_mul);
	REQUIRE_EQ((int8_t)scale.d, event_vcpu_info(0)->time.tsc_shift);
}

static void test_cpuid_features(void)
{
	const struct leaf max = cpuid(0, 0), one = cpuid(1, 0);

	REQUIRE(max.a >= 0xd);
	REQUIRE(one.c & 1u << 31);			/* hypervisor */
	REQUIRE(one.d & 1u << 25 && one.d & 1u << 26);	/* SSE, SSE2 */
	REQUIRE(one.d & 1u << 6);			/* PAE */
	/* VME PSE PGE MTRR PSE36 */
	REQUIRE_EQ(one.d & (1u << 1 | 1u << 3 | 1u << 13 | 1u << 17), 0);
	/* MONITOR VMX SMX EIST PCID */
	REQUIRE_EQ(one.c & (1u << 3 | 1u << 5 | 1u << 6 | 1u << 7 |
			    1u << 17), 0);
	/* topology: each vCPU is a core by itself */
	if (on_shoji()) {
		REQUIRE_EQ(cpuid(0xb, 1).c, 1);
		REQUIRE_EQ(cpuid(0xb, 1).d, 0);
	}
	const struct leaf seven = cpuid(7, 0);

	/* SMEP INVPCID SMAP; UMIP PKU LA57 */
	REQUIRE_EQ(seven.b & (1u << 7 | 1u << 10 | 1u << 20), 0);
	REQUIRE_EQ(seven.c & (1u << 2 | 1u << 3 | 1u << 16), 0);
	const struct leaf ext = cpuid(0x80000001, 0);

	REQUIRE(ext.d & 1u << 29);			/* long mode */
	REQUIRE(ext.d & 1u << 20);			/* NX */
	REQUIRE_EQ(ext.d & 1u << 26, 0);		/* 1 GiB pages */
	REQUIRE_EQ(ext.c & 1u << 2, 0);			/* SVM */
	/* XSAVE implies that the kernel may use it: OSXSAVE is shown */
	REQUIRE_EQ(!!(one.c & 1u << 26), !!(one.c & 1u << 27));
}

static void test_cpuid_native(void)
{
	const struct leaf native = native_cpuid(0, 0), forced = cpuid(0, 0);

	REQUIRE_EQ(native.b, forced.b);
	REQUIRE_EQ(native.c, forced.c);
	REQUIRE_EQ(native.d, forced.d);
}

void wrong_prefix(uint64_t arg);
asm(".text\nwrong_prefix: .byte 0x0f, 0x0b, 'x', 'e', 'm', 0x0f, 0xa2; ret\n");
void prefix_other(uint64_t arg);
asm(".text\nprefix_other: .byte 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0x31; ret\n");

static void test_prefix_exact(void)
{
	REQUIRE_EQ(trap_try(wrong_prefix, 0), TRAP_UD);
	REQUIRE_EQ(trap_last.rip, (uint64_t)wrong_prefix);
	REQUIRE_EQ(trap_try(prefix_other, 0), TRAP_UD);
	REQUIRE_EQ(trap_last.rip, (uint64_t)prefix_other);
}

/* The instruction may lie at the end of a page with nothing behind it. */
static void test_prefix_at_page_end(void)
{
	static const uint8_t code[] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2 };
	uint8_t *page = page_alloc();

	va_alloc();
	uint8_t *va = va_alloc();

	/* the prefix alone: what follows cannot be read */
	memcpy(page + PV_PAGE - 5, code, 5);
	REQUIRE_EQ(pt_set(va, machine_address(page) | PTE_RO), 0);
	const int vector = trap_try((void (*)(uint64_t))(va + PV_PAGE - 5), 0);

	REQUIRE(vector == TRAP_PF || vector == TRAP_UD);
	REQUIRE_EQ(pt_set(va, 0), 0);
}

static uint32_t msr;
static uint64_t msr_value;

static void read_msr(uint64_t nr)
{
	uint32_t lo, hi;

	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"((uint32_t)nr));
	msr_value = (uint64_t)hi << 32 | lo;
}

static void write_msr(uint64_t value)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value),
		     "d"((uint32_t)(value >> 32)));
}

static void test_msr_bases(void)
{
	uint64_t *page = page_alloc(), value;
	static const uint32_t bases[] = { 0xc0000100, 0xc0000101, 0xc0000102 };

	page[0] = 0x4d;
	for (int i = 0; i < 3; i++) {
		msr = bases[i];
		REQUIRE_EQ(trap_try(write_msr, (uint64_t)page), NO_TRAP);
		REQUIRE_EQ(trap_try(read_msr, msr), NO_TRAP);
		REQUIRE_EQ(msr_value, (uint64_t)page);
		REQUIRE_EQ(trap_try(write_msr, 0x0000800000000000), TRAP_GP);
		REQUIRE_EQ(trap_last.error, 0);
	}
	asm volatile("movq %%fs:0, %0" : "=r"(value));
	REQUIRE_EQ(value, 0x4d);
	asm volatile("movq %%gs:0, %0" : "=r"(value));
	REQUIRE_EQ(value, 0x4d);
}

static void test_msr_fixed(void)
{
	REQUIRE_EQ(trap_try(read_msr, 0x1b), NO_TRAP);
	REQUIRE_EQ(msr_value & ~0xfffUL, 0xfee00000);
	REQUIRE_EQ(msr_value & 0x900, 0x900);
	REQUIRE_EQ(trap_try(read_msr, 0x277), NO_TRAP);
	REQUIRE_EQ(msr_value, 0x0000050100070406);
	REQUIRE_EQ(trap_try(read_msr, 0xc0000080), NO_TRAP);
	const uint64_t efer = msr_value;

	REQUIRE_EQ(efer & 0xd01, 0xd01);	/* NXE LMA LME SCE */
	REQUIRE_EQ(efer & 0x1000, 0);		/* SVME */
	msr = 0xc0000080;
	REQUIRE_EQ(trap_try(write_msr, efer), NO_TRAP);
	REQUIRE_EQ(trap_try(write_msr, efer ^ 0x800), TRAP_GP);
}

static void test_msr_unknown(void)
{
	REQUIRE_EQ(trap_try(read_msr, 0xdead0000), TRAP_GP);
	REQUIRE_EQ(trap_last.error, 0);
	REQUIRE_EQ(trap_last.rcx, 0xdead0000);
	msr = 0xdead0000;
	REQUIRE_EQ(trap_try(write_msr, 1), TRAP_GP);
	msr = 0x277;				/* PAT is not the guest's */
	REQUIRE_EQ(trap_try(write_msr, 0), TRAP_GP);
	REQUIRE_EQ(trap_try(read_msr, 0x277), NO_TRAP);
	REQUIRE_EQ(msr_value, 0x0000050100070406);
}

static uint64_t read_cr0(void)
{
	uint64_t v;

	asm volatile("mov %%cr0, %0" : "=r"(v));
	return v;
}

static uint64_t read_cr4(void)
{
	uint64_t v;

	asm volatile("mov %%cr4, %0" : "=r"(v));
	return v;
}

static void write_cr0(uint64_t v)
{
	asm volatile("mov %0, %%cr0" : : "r"(v));
}

static void write_cr2(uint64_t v)
{
	asm volatile("mov %0, %%cr2" : : "r"(v));
}

static void write_cr3(uint64_t v)
{
	asm volatile("mov %0, %%cr3" : : "r"(v) : "memory");
}

static void write_cr4(uint64_t v)
{
	asm volatile("mov %0, %%cr4" : : "r"(v));
}

static void do_clts(uint64_t arg)
{
	(void)arg;
	asm volatile("clts");
}

static void do_fninit(uint64_t arg)
{
	(void)arg;
	asm volatile("fninit");
}

static void test_cr0(void)
{
	/* PE MP(or not) ET NE WP PG: those that matter are on */
	REQUIRE_EQ(read_cr0() & 0x80010021, 0x80010021);
	REQUIRE_EQ(read_cr0() & 8, 0);
	REQUIRE_EQ(hv_fpu_taskswitch(1), 0);
	REQUIRE_EQ(read_cr0() & 8, 8);
	REQUIRE_EQ(trap_try(do_clts, 0), NO_TRAP);
	REQUIRE_EQ(read_cr0() & 8, 0);
	REQUIRE_EQ(trap_try(do_fninit, 0), NO_TRAP);
	/* a write may change TS and nothing else */
	REQUIRE_EQ(trap_try(write_cr0, read_cr0() | 8), NO_TRAP);
	REQUIRE_EQ(trap_try(do_fninit, 0), TRAP_NM);
	REQUIRE_EQ(trap_try(write_cr0, read_cr0() & ~8UL), NO_TRAP);
	REQUIRE_EQ(trap_try(do_fninit, 0), NO_TRAP);
	REQUIRE_EQ(trap_try(write_cr0, read_cr0() & ~0x10000UL), TRAP_GP);
}

static void touch(uint64_t va)
{
	(void)*(volatile uint64_t *)va;
}

static void test_cr2(void)
{
	uint64_t v;

	REQUIRE_EQ(trap_try(touch, 0x7000), TRAP_PF);
	asm volatile("mov %%cr2, %0" : "=r"(v));
	REQUIRE_EQ(v, 0x7000);
	REQUIRE_EQ(trap_try(write_cr2, 0x1234), NO_TRAP);
	asm volatile("mov %%cr2, %0" : "=r"(v));
	REQUIRE_EQ(v, 0x1234);
	REQUIRE_EQ(event_vcpu_info(0)->arch.cr2, 0x1234);
}

static void test_cr3(void)
{
	uint64_t v;

	asm volatile("mov %%cr3, %0" : "=r"(v));
	REQUIRE_EQ(v, machine_address(pt_root()));
	REQUIRE_EQ(trap_try(write_cr3, v), NO_TRAP);
	/* a frame that is no table */
	REQUIRE_EQ(trap_try(write_cr3, machine_address(page_alloc())),
		   TRAP_GP);
	asm volatile("mov %%cr3, %0" : "=r"(v));
	REQUIRE_EQ(v, machine_address(pt_root()));
}

static uint64_t stamp;

static void do_rdtsc(uint64_t arg)
{
	uint64_t high;

	(void)arg;
	asm volatile("rdtsc" : "=a"(stamp), "=d"(high));
	stamp |= high << 32;
}

static void do_rdtscp(uint64_t arg)
{
	uint64_t high;

	(void)arg;
	asm volatile("rdtscp" : "=a"(stamp), "=d"(high) : : "rcx");
	stamp |= high << 32;
}

static void test_cr4(void)
{
	const uint64_t cr4 = read_cr4();

	/* PAE OSFXSR OSXMMEXCPT */
	REQUIRE_EQ(cr4 & 0x620, 0x620);
	/* PGE SMEP SMAP are never shown */
	REQUIRE_EQ(cr4 & (1UL << 20 | 1UL << 21), 0);
	REQUIRE_EQ(trap_try(write_cr4, cr4), NO_TRAP);
	/* DE and TSD can be chosen */
	REQUIRE_EQ(trap_try(write_cr4, cr4 | 0x8), NO_TRAP);
	REQUIRE_EQ(read_cr4() & 0x8, 0x8);
	REQUIRE_EQ(trap_try(write_cr4, cr4 & ~0xcUL), NO_TRAP);
	REQUIRE_EQ(read_cr4() & 0xc, 0);
	REQUIRE_EQ(trap_try(do_rdtsc, 0), NO_TRAP);
}

/* TSD is for user space: the kernel's are done for it. */
static void test_time_stamps(void)
{
	const uint64_t cr4 = read_cr4();

	REQUIRE_EQ(trap_try(write_cr4, cr4 | 4), NO_TRAP);
	const uint64_t first = tsc();

	stamp = 0;
	REQUIRE_EQ(trap_try(do_rdtsc, 0), NO_TRAP);
	REQUIRE(stamp >= first);
	if (cpuid(0x80000001, 0).d & 1u << 27) {
		stamp = 0;
		REQUIRE_EQ(trap_try(do_rdtscp, 0), NO_TRAP);
		REQUIRE(stamp >= first);
	}
	REQUIRE_EQ(trap_try(write_cr4, cr4), NO_TRAP);
}

static int64_t set_iopl(unsigned int level)
{
	struct physdev_set_iopl op = { .iopl = level };

	return hv_physdev_op(PHYSDEVOP_set_iopl, &op);
}

static void do_cli(uint64_t arg)
{
	(void)arg;
	asm volatile("cli");
}

static void do_sti(uint64_t arg)
{
	(void)arg;
	asm volatile("sti");
}

static void test_cli_sti(void)
{
	uint64_t flags;

	REQUIRE_EQ(set_iopl(1), 0);
	event_disable(0);
	REQUIRE_EQ(trap_try(do_sti, 0), NO_TRAP);
	REQUIRE_EQ(event_vcpu_info(0)->evtchn_upcall_mask, 1);
	event_init();
	event_enable(0);
	REQUIRE_EQ(trap_try(do_cli, 0), NO_TRAP);
	asm volatile("pushfq; popq %0" : "=r"(flags));
	const bool masked = event_disable(0);

	REQUIRE(!masked);
	REQUIRE_EQ(flags & 0x200, 0x200);
	/* popf of IF has no effect either, and does not trap */
	asm volatile("pushq $0x2; popfq; pushfq; popq %0" : "=r"(flags));
	REQUIRE_EQ(flags & 0x200, 0x200);
	REQUIRE_EQ(set_iopl(0), 0);
	REQUIRE_EQ(trap_try(do_cli, 0), TRAP_GP);
	REQUIRE_EQ(trap_try(do_sti, 0), TRAP_GP);
}

static uint8_t port_value;

static void do_in(uint64_t port)
{
	asm volatile("inb %w1, %b0" : "=a"(port_value) : "d"((uint16_t)port));
}

static void do_out(uint64_t port_and_value)
{
	asm volatile("outb %b0, %w1"
		     : : "a"((uint8_t)(port_and_value >> 16)),
		       "d"((uint16_t)port_and_value));
}

static void test_ports(void)
{
	REQUIRE_EQ(set_iopl(0), 0);
	REQUIRE_EQ(trap_try(do_in, 0x71), TRAP_GP);
	REQUIRE_EQ(trap_last.error, 0);
	REQUIRE_EQ(trap_try(do_out, 0x70), TRAP_GP);
	REQUIRE_EQ(set_iopl(1), 0);
	/* CMOS register 15 is the battery-backed shutdown byte: 0 */
	REQUIRE_EQ(trap_try(do_out, 0x70 | 0x0f << 16), NO_TRAP);
	REQUIRE_EQ(trap_try(do_in, 0x71), NO_TRAP);
	REQUIRE_EQ(port_value, 0);
	/* RTC register D: valid RAM and time */
	REQUIRE_EQ(trap_try(do_out, 0x70 | 0x0d << 16), NO_TRAP);
	REQUIRE_EQ(trap_try(do_in, 0x71), NO_TRAP);
	REQUIRE_EQ(port_value, 0x80);
	/* the immediate forms, other widths, and ports kept from us */
	REQUIRE_EQ(trap_try(do_in, 0x20), NO_TRAP);
	REQUIRE_EQ(trap_try(do_in, 0x3f8), NO_TRAP);
	/* of the timer's command port, what is about the speaker's channel */
	REQUIRE_EQ(trap_try(do_out, 0x43 | 0xb0 << 16), NO_TRAP);
}

static uint32_t config_read(uint32_t address)
{
	uint32_t value;

	asm volatile("outl %0, %w1" : : "a"(address), "d"(0xcf8));
	asm volatile("inl %w1, %0" : "=a"(value) : "d"(0xcfc));
	return value;
}

/* PCI configuration space by ports: the host bridge is an Intel device. */
static void test_pci_config(void)
{
	REQUIRE_EQ(set_iopl(1), 0);
	REQUIRE_EQ(config_read(0x80000000) & 0xffff, 0x8086);
	REQUIRE_EQ(config_read(0x80008000), 0xffffffff);
	/* nobody is there: a write goes nowhere; the address stays */
	uint32_t address;

	asm volatile("outl %0, %w1" : : "a"(0), "d"(0xcfc));
	asm volatile("inl %w1, %0" : "=a"(address) : "d"(0xcf8));
	REQUIRE_EQ(address, 0x80008000);
	uint16_t word;

	asm volatile("inw %w1, %w0" : "=a"(word) : "d"((uint16_t)0xcfc));
	REQUIRE_EQ(word, 0xffff);
}

static void string_in(uint64_t to)
{
	uint64_t count = 2;

	asm volatile("rep insb" : "+D"(to), "+c"(count)
		     : "d"((uint16_t)0x71) : "memory");
}

static void string_in_one(uint64_t to)
{
	asm volatile("insb" : "+D"(to) : "d"((uint16_t)0x71) : "memory");
}

static void string_out_one(uint64_t from)
{
	asm volatile("outsb" : "+S"(from) : "d"((uint16_t)0x80) : "memory");
}

static void test_string_ports(void)
{
	uint8_t bytes[4] = { 1, 2, 3, 4 };

	REQUIRE_EQ(set_iopl(1), 0);
	REQUIRE_EQ(trap_try(do_out, 0x70 | 0x0d << 16), NO_TRAP);
	REQUIRE_EQ(trap_try(string_in, (uint64_t)bytes), NO_TRAP);
	REQUIRE_EQ(bytes[0], 0x80);
	REQUIRE_EQ(bytes[2], 3);
	/* one element, without prefix; and out, to a port that does nothing */
	bytes[0] = 1;
	REQUIRE_EQ(trap_try(string_in_one, (uint64_t)bytes), NO_TRAP);
	REQUIRE_EQ(bytes[0], 0x80);
	REQUIRE_EQ(bytes[1], 0x80);
	REQUIRE_EQ(trap_try(string_out_one, (uint64_t)bytes), NO_TRAP);
	REQUIRE(trap_try(string_out_one, 0x1000) != NO_TRAP);
}

static void do_xsetbv(uint64_t value)
{
	asm volatile("xsetbv" : : "c"((uint32_t)(value >> 32)),
		     "a"((uint32_t)value), "d"(0));
}

static uint32_t do_xgetbv(void)
{
	uint32_t lo;

	asm volatile("xgetbv" : "=a"(lo) : "c"(0) : "rdx");
	return lo;
}

static void test_xsetbv(void)
{
	if (!(cpuid(1, 0).c & 1u << 26))
		SKIP("no XSAVE on this machine");
	REQUIRE_EQ(trap_try(write_cr4, read_cr4() | 1UL << 18), NO_TRAP);
	REQUIRE_EQ(read_cr4() >> 18 & 1, 1);
	REQUIRE_EQ(do_xgetbv() & 1, 1);
	REQUIRE_EQ(trap_try(do_xsetbv, 3), NO_TRAP);
	REQUIRE_EQ(do_xgetbv(), 3);
	const struct leaf sse = cpuid(0xd, 0);

	REQUIRE_EQ(sse.b, 576);
	REQUIRE_EQ(trap_try(do_xsetbv, 0), TRAP_GP);	/* x87 is a must */
	REQUIRE_EQ(trap_try(do_xsetbv, 5), TRAP_GP);	/* AVX without SSE */
	REQUIRE_EQ(trap_try(do_xsetbv, 1UL << 32 | 3), TRAP_GP);
	REQUIRE_EQ(trap_try(do_xsetbv, 3 | 1u << 30), TRAP_GP);
	REQUIRE_EQ(do_xgetbv(), 3);
	if (!(cpuid(1, 0).c & 1u << 28))
		return;
	REQUIRE_EQ(trap_try(do_xsetbv, 7), NO_TRAP);
	REQUIRE_EQ(do_xgetbv(), 7);
	REQUIRE_EQ(cpuid(0xd, 0).b, 832);
}

static void do_wbinvd(uint64_t arg)
{
	(void)arg;
	asm volatile("wbinvd" : : : "memory");
}

static void do_rdpmc(uint64_t arg)
{
	asm volatile("rdpmc" : : "c"((uint32_t)arg) : "rax", "rdx");
}

static void do_swapgs(uint64_t arg)
{
	(void)arg;
	asm volatile("swapgs");
}

static void test_others(void)
{
	REQUIRE_EQ(trap_try(do_wbinvd, 0), NO_TRAP);
	REQUIRE_EQ(trap_try(do_rdpmc, 0), TRAP_GP);
	REQUIRE_EQ(trap_try(do_swapgs, 0), TRAP_GP);
}

const struct test tests[] = {
	TEST(cpuid_signature),
	TEST(cpuid_time),
	TEST(cpuid_features),
	TEST(cpuid_native),
	TEST(prefix_exact),
	TEST(prefix_at_page_end),
	TEST(msr_bases),
	TEST(msr_fixed),
	TEST(msr_unknown),
	TEST(cr0),
	TEST(cr2),
	TEST(cr3),
	TEST(cr4),
	TEST(time_stamps),
	TEST(cli_sti),
	TEST(ports),
	TEST(pci_config),
	TEST(string_ports),
	TEST(xsetbv),
	TEST(others),
	TESTS_END
};
