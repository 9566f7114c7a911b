/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel unpacking. A bzImage's payload ends with its unpacked size (4 bytes,
 * little endian; gzip has that as part of its own trailer). The size is what
 * the output may grow to: a file that unpacks to more is damaged.
 */
#include "lib/bzimage.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <lz4.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "lib/error.h"

#define MAX_UNPACKED (1UL << 30)
#define MAX_LZMA (128UL << 20) /* xz -9 takes 65 MiB; files may ask for 4 GiB */
#define PAGE 4096u
#define LZ4_LEGACY 0x184c2102u
#define LZ4_BLOCK (8u << 20) /* what one block of the old frame unpacks to */

struct job {
	const uint8_t *in;
	size_t in_size; /* without the size field of a bzImage */
	uint8_t *out;
	size_t out_size; /* room, then what was written */
	const char *why; /* a decoder's complaint */
};

static uint32_t get32(const uint8_t *at)
{
	return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

static bool unpack_gzip(struct job *job)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)job->in,
		.avail_in = job->in_size,
		.next_out = job->out,
		.avail_out = job->out_size};
	int rc = inflateInit2(&z, 15 + 16);

	if (rc == Z_OK) {
		rc = inflate(&z, Z_FINISH);
		inflateEnd(&z);
	}
	job->why = rc == Z_BUF_ERROR ? "the data ends too early or is longer "
				       "than announced"
				     : z.msg;
	job->out_size = z.total_out;
	return rc == Z_STREAM_END;
}

static bool run_lzma(struct job *job, lzma_stream *z)
{
	lzma_ret rc;

	z->next_in = job->in;
	z->avail_in = job->in_size;
	z->next_out = job->out;
	z->avail_out = job->out_size;
	do
		rc = lzma_code(z, LZMA_FINISH);
	while (rc == LZMA_OK && z->avail_out);
	job->out_size = z->total_out;
	job->why =
		rc == LZMA_OK || rc == LZMA_BUF_ERROR
			? "the data ends too early or is longer than announced"
		: rc == LZMA_OPTIONS_ERROR ? "unsupported XZ filters"
		: rc == LZMA_MEM_ERROR     ? "out of memory"
		: rc == LZMA_MEMLIMIT_ERROR ? "its dictionary is too large"
					   : "the data is damaged";
	lzma_end(z);
	return rc == LZMA_STREAM_END;
}

static bool unpack_xz(struct job *job)
{
	lzma_stream z = LZMA_STREAM_INIT;

	return lzma_stream_decoder(&z, MAX_LZMA, 0) == LZMA_OK &&
	       run_lzma(job, &z);
}

static bool unpack_lzma(struct job *job)
{
	lzma_stream z = LZMA_STREAM_INIT;

	return lzma_alone_decoder(&z, MAX_LZMA) == LZMA_OK &&
	       run_lzma(job, &z);
}

/* Frames of the old kind: a magic, then blocks, each behind its size. */
static bool unpack_lz4(struct job *job)
{
	size_t in = 4, out = 0;

	while (in + 4 <= job->in_size) {
		const uint32_t size = get32(job->in + in);
		size_t room = job->out_size - out;
		int rc;

		in += 4;
		if (size == LZ4_LEGACY)
			continue; /* another frame follows */
		job->why = "a block is cut off";
		if (!size || size > job->in_size - in)
			return false;
		room = room < LZ4_BLOCK ? room : LZ4_BLOCK;
		rc = LZ4_decompress_safe((const char *)job->in + in,
			(char *)job->out + out, size, room);
		job->why = "a block is damaged";
		if (rc < 0)
			return false;
		in += size;
		out += rc;
	}
	job->out_size = out;
	job->why = "bytes follow the last block";
	return in == job->in_size;
}

/* All at once: the output is the decoder's window, whose size a stream would
 * choose for us, up to 2 GiB. */
static bool unpack_zstd(struct job *job)
{
	const size_t size =
		ZSTD_decompress(job->out, job->out_size, job->in, job->in_size);

	if (ZSTD_isError(size)) {
		job->why = ZSTD_getErrorName(size);
		return false;
	}
	job->out_size = size;
	return true;
}

static const struct format {
	const char *name;
	uint8_t magic[4];
	uint8_t length;
	bool (*unpack)(struct job *job); /* NULL: known, but not supported */
} formats[] = {
	{"gzip", {0x1f, 0x8b}, 2, unpack_gzip},
	{"XZ", {0xfd, '7', 'z', 'X'}, 4, unpack_xz},
	{"LZ4", {0x02, 0x21, 0x4c, 0x18}, 4, unpack_lz4},
	{"Zstandard", {0x28, 0xb5, 0x2f, 0xfd}, 4, unpack_zstd},
	{"LZMA", {0x5d, 0x00, 0x00}, 3, unpack_lzma},
	{"bzip2", {'B', 'Z', 'h'}, 3, NULL},
	{"LZO", {0x89, 'L', 'Z', 'O'}, 4, NULL},
	{"LZ4 (new frame)", {0x04, 0x22, 0x4d, 0x18}, 4, NULL},
};

static const struct format *find_format(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (size >= formats[i].length &&
			!memcmp(data, formats[i].magic, formats[i].length))
			return &formats[i];
	return NULL;
}

static int unpack(struct kernel_image *image, const struct format *format,
	const uint8_t *data, size_t size, size_t unpacked, const char *name,
	struct error *error)
{
	struct job job = {data, size, NULL, unpacked, NULL};
	bool good;

