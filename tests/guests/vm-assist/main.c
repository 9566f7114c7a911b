/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves vm_assist (known and unknown types) and every xen_version sub-op:
 * version, strings, features a PV kernel relies on, page size, platform
 * parameters, handle, and their pointer checks.
 */
#include <xen/features.h>
#include <xen/physdev.h>
#include <xen/version.h>

#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

static void test_known_types(void)
{
	static const unsigned int types[] = {
		VMASST_TYPE_4gb_segments, VMASST_TYPE_writable_pagetables,
		VMASST_TYPE_pae_extended_cr3,
		VMASST_TYPE_runstate_update_flag,
	};

	for (unsigned int i = 0; i < sizeof(types) / sizeof(*types); i++) {
		REQUIRE_EQ(hv_vm_assist(VMASST_CMD_enable, types[i]), 0);
		REQUIRE_EQ(hv_vm_assist(VMASST_CMD_enable, types[i]), 0);
		REQUIRE_EQ(hv_vm_assist(VMASST_CMD_disable, types[i]), 0);
		REQUIRE_EQ(hv_vm_assist(VMASST_CMD_disable, types[i]), 0);
	}
}

static void test_unknown_types(void)
{
	static const unsigned int types[] = { 6, 31, 33, 63, 64, 1000 };

	for (unsigned int i = 0; i < sizeof(types) / sizeof(*types); i++) {
		REQUIRE_EQ(hv_vm_assist(VMASST_CMD_enable, types[i]), EINVAL_);
		REQUIRE_EQ(hv_vm_assist(VMASST_CMD_disable, types[i]),
			   EINVAL_);
	}
	REQUIRE_EQ(hv_vm_assist(7, 0), ENOSYS_);
}

static void to_kernel(uint64_t arg)
{
	asm volatile("int $0x80" : : "a"(arg));
}

