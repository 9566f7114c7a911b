/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making and ending a domain. The order is chosen so that what can fail for
 * reasons of the user's (files, bridges, names, memory) fails first, and so
 * that at each step everything done so far can be undone by destroy().
 */
#include "lib/domain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "lib/build.h"
#include "lib/device.h"
#include "lib/error.h"
#include "lib/kernelcache.h"
#include "lib/log.h"
#include "lib/records.h"

#define SLACK_KIB 1024 /* memory that a domain may have beyond its own */
#define RUN_DIR "/run/shoji"
#define PAGES_PER_MIB 256

/* A creation in progress. */
struct creation {
	struct host *host;
	const struct domain_config *dc;
	struct error *error;
	struct kernel_image image;
	uint8_t *initrd;
	struct build build;
	uint16_t dom;
	int lock;
};

static int blame(struct creation *c, const char *key)
{
	config_blame(c->dc->config, key, c->error);
	return -c->error->code;
}

static int load_files(struct creation *c)
{
	const struct domain_config *dc = c->dc;
	struct build *build = &c->build;
	size_t initrd_size = 0;

	if (kernel_image_load_kept(&c->image, dc->kernel, c->error) ||
		pv_kernel_parse(&build->kernel, c->image.data, c->image.size,
			dc->kernel, c->error))
		return blame(c, "kernel");
	if (dc->ramdisk && file_load(dc->ramdisk, "ramdisk", &c->initrd,
				   &initrd_size, c->error))
		return blame(c, "ramdisk");
	build->initrd = c->initrd;
	build->initrd_size = initrd_size;
	build->cmdline = dc->cmdline;
	build->nr_pages = dc->memory_kib / 4;
	build->max_vcpus = dc->max_vcpus;
	if (build_layout(build, c->error))
		return blame(c, "memory");
	return 0;
}

static void drop_files(struct creation *c)
{
	kernel_image_free(&c->image);
	free(c->initrd);
	c->initrd = NULL;
}

int domain_check(const struct domain_config *dc, struct error *error)
{
	struct creation c = {.dc = dc, .error = error, .lock = -1};
	const int rc = load_files(&c);

	drop_files(&c);
	return rc ? rc : devices_check(dc, error);
}

static bool interrupted(struct creation *c)
{
	sigset_t waiting;

	sigpending(&waiting);
	if (!sigismember(&waiting, SIGINT) && !sigismember(&waiting, SIGTERM) &&
		!sigismember(&waiting, SIGHUP))
		return false;
	error_set(c->error, EINTR, "interrupted");
	return true;
}

