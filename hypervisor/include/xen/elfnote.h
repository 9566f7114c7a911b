/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types of the ELF notes with owner "Xen" by which a kernel says how it
 * wants to be loaded. Usable in assembly: test guests write such notes.
 */
#pragma once

#define XEN_ELFNOTE_ENTRY		1	/* virtual address */
#define XEN_ELFNOTE_HYPERCALL_PAGE	2	/* virtual address */
#define XEN_ELFNOTE_VIRT_BASE		3	/* virtual address of PFN 0 */
#define XEN_ELFNOTE_PADDR_OFFSET	4	/* subtract from p_paddr */
#define XEN_ELFNOTE_XEN_VERSION		5	/* text "xen-3.0" */
#define XEN_ELFNOTE_GUEST_OS		6	/* text */
#define XEN_ELFNOTE_GUEST_VERSION	7	/* text */
#define XEN_ELFNOTE_LOADER		8	/* text "generic" */
#define XEN_ELFNOTE_PAE_MODE		9	/* text; 32-bit only */
#define XEN_ELFNOTE_HV_START_LOW	12	/* address we must stay above */
#define XEN_ELFNOTE_L1_MFN_VALID	13	/* mask and value pairs */
#define XEN_ELFNOTE_INIT_P2M		15	/* where to map the p2m list */
#define XEN_ELFNOTE_MOD_START_PFN	16	/* 1: initrd needs no mapping */
#define XEN_ELFNOTE_SUPPORTED_FEATURES	17	/* bit per XENFEAT_* */
#define XEN_ELFNOTE_PHYS32_ENTRY	18	/* not for PV */
