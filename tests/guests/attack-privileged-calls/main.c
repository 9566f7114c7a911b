/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker, an unprivileged domain, makes every call that is dom0's: each
 * domctl, sysctl and platform operation by number, about itself, dom0 and a
 * domain next to it, the privileged memory, physdev and scheduler operations,
 * the console, with good and with bad interface versions and pointers.
 *
 * What must happen: nothing but an error, the same whoever the target is; the
 * structure it passed has not a byte changed; the other domain, dom0, the wall
 * clock and free memory are as before.
 *
 * Class: privileged operations, domctl (compare XSA-77, XSA-127, XSA-132). Same
 * on Xen, whose errors differ (it has calls that Shoji has not).
 */
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>

#include "tests/guests/lib/child.h"
#include "tests/guests/lib/hostile.h"
#include "tests/guests/lib/intact.h"
#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define BUFFER 512	/* more than any of the structures */

static struct child attacker, neighbour;
static uint64_t free_before;
static uint32_t wall_before;

static void test_start(void)
{
	REQUIRE_EQ(child_start(&attacker), 0);
	REQUIRE_EQ(child_start(&neighbour), 0);
	free_before = settled_free_pages();
	wall_before = pv_shared->wc_sec;
}

/* Head given, the rest a pattern in which small numbers abound. */
static void fill(uint8_t *buffer)
{
	for (int i = 0; i < BUFFER; i++)
		buffer[i] = i % 8 < 2 ? i : 0;
}

/* True: refused, and nothing written. */
static bool refused(unsigned int nr, uint64_t a1, uint64_t a2,
		    const uint8_t *buffer)
{
	uint8_t *const room = (uint8_t *)attacker.mailbox->room;

	memcpy(room, buffer, BUFFER);
	const int64_t rc = child_call(&attacker, nr, a1, a2, 1, 0);

	return rc < 0 && rc != CHILD_SILENT && !memcmp(room, buffer, BUFFER);
}

static void test_domctl(void)
{
	const uint16_t targets[] = {
		0, attacker.id, neighbour.id, DOMID_SELF, DOMID_INVALID,
	};
	uint8_t buffer[BUFFER];

	for (uint32_t cmd = 0; cmd < 90; cmd++)
		for (int i = 0; i < 5; i++) {
			struct xen_domctl *op = (void *)buffer;

			fill(buffer);
			op->cmd = cmd;
			op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
			op->domain = targets[i];
			if (refused(__HYPERVISOR_domctl, CHILD_ROOM, 0, buffer))
				continue;
			test_fail(__LINE__, "domctl %u of domain %u", cmd,
				  targets[i]);
			return;
		}
	for (uint32_t version = 0; version < 0x20; version++) {
		((uint32_t *)buffer)[0] = XEN_DOMCTL_getdomaininfo;
		((uint32_t *)buffer)[1] = version;
		REQUIRE(refused(__HYPERVISOR_domctl, CHILD_ROOM, 0, buffer));
	}
}

static void test_sysctl(void)
{
	uint8_t buffer[BUFFER];

	for (uint32_t cmd = 0; cmd < 40; cmd++) {
		fill(buffer);
		((uint32_t *)buffer)[0] = cmd;
		((uint32_t *)buffer)[1] = XEN_SYSCTL_INTERFACE_VERSION;
		if (refused(__HYPERVISOR_sysctl, CHILD_ROOM, 0, buffer))
			continue;
		test_fail(__LINE__, "sysctl %u", cmd);
		return;
	}
}

static void test_platform(void)
{
	uint8_t buffer[BUFFER];

	for (uint32_t cmd = 0; cmd < 70; cmd++) {
		fill(buffer);
		((uint32_t *)buffer)[0] = cmd;
		((uint32_t *)buffer)[1] = XENPF_INTERFACE_VERSION;
		if (refused(__HYPERVISOR_platform_op, CHILD_ROOM, 0, buffer))
			continue;
		test_fail(__LINE__, "platform_op %u", cmd);
		return;
	}
	REQUIRE_EQ(pv_shared->wc_sec, wall_before);
}

/* All but what every domain may do for itself: its own IOPL and bitmap. */
static void test_physdev(void)
{
	uint8_t buffer[BUFFER];

	/* below 5: names of an older ABI, without arguments */
	for (uint32_t cmd = 5; cmd < 40; cmd++) {
		if (cmd == PHYSDEVOP_set_iopl || cmd == PHYSDEVOP_set_iobitmap)
			continue;
		fill(buffer);
		if (refused(__HYPERVISOR_physdev_op, cmd, CHILD_ROOM, buffer))
			continue;
		/* Xen gives it a page that says which of its own interrupts
		 * needs an EOI, and a free number for one */
		if (cmd == 17 || cmd == 28 || cmd == 23)
			continue;
		test_fail(__LINE__, "physdev_op %u", cmd);
		return;
	}
}

