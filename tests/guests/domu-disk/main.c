/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest for the toolstack's tests that drives its first disk through the
 * kit's block front end: connects, fills it with a pattern that says where
 * each sector is, reads it back in other pieces, checks the refusals, closes
 * and connects again. The disk's content is overwritten, and left as the
 * pattern: 8-byte words, sector number times 512 plus offset.
 */
#include "pv-drivers/front/blkfront.h"
#include "pv-drivers/front/text.h"
#include "pv-drivers/front/xenbus.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

#define CHUNK 512			/* sectors in one transfer */
#define LIMIT (64UL << 11)		/* of 64 MiB at most */

static struct blkfront disk;
static unsigned int id;
static uint64_t *buffer;		/* CHUNK sectors, contiguous */

static uint64_t limit(void)
{
	return disk.nr_sectors < LIMIT ? disk.nr_sectors : LIMIT;
}

static void test_connect(void)
{
	char names[64];

	REQUIRE_EQ(xenbus_init(), 0);
	REQUIRE(xenbus_directory(0, "device/vbd", names, sizeof(names)) > 0);
	id = text_number(names);
	REQUIRE_EQ(blkfront_connect(&disk, id), 0);
	REQUIRE(disk.nr_sectors > 0);
	REQUIRE(!disk.readonly);
	print("# disk %u: %lu sectors of %u, flush %d\n", id, disk.nr_sectors,
	      disk.sector_size, disk.can_flush);
	/* pages of the linear map follow one another */
	buffer = page_alloc();
	for (uint64_t i = 1; i < CHUNK * 512 / PV_PAGE; i++)
		REQUIRE_EQ((uint64_t)page_alloc(),
			   (uint64_t)buffer + i * PV_PAGE);
}

static void test_write(void)
{
	for (uint64_t at = 0; at < limit(); at += CHUNK) {
		const uint64_t nr = limit() - at < CHUNK ? limit() - at : CHUNK;

		for (uint64_t i = 0; i < nr * 64; i++)
			buffer[i] = at * 512 + i * 8;
		REQUIRE_EQ(blkfront_write(&disk, at, buffer, nr), 0);
	}
	if (disk.can_flush)
		REQUIRE_EQ(blkfront_flush(&disk), 0);
}

/* In pieces of odd sizes, so that requests lie differently in pages. */
static void test_read(void)
{
	uint64_t at = 0, piece = 1;

	while (at < limit()) {
		const uint64_t nr = limit() - at < piece ? limit() - at : piece;

		memset(buffer, 0xee, nr * 512);
		REQUIRE_EQ(blkfront_read(&disk, at, buffer, nr), 0);
		for (uint64_t i = 0; i < nr * 64; i++)
			REQUIRE_EQ(buffer[i], at * 512 + i * 8);
		at += nr;
		piece = piece % 211 + 7;
	}
}

static void test_unaligned_buffer(void)
{
	uint8_t *middle = (uint8_t *)buffer + 512 * 3;

	memset(buffer, 0xee, 512 * 32);
	REQUIRE_EQ(blkfront_read(&disk, 5, middle, 16), 0);
	REQUIRE_EQ(*(uint64_t *)middle, 5 * 512);
	REQUIRE_EQ(*(uint64_t *)(middle + 512 * 15), 20 * 512);
	REQUIRE_EQ(*(middle - 1), 0xee);
	REQUIRE_EQ(*(middle + 512 * 16), 0xee);
	REQUIRE_EQ(blkfront_read(&disk, 0, (char *)buffer + 8, 1), EINVAL_);
}

static void test_beyond_end(void)
{
	REQUIRE_EQ(blkfront_read(&disk, disk.nr_sectors, buffer, 1), EINVAL_);
	REQUIRE_EQ(blkfront_read(&disk, disk.nr_sectors - 1, buffer, 2),
		   EINVAL_);
	/* the back end must see it as well, were we to lie about the size */
	const uint64_t size = disk.nr_sectors;

	disk.nr_sectors += 1000;
	const int64_t rc = blkfront_read(&disk, size + 100, buffer, 8);

	disk.nr_sectors = size;
	REQUIRE_EQ(rc, -5);
	REQUIRE_EQ(blkfront_read(&disk, 0, buffer, 1), 0);
}

static void test_reconnect(void)
{
	REQUIRE_EQ(blkfront_close(&disk), 0);
	REQUIRE_EQ(xenbus_write_in(0, disk.xenbus.path, "state", "1"), 0);
	/* It is closed until it has seen that. */
	REQUIRE_EQ(xenbus_wait_state(disk.xenbus.backend,
				     1u << XenbusStateInitWait),
		   XenbusStateInitWait);
	REQUIRE_EQ(blkfront_connect(&disk, id), 0);
	memset(buffer, 0xee, 512);
	REQUIRE_EQ(blkfront_read(&disk, 9, buffer, 1), 0);
	REQUIRE_EQ(buffer[0], 9 * 512);
	REQUIRE_EQ(blkfront_close(&disk), 0);
}

const struct test tests[] = {
	TEST(connect),
	TEST(write),
	TEST(read),
	TEST(unaligned_buffer),
	TEST(beyond_end),
	TEST(reconnect),
	TESTS_END
};
