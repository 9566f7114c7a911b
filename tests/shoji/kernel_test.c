/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel files: a small PV kernel is made here, packed with the real
 * compressors in the way Linux packs its bzImage, and must come out as it
 * was. Every kind of wrong file has to be refused for its own reason, and
 * damaged ones for any (the sanitizers watch).
 */
#include "suite.h"
#include "lib/bzimage.h"
#include "lib/elf.h"
#include "lib/error.h"
#include "xen/elfnote.h"

#include <elf.h>
#include <lz4.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define KERNEL_SIZE (9u << 20) /* more than one LZ4 block */
#define VIRT_BASE 0xffffffff80000000ull

static struct error error;

struct text {
	uint8_t *data;
	size_t size;
};

static void put32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, 4);
}

static size_t add_note(
	uint8_t *at, uint32_t type, const void *data, uint32_t size)
{
	put32(at, 4);
	put32(at + 4, size);
	put32(at + 8, type);
	memcpy(at + 12, "Xen", 4);
	memcpy(at + 16, data, size);
	return 16 + ((size + 3) & ~3u);
}

static size_t add_number(uint8_t *at, uint32_t type, uint64_t value)
{
	return add_note(at, type, &value, 8);
}

/* Two segments, the second at virtual address 0 as Linux's per-CPU data. */
static struct text make_kernel(bool with_notes)
{
	struct text t = {calloc(1, KERNEL_SIZE), KERNEL_SIZE};
	Elf64_Ehdr *head = (void *)t.data;
	Elf64_Phdr *p = (void *)(t.data + 64);
	size_t n = 0x400;

	memcpy(head->e_ident, ELFMAG, SELFMAG);
	head->e_ident[EI_CLASS] = ELFCLASS64;
	head->e_machine = EM_X86_64;
	head->e_phoff = 64;
	head->e_phentsize = sizeof(*p);
	head->e_phnum = 3;
	p[0] = (Elf64_Phdr){.p_type = PT_LOAD,
		.p_offset = 0x1000,
		.p_vaddr = VIRT_BASE + 0x1000000,
		.p_paddr = 0x1000000,
		.p_filesz = KERNEL_SIZE - 0x3000,
		.p_memsz = KERNEL_SIZE};
	p[1] = (Elf64_Phdr){.p_type = PT_LOAD,
		.p_offset = 0x2000,
		.p_vaddr = 0,
		.p_paddr = 0x1000000 + KERNEL_SIZE,
		.p_filesz = 0x1000,
		.p_memsz = 0x5000};
	p[2] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = 0x400};
	if (with_notes) {
		n += add_note(t.data + n, XEN_ELFNOTE_GUEST_OS, "linux", 6);
		n += add_note(t.data + n, XEN_ELFNOTE_LOADER, "generic", 8);
		n += add_note(
			t.data + n, XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
		n += add_number(t.data + n, XEN_ELFNOTE_VIRT_BASE, VIRT_BASE);
		n += add_number(
			t.data + n, XEN_ELFNOTE_ENTRY, VIRT_BASE + 0x1000100);
		n += add_number(t.data + n, XEN_ELFNOTE_INIT_P2M, 0x8000000000);
		n += add_number(t.data + n, XEN_ELFNOTE_MOD_START_PFN, 1);
	}
	p[2].p_filesz = p[2].p_memsz = n - 0x400;
	for (size_t i = 0x1000; i < KERNEL_SIZE; i++)
		t.data[i] = i * i >> 7;
	return t;
}

/* A real-mode part of three sectors, then the payload and its size. */
static struct text make_bzimage(struct text payload, uint32_t size_field)
{
	struct text t = {NULL, 4 * 512 + 100 + payload.size + 4};

	t.data = calloc(1, t.size);
	t.data[0x1f1] = 3;
	memcpy(t.data + 0x202, "HdrS", 4);
	t.data[0x206] = 0x0f;
	t.data[0x207] = 0x02;
	put32(t.data + 0x248, 100);
	put32(t.data + 0x24c, payload.size + (size_field ? 4 : 0));
	memcpy(t.data + 4 * 512 + 100, payload.data, payload.size);
	if (size_field)
		put32(t.data + 4 * 512 + 100 + payload.size, size_field);
	free(payload.data);
	return t;
}

static struct text pack_gzip(struct text in)
{
	struct text out = {malloc(in.size * 2), 0};
	z_stream z = {.next_in = in.data,
		.avail_in = in.size,
		.next_out = out.data,
		.avail_out = in.size * 2};

	deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
	out.size = z.total_out;
	deflateEnd(&z);
	return out;
}

static struct text pack_xz(struct text in)
{
	struct text out = {malloc(in.size * 2), 0};
	lzma_options_lzma options;
	lzma_filter filters[] = {{LZMA_FILTER_X86, NULL},
		{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};

	lzma_lzma_preset(&options, 0);
	CHECK(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL,
		      in.data, in.size, out.data, &out.size,
		      in.size * 2) == LZMA_OK);
	return out;
}

