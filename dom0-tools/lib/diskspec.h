/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One element of a configuration's disk list: xl's positional form
 * "target,format,vdev,access", its key=value form, and the prefixes of older
 * tools ("phy:", "file:", "tap:aio:" ...). Pure text work, no file is opened.
 */
#pragma once

#include <stdbool.h>

struct error;

struct disk_spec {
	char *target;    /* path of the image or block device, "" for none */
	char *vdev;      /* the guest's name for it, "xvda" */
	char *script;    /* script=, or NULL */
	char *backend;   /* the domain that serves it, NULL for Domain-0 */
	unsigned number; /* of the virtual device, as in device/vbd/NUMBER */
	bool readonly;
	bool shared; /* w!: do not ask who else has it */
	bool cdrom;
	bool no_discard;
	bool direct_io_safe;
	const char *file; /* where it was written, for messages */
	unsigned line;
};

/* 0, or -EINVAL and an error. The spec owns copies of its texts. */
int disk_spec_parse(
	struct disk_spec *spec, const char *text, struct error *error);
void disk_spec_free(struct disk_spec *spec);

/* "xvda", "hdc1", "sdb", "d2p3", "51712": the device number, or -1. */
long disk_number(const char *vdev);
