/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From configuration keys to struct domain_config. One table says what is
 * done with each key that xl, or a tool that writes for xl, knows.
 */
#include "lib/domconfig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "lib/error.h"
#include "lib/log.h"

#define MAX_VCPUS 128
#define MAX_PORTS 1023
#define MAX_CMDLINE 1023

enum tier {
	HONOUR, /* somebody below reads it */
	IGNORE, /* makes no difference to a PV domain */
	LATER,  /* would make a difference; say that it does not */
	NR_TIERS,
};

static const char *const known_keys[] = {
	[HONOUR] =
		" name memory maxmem vcpus maxvcpus kernel ramdisk cmdline"
		" root extra disk vif on_poweroff on_reboot on_crash"
		" on_watchdog uuid type builder cpus cpu_weight cap cpu_cap"
		" bootloader bootloader_args bootargs max_grant_frames"
		" max_maptrack_frames max_event_channels driver_domain"
		" pvshim vnuma altp2m ",
	[IGNORE] =
		" on_soft_reset vkb seclabel init_seclabel max_grant_version"
		" claim_mode xenstore_quota pci_msitranslate pci_power_mgmt"
		" pci_permissive pci_seize vnc vnclisten vncdisplay vncpasswd"
		" vncunused vncconsole keymap sdl opengl nographic spice"
		" serial localtime rtc_timeoffset boot acpi apic pae hap nx"
		" stdvga vga videoram usb usbdevice device_model"
		" device_model_version device_model_override"
		" device_model_args device_model_stubdomain_override viridian"
		" xen_platform_pci hpet passthrough timer_mode soundhw"
		" gfx_passthru nestedhvm shadow_memory vpt_align ",
	[LATER] =
		" firmware cpus_soft pool vfb channel p9 pci iomem ioports"
		" irqs tsc_mode cpuid e820_host nomigrate vtpm"
		" vsnd vdispl usbctrl usbdev ",
};

static unsigned distance(const char *a, const char *b)
{
	unsigned row[40];
	const size_t length = strlen(b);

	if (length >= 40)
		return 40;
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; *a; i++, a++) {
		unsigned corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			unsigned best = corner + (*a != b[j - 1]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			corner = row[j];
			row[j] = best;
		}
	}
	return row[length];
}

/* The key's tier, or NR_TIERS. */
static enum tier find_key(const char *name)
{
	char word[80];
	unsigned tier = 0;

	snprintf(word, sizeof(word), " %s ", name);
	while (tier < NR_TIERS && !strstr(known_keys[tier], word))
		tier++;
	return tier;
}

/* The known key that a mistyped one most resembles, or "". */
static void find_nearest(const char *name, char nearest[static 40])
{
	unsigned best = strlen(name) > 6 ? 3 : 2;

	*nearest = 0;
	for (unsigned tier = 0; tier < NR_TIERS; tier++) {
		const char *at = known_keys[tier] + 1;

		for (; *at; at = strchr(at, ' ') + 1) {
			char known[40];
			unsigned d;

			snprintf(known, sizeof(known), "%.*s",
				(int)strcspn(at, " "), at);
			d = distance(name, known);
			if (d >= best)
				continue;
			best = d;
			strcpy(nearest, known);
		}
	}
}

static void warn_unknown(const struct config_entry *entry)
{
	char nearest[40];

	find_nearest(entry->key, nearest);
	log_warn("%s:%u: unknown key '%s' ignored%s%s%s", entry->value->file,
		entry->line, entry->key, *nearest ? "; did you mean '" : "",
		nearest, *nearest ? "'?" : "");
}

static void warn_about_keys(struct config *config)
{
	for (size_t i = 0; i < config->nr; i++) {
		const struct config_entry *entry = &config->entries[i];
		const enum tier tier = find_key(entry->key);

		if (tier == NR_TIERS)
			warn_unknown(entry);
		else if (tier == LATER)
			log_warn("%s:%u: '%s' is not supported yet, ignored",
				entry->value->file, entry->line, entry->key);
		else if (tier == IGNORE)
			log_debug("%s:%u: '%s' makes no difference here",
				entry->value->file, entry->line, entry->key);
	}
}

static int no_memory(struct error *error)
{
	return error_set(error, ENOMEM, "out of memory");
}

/* A copy of a string key; *text stays NULL without it. */
static int get_text(struct config *config, const char *key, char **text,
	struct error *error)
{
	const char *value = NULL;
	const int rc = config_string(config, key, &value, error);

	if (rc < 0 || !value || !*value)
		return rc < 0 ? rc : 0;
	*text = strdup(value);
	return *text ? 0 : no_memory(error);
}

