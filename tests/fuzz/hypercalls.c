// SPDX-License-Identifier: BSD-2-Clause
/*
 * Every hypercall with the shape of its arguments, and how an input fills
 * them. A byte chooses the value of a field: most choices are right for its
 * kind, some are right for another, some are anything.
 */
#include "core/domain.h"
#include "core/granttab.h"
#include "core/vcpu.h"
#include "lib/assert.h"
#include "mm/frame.h"
#include "mm/guestmem.h"
#include "mm/paging.h"
#include "tests/fuzz/hvmachine.h"
#include "tests/fuzz/hypercall.h"
#include "x86/desc.h"
#include "x86/percpu.h"
#include "shoji/extension.h"
#include "xen/callback.h"
#include "xen/domctl.h"
#include "xen/event_channel.h"
#include "xen/grant_table.h"
#include "xen/memory.h"
#include "xen/physdev.h"
#include "xen/platform.h"
#include "xen/sched.h"
#include "xen/sysctl.h"
#include "xen/vcpu.h"
#include "xen/version.h"

/*
 * Kinds, in arguments and structures alike:
 *   m frame   t page-table entry   a an entry's machine address and command
 *   r an entry's machine address as a run's first   R a run's length, rights
 *   g guest address   p guest address of more, which is filled too
 *   d domain (2 bytes)   F mmu_update's two domains   x address or extreme
 *   1 2 4 8 small number of so many bytes   b 8 bytes, a byte times 4096
 *   0 4 bytes of zero   _ 2 bytes   . 1 byte   V interface version (4 bytes)
 * and in arguments only:
 *   s the sub-operation   P address of the structures   n how many there are
 *   N the same in descriptors of 8 bytes, 512 to a page   I iret's frame
 * and in structures only: s as 4 bytes.
 */
struct shape {
	uint8_t call;
	uint8_t sub;
	const char *args;
	const char *structure; /* NULL: none */
};

#define CALL(name) __HYPERVISOR_##name
#define MEM(sub, structure)                                                    \
	{                                                                      \
		CALL(memory_op), XENMEM_##sub, "sP", structure                 \
	}
#define EVT(sub, structure)                                                    \
	{                                                                      \
		CALL(event_channel_op), EVTCHNOP_##sub, "sP", structure        \
	}
#define GNT(sub, structure)                                                    \
	{                                                                      \
		CALL(grant_table_op), GNTTABOP_##sub, "sPn", structure         \
	}
#define VCPU(sub, structure)                                                   \
	{                                                                      \
		CALL(vcpu_op), VCPUOP_##sub, "s4P", structure                  \
	}
#define SCHED(sub, structure)                                                  \
	{                                                                      \
		CALL(sched_op), SCHEDOP_##sub, "sP", structure                 \
	}
#define PHYS(sub, structure)                                                   \
	{                                                                      \
		CALL(physdev_op), PHYSDEVOP_##sub, "sP", structure             \
	}
#define PLATFORM(sub, structure)                                               \
	{                                                                      \
		CALL(platform_op), XENPF_##sub, "P", "sV" structure            \
	}
#define DOMCTL(sub, structure)                                                 \
	{                                                                      \
		CALL(domctl), XEN_DOMCTL_##sub, "P", "sVd_0" structure         \
	}
#define SYSCTL(sub, structure)                                                 \
	{                                                                      \
		CALL(sysctl), XEN_SYSCTL_##sub, "P", "sV" structure            \
	}

#define RESERVATION "p844d___"

