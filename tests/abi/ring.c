/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring functions of io/ring.h: sizes, free slots, when an event is due,
 * wrapping counters, ends that cheat, and two threads that exchange requests
 * and sleep on each other: a lost wake-up would make them stand still.
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xen/io/blkif.h>
#include <xen/io/netif.h>

#define NR_EXCHANGED	600000u

static _Alignas(4096) uint8_t page[4096];
static struct ring_front front;
static struct ring_back back;
static sem_t front_event, back_event;
static int failures;

#define CHECK(cond) do { if (!(cond)) return #cond; } while (0)

static void run(const char *name, const char *(*test)(void))
{
	const char *const broken = test();

	failures += broken != NULL;
	if (broken)
		printf("not ok %s: not %s\n", name, broken);
	else
		printf("ok %s\n", name);
	fflush(stdout);
}

/* A fresh ring of blkif slots whose counters start at `start`. */
static void start_at(uint32_t start)
{
	memset(page, 0x5a, sizeof(page));
	ring_front_init(&front, page, sizeof(page),
			sizeof(union blkif_sring_entry));
	front.req_prod = front.rsp_cons = start;
	front.page->req_prod = front.page->rsp_prod = start;
	front.page->req_event = front.page->rsp_event = start + 1;
	ring_back_attach(&back, page, sizeof(page),
			 sizeof(union blkif_sring_entry));
}

static void request(uint64_t id)
{
	struct blkif_request *const req = ring_front_next(&front);

	req->id = id;
}

static uint64_t take_request(void)
{
	struct blkif_request req;

	memcpy(&req, ring_back_peek(&back), sizeof(req));
	ring_back_take(&back);
	return req.id;
}

static void respond(uint64_t id)
{
	struct blkif_response *const rsp = ring_back_next(&back);

	rsp->id = id;
}

static const char *sizes(void)
{
	CHECK(ring_nr_slots(4096, sizeof(union blkif_sring_entry)) == 32);
	CHECK(ring_nr_slots(8192, sizeof(union blkif_sring_entry)) == 64);
	CHECK(ring_nr_slots(4096, sizeof(union netif_tx_sring_entry)) == 256);
	start_at(0);
	CHECK(ring_front_slot(&front, 0) == page + 64);
	CHECK(ring_front_slot(&front, 31) == page + 64 + 31 * 112);
	CHECK(ring_front_slot(&front, 32) == page + 64);
	CHECK(ring_back_slot(&back, 33) == page + 64 + 112);
	return NULL;
}

static const char *fill_and_drain(void)
{
	start_at(0xfffffff0);	/* wraps half-way */
	for (uint32_t i = 0; i < 32; i++) {
		CHECK(ring_front_free(&front) == 32 - i);
		request(i);
		CHECK(ring_back_peek(&back) == NULL);
	}
	CHECK(ring_front_free(&front) == 0);
	CHECK(ring_front_push(&front));
	CHECK(!ring_back_overflow(&back));
	for (uint32_t i = 0; i < 32; i++) {
		CHECK(take_request() == i);
		respond(i);
	}
	CHECK(ring_back_peek(&back) == NULL);
	CHECK(ring_front_peek(&front) == NULL);
	CHECK(ring_back_push(&back));
	for (uint32_t i = 0; i < 32; i++) {
		CHECK(((const struct blkif_response *)
		       ring_front_peek(&front))->id == i);
		ring_front_take(&front);
		CHECK(ring_front_free(&front) == i + 1);
	}
	CHECK(ring_front_peek(&front) == NULL);
	return NULL;
}

static const char *events(void)
{
	start_at(0xffffffff);
	request(1);
	CHECK(ring_front_push(&front));		/* back end waits for it */
	request(2);
	CHECK(!ring_front_push(&front));	/* it is awake now */
	CHECK(take_request() == 1);
	CHECK(ring_back_sleep(&back));		/* no: there is another */
	CHECK(take_request() == 2);
	CHECK(!ring_back_sleep(&back));
	request(3);
	request(4);
	CHECK(ring_front_push(&front));
	CHECK(!ring_front_push(&front));	/* nothing new */
	respond(1);
	CHECK(ring_back_push(&back));
	respond(2);
	CHECK(!ring_back_push(&back));
	ring_front_take(&front);
	CHECK(ring_front_sleep(&front));
	ring_front_take(&front);
	CHECK(!ring_front_sleep(&front));
	return NULL;
}

static const char *cheats(void)
{
	start_at(5);
	front.page->req_prod = 5 + 32;
	CHECK(!ring_back_overflow(&back));
	front.page->req_prod = 5 + 33;
	CHECK(ring_back_overflow(&back));
	for (uint32_t i = 0; i < 32; i++)
		ring_back_take(&back);
	CHECK(ring_back_peek(&back) == NULL);	/* never more than slots */

	start_at(5);
	request(1);
	front.page->rsp_prod = 5 + 1;
	CHECK(!ring_front_overflow(&front));
	front.page->rsp_prod = 5 + 2;
	CHECK(ring_front_overflow(&front));
	front.page->rsp_prod = 4;
	CHECK(ring_front_overflow(&front));
	return NULL;
}

/*
 * Look again a few times, a number that varies, before going to sleep: so
 * the ends meet at the edge between sleeping and waking.
 */
static bool spin(uint32_t *turn, uint32_t limit)
{
	*turn = (*turn + 1) % limit;
	return *turn != 0;
}

static void *back_end(void *unused)
{
	uint32_t turn = 0;

	for (uint32_t done = 0; done < NR_EXCHANGED; ) {
		if (!ring_back_peek(&back)) {
			if (!spin(&turn, 61) && !ring_back_sleep(&back))
				sem_wait(&back_event);
			continue;
		}
		respond(take_request() + 1);
		done++;
		if (ring_back_push(&back))
			sem_post(&front_event);
	}
	return unused;
}

static const char *two_threads(void)
{
	pthread_t thread;
	uint32_t sent = 0, seen = 0, turn = 0;

	start_at(0xffff0000);	/* wraps on the way */
	sem_init(&front_event, 0, 0);
	sem_init(&back_event, 0, 0);
	pthread_create(&thread, NULL, back_end, NULL);
	while (seen < NR_EXCHANGED) {
		if (sent < NR_EXCHANGED && sent == seen)
			request(sent++);
		if (ring_front_push(&front))
			sem_post(&back_event);
		for (const struct blkif_response *rsp;
		     (rsp = ring_front_peek(&front)); ring_front_take(&front))
			CHECK(rsp->id == ++seen);
		if (sent > seen && !spin(&turn, 53) &&
		    !ring_front_sleep(&front))
			sem_wait(&front_event);
	}
	pthread_join(thread, NULL);
	return NULL;
}

static void too_late(int sig)
{
	static const char text[] =
		"not ok two threads: nobody woke the other end in 60 s\n";

	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(sig);
	_exit(1);
}

int main(void)
{
	run("sizes and places", sizes);
	run("fill and drain across the counters' end", fill_and_drain);
	run("events are due when asked for", events);
	run("ends that cheat", cheats);
	signal(SIGALRM, too_late);
	alarm(60);
	run("two threads", two_threads);
	return failures != 0;
}