	if (!format->unpack)
		return error_set(error, ENOEXEC,
			"%s: compressed with %s, "
			"which cannot be unpacked here (gzip, XZ, LZMA, LZ4 "
			"and Zstandard can)",
			name, format->name);
	job.out = malloc(unpacked);
	if (!job.out)
		return error_set(error, ENOMEM,
			"%s: no memory for the %zu MiB "
			"that it unpacks to",
			name, unpacked >> 20);
	good = format->unpack(&job);
	image->data = job.out;
	image->size = job.out_size;
	image->format = format->name;
	if (good)
		return 0;
	kernel_image_free(image);
	return error_set(error, ENOEXEC, "%s: %s data cannot be unpacked: %s",
		name, format->name, job.why ? job.why : "it is damaged");
}

/* boot protocol: 0x1f1 setup_sects, 0x202 magic, 0x206 version, 0x248/0x24c
 * payload_offset and payload_length. */
static int unpack_bzimage(struct kernel_image *image, const uint8_t *file,
	size_t size, const char *name, struct error *error)
{
	const unsigned version = file[0x206] | file[0x207] << 8;
	const size_t setup = ((file[0x1f1] ? file[0x1f1] : 4) + 1) * 512u;
	const uint64_t start = setup + (uint64_t)get32(file + 0x248);
	const uint64_t length = get32(file + 0x24c);
	const struct format *format;
	size_t unpacked;

	if (version < 0x208)
		return error_set(error, ENOEXEC,
			"%s: bzImage with boot "
			"protocol %u.%02u; 2.08 or later is needed",
			name, version >> 8, version & 255);
	if (length < 16 || start > size || length > size - start)
		return error_set(error, ENOEXEC,
			"%s: damaged bzImage: the "
			"payload lies outside the file",
			name);
	format = find_format(file + start, length);
	if (!format)
		return error_set(error, ENOEXEC,
			"%s: unknown compression of "
			"the bzImage's payload (it begins %02x %02x %02x %02x; "
			"gzip, XZ, LZMA, LZ4 and Zstandard are understood)",
			name, file[start], file[start + 1], file[start + 2],
			file[start + 3]);
	unpacked = get32(file + start + length - 4);
	if (!unpacked || unpacked > MAX_UNPACKED)
		return error_set(error, ENOEXEC,
			"%s: damaged bzImage: its "
			"payload claims to unpack to %zu bytes",
			name, unpacked);
	/* gzip's own trailer ends with that size, the others have it added */
	return unpack(image, format, file + start,
		length - (format->unpack == unpack_gzip ? 0 : 4), unpacked,
		name, error);
}

bool kernel_image_plain(struct kernel_image *image, uint8_t *file, size_t size)
{
	if (size < SELFMAG || memcmp(file, ELFMAG, SELFMAG))
		return false;
	*image = (struct kernel_image){
		.data = file, .size = size, .format = "none"};
	return true;
}

int kernel_image_unpack(struct kernel_image *image, const uint8_t *file,
	size_t size, const char *name, struct error *error)
{
	const struct format *format;
	size_t room = size * 16;

	memset(image, 0, sizeof(*image));
	if (!size)
		return error_set(error, ENOEXEC, "%s: the file is empty", name);
	if (size > 0x250 && !memcmp(file + 0x202, "HdrS", 4))
		return unpack_bzimage(image, file, size, name, error);
	format = find_format(file, size);
	if (format) {
		room = room < MAX_UNPACKED ? room : MAX_UNPACKED;
		return unpack(image, format, file, size,
			room > 1 << 26 ? room : 1 << 26, name, error);
	}
	if (size < SELFMAG || memcmp(file, ELFMAG, SELFMAG))
		return error_set(error, ENOEXEC,
			"%s: not a kernel: neither a "
			"bzImage nor an ELF file",
			name);
	image->data = malloc(size);
	if (!image->data)
		return error_set(error, ENOMEM, "out of memory");
	memcpy(image->data, file, size);
	image->size = size;
	image->format = "none";
	return 0;
}

void kernel_image_free(struct kernel_image *image)
{
	if (image->mapped)
		munmap(image->data, image->mapped);
	else
		free(image->data);
	memset(image, 0, sizeof(*image));
}

static int read_all(int fd, uint8_t *data, size_t size)
{
	while (size) {
		const ssize_t done = read(fd, data, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? -errno : -EIO;
		data += done;
		size -= done;
	}
	return 0;
}

/* Room for a file, with its pages in place: a fault for each of them would cost
 * more than to fill it. Older kernels refuse that, which does not matter. */
static uint8_t *file_room(size_t size)
{
	uint8_t *const data = malloc(size ? size : 1);
	const uintptr_t first = (uintptr_t)data & ~(uintptr_t)(PAGE - 1);

	if (data)
		madvise((void *)first, (uintptr_t)data + size - first,
			MADV_POPULATE_WRITE);
	return data;
}

int file_load(const char *path, const char *what, uint8_t **data, size_t *size,
	struct error *error)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st = {0};
	int rc = 0;

	*data = NULL;
	if (fd < 0 || fstat(fd, &st))
		rc = -errno;
	else if (!S_ISREG(st.st_mode))
		rc = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (!rc) {
		*size = st.st_size;
		*data = file_room(*size);
		rc = *data ? read_all(fd, *data, *size) : -ENOMEM;
	}
	if (fd >= 0)
		close(fd);
	if (!rc)
		return 0;
	free(*data);
	*data = NULL;
	return error_errno(error, -rc, "%s %s", what, path);
}

int kernel_image_load(
	struct kernel_image *image, const char *path, struct error *error)
{
	uint8_t *file;
	size_t size;
	int rc = file_load(path, "kernel", &file, &size, error);

	if (rc || kernel_image_plain(image, file, size))
		return rc;
	rc = kernel_image_unpack(image, file, size, path, error);
	free(file);
	return rc;
}
