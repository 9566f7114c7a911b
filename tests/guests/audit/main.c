/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves that the audit finds one wrong count on the live machine, names its
 * frame, and nothing else. No guest can reach the frame table, but a device
 * can: QEMU's firmware configuration device (its specification:
 * docs/specs/fw_cfg in QEMU) copies an item to any machine address by DMA. Its
 * item 5 is the number of CPUs, here the bytes 1, 0: the first one copied over
 * the second byte of a small count adds 256 to it, the other one puts it right
 * again. Where the frame table is, the hypervisor's log tells.
 */
#include <stdarg.h>

#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/sysctl.h>

#include "pv-drivers/front/text.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/shoji.h"
#include "tests/guests/lib/test.h"

#define FW_CFG_DMA 0x514
#define FW_CFG_NB_CPUS 5
#define DMA_READ (1u << 1)
#define DMA_SKIP (1u << 2)
#define DMA_SELECT (1u << 3)

/* An entry of the frame table: type, references, and more. */
#define ENTRY_SIZE 16
#define ENTRY_TYPE 0
#define ENTRY_REFS 4

struct dma { /* big endian */
	uint32_t control, length;
	uint64_t address;
};

static struct dma *dma;
static uint64_t table; /* machine address */
static char text[1024];
static struct shoji_audit result;

static void out32(uint16_t port, uint32_t value)
{
	asm volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static void transfer(uint32_t control, uint32_t length, uint64_t address)
{
	const uint64_t at = machine_address(dma);

	dma->control = __builtin_bswap32(control);
	dma->length = __builtin_bswap32(length);
	dma->address = __builtin_bswap64(address);
	out32(FW_CFG_DMA, __builtin_bswap32(at >> 32));
	out32(FW_CFG_DMA + 4, __builtin_bswap32((uint32_t)at));
}

/* Byte `index` of the item, 1 or 0, to a machine address. */
static void write_byte(unsigned int index, uint64_t address)
{
	transfer(FW_CFG_NB_CPUS << 16 | DMA_SELECT | DMA_SKIP, index, 0);
	transfer(DMA_READ, 1, address);
}

static char log[16384];

/* What follows a text in the hypervisor's log; NULL: it is not there. */
static const char *in_log(const char *what)
{
	struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_readconsole,
		.interface_version = XEN_SYSCTL_INTERFACE_VERSION,
		.u.readconsole = { .buffer = log, .count = sizeof(log) - 1 },
	};
	const size_t length = text_length(what);

	if (PV_CALL1(__HYPERVISOR_sysctl, &op))
		return NULL;
	log[op.u.readconsole.count] = '\0';
	for (const char *at = log; *at; at++)
		if (!memcmp(at, what, length))
			return at + length;
	return NULL;
}

static uint64_t hexadecimal(const char *at)
{
	uint64_t value = 0;

	for (;; at++)
		if (*at >= '0' && *at <= '9')
			value = value << 4 | (*at - '0');
		else if (*at >= 'a' && *at <= 'f')
			value = value << 4 | (*at - 'a' + 10);
		else
			return value;
}

static void find(void)
{
	struct physdev_set_iopl iopl = { .iopl = 1 };
	const char *at;

	if (!shoji_present())
		SKIP("no audit on this hypervisor");
	at = in_log("frame table at ");
	REQUIRE(at);
	table = hexadecimal(at);
	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
	dma = page_alloc();
}

/* Whether the audit's text begins so. */
__attribute__((format(printf, 1, 2))) static bool says(const char *format, ...)
{
	char line[200];
	va_list args;
	size_t length;

	va_start(args, format);
	length = format_into(line, sizeof(line), format, args);
	va_end(args);
	return !memcmp(text, line, length);
}

/* One byte of our own frame's entry is changed, seen, and put back. */
static void corrupt(unsigned int field, const char *what)
{
	void *const page = page_alloc();
	const uint64_t mfn = machine_address(page) / PV_PAGE;
	const uint64_t entry = table + mfn * ENTRY_SIZE;

	if (!table)
		SKIP("no audit on this hypervisor");
	REQUIRE_EQ(shoji_audit(&result, text, sizeof(text)), 0);
	REQUIRE_EQ(result.wrong, 0);
	REQUIRE_EQ(result.size, 0);

	write_byte(0, entry + field + 1);
	REQUIRE_EQ(shoji_audit(&result, text, sizeof(text)), 0);
	write_byte(1, entry + field + 1);
	REQUIRE_EQ(result.wrong, 1);
	REQUIRE(says("frame %lx of d0: %s\n", mfn, what));

	REQUIRE_EQ(shoji_audit(&result, text, sizeof(text)), 0);
	REQUIRE_EQ(result.wrong, 0);
	page_free(page);
}

static void test_references(void)
{
	find();
	corrupt(ENTRY_REFS, "258 references, but 2 are held");
}

static void test_writable(void)
{
	corrupt(ENTRY_TYPE, "257 times writable, but 1 are held");
}

/* Text that does not fit is left out by whole lines; the count stays. */
static void test_no_room(void)
{
	struct shoji_audit op = { .text = text, .size = 10 };
	void *const page = page_alloc();
	const uint64_t at = table + machine_address(page) / PV_PAGE * ENTRY_SIZE +
			    ENTRY_REFS + 1;
	int64_t rc;

	if (!table)
		SKIP("no audit on this hypervisor");
	write_byte(0, at);
	rc = PV_CALL2(__HYPERVISOR_shoji, SHOJI_audit, &op);
	write_byte(1, at);
	REQUIRE_EQ(rc, 0);
	REQUIRE_EQ(op.wrong, 1);
	REQUIRE_EQ(op.size, 0);
	page_free(page);
}

/* Key a of the serial console, here by sysctl: it asks for an audit soon. */
static void press(char *key)
{
	struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_debug_keys,
		.interface_version = XEN_SYSCTL_INTERFACE_VERSION,
		.u.debug_keys = { .keys = key, .nr_keys = 1 },
	};

	PV_CALL1(__HYPERVISOR_sysctl, &op);
	hv_sched_op(SCHEDOP_yield, NULL);
}

static void test_debug_key(void)
{
	void *const page = page_alloc();
	const uint64_t mfn = machine_address(page) / PV_PAGE;
	const uint64_t at = table + mfn * ENTRY_SIZE + ENTRY_REFS + 1;
	const char *told;

	if (!table)
		SKIP("no audit on this hypervisor");
	press("a");
	REQUIRE(in_log("page tables, 0 differences"));
	REQUIRE(!in_log("audit: frame "));
	write_byte(0, at);
	press("a");
	write_byte(1, at);
	told = in_log("audit: frame ");
	REQUIRE(told);
	REQUIRE_EQ(hexadecimal(told), mfn);
	REQUIRE(in_log("page tables, 1 differences"));
	page_free(page);
}

static void test_bad_pointers(void)
{
	if (!table)
		SKIP("no audit on this hypervisor");
	REQUIRE_EQ(PV_CALL2(__HYPERVISOR_shoji, SHOJI_audit, 0xdead000), EFAULT_);
	REQUIRE_EQ(PV_CALL2(__HYPERVISOR_shoji, 1000, 0), ENOSYS_);
}

const struct test tests[] = {
	TEST(references),
	TEST(writable),
	TEST(no_room),
	TEST(debug_key),
	TEST(bad_pointers),
	TESTS_END,
};
