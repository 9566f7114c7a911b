// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reads and writes of a block device, one at a time, past the page cache.
 *
 * usage: block DEVICE
 */
#include <fcntl.h>
#include <unistd.h>

#include "tests/bench/batch.h"

#define LARGE ((size_t)125 * 4096)
#define LARGE_64M 125u /* of them are 64 million bytes */
#define SMALL ((size_t)4096)
#define AREA (16 * LARGE) /* less than any ram disk has */

static int device;
static char *buffer;
static off_t at;

static void move(bool out, size_t size)
{
	const ssize_t done = out ? pwrite(device, buffer, size, at) :
				   pread(device, buffer, size, at);

	check(done == (ssize_t)size, "device");
	at = (at + (off_t)size) % (off_t)AREA;
}

static void move_large(bool out, unsigned megabytes)
{
	for (unsigned n = megabytes / 64 * LARGE_64M; n; n--)
		move(out, LARGE);
}

static void read_large(unsigned megabytes)
{
	move_large(false, megabytes);
}

static void write_large(unsigned megabytes)
{
	move_large(true, megabytes);
}

static void read_small(unsigned times)
{
	while (times--)
		move(false, SMALL);
}

static void write_small(unsigned times)
{
	while (times--)
		move(true, SMALL);
}

static const struct operation operations[] = {
	{"block_read", 64, read_large, NULL, NULL},
	{"block_write", 64, write_large, NULL, NULL},
	{"block_read_4k", 100, read_small, NULL, NULL},
	{"block_write_4k", 100, write_small, NULL, NULL},
};

int main(int argc, char **argv)
{
	check(argc == 2, "usage");
	device = open(argv[1], O_RDWR | O_DIRECT);
	check(device >= 0, argv[1]);
	buffer = aligned_alloc(SMALL, LARGE);
	check(buffer, "memory");
	for (size_t i = 0; i < LARGE; i++)
		buffer[i] = (char)(i * 7);
	write_large(64);
	for (unsigned n = 0; n < sizeof(operations) / sizeof(operations[0]);
		n++)
		count(n, &operations[n]);
	return 0;
}
