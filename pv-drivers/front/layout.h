/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a kernel built on this kit lives in its address space. A host kernel
 * with a layout of its own replaces this file and kernel.ld.
 */
#pragma once

#ifdef __ASSEMBLY__
#define PV_CONST(x) x
#else
#define PV_CONST(x) x##UL
#endif

#define PV_VIRT_BASE PV_CONST(0xffffffff80000000)	/* PFN 0, L4 slot 511 */
#define PV_P2M_BASE PV_CONST(0x8000000000)		/* L4 slot 1 */
#define PV_STACK_SIZE 65536
