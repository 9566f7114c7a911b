/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves that refusals explain themselves: each leaves a record with the call,
 * its first arguments, the error and the reason; equal ones in a row are one
 * record; entries of multicalls, elements of grant batches, pointers that lead
 * nowhere and emulated instructions too; what succeeds leaves none. Floods are
 * only counted. A domain that is not dom0 cannot ask, leaves its traces in its
 * own ring only, and its crash is the last of them. Limits follow what is used.
 */
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#include <shoji/limits.h>
#include <shoji/refusal.h>

#include "pv-drivers/front/text.h"
#include "tests/guests/lib/child.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/shoji.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

#define NOWHERE 0x7000000000UL
#define NO_MSR 0xc0011234u

static struct shoji_get_refusal got;
static struct child child = { .traps = false };

/* The last record of a domain, or the one `back` before it, into `got`. */
static bool read_back(uint16_t dom, uint16_t back)
{
	got = (struct shoji_get_refusal){ .domid = dom, .back = back };
	return PV_CALL2(__HYPERVISOR_shoji, SHOJI_refusal, &got) == 0;
}

static bool has(const char *text)
{
	const size_t length = text_length(text);

	for (const char *at = got.record.text; *at; at++)
		if (!memcmp(at, text, length))
			return true;
	return false;
}

/* The last record is about this. */
static bool last_is(unsigned int call, int64_t error, const char *text)
{
	return read_back(DOMID_SELF, 0) && got.record.error == error &&
	       got.record.vector == SHOJI_VECTOR_HYPERCALL &&
	       got.record.call == call && got.record.kernel && has(text);
}

static int64_t close_port(uint32_t port)
{
	struct evtchn_close op = { .port = port };

	return hv_event_channel_op(EVTCHNOP_close, &op);
}

/* Floods of earlier tests are forgotten after a second. */
static void let_pass(void)
{
	rest(1100000000UL);
}

static void test_reasons(void)
{
	const uint64_t before = now();
	uint32_t none = 0;

	if (!shoji_present())
		SKIP("Xen keeps no reasons");
	REQUIRE_EQ(close_port(1000), EINVAL_);
	REQUIRE(last_is(__HYPERVISOR_event_channel_op, EINVAL_, "1000"));
	REQUIRE_EQ(got.record.arg[0], EVTCHNOP_close);
	REQUIRE_EQ(got.record.count, 1);
	REQUIRE(got.record.time >= before && got.record.time <= now());
	REQUIRE_EQ(PV_CALL1(60, 0x1234), ENOSYS_);
	REQUIRE(last_is(60, ENOSYS_, "no such hypercall"));
	REQUIRE_EQ(got.record.arg[0], 0x1234);
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_is_up, 7, NULL), ENOENT_);
	REQUIRE(last_is(__HYPERVISOR_vcpu_op, ENOENT_, "no such vCPU"));
	REQUIRE_EQ(hv_xen_version(XENVER_get_features, (void *)NOWHERE),
		   EFAULT_);
	REQUIRE(last_is(__HYPERVISOR_xen_version, EFAULT_, "7000000000"));
	REQUIRE_EQ(hv_mmuext_op((struct mmuext_op *)0xffff820000000000UL, 1,
				&none, DOMID_SELF), EFAULT_);
	REQUIRE(last_is(__HYPERVISOR_mmuext_op, EFAULT_, "hypervisor"));
}

static void test_repeats(void)
{
	if (!shoji_present())
		SKIP("Xen keeps no reasons");
	for (int i = 0; i < 5; i++)
		REQUIRE_EQ(close_port(1001), EINVAL_);
	REQUIRE(last_is(__HYPERVISOR_event_channel_op, EINVAL_, "1001"));
	REQUIRE_EQ(got.record.count, 5);
	REQUIRE_EQ(close_port(1002), EINVAL_);
	REQUIRE(last_is(__HYPERVISOR_event_channel_op, EINVAL_, "1002"));
	REQUIRE_EQ(got.record.count, 1);
	REQUIRE(read_back(DOMID_SELF, 1) && has("1001"));
}

