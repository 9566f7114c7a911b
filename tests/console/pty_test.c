// SPDX-License-Identifier: BSD-2-Clause
/*
 * xenconsoled's terminals on real pseudo terminals: who is there is known at
 * any time, bytes pass as they are, and a reader may come and go.
 */
#include "suite.h"
#include "xenconsoled/pty.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static int notifier;

static bool notified(void)
{
	struct pollfd wait = {notifier, POLLIN, 0};

	return poll(&wait, 1, 20000) == 1;
}

static int attach(const struct pty *pty)
{
	return open(pty->path, O_RDWR | O_NOCTTY);
}

static void test_nobody_is_there_at_first(void)
{
	struct pty pty;

	CHECK(pty_make(&pty, notifier) == 0);
	pty_check(&pty);
	CHECK(!pty.attached);
	pty_close(&pty, notifier);
	CHECK(pty.master == -1);
}

static void test_coming_and_going_is_seen(void)
{
	struct pty pty;

	CHECK(pty_make(&pty, notifier) == 0);
	pty_notifier_drain(notifier);
	for (int i = 0; i < 3; i++) {
		const int client = attach(&pty);

		CHECK(client >= 0);
		CHECK(notified());
		pty_notifier_drain(notifier);
		pty_check(&pty);
		CHECK(pty.attached);
		close(client);
		pty_check(&pty);
		CHECK(!pty.attached);
	}
	pty_close(&pty, notifier);
}

static char awaited[64];
static atomic_bool looking, give_up;

/* A client that waits for a terminal, as fast as it can, and types. */
static void *open_early(void *result)
{
	int *fd = result;

	do {
		*fd = open(awaited, O_RDWR | O_NOCTTY | O_NONBLOCK);
		looking = true;
	} while (*fd < 0 && !give_up);
	if (*fd >= 0 && write(*fd, "\n", 1) != 1)
		give_up = true;
	return NULL;
}

/* What a restarted daemon meets: the terminal gets the old one's name, and the
 * client that tries it all the time may be there before pty_make() ends. */
static void test_who_is_quicker_is_seen(void)
{
	struct pty pty;

	CHECK(pty_make(&pty, notifier) == 0);
	for (int i = 0; i < 100; i++) {
		char text[8];
		int client = -1;
		pthread_t thread;

		memcpy(awaited, pty.path, sizeof(awaited));
		looking = give_up = false;
		pty_close(&pty, notifier);
		pty_notifier_drain(notifier);
		pthread_create(&thread, NULL, open_early, &client);
		while (!looking)
			sched_yield();
		CHECK(pty_make(&pty, notifier) == 0);
		give_up = strcmp(pty.path, awaited) != 0;
		pthread_join(thread, NULL);
		if (strcmp(pty.path, awaited)) {
			if (client >= 0)
				close(client);
			continue;	/* another program has that name now */
		}
		CHECK(notified());
		pty_notifier_drain(notifier);
		pty_check(&pty);
		CHECK(pty.attached);
		CHECK(pty_read(&pty, text, sizeof(text)) == 1 && *text == '\n');
		close(client);
	}
	pty_close(&pty, notifier);
}

/* No echo, no line buffer, no translation of control characters. */
static void test_bytes_pass_as_they_are(void)
{
	static const char bytes[] = "a\n\r\x03\x04\x11\x13\x1a\x7f\xff\t z";
	char text[64];
	struct pty pty;

	CHECK(pty_make(&pty, notifier) == 0);

	const int client = attach(&pty);

	pty_check(&pty);
	CHECK(pty_write(&pty, bytes, sizeof(bytes)) == sizeof(bytes));
	CHECK(read(client, text, sizeof(text)) == sizeof(bytes));
	CHECK(!memcmp(text, bytes, sizeof(bytes)));
	CHECK(pty_read(&pty, text, sizeof(text)) == 0);
	CHECK(write(client, bytes, sizeof(bytes)) == sizeof(bytes));
	CHECK(pty_read(&pty, text, sizeof(text)) == sizeof(bytes));
	CHECK(!memcmp(text, bytes, sizeof(bytes)));
	close(client);
	pty_close(&pty, notifier);
}

/* A reader that does not read: the write ends, it does not wait. */
static void test_a_full_terminal_says_no(void)
{
	char text[1024] = "";
	size_t total = 0, n;
	struct pty pty;

	CHECK(pty_make(&pty, notifier) == 0);

	const int client = attach(&pty);

	while ((n = pty_write(&pty, text, sizeof(text))) > 0 && total < 1 << 24)
		total += n;
	CHECK(n == 0 && total > 0);
	while (total > 0) {
		const ssize_t got = read(client, text, sizeof(text));

		CHECK(got > 0);
		if (got <= 0)
			break;
		total -= got;
	}
	CHECK(pty_write(&pty, "x", 1) == 1);
	close(client);
	pty_close(&pty, notifier);
}

int main(void)
{
	notifier = pty_notifier();
	if (notifier < 0) {
		puts("not ok notifier: no inotify");
		return 1;
	}
	RUN(nobody_is_there_at_first);
	RUN(coming_and_going_is_seen);
	RUN(who_is_quicker_is_seen);
	RUN(bytes_pass_as_they_are);
	RUN(a_full_terminal_says_no);
	return suite_end();
}
