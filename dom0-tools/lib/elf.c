/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF64 reader for PV kernels. Notes are looked for in PT_NOTE segments, then
 * in SHT_NOTE sections, then a __xen_guest section is accepted. A kernel that
 * has none of them is no PV kernel, and the message says what it is instead.
 */
#include "lib/elf.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "xen/elfnote.h"

#define MEMORY_LIMIT (1ULL << 40)
#define PAGE 4096ULL

struct reader {
	struct pv_kernel *kernel;
	const uint8_t *image;
	size_t size;
	const char *name;
	struct error *error;
	const Elf64_Ehdr *head;
	unsigned nr_notes; /* Xen's, found so far */
	bool have_entry;   /* a note gave one */
	bool pvh;          /* an entry for hardware-assisted guests */
};

static int refuse(struct reader *r, int code, const char *what)
{
	return error_set(r->error, code, "%s: %s", r->name, what);
}

static bool inside(const struct reader *r, uint64_t offset, uint64_t size)
{
	return offset <= r->size && size <= r->size - offset;
}

static const Elf64_Phdr *segments(const struct reader *r)
{
	return (const void *)(r->image + r->head->e_phoff);
}

static const Elf64_Shdr *sections(const struct reader *r)
{
	return (const void *)(r->image + r->head->e_shoff);
}

static int check_head(struct reader *r)
{
	const Elf64_Ehdr *head = (const void *)r->image;

	r->head = head;
	if (r->size < sizeof(*head) || memcmp(head->e_ident, ELFMAG, SELFMAG))
		return refuse(r, ENOEXEC, "not a PV kernel: no ELF file");
	if (head->e_ident[EI_CLASS] != ELFCLASS64 ||
		head->e_machine != EM_X86_64) {
		error_hint(r->error, "32-bit guests are not supported; use "
				     "the distribution's amd64 kernel");
		return refuse(r, ENOEXEC, "not a 64-bit x86 kernel");
	}
	if (head->e_phentsize != sizeof(Elf64_Phdr) ||
		!inside(r, head->e_phoff,
			(uint64_t)head->e_phnum * sizeof(Elf64_Phdr)) ||
		head->e_phoff % 8)
		return refuse(r, ENOEXEC, "damaged ELF program headers");
	if (head->e_shnum &&
		(head->e_shentsize != sizeof(Elf64_Shdr) ||
			!inside(r, head->e_shoff,
				(uint64_t)head->e_shnum * sizeof(Elf64_Shdr)) ||
			head->e_shoff % 8 || head->e_shstrndx >= head->e_shnum))
		return refuse(r, ENOEXEC, "damaged ELF section headers");
	return 0;
}

static void take_string(
	char text[static 32], const uint8_t *data, uint32_t size)
{
	snprintf(text, 32, "%.*s", (int)(size < 31 ? size : 31), data);
}

static int take_note(
	struct reader *r, uint32_t type, const uint8_t *data, uint32_t size)
{
	struct pv_kernel *kernel = r->kernel;
	uint64_t number = 0;

	if (size <= 8)
		memcpy(&number, data, size);
	r->nr_notes++;
	switch (type) {
	case XEN_ELFNOTE_ENTRY:
		kernel->entry = number;
		r->have_entry = true;
		return 0;
	case XEN_ELFNOTE_HYPERCALL_PAGE:
		kernel->hypercall_page = number;
		return 0;
	case XEN_ELFNOTE_VIRT_BASE:
		kernel->virt_base = number;
		return 0;
	case XEN_ELFNOTE_PADDR_OFFSET:
		kernel->paddr_offset = number;
		return 0;
	case XEN_ELFNOTE_INIT_P2M:
		kernel->init_p2m = number;
		return 0;
	case XEN_ELFNOTE_MOD_START_PFN:
		kernel->unmapped_initrd = number != 0;
		return 0;
	case XEN_ELFNOTE_PHYS32_ENTRY:
		r->pvh = true;
		return 0;
	case XEN_ELFNOTE_GUEST_OS:
		take_string(kernel->guest_os, data, size);
		return 0;
	case XEN_ELFNOTE_GUEST_VERSION:
		take_string(kernel->guest_version, data, size);
		return 0;
	case XEN_ELFNOTE_LOADER:
		take_string(kernel->loader, data, size);
		return 0;
	case XEN_ELFNOTE_XEN_VERSION:
		take_string(kernel->xen_version, data, size);
		return 0;
	}
	return 0;
}