static void test_success_is_silent(void)
{
	if (!shoji_present())
		SKIP("Xen keeps no reasons");
	REQUIRE_EQ(close_port(1003), EINVAL_);
	for (int i = 0; i < 100; i++)
		REQUIRE(hv_xen_version(XENVER_version, NULL) > 0);
	REQUIRE(last_is(__HYPERVISOR_event_channel_op, EINVAL_, "1003"));
	REQUIRE_EQ(got.record.count, 1);
}

static void test_multicall_entry(void)
{
	struct evtchn_close op = { .port = 1004 };
	struct multicall_entry calls[] = {
		{ .op = __HYPERVISOR_xen_version },
		{ .op = __HYPERVISOR_event_channel_op,
		  .args = { EVTCHNOP_close, (uint64_t)&op } },
		{ .op = __HYPERVISOR_xen_version },
	};

	if (!shoji_present())
		SKIP("Xen keeps no reasons");
	REQUIRE_EQ(hv_multicall(calls, 3), 0);
	REQUIRE_EQ(calls[1].result, EINVAL_);
	REQUIRE(last_is(__HYPERVISOR_event_channel_op, EINVAL_, "1004"));
	REQUIRE_EQ(got.record.arg[1], &op);
}

static void test_grant_status(void)
{
	struct gnttab_unmap_grant_ref op = {
		.host_addr = NOWHERE, .handle = 12345 };

	if (!shoji_present())
		SKIP("Xen keeps no reasons");
	REQUIRE_EQ(hv_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1), 0);
	REQUIRE_EQ(op.status, GNTST_bad_handle);
	REQUIRE(last_is(__HYPERVISOR_grant_table_op,
			SHOJI_REFUSAL_GRANT + GNTST_bad_handle, "12345"));
}

static void read_msr(uint64_t msr)
{
	asm volatile("rdmsr" : : "c"((uint32_t)msr) : "rax", "rdx");
}

static void test_instruction(void)
{
	if (!shoji_present())
		SKIP("Xen keeps no reasons");
	REQUIRE_EQ(trap_try(read_msr, NO_MSR), TRAP_GP);
	REQUIRE(read_back(DOMID_SELF, 0) && has("0f 32") && has("c0011234"));
	REQUIRE_EQ(got.record.vector, TRAP_GP);
	REQUIRE_EQ(got.record.arg[0], trap_last.rip);
}

static void test_flood(void)
{
	uint32_t lost;
	uint16_t records = 0;

	if (!shoji_present())
		SKIP("Xen keeps no reasons");
	let_pass();
	REQUIRE(read_back(DOMID_SELF, 0));
	lost = got.lost;
	for (uint32_t port = 100; port < 400; port++)
		REQUIRE_EQ(close_port(port), EINVAL_);
	REQUIRE(read_back(DOMID_SELF, 0));
	/* 50 a second, and the 300 may have taken some. */
	REQUIRE(got.lost > lost);
	REQUIRE(!has("port 399 "));
	while (read_back(DOMID_SELF, records) && got.record.count)
		records++;
	REQUIRE(records > 20 && records < 50);
	let_pass();
	REQUIRE_EQ(close_port(401), EINVAL_);
	REQUIRE(last_is(__HYPERVISOR_event_channel_op, EINVAL_, "401"));
}

/* It may not ask; what it is refused is not ours, and the other way round. */
static void test_other_domain(void)
{
	struct shoji_get_refusal ask = { .domid = 0 };

	if (!shoji_present())
		SKIP("Xen keeps no reasons");
	REQUIRE_EQ(child_start(&child), 0);
	REQUIRE_EQ(close_port(1005), EINVAL_);
	REQUIRE_EQ(child_call_with(&child, __HYPERVISOR_shoji, SHOJI_refusal,
				   &ask, sizeof(ask)), EPERM_);
	ask.domid = DOMID_SELF;
	REQUIRE_EQ(child_call_with(&child, __HYPERVISOR_shoji, SHOJI_refusal,
				   &ask, sizeof(ask)), EPERM_);
	REQUIRE_EQ(ask.record.count, 0);
	REQUIRE(last_is(__HYPERVISOR_event_channel_op, EINVAL_, "1005"));
	REQUIRE(read_back(child.id, 0) && has("only dom0 may"));
	REQUIRE_EQ(got.record.call, __HYPERVISOR_shoji);
	REQUIRE_EQ(got.record.count, 2);
	REQUIRE_EQ(PV_CALL2(__HYPERVISOR_shoji, SHOJI_refusal, NOWHERE),
		   EFAULT_);
	REQUIRE(!read_back(child.id + 100, 0));
	REQUIRE(last_is(__HYPERVISOR_shoji, ESRCH_, "there is no d"));
}