static const struct shape shapes[] = {
	{CALL(set_trap_table), 0, "P", "1120x"},
	{CALL(mmu_update), 0, "PngF", "at"},
	{CALL(mmu_update), SHOJI_MMU_RIGHTS, "PngF", "rR"},
	{CALL(set_gdt), 0, "PN", "m"},
	{CALL(stack_switch), 0, "4x", NULL},
	{CALL(set_callbacks), 0, "xxx", NULL},
	{CALL(fpu_taskswitch), 0, "1", NULL},
	{CALL(set_debugreg), 0, "1x", NULL},
	{CALL(get_debugreg), 0, "1", NULL},
	{CALL(update_descriptor), 0, "ax", NULL},
	{CALL(update_va_mapping), 0, "gtx", NULL},
	{CALL(update_va_mapping), 0, "gt2", NULL},
	{CALL(update_va_mapping_otherdomain), 0, "gt2d", NULL},
	{CALL(set_timer_op), 0, "x", NULL},
	{CALL(console_io), 0, "12g", NULL},
	{CALL(vm_assist), 0, "11", NULL},
	{CALL(iret), 0, "I", NULL},
	{CALL(set_segment_base), 0, "1x", NULL},
	{CALL(callback_op), CALLBACKOP_register, "sP", "220x"},
	{CALL(callback_op), CALLBACKOP_unregister, "sP", "22"},
	{CALL(xen_version), 0, "1P", "4444"},
	{CALL(mmuext_op), 0, "Pngd", "40mp"},
	{CALL(mmuext_op), 0, "Pngd", "40mm"},
	{CALL(mmuext_op), 0, "Pngd", "40g4"},
	{CALL(mmuext_op), MMUEXT_PIN_L1_TABLE, "Pngd", "s0m8"},
	{CALL(mmuext_op), MMUEXT_PIN_L2_TABLE, "Pngd", "s0m8"},
	{CALL(mmuext_op), MMUEXT_PIN_L3_TABLE, "Pngd", "s0m8"},
	{CALL(mmuext_op), MMUEXT_PIN_L4_TABLE, "Pngd", "s0m8"},
	{CALL(mmuext_op), MMUEXT_UNPIN_TABLE, "Pngd", "s0m8"},
	{CALL(mmuext_op), MMUEXT_NEW_BASEPTR, "Pngd", "s0m8"},
	{CALL(mmuext_op), MMUEXT_NEW_USER_BASEPTR, "Pngd", "s0m8"},
	{CALL(mmuext_op), MMUEXT_SET_LDT, "Pngd", "s0g8"},
	MEM(increase_reservation, RESERVATION),
	MEM(decrease_reservation, RESERVATION),
	MEM(populate_physmap, RESERVATION),
	MEM(maximum_ram_page, NULL),
	MEM(current_reservation, "d"),
	MEM(maximum_reservation, "d"),
	MEM(machphys_mfn_list, "40p40"),
	MEM(memory_map, "40p"),
	MEM(machine_memory_map, "40p"),
	MEM(exchange, RESERVATION RESERVATION "8"),
	MEM(machphys_mapping, "888"),
	MEM(set_memory_map, "d___40p"),
	MEM(maximum_gpfn, "d"),
	MEM(get_sharing_freed_pages, NULL),
	MEM(claim_pages, RESERVATION),
	MEM(get_vnumainfo, "d"),
	MEM(acquire_resource, "d24408p"),
	GNT(map_grant_ref, "g44d248"),
	GNT(map_grant_ref, "a44d248"),
	GNT(unmap_grant_ref, "gb42_"),
	GNT(unmap_grant_ref, "ab42_"),
	GNT(unmap_and_replace, "gg42_"),
	GNT(setup_table, "d_400p"),
	GNT(copy, "40d2040d2022__"),
	GNT(copy, "md2040d2022__"),
	GNT(copy, "40d20md2022__"),
	GNT(query_size, "d_444"),
	GNT(set_version, "4"),
	GNT(get_version, "d_4"),
	GNT(transfer, "md_4_"),
	EVT(bind_interdomain, "d_44"),
	EVT(bind_virq, "444"),
	EVT(bind_pirq, "444"),
	EVT(close, "4"),
	EVT(send, "4"),
	EVT(status, "d_44444"),
	EVT(alloc_unbound, "dd4"),
	EVT(bind_ipi, "44"),
	EVT(bind_vcpu, "44"),
	EVT(unmask, "4"),
	EVT(reset, "d"),
	VCPU(initialise, "4"), /* hypercalls_make() has the rest */
	VCPU(up, NULL),
	VCPU(down, NULL),
	VCPU(is_up, NULL),
	VCPU(get_runstate_info, "8"),
	VCPU(register_runstate_memory_area, "g"),
	VCPU(set_periodic_timer, "x"),
	VCPU(stop_periodic_timer, NULL),
	VCPU(set_singleshot_timer, "x4"),
	VCPU(stop_singleshot_timer, NULL),
	VCPU(register_vcpu_info, "m44"),
	VCPU(send_nmi, NULL),
	VCPU(get_physid, "8"),
	VCPU(register_vcpu_time_memory_area, "g"),
	SCHED(yield, NULL),
	SCHED(block, NULL),
	SCHED(shutdown, "4"),
	SCHED(poll, "p40x"),
	SCHED(remote_shutdown, "d_4"),
	SCHED(shutdown_code, "4"),
	SCHED(watchdog, "44"),
	PHYS(irq_status_query, "44"),
	PHYS(set_iopl, "4"),
	PHYS(set_iobitmap, "g4"),
	PHYS(apic_read, "844"),
	PHYS(apic_write, "844"),
	PHYS(alloc_irq_vector, "44"),
	PHYS(eoi, "4"),
	PHYS(map_pirq, "d_44444408"),
	PHYS(unmap_pirq, "d_4"),
	PHYS(setup_gsi, "411"),
	PHYS(pci_device_add, "884"),
	PLATFORM(settime64, "8408"),
	PLATFORM(settime32, "448"),
	PLATFORM(firmware_info, "44p8"),
	PLATFORM(enter_acpi_sleep, "2244"),
	PLATFORM(get_cpuinfo, "444"),
	DOMCTL(createdomain, "488004444"
			     "40000"),
	DOMCTL(destroydomain, ""),
	DOMCTL(pausedomain, ""),
	DOMCTL(unpausedomain, ""),
	DOMCTL(getdomaininfo, ""),
	DOMCTL(setvcpuaffinity, "44p40p40"),
	DOMCTL(shadow_op, "444"),
	DOMCTL(max_mem, "8"),
	DOMCTL(setvcpucontext, "40p"),
	DOMCTL(getvcpucontext, "40p"),
	DOMCTL(getvcpuinfo, "4"),
	DOMCTL(max_vcpus, "4"),
	DOMCTL(scheduler_op, "442"),
	DOMCTL(irq_permission, "41"),
	DOMCTL(iomem_permission, "mm1"),
	DOMCTL(ioport_permission, "441"),
	DOMCTL(hypercall_init, "m"),
	DOMCTL(getvcpuaffinity, "44p40p40"),
	DOMCTL(resumedomain, ""),
	DOMCTL(sendtrigger, "44"),
	DOMCTL(set_address_size, "4"),
	DOMCTL(get_address_size, "4"),
	DOMCTL(set_ext_vcpucontext, "44xx2211_8888"),
	DOMCTL(get_ext_vcpucontext, "44"),
	DOMCTL(gettscinfo, ""),
	DOMCTL(settscinfo, "44408"),
	DOMCTL(getpageframeinfo3, "8p"),
	DOMCTL(setvcpuextstate, "40bxp"),
	DOMCTL(getvcpuextstate, "40bxp"),
	DOMCTL(setnodeaffinity, "p40"),
	DOMCTL(getnodeaffinity, "p40"),
	DOMCTL(get_vcpu_msrs, "44p"),
	DOMCTL(set_vcpu_msrs, "44p"),
	DOMCTL(get_cpu_policy, "44pp"),
	DOMCTL(set_cpu_policy, "44pp"),
	{CALL(shoji), SHOJI_audit, "sP", "p8888"},
	{CALL(shoji), SHOJI_refusal, "sP", "d24"},
	{CALL(shoji), SHOJI_limits, "sP", "d"},
	{CALL(shoji), SHOJI_share, "sP", "dd4"},
	{CALL(shoji), SHOJI_perf, "sP", "d_4p"},
	SYSCTL(readconsole, "11_4p4"),
	SYSCTL(physinfo, ""),
	SYSCTL(sched_id, ""),
	SYSCTL(getdomaininfolist, "d_4p4"),
	SYSCTL(debug_keys, "p4"),
	SYSCTL(getcpuinfo, "40p"),
	SYSCTL(availheap, "444"),
	SYSCTL(cputopoinfo, "40p"),
	SYSCTL(numainfo, "40pp"),
	SYSCTL(cpupool_op, "444444p40"),
	SYSCTL(scheduler_op, "4440"),
	SYSCTL(get_cpu_featureset, "44p"),
	SYSCTL(get_cpu_policy, "4440pp"),
};