/* A number key within bounds; *number is the default and the result. */
static int get_number(struct config *config, const char *key, long min,
	long max, long *number, struct error *error)
{
	const int rc = config_number(config, key, number, error);

	if (rc <= 0)
		return rc;
	if (*number >= min && *number <= max)
		return 0;
	config_blame(config, key, error);
	return error_set(error, EINVAL, "%s is %ld; it must be from %ld to %ld",
		key, *number, min, max);
}

static int refuse(struct config *config, const char *key, struct error *error,
	const char *why)
{
	config_blame(config, key, error);
	return error_set(error, EOPNOTSUPP, "%s", why);
}

/* type=, builder= and the keys of features that are left out on purpose. */
static int check_kind(struct config *config, struct error *error)
{
	const char *type = "pv", *builder = "generic", *text = NULL;
	long on = 0;

	if (config_string(config, "type", &type, error) < 0 ||
		config_string(config, "builder", &builder, error) < 0)
		return -EINVAL;
	if (strcmp(type, "pv"))
		return refuse(config, "type", error,
			!strcmp(type, "hvm") || !strcmp(type, "pvh")
				? "only PV domains are supported, not hvm or "
				  "pvh"
				: "unknown type; only pv is supported");
	if (!strcmp(builder, "hvm"))
		return refuse(config, "builder", error,
			"only PV domains are supported, not hvm");
	if (strcmp(builder, "generic") && strcmp(builder, "linux"))
		return refuse(config, "builder", error,
			"unknown builder; leave it out, or use 'generic'");
	if (config_number(config, "pvshim", &on, error) < 0)
		return -EINVAL;
	if (on)
		return refuse(config, "pvshim", error,
			"pvshim needs PVH domains, which are not supported");
	if (config_find(config, "vnuma"))
		return refuse(config, "vnuma", error,
			"vnuma is not supported for PV domains");
	if (config_string(config, "altp2m", &text, error) < 0)
		return -EINVAL;
	if (text && strcmp(text, "0") && strcmp(text, "disabled"))
		return refuse(config, "altp2m", error,
			"altp2m needs HVM domains, which are not supported");
	if (config_find(config, "bootloader"))
		return refuse(config, "bootloader", error,
			"boot loaders in "
			"the control domain are not supported; give kernel= "
			"and ramdisk= instead");
	return 0;
}

static int check_name(struct domain_config *dc, struct error *error)
{
	if (!dc->name)
		return error_set(error, EINVAL, "no name is given (name=)");
	if (strlen(dc->name) <= 100 && !strpbrk(dc->name, "/ \t\n") &&
		dc->name[strspn(dc->name, "0123456789")])
		return 0;
	config_blame(dc->config, "name", error);
	return error_set(error, EINVAL,
		"'%.110s' cannot be a domain's name: "
		"it needs a character that is not a digit, no blanks or "
		"slashes, and at most 100 characters",
		dc->name);
}

static int read_identity(struct domain_config *dc, struct error *error)
{
	const char *text = NULL;

	if (get_text(dc->config, "name", &dc->name, error) ||
		check_name(dc, error) ||
		config_string(dc->config, "uuid", &text, error) < 0)
		return -EINVAL;
	if (!text) {
		uuid_generate(dc->uuid);
		return 0;
	}
	if (!uuid_parse(text, dc->uuid))
		return 0;
	config_blame(dc->config, "uuid", error);
	return error_set(error, EINVAL, "'%.60s' is not a UUID", text);
}

static int read_sizes(struct domain_config *dc, struct error *error)
{
	struct config *config = dc->config;
	long memory = 32, maximum, vcpus = 1, max_vcpus;

	if (get_number(config, "memory", 1, 1 << 24, &memory, error))
		return -EINVAL;
	maximum = memory;
	if (get_number(config, "maxmem", 1, 1 << 24, &maximum, error) ||
		get_number(config, "vcpus", 1, MAX_VCPUS, &vcpus, error))
		return -EINVAL;
	max_vcpus = vcpus;
	if (get_number(config, "maxvcpus", 1, MAX_VCPUS, &max_vcpus, error))
		return -EINVAL;
	if (maximum < memory) {
		config_blame(config, "maxmem", error);
		return error_set(error, EINVAL,
			"maxmem (%ld MiB) is below "
			"memory (%ld MiB)",
			maximum, memory);
	}
	if (max_vcpus < vcpus) {
		config_blame(config, "maxvcpus", error);
		return error_set(error, EINVAL,
			"maxvcpus (%ld) is below "
			"vcpus (%ld)",
			max_vcpus, vcpus);
	}
	dc->memory_kib = memory * 1024;
	dc->max_memory_kib = maximum * 1024;
	dc->vcpus = vcpus;
	dc->max_vcpus = max_vcpus;
	return 0;
}

