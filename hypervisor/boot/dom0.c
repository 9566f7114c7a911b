/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dom0's memory as ABI surface 1.4 orders it. In page frame numbers:
 *
 *	0 ..		gap, kernel (by paddr), initrd and p2m if the kernel
 *			wants them mapped here
 *	start_info, page tables (first the L4), stack
 *	.. v_end	at least 512 KiB more, to a multiple of 4 MiB
 *	initrd, p2m list and its own page tables, if not above
 *	.. nr_pages	the rest
 *
 * [0, v_end) is mapped linearly from VIRT_BASE, page tables read-only. The
 * p2m list is mapped at INIT_P2M if the kernel names one.
 */
#include "boot/dom0.h"

#include "boot/acpi.h"
#include "boot/boot.h"
#include "boot/cmdline.h"
#include "boot/elf.h"
#include "boot/memory.h"
#include "core/console.h"
#include "core/domain.h"
#include "core/vcpu.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/rangeset.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/mmu.h"
#include "mm/ptcheck.h"
#include "pv/hypercall.h"
#include "x86/apic.h"
#include "x86/cpu.h"
#include "x86/desc.h"
#include "x86/ioapic.h"
#include "x86/irq.h"

#define MiB ((uint64_t)1 << 20)
#define GiB ((uint64_t)1 << 30)
#define PADDING (512 * 1024ull)
#define ALIGNMENT (4 * MiB)
#define CHUNKS_MAX 512
#define CHUNK_ORDER 18
#define TABLE_FLAGS (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)

struct builder {
	struct domain *d;
	struct elf_image image;
	const struct boot_module *kernel, *initrd;

	uint64_t nr_pages;
	unsigned nr_chunks;
	struct {
		uint64_t pfn, nr;
		mfn_t mfn;
	} chunk[CHUNKS_MAX];

	/* The layout, in frame numbers */
	uint64_t initrd_pfn, initrd_pages;
	uint64_t p2m_pfn, p2m_pages, p2m_tables;
	uint64_t info_pfn, tables_pfn, nr_tables, stack_pfn, v_end_pfn;

	/* Page tables are handed out from here */
	uint64_t next_table, end_table;
};

static struct builder builder;

static uint64_t pages_of(uint64_t bytes)
{
	return (bytes + PAGE_MASK) >> PAGE_SHIFT;
}

/* How much memory: dom0_mem=, else 1 GiB and a tenth, at most half. */
static uint64_t choose_size(void)
{
	const uint64_t free = buddy_free_pages() << PAGE_SHIFT;
	uint64_t size = GiB + memory_ram_bytes() / 10;

	if (size > free / 2)
		size = free / 2;
	if (options.dom0_mem)
		size = options.dom0_mem;
	if (size < options.dom0_mem_min)
		size = options.dom0_mem_min;
	if (options.dom0_mem_max && size > options.dom0_mem_max)
		size = options.dom0_mem_max;
	if (size > free)
		panic("dom0_mem=%luM, but only %lu MiB are free",
			size / MiB, free / MiB);
	return size >> PAGE_SHIFT;
}

static void allocate(struct builder *b)
{
	unsigned order = CHUNK_ORDER;
	uint64_t pfn = 0;

	while (pfn < b->nr_pages) {
		mfn_t mfn;

		while (1ull << order > b->nr_pages - pfn)
			order--;
		if (frame_alloc(b->d, order, 0, pfn, &mfn)) {
			if (!order--)
				panic("no memory for dom0");
			continue;
		}
		if (b->nr_chunks == CHUNKS_MAX)
			panic("memory is too fragmented for dom0");
		b->chunk[b->nr_chunks].pfn = pfn;
		b->chunk[b->nr_chunks].nr = 1ull << order;
		b->chunk[b->nr_chunks].mfn = mfn;
		b->nr_chunks++;
		pfn += 1ull << order;
	}
}

static mfn_t mfn_of(const struct builder *b, uint64_t pfn)
{
	for (unsigned i = 0; i < b->nr_chunks; i++)
		if (pfn - b->chunk[i].pfn < b->chunk[i].nr)
			return MFN(b->chunk[i].mfn.n + pfn - b->chunk[i].pfn);
	panic("dom0 has no page %#lx of %#lx", pfn, b->nr_pages);
}

static void *page_of(const struct builder *b, uint64_t pfn)
{
	return mfn_direct(mfn_of(b, pfn));
}

/* Copy to a pseudo-physical address, or clear if from is NULL. */
static void fill(const struct builder *b, uint64_t paddr, const void *from,
	uint64_t size)
{
	while (size) {
		const uint64_t offset = paddr & PAGE_MASK;
		const uint64_t n = size < PAGE_SIZE - offset ?
			size : PAGE_SIZE - offset;
		char *const to =
			(char *)page_of(b, paddr >> PAGE_SHIFT) + offset;

		if (from)
			memcpy(to, from, n);
		else
			memset(to, 0, n);
		from = from ? (const char *)from + n : NULL;
		paddr += n;
		size -= n;
	}
}

