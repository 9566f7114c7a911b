/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Feature bits: what XENVER_get_features reports and what a kernel's notes
 * ask for. Marked "1": Shoji sets it for every PV guest.
 */
#pragma once

#define XENFEAT_writable_page_tables		0	/* never for PV */
#define XENFEAT_auto_translated_physmap		2	/* never for PV */
#define XENFEAT_supervisor_mode_kernel		3
#define XENFEAT_pae_pgdir_above_4gb		4	/* 1 */
#define XENFEAT_mmu_pt_update_preserve_ad	5	/* 1: MMU command 2 */
#define XENFEAT_highmem_assist			6	/* 1: CLEAR_PAGE */
#define XENFEAT_gnttab_map_avail_bits		7	/* 1: GNTMAP_guest_* */
#define XENFEAT_dom0				11	/* dom0 only */
#define XENFEAT_memory_op_vnode_supported	13
#define XENFEAT_direct_mapped			17	/* 1: PTEs hold MFNs */

