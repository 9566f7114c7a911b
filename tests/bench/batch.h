/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts an operation in batches, so that a median is left of what disturbs
 * some: a line "operation NUMBER TIMES NAME", then marks 2 * NUMBER and
 * 2 * NUMBER + 1 around each batch of TIMES operations.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

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

static inline void count(unsigned number, const struct operation *op)
{
	printf("operation %u %u %s\n", number, op->times, op->name);
	fflush(stdout);
	for (unsigned i = 0; i < BATCHES; i++) {
		if (op->before)
			op->before();
		mark(2 * number);
		op->run(op->times);
		mark(2 * number + 1);
		if (op->after)
			op->after();
	}
}
