/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One-page grant mappings through /dev/xen/gntdev, see gnttab.h. The kernel
 * names a mapping by its offset in the device file; it is asked for the offset
 * again at unmap time, so that nothing needs to be kept here.
 */
#include "lib/gnttab.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* The kernel's header leaves these names to its user. */
typedef uint16_t domid_t;
typedef uint32_t grant_ref_t;
#include <xen/gntdev.h>

enum { PAGE_BYTES = 4096 };

int gnttab_open(void)
{
	const int fd = open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static void forget(int fd, uint64_t index)
{
	struct ioctl_gntdev_unmap_grant_ref unmap = {
		.index = index,
		.count = 1,
	};

	ioctl(fd, IOCTL_GNTDEV_UNMAP_GRANT_REF, &unmap);
}

void *gnttab_map(int fd, uint16_t dom, uint32_t ref, bool writable)
{
	struct ioctl_gntdev_map_grant_ref map = {
		.count = 1,
		.refs[0] = {.domid = dom, .ref = ref},
	};

	if (ioctl(fd, IOCTL_GNTDEV_MAP_GRANT_REF, &map) < 0)
		return NULL;

	const int prot = PROT_READ | (writable ? PROT_WRITE : 0);
	void *page = mmap(NULL, PAGE_BYTES, prot, MAP_SHARED, fd, map.index);

	if (page == MAP_FAILED) {
		const int saved_errno = errno;

		forget(fd, map.index);
		errno = saved_errno;
		return NULL;
	}
	return page;
}

void gnttab_unmap(int fd, void *page)
{
	struct ioctl_gntdev_get_offset_for_vaddr where = {
		.vaddr = (uintptr_t)page,
	};

	if (!page)
		return;

	const int rc = ioctl(fd, IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR, &where);

	munmap(page, PAGE_BYTES);
	if (rc == 0)
		forget(fd, where.offset);
}
