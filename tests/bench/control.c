// SPDX-License-Identifier: BSD-2-Clause
/*
 * What dom0 asks of the hypervisor: the cost of a null call through the
 * kernel's door, and how much memory the hypervisor keeps for itself.
 */
#include <sys/ioctl.h>

#include "lib/control.h"
#include "lib/privcmd.h"
#include "tests/bench/batch.h"

static int fd;

static void null_call(unsigned times)
{
	while (times--)
		privcmd_call(fd, __HYPERVISOR_xen_version, XENVER_version, 0, 0,
			0, 0);
}

/* What neither dom0 has nor anybody could have. */
static void own_memory(void)
{
	struct xen_sysctl_physinfo machine;
	struct xen_domctl_getdomaininfo dom0;

	check(control_physinfo(fd, &machine) == 0, "physinfo");
	check(control_info(fd, 0, &dom0) == 0, "dom0");
	printf("figure own_memory %lu\n",
		(machine.total_pages - machine.free_pages - dom0.tot_pages) *
			4);
	printf("memory: %lu KiB in all, %lu free, %lu dom0's\n",
		machine.total_pages * 4, machine.free_pages * 4,
		dom0.tot_pages * 4);
}

int main(void)
{
	static const struct operation op = {
		"privcmd_null", 1000, null_call, NULL, NULL};

	fd = privcmd_open();
	check(fd >= 0, "privcmd");
	count(0, &op);
	own_memory();
	return 0;
}
