/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One-page grant mappings through /dev/xen/gntdev. A mapping lives until
 * gnttab_unmap() or until the process ends; the other domain cannot take its
 * page back before that.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Descriptor or -errno. */
int gnttab_open(void);

/* The mapped page, or NULL with errno set. */
void *gnttab_map(int fd, uint16_t dom, uint32_t ref, bool writable);

/* @page: from gnttab_map() of the same descriptor, or NULL. */
void gnttab_unmap(int fd, void *page);