static const uint64_t extremes[] = {0, 1, ~0ull, ~0ull >> 1, 1ull << 63,
	1ull << 32, (1ull << 32) - 1, 1ull << 31, 0x800000000000,
	0x7fffffffffff, 0xffff800000000000, 0xffff800000000000 - 4,
	0xffff87ffffffffff, 0xffff880000000000, 0xffff880000000000 - 8,
	0xffffffffffffff00, HW_FRAMES, HW_FRAMES - 1, HW_FRAMES * 4096ull,
	0xfee00, 1ull << 40, 1ull << 52, 4095, 4096, 512, 1040, 592};

static uint64_t any_frame(struct caller *c, unsigned k)
{
	const struct domain *const d = current->domain;

	if (k < 3 * GUEST_PAGES)
		return guest_mfn(
			(c->guest + k / GUEST_PAGES) % GUESTS, k % GUEST_PAGES);
	switch (k % 8) {
	case 0:
		return direct_mfn(d->shared).n;
	case 1: /* what is not anybody's yet, or of a new domain */
	case 2:
		return take(c->in, 2) % HW_FRAMES;
	case 3:
		return HW_FRAMES + k % 4;
	case 4:
		return direct_mfn(d->grants->frame[0]).n;
	default:
		return extremes[k % (sizeof(extremes) / sizeof(extremes[0]))];
	}
}

