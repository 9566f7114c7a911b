/* SPDX-License-Identifier: BSD-2-Clause */
/* See elf.h. Structures from the System V ABI, chapter 4 and 5 (ELF-64). */
#include "boot/elf.h"

#include "lib/string.h"
#include "xen/elfnote.h"

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct program_header {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

struct note {
	uint32_t name_size, desc_size, type;
};

#define ET_EXEC 2
#define ET_DYN 3
#define EM_X86_64 62
#define PT_LOAD 1
#define PT_NOTE 4

struct file {
	const uint8_t *data;
	size_t size;
};

/* size bytes at offset, or NULL if they are not all in the file. */
static const void *at(const struct file *f, uint64_t offset, uint64_t size)
{
	if (offset > f->size || size > f->size - offset)
		return NULL;
	return f->data + offset;
}

static const char *check_header(const struct file *f, struct elf_header *h)
{
	static const uint8_t magic[] = { 0x7f, 'E', 'L', 'F', 2, 1 };
	const uint8_t *const bytes = f->data;

	/* A bzImage has this at 0x202 (Linux boot protocol). */
	if (f->size > 0x206 && memcmp(bytes + 0x202, "HdrS", 4) == 0)
		return "it is a compressed kernel (bzImage); unpack it with "
		       "`shoji unpack-kernel` and load the vmlinux";
	if (f->size < sizeof(*h) || memcmp(bytes, magic, sizeof(magic)) != 0)
		return "it is not a 64-bit ELF file";
	memcpy(h, bytes, sizeof(*h));
	if (h->machine != EM_X86_64)
		return "it is not for x86-64";
	if (h->type != ET_EXEC && h->type != ET_DYN)
		return "it is not an executable ELF file";
	if (h->phentsize != sizeof(struct program_header))
		return "its program headers have an unknown size";
	if (!at(f, h->phoff, (uint64_t)h->phnum * h->phentsize))
		return "its program headers lie outside the file";
	return NULL;
}

static const char *add_segment(struct elf_image *image, const struct file *f,
	const struct program_header *p)
{
	const unsigned n = image->nr_segments;

	if (!p->memsz)
		return NULL;
	if (n == ELF_SEGMENTS_MAX)
		return "it has too many segments";
	if (p->filesz > p->memsz || !at(f, p->offset, p->filesz))
		return "a segment lies outside the file";
	if (p->paddr + p->memsz < p->paddr)
		return "a segment wraps around the end of memory";
	image->segment[n].paddr = p->paddr;
	image->segment[n].memory_size = p->memsz;
	image->segment[n].data = at(f, p->offset, p->filesz);
	image->segment[n].file_size = p->filesz;
	image->nr_segments++;
	if (p->paddr < image->start)
		image->start = p->paddr;
	if (p->paddr + p->memsz > image->end)
		image->end = p->paddr + p->memsz;
	return NULL;
}

static void read_note(struct elf_image *image, uint32_t type, const void *desc,
	uint32_t size)
{
	uint64_t value = 0;

	/* A number note has 4 or 8 bytes. */
	memcpy(&value, desc, size < sizeof(value) ? size : sizeof(value));
	switch (type) {
	case XEN_ELFNOTE_ENTRY:
		image->entry = value;
		image->pv = true;
		break;
	case XEN_ELFNOTE_VIRT_BASE:
		image->virt_base = value;
		break;
	case XEN_ELFNOTE_PADDR_OFFSET:
		image->paddr_offset = value;
		break;
	case XEN_ELFNOTE_HYPERCALL_PAGE:
		image->has_hypercall_page = true;
		image->hypercall_page = value;
		break;
	case XEN_ELFNOTE_INIT_P2M:
		image->has_init_p2m = true;
		image->init_p2m = value;
		break;
	case XEN_ELFNOTE_MOD_START_PFN:
		image->mod_start_pfn = value != 0;
		break;
	case XEN_ELFNOTE_SUPPORTED_FEATURES:
		image->dom0_capable = value >> 11 & 1;
		break;
	case XEN_ELFNOTE_GUEST_OS:
		image->pv = true;
		break;
	}
}

static uint64_t align4(uint64_t n)
{
	return (n + 3) & ~3ull;
}

static const char *read_notes(struct elf_image *image, const struct file *f,
	const struct program_header *p)
{
	uint64_t offset = p->offset;
	const uint64_t end = p->offset + p->filesz;

	if (end < p->offset || !at(f, p->offset, p->filesz))
		return "its notes lie outside the file";
	while (end - offset >= sizeof(struct note)) {
		struct note n;
		const char *name;
		uint64_t desc;

		memcpy(&n, at(f, offset, sizeof(n)), sizeof(n));
		desc = offset + sizeof(n) + align4(n.name_size);
		name = at(f, offset + sizeof(n), n.name_size);
		if (desc > end || n.desc_size > end - desc)
			return "a note runs over the end of the notes";
		if (n.name_size == 4 && memcmp(name, "Xen", 4) == 0)
			read_note(image, n.type, at(f, desc, n.desc_size),
				n.desc_size);
		offset = desc + align4(n.desc_size);
		if (offset > end)
			break;
	}
	return NULL;
}

const char *elf_parse(struct elf_image *image, const void *data, size_t size)
{
	const struct file f = { data, size };
	struct elf_header h;
	const char *error = check_header(&f, &h);

	if (error)
		return error;
	memset(image, 0, sizeof(*image));
	image->start = ~0ull;
	image->entry = h.entry;
	for (unsigned i = 0; i < h.phnum && !error; i++) {
		struct program_header p;

		memcpy(&p, at(&f, h.phoff + i * sizeof(p), sizeof(p)),
			sizeof(p));
		if (p.type == PT_LOAD)
			error = add_segment(image, &f, &p);
		else if (p.type == PT_NOTE)
			error = read_notes(image, &f, &p);
	}
	if (error)
		return error;
	if (!image->nr_segments)
		return "it has nothing to load";
	if (!image->pv)
		return "it has no Xen notes: it is not a PV kernel";
	if (image->start < image->paddr_offset)
		return "a segment lies below PADDR_OFFSET";
	image->start -= image->paddr_offset;
	image->end -= image->paddr_offset;
	for (unsigned i = 0; i < image->nr_segments; i++)
		image->segment[i].paddr -= image->paddr_offset;
	return NULL;
}
