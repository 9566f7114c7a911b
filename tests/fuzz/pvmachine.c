// SPDX-License-Identifier: BSD-2-Clause
/* See pvmachine.h. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/pvmachine.h"

#include "core/refusal.h"
#include "dev/pci.h"
#include "lib/assert.h"
#include "lib/rangeset.h"
#include "mm/frame.h"
#include "mm/guestmem.h"
#include "mm/heap.h"
#include "mm/mmu.h"
#include "mm/ptcheck.h"
#include "pv/cpuid.h"
#include "pv/deliver.h"
#include "pv/hypercall.h"
#include "pv/segment.h"
#include "tests/fuzz/realcpu.h"
#include "x86/asm.h"
#include "x86/context.h"
#include "x86/cpu.h"
#include "x86/msr.h"

#define TABLE_MFN 1

struct vcpu machine_vcpu;
struct domain machine_domain;
uint64_t machine_table[PAGE_SIZE / 8];
struct input machine_input;
bool machine_delivered;

static struct frame frame_table[TABLE_MFN + 1];
static struct cpu cpu = { .vcpu = &machine_vcpu };
static struct vcpu_info vcpu_info;
static struct rangeset ports;
struct frame *frames = frame_table;
uint64_t nr_frames = TABLE_MFN + 1;
struct cpu_info cpu_info;

void machine_reset(void)
{
	machine_domain = (struct domain){
		.id = 1,
		.vm_assist = 1ull << VMASST_TYPE_writable_pagetables,
		.ioports = &ports,
	};
	machine_vcpu = (struct vcpu){
		.domain = &machine_domain,
		.kernel_mode = true,
		.info = &vcpu_info,
	};
	ports = (struct rangeset){ 0 };
	CHECK(!rangeset_add(&ports, MACHINE_PORT,
		MACHINE_PORT + MACHINE_PORTS - 1));
	frame_table[TABLE_MFN] = (struct frame){
		.type = (uint32_t)FRAME_L1 << FT_SHIFT | FT_VALID | 1,
		.owner = machine_domain.id,
	};
	machine_input = (struct input){ 0 };
	machine_delivered = false;
}

struct cpu *this_cpu(void)
{
	return &cpu;
}

void spin_lock(struct spinlock *lock)
{
	CHECK(lock->next++ == lock->serving);
}

void spin_unlock(struct spinlock *lock)
{
	CHECK(++lock->serving == lock->next);
}

/* The words must at least be there. */
int reject(int rc, const char *fmt, ...)
{
	CHECK(fmt[0]);
	return rc;
}

bool preempt_needed(void)
{
	return true;
}

/* Memory */

void *direct(paddr_t pa)
{
	CHECK(pa >> PAGE_SHIFT == TABLE_MFN);
	return (char *)machine_table + pa % PAGE_SIZE;
}

static bool lies_in(gva_t at, size_t size, uint64_t start, uint64_t end)
{
	return at.va >= start && at.va < end && size <= end - at.va;
}

static bool is_mapped(gva_t at, size_t size)
{
	return lies_in(at, size, REALCPU_CODE, REALCPU_CODE_END) ||
		lies_in(at, size, REALCPU_DATA, REALCPU_DATA_END);
}

int copy_from_guest(void *to, gva_t from, size_t size)
{
	if (!is_mapped(from, size))
		return -EFAULT;
	memcpy(to, (const void *)from.va, size);
	return 0;
}

int copy_to_guest(gva_t to, const void *from, size_t size)
{
	if (!is_mapped(to, size))
		return -EFAULT;
	memcpy((void *)to.va, from, size);
	return 0;
}

uint64_t *mmu_find_l1(struct vcpu *v, uint64_t va)
{
	static uint64_t entry = TABLE_MFN << PAGE_SHIFT | PTE_P | PTE_US;

	CHECK(v == &machine_vcpu);
	return va / PAGE_SIZE == REALCPU_DATA / PAGE_SIZE ? &entry : NULL;
}

int pt_set_l1(struct domain *d, struct domain *target, uint64_t *entry,
	uint64_t pte, enum pt_how how, uint64_t old)
{
	CHECK(d == target && how == PT_COMPARE && *entry == old);
	CHECK(entry >= machine_table &&
		entry < machine_table + PAGE_SIZE / sizeof(*entry));
	*entry = pte;
	return 0;
}

int mmu_new_kernel_root(struct vcpu *v, mfn_t root)
{
	CHECK(v == &machine_vcpu);
	return root.n & 2 ? -EINVAL : root.n & 1 ? -ERESTART : 0;
}

/* No frame is the domain's to write. */
int hypercall_page_install(struct domain *d, mfn_t)
{
	CHECK(d == &machine_domain);
	return -EINVAL;
}

void *heap_alloc(size_t size)
{
	return calloc(1, size);
}

void heap_free(void *object)
{
	free(object);
}

/* The CPU */

void cpuid_guest(const struct vcpu *v, uint32_t leaf, uint32_t subleaf,
	struct cpuid *out)
{
	CHECK(v == &machine_vcpu);
	*out = (struct cpuid){ leaf, subleaf, 1, 2 };
}

uint64_t rdtsc(void)
{
	return 0x123456789abcdefull;
}

uint64_t rdmsr(uint32_t msr)
{
	return msr;
}

void wrmsr(uint32_t msr, uint64_t value)
{
	CHECK(msr == MSR_FS_BASE || msr == MSR_GS_BASE ||
		msr == MSR_KERNEL_GS_BASE || msr == MSR_TSC_AUX);
	CHECK(is_canonical(value));
	CHECK(msr != MSR_TSC_AUX || !(value >> 32));
}

uint64_t read_cr0(void)
{
	return 0x80050033;
}

void wbinvd(void)
{
	panic("a guest without devices flushes caches\n");
}

void context_load_cr4(const struct vcpu *v)
{
	CHECK(!(v->cr4 & ~(uint64_t)(CR4_TSD | CR4_DE | CR4_FSGSBASE |
		CR4_OSXSAVE)));
}

/* Traps */

void irq_enable(void)
{
}

void deliver_trap(struct regs *regs, uint8_t vector, int32_t error)
{
	(void)regs;
	CHECK(vector == TRAP_INVALID_OP && error == NO_ERROR_CODE);
	machine_delivered = true;
}

/* Devices */

static void check_port(uint16_t port, unsigned size)
{
	CHECK(size == 1 || size == 2 || size == 4);
	CHECK(port >= MACHINE_PORT &&
		port + size <= MACHINE_PORT + MACHINE_PORTS);
}

uint32_t port_read(uint16_t port, unsigned size)
{
	check_port(port, size);
	return (uint32_t)take(&machine_input, size);
}

void port_write(uint16_t port, unsigned size, uint32_t value)
{
	(void)value;
	check_port(port, size);
}

void outb(uint16_t port, uint8_t value)
{
	panic("port %x = %x\n", port, value);
}

uint32_t pci_config_read(uint32_t address, unsigned size)
{
	panic("PCI %x, %u\n", address, size);
}

void pci_config_write(uint32_t address, unsigned size, uint32_t value)
{
	panic("PCI %x, %u = %x\n", address, size, value);
}
