// SPDX-License-Identifier: BSD-2-Clause
/* See hvmachine.h. */
#include "tests/fuzz/hvmachine.h"

#include "boot/acpi.h"
#include "boot/boot.h"
#include "boot/memory.h"
#include "core/domain.h"
#include "core/softirq.h"
#include "core/vcpu.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "machine.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/guestcopy.h"
#include "mm/guestmem.h"
#include "mm/heap.h"
#include "mm/mmu.h"
#include "mm/paging.h"
#include "mm/ptcheck.h"
#include "mm/tlb.h"
#include "pv/cpuid.h"
#include "pv/debugreg.h"
#include "pv/deliver.h"
#include "pv/hypercall.h"
#include "pv/segment.h"
#include "tests/fuzz/fuzz.h"
#include "x86/asm.h"
#include "x86/atomic.h"
#include "x86/context.h"
#include "x86/cpu.h"
#include "x86/desc.h"
#include "x86/fpu.h"
#include "x86/harden.h"
#include "x86/msr.h"
#include "x86/smp.h"
#include "x86/traps.h"
#include "xen/errno.h"

#define HEAP_MAX (1u << 20) /* of one object */

/* hypercall.lds */
extern char hv_state_start[], hv_state_end[];

unsigned hw_interrupt_after;
uint64_t hw_fault_address;