/* With it the I/O privilege level is where a CPU has it: in the flags. */
static void test_architectural_iopl(void)
{
	struct physdev_set_iopl iopl = { .iopl = 3 };
	struct pv_regs regs;

	user_init();
	regs = user_regs(to_kernel, 0);
	REQUIRE_EQ(hv_vm_assist(VMASST_CMD_enable,
				VMASST_TYPE_architectural_iopl), 0);
	REQUIRE_EQ(hv_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
	REQUIRE_EQ(trap_try(to_kernel, 0), 0x80);
	REQUIRE_EQ(trap_last.rflags >> 12 & 3, 3);
	/* and a return to user mode sets it */
	regs.rflags = (regs.rflags & ~0x3000UL) | 2 << 12;
	REQUIRE_EQ(user_run(&regs), 0x80);
	REQUIRE_EQ(trap_last.rflags >> 12 & 3, 2);
	REQUIRE_EQ(hv_vm_assist(VMASST_CMD_disable,
				VMASST_TYPE_architectural_iopl), 0);
	regs.rflags &= ~0x3000UL;
	REQUIRE_EQ(user_run(&regs), 0x80);
	REQUIRE_EQ(trap_last.rflags >> 12 & 3, 0);
}

static void test_version(void)
{
	REQUIRE_EQ(hv_xen_version(XENVER_version, NULL), 4 << 16 | 17);
}

static bool is_text(const char *text, unsigned int size)
{
	for (unsigned int i = 0; i < size; i++) {
		if (!text[i])
			return true;
		if (text[i] < ' ' || text[i] > '~')
			return false;
	}
	return false;
}

static void test_strings(void)
{
	static char text[1024];
	static struct xen_compile_info info;

	REQUIRE_EQ(hv_xen_version(XENVER_extraversion, text), 0);
	REQUIRE(is_text(text, 16) && text[0]);
	REQUIRE_EQ(hv_xen_version(XENVER_changeset, text), 0);
	REQUIRE(is_text(text, 64));
	REQUIRE_EQ(hv_xen_version(XENVER_commandline, text), 0);
	REQUIRE(is_text(text, 1024) && text[0]);
	REQUIRE_EQ(hv_xen_version(XENVER_compile_info, &info), 0);
	REQUIRE(is_text(info.compiler, sizeof(info.compiler)));
	REQUIRE(is_text(info.compile_by, sizeof(info.compile_by)));
	REQUIRE(is_text(info.compile_domain, sizeof(info.compile_domain)));
	REQUIRE(is_text(info.compile_date, sizeof(info.compile_date)));
}

static bool contains(const char *text, const char *word)
{
	for (; *text; text++) {
		unsigned int i = 0;

		while (word[i] && text[i] == word[i])
			i++;
		if (!word[i])
			return true;
	}
	return false;
}

static void test_capabilities(void)
{
	static char text[1024];

	REQUIRE_EQ(hv_xen_version(XENVER_capabilities, text), 0);
	REQUIRE(is_text(text, sizeof(text)));
	REQUIRE(contains(text, "xen-3.0-x86_64"));
}

static void test_features(void)
{
	struct xen_feature_info info = { .submap_idx = 0 };
	const uint32_t needed = 1u << XENFEAT_mmu_pt_update_preserve_ad |
				1u << XENFEAT_gnttab_map_avail_bits |
				1u << XENFEAT_pae_pgdir_above_4gb |
				1u << XENFEAT_highmem_assist |
				1u << XENFEAT_dom0;
	const uint32_t never = 1u << XENFEAT_writable_page_tables |
			       1u << XENFEAT_auto_translated_physmap |
			       1u << XENFEAT_supervisor_mode_kernel |
			       7u << 8;

	/* the feature of L4 tables above 4 GiB is there once asked for */
	REQUIRE_EQ(hv_vm_assist(VMASST_CMD_enable,
				VMASST_TYPE_pae_extended_cr3), 0);
	REQUIRE_EQ(hv_xen_version(XENVER_get_features, &info), 0);
	REQUIRE_EQ(info.submap & needed, needed);
	REQUIRE_EQ(info.submap & never, 0);
	info.submap_idx = 1;
	REQUIRE_EQ(hv_xen_version(XENVER_get_features, &info), EINVAL_);
	info.submap_idx = 1000;
	REQUIRE_EQ(hv_xen_version(XENVER_get_features, &info), EINVAL_);
}

static void test_page_size(void)
{
	REQUIRE_EQ(hv_xen_version(XENVER_pagesize, NULL), 4096);
}

static void test_platform_parameters(void)
{
	uint64_t start = 0;

	REQUIRE_EQ(hv_xen_version(XENVER_platform_parameters, &start), 0);
	REQUIRE_EQ(start, 0xffff800000000000);
}

static void test_handle(void)
{
	uint8_t handle[17] = { [16] = 0xaa };

	REQUIRE_EQ(hv_xen_version(XENVER_guest_handle, handle), 0);
	REQUIRE_EQ(handle[16], 0xaa);
}

static void test_bad_pointers(void)
{
	static const int cmds[] = {
		XENVER_extraversion, XENVER_compile_info, XENVER_capabilities,
		XENVER_changeset, XENVER_platform_parameters,
		XENVER_get_features, XENVER_guest_handle, XENVER_commandline,
	};

	for (unsigned int i = 0; i < sizeof(cmds) / sizeof(*cmds); i++) {
		REQUIRE_EQ(hv_xen_version(cmds[i], (void *)0x1000), EFAULT_);
		REQUIRE_EQ(hv_xen_version(cmds[i],
					  (void *)0xffff830000000000),
			   EFAULT_);
	}
}


const struct test tests[] = {
	TEST(known_types),
	TEST(unknown_types),
	TEST(architectural_iopl),
	TEST(version),
	TEST(strings),
	TEST(capabilities),
	TEST(features),
	TEST(page_size),
	TEST(platform_parameters),
	TEST(handle),
	TEST(bad_pointers),
	TESTS_END
};
