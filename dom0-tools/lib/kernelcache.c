/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kept kernel is the ELF file with a trailer behind it, which says how long
 * it is and what sum its words have: a file that was cut off or damaged is not
 * used. It is written under another name and renamed when it is complete, so
 * that creations may go on at the same time; the last one wins, with the same
 * contents. The folder is root's alone, so nobody else can put a kernel there,
 * and the name is a hash for which nobody can make a second file.
 *
 * A kernel that is used gets the time of its use; when there is no room the
 * oldest goes. Files are small next to the room (an eighth), and next to what
 * the disk has free (a quarter), or they are not kept.
 */
#include "lib/kernelcache.h"

#include <blake2.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "lib/bzimage.h"
#include "lib/error.h"
#include "lib/log.h"

#define HASH_SIZE 32
#define NAME_LENGTH (2 * HASH_SIZE)
#define TEMPORARY "new." /* and the process's number */
#define STALE 3600        /* seconds; a temporary file of nobody's */
#define MAX_FILES 64
#define PIECE (64u << 10) /* read at a time */

struct kernel_cache kernel_cache = {KERNEL_CACHE_DIR, 1ULL << 30};

/* Behind the ELF file, on an 8-byte boundary. */
struct trailer {
	char magic[8];
	uint64_t size; /* of the ELF file */
	uint64_t sum;  /* sum_words() of it */
};

static const char magic[8] = "ShojiKn1";

/* The folder, or -1: there is none that could be trusted. */
static int open_folder(void)
{
	const int fd = open(kernel_cache.folder,
		O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && st.st_uid == geteuid() &&
		!(st.st_mode & (S_IWGRP | S_IWOTH)))
		return fd;
	log_warn("%s: others can write there; it is not used",
		kernel_cache.folder);
	close(fd);
	return -1;
}

static void name_of(blake2b_state *b, char name[NAME_LENGTH + 1])
{
	uint8_t hash[HASH_SIZE];

	blake2b_final(b, hash, sizeof(hash));
	for (unsigned i = 0; i < sizeof(hash); i++)
		sprintf(name + 2 * i, "%02x", hash[i]);
}

/* The name for a file's contents; false if it cannot be read, or need not be
 * unpacked. */
static bool hash_file(const char *path, char name[NAME_LENGTH + 1])
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	static uint8_t piece[PIECE];
	bool first = true;
	blake2b_state b;
	struct stat st;
	ssize_t n = -1;

	blake2b_init(&b, HASH_SIZE);
	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode))
		while ((n = read(fd, piece, sizeof(piece))) > 0 &&
			!(first && !memcmp(piece, ELFMAG, SELFMAG))) {
			blake2b_update(&b, piece, (size_t)n);
			first = false;
		}
	if (fd >= 0)
		close(fd);
	name_of(&b, name);
	return n == 0;
}

/* More words for the sum, which begins with the size. It finds what disks and
 * cut-off writes do; it is no guard against an enemy. */
static uint64_t sum_words(uint64_t sum, const uint8_t *data, size_t size)
{
	uint64_t word;

	for (size_t i = 0; i < size; i += sizeof(word)) {
		memcpy(&word, data + i, sizeof(word));
		sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
		sum ^= sum >> 32;
	}
	return sum;
}

static size_t padded(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

/* The mapped file is what was once put there. */
static bool intact(const uint8_t *data, size_t size, size_t *elf_size)
{
	struct trailer t;

	if (size < sizeof(t) || size % 8)
		return false;
	memcpy(&t, data + size - sizeof(t), sizeof(t));
	*elf_size = t.size;
	return !memcmp(t.magic, magic, sizeof(magic)) && t.size <= size &&
	       padded(t.size) + sizeof(t) == size &&
	       sum_words(t.size, data, padded(t.size)) == t.sum;
}

/* Nobody writes to a kept file, and who removes it leaves it mapped. */
static bool find(int folder, const char *name, struct kernel_image *image)
{
	const int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	void *map = MAP_FAILED;
	struct stat st;
	bool good = false;

	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0)
		map = mmap(NULL, (size_t)st.st_size, PROT_READ,
			MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (map != MAP_FAILED) {
		*image = (struct kernel_image){.data = map,
			.mapped = (size_t)st.st_size,
			.format = "kept"};
		good = intact(map, image->mapped, &image->size);
	}
	if (good) {
		futimens(fd, NULL);
	} else {
		log_warn("%s/%s is damaged and goes", kernel_cache.folder,
			name);
		unlinkat(folder, name, 0);
		if (map != MAP_FAILED)
			kernel_image_free(image);
	}
	close(fd);
	return good;
}

/* What is in the folder. */
struct census {
	uint64_t bytes;
	unsigned files;
	char oldest[NAME_LENGTH + 1]; /* empty: there is none */
	struct timespec used;         /* when */
};

static bool earlier(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec
				    : a.tv_nsec < b.tv_nsec;
}

/* Counts all kernels but the one that is being put in, and removes what a
 * creation that was killed has left. */
static void look(int folder, const char *keep, struct census *c)
{
	const int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *const dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct stat st;

	*c = (struct census){0};
	while (dir && (entry = readdir(dir))) {
		const char *const name = entry->d_name;

		if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) ||
			!S_ISREG(st.st_mode) || !strcmp(name, keep))
			continue;
		if (!strncmp(name, TEMPORARY, strlen(TEMPORARY)) &&
			st.st_mtime + STALE < time(NULL))
			unlinkat(folder, name, 0);
		if (strlen(name) != NAME_LENGTH)
			continue;
		c->bytes += (uint64_t)st.st_size;
		c->files++;
		if (!c->oldest[0] || earlier(st.st_mtim, c->used)) {
			strcpy(c->oldest, name);
			c->used = st.st_mtim;
		}
	}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
}

