/* SPDX-License-Identifier: BSD-2-Clause */
/* Included before every file of the hypervisor by build.mk: all names are
 * within the image, so that nobody takes an address from a table. */
#pragma once

#ifndef __ASSEMBLY__
#pragma GCC visibility push(hidden)
#endif
