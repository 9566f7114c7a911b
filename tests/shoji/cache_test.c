/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kept kernels: the second load unpacks nothing and has the same contents;
 * what is found depends on the contents of the file alone; a damaged, cut-off
 * or foreign file in the cache costs an unpacking and no more; the room is
 * kept to, the least recently used goes first; many creations at a time leave
 * one good file; what is no ELF file, or did not unpack, is not kept.
 */
#include "suite.h"
#include "lib/bzimage.h"
#include "lib/error.h"
#include "lib/kernelcache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#define SIZE 100003 /* of a kernel; no multiple of a word */
#define KEPT_SIZE (100008 + 24)

static char base[] = "/tmp/shoji-cache-XXXXXX";
static char folder[64], kernel[64];
static struct error error;

static void write_file(const char *path, const void *data, size_t size)
{
	FILE *const file = fopen(path, "w");

	CHECK(file && fwrite(data, 1, size, file) == size);
	fclose(file);
}

/* A compressed ELF file, or something else, that a seed makes its own. */
static void make_kernel(const char *path, unsigned seed, bool elf)
{
	static uint8_t data[SIZE];
	gzFile file = gzopen(path, "w1");

	for (size_t i = 0; i < SIZE; i++)
		data[i] = (uint8_t)(i * seed >> 8 ^ seed);
	memcpy(data, elf ? "\177ELF" : "nELF", 4);
	CHECK(file && gzwrite(file, data, SIZE) == SIZE);
	gzclose(file);
}

/* Loads it; whether it is the one of this seed and came that way (NULL: it may
 * have come in any). */
static bool loads(unsigned seed, const char *format)
{
	struct kernel_image image;
	bool good;

	error_clear(&error);
	if (kernel_image_load_kept(&image, kernel, &error)) {
		printf("%s\n", error.cause);
		return false;
	}
	good = image.size == SIZE &&
	       (!format || !strcmp(image.format, format));
	for (size_t i = 4; i < SIZE && good; i++)
		good = image.data[i] == (uint8_t)(i * seed >> 8 ^ seed);
	kernel_image_free(&image);
	return good;
}

/* How many files the cache has; `last` is one of them. */
static unsigned nr_files(char last[320])
{
	DIR *const dir = opendir(folder);
	const struct dirent *entry;
	unsigned nr = 0;

	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.') {
			snprintf(last, 320, "%s/%s", folder, entry->d_name);
			nr++;
		}
	closedir(dir);
	return nr;
}

/* An empty cache with this much room. */
static void fresh(uint64_t room)
{
	char path[320];

	kernel_cache = (struct kernel_cache){folder, room};
	mkdir(folder, 0700);
	chmod(folder, 0700);
	while (nr_files(path))
		CHECK(!unlink(path));
}

static void test_second_load(void)
{
	char path[320];
	struct stat st;

	fresh(8 << 20);
	make_kernel(kernel, 1, true);
	CHECK(loads(1, "gzip"));
	CHECK(nr_files(path) == 1);
	CHECK(!stat(path, &st) && st.st_size == KEPT_SIZE);
	CHECK((st.st_mode & 0777) == 0600);
	CHECK(loads(1, "kept"));
	CHECK(loads(1, "kept"));
	CHECK(nr_files(path) == 1);
}

static void test_contents_decide(void)
{
	char path[320];

	fresh(8 << 20);
	make_kernel(kernel, 1, true);
	CHECK(loads(1, "gzip"));
	make_kernel(kernel, 2, true);
	CHECK(loads(2, "gzip"));
	CHECK(loads(2, "kept"));
	make_kernel(kernel, 1, true);
	CHECK(loads(1, "kept"));
	CHECK(nr_files(path) == 2);
}

/* What is in the cache instead of the good file; it must heal. */
static void spoiled(const char *how, void (*spoil)(const char *path))
{
	char path[320];
	struct stat st;

	fresh(8 << 20);
	make_kernel(kernel, 3, true);
	CHECK(loads(3, "gzip"));
	CHECK(nr_files(path) == 1);
	spoil(path);
	CHECK(loads(3, "gzip"));
	if (suite_failed())
		printf("%s\n", how);
	CHECK(!lstat(path, &st) && S_ISREG(st.st_mode));
	CHECK(loads(3, "kept"));
}