static uint64_t entry(struct caller *c, unsigned k)
{
	static const uint64_t flags[] = {7, 5, 0x67, 0x65, 3, 1, 0, 0xe7, 0x107,
		0x87, 0x1f, 0xe07, 7 | 1ull << 63, 7 | 1ull << 52, 6};

	return any_frame(c, (unsigned)take(c->in, 1)) << 12 |
	       flags[k % (sizeof(flags) / sizeof(flags[0]))];
}

static uint64_t entry_address(struct caller *c, unsigned k)
{
	static const uint16_t indexes[] = {
		0, 1, 2, 3, 8, 255, 256, 271, 272, 511, 4, 10, 12, 30, 31, 32};
	const unsigned choice = (unsigned)take(c->in, 1);

	return any_frame(c, k) << 12 | (uint64_t)indexes[choice & 15] << 3 |
	       choice >> 6;
}

static uint64_t run(struct caller *c, unsigned k)
{
	static const uint64_t rights[] = {0, 2, 1ull << 63, 1ull << 63 | 2};
	static const uint16_t lengths[] = {1, 2, 3, 4, 64, 511, 512, 513};

	return (uint64_t)lengths[k & 7] << 12 | rights[k >> 3 & 3] |
	       (k < 0xc0 ? 0 : take(c->in, 2));
}

static uint64_t address(struct caller *c, unsigned k)
{
	const unsigned choice = (unsigned)take(c->in, 1);
	const uint64_t page = guest_va(k % PAGE_END);

	return choice < 0x80 ? page :
	       choice < 0xc0 ? page + (choice & 63) * 64 :
			       page + 4096 - (choice & 63);
}

