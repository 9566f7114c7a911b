/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device records. Linux's blkback wants physical-device and mode beside the
 * usual front-end/back-end pair, netback wants handle, script and, before it
 * says that it is connected, hotplug-status.
 *
 * Teardown: with online = 0 and the front-end's directory gone, the kernel
 * unregisters the back-end device; when it has left sysfs the loop device is
 * free, and the records can go.
 */
#include "lib/device.h"

#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/backend.h"
#include "lib/domain.h"
#include "lib/error.h"
#include "lib/hotplug_disk.h"
#include "lib/hotplug_net.h"
#include "lib/log.h"
#include "lib/records.h"
#include "xen/io/xenbus.h"

#define PATIENCE_MS 10000 /* for a back-end, each way */
#define PAUSE_MS 10

extern char **environ;

/* The three places of a device. */
struct place {
	uint16_t server; /* the back-end's domain */
	char frontend[128];
	char backend[128];
	char record[128];
};

static struct place place_at(
	uint16_t server, const char *type, uint16_t dom, unsigned id)
{
	struct place place = {.server = server};

	snprintf(place.frontend, sizeof(place.frontend),
		"/local/domain/%u/device/%s/%u", dom, type, id);
	snprintf(place.backend, sizeof(place.backend),
		"/local/domain/%u/backend/%s/%u/%u", server, type, dom, id);
	snprintf(place.record, sizeof(place.record), "/libxl/%u/device/%s/%u",
		dom, type, id);
	return place;
}

/* Of a device that has been recorded. */
static struct place place_of(
	struct xs_handle *xs, const char *type, uint16_t dom, unsigned id)
{
	const long server = record_read_number(
		xs, 0, "/libxl/%u/device/%s/%u/backend-id", dom, type, id);

	return place_at((uint16_t)server, type, dom, id);
}

static void pause_ms(unsigned ms)
{
	const struct timespec ts = {ms / 1000, ms % 1000 * 1000000L};

	nanosleep(&ts, NULL);
}

static bool driver_present(const char *type)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/bus/xen-backend/drivers/%s", type);
	return !access(path, F_OK);
}

static void load_module(const char *module)
{
	char *const argv[] = {(char *)"modprobe", (char *)"-q",
		(char *)(uintptr_t)module, NULL};
	pid_t pid;

	if (!posix_spawnp(&pid, "modprobe", NULL, NULL, argv, environ))
		waitpid(pid, NULL, 0);
}

static int check_driver(
	const char *type, const char *module, struct error *error)
{
	if (driver_present(type))
		return 0;
	load_module(module);
	if (driver_present(type))
		return 0;
	error_hint(error, "modprobe %s", module);
	return error_set(error, ENODEV,
		"the control domain has no back-end "
		"for %s (module %s is not loaded)",
		strcmp(type, "vbd") ? "network interfaces" : "disks", module);
}

static int check_disk(const struct disk_spec *spec, struct error *error)
{
	struct stat st;
	int rc = 0;

	if (!*spec->target || spec->backend)
		return 0;
	if (spec->script)
		rc = error_set(error, EOPNOTSUPP,
			"disk %s: script= is not "
			"supported; give a file or a block device",
			spec->vdev);
	else if (stat(spec->target, &st))
		rc = error_errno(
			error, errno, "disk %s: %s", spec->vdev, spec->target);
	else if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		rc = error_set(error, ENOTBLK,
			"disk %s: %s is neither a file "
			"nor a block device",
			spec->vdev, spec->target);
	if (rc)
		error_at(error, spec->file, spec->line);
	return rc;
}

static int check_vif(const struct vif_spec *spec, struct error *error)
{
	int rc = 0;

	if (spec->script)
		rc = error_set(error, EOPNOTSUPP,
			"vif %d: script=%s is not "
			"supported; bridges are set up without one",
			spec->devid, spec->script);
	else if (!spec->backend)
		rc = net_check_bridge(spec->bridge, error);
	if (rc)
		error_at(error, spec->file, spec->line);
	return rc;
}

int devices_check(const struct domain_config *dc, struct error *error)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < dc->nr_disks; i++)
		rc = check_disk(&dc->disks[i], error);
	for (size_t i = 0; !rc && i < dc->nr_vifs; i++)
		rc = check_vif(&dc->vifs[i], error);
	return rc;
}

int devices_load_drivers(const struct domain_config *dc, struct error *error)
{
	bool disks = false, vifs = false;
	int rc = 0;

	for (size_t i = 0; i < dc->nr_disks; i++)
		disks |= !dc->disks[i].backend;
	for (size_t i = 0; i < dc->nr_vifs; i++)
		vifs |= !dc->vifs[i].backend;
	if (disks)
		rc = check_driver("vbd", "xen-blkback", error);
	if (!rc && vifs)
		rc = check_driver("vif", "xen-netback", error);
	return rc;
}