/* cmdline=, or what xm had: root= and extra=. */
static int read_cmdline(struct domain_config *dc, struct error *error)
{
	const char *cmdline = NULL, *root = NULL, *extra = NULL;

	if (config_string(dc->config, "cmdline", &cmdline, error) < 0 ||
		config_string(dc->config, "root", &root, error) < 0 ||
		config_string(dc->config, "extra", &extra, error) < 0)
		return -EINVAL;
	if (cmdline && (root || extra))
		log_warn("cmdline= is used, root= and extra= are ignored");
	if (cmdline)
		root = extra = NULL;
	if (asprintf(&dc->cmdline, "%s%s%s%s%s", cmdline ? cmdline : "",
		    root ? "root=" : "", root ? root : "",
		    root && extra ? " " : "", extra ? extra : "") < 0)
		return no_memory(error);
	if (strlen(dc->cmdline) <= MAX_CMDLINE)
		return 0;
	config_blame(dc->config, cmdline ? "cmdline" : "extra", error);
	return error_set(error, EINVAL,
		"the kernel's command line has %zu "
		"characters; %d fit",
		strlen(dc->cmdline), MAX_CMDLINE);
}

static int read_kernel(struct domain_config *dc, struct error *error)
{
	if (get_text(dc->config, "kernel", &dc->kernel, error) ||
		get_text(dc->config, "ramdisk", &dc->ramdisk, error))
		return -EINVAL;
	if (!dc->kernel)
		return error_set(error, EINVAL, "no kernel is given (kernel=)");
	return read_cmdline(dc, error);
}

static int read_disks(struct domain_config *dc, struct error *error)
{
	struct config_value *list = NULL;

	if (config_list(dc->config, "disk", &list, error) < 0)
		return -EINVAL;
	if (!list)
		return 0;
	dc->disks = calloc(list->nr + 1, sizeof(*dc->disks));
	if (!dc->disks)
		return no_memory(error);
	for (size_t i = 0; i < list->nr; i++) {
		const struct config_value *item = list->items[i];
		struct disk_spec *disk = &dc->disks[dc->nr_disks];

		if (!item->text[strspn(item->text, " \t")])
			continue; /* disk = [''] is seen in the wild */
		if (disk_spec_parse(disk, item->text, error)) {
			config_blame_value(item, error);
			return -EINVAL;
		}
		disk->file = item->file;
		disk->line = item->line;
		dc->nr_disks++;
		for (size_t j = 0; j + 1 < dc->nr_disks; j++) {
			if (dc->disks[j].number != disk->number)
				continue;
			config_blame_value(item, error);
			return error_set(error, EINVAL,
				"two disks are called %s", disk->vdev);
		}
	}
	return 0;
}

static int read_vifs(struct domain_config *dc, struct error *error)
{
	struct config_value *list = NULL;

	if (config_list(dc->config, "vif", &list, error) < 0)
		return -EINVAL;
	if (!list)
		return 0;
	dc->vifs = calloc(list->nr + 1, sizeof(*dc->vifs));
	if (!dc->vifs)
		return no_memory(error);
	for (size_t i = 0; i < list->nr; i++) {
		const struct config_value *item = list->items[i];
		struct vif_spec *vif = &dc->vifs[i];

		if (vif_spec_parse(vif, item->text, error)) {
			config_blame_value(item, error);
			return -EINVAL;
		}
		vif->file = item->file;
		vif->line = item->line;
		if (vif->devid < 0)
			vif->devid = i;
		dc->nr_vifs++;
		for (size_t j = 0; j < i; j++) {
			if (dc->vifs[j].devid != vif->devid)
				continue;
			config_blame_value(item, error);
			return error_set(error, EINVAL,
				"two vifs have devid %d", vif->devid);
		}
	}
	return 0;
}

static int read_action(struct domain_config *dc, const char *key,
	enum domain_end end, enum domain_action action, struct error *error)
{
	static const struct {
		const char *name;
		enum domain_action action;
	} actions[] = {{"destroy", ACTION_DESTROY}, {"restart", ACTION_RESTART},
		{"rename-restart", ACTION_RENAME_RESTART},
		{"preserve", ACTION_PRESERVE}};
	const char *text = NULL;