static uint64_t domain(struct caller *c, unsigned k)
{
	static const uint16_t ids[] = {DOMID_SELF, 0, 1, 2, DOMID_SELF, 3,
		DOMID_IO, DOMID_XEN, DOMID_INVALID, DOMID_SELF};

	(void)c;
	return ids[k % (sizeof(ids) / sizeof(ids[0]))];
}

uint64_t hypercalls_value(struct caller *c)
{
	const unsigned k = (unsigned)take(c->in, 1);

	switch (k & 7) {
	case 0:
		return take(c->in, 8);
	case 1:
		return extremes[(k >> 3) %
				(sizeof(extremes) / sizeof(extremes[0]))];
	case 2:
		return any_frame(c, (unsigned)take(c->in, 1));
	case 3:
		return entry(c, k >> 3);
	case 4:
		return address(c, k >> 3);
	case 5:
		if (k < 0x80)
			return domain(c, k >> 3);
		return any_frame(c, (unsigned)take(c->in, 1)) << 32 |
		       (k >> 3 & 3) << 16 | GTF_permit_access |
		       (k & 0x20 ? GTF_readonly : 0);
	case 6:
		return entry_address(c, (unsigned)take(c->in, 1));
	default:
		return k >> 3;
	}
}

/* More memory that an argument points to: words of any kind. */
static uint64_t more(struct caller *c, unsigned k)
{
	const uint64_t va = guest_va(PAGE_NESTED) + (k & 15) * 64;
	uint64_t words[32];
	const unsigned nr = (unsigned)take(c->in, 1) % 33;

	for (unsigned i = 0; i < nr; i++)
		words[i] = k & 16 ? any_frame(c, (unsigned)take(c->in, 1)) :
				    hypercalls_value(c);
	hw_guest_store(va, words, nr * sizeof(words[0]));
	return va;
}

static uint64_t of_kind(struct caller *c, char kind)
{
	const unsigned k = (unsigned)take(c->in, 1);

	if (k >= 0xe0)
		return hypercalls_value(c);
	switch (kind) {
	case 'm':
		return any_frame(c, k);
	case 't':
		return entry(c, k);
	case 'a':
		return entry_address(c, k);
	case 'r':
		return entry_address(c, k) | SHOJI_MMU_RIGHTS;
	case 'R':
		return run(c, k);
	case 'g':
		return address(c, k);
	case 'p':
		return more(c, k);
	case 'd':
		return domain(c, k);
	case 'F':
		return domain(c, k & 15) |
		       (k >> 4 ? (domain(c, k >> 4) + 1) << 16 : 0);
	case 'b':
		return (uint64_t)k << 12;
	case 'x':
		return k < 64 ? address(c, k) :
				extremes[k % (sizeof(extremes) /
						     sizeof(extremes[0]))];
	default: /* small numbers mostly, zero often */
		return k < 0x40 ? k & 3 : k < 0x80 ? k & 15 : k - 0x80;
	}
}

static unsigned size_of(char kind)
{
	switch (kind) {
	case '1':
	case '.':
		return 1;
	case '2':
	case '_':
	case 'd':
		return 2;
	case '4':
	case '0':
	case 's':
	case 'V':
		return 4;
	default:
		return 8;
	}
}

static uint32_t version(unsigned call)
{
	return call == CALL(domctl) ? XEN_DOMCTL_INTERFACE_VERSION :
	       call == CALL(sysctl) ? XEN_SYSCTL_INTERFACE_VERSION :
				      XENPF_INTERFACE_VERSION;
}

/* One structure; its size. */
static size_t fill(struct caller *c, const struct shape *s, char *to)
{
	size_t at = 0;

	for (const char *kind = s->structure; *kind; kind++) {
		const uint64_t value =
			*kind == 's' ? s->sub :
			*kind == 'V' ? version(s->call) :
			*kind == '0' || *kind == '_' || *kind == '.' ?
				       0 :
				       of_kind(c, *kind);

		memcpy(to + at, &value, size_of(*kind));
		at += size_of(*kind);
	}
	return at;
}