/* What every device has, in all three places. */
static void write_pair(
	struct records *r, const struct place *place, uint16_t dom)
{
	r->peer = place->server;
	record_tree(r, RECORD_PRIVATE, "%s", place->record);
	record_number(r, place->server, "%s/backend-id", place->record);
	record_write(r, place->frontend, "%s/frontend", place->record);
	record_write(r, place->backend, "%s/backend", place->record);
	record_tree(r, RECORD_GUEST_OWNS, "%s", place->frontend);
	record_write(r, place->backend, "%s/backend", place->frontend);
	record_number(r, place->server, "%s/backend-id", place->frontend);
	record_number(r, XenbusStateInitialising, "%s/state", place->frontend);
	record_tree(r, RECORD_GUEST_READS, "%s", place->backend);
	record_write(r, place->frontend, "%s/frontend", place->backend);
	record_number(r, dom, "%s/frontend-id", place->backend);
	record_write(r, "1", "%s/online", place->backend);
	record_number(r, XenbusStateInitialising, "%s/state", place->backend);
}

/* What dom0's own back-end has been given. */
static void write_plugged(
	struct records *r, const struct place *place, const struct disk *disk)
{
	char device[32];

	disk_physical_device(disk, device, sizeof(device));
	record_write(r, device, "%s/physical-device", place->record);
	record_write(r, device, "%s/physical-device", place->backend);
	record_write(
		r, disk->device, "%s/physical-device-path", place->backend);
	record_write(r, "connected", "%s/hotplug-status", place->backend);
}

/* disk: NULL if another domain serves it. */
static int write_disk(struct xs_handle *xs, const struct disk_spec *spec,
	const struct place *at, const struct disk *disk, uint16_t dom,
	struct error *error)
{
	const struct place place = *at;
	struct records r;
	int rc;

	do {
		records_begin(&r, xs, dom);
		write_pair(&r, &place, dom);
		record_write(&r, spec->target, "%s/params", place.record);
		record_write(&r, spec->vdev, "%s/dev", place.record);
		record_number(
			&r, spec->number, "%s/virtual-device", place.frontend);
		record_write(&r, spec->cdrom ? "cdrom" : "disk",
			"%s/device-type", place.frontend);
		record_write(&r, spec->target, "%s/params", place.backend);
		record_write(&r, spec->vdev, "%s/dev", place.backend);
		record_write(&r, "phy", "%s/type", place.backend);
		record_write(&r, spec->readonly ? "r" : "w", "%s/mode",
			place.backend);
		record_write(&r, spec->cdrom ? "cdrom" : "disk",
			"%s/device-type", place.backend);
		record_write(&r, "0", "%s/removable", place.backend);
		record_write(&r, "1", "%s/bootable", place.backend);
		record_write(&r, spec->no_discard ? "0" : "1",
			"%s/discard-enable", place.backend);
		if (disk)
			write_plugged(&r, &place, disk);
		rc = records_end(&r, error);
	} while (rc == -EAGAIN);
	return rc;
}

/* A disk of the control domain's. */
static int plug_disk(struct xs_handle *xs, const struct disk_spec *spec,
	const struct place *place, uint16_t dom, struct error *error)
{
	const enum disk_mode mode = spec->readonly ? DISK_READ
				    : spec->shared ? DISK_WRITE_SHARED
						   : DISK_WRITE;
	struct disk disk;
	int rc = disk_check_sharing(xs, spec->target, mode, error);

	if (!rc)
		rc = disk_plug(spec->target, mode, &disk, error);
	if (rc)
		return rc;
	rc = write_disk(xs, spec, place, &disk, dom, error);
	if (rc)
		disk_unplug(spec->target, disk.major, disk.minor, NULL);
	return rc;
}

/* The place of a new device, whose back-end it may share with. */
static int find_place(struct host *host, const char *backend,
	const char *type, uint16_t dom, unsigned id, struct place *place,
	struct error *error)
{
	uint16_t server;
	int rc = backend_find(host, backend, dom, &server, error);

	if (!rc)
		rc = backend_allow(host, dom, server, error);
	*place = place_at(server, type, dom, id);
	return rc;
}

