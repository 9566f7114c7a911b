/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts an operation in batches, so that a median is left of what disturbs
 * some: a line "operation NUMBER TIMES NAME", then marks 2 * NUMBER and
 * 2 * NUMBER + 1 around each batch of TIMES operations. With WALL in the
 * environment, a line "took NUMBER NANOSECONDS" for each, too.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/bench/mark.h"

#define BATCHES 15

struct operation {
	const char *name;
	unsigned times;
	void (*run)(unsigned times);
	void (*before)(void), (*after)(void); /* each batch */
};

static inline void check(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static inline unsigned long nanoseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (unsigned long)ts.tv_sec * 1000000000 +
	       (unsigned long)ts.tv_nsec;
}

/* A batch, with its time: not where instructions are counted. */
static inline void time_batch(unsigned number, const struct operation *op)
{
	const unsigned long begin = nanoseconds();

	op->run(op->times);
	printf("took %u %lu\n", number, nanoseconds() - begin);
	fflush(stdout);
}

static inline void count_batch(unsigned number, const struct operation *op)
{
	mark(2 * number);
	op->run(op->times);
	mark(2 * number + 1);
}

static inline void count(unsigned number, const struct operation *op)
{
	const bool wall = getenv("WALL");

	printf("operation %u %u %s\n", number, op->times, op->name);
	fflush(stdout);
	for (unsigned i = 0; i < BATCHES; i++) {
		if (op->before)
			op->before();
		if (wall)
			time_batch(number, op);
		else
			count_batch(number, op);
		if (op->after)
			op->after();
	}
}
