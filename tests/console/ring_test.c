// SPDX-License-Identifier: BSD-2-Clause
/*
 * The pure half of xenconsoled: the shared rings, against a guest that does
 * right and one that writes anything anywhere, and the backlog, against a
 * model that remembers everything. The page is a block of its own, so that
 * the address sanitizer sees a step out of it.
 */
#include "suite.h"
#include "xen/io/console.h"
#include "xenconsoled/backlog.h"
#include "xenconsoled/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 200000 };

static uint64_t seed = 88172645463325252u;

static uint32_t random_number(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed >> 16;
}

static struct xencons_interface *page_at(XENCONS_RING_IDX index)
{
	struct xencons_interface *page = calloc(1, sizeof(*page));

	page->in_cons = page->in_prod = index;
	page->out_cons = page->out_prod = index;
	return page;
}

/* What a guest's driver does to write. */
static size_t guest_write(
	struct xencons_interface *page, const char *text, size_t count)
{
	const size_t room =
		sizeof(page->out) - (page->out_prod - page->out_cons);

	if (count > room)
		count = room;
	for (size_t i = 0; i < count; i++)
		page->out[MASK_XENCONS_IDX(page->out_prod + i, page->out)] =
			text[i];
	page->out_prod += count;
	return count;
}

static size_t guest_read(
	struct xencons_interface *page, char *text, size_t room)
{
	size_t count = page->in_prod - page->in_cons;

	if (count > room)
		count = room;
	for (size_t i = 0; i < count; i++)
		text[i] =
			page->in[MASK_XENCONS_IDX(page->in_cons + i, page->in)];
	page->in_cons += count;
	return count;
}

/* A stream of bytes through a ring, in pieces of all sizes, over the place
 * where the indices wrap around to 0. */
static void test_output_arrives_in_order(void)
{
	struct xencons_interface *page = page_at(UINT32_MAX - 5000);
	unsigned char sent = 0, expected = 0;
	char text[4096];

	for (int i = 0; i < ROUNDS / 10; i++) {
		const size_t want = random_number() % 3000;

		for (size_t k = 0; k < want; k++)
			text[k] = (unsigned char)(sent + k);
		sent += guest_write(page, text, want);

		const int n = ring_take(page, text, random_number() % 3000);

		CHECK(n >= 0);
		for (int k = 0; k < n; k++)
			CHECK((unsigned char)text[k] ==
				(unsigned char)(expected + k));
		expected += n;
	}
	CHECK(page->out_cons < UINT32_MAX / 2);
	free(page);
}

static void test_input_arrives_in_order(void)
{
	struct xencons_interface *page = page_at(UINT32_MAX - 5000);
	unsigned char sent = 0, expected = 0;
	char text[2048];

	for (int i = 0; i < ROUNDS / 10; i++) {
		const size_t want = random_number() % 1500;
		const int room = ring_room(page);

		for (size_t k = 0; k < want; k++)
			text[k] = (unsigned char)(sent + k);

		const int n = ring_put(page, text, want);

		CHECK(n == ((int)want < room ? (int)want : room));
		CHECK(ring_room(page) == room - n);
		sent += n;

		const size_t got =
			guest_read(page, text, random_number() % 1500);

		for (size_t k = 0; k < got; k++)
			CHECK((unsigned char)text[k] ==
				(unsigned char)(expected + k));
		expected += got;
	}
	free(page);
}

static void test_full_and_empty(void)
{
	struct xencons_interface *page = page_at(0);
	char text[4096] = "";

	CHECK(ring_take(page, text, sizeof(text)) == 0);
	CHECK(guest_write(page, text, sizeof(text)) == sizeof(page->out));
	CHECK(ring_take(page, text, sizeof(text)) == sizeof(page->out));
	CHECK(ring_take(page, text, sizeof(text)) == 0);
	CHECK(ring_put(page, text, sizeof(text)) == sizeof(page->in));
	CHECK(ring_room(page) == 0);
	CHECK(ring_put(page, text, 1) == 0);
	free(page);
}

