/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a domain shall be: the meaning of a configuration. Every key is either
 * honoured, accepted without effect (with a note when that may surprise), or
 * refused; a key that nobody knows is warned about, with a suggestion.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/config.h"
#include "lib/diskspec.h"
#include "lib/vifspec.h"

struct error;

enum domain_action {
	ACTION_DESTROY,
	ACTION_RESTART,
	ACTION_RENAME_RESTART,
	ACTION_PRESERVE,
};

/* Why a domain stopped; the numbers are SHUTDOWN_*'s. */
enum domain_end {
	END_POWEROFF,
	END_REBOOT,
	END_SUSPEND,
	END_CRASH,
	END_WATCHDOG,
	NR_ENDS
};

#define DOMAIN_MAX_CPUS 1024 /* of the machine, in cpus= */

struct domain_config {
	struct config *config; /* where it came from, for error places */
	char *name;
	uint8_t uuid[16];
	uint64_t memory_kib;
	uint64_t max_memory_kib;
	unsigned vcpus; /* started by the guest */
	unsigned max_vcpus;
	char *kernel;
	char *ramdisk; /* NULL: none */
	char *cmdline;
	struct disk_spec *disks;
	size_t nr_disks;
	struct vif_spec *vifs;
	size_t nr_vifs;
	enum domain_action action[NR_ENDS];
	bool pinned; /* cpus= was given */
	uint8_t cpus[DOMAIN_MAX_CPUS / 8];
	unsigned weight;         /* 0: not given */
	int cap;                 /* -1: not given */
	int max_grant_frames;    /* -1: the hypervisor's default */
	int max_maptrack_frames; /* -1: the hypervisor's default */
	unsigned max_ports;      /* highest event channel */
	bool driver_domain;      /* others may name it as their back-end */
};

/* Takes the config over, also when it fails. Warnings go to the log. */
struct domain_config *domain_config_new(
	struct config *config, struct error *error);
void domain_config_free(struct domain_config *dc);

/* "0-3,^1,5" or "all" into a bitmap of nr bits; 0 or -EINVAL. */
int cpu_list_parse(const char *text, uint8_t *map, unsigned nr);
/* The other direction; "all" if the first nr bits are set. */
void cpu_list_print(const uint8_t *map, unsigned nr, char *text, size_t size);

const char *domain_end_name(enum domain_end end);