static void flip(const char *path, long at)
{
	FILE *const file = fopen(path, "r+");
	int byte;

	CHECK(file && !fseek(file, at, at < 0 ? SEEK_END : SEEK_SET));
	byte = fgetc(file);
	CHECK(!fseek(file, at, at < 0 ? SEEK_END : SEEK_SET));
	fputc(byte ^ 0x10, file);
	fclose(file);
}

static void flip_first(const char *path) { flip(path, 0); }
static void flip_middle(const char *path) { flip(path, SIZE / 2); }
static void flip_last(const char *path) { flip(path, SIZE - 1); }
static void flip_padding(const char *path) { flip(path, SIZE); }
static void flip_magic(const char *path) { flip(path, -24); }
static void flip_size(const char *path) { flip(path, -16); }
static void flip_high_size(const char *path) { flip(path, -9); }
static void flip_sum(const char *path) { flip(path, -1); }

static void cut(const char *path)
{
	CHECK(!truncate(path, KEPT_SIZE - 8));
}

static void cut_at_page(const char *path)
{
	CHECK(!truncate(path, 4096));
}

static void make_empty(const char *path)
{
	CHECK(!truncate(path, 0));
}

static void make_longer(const char *path)
{
	CHECK(!truncate(path, KEPT_SIZE + 8));
}

/* A hole where a disk lost a page. */
static void lose_page(const char *path)
{
	static const uint8_t zeroes[4096];
	const int fd = open(path, O_WRONLY);

	CHECK(pwrite(fd, zeroes, sizeof(zeroes), 8192) == sizeof(zeroes));
	close(fd);
}

/* A good file of another's: it is not followed there. */
static void make_link(const char *path)
{
	char other[340];

	snprintf(other, sizeof(other), "%s/other", base);
	CHECK(!rename(path, other) && !symlink(other, path));
}

static void test_spoiled(void)
{
	spoiled("first byte", flip_first);
	spoiled("in the middle", flip_middle);
	spoiled("last byte", flip_last);
	spoiled("padding", flip_padding);
	spoiled("magic", flip_magic);
	spoiled("size", flip_size);
	spoiled("huge size", flip_high_size);
	spoiled("sum", flip_sum);
	spoiled("cut off", cut);
	spoiled("one page", cut_at_page);
	spoiled("empty", make_empty);
	spoiled("longer", make_longer);
	spoiled("lost page", lose_page);
	spoiled("link", make_link);
}

static void test_folder(void)
{
	char path[320];

	fresh(8 << 20);
	make_kernel(kernel, 4, true);
	chmod(folder, 0770);
	CHECK(loads(4, "gzip"));
	CHECK(nr_files(path) == 0);
	chmod(folder, 0707);
	CHECK(loads(4, "gzip"));
	CHECK(nr_files(path) == 0);
	CHECK(!rmdir(folder));
	CHECK(loads(4, "gzip"));
	CHECK(loads(4, "gzip"));
	CHECK(access(folder, F_OK));
	CHECK(!symlink(base, folder));
	CHECK(loads(4, "gzip"));
	CHECK(!unlink(folder));
}

/* Makes the file of that seed's kernel this many seconds older. */
static void age(long seconds)
{
	char path[320];
	struct timeval times[2];

	CHECK(nr_files(path) == 1);
	gettimeofday(&times[0], NULL);
	times[0].tv_sec -= seconds;
	times[1] = times[0];
	CHECK(!utimes(path, times));
}

