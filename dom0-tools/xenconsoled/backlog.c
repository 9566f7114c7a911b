// SPDX-License-Identifier: BSD-2-Clause
/* The last output of one guest, see backlog.h. */
#include "xenconsoled/backlog.h"

#include <stdlib.h>
#include <string.h>

bool backlog_init(struct backlog *backlog, size_t size)
{
	while (size & (size - 1))
		size &= size - 1;
	*backlog = (struct backlog){.data = malloc(size), .size = size};
	return backlog->data;
}

void backlog_free(struct backlog *backlog)
{
	free(backlog->data);
	*backlog = (struct backlog){0};
}

/* From pos on, in one stretch: count bytes at most. */
static size_t stretch(const struct backlog *b, uint64_t pos, size_t count)
{
	const size_t to_end = b->size - (pos & (b->size - 1));

	return count < to_end ? count : to_end;
}

void backlog_put(struct backlog *b, const char *data, size_t count)
{
	while (count > 0) {
		const size_t n = stretch(b, b->head, count);

		memcpy(b->data + (b->head & (b->size - 1)), data, n);
		b->head += n;
		data += n;
		count -= n;
	}
	if (b->head - b->shown > b->size) {
		const uint64_t oldest = b->head - b->size;

		b->lost += oldest - b->shown;
		b->shown = oldest;
	}
}

size_t backlog_waiting(const struct backlog *b)
{
	return b->head - b->shown;
}

size_t backlog_next(const struct backlog *b, const char **data)
{
	*data = b->data + (b->shown & (b->size - 1));
	return stretch(b, b->shown, backlog_waiting(b));
}

void backlog_done(struct backlog *b, size_t count)
{
	const size_t waiting = backlog_waiting(b);

	b->shown += count < waiting ? count : waiting;
}

size_t backlog_tail(const struct backlog *b, char *to, size_t room)
{
	size_t count = b->head < b->size ? b->head : b->size;

	if (count > room)
		count = room;
	for (size_t done = 0; done < count;) {
		const uint64_t pos = b->head - count + done;
		const size_t n = stretch(b, pos, count - done);

		memcpy(to + done, b->data + (pos & (b->size - 1)), n);
		done += n;
	}
	return count;
}
