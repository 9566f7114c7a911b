/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves the limits of docs/limits.md that the hypervisor keeps: a guest runs
 * into each of them by its own calls, is refused with the ABI's error, can go
 * on as soon as it has given something back, and leaves nothing behind when
 * it dies with everything taken.
 */
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/vcpu.h>

#include "pv-drivers/front/grant.h"
#include "tests/guests/lib/child.h"
#include "tests/guests/lib/hostile.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define PORTS 1023	/* what domain_create() asks for, like the next two */
#define GRANT_FRAMES 4
#define MAPTRACK_FRAMES 4
#define SLACK_PAGES 8	/* that child_start() leaves */
#define BATCH 32
#define ROOM_LIST (CHILD_ROOM + 1024)

static struct child child;
static uint64_t free_before;

static int64_t call_with(unsigned int nr, uint64_t cmd, void *arg,
			 unsigned int size)
{
	memcpy(child.mailbox->room, arg, size);
	const int64_t rc = child_call(&child, nr, cmd, CHILD_ROOM, 1,
				      DOMID_SELF);

	memcpy(arg, child.mailbox->room, size);
	return rc;
}

static void test_start(void)
{
	/* What the first domain and dom0 make for good is not counted. */
	REQUIRE_EQ(grant_init(), 0);
	REQUIRE_EQ(child_start(&child), 0);
	REQUIRE(child_end(&child));
	free_before = free_pages();
	REQUIRE_EQ(child_start(&child), 0);
}

static int64_t new_port(void)
{
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF };
	const int64_t rc = call_with(__HYPERVISOR_event_channel_op,
				     EVTCHNOP_alloc_unbound, &op, sizeof(op));

	return rc ? rc : (int64_t)op.port;
}

static void test_event_ports(void)
{
	int64_t rc, last = 0;
	unsigned int nr = 0;

	while ((rc = new_port()) > 0) {
		last = rc;
		nr++;
		REQUIRE(nr <= PORTS);
	}
	REQUIRE_EQ(rc, ENOSPC_);
	REQUIRE_EQ(nr, PORTS);
	struct evtchn_close close = { .port = last };

	REQUIRE_EQ(call_with(__HYPERVISOR_event_channel_op, EVTCHNOP_close,
			     &close, sizeof(close)), 0);
	REQUIRE_EQ(new_port(), last);
	REQUIRE_EQ(new_port(), ENOSPC_);
}

static int16_t setup_table(uint32_t nr_frames)
{
	struct gnttab_setup_table op = {
		.dom = DOMID_SELF, .nr_frames = nr_frames, .status = 99,
		.frame_list = (void *)ROOM_LIST,
	};

	if (call_with(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, &op,
		      sizeof(op)))
		op.status = 88;
	return op.status;
}

static void test_grant_frames(void)
{
	struct gnttab_query_size size = { .dom = DOMID_SELF };

	REQUIRE_EQ(setup_table(GRANT_FRAMES), GNTST_okay);
	REQUIRE(setup_table(GRANT_FRAMES + 1) < 0);
	REQUIRE(setup_table(~0u) < 0);
	REQUIRE_EQ(call_with(__HYPERVISOR_grant_table_op, GNTTABOP_query_size,
			     &size, sizeof(size)), 0);
	REQUIRE_EQ(size.nr_frames, GRANT_FRAMES);
	REQUIRE_EQ(size.max_nr_frames, GRANT_FRAMES);
}

/* A batch of mappings by dom0's grant, without an address; how many came. */
static unsigned int map_batch(uint32_t ref, uint64_t *bus, uint32_t *handle,
			      int16_t *status)
{
	struct gnttab_map_grant_ref *const op = (void *)child.mailbox->room;
	unsigned int nr = 0;

	for (unsigned int i = 0; i < BATCH; i++)
		op[i] = (struct gnttab_map_grant_ref){
			.flags = GNTMAP_device_map | GNTMAP_readonly,
			.ref = ref, .status = 99,
		};
	if (child_call(&child, __HYPERVISOR_grant_table_op,
		       GNTTABOP_map_grant_ref, CHILD_ROOM, BATCH, 0))
		return 0;
	*status = GNTST_okay;
	for (unsigned int i = 0; i < BATCH; i++) {
		if (op[i].status) {
			*status = op[i].status;
			continue;
		}
		nr++;
		*bus = op[i].dev_bus_addr;
		*handle = op[i].handle;
	}
	return nr;
}

