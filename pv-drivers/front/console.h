/* SPDX-License-Identifier: BSD-2-Clause */
/* The domain's console: the hypervisor's for dom0, a PV ring for others. */
#pragma once

#include <stddef.h>

/* Maps the ring and binds its event channel; call once, after events work. */
void console_init(void);

/* Writes all of it, waiting for room in the ring. Works before init, too. */
void console_write(const char *text, size_t len);

/* What has been typed, at most len bytes; 0 if nothing. */
size_t console_read(char *buffer, size_t len);
