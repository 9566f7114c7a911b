// SPDX-License-Identifier: BSD-2-Clause
/*
 * xen_version (ABI surface 2.2). The version is that of the ABI we keep, not
 * our own: guests and tools decide by it what they may call.
 */
#include "core/refusal.h"
#include "xen/version.h"

#include "boot/boot.h"
#include "core/domain.h"
#include "core/vcpu.h"
#include "lib/string.h"
#include "mm/guestmem.h"
#include "pv/hypercall.h"

#define ABI_VERSION (4u << 16 | 17)

#define FEATURES                                                               \
	(1u << XENFEAT_pae_pgdir_above_4gb |                                   \
		1u << XENFEAT_mmu_pt_update_preserve_ad |                      \
		1u << XENFEAT_highmem_assist |                                 \
		1u << XENFEAT_gnttab_map_avail_bits |                          \
		1u << XENFEAT_memory_op_vnode_supported |                      \
		1u << XENFEAT_direct_mapped)

/* Their room on the stack is not for the common call, which asks the version:
 * guests do so to have events delivered. */
#define NOINLINE __attribute__((noinline))

/* A fixed-size, zero-padded string. */
static NOINLINE int64_t put_string(gva_t to, const char *s, size_t size)
{
	char text[XEN_CAPABILITIES_INFO_LEN] = {0};

	string_copy(text, s, size);
	return copy_to_guest(to, text, size);
}

static NOINLINE int64_t compile_info(gva_t to)
{
	struct xen_compile_info info = {0};

	string_copy(info.compiler, __VERSION__, sizeof(info.compiler));
	string_copy(info.compile_by, "shoji", sizeof(info.compile_by));
	return copy_to_guest(to, &info, sizeof(info));
}

static NOINLINE int64_t platform_parameters(gva_t to)
{
	const struct xen_platform_parameters p = {.virt_start = HV_BASE};

	return copy_to_guest(to, &p, sizeof(p));
}

static NOINLINE int64_t get_features(gva_t arg)
{
	struct xen_feature_info info;

	if (copy_from_guest(&info, arg, sizeof(info)))
		return -EFAULT;
	if (info.submap_idx != 0)
		return reject(-EINVAL, "there is no map %u", info.submap_idx);
	info.submap = FEATURES;
	if (current->domain->hardware)
		info.submap |= 1u << XENFEAT_dom0;
	return copy_to_guest(arg, &info, sizeof(info));
}

int64_t hypercall_xen_version(struct hypercall_args *a)
{
	const gva_t arg = {a->arg[1]};

	switch ((uint32_t)a->arg[0]) {
	case XENVER_version:
		return ABI_VERSION;
	case XENVER_extraversion:
		return put_string(arg, ".0-shoji", XEN_EXTRAVERSION_LEN);
	case XENVER_compile_info:
		return compile_info(arg);
	case XENVER_capabilities:
		return put_string(
			arg, "xen-3.0-x86_64", XEN_CAPABILITIES_INFO_LEN);
	case XENVER_changeset:
		return put_string(arg, "unavailable", XEN_CHANGESET_INFO_LEN);
	case XENVER_platform_parameters:
		return platform_parameters(arg);
	case XENVER_get_features:
		return get_features(arg);
	case XENVER_pagesize:
		return gva_null(arg) ? PAGE_SIZE : reject(-EINVAL,
			"the argument is not zero");
	case XENVER_guest_handle:
		return copy_to_guest(arg, current->domain->handle,
			       sizeof(xen_domain_handle_t));
	case XENVER_commandline:
		return put_string(arg,
			current->domain->privileged ? boot_info.line : "",
			sizeof(xen_commandline_t));
	case XENVER_build_id:
		return reject(-ENODATA, "there is no build id");
	default:
		return reject(-ENOSYS, "there is no such item");
	}
}