static void test_crash(void)
{
	if (!shoji_present())
		SKIP("Xen keeps no reasons");
	child_tell(&child, CHILD_UD2, 0, 0);
	REQUIRE_EQ(child_fate(&child), SHUTDOWN_crash);
	REQUIRE(read_back(child.id, 0) && has("exception 6"));
	REQUIRE_EQ(got.record.vector, SHOJI_VECTOR_CRASH);
	REQUIRE(got.record.kernel);
	REQUIRE_EQ(got.record.arg[0] & ~0xfffUL, CHILD_VA(CHILD_CODE));
	REQUIRE(read_back(child.id, 1) && has("only dom0 may"));
	REQUIRE(child_end(&child));
	REQUIRE(!read_back(child.id, 0));
}

/* A domain's end closes the ports that are open, and no others: what dom0 was
 * refused before is still there. */
static void test_destroy_is_silent(void)
{
	struct evtchn_alloc_unbound op = {
		.dom = DOMID_SELF, .remote_dom = DOMID_SELF };
	uint16_t back = 0;

	if (!shoji_present())
		SKIP("Xen keeps no reasons");
	let_pass();
	REQUIRE_EQ(child_start(&child), 0);
	REQUIRE_EQ(child_call_with(&child, __HYPERVISOR_event_channel_op,
				   EVTCHNOP_alloc_unbound, &op, sizeof(op)), 0);
	REQUIRE_EQ(close_port(1006), EINVAL_);
	REQUIRE(child_end(&child));
	while (read_back(DOMID_SELF, back) && got.record.count &&
	       !has("is not open"))
		back++;
	REQUIRE(has("1006"));
}

static uint64_t used(uint16_t dom, enum shoji_limit limit, uint64_t *max)
{
	struct shoji_get_limits op = { .domid = dom };

	if (PV_CALL2(__HYPERVISOR_shoji, SHOJI_limits, &op))
		return ~0UL;
	if (max)
		*max = op.limit[limit].max;
	return op.limit[limit].used;
}

static void test_limits(void)
{
	struct evtchn_alloc_unbound op = {
		.dom = DOMID_SELF, .remote_dom = DOMID_SELF };
	uint64_t ports, frames, max = 0;

	if (!shoji_present())
		SKIP("Xen keeps no reasons");
	ports = used(DOMID_SELF, SHOJI_LIMIT_EVENT_PORTS, &max);
	REQUIRE_EQ(max, 4095);
	REQUIRE_EQ(hv_event_channel_op(EVTCHNOP_alloc_unbound, &op), 0);
	REQUIRE_EQ(used(0, SHOJI_LIMIT_EVENT_PORTS, NULL), ports + 1);
	REQUIRE_EQ(close_port(op.port), 0);
	REQUIRE_EQ(used(0, SHOJI_LIMIT_EVENT_PORTS, NULL), ports);
	REQUIRE_EQ(used(0, SHOJI_LIMIT_VCPUS, NULL), 1);
	frames = used(0, SHOJI_LIMIT_GRANT_FRAMES, &max);
	REQUIRE(frames >= 1 && frames <= max);
	REQUIRE_EQ(used(0, SHOJI_LIMIT_GRANTS, NULL), 0);
	REQUIRE_EQ(used(0, SHOJI_LIMIT_MAPTRACK, NULL), 0);
	REQUIRE(used(0, SHOJI_LIMIT_MEMORY, &max) > 1000);
	REQUIRE_EQ(used(1234, SHOJI_LIMIT_VCPUS, NULL), ~0UL);
}

const struct test tests[] = {
	TEST(reasons),
	TEST(repeats),
	TEST(success_is_silent),
	TEST(multicall_entry),
	TEST(grant_status),
	TEST(instruction),
	TEST(flood),
	TEST(other_domain),
	TEST(crash),
	TEST(destroy_is_silent),
	TEST(limits),
	TESTS_END
};
