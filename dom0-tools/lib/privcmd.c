/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /dev/xen/privcmd and /dev/xen/hypercall. The request layouts are those of
 * Linux's include/uapi/xen/privcmd.h, repeated here because the header that
 * distributions install names an include file that they do not.
 */
#include "lib/privcmd.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

struct privcmd_hypercall {
	uint64_t op;     /* hypercall number */
	uint64_t arg[5]; /* its arguments */
};

struct privcmd_mmapbatch_v2 {
	unsigned int num;    /* frames to map */
	uint16_t dom;        /* whose frames */
	uint64_t addr;       /* where, inside a mapping of privcmd */
	const uint64_t *arr; /* frame numbers */
	int *err;            /* one 0 or -errno for each */
};

struct privcmd_mmap_resource {
	uint16_t dom;
	uint32_t type;
	uint32_t id;
	uint32_t idx;
	uint64_t num;
	uint64_t addr;
};

#define PRIVCMD_IOCTL(nr, type) _IOC(_IOC_NONE, 'P', nr, sizeof(type))
#define IOCTL_PRIVCMD_HYPERCALL PRIVCMD_IOCTL(0, struct privcmd_hypercall)
#define IOCTL_PRIVCMD_MMAPBATCH_V2 PRIVCMD_IOCTL(4, struct privcmd_mmapbatch_v2)
#define IOCTL_PRIVCMD_MMAP_RESOURCE                                            \
	PRIVCMD_IOCTL(7, struct privcmd_mmap_resource)

int privcmd_open(void)
{
	const int fd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int64_t privcmd_call(int fd, unsigned nr, uint64_t a1, uint64_t a2, uint64_t a3,
	uint64_t a4, uint64_t a5)
{
	struct privcmd_hypercall call = {nr, {a1, a2, a3, a4, a5}};
	const int rc = ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, &call);

	return rc < 0 ? -errno : rc;
}

static size_t whole_pages(size_t size)
{
	return (size + PRIVCMD_PAGE - 1) & ~(PRIVCMD_PAGE - 1);
}

/* One descriptor serves the process for ever: mappings outlive it anyway. */
static int buffer_fd(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/dev/xen/hypercall", O_RDWR | O_CLOEXEC);
	return fd;
}

/* A page that was given back, for the next call: most calls take less, and to
 * map and unmap one costs more than the call. A child would share it with its
 * parent, and gets its own. */
static void *spare;

static void forget_spare(void)
{
	if (spare)
		munmap(spare, PRIVCMD_PAGE);
	spare = NULL;
}

static void at_fork(void)
{
	pthread_atfork(NULL, NULL, forget_spare);
}

static void *take_spare(size_t size)
{
	void *buffer = NULL;

	if (size <= PRIVCMD_PAGE)
		buffer = __atomic_exchange_n(&spare, NULL, __ATOMIC_ACQ_REL);
	return buffer ? memset(buffer, 0, size) : NULL;
}

static bool keep_spare(void *buffer, size_t size)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	void *none = NULL;

	pthread_once(&once, at_fork);
	return size <= PRIVCMD_PAGE &&
	       __atomic_compare_exchange_n(&spare, &none, buffer, false,
		       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

void *privcmd_buffer(size_t size)
{
	void *buffer = take_spare(size);

	if (buffer)
		return buffer;
	if (buffer_fd() < 0)
		return NULL;
	buffer = mmap(NULL, whole_pages(size), PROT_READ | PROT_WRITE,
		MAP_SHARED, buffer_fd(), 0);
	return buffer == MAP_FAILED ? NULL : buffer;
}

void privcmd_buffer_free(void *buffer, size_t size)
{
	if (buffer && !keep_spare(buffer, size))
		munmap(buffer, whole_pages(size));
}

void *privcmd_map_foreign_at(int fd, uint16_t dom, const uint64_t *frames,
	size_t nr, int prot, size_t *failed)
{
	const size_t size = nr * PRIVCMD_PAGE;
	int *errors = calloc(nr ? nr : 1, sizeof(*errors));
	void *where = MAP_FAILED;
	struct privcmd_mmapbatch_v2 batch;
	int error = ENOMEM;
	size_t i = nr;

	if (errors)
		where = mmap(NULL, size, prot, MAP_SHARED, fd, 0);
	if (where == MAP_FAILED) {
		error = errors ? errno : ENOMEM;
		goto out;
	}
	batch = (struct privcmd_mmapbatch_v2){
		nr, dom, (uintptr_t)where, frames, errors};
	error = ioctl(fd, IOCTL_PRIVCMD_MMAPBATCH_V2, &batch) ? errno : 0;
	for (i = 0; i < nr && !errors[i]; i++)
		;
	if (i < nr)
		error = -errors[i];
	if (error) {
		munmap(where, size);
		where = MAP_FAILED;
	}
out:
	free(errors);
	if (failed)
		*failed = i;
	if (where != MAP_FAILED)
		return where;
	errno = error;
	return NULL;
}

void *privcmd_map_foreign(
	int fd, uint16_t dom, const uint64_t *frames, size_t nr, int prot)
{
	return privcmd_map_foreign_at(fd, dom, frames, nr, prot, NULL);
}

void *privcmd_map_resource(int fd, uint16_t dom, uint32_t type, uint32_t id,
	uint32_t first, size_t nr, int prot)
{
	const size_t size = nr * PRIVCMD_PAGE;
	void *where = mmap(NULL, size, prot, MAP_SHARED, fd, 0);
	struct privcmd_mmap_resource want = {
		dom, type, id, first, nr, (uintptr_t)where};

	if (where == MAP_FAILED)
		return NULL;
	if (ioctl(fd, IOCTL_PRIVCMD_MMAP_RESOURCE, &want)) {
		const int error = errno;

		munmap(where, size);
		errno = error;
		return NULL;
	}
	return where;
}

void privcmd_unmap(void *where, size_t nr_pages)
{
	if (where)
		munmap(where, nr_pages * PRIVCMD_PAGE);
}
