/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypercalls that take a command and a structure: what they have in common
 * before and after the operation itself. The structure is read once, into the
 * hypervisor's own memory, and written back if the table says so.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xen/xen.h"

struct domain;

struct subop {
	/* d: the domain that the structure names, or the caller. */
	int64_t (*fn)(struct domain *d, void *op); /* NULL: -ENOSYS */
	uint8_t size;  /* of the guest's structure, 0: none is read */
	uint8_t domid; /* where in it the domain's number is, + 1 */
	bool back;     /* copied back when fn returns 0 */
	bool dom0;     /* -EPERM for others */
};

/* Entries of a table: [NUMBER] = SUBOP(function, structure), and for one that
 * names in a field whom it is about, SUBOP_ON(function, structure, field). */
#define SUBOP(function, type, ...)                                         \
	{                                                                  \
		.fn = (function), .size = sizeof(struct type), __VA_ARGS__ \
	}
#define SUBOP_ON(function, type, field, ...)                               \
	SUBOP(function, type, .domid = offsetof(struct type, field) + 1,   \
		__VA_ARGS__)

int64_t subop_run(
	const struct subop *table, size_t nr, uint32_t cmd, gva_t arg);
#define SUBOP_RUN(table, cmd, arg)                                         \
	subop_run((table), sizeof(table) / sizeof((table)[0]), (cmd), (arg))

/*
 * domctl, sysctl, platform_op: for dom0, with the command and the version of
 * the structure, which must be the one we speak (-EACCES), in the first two
 * words. Copied back when run returns 0.
 */
int64_t subop_control(gva_t arg, size_t size, uint32_t version,
	int64_t (*run)(void *op, gva_t arg));
#define SUBOP_CONTROL_ROOM 144