static char arena[HW_FRAMES][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static struct frame frame_table[HW_FRAMES];
static uint64_t regions[HW_FRAMES / FRAME_REGION + 1];
static uint64_t m2p_table[HW_FRAMES];

struct boot_info boot_info;

/* What each CPU's register holds. */
static uint64_t cr3[HW_CPUS];
static uint64_t descriptors[HW_CPUS][PTE_ENTRIES];

/* The heap: objects of malloc(), known, so that none outlives its input. */

struct object {
	struct object *next, *prev;
	size_t size;
	uint64_t words[];
};

static struct object objects = {&objects, &objects, 0};

void *heap_alloc(size_t size)
{
	struct object *const o =
		size > HEAP_MAX ? NULL : calloc(1, sizeof(*o) + size);

	if (!o)
		return NULL;
	o->size = size;
	o->next = objects.next;
	o->prev = &objects;
	o->next->prev = objects.next = o;
	return o->words;
}

void heap_free(void *at)
{
	struct object *o;

	if (!at)
		return;
	o = (void *)((char *)at - offsetof(struct object, words));
	o->next->prev = o->prev;
	o->prev->next = o->next;
	free(o);
}

void *page_alloc(void)
{
	const mfn_t mfn = buddy_alloc(0, 0);

	return mfn_none(mfn) ? NULL : memset(mfn_direct(mfn), 0, PAGE_SIZE);
}

void page_free(void *page)
{
	buddy_free(direct_mfn(page), 1);
}

void fake_memory_reset(void);
void fake_guest_reset(void);

void fake_memory_reset(void)
{
	memset(frame_table, 0, sizeof(frame_table));
	memset(regions, 0, sizeof(regions));
	memset(arena, 0, sizeof(arena));
	frames = frame_table;
	frame_regions = regions;
	nr_frames = HW_FRAMES;
	m2p = m2p_table;
	for (unsigned i = 0; i < HW_FRAMES; i++) {
		frame_table[i].owner = FRAME_HV;
		m2p_table[i] = PFN_NONE;
	}
	buddy_free_range(PAGE_SIZE, HW_FRAMES * PAGE_SIZE);
}

void fake_guest_reset(void)
{
	memset(cr3, 0, sizeof(cr3));
	memset(descriptors, 0, sizeof(descriptors));
	fake_selectors_reset();
	hw_interrupt_after = 0;
}

static void relax(void)
{
	const unsigned here = this_cpu()->number;

	CHECK(!this_cpu()->lock_ranks); /* nobody will let go of a lock */
	for (unsigned i = 0; i < HW_CPUS; i++) {
		machine_on_cpu(i);
		if (i != here && this_cpu()->softirq)
			hw_softirqs();
	}
	machine_on_cpu(here);
}

/* Over the red zones between objects too: memcpy() would not. */
static void copy_state(char *to, const char *from)
{
	size_t size = (size_t)(hv_state_end - hv_state_start);

	__asm__ volatile("rep movsb"
			 : "+D"(to), "+S"(from), "+c"(size)
			 :
			 : "memory");
}

void hw_power_on(void)
{
	static char *at_first;

	if (!at_first) {
		at_first = malloc((size_t)(hv_state_end - hv_state_start));
		copy_state(at_first, hv_state_start);
	}
	copy_state(hv_state_start, at_first);
	while (objects.next != &objects)
		heap_free(objects.next->words);
	cpu_info = (struct cpu_info){.physical_bits = 40,
		.max_leaf = 0xd,
		.max_extended_leaf = 0x80000008};
	boot_info.nr_ranges = 1;
	boot_info.range[0] =
		(struct memory_range){0, HW_FRAMES * PAGE_SIZE, MEMORY_RAM};
	machine_relaxes = relax;
	machine_reset(HW_CPUS);
	cpuid_init();
}

uint64_t memory_ram_bytes(void)
{
	return HW_FRAMES * PAGE_SIZE;
}

/* As x86/context.c leaves one vCPU and goes to another. */

static void save(struct cpu *cpu, struct vcpu *prev)
{
	segment_save(prev);
	debugreg_unload(prev);
	if (prev->domain != cpu->vcpu->domain)
		atomic_and(
			&prev->domain->dirty_cpus.bits, ~(1ull << cpu->number));
}

static void load(struct cpu *cpu, struct vcpu *v)
{
	atomic_or(&v->domain->dirty_cpus.bits, 1ull << cpu->number);
	cpu->guest_root = true;
	mmu_load_root(v);
	context_load_cr4(v);
	debugreg_load(v);
	if (segment_load(v))
		return;
	*guest_regs() = v->regs;
	deliver_failsafe(guest_regs(), v->ds, v->es, v->fs, v->gs);
	v->regs = *guest_regs();
}

bool hw_softirqs(void)
{
	struct cpu *const cpu = this_cpu();
	struct vcpu *const prev = cpu->vcpu;
	struct vcpu *v;

	if (!machine_run_cpu(cpu->number))
		return false;
	v = cpu->vcpu;
	if (!vcpu_is_idle(prev))
		save(cpu, prev);
	if (!vcpu_is_idle(v)) {
		load(cpu, v);
	} else {
		tlb_load_at(TLB_IDLE, tlb_clock);
		cpu->guest_root = false;
	}
	return true;
}

void hw_settle(void)
{
	bool more = true;

	for (unsigned rounds = 0; more; rounds++) {
		CHECK(rounds < 10000);
		more = false;
		for (unsigned i = 0; i < HW_CPUS; i++) {
			machine_on_cpu(i);
			if (!this_cpu()->softirq)
				continue;
			hw_softirqs();
			more = true;
		}
	}
}

/* Memory as the hypervisor sees it */

static void count_access(void)
{
	if (hw_interrupt_after && !--hw_interrupt_after)
		atomic_or(&this_cpu()->softirq, SOFTIRQ_TIMER);
}

void *direct(paddr_t pa)
{
	CHECK(pa < sizeof(arena));
	count_access();
	return (char *)arena + pa;
}

paddr_t direct_paddr(const void *va)
{
	const paddr_t pa = (paddr_t)((const char *)va - (const char *)arena);

	CHECK(pa < sizeof(arena));
	return pa;
}

uint64_t *paging_desc_ptes(unsigned cpu)
{
	CHECK(cpu < HW_CPUS);
	return descriptors[cpu];
}

paddr_t paging_zero_page(void)
{
	return 0;
}

void *paging_map_mmio(paddr_t pa, size_t size, enum paging_kind kind)
{
	(void)pa;
	(void)size;
	(void)kind;
	return NULL;
}

void paging_unmap_mmio(void *va, size_t size)
{
	panic("%p, %zu bytes, is not mapped", va, size);
}

/* The M2P is not shown to anybody: the piece that there is has no frames. */
unsigned paging_m2p_pieces(void)
{
	return 1;
}

mfn_t paging_m2p_piece(unsigned n)
{
	(void)n;
	return MFN_NONE;
}

/* Memory as the guest of this CPU sees it */

static char *walk(uint64_t va, bool write)
{
	uint64_t pte = cr3[this_cpu()->number] | PTE_P | PTE_RW;

	if (!is_canonical(va))
		return NULL;
	CHECK(va < HV_BASE || va >= HV_END);
	for (unsigned level = 4; level >= 1; level--) {
		const paddr_t table = pte & PTE_ADDR;

		CHECK(table < sizeof(arena));
		pte = ((uint64_t *)arena[table >> PAGE_SHIFT])
			[va >> (12 + 9 * (level - 1)) & 511];
		if (!(pte & PTE_P) || (write && !(pte & PTE_RW)))
			return NULL;
	}
	/* Frames without memory are those of devices: nothing is there. */
	pte &= PTE_ADDR;
	return pte < sizeof(arena) ? arena[pte >> PAGE_SHIFT] + va % PAGE_SIZE :
				     NULL;
}

static int access(char *host, uint64_t va, size_t size, bool write)
{
	while (size) {
		const size_t room = PAGE_SIZE - va % PAGE_SIZE;
		const size_t n = size < room ? size : room;
		char *const guest = walk(va, write);

		count_access();
		if (!guest) {
			hw_fault_address = va;
			return -EFAULT;
		}
		if (write)
			memcpy(guest, host, n);
		else
			memcpy(host, guest, n);
		host += n;
		va += n;
		size -= n;
	}
	return 0;
}

bool hw_guest_store(uint64_t va, const void *from, size_t size)
{
	uint64_t room[PAGE_SIZE / 8];

	CHECK(size <= sizeof(room));
	memcpy(room, from, size);
	if (va < HV_END && va + size > HV_BASE)
		return false;
	return !access((char *)room, va, size, true);
}

/* The copies are told apart by who called them (the linker's --wrap). */
static bool to_guest;

int __real_copy_from_guest(void *to, gva_t from, size_t size);
int __real_copy_to_guest(gva_t to, const void *from, size_t size);
int __real_clear_guest(gva_t to, size_t size);
int __wrap_copy_from_guest(void *to, gva_t from, size_t size);
int __wrap_copy_to_guest(gva_t to, const void *from, size_t size);
int __wrap_clear_guest(gva_t to, size_t size);

int __wrap_copy_from_guest(void *to, gva_t from, size_t size)
{
	to_guest = false;
	return __real_copy_from_guest(to, from, size);
}

int __wrap_copy_to_guest(gva_t to, const void *from, size_t size)
{
	to_guest = true;
	return __real_copy_to_guest(to, from, size);
}

int __wrap_clear_guest(gva_t to, size_t size)
{
	to_guest = true;
	return __real_clear_guest(to, size);
}

int guest_copy(void *to, const void *from, size_t size)
{
	return to_guest ? access((char *)from, (uint64_t)to, size, true) :
			  access(to, (uint64_t)from, size, false);
}

/* Registers: what a CPU would refuse is a finding */

void write_cr3(uint64_t value)
{
	CHECK(value % PAGE_SIZE <= TLB_KERNEL && value < sizeof(arena));
	cr3[this_cpu()->number] = value & PTE_ADDR;
}

uint64_t cpu_cr4 = CR4_PGE;

uint64_t read_cr0(void)
{
	return 0x80050033;
}

uint64_t read_cr2(void)
{
	return hw_fault_address;
}

uint64_t read_cr4(void)
{
	return cpu_cr4;
}

void write_cr4(uint64_t value)
{
	CHECK(!(value & ~(uint64_t)(cpu_cr4 | CR4_TSD | CR4_DE | CR4_FSGSBASE |
				    CR4_OSXSAVE)));
}

void desc_load_ldt(unsigned nr_entries)
{
	CHECK(nr_entries <= 8192);
}

struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	(void)subleaf;
	if (leaf == 0)
		return (struct cpuid){0xd, 0x756e6547, 0x6c65746e, 0x49656e69};
	if (leaf == 0x80000000)
		return (struct cpuid){0x80000008, 0, 0, 0};
	return (struct cpuid){7, ~0u, ~0u, ~0u};
}

void invlpg(uint64_t va)
{
	(void)va;
}

void clts(void)
{
}

void stac(void)
{
}

void clac(void)
{
}

int64_t hypercall_fpu_taskswitch(struct hypercall_args *a)
{
	fpu_set_ts(current, a->arg[0] != 0);
	return 0;
}

/* CPUs */

void smp_wbinvd_interrupt(void)
{
}

void smp_check_stop(void)
{
}

void smp_stop_others(void)
{
	hw_ended();
}

_Noreturn void return_to_guest(void)
{
	panic("not by this way");
}

void context_load_cr4(const struct vcpu *v)
{
	write_cr4(cpu_cr4 | (v->cr4 & (CR4_TSD | CR4_DE | CR4_FSGSBASE)));
}

/* Places in assembly that x86/traps.c knows */
bool entry_isolated;
const char guest_accesses[1], guest_accesses_end[1];
extern const char entry_iret[], entry_sysenter[], stub_syscall64[][32],
	stub_syscall32[][32], stub_isolated64[][32];
const char entry_iret[1], entry_sysenter[1], stub_syscall64[1][32],
	stub_syscall32[1][32], stub_isolated64[1][32];