static int read_notes(struct reader *r, uint64_t offset, uint64_t size)
{
	const uint8_t *at;

	if (!inside(r, offset, size) || offset % 4)
		return refuse(r, ENOEXEC, "damaged ELF notes");
	at = r->image + offset;
	while (size >= sizeof(Elf64_Nhdr)) {
		const Elf64_Nhdr *note = (const void *)at;
		const uint64_t name = (note->n_namesz + 3ULL) & ~3ULL;
		const uint64_t data = (note->n_descsz + 3ULL) & ~3ULL;

		if (sizeof(*note) + name + note->n_descsz > size)
			return refuse(r, ENOEXEC, "damaged ELF notes");
		at += sizeof(*note);
		if (note->n_namesz == 4 && !memcmp(at, "Xen", 4))
			take_note(r, note->n_type, at + name, note->n_descsz);
		at += name + data;
		if (sizeof(*note) + name + data >= size)
			break;
		size -= sizeof(*note) + name + data;
	}
	return 0;
}

static int find_notes(struct reader *r)
{
	for (unsigned i = 0; i < r->head->e_phnum; i++) {
		const Elf64_Phdr *segment = segments(r) + i;

		if (segment->p_type == PT_NOTE &&
			read_notes(r, segment->p_offset, segment->p_filesz))
			return -ENOEXEC;
	}
	for (unsigned i = 0; !r->nr_notes && i < r->head->e_shnum; i++) {
		const Elf64_Shdr *section = sections(r) + i;

		if (section->sh_type == SHT_NOTE &&
			read_notes(r, section->sh_offset, section->sh_size))
			return -ENOEXEC;
	}
	return 0;
}

/* The text of the __xen_guest section, or NULL. Free it. */
static char *guest_section(struct reader *r)
{
	static const char wanted[] = "__xen_guest";
	const Elf64_Shdr *names;

	if (!r->head->e_shnum)
		return NULL;
	names = sections(r) + r->head->e_shstrndx;
	if (!inside(r, names->sh_offset, names->sh_size))
		return NULL;
	for (unsigned i = 0; i < r->head->e_shnum; i++) {
		const Elf64_Shdr *section = sections(r) + i;

		if (names->sh_size < sizeof(wanted) ||
			section->sh_name > names->sh_size - sizeof(wanted) ||
			memcmp(r->image + names->sh_offset + section->sh_name,
				wanted, sizeof(wanted)) ||
			!inside(r, section->sh_offset, section->sh_size))
			continue;
		return strndup((const char *)r->image + section->sh_offset,
			section->sh_size);
	}
	return NULL;
}

/* One KEY=value of the old form. HYPERCALL_PAGE is a page number. */
static void take_pair(struct reader *r, const char *key, const char *value,
	uint64_t *hypercall_pfn)
{
	struct pv_kernel *kernel = r->kernel;
	const uint64_t number = strtoull(value, NULL, 0);
	const uint8_t *text = (const void *)value;

	if (!strcmp(key, "VIRT_BASE"))
		kernel->virt_base = number;
	else if (!strcmp(key, "ELF_PADDR_OFFSET"))
		kernel->paddr_offset = number;
	else if (!strcmp(key, "VIRT_ENTRY")) {
		kernel->entry = number;
		r->have_entry = true;
	} else if (!strcmp(key, "HYPERCALL_PAGE"))
		*hypercall_pfn = number;
	else if (!strcmp(key, "GUEST_OS"))
		take_string(kernel->guest_os, text, strlen(value));
	else if (!strcmp(key, "GUEST_VER"))
		take_string(kernel->guest_version, text, strlen(value));
	else if (!strcmp(key, "LOADER"))
		take_string(kernel->loader, text, strlen(value));
	else if (!strcmp(key, "XEN_VER"))
		take_string(kernel->xen_version, text, strlen(value));
}

static void read_legacy(struct reader *r, char *text)
{
	struct pv_kernel *kernel = r->kernel;
	uint64_t hypercall_pfn = PV_KERNEL_NONE;
	char *save = NULL;

	kernel->legacy = true;
	for (char *pair = strtok_r(text, ",", &save); pair;
		pair = strtok_r(NULL, ",", &save)) {
		char *value = strchr(pair, '=');

		if (value)
			*value++ = 0;
		take_pair(r, pair, value ? value : "", &hypercall_pfn);
	}
	if (kernel->virt_base == PV_KERNEL_NONE)
		kernel->virt_base = 0;
	if (kernel->paddr_offset == PV_KERNEL_NONE)
		kernel->paddr_offset = kernel->virt_base;
	if (hypercall_pfn < MEMORY_LIMIT / PAGE)
		kernel->hypercall_page =
			kernel->virt_base + hypercall_pfn * PAGE;
}