static void test_map_tracks(void)
{
	/* Xen lets an entry be used 128 times. */
	enum { PER_REF = 3 * BATCH, REFS = 14 };
	void *const page = page_alloc();
	uint32_t ref[REFS];
	unsigned int nr, total = 0;
	uint32_t handle = 0;
	uint64_t bus = 0;
	int16_t status;

	for (int i = 0; i < REFS; i++)
		ref[i] = grant_give(child.id, pv_frame(page), true);
	do {
		nr = map_batch(ref[total / PER_REF], &bus, &handle, &status);
		total += nr;
	} while (nr == BATCH && total < REFS * PER_REF);
	REQUIRE_EQ(status, GNTST_no_space);
	/* 256 to a page in Shoji, in Xen about that */
	REQUIRE(total >= MAPTRACK_FRAMES * 200);
	REQUIRE(total <= MAPTRACK_FRAMES * 512);
	struct gnttab_unmap_grant_ref un = {
		.dev_bus_addr = bus, .handle = handle, .status = 99,
	};

	REQUIRE_EQ(call_with(__HYPERVISOR_grant_table_op,
			     GNTTABOP_unmap_grant_ref, &un, sizeof(un)), 0);
	REQUIRE_EQ(un.status, GNTST_okay);
	REQUIRE_EQ(map_batch(ref[REFS - 1], &bus, &handle, &status), 1);
	REQUIRE_EQ(status, GNTST_no_space);
}

static int64_t reservation(unsigned int cmd, uint64_t nr, unsigned int order)
{
	struct xen_memory_reservation op = {
		.extent_start = (void *)ROOM_LIST, .nr_extents = nr,
		.extent_order = order, .domid = DOMID_SELF,
	};

	return call_with(__HYPERVISOR_memory_op, cmd, &op, sizeof(op));
}

static void test_memory(void)
{
	uint64_t *const list = (uint64_t *)(child.mailbox->room + 1024);

	for (int i = 0; i < 2 * SLACK_PAGES; i++)
		list[i] = 100 + i;
	REQUIRE_EQ(reservation(XENMEM_populate_physmap, 2 * SLACK_PAGES, 0),
		   SLACK_PAGES);
	REQUIRE_EQ(reservation(XENMEM_decrease_reservation, 2, 0), 2);
	/* room for two now: not for four */
	list[0] = 100;
	REQUIRE_EQ(reservation(XENMEM_populate_physmap, 1, 2), 0);
	REQUIRE_EQ(reservation(XENMEM_populate_physmap, 1, 1), 1);
	REQUIRE_EQ(reservation(XENMEM_populate_physmap, 1, 0), 0);
	/* and no order that would take long */
	REQUIRE(reservation(XENMEM_populate_physmap, 1, 30) <= 0);
}

static int64_t watchdog(uint32_t id, uint32_t timeout)
{
	struct sched_watchdog op = { .id = id, .timeout = timeout };

	/* Xen's answer has 32 bits. */
	return (int32_t)call_with(__HYPERVISOR_sched_op, SCHEDOP_watchdog, &op,
				  sizeof(op));
}

static void test_watchdogs(void)
{
	REQUIRE_EQ(watchdog(0, 1000), 1);
	REQUIRE_EQ(watchdog(0, 1000), 2);
	REQUIRE_EQ(watchdog(0, 1000), ENOSPC_);
	REQUIRE_EQ(watchdog(0, 0), ENOSPC_);
	REQUIRE_EQ(watchdog(1, 0), 0);
	REQUIRE_EQ(watchdog(1, 0), EINVAL_);
	REQUIRE_EQ(watchdog(1, 1000), EINVAL_);
	REQUIRE_EQ(watchdog(0, 1000), 1);
	REQUIRE_EQ(watchdog(3, 1000), EINVAL_);
}

