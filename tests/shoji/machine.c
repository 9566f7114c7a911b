/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine under the builder's test; see machine.h. */
#include "machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/control.h"
#include "lib/privcmd.h"

#define PAGE 4096ul
#define FIRST_FREE 1024u

struct machine machine;
static int memory = -1;
static unsigned next_big, next_small;

void machine_reset(void)
{
	if (memory >= 0)
		close(memory);
	memory = memfd_create("machine", 0);
	if (ftruncate(memory, MACHINE_FRAMES * PAGE))
		abort();
	machine = (struct machine){.free_frames = MACHINE_FRAMES / 2};
	next_big = FIRST_FREE;
	next_small = MACHINE_FRAMES - 1;
}

void *machine_frame(uint64_t mfn)
{
	void *where = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		memory, mfn * PAGE);

	return where == MAP_FAILED ? NULL : where;
}

static void give(uint64_t mfn, unsigned order)
{
	for (unsigned i = 0; i < 1u << order; i++) {
		void *page = machine_frame(mfn + i);

		memset(page, machine.zeroes ? 0 : 0xc2, PAGE);
		munmap(page, PAGE);
	}
}

bool control_gives_zeroes(int fd)
{
	(void)fd;
	return machine.zeroes;
}

/* Large extents go up from the bottom, single frames down from the top. */
int64_t control_populate(
	int fd, uint16_t dom, uint64_t *frames, uint64_t nr, unsigned order)
{
	(void)fd;
	(void)dom;
	for (uint64_t i = 0; i < nr; i++) {
		if (machine.free_frames < 1u << order ||
			(order && machine.no_big_extents))
			return i;
		machine.free_frames -= 1u << order;
		if (order) {
			frames[i] = next_big;
			next_big += 1u << order;
		} else {
			frames[i] = next_small--;
		}
		give(frames[i], order);
	}
	return nr;
}

void *privcmd_map_foreign(
	int fd, uint16_t dom, const uint64_t *frames, size_t nr, int prot)
{
	char *where = mmap(
		NULL, nr * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)fd;
	(void)dom;
	for (size_t i = 0; i < nr; i++)
		if (frames[i] >= MACHINE_FRAMES ||
			mmap(where + i * PAGE, PAGE, prot,
				MAP_SHARED | MAP_FIXED, memory,
				frames[i] * PAGE) == MAP_FAILED) {
			munmap(where, nr * PAGE);
			errno = EINVAL;
			return NULL;
		}
	return where;
}

void *privcmd_map_resource(int fd, uint16_t dom, uint32_t type, uint32_t id,
	uint32_t first, size_t nr, int prot)
{
	const uint64_t mfn = MACHINE_GRANTS;

	if (!machine.no_resource && type == XENMEM_resource_grant_table &&
		!id && !first && nr == 1)
		return privcmd_map_foreign(fd, dom, &mfn, 1, prot);
	errno = EOPNOTSUPP;
	return NULL;
}

void privcmd_unmap(void *where, size_t nr_pages)
{
	if (where)
		munmap(where, nr_pages * PAGE);
}

int control_grant_frame(int fd, uint16_t dom, uint64_t *mfn)
{
	(void)fd;
	(void)dom;
	*mfn = MACHINE_GRANTS;
	return 0;
}

int control_unbound_port(int fd, uint16_t dom, uint16_t remote)
{
	(void)fd;
	(void)dom;
	return remote ? -EINVAL : (int)++machine.ports;
}

int control_info(int fd, uint16_t dom, struct xen_domctl_getdomaininfo *info)
{
	(void)fd;
	*info = (struct xen_domctl_getdomaininfo){
		.domain = dom, .shared_info_frame = MACHINE_SHARED_INFO};
	return 0;
}

int control_hypercall_page(int fd, uint16_t dom, uint64_t mfn)
{
	(void)fd;
	(void)dom;
	machine.hypercall_mfn = mfn;
	return 0;
}

int control_pin_l4(int fd, uint16_t dom, uint64_t mfn)
{
	(void)fd;
	(void)dom;
	machine.pinned = mfn;
	return 0;
}

int control_set_context(int fd, uint16_t dom, uint32_t vcpu,
	const struct vcpu_guest_context *context)
{
	(void)fd;
	(void)dom;
	machine.context = *context;
	machine.context_set = !vcpu;
	return 0;
}