static int read_parameters(struct reader *r)
{
	struct pv_kernel *kernel = r->kernel;
	char *text;

	if (find_notes(r))
		return -ENOEXEC;
	text = r->nr_notes ? NULL : guest_section(r);
	if (!r->nr_notes && !text) {
		error_hint(r->error,
			"a Linux kernel needs CONFIG_XEN_PV=y, "
			"as Debian's amd64 and cloud-amd64 kernels have it");
		return refuse(r, ENOEXEC,
			"not a PV kernel: it carries no "
			"Xen notes");
	}
	if (text)
		read_legacy(r, text);
	free(text);
	if (!text && !r->have_entry && r->pvh)
		return refuse(r, ENOEXEC,
			"not a PV kernel: it can only start "
			"as a PVH guest");
	if (kernel->virt_base == PV_KERNEL_NONE)
		kernel->virt_base = 0;
	if (kernel->paddr_offset == PV_KERNEL_NONE)
		kernel->paddr_offset = 0;
	if (!r->have_entry)
		kernel->entry = r->head->e_entry;
	if (*kernel->loader && strcmp(kernel->loader, "generic"))
		return refuse(r, ENOEXEC, "wants a loader other than generic");
	if (*kernel->xen_version && strcmp(kernel->xen_version, "xen-3.0"))
		return refuse(r, ENOEXEC,
			"was built for another interface "
			"than xen-3.0");
	return 0;
}

static int take_segment(struct reader *r, const Elf64_Phdr *from)
{
	struct pv_kernel *kernel = r->kernel;
	const uint64_t start = from->p_paddr - kernel->paddr_offset;
	struct pv_segment *to = &kernel->segment[kernel->nr_segments];

	if (kernel->nr_segments == PV_KERNEL_SEGMENTS)
		return refuse(r, ENOEXEC, "too many segments");
	if (!inside(r, from->p_offset, from->p_filesz) ||
		from->p_filesz > from->p_memsz || start >= MEMORY_LIMIT ||
		from->p_memsz > MEMORY_LIMIT - start)
		return refuse(r, ENOEXEC,
			"a segment is outside the file or "
			"outside of memory; the kernel is damaged");
	*to = (struct pv_segment){start, from->p_memsz,
		r->image + from->p_offset, from->p_filesz};
	if (start < kernel->start)
		kernel->start = start;
	if (start + from->p_memsz > kernel->end)
		kernel->end = start + from->p_memsz;
	kernel->nr_segments++;
	return 0;
}

/* Addresses that we will compute with must not wrap. */
static int check_addresses(struct reader *r)
{
	const struct pv_kernel *kernel = r->kernel;
	const uint64_t base = kernel->virt_base;
	const uint64_t entry = kernel->entry - base;
	const uint64_t page = kernel->hypercall_page - base;

	if (base % PAGE || base + kernel->end + (64 << 20) < base)
		return refuse(r, ENOEXEC, "impossible VIRT_BASE");
	if (entry < kernel->start || entry >= kernel->end)
		return refuse(r, ENOEXEC,
			"entry point lies outside the "
			"kernel");
	if (kernel->hypercall_page != PV_KERNEL_NONE &&
		(page % PAGE || page < (kernel->start & ~(PAGE - 1)) ||
			page >= kernel->end))
		return refuse(r, ENOEXEC,
			"hypercall page lies outside the "
			"kernel");
	if (kernel->init_p2m != PV_KERNEL_NONE && kernel->init_p2m % PAGE)
		return refuse(r, ENOEXEC, "impossible INIT_P2M");
	return 0;
}

int pv_kernel_parse(struct pv_kernel *kernel, const uint8_t *image, size_t size,
	const char *name, struct error *error)
{
	struct reader r = {.kernel = kernel,
		.image = image,
		.size = size,
		.name = name,
		.error = error};
	int rc;

	*kernel = (struct pv_kernel){.start = UINT64_MAX,
		.virt_base = PV_KERNEL_NONE,
		.paddr_offset = PV_KERNEL_NONE,
		.hypercall_page = PV_KERNEL_NONE,
		.init_p2m = PV_KERNEL_NONE};
	rc = check_head(&r);
	if (!rc)
		rc = read_parameters(&r);
	for (unsigned i = 0; !rc && i < r.head->e_phnum; i++)
		if (segments(&r)[i].p_type == PT_LOAD &&
			segments(&r)[i].p_memsz)
			rc = take_segment(&r, segments(&r) + i);
	if (!rc && !kernel->nr_segments)
		rc = refuse(&r, ENOEXEC, "nothing to load");
	return rc ? rc : check_addresses(&r);
}