/* One creation at a time looks at names, memory and disks. */
static int take_lock(struct creation *c)
{
	static const struct timespec pause = {0, 50000000};

	mkdir(RUN_DIR, 0755);
	c->lock = open(
		RUN_DIR "/create.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (c->lock < 0)
		return error_errno(c->error, errno, RUN_DIR "/create.lock");
	while (flock(c->lock, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK)
			return error_errno(
				c->error, errno, RUN_DIR "/create.lock");
		if (interrupted(c))
			return -EINTR;
		nanosleep(&pause, NULL);
	}
	return 0;
}

static void drop_lock(struct creation *c)
{
	if (c->lock >= 0)
		close(c->lock);
	c->lock = -1;
}

static int check_name(struct creation *c)
{
	uint16_t dom;

	if (domain_find(c->host, c->dc->name, &dom, NULL))
		return 0;
	error_set(c->error, EEXIST, "the name '%s' is in use by domain %u",
		c->dc->name, dom);
	return blame(c, "name");
}

static int no_memory(struct creation *c)
{
	struct xen_sysctl_physinfo info = {0};
	uint64_t free_pages;

	if (control_physinfo(c->host->fd, &info))
		return error_set(c->error, ENOMEM, "not enough memory");
	free_pages = info.free_pages > info.outstanding_pages
			     ? info.free_pages - info.outstanding_pages
			     : 0;
	error_set(c->error, ENOMEM,
		"not enough memory: '%s' needs %llu MiB, "
		"%llu MiB are free",
		c->dc->name,
		(unsigned long long)c->build.nr_pages / PAGES_PER_MIB,
		(unsigned long long)free_pages / PAGES_PER_MIB);
	return blame(c, "memory");
}

/* Set memory aside at once, or at least look whether there is enough. */
static int claim_memory(struct creation *c)
{
	struct xen_sysctl_physinfo info = {0};
	const int rc = control_claim(c->host->fd, c->dom, c->build.nr_pages);

	if (!rc)
		return 0;
	if (rc == -ENOMEM)
		return no_memory(c);
	log_debug("no claim possible: %s", strerror(-rc));
	if (!control_physinfo(c->host->fd, &info) &&
		info.free_pages < c->build.nr_pages + info.outstanding_pages)
		return no_memory(c);
	return 0;
}

static int set_scheduling(struct creation *c)
{
	const struct domain_config *dc = c->dc;
	const int fd = c->host->fd;
	struct xen_sysctl_physinfo info;
	int rc = control_physinfo(fd, &info);
	const unsigned nr_cpus = rc ? 1 : info.max_cpu_id + 1;

	for (unsigned v = 0; !rc && dc->pinned && v < dc->max_vcpus; v++)
		rc = control_set_affinity(fd, c->dom, v, dc->cpus, NULL,
			nr_cpus < DOMAIN_MAX_CPUS ? nr_cpus : DOMAIN_MAX_CPUS);
	if (rc == -EINVAL)
		error_set(c->error, EINVAL,
			"none of the CPUs in cpus= is "
			"there; the machine has 0 to %u",
			nr_cpus - 1);
	else if (rc)
		error_errno(c->error, -rc, "restricting the domain to CPUs");
	if (rc)
		return blame(c, "cpus");
	if (dc->weight || dc->cap >= 0)
		rc = control_set_schedule(fd, c->dom, dc->weight, dc->cap);
	if (!rc)
		return 0;
	error_errno(c->error, -rc, "setting CPU weight and cap");
	return blame(c, dc->weight ? "cpu_weight" : "cap");
}

/* An empty domain, with the right limits and its memory claimed. */
static int make_domain(struct creation *c)
{
	const struct domain_config *dc = c->dc;
	const int fd = c->host->fd;
	struct xen_domctl_createdomain create = {
		.max_vcpus = dc->max_vcpus,
		.max_evtchn_port = dc->max_ports,
		.max_grant_frames = dc->max_grant_frames,
		.max_maptrack_frames = dc->max_maptrack_frames,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};
	const struct xen_e820_entry map = {
		.size = dc->max_memory_kib * 1024, .type = XEN_E820_RAM};
	uint16_t dom = 0;
	int rc;

	memcpy(create.handle, dc->uuid, sizeof(create.handle));
	rc = control_create(fd, &create, &dom);
	if (rc == -ENOMEM)
		return no_memory(c);
	if (rc)
		return error_errno(
			c->error, -rc, "the hypervisor did not make a domain");
	c->dom = dom;
	rc = control_max_vcpus(fd, dom, dc->max_vcpus);
	if (rc) {
		error_errno(c->error, -rc, "giving it %u vCPUs", dc->max_vcpus);
		return blame(c, "vcpus");
	}
	rc = control_max_mem(fd, dom, dc->max_memory_kib + SLACK_KIB);
	if (!rc)
		rc = control_memory_map(fd, dom, &map, 1);
	if (rc) {
		error_errno(c->error, -rc, "setting its memory's size");
		return blame(c, "memory");
	}
	rc = claim_memory(c);
	return rc ? rc : set_scheduling(c);
}

static void write_vm(
	struct records *r, const struct creation *c, const char *uuid)
{
	const struct domain_config *dc = c->dc;
	char now[32];

	snprintf(now, sizeof(now), "%lld.00", (long long)time(NULL));
	record_tree(r, RECORD_GUEST_READS, "/vm/%s", uuid);
	record_write(r, dc->name, "/vm/%s/name", uuid);
	record_write(r, uuid, "/vm/%s/uuid", uuid);
	record_write(r, now, "/vm/%s/start_time", uuid);
	record_write(r, "linux", "/vm/%s/image/ostype", uuid);
	record_write(r, dc->kernel, "/vm/%s/image/kernel", uuid);
	record_write(r, dc->ramdisk ? dc->ramdisk : "", "/vm/%s/image/ramdisk",
		uuid);
	record_write(r, dc->cmdline, "/vm/%s/image/cmdline", uuid);
}

static void write_domain(struct records *r, const struct creation *c)
{
	static const char *const owned[] = {"control/shutdown",
		"control/feature-poweroff", "control/feature-reboot",
		"control/feature-suspend", "control/sysrq",
		"device/suspend/event-channel", "data", "drivers", "feature",
		"attr", "error"};
	static const char *const features[] = {
		"multiprocessor-suspend", "xs_reset_watches"};
	const struct domain_config *dc = c->dc;
	const unsigned dom = c->dom;

	record_write(r, dc->name, "/local/domain/%u/name", dom);
	record_number(r, dom, "/local/domain/%u/domid", dom);
	record_number(r, dc->max_memory_kib,
		"/local/domain/%u/memory/static-max", dom);
	record_number(r, dc->memory_kib, "/local/domain/%u/memory/target", dom);
	for (unsigned v = 0; v < dc->max_vcpus; v++)
		record_write(r, v < dc->vcpus ? "online" : "offline",
			"/local/domain/%u/cpu/%u/availability", dom, v);
	record_write(r, "", "/local/domain/%u/device", dom);
	for (size_t i = 0; i < sizeof(features) / sizeof(*features); i++)
		record_write(r, "1",
			"/local/domain/%u/control/platform-feature-%s", dom,
			features[i]);
	for (size_t i = 0; i < sizeof(owned) / sizeof(*owned); i++)
		record_tree(r, RECORD_GUEST_OWNS, "/local/domain/%u/%s", dom,
			owned[i]);
}

static int write_records(struct creation *c)
{
	char uuid[UUID_STR_LEN], vm[UUID_STR_LEN + 4];
	struct records r;
	int rc;

	uuid_unparse_lower(c->dc->uuid, uuid);
	snprintf(vm, sizeof(vm), "/vm/%s", uuid);
	do {
		records_begin(&r, c->host->xs, c->dom);
		record_tree(&r, RECORD_GUEST_READS, "/local/domain/%u", c->dom);
		record_tree(&r, RECORD_PRIVATE, "/libxl/%u", c->dom);
		record_write(&r, "pv", "/libxl/%u/type", c->dom);
		record_write(&r, c->dc->driver_domain ? "1" : "0",
			"/libxl/%u/driver-domain", c->dom);
		record_write(&r, vm, "/local/domain/%u/vm", c->dom);
		write_vm(&r, c, uuid);
		write_domain(&r, c);
		rc = records_end(&r, c->error);
	} while (rc == -EAGAIN);
	return rc;
}

/* Where xenstored and xenconsoled find the rings. */
static int write_rings(struct creation *c)
{
	const struct build *build = &c->build;
	const unsigned dom = c->dom;
	struct records r;
	char front[64], back[64];
	int rc;

	snprintf(front, sizeof(front), "/local/domain/%u/console", dom);
	snprintf(back, sizeof(back), "/local/domain/0/backend/console/%u/0",
		dom);
	do {
		records_begin(&r, c->host->xs, c->dom);
		record_number(&r, build->store_mfn,
			"/local/domain/%u/store/ring-ref", dom);
		record_number(&r, build->store_port,
			"/local/domain/%u/store/port", dom);
		record_tree(&r, RECORD_GUEST_READS, "%s", back);
		record_write(&r, front, "%s/frontend", back);
		record_number(&r, dom, "%s/frontend-id", back);
		record_write(&r, "1", "%s/online", back);
		record_write(&r, "1", "%s/state", back);
		record_write(&r, "vt100", "%s/protocol", back);
		record_write(&r, back, "%s/backend", front);
		record_write(&r, "0", "%s/backend-id", front);
		record_write(&r, "xenconsoled", "%s/type", front);
		record_write(&r, "pty", "%s/output", front);
		record_write(&r, "1048576", "%s/limit", front);
		record_write(&r, "", "%s/tty", front);
		record_number(&r, build->console_port, "%s/port", front);
		record_number(&r, build->console_mfn, "%s/ring-ref", front);
		rc = records_end(&r, c->error);
	} while (rc == -EAGAIN);
	if (!rc && !xs_introduce_domain(c->host->xs, dom, build->store_mfn,
			   build->store_port))
		rc = error_errno(
			c->error, errno, "introducing the domain to xenstored");
	return rc;
}

static void remove_records(struct host *host, uint16_t dom)
{
	char *vm = record_read(host->xs, "/local/domain/%u/vm", dom);

	devices_remove(host, dom);
	if (vm && !strncmp(vm, "/vm/", 4))
		record_remove(host->xs, "%s", vm);
	free(vm);
	record_remove(host->xs, "/local/domain/%u", dom);
	record_remove(host->xs, "/libxl/%u", dom);
}

int domain_destroy(struct host *host, uint16_t dom, struct error *error)
{
	int rc;

	if (!dom)
		return error_set(error, EINVAL,
			"the control domain cannot be destroyed");
	rc = control_pause(host->fd, dom);
	if (rc == -ESRCH)
		return error_set(error, ESRCH, "there is no domain %u", dom);
	remove_records(host, dom);
	rc = control_destroy(host->fd, dom);
	if (rc)
		return error_errno(error, -rc, "destroying domain %u", dom);
	return 0;
}

/* The part that must not run twice at the same time. */
static int make_locked(struct creation *c)
{
	int rc = take_lock(c);

	if (!rc)
		rc = check_name(c);
	if (!rc)
		rc = make_domain(c);
	if (!rc)
		rc = write_records(c);
	if (!rc)
		rc = devices_add(c->host, c->dc, c->dom, c->error);
	drop_lock(c);
	return rc;
}

static int check_devices(struct creation *c)
{
	return devices_check(c->dc, c->error);
}

static int load_drivers(struct creation *c)
{
	return devices_load_drivers(c->dc, c->error);
}

static int build(struct creation *c)
{
	const int rc = build_domain(&c->build, c->host->fd, c->dom, c->error);

	if (!rc)
		control_claim(c->host->fd, c->dom, 0);
	return rc;
}

static int connect_devices(struct creation *c)
{
	return devices_connect(c->host->xs, c->dc, c->dom, c->error);
}

void domain_hold_signals(sigset_t *before)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGHUP);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigprocmask(SIG_BLOCK, &held, before);
}

static int create(struct creation *c)
{
	static int (*const steps[])(struct creation * c) = {load_files,
		check_devices, load_drivers, make_locked, build, write_rings,
		connect_devices};
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(steps) / sizeof(*steps); i++)
		rc = interrupted(c) ? -EINTR : steps[i](c);
	return rc;
}

int domain_create(struct host *host, const struct domain_config *dc,
	uint16_t *dom, struct error *error)
{
	struct creation c = {
		.host = host, .dc = dc, .error = error, .lock = -1};
	sigset_t before;
	int rc;

	domain_hold_signals(&before);
	rc = create(&c);
	drop_files(&c);
	build_free(&c.build);
	*dom = c.dom;
	if (rc && c.dom && domain_destroy(host, c.dom, NULL))
		log_warn("domain %u could not be removed", c.dom);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (!rc)
		return 0;
	error_at(error, dc->config->nr_files ? dc->config->files[0] : NULL, 0);
	return error_while(error, "creating the domain '%s'", dc->name);
}
