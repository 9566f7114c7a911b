// SPDX-License-Identifier: BSD-2-Clause
/*
 * The domain configuration file (dom0-tools/lib/config.c) and what is made of
 * it (domconfig.c, diskspec.c, vifspec.c, cpulist.c). The first byte chooses
 * between a whole file and a single disk, vif or CPU list.
 */
#include "lib/config.h"

#include "lib/domconfig.h"
#include "lib/error.h"
#include "lib/log.h"
#include "tests/fuzz/fuzz.h"

static void check_disk(const struct disk_spec *disk)
{
	CHECK(disk->target && disk->vdev);
	CHECK(disk_number(disk->vdev) == (long)disk->number);
}

static void check(const struct domain_config *dc)
{
	CHECK(dc->name && *dc->name && dc->kernel);
	CHECK(dc->memory_kib && dc->memory_kib <= dc->max_memory_kib);
	CHECK(dc->vcpus && dc->vcpus <= dc->max_vcpus);
	for (size_t i = 0; i < dc->nr_disks; i++)
		check_disk(&dc->disks[i]);
	for (size_t i = 0; i < dc->nr_vifs; i++)
		CHECK(dc->vifs[i].devid >= 0);
}

static void try_file(const char *text, struct error *error)
{
	struct config *const config = config_new();
	struct domain_config *dc;

	if (config_append(config, "f", text, error)) {
		config_free(config);
		CHECK(error->code && *error->cause);
		return;
	}
	dc = domain_config_new(config, error);
	if (dc)
		check(dc);
	else
		CHECK(error->code && *error->cause);
	domain_config_free(dc);
}

/* What is refused owns nothing: the leak sanitizer looks. */
static void try_disk(const char *text, struct error *error)
{
	struct disk_spec disk = {0};

	if (disk_spec_parse(&disk, text, error))
		CHECK(error->code && *error->cause);
	else {
		check_disk(&disk);
		disk_spec_free(&disk);
	}
}

static void try_vif(const char *text, struct error *error)
{
	struct vif_spec vif = {0};

	if (vif_spec_parse(&vif, text, error))
		CHECK(error->code && *error->cause);
	else {
		CHECK(vif.devid >= -1);
		vif_spec_free(&vif);
	}
}

/* A list that is read, printed and read again says the same. */
static void try_cpus(const char *text)
{
	uint8_t map[DOMAIN_MAX_CPUS / 8], again[DOMAIN_MAX_CPUS / 8];
	char printed[8192];

	if (cpu_list_parse(text, map, DOMAIN_MAX_CPUS))
		return;
	cpu_list_print(map, DOMAIN_MAX_CPUS, printed, sizeof(printed));
	CHECK(!cpu_list_parse(printed, again, DOMAIN_MAX_CPUS));
	CHECK(!memcmp(map, again, sizeof(map)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error error = {0};
	char *text;

	log_set_level(LOG_LEVEL_ERROR);
	if (!size)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0]) {
	case 'd': try_disk(text, &error); break;
	case 'v': try_vif(text, &error); break;
	case 'c': try_cpus(text); break;
	default: try_file(text, &error); break;
	}
	free(text);
	return 0;
}