static void test_poll(void)
{
	struct sched_poll op = {
		.ports = (void *)ROOM_LIST, .nr_ports = 129, .timeout = 1,
	};

	REQUIRE_EQ(call_with(__HYPERVISOR_sched_op, SCHEDOP_poll, &op,
			     sizeof(op)), EINVAL_);
}

static void test_vcpus(void)
{
	static const uint32_t beyond[] = { 1, 32, 8192, ~0u };

	for (int i = 0; i < 4; i++) {
		const int64_t rc = child_call(&child, __HYPERVISOR_vcpu_op,
					      VCPUOP_initialise, beyond[i],
					      CHILD_ROOM, 0);

		REQUIRE(rc == ENOENT_ || rc == EINVAL_);
	}
}

static void test_descriptors(void)
{
	struct mmuext_op op = {
		.cmd = MMUEXT_SET_LDT, .arg1.linear_addr = CHILD_VA(CHILD_DATA),
		.arg2.nr_ents = 8193,
	};

	REQUIRE_EQ(child_call(&child, __HYPERVISOR_set_gdt, ROOM_LIST,
			      14 * 512 + 1, 0, 0), EINVAL_);
	memcpy(child.mailbox->room, &op, sizeof(op));
	REQUIRE_EQ(child_call(&child, __HYPERVISOR_mmuext_op, CHILD_ROOM, 1, 0,
			      DOMID_SELF), EINVAL_);
}

static void test_interrupts(void)
{
	for (uint32_t pirq = 0; pirq < 4; pirq++) {
		struct evtchn_bind_pirq op = { .pirq = 1u << 3 * pirq };

		REQUIRE(call_with(__HYPERVISOR_event_channel_op,
				  EVTCHNOP_bind_pirq, &op, sizeof(op)) < 0);
	}
}

/* Lines that the log got since *index. */
static unsigned int log_lines(uint32_t *index)
{
	static char text[1 << 16];
	struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_readconsole,
		.interface_version = XEN_SYSCTL_INTERFACE_VERSION,
		.u.readconsole = {
			.incremental = 1, .index = *index, .buffer = text,
			.count = sizeof(text),
		},
	};
	unsigned int lines = 0;

	if (PV_CALL1(__HYPERVISOR_sysctl, &op))
		return ~0u;
	*index = op.u.readconsole.index;
	for (uint32_t i = 0; i < op.u.readconsole.count; i++)
		lines += text[i] == '\n';
	return lines;
}

/* 600 refusals are not 600 lines; 50 in five seconds are what all get. */
static void test_log_lines(void)
{
	uint32_t index = 0;
	const uint64_t start = now();

	if (!on_shoji())
		SKIP("Xen says nothing of refusals");
	while (log_lines(&index) && now() - start < 1000000000)
		;
	for (int i = 0; i < 600; i++)
		REQUIRE_EQ(watchdog(3, 1000), EINVAL_);
	REQUIRE(log_lines(&index) <=
		60 * (2 + (now() - start) / 5000000000));
}

/* A new watchdog without time is one that was missed. */
static void test_watchdog_without_time(void)
{
	struct sched_watchdog op = { .id = 0, .timeout = 0 };
	struct child other = { 0 };

	REQUIRE_EQ(child_start(&other), 0);
	memcpy(other.mailbox->room, &op, sizeof(op));
	child_tell(&other, __HYPERVISOR_sched_op, SCHEDOP_watchdog,
		   CHILD_ROOM);
	const uint32_t fate = child_fate(&other);

	REQUIRE(child_end(&other));
	REQUIRE_EQ(fate, SHUTDOWN_watchdog);
}

/* It dies with all of that taken. */
static void test_all_comes_back(void)
{
	REQUIRE(child_end(&child));
	REQUIRE(free_pages_again(free_before) >= free_before);
}

const struct test tests[] = {
	TEST(start),
	TEST(event_ports),
	TEST(grant_frames),
	TEST(map_tracks),
	TEST(memory),
	TEST(watchdogs),
	TEST(watchdog_without_time),
	TEST(poll),
	TEST(vcpus),
	TEST(descriptors),
	TEST(interrupts),
	TEST(log_lines),
	TEST(all_comes_back),
	TESTS_END
};