static int add_disk(struct host *host, const struct disk_spec *spec,
	uint16_t dom, struct error *error)
{
	struct place place;
	int rc;

	if (!*spec->target) {
		log_warn("%s:%u: the empty CD-ROM drive %s is left out",
			spec->file, spec->line, spec->vdev);
		return 0;
	}
	rc = find_place(host, spec->backend, "vbd", dom, spec->number, &place,
		error);
	if (!rc && place.server)
		rc = write_disk(host->xs, spec, &place, NULL, dom, error);
	else if (!rc)
		rc = plug_disk(host->xs, spec, &place, dom, error);
	if (rc)
		error_at(error, spec->file, spec->line);
	return rc;
}

static int write_vif(struct xs_handle *xs, const struct vif_spec *spec,
	const struct place *at, uint16_t dom, struct error *error)
{
	const struct place place = *at;
	const uint8_t *m = spec->mac;
	char mac[18], rate[48];
	struct records r;
	int rc;

	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1],
		m[2], m[3], m[4], m[5]);
	snprintf(rate, sizeof(rate), "%" PRIu64 ",%" PRIu32, spec->rate_bytes,
		spec->rate_interval);
	do {
		records_begin(&r, xs, dom);
		write_pair(&r, &place, dom);
		record_number(&r, spec->devid, "%s/handle", place.frontend);
		record_write(&r, mac, "%s/mac", place.frontend);
		record_number(&r, spec->devid, "%s/handle", place.backend);
		record_write(&r, mac, "%s/mac", place.backend);
		record_write(&r, "vif", "%s/type", place.backend);
		record_write(&r, "", "%s/script", place.backend);
		if (spec->mtu)
			record_number(&r, spec->mtu, "%s/mtu", place.frontend);
		if (spec->bridge)
			record_write(
				&r, spec->bridge, "%s/bridge", place.backend);
		if (spec->ip)
			record_write(&r, spec->ip, "%s/ip", place.backend);
		if (spec->rate_bytes)
			record_write(&r, rate, "%s/rate", place.backend);
		rc = records_end(&r, error);
	} while (rc == -EAGAIN);
	return rc;
}

static int add_vif(struct host *host, const struct vif_spec *spec,
	uint16_t dom, struct error *error)
{
	struct place place;
	int rc = find_place(
		host, spec->backend, "vif", dom, spec->devid, &place, error);

	if (!rc)
		rc = write_vif(host->xs, spec, &place, dom, error);
	if (rc)
		error_at(error, spec->file, spec->line);
	return rc;
}

int devices_add(struct host *host, const struct domain_config *dc,
	uint16_t dom, struct error *error)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < dc->nr_disks; i++)
		rc = add_disk(host, &dc->disks[i], dom, error);
	for (size_t i = 0; !rc && i < dc->nr_vifs; i++)
		rc = add_vif(host, &dc->vifs[i], dom, error);
	return rc;
}

/* Wait until the back-end has said hello. */
static int await_backend(struct xs_handle *xs, const char *type, uint16_t dom,
	unsigned id, struct error *error)
{
	const struct place place = place_of(xs, type, dom, id);
	long state = 0;
	char *text;

	for (unsigned ms = 0; ms < PATIENCE_MS; ms += PAUSE_MS) {
		state = record_read_number(xs, 0, "%s/state", place.backend);
		if (state == XenbusStateInitWait ||
			state == XenbusStateConnected ||
			state == XenbusStateInitialised)
			return 0;
		if (state == XenbusStateClosing || state == XenbusStateClosed)
			break;
		pause_ms(PAUSE_MS);
	}
	text = record_read(xs, "/local/domain/%u/error/backend/%s/%u/%u/error",
		place.server, type, dom, id);
	error_set(error, EIO, "the back-end of %s %u %s%s%s", type, id,
		state > XenbusStateConnected ? "gave up" : "does not answer",
		text ? ": " : "", text ? text : "");
	free(text);
	return -EIO;
}

static int connect_vif(struct xs_handle *xs, const struct vif_spec *spec,
	uint16_t dom, struct error *error)
{
	const struct place place = place_of(xs, "vif", dom, spec->devid);
	const struct net_plug plug = {.domid = dom,
		.devid = spec->devid,
		.bridge = spec->bridge,
		.ifname = spec->vifname,
		.mtu = spec->mtu};
	char ifname[NET_IFNAME_MAX];
	int rc = await_backend(xs, "vif", dom, spec->devid, error);

	if (!rc && place.server)
		return 0; /* its bridge is the other domain's */
	if (!rc)
		rc = net_plug(&plug, PATIENCE_MS, ifname, error);
	if (rc) {
		error_at(error, spec->file, spec->line);
		return rc;
	}
	if (record_set(xs, ifname, "%s/vifname", place.record) &&
		record_set(xs, ifname, "%s/vifname", place.backend) &&
		record_set(xs, "connected", "%s/hotplug-status", place.backend))
		return 0;
	return error_errno(error, errno, "writing to xenstore");
}

