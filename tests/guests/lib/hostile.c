/* SPDX-License-Identifier: BSD-2-Clause */
/* Random hypercalls; see hostile.h. */
#include "tests/guests/lib/hostile.h"
#include "tests/guests/lib/machine.h"

#include "tests/guests/lib/smp.h"
#include "tests/guests/lib/test.h"

static uint64_t seeds[SMP_MAX];
static const uint64_t *frames;
static unsigned int nr_frames;

void hostile_init(const uint64_t *list, unsigned int nr)
{
	frames = list;
	nr_frames = nr;
}

void hostile_seed(uint64_t new)
{
	seeds[os_vcpu()] = new;
}

uint64_t hostile_random(void)
{
	uint64_t *const seed = &seeds[os_vcpu()];

	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

uint64_t hostile_below(uint64_t limit)
{
	return hostile_random() % limit;
}

uint64_t hostile_value(const struct hostile *caller)
{
	static const uint64_t edges[] = {
		0,
		1,
		2,
		3,
		4,
		7,
		8,
		16,
		31,
		32,
		64,
		128,
		255,
		256,
		511,
		512,
		4095,
		4096,
		0x7fff,
		0xffff,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		~0UL,
		~0UL >> 1,
		0x0000800000000000,
		0xffff800000000000,
		HYPERVISOR_PLACES,
		0xffff880000000000,
		DOMID_SELF,
		DOMID_IO,
		DOMID_XEN,
		DOMID_INVALID,
		0xfee00000,
		0xb8000,
		1UL << 40,
		1UL << 52,
		FLAT_KERNEL_CS,
		FLAT_KERNEL_SS,
	};
	const uint64_t frame = caller->mfn[hostile_below(caller->nr)];

	switch (hostile_below(12)) {
	case 0:
	case 1:
		return edges[hostile_below(sizeof(edges) / sizeof(*edges))];
	case 2:
		return frame;
	case 3:
		return frame * PV_PAGE + hostile_below(512) * 8 +
		       hostile_below(4);
	case 4:
		return frame * PV_PAGE | PTE_KERNEL;
	case 5:
		return frame * PV_PAGE | (hostile_random() & 0x1ff);
	case 6:
		return caller->base + hostile_below(caller->nr + 2) * PV_PAGE;
	case 7:
		return caller->data + hostile_below(480) * 8;
	case 8:
		return frames[hostile_below(nr_frames)];
	case 9:
		return frames[0] * PV_PAGE | PTE_KERNEL;
	case 10:
		return hostile_below(32);
	default:
		return hostile_random() >> hostile_below(64);
	}
}

/*
 * Calls whose success is the end of the conversation are left out: sched_op,
 * iret, vcpu_op (down), set_timer_op is harmless.
 */
static unsigned int call_number(void)
{
	static const unsigned char usual[] = {
		__HYPERVISOR_set_trap_table,
		__HYPERVISOR_mmu_update,
		__HYPERVISOR_mmu_update,
		__HYPERVISOR_set_gdt,
		__HYPERVISOR_stack_switch,
		__HYPERVISOR_fpu_taskswitch,
		__HYPERVISOR_platform_op,
		__HYPERVISOR_set_debugreg,
		__HYPERVISOR_get_debugreg,
		__HYPERVISOR_update_descriptor,
		__HYPERVISOR_memory_op,
		__HYPERVISOR_memory_op,
		__HYPERVISOR_update_va_mapping,
		__HYPERVISOR_set_timer_op,
		__HYPERVISOR_xen_version,
		__HYPERVISOR_console_io,
		__HYPERVISOR_grant_table_op,
		__HYPERVISOR_grant_table_op,
		__HYPERVISOR_vm_assist,
		__HYPERVISOR_update_va_mapping_otherdomain,
		__HYPERVISOR_set_segment_base,
		__HYPERVISOR_mmuext_op,
		__HYPERVISOR_mmuext_op,
		__HYPERVISOR_callback_op,
		__HYPERVISOR_event_channel_op,
		__HYPERVISOR_event_channel_op,
		__HYPERVISOR_physdev_op,
		__HYPERVISOR_sysctl,
		__HYPERVISOR_domctl,
	};

	return usual[hostile_below(sizeof(usual))];
}

/* The first arguments look right more often than chance would have it. */
static void shape(const struct hostile *caller, struct multicall_entry *call)
{
	const uint64_t data = caller->data + hostile_below(400) * 8;

	switch (call->op) {
	case __HYPERVISOR_mmu_update:
	case __HYPERVISOR_mmuext_op:
		call->args[0] = data;
		call->args[1] = 1 + hostile_below(8);
		call->args[2] = hostile_below(4) ? 0 : data;
		if (hostile_below(4))
			call->args[3] = DOMID_SELF;
		break;
	case __HYPERVISOR_memory_op:
		call->args[0] = hostile_below(30) |
				hostile_below(8) / 7 * hostile_random() << 6;
		call->args[1] = data;
		break;
	case __HYPERVISOR_grant_table_op:
		call->args[0] = hostile_below(13);
		call->args[1] = data;
		call->args[2] = 1 + hostile_below(4);
		break;
	case __HYPERVISOR_event_channel_op:
	case __HYPERVISOR_physdev_op:
	case __HYPERVISOR_xen_version:
	case __HYPERVISOR_callback_op:
		call->args[0] = hostile_below(34);
		call->args[1] = data;
		break;
	case __HYPERVISOR_update_va_mapping:
		call->args[0] = caller->base +
				(caller->nr - 2 + hostile_below(8)) * PV_PAGE;
		break;
	case __HYPERVISOR_console_io:
		call->args[0] = 1; /* keep our own console readable */
		break;
	default:
		break;
	}
}

/* Words of the data page; small numbers make plausible commands. */
void hostile_fill(const struct hostile *caller, uint64_t *page)
{
	for (int i = 0; i < 512; i++)
		page[i] = hostile_below(3) ? hostile_value(caller) :
					     hostile_below(24);
}

void hostile_calls(const struct hostile *caller, struct multicall_entry *calls,
	unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		calls[i].op = call_number();
		for (int j = 0; j < 6; j++)
			calls[i].args[j] = hostile_value(caller);
		shape(caller, &calls[i]);
	}
}

void hostile_prepare(struct child *child)
{
	const struct hostile caller = {
		.mfn = child->mfn,
		.nr = CHILD_PAGES,
		.base = CHILD_BASE,
		.data = CHILD_VA(CHILD_DATA),
	};

	hostile_fill(&caller, child->data);
	hostile_calls(&caller, (void *)child->mailbox->room, HOSTILE_CALLS);
}

uint64_t free_pages_again(uint64_t wanted)
{
	const uint64_t end = now() + PATIENCE;
	uint64_t free = free_pages();

	for (; free < wanted && now() < end; free = free_pages())
		rest(1000000);
	return free;
}

uint64_t settled_free_pages(void)
{
	uint64_t before, after = free_pages();

	do {
		before = after;
		rest(50000000);
		after = free_pages();
	} while (before != after);
	return after;
}