/* The structures in the caller's memory: mostly where there is room, some at
 * the end of what is mapped, some nowhere. */
static uint64_t structures(struct caller *c, const struct shape *s, unsigned nr)
{
	const unsigned k = (unsigned)take(c->in, 1);
	char room[4096];
	size_t size = 0;
	uint64_t va;

	for (unsigned i = 0; i < nr; i++)
		size += fill(c, s, room + size);
	if (k < 0xe0)
		va = guest_va(PAGE_BUFFER) + (k & 31) * 64;
	else if (k < 0xf0)
		va = guest_va(PAGE_LAST + 1) - (k & 8 ? size : size / 2);
	else
		return hypercalls_value(c);
	while (size && !hw_guest_store(va, room, size))
		size /= 2;
	return va;
}

/* What VCPUOP_initialise takes: too large for a shape. */
static uint64_t context(struct caller *c)
{
	static struct vcpu_guest_context x;
	const unsigned k = (unsigned)take(c->in, 1);

	_Static_assert(sizeof(x) <= 2 * 4096, "two pages");
	memset(&x, 0, sizeof(x));
	x.flags = VGCF_in_kernel | (k & 3);
	x.ctrlreg[3] = xen_pfn_to_cr3(guest_mfn(c->guest, PAGE_L4));
	if (k & 4)
		x.ctrlreg[1] = xen_pfn_to_cr3(guest_mfn(c->guest, k % 8));
	for (unsigned nr = (unsigned)take(c->in, 1) % 16; nr; nr--) {
		const size_t at = take(c->in, 2) % (sizeof(x) / 8) * 8;
		const uint64_t value = hypercalls_value(c);

		memcpy((char *)&x + at, &value, sizeof(value));
	}
	hw_guest_store(guest_va(PAGE_DATA), &x, 4096);
	hw_guest_store(
		guest_va(PAGE_DATA + 1), (char *)&x + 4096, sizeof(x) - 4096);
	return guest_va(PAGE_DATA);
}

/* The frame on the stack that iret reads, back to the guest's user space by
 * the code segment's RPL; some words are others. */
static void put_iret_frame(struct caller *c)
{
	uint64_t words[] = {0, 0, 0, 0, guest_va(PAGE_CODE), SEL_USER_CS64,
		RFLAGS_IF, guest_va(PAGE_STACK + 1), SEL_USER_DS};
	const unsigned others = (unsigned)take(c->in, 2);

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (others >> i & 1)
			words[i] = hypercalls_value(c);
	hw_guest_store(GUEST_SP, words, sizeof(words));
}

static uint64_t argument(
	struct caller *c, const struct shape *s, char kind, unsigned nr)
{
	switch (kind) {
	case 's':
		return s->sub;
	case 'P':
		if (s->call == CALL(vcpu_op) && s->sub == VCPUOP_initialise)
			return context(c);
		return s->structure ? structures(c, s, nr) : 0;
	case 'I':
		put_iret_frame(c);
		return 0;
	case 'n':
		return nr;
	case 'N':
		return nr * 512ull - (nr & 1);
	default:
		return of_kind(c, kind);
	}
}

void hypercalls_make(struct caller *c, struct multicall_entry *call)
{
	const unsigned k = (unsigned)take(c->in, 1);
	const struct shape *const s =
		&shapes[k % (sizeof(shapes) / sizeof(shapes[0]))];
	const unsigned how = (unsigned)take(c->in, 1);
	const unsigned nr = 1 + how % 8;

	*call = (struct multicall_entry){.op = s->call};
	for (unsigned i = 0; s->args[i]; i++)
		call->args[i] = argument(c, s, s->args[i], nr);
	/* Something of it is different, sometimes. */
	if (how >= 0xf0)
		call->args[how & 3] = hypercalls_value(c);
	else if (how >= 0xec)
		call->op = take(c->in, 1);
}