	dc->action[end] = action;
	if (config_string(dc->config, key, &text, error) < 0)
		return -EINVAL;
	if (!text)
		return 0;
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		if (!strcmp(text, actions[i].name)) {
			dc->action[end] = actions[i].action;
			return 0;
		}
	config_blame(dc->config, key, error);
	if (!strncmp(text, "coredump-", 9))
		return error_set(error, EOPNOTSUPP,
			"%s: core dumps are not "
			"supported yet; use '%.20s'",
			key, text + 9);
	return error_set(error, EINVAL,
		"%s: unknown action '%.60s' (destroy, "
		"restart, rename-restart and preserve are known)",
		key, text);
}

/* A string, or a list's strings with commas between; false: too long. */
static bool join_items(
	const struct config_value *value, char *text, size_t size)
{
	size_t length = 0;

	*text = 0;
	if (!value->is_list)
		return (size_t)snprintf(text, size, "%s", value->text) < size;
	for (size_t i = 0; i < value->nr && length < size; i++)
		length += snprintf(text + length, size - length, "%s%s",
			i ? "," : "",
			value->items[i]->is_list ? "?" : value->items[i]->text);
	return length < size;
}

static int read_cpus(struct domain_config *dc, struct error *error)
{
	const struct config_value *value = config_find(dc->config, "cpus");
	char text[8 * DOMAIN_MAX_CPUS];

	if (!value)
		return 0;
	dc->pinned = true;
	if (join_items(value, text, sizeof(text)) &&
		!cpu_list_parse(text, dc->cpus, DOMAIN_MAX_CPUS))
		return 0;
	config_blame(dc->config, "cpus", error);
	return error_set(error, EINVAL,
		"cpus: '%.60s' is not a list of CPUs, "
		"such as \"0-3,^1\" or \"all\"",
		text);
}

static int read_limits(struct domain_config *dc, struct error *error)
{
	struct config *config = dc->config;
	long weight = 0, cap = -1, grants = -1, maptrack = -1;
	long ports = MAX_PORTS, driver = 0;

	/* Ganeti writes cpu_cap, which xl never read. */
	if (get_number(config, "cpu_weight", 1, 65535, &weight, error) ||
		get_number(config, "cpu_cap", 0, 65535, &cap, error) ||
		get_number(config, "cap", 0, 65535, &cap, error) ||
		get_number(
			config, "max_grant_frames", 1, 65535, &grants, error) ||
		get_number(config, "max_maptrack_frames", 0, 65535, &maptrack,
			error) ||
		get_number(config, "max_event_channels", 16, 131071, &ports,
			error) ||
		get_number(config, "driver_domain", 0, 1, &driver, error))
		return -EINVAL;
	dc->weight = weight;
	dc->cap = cap;
	dc->max_grant_frames = grants;
	dc->max_maptrack_frames = maptrack;
	dc->max_ports = ports;
	dc->driver_domain = driver;
	return read_cpus(dc, error);
}

static int read_actions(struct domain_config *dc, struct error *error)
{
	dc->action[END_SUSPEND] = ACTION_DESTROY;
	return read_action(dc, "on_poweroff", END_POWEROFF, ACTION_DESTROY,
		       error) ||
	       read_action(
		       dc, "on_reboot", END_REBOOT, ACTION_RESTART, error) ||
	       read_action(dc, "on_watchdog", END_WATCHDOG, ACTION_DESTROY,
		       error) ||
	       read_action(dc, "on_crash", END_CRASH, ACTION_DESTROY, error);
}

struct domain_config *domain_config_new(
	struct config *config, struct error *error)
{
	struct domain_config *dc = calloc(1, sizeof(*dc));

	if (!dc) {
		config_free(config);
		no_memory(error);
		return NULL;
	}
	dc->config = config;
	if (!check_kind(config, error) && !read_identity(dc, error) &&
		!read_sizes(dc, error) && !read_kernel(dc, error) &&
		!read_disks(dc, error) && !read_vifs(dc, error) &&
		!read_actions(dc, error) && !read_limits(dc, error)) {
		warn_about_keys(config);
		return dc;
	}
	domain_config_free(dc);
	return NULL;
}

void domain_config_free(struct domain_config *dc)
{
	if (!dc)
		return;
	for (size_t i = 0; i < dc->nr_disks; i++)
		disk_spec_free(&dc->disks[i]);
	for (size_t i = 0; i < dc->nr_vifs; i++)
		vif_spec_free(&dc->vifs[i]);
	free(dc->disks);
	free(dc->vifs);
	free(dc->name);
	free(dc->kernel);
	free(dc->ramdisk);
	free(dc->cmdline);
	config_free(dc->config);
	free(dc);
}

const char *domain_end_name(enum domain_end end)
{
	static const char *const names[] = {
		"poweroff", "reboot", "suspend", "crash", "watchdog"};

	return end < NR_ENDS ? names[end] : "unknown reason";
}
