/* SPDX-License-Identifier: BSD-2-Clause */
/* What hardware a domain may reach, besides the hypercall (core/physdev.c). */
#pragma once

struct domain;

/* dom0: everything but what is ours. -ENOSPC: too many holes. */
int physdev_permit_all(struct domain *d);