static void test_impossible_indices_are_refused(void)
{
	struct xencons_interface *page = page_at(7);
	char text[4096] = "";

	page->out_prod = page->out_cons + sizeof(page->out) + 1;
	CHECK(ring_take(page, text, sizeof(text)) == -EPROTO);
	page->out_prod = page->out_cons - 1;
	CHECK(ring_take(page, text, sizeof(text)) == -EPROTO);
	page->in_cons = page->in_prod + 1;
	CHECK(ring_put(page, text, 1) == -EPROTO);
	CHECK(ring_room(page) == -EPROTO);
	page->in_cons = page->in_prod - sizeof(page->in) - 1;
	CHECK(ring_put(page, text, 1) == -EPROTO);

	ring_reset(page);
	CHECK(ring_take(page, text, sizeof(text)) == 0);
	CHECK(ring_room(page) == sizeof(page->in));
	CHECK(guest_write(page, "x", 1) == 1);
	CHECK(ring_take(page, text, sizeof(text)) == 1 && text[0] == 'x');
	free(page);
}

/* The guest scribbles over the whole page between any two of our steps. */
static void test_a_mad_guest_hurts_nobody(void)
{
	struct xencons_interface *page = page_at(0);
	char text[4096];

	for (int i = 0; i < ROUNDS; i++) {
		uint32_t *word = (uint32_t *)page +
				 random_number() % (sizeof(*page) / 4);
		const size_t room = random_number() % sizeof(text);

		if (i & 1)
			word = &page->in_cons + random_number() % 4;
		*word = random_number() >> random_number() % 32;
		memset(text, 0, sizeof(text));

		int n = ring_take(page, text, room);

		CHECK(n == -EPROTO ||
			(n >= 0 && (size_t)n <= room && n <= 2048));
		n = ring_put(page, text, room);
		CHECK(n == -EPROTO ||
			(n >= 0 && (size_t)n <= room && n <= 1024));
		n = ring_room(page);
		CHECK(n == -EPROTO || (n >= 0 && n <= 1024));
		if (random_number() % 16 == 0)
			ring_reset(page);
	}
	free(page);
}

/* All that was ever put in, and a count of what was shown or lost. */
struct model {
	char all[1 << 20];
	size_t put, shown;
};

static void check_backlog(const struct backlog *b, const struct model *m)
{
	char tail[8192];
	const size_t room = random_number() % sizeof(tail);
	const size_t n = backlog_tail(b, tail, room);
	size_t most = m->put < b->size ? m->put : b->size;

	if (most > room)
		most = room;
	CHECK(n == most);
	CHECK(!memcmp(tail, m->all + m->put - n, n));
	CHECK(backlog_waiting(b) == m->put - m->shown);
}

static void step_backlog(struct backlog *b, struct model *m)
{
	const char *next;
	const size_t want = random_number() % 6000;

	if (m->put + want <= sizeof(m->all) && random_number() % 2) {
		backlog_put(b, m->all + m->put, want);
		m->put += want;
		if (m->put - m->shown > b->size)
			m->shown = m->put - b->size;
	} else {
		size_t n = backlog_next(b, &next);

		CHECK((n > 0) == (m->put > m->shown));
		CHECK(!memcmp(next, m->all + m->shown, n));
		n = n ? random_number() % (n + 1) : 0;
		backlog_done(b, n);
		m->shown += n;
	}
}

static void test_backlog_keeps_the_newest(void)
{
	struct model *m = calloc(1, sizeof(*m));
	struct backlog b;

	for (size_t i = 0; i < sizeof(m->all); i++)
		m->all[i] = random_number();
	CHECK(backlog_init(&b, 5000) && b.size == 4096);
	while (m->put < sizeof(m->all) - 6000 && !suite_failed()) {
		step_backlog(&b, m);
		check_backlog(&b, m);
	}
	CHECK(b.lost > 0 && b.lost < m->put);
	backlog_free(&b);
	free(m);
}

int main(void)
{
	RUN(output_arrives_in_order);
	RUN(input_arrives_in_order);
	RUN(full_and_empty);
	RUN(impossible_indices_are_refused);
	RUN(a_mad_guest_hurts_nobody);
	RUN(backlog_keeps_the_newest);
	return suite_end();
}