/* Room for one more of so many bytes; false if it does not fit at all. */
static bool make_room(int folder, const char *name, uint64_t size)
{
	struct statvfs disk;
	struct census c;

	if (size > kernel_cache.room / 8 || fstatvfs(folder, &disk) ||
		size > disk.f_bavail * disk.f_frsize / 4)
		return false;
	for (;;) {
		look(folder, name, &c);
		if (!c.oldest[0] || (c.bytes + size <= kernel_cache.room &&
					    c.files < MAX_FILES))
			return true;
		if (unlinkat(folder, c.oldest, 0))
			return false;
	}
}

static bool write_all(int fd, const void *data, size_t size)
{
	const uint8_t *from = data;

	while (size) {
		const ssize_t n = write(fd, from, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		from += n;
		size -= (size_t)n;
	}
	return true;
}

static bool write_kept(int fd, const struct kernel_image *image)
{
	const size_t whole = image->size & ~(size_t)7;
	const size_t rest = image->size - whole;
	uint8_t last[8] = {0};
	struct trailer t = {.size = image->size};

	memcpy(last, image->data + whole, rest);
	memcpy(t.magic, magic, sizeof(magic));
	t.sum = sum_words(image->size, image->data, whole);
	t.sum = sum_words(t.sum, last, rest ? 8 : 0);
	return write_all(fd, image->data, whole) &&
	       write_all(fd, last, rest ? 8 : 0) &&
	       write_all(fd, &t, sizeof(t)) && !fsync(fd);
}

static void keep(int folder, const char *name, const struct kernel_image *image)
{
	char temporary[32];
	int fd;
	bool good;

	if (!make_room(folder, name,
		    padded(image->size) + sizeof(struct trailer)))
		return;
	snprintf(temporary, sizeof(temporary), TEMPORARY "%d", (int)getpid());
	unlinkat(folder, temporary, 0); /* of a process that had our number */
	fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		0600);
	if (fd < 0)
		return;
	good = write_kept(fd, image);
	if (close(fd) || !good || renameat(folder, temporary, folder, name)) {
		log_warn("%s: an unpacked kernel could not be kept there",
			kernel_cache.folder);
		unlinkat(folder, temporary, 0);
	}
}

/* The name is of what was unpacked, whatever became of the file since it was
 * looked for. */
static int load_and_keep(struct kernel_image *image, int folder,
	const char *path, struct error *error)
{
	char name[NAME_LENGTH + 1];
	blake2b_state b;
	uint8_t *file;
	size_t size;
	int rc = file_load(path, "kernel", &file, &size, error);

	if (rc || kernel_image_plain(image, file, size))
		return rc;
	rc = kernel_image_unpack(image, file, size, path, error);
	if (!rc && image->size >= SELFMAG &&
		!memcmp(image->data, ELFMAG, SELFMAG)) {
		blake2b_init(&b, HASH_SIZE);
		blake2b_update(&b, file, size);
		name_of(&b, name);
		keep(folder, name, image);
	}
	free(file);
	return rc;
}

int kernel_image_load_kept(
	struct kernel_image *image, const char *path, struct error *error)
{
	const int folder = open_folder();
	char name[NAME_LENGTH + 1];
	int rc = 0;

	if (folder < 0)
		return kernel_image_load(image, path, error);
	if (!hash_file(path, name) || !find(folder, name, image))
		rc = load_and_keep(image, folder, path, error);
	close(folder);
	return rc;
}