static struct text pack_lz4(struct text in)
{
	struct text out = {malloc(in.size * 2), 4};

	put32(out.data, 0x184c2102);
	for (size_t done = 0; done < in.size; done += 8 << 20) {
		const size_t left = in.size - done;
		const int size = LZ4_compress_default((char *)in.data + done,
			(char *)out.data + out.size + 4,
			left < 8 << 20 ? left : 8 << 20, 9 << 20);

		CHECK(size > 0);
		put32(out.data + out.size, size);
		out.size += 4 + size;
	}
	return out;
}

static struct text pack_zstd(struct text in)
{
	struct text out = {malloc(in.size * 2), 0};

	ZSTD_CCtx *z = ZSTD_createCCtx();

	ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, 1);
	ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
	out.size = ZSTD_compress2(z, out.data, in.size * 2, in.data, in.size);
	CHECK(!ZSTD_isError(out.size));
	ZSTD_freeCCtx(z);
	return out;
}

/* The file unpacks to the kernel, and the kernel is one. */
static bool comes_back(struct text file, struct text kernel, const char *format)
{
	struct kernel_image image;
	struct pv_kernel pv;
	bool good;

	error_clear(&error);
	if (kernel_image_unpack(&image, file.data, file.size, "k", &error)) {
		printf("%s\n", error.cause);
		return false;
	}
	good = image.size == kernel.size && !strcmp(image.format, format) &&
	       !memcmp(image.data, kernel.data, kernel.size) &&
	       !pv_kernel_parse(&pv, image.data, image.size, "k", &error);
	kernel_image_free(&image);
	return good;
}

static bool refused(struct text file, const char *cause)
{
	struct kernel_image image;

	error_clear(&error);
	if (kernel_image_unpack(&image, file.data, file.size, "k", &error))
		return strstr(error.cause, cause);
	kernel_image_free(&image);
	return false;
}

static void check_format(
	struct text (*pack)(struct text), const char *format, bool adds_size)
{
	struct text kernel = make_kernel(true);
	struct text file =
		make_bzimage(pack(kernel), adds_size ? kernel.size : 0);
	struct text bare = pack(kernel);

	CHECK(comes_back(file, kernel, format));
	CHECK(comes_back(bare, kernel, format));
	file.data[file.size / 2] ^= 0x55;
	if (strcmp(format, "LZ4")) /* which has no checksum */
		CHECK(refused(file, format));
	bare.size /= 2;
	CHECK(refused(bare, format));
	put32(file.data + 0x24c, file.size);
	CHECK(refused(file, "outside"));
	free(bare.data);
	free(file.data);
	free(kernel.data);
}

static void test_gzip(void)
{
	check_format(pack_gzip, "gzip", false);
}

static void test_xz(void)
{
	check_format(pack_xz, "XZ", true);
}

static void test_lz4(void)
{
	check_format(pack_lz4, "LZ4", true);
}

static void test_zstd(void)
{
	check_format(pack_zstd, "Zstandard", true);
}

/* A payload that unpacks to more than its size field says. */
static void test_announced_size(void)
{
	struct text (*const packs[])(struct text) = {
		pack_xz, pack_lz4, pack_zstd};
	struct text kernel = make_kernel(true);

	for (unsigned i = 0; i < 3; i++) {
		struct text file =
			make_bzimage(packs[i](kernel), kernel.size - 1);

		CHECK(refused(file, "cannot be unpacked"));
		put32(file.data + file.size - 4, 0x7fffffff);
		CHECK(refused(file, "claims"));
		free(file.data);
	}
	free(kernel.data);
}

static void test_other_files(void)
{
	struct text payload = {calloc(1, 64), 64};
	struct text file;

	memcpy(payload.data, "ODDZ", 4);
	file = make_bzimage(payload, 100);
	CHECK(refused(file, "unknown compression"));
	memcpy(file.data + 4 * 512 + 100, "BZh9", 4);
	CHECK(refused(file, "bzip2"));
	file.data[0x206] = 5;
	CHECK(refused(file, "protocol 2.05"));
	memset(file.data, 0, file.size);
	CHECK(refused(file, "neither"));
	file.size = 3;
	CHECK(refused(file, "neither"));
	free(file.data);
}

static bool parse(struct text t, struct pv_kernel *pv)
{
	error_clear(&error);
	return !pv_kernel_parse(pv, t.data, t.size, "k", &error);
}