static void test_room(void)
{
	char path[320];

	fresh(KEPT_SIZE * 9); /* each may take an eighth */
	make_kernel(kernel, 1, true);
	CHECK(loads(1, "gzip"));
	age(1000);
	CHECK(loads(1, "kept")); /* used now */
	age(500);
	for (unsigned seed = 2; seed <= 9; seed++) {
		make_kernel(kernel, seed, true);
		CHECK(loads(seed, "gzip"));
	}
	CHECK(nr_files(path) == 9);
	make_kernel(kernel, 1, true);
	CHECK(loads(1, "kept")); /* so that it is the newest */
	make_kernel(kernel, 10, true);
	CHECK(loads(10, "gzip"));
	CHECK(nr_files(path) == 9);
	make_kernel(kernel, 1, true);
	CHECK(loads(1, "kept"));
	make_kernel(kernel, 2, true);
	CHECK(loads(2, "gzip")); /* the oldest went */
	CHECK(nr_files(path) == 9);
	/* It is larger than an eighth of the room. */
	fresh(KEPT_SIZE * 8 - 1);
	CHECK(loads(2, "gzip"));
	CHECK(loads(2, "gzip"));
	CHECK(nr_files(path) == 0);
}

static void test_not_kept(void)
{
	static const char elf[] = "\177ELF that is not packed";
	struct kernel_image image;
	char path[320];

	fresh(8 << 20);
	make_kernel(kernel, 5, false);
	CHECK(loads(5, "gzip"));
	CHECK(nr_files(path) == 0);
	make_kernel(kernel, 5, true);
	CHECK(!truncate(kernel, 300));
	CHECK(kernel_image_load_kept(&image, kernel, &error));
	CHECK(nr_files(path) == 0);
	write_file(kernel, elf, sizeof(elf));
	CHECK(!kernel_image_load_kept(&image, kernel, &error));
	CHECK(!strcmp(image.format, "none"));
	kernel_image_free(&image);
	CHECK(nr_files(path) == 0);
	write_file(kernel, "", 0);
	error_clear(&error);
	CHECK(kernel_image_load_kept(&image, kernel, &error));
	CHECK(strstr(error.cause, "empty"));
	CHECK(!unlink(kernel));
	error_clear(&error);
	CHECK(kernel_image_load_kept(&image, kernel, &error) == -ENOENT);
	CHECK(strstr(error.cause, kernel));
	CHECK(kernel_image_load_kept(&image, base, &error));
}

static void test_many_at_once(void)
{
	char path[320];
	int status, good = 0;

	fresh(8 << 20);
	make_kernel(kernel, 6, true);
	for (unsigned i = 0; i < 16; i++)
		if (!fork()) {
			for (unsigned j = 0; j < 5; j++) {
				if (!loads(6, NULL))
					_exit(1);
				if (i == 0 && nr_files(path))
					unlink(path); /* under their feet */
			}
			_exit(0);
		}
	while (wait(&status) > 0)
		good += status == 0;
	CHECK(good == 16);
	CHECK(loads(6, NULL));
	CHECK(nr_files(path) == 1);
	CHECK(loads(6, "kept"));
}

static void test_leftovers(void)
{
	const struct timeval long_ago[2] = {{1, 0}, {1, 0}};
	char old[340], young[340], path[320];

	fresh(8 << 20);
	snprintf(old, sizeof(old), "%s/new.123", folder);
	snprintf(young, sizeof(young), "%s/new.124", folder);
	write_file(old, "x", 1);
	write_file(young, "x", 1);
	CHECK(!utimes(old, long_ago));
	make_kernel(kernel, 7, true);
	CHECK(loads(7, "gzip"));
	CHECK(access(old, F_OK) && !access(young, F_OK));
	CHECK(nr_files(path) == 2);
	/* one of a process that had our number */
	snprintf(old, sizeof(old), "%s/new.%d", folder, (int)getpid());
	write_file(old, "x", 1);
	make_kernel(kernel, 8, true);
	CHECK(loads(8, "gzip"));
	CHECK(loads(8, "kept"));
	CHECK(access(old, F_OK));
}

int main(void)
{
	char command[100];

	if (!mkdtemp(base))
		return 1;
	snprintf(folder, sizeof(folder), "%s/kernels", base);
	snprintf(kernel, sizeof(kernel), "%s/kernel", base);
	RUN(second_load);
	RUN(contents_decide);
	RUN(spoiled);
	RUN(folder);
	RUN(room);
	RUN(not_kept);
	RUN(many_at_once);
	RUN(leftovers);
	snprintf(command, sizeof(command), "rm -rf %s", base);
	return system(command) || suite_end();
}