int devices_connect(struct xs_handle *xs, const struct domain_config *dc,
	uint16_t dom, struct error *error)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < dc->nr_disks; i++) {
		const struct disk_spec *spec = &dc->disks[i];

		if (!*spec->target)
			continue;
		rc = await_backend(xs, "vbd", dom, spec->number, error);
		if (rc)
			error_at(error, spec->file, spec->line);
	}
	for (size_t i = 0; !rc && i < dc->nr_vifs; i++)
		rc = connect_vif(xs, &dc->vifs[i], dom, error);
	return rc;
}

/* Calls step for each recorded device of the domain. */
static void for_each_device(struct host *host, uint16_t dom,
	void (*step)(struct host *host, const char *type, uint16_t dom,
		unsigned id))
{
	struct xs_handle *const xs = host->xs;
	unsigned nr_types, nr_ids;
	char **types = record_list(xs, &nr_types, "/libxl/%u/device", dom);

	for (unsigned i = 0; types && i < nr_types; i++) {
		char **ids = record_list(
			xs, &nr_ids, "/libxl/%u/device/%s", dom, types[i]);

		for (unsigned j = 0; ids && j < nr_ids; j++)
			step(host, types[i], dom, strtoul(ids[j], NULL, 10));
		free(ids);
	}
	free(types);
}

static void close_device(
	struct host *host, const char *type, uint16_t dom, unsigned id)
{
	struct xs_handle *const xs = host->xs;
	const struct place place = place_of(xs, type, dom, id);
	char *ifname = record_read(xs, "%s/vifname", place.record);
	struct error error = {0};

	if (ifname && net_unplug(ifname, &error))
		log_warn("%s", error.cause);
	free(ifname);
	record_set(xs, "0", "%s/online", place.backend);
	record_set(xs, "5", "%s/state", place.backend);
	record_remove(xs, "%s", place.frontend);
}

static void drop_disk(struct xs_handle *xs, const struct place *place)
{
	char *path = record_read(xs, "%s/params", place->record);
	char *device = record_read(xs, "%s/physical-device", place->record);
	struct error error = {0};
	unsigned major, minor;

	if (path && device &&
		disk_parse_physical_device(device, &major, &minor) &&
		disk_unplug(path, major, minor, &error))
		log_warn("%s", error.cause);
	free(path);
	free(device);
}

/* The kernel's back-end is gone; another domain's says that it has closed,
 * or has no record any more. */
static bool let_go(struct xs_handle *xs, const struct place *place,
	const char *type, uint16_t dom, unsigned id)
{
	char kernel[128];

	if (place->server)
		return record_read_number(xs, XenbusStateClosed, "%s/state",
			       place->backend) == XenbusStateClosed;
	snprintf(kernel, sizeof(kernel),
		"/sys/bus/xen-backend/devices/%s-%u-%u", type, dom, id);
	return access(kernel, F_OK) != 0;
}

/* The back-end's record, and what held it if that was the last one. */
static void drop_backend(struct xs_handle *xs, const struct place *place,
	const char *type, uint16_t dom)
{
	unsigned nr = 0;

	record_remove(xs, "%s", place->backend);
	free(record_list(xs, &nr, "/local/domain/%u/backend/%s/%u",
		place->server, type, dom));
	if (!nr)
		record_remove(xs, "/local/domain/%u/backend/%s/%u",
			place->server, type, dom);
}

static void drop_device(
	struct host *host, const char *type, uint16_t dom, unsigned id)
{
	struct xs_handle *const xs = host->xs;
	const struct place place = place_of(xs, type, dom, id);
	unsigned ms = 0;

	while (!let_go(xs, &place, type, dom, id) && ms < PATIENCE_MS) {
		pause_ms(PAUSE_MS);
		ms += PAUSE_MS;
	}
	if (ms >= PATIENCE_MS)
		log_warn("d%u: the back-end of %s %u does not let go", dom,
			type, id);
	drop_backend(xs, &place, type, dom);
	if (!strcmp(type, "vbd") && !place.server)
		drop_disk(xs, &place);
	backend_forbid(host, dom, place.server);
	record_remove(xs, "%s", place.record);
}

void devices_remove(struct host *host, uint16_t dom)
{
	static const char *const types[] = {"vbd", "vif", "console"};

	for_each_device(host, dom, close_device);
	for_each_device(host, dom, drop_device);
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		record_remove(host->xs, "/local/domain/0/backend/%s/%u",
			types[i], dom);
}
