/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Grant tables, version 1. A domain's table (entries that others use) and its
 * map tracks (what it maps of others) are under its own lock, RANK_GRANT. A
 * mapping holds the references to the frame, whatever the guest does to its
 * page-table entry.
 */
#pragma once

#include "mm/guestmem.h"

struct domain;

int grant_init(struct domain *d); /* domain_create */
/* Dying: drop every mapping that d made; -ERESTART: call again. */
int grant_release_mappings(struct domain *d);
/* Dying: stop showing the table to d; later maps of its grants fail. */
void grant_close(struct domain *d);
void grant_free(struct domain *d); /* with the domain structure */

/* The machine frames of table pages, into a guest's list; the table grows if
 * needed (XENMEM_acquire_resource and setup_table). -EINVAL beyond the limit,
 * -ENOMEM, -EFAULT. */
int grant_list_frames(
	struct domain *d, unsigned first, unsigned nr, gva_t list);