/* Tables of level 1 to 3 for the pages [va, end). */
static uint64_t tables_for(uint64_t va, uint64_t end)
{
	uint64_t nr = 0;

	for (unsigned shift = 21; shift <= 39; shift += 9)
		nr += ((end - 1) >> shift) - (va >> shift) + 1;
	return nr;
}

static void plan(struct builder *b)
{
	const uint64_t base = b->image.virt_base;
	uint64_t pfn = pages_of(b->image.end);
	uint64_t end;

	b->p2m_pages = pages_of(b->nr_pages * 8);
	if (b->initrd) {
		b->initrd_pages = pages_of(b->initrd->end - b->initrd->start);
		if (!b->image.mod_start_pfn) {
			b->initrd_pfn = pfn;
			pfn += b->initrd_pages;
		}
	}
	if (!b->image.has_init_p2m) {
		b->p2m_pfn = pfn;
		pfn += b->p2m_pages;
	}
	b->info_pfn = pfn++;
	b->tables_pfn = pfn;
	/* More tables need more room, which may need more tables. */
	for (b->nr_tables = 0;; b->nr_tables++) {
		end = (pfn + b->nr_tables + 1) * PAGE_SIZE + PADDING;
		end = (base + end + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT -
			base;
		if (b->nr_tables >= 1 + tables_for(base, base + end))
			break;
	}
	b->stack_pfn = pfn + b->nr_tables;
	b->v_end_pfn = end >> PAGE_SHIFT;
	pfn = b->v_end_pfn;
	if (b->initrd && b->image.mod_start_pfn) {
		b->initrd_pfn = pfn;
		pfn += b->initrd_pages;
	}
	if (b->image.has_init_p2m) {
		b->p2m_pfn = pfn;
		b->p2m_tables = tables_for(b->image.init_p2m,
			b->image.init_p2m + b->p2m_pages * PAGE_SIZE);
		pfn += b->p2m_pages + b->p2m_tables;
	}
	if (pfn > b->nr_pages)
		panic("dom0 needs %lu MiB, more than dom0_mem (%lu MiB)",
			pfn / (MiB / PAGE_SIZE),
			b->nr_pages / (MiB / PAGE_SIZE));
}

/* Page tables */

static uint64_t *descend(struct builder *b, uint64_t *entry)
{
	if (!(*entry & PTE_P)) {
		ASSERT(b->next_table < b->end_table);
		memset(page_of(b, b->next_table), 0, PAGE_SIZE);
		*entry = mfn_paddr(mfn_of(b, b->next_table++)) | TABLE_FLAGS;
	}
	return mfn_direct(pte_mfn(*entry));
}

static void map(struct builder *b, uint64_t va, uint64_t pfn, bool writable)
{
	uint64_t *table = page_of(b, b->tables_pfn);

	for (unsigned shift = 39; shift > 12; shift -= 9)
		table = descend(b, &table[va >> shift & 511]);
	table[va >> 12 & 511] = mfn_paddr(mfn_of(b, pfn)) |
		(writable ? TABLE_FLAGS : TABLE_FLAGS & ~PTE_RW);
}

static void build_tables(struct builder *b)
{
	memset(page_of(b, b->tables_pfn), 0, PAGE_SIZE);
	b->next_table = b->tables_pfn + 1;
	b->end_table = b->tables_pfn + b->nr_tables;
	for (uint64_t pfn = 0; pfn < b->v_end_pfn; pfn++)
		map(b, b->image.virt_base + pfn * PAGE_SIZE, pfn,
			pfn - b->tables_pfn >= b->nr_tables);
	if (!b->image.has_init_p2m)
		return;
	b->next_table = b->p2m_pfn + b->p2m_pages;
	b->end_table = b->next_table + b->p2m_tables;
	for (uint64_t i = 0; i < b->p2m_pages; i++)
		map(b, b->image.init_p2m + i * PAGE_SIZE, b->p2m_pfn + i,
			true);
}

/* Contents */

static void load_kernel(struct builder *b)
{
	const struct elf_image *const image = &b->image;

	for (unsigned i = 0; i < image->nr_segments; i++) {
		const uint64_t size = image->segment[i].file_size;
		const uint64_t paddr = image->segment[i].paddr;

		fill(b, paddr, image->segment[i].data, size);
		fill(b, paddr + size, NULL,
			image->segment[i].memory_size - size);
	}
	if (image->has_hypercall_page)
		hypercall_page_write(page_of(b,
			(image->hypercall_page - image->virt_base) >>
				PAGE_SHIFT));
}

static void write_p2m(struct builder *b)
{
	for (uint64_t page = 0; page < b->p2m_pages; page++) {
		uint64_t *const list = page_of(b, b->p2m_pfn + page);

		for (unsigned i = 0; i < 512; i++) {
			const uint64_t pfn = page * 512 + i;

			list[i] = pfn < b->nr_pages ? mfn_of(b, pfn).n : ~0ull;
		}
	}
}

/* The screen that is left to dom0, behind start_info in its page. */
static uint32_t write_screen(struct dom0_vga_console_info *info)
{
	const struct boot_screen *const s = &boot_info.screen;

	memset(info, 0, sizeof(*info));
	if (!s->present)
		return 0;
	if (s->text) {
		info->video_type = XEN_VGATYPE_TEXT_MODE_3;
		info->u.text_mode_3.font_height = 16;
		info->u.text_mode_3.rows = (uint16_t)s->height;
		info->u.text_mode_3.columns = (uint16_t)s->width;
		info->u.text_mode_3.cursor_y = (uint16_t)(s->height - 1);
		return sizeof(*info);
	}
	info->video_type = boot_info.efi_system_table ? XEN_VGATYPE_EFI_LFB :
							XEN_VGATYPE_VESA_LFB;
	info->u.vesa_lfb.width = (uint16_t)s->width;
	info->u.vesa_lfb.height = (uint16_t)s->height;
	info->u.vesa_lfb.bytes_per_line = (uint16_t)s->pitch;
	info->u.vesa_lfb.bits_per_pixel = s->depth;
	info->u.vesa_lfb.lfb_base = (uint32_t)s->address;
	info->u.vesa_lfb.ext_lfb_base = (uint32_t)(s->address >> 32);
	info->u.vesa_lfb.lfb_size =
		(s->pitch * s->height + 0xffff) >> 16;
	info->u.vesa_lfb.red_pos = s->colour[0].pos;
	info->u.vesa_lfb.red_size = s->colour[0].size;
	info->u.vesa_lfb.green_pos = s->colour[1].pos;
	info->u.vesa_lfb.green_size = s->colour[1].size;
	info->u.vesa_lfb.blue_pos = s->colour[2].pos;
	info->u.vesa_lfb.blue_size = s->colour[2].size;
	return sizeof(*info);
}

/* Linux looks for the ACPI root in the BIOS area or asks EFI, which nobody
 * offers it here: name the address where it could not find it. */
static void write_command_line(struct builder *b, struct start_info *info)
{
	const paddr_t rsdp = acpi_info.rsdp;
	char *const line = (char *)info->cmd_line;
	const char *const own = b->kernel->line;
	const bool hidden = rsdp && (rsdp < 0xe0000 || rsdp >= 0x100000);

	if (hidden && !strstr(own, "acpi_rsdp="))
		format_string(line, sizeof(info->cmd_line), "%s acpi_rsdp=%#lx",
			own, rsdp);
	else
		string_copy(line, own, sizeof(info->cmd_line));
}

static void write_start_info(struct builder *b)
{
	const uint64_t base = b->image.virt_base;
	struct start_info *const info = page_of(b, b->info_pfn);

	memset(info, 0, PAGE_SIZE);
	string_copy(info->magic, "xen-3.0-x86_64", sizeof(info->magic));
	info->nr_pages = b->nr_pages;
	info->shared_info = direct_paddr(b->d->shared);
	info->flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
	info->pt_base = base + b->tables_pfn * PAGE_SIZE;
	info->nr_pt_frames = b->nr_tables;
	info->mfn_list = base + b->p2m_pfn * PAGE_SIZE;
	if (b->image.has_init_p2m) {
		info->mfn_list = b->image.init_p2m;
		info->first_p2m_pfn = b->p2m_pfn;
		info->nr_p2m_frames = b->p2m_pages + b->p2m_tables;
	}
	if (b->initrd) {
		info->mod_len = b->initrd->end - b->initrd->start;
		info->mod_start = base + b->initrd_pfn * PAGE_SIZE;
		if (b->image.mod_start_pfn) {
			info->mod_start = b->initrd_pfn;
			info->flags |= SIF_MOD_START_PFN;
		}
	}
	info->console.dom0.info_off = sizeof(*info);
	info->console.dom0.info_size = write_screen((void *)(info + 1));
	write_command_line(b, info);
	memset(page_of(b, b->stack_pfn), 0, PAGE_SIZE);
}

/* Permissions (ABI surface 4.6, 8.3) */

static void permit_ports(struct domain *d)
{
	static const struct range ours[] = {
		{ 0x20, 0x21 }, { 0xa0, 0xa1 }, /* interrupt controllers */
		{ 0x40, 0x41 }, { 0x43, 0x43 }, /* timer; 2 is dom0's */
	};
	uint16_t serial;
	unsigned nr_serial;

	rangeset_add(d->ioports, 0, 0xffff);
	for (unsigned i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		rangeset_remove(d->ioports, ours[i].first, ours[i].last);
	if (console_ports(&serial, &nr_serial))
		rangeset_remove(d->ioports, serial, serial + nr_serial - 1u);
}

static void permit_frames(struct domain *d)
{
	const uint64_t local = apic_address() >> PAGE_SHIFT;

	rangeset_add(d->iomem, 0,
		(1ull << (cpu_info.physical_bits - PAGE_SHIFT)) - 1);
	/* Messages of devices: a write there is an interrupt of any kind. */
	rangeset_remove(d->iomem, 0xfee00, 0xfeeff);
	rangeset_remove(d->iomem, local, local);
	for (unsigned i = 0; i < ioapic_count(); i++)
		rangeset_remove(d->iomem, ioapic_address(i) >> PAGE_SHIFT,
			ioapic_address(i) >> PAGE_SHIFT);
	rangeset_add(d->irqs, 0, PIRQS_MAX - 1);
}

/* Start */

static void pin_tables(struct builder *b, struct vcpu *v)
{
	const mfn_t root = mfn_of(b, b->tables_pfn);
	int rc;

	do {
		rc = pt_settle();
		if (rc)
			continue;
		spin_lock(&b->d->pt_lock);
		rc = pt_pin(b->d, root, 4);
		spin_unlock(&b->d->pt_lock);
	} while (rc == -ERESTART);
	if (!rc)
		rc = mmu_set_roots(v, root, MFN_NONE);
	if (rc)
		panic("dom0's page tables are refused: error %d", -rc);
}

static void set_registers(struct builder *b, struct vcpu *v)
{
	const uint64_t base = b->image.virt_base;

	v->regs.rip = b->image.entry;
	v->regs.cs = SEL_USER_CS64;
	v->regs.ss = SEL_USER_DS;
	v->regs.rsp = base + (b->stack_pfn + 1) * PAGE_SIZE;
	v->regs.rsi = base + b->info_pfn * PAGE_SIZE;
	v->regs.rflags = RFLAGS_IF | RFLAGS_RESERVED1;
	v->kernel_mode = true;
	v->initialised = true;
	vcpu_up(v);
}

static void create(struct builder *b)
{
	struct domain_config config = {
		.privileged = true,
		.max_vcpus = options.dom0_max_vcpus ? options.dom0_max_vcpus :
						      nr_cpus,
		.max_grant_frames = -1,
		.max_maptrack_frames = -1,
	};

	if (config.max_vcpus > DOMAIN_VCPUS_MAX)
		config.max_vcpus = DOMAIN_VCPUS_MAX;
	if (domain_create(0, &config, &b->d))
		panic("dom0 cannot be created");
	b->nr_pages = choose_size();
	b->d->max_pages = b->nr_pages;
	if (options.dom0_mem_max >> PAGE_SHIFT > b->nr_pages)
		b->d->max_pages = options.dom0_mem_max >> PAGE_SHIFT;
	for (unsigned i = 0; i < config.max_vcpus; i++)
		if (!vcpu_create(b->d, i))
			panic("vCPU %u of dom0 cannot be created", i);
}

void dom0_build(void)
{
	struct builder *const b = &builder;
	const char *error;

	if (boot_info.nr_modules < 1)
		panic("the boot loader brought no dom0 kernel (module 1)");
	b->kernel = &boot_info.module[0];
	b->initrd = boot_info.nr_modules > 1 ? &boot_info.module[1] : NULL;
	error = elf_parse(&b->image, direct(b->kernel->start),
		b->kernel->end - b->kernel->start);
	if (!error && !b->image.dom0_capable)
		error = "it cannot be dom0 (no SUPPORTED_FEATURES bit 11)";
	if (error)
		panic("dom0 kernel: %s", error);
	create(b);
	plan(b);
	allocate(b);
	load_kernel(b);
	if (b->initrd)
		fill(b, b->initrd_pfn << PAGE_SHIFT, direct(b->initrd->start),
			b->initrd->end - b->initrd->start);
	write_p2m(b);
	write_start_info(b);
	build_tables(b);
	pin_tables(b, b->d->vcpu[0]);
	permit_ports(b->d);
	permit_frames(b->d);
	set_registers(b, b->d->vcpu[0]);
	for (unsigned i = 0; i < boot_info.nr_modules; i++)
		memory_release(
			boot_info.module[i].start, boot_info.module[i].end);
	log_info("d0: %lu MiB, %u vCPUs, kernel at %#lx, entry %#lx",
		b->nr_pages / (MiB / PAGE_SIZE), b->d->max_vcpus,
		b->image.virt_base + b->image.start, b->image.entry);
	console_release_screen();
	domain_unpause(b->d);
}