/* Other domains' memory, and the machine's map. */
static void test_memory(void)
{
	static const uint8_t commands[] = {
		XENMEM_current_reservation, XENMEM_maximum_reservation,
		XENMEM_maximum_gpfn, XENMEM_set_memory_map,
		XENMEM_machine_memory_map, XENMEM_claim_pages,
		XENMEM_acquire_resource,
	};
	uint8_t buffer[BUFFER];

	for (unsigned int i = 0; i < sizeof(commands); i++)
		for (int j = 0; j < 2; j++) {
			fill(buffer);
			*(uint16_t *)buffer = j ? neighbour.id : 0;
			if (refused(__HYPERVISOR_memory_op, commands[i],
				    CHILD_ROOM, buffer))
				continue;
			test_fail(__LINE__, "memory_op %u", commands[i]);
			return;
		}
	struct xen_memory_reservation op = {
		.extent_start = (void *)CHILD_VA(CHILD_DATA), .nr_extents = 1,
		.domid = neighbour.id,
	};

	attacker.data[0] = neighbour.mfn[CHILD_SPARE];
	for (uint64_t cmd = 0; cmd < 2; cmd++)
		REQUIRE(child_call_with(&attacker, __HYPERVISOR_memory_op, cmd,
					&op, sizeof(op)) <= 0);
	op.domid = DOMID_SELF;
	REQUIRE(child_call_with(&attacker, __HYPERVISOR_memory_op,
				XENMEM_decrease_reservation, &op,
				sizeof(op)) <= 0);
}

static void test_others(void)
{
	struct sched_remote_shutdown off = { .domain_id = neighbour.id };
	uint8_t buffer[BUFFER];

	for (int i = 0; i < 2; i++) {
		REQUIRE(child_call_with(&attacker, __HYPERVISOR_sched_op,
					SCHEDOP_remote_shutdown, &off,
					sizeof(off)) < 0);
		off.domain_id = 0;
	}
	fill(buffer);
	memcpy(attacker.mailbox->room, buffer, BUFFER);
	REQUIRE(child_call(&attacker, __HYPERVISOR_console_io, 1, BUFFER,
			   CHILD_ROOM, 0) < 0);
	REQUIRE_EQ(memcmp(attacker.mailbox->room, buffer, BUFFER), 0);
	/* page tables and entries of the neighbour's */
	struct mmuext_op pin = {
		.cmd = MMUEXT_UNPIN_TABLE,
		.arg1.mfn = neighbour.mfn[CHILD_L4],
	};

	memcpy(attacker.mailbox->room, &pin, sizeof(pin));
	REQUIRE_EQ(child_call(&attacker, __HYPERVISOR_mmuext_op, CHILD_ROOM, 1,
			      0, neighbour.id), EPERM_);
	REQUIRE(child_call(&attacker, __HYPERVISOR_mmuext_op, CHILD_ROOM, 1, 0,
			   DOMID_SELF) < 0);
	for (unsigned int cmd = MMUEXT_FLUSH_CACHE;
	     cmd <= MMUEXT_FLUSH_CACHE_GLOBAL; cmd++) {
		pin.cmd = cmd;
		memcpy(attacker.mailbox->room, &pin, sizeof(pin));
		child_call(&attacker, __HYPERVISOR_mmuext_op, CHILD_ROOM, 1, 0,
			   DOMID_SELF);
	}
}

/* The same calls with pointers into the hypervisor: no look at them first. */
static void test_pointers(void)
{
	static const unsigned int calls[] = {
		__HYPERVISOR_domctl, __HYPERVISOR_sysctl,
		__HYPERVISOR_platform_op,
	};

	static const uint64_t places[] = { HYPERVISOR_PLACES };

	for (int i = 0; i < 3; i++) {
		for (unsigned int j = 0; j < sizeof(places) / 8; j++)
			REQUIRE(child_call(&attacker, calls[i], places[j], 0,
					   0, 0) < 0);
		REQUIRE(child_call(&attacker, calls[i], 0x1000, 0, 0, 0) < 0);
	}
}

static void test_nothing_changed(void)
{
	struct xen_domctl_getdomaininfo info;

	REQUIRE(child_is_well(&attacker));
	REQUIRE(child_is_well(&neighbour));
	REQUIRE(domain_info(neighbour.id, &info));
	REQUIRE_EQ(info.flags & (XEN_DOMINF_paused | XEN_DOMINF_shutdown |
				 XEN_DOMINF_dying), 0);
	REQUIRE_EQ(info.max_pages, CHILD_SHARED + 8);
	REQUIRE_EQ(info.tot_pages, CHILD_SHARED);
	/* attacker, neighbour, and nobody else */
	REQUIRE(!domain_info(neighbour.id + 1, &info));
	REQUIRE(free_pages_again(free_before - 2) + 2 >= free_before);
	REQUIRE(child_end(&attacker));
	REQUIRE(child_end(&neighbour));
}

static void test_all_works(void)
{
	REQUIRE_INTACT();
}

const struct test tests[] = {
	TEST(start),
	TEST(domctl),
	TEST(sysctl),
	TEST(platform),
	TEST(physdev),
	TEST(memory),
	TEST(others),
	TEST(pointers),
	TEST(nothing_changed),
	TEST(all_works),
	TESTS_END
};