static void test_elf(void)
{
	struct text t = make_kernel(true);
	struct pv_kernel pv;

	CHECK(parse(t, &pv));
	CHECK(pv.virt_base == VIRT_BASE && !pv.paddr_offset && !pv.legacy);
	CHECK(pv.entry == VIRT_BASE + 0x1000100);
	CHECK(pv.start == 0x1000000 && pv.nr_segments == 2);
	CHECK(pv.end == 0x1000000 + KERNEL_SIZE + 0x5000);
	CHECK(pv.segment[1].start == 0x1000000 + KERNEL_SIZE);
	CHECK(pv.segment[1].data == t.data + 0x2000);
	CHECK(pv.init_p2m == 0x8000000000 && pv.unmapped_initrd);
	CHECK(pv.hypercall_page == PV_KERNEL_NONE);
	CHECK(!strcmp(pv.guest_os, "linux"));
	free(t.data);
}

/* What is wrong with a kernel that has one byte pair changed. */
static bool elf_refused(
	size_t at, uint64_t value, unsigned size, const char *cause)
{
	struct text t = make_kernel(true);
	struct pv_kernel pv;
	bool good;

	memcpy(t.data + at, &value, size);
	good = !parse(t, &pv) && strstr(error.cause, cause);
	if (!good)
		printf("at %#zx: %s\n", at, error.cause);
	free(t.data);
	return good;
}

static void test_bad_elf(void)
{
	struct text t = make_kernel(false);
	struct pv_kernel pv;

	CHECK(!parse(t, &pv) && strstr(error.cause, "no Xen notes"));
	free(t.data);
	CHECK(elf_refused(0, 0, 1, "no ELF"));
	CHECK(elf_refused(EI_CLASS, ELFCLASS32, 1, "64-bit"));
	CHECK(elf_refused(18, EM_AARCH64, 2, "64-bit"));
	CHECK(elf_refused(32, KERNEL_SIZE, 8, "program headers"));
	CHECK(elf_refused(64 + 8, KERNEL_SIZE, 8, "outside"));
	CHECK(elf_refused(64 + 24, 1ull << 50, 8, "outside"));
	CHECK(elf_refused(64 + 40, 1ull << 63, 8, "outside"));
	CHECK(elf_refused(64 + 112 + 32, 8, 8, "no Xen notes"));
	CHECK(elf_refused(0x400 + 4, 0x7fffffff, 4, "damaged ELF notes"));
	CHECK(elf_refused(0x400 + 24 + 16, 'x', 1, "loader"));
}

/* Mini-OS has a section of text instead of notes. */
static void test_legacy(void)
{
	static const char text[] =
		"GUEST_OS=Mini-OS,XEN_VER=xen-3.0,"
		"VIRT_BASE=0x0,ELF_PADDR_OFFSET=0x0,HYPERCALL_PAGE=0x1002,"
		"LOADER=generic";
	struct text t = make_kernel(false);
	Elf64_Ehdr *head = (void *)t.data;
	Elf64_Shdr *section = (void *)(t.data + 0x800);
	struct pv_kernel pv;

	head->e_entry = 0x1000000;
	head->e_shoff = 0x800;
	head->e_shentsize = sizeof(*section);
	head->e_shnum = 2;
	head->e_shstrndx = 0;
	memset(section, 0, 0x600);
	section[0].sh_offset = 0xa00;
	section[0].sh_size = 16;
	memcpy(t.data + 0xa00, "\0__xen_guest", 13);
	section[1].sh_name = 1;
	section[1].sh_offset = 0xb00;
	section[1].sh_size = sizeof(text);
	memcpy(t.data + 0xb00, text, sizeof(text));
	CHECK(parse(t, &pv));
	CHECK(pv.legacy && !pv.virt_base && pv.entry == 0x1000000);
	CHECK(pv.hypercall_page == 0x1002000);
	CHECK(!strcmp(pv.guest_os, "Mini-OS"));
	CHECK(pv.init_p2m == PV_KERNEL_NONE && !pv.unmapped_initrd);
	section[1].sh_offset = KERNEL_SIZE;
	CHECK(!parse(t, &pv));
	free(t.data);
}

static void test_damage(void)
{
	struct text t = make_kernel(true);
	uint8_t clean[0x600];
	unsigned seed = 7, kept = 0;

	memcpy(clean, t.data, sizeof(clean));
	for (unsigned i = 0; i < 50000; i++) {
		struct pv_kernel pv;

		for (unsigned n = 0; n <= i % 4; n++) {
			seed = seed * 1103515245 + 12345;
			t.data[(n & 1 ? 0x400 : 0) + seed / 65536 % 0xe0] =
				seed >> 8;
		}
		if (parse(t, &pv)) {
			kept++;
			for (unsigned s = 0; s < pv.nr_segments; s++)
				CHECK(pv.segment[s].data + pv.segment[s].size <=
					t.data + t.size);
		}
		memcpy(t.data, clean, sizeof(clean));
	}
	CHECK(kept > 100 && kept < 49000);
	free(t.data);
}

int main(void)
{
	RUN(gzip);
	RUN(xz);
	RUN(lz4);
	RUN(zstd);
	RUN(announced_size);
	RUN(other_files);
	RUN(elf);
	RUN(bad_elf);
	RUN(legacy);
	RUN(damage);
	return suite_end();
}
