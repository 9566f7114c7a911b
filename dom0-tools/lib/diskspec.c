/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The disk grammar of xl-disk-configuration(5). Fields are separated by
 * commas; a field that is "key=value" or a known word is that, everything else
 * fills the next free one of target, format, vdev, access. target= takes the
 * rest of the line.
 */
#include "lib/diskspec.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "lib/spectext.h"

enum field { F_TARGET, F_FORMAT, F_VDEV, F_ACCESS, NR_FIELDS };

struct parser {
	struct disk_spec *spec;
	struct error *error;
	const char *text;     /* whole specification, for messages */
	bool have[NR_FIELDS]; /* filled already */
};

/* Old tools named format and driver in front of the path. */
static const struct prefix {
	const char *name;
	const char *format; /* NULL: says nothing about the format */
} prefixes[] = {
	{"phy:", "raw"},
	{"file:", "raw"},
	{"raw:", "raw"},
	{"qcow2:", "qcow2"},
	{"qcow:", "qcow"},
	{"vhd:", "vhd"},
	{"aio:", "raw"},
	{"tapdisk:", NULL},
	{"tap2:", NULL},
	{"tap:", NULL},
	{"ioemu:", NULL},
	{"iscsi:", "iscsi"},
	{"nbd:", "nbd"},
	{"enbd:", "enbd"},
	{"drbd:", "drbd"},
};

static int refuse(struct parser *p, const char *what, const char *which)
{
	return error_set(p->error, EINVAL, "disk '%.120s': %s%s%.80s%s",
		p->text, what, which ? " '" : "", which ? which : "",
		which ? "'" : "");
}

static int set_format(struct parser *p, const char *format)
{
	p->have[F_FORMAT] = true;
	if (!*format || !strcmp(format, "raw") || !strcmp(format, "empty") ||
		!strcmp(format, "none"))
		return 0;
	if (!strncmp(format, "qcow", 4) || !strcmp(format, "vhd") ||
		!strcmp(format, "qed")) {
		error_hint(p->error, "convert it: qemu-img convert -O raw "
				     "OLD NEW");
		return refuse(p, "only raw images are served, not", format);
	}
	return refuse(p, "unknown format", format);
}

static int set_target(struct parser *p, char *text)
{
	const bool named_format = p->have[F_FORMAT];

	p->have[F_TARGET] = true;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		const size_t length = strlen(prefixes[i].name);

		if (strncmp(text, prefixes[i].name, length))
			continue;
		text += length;
		if (prefixes[i].format && !named_format &&
			set_format(p, prefixes[i].format))
			return -EINVAL;
		p->have[F_FORMAT] = true;
		i = (size_t)-1; /* tap:aio: has two of them */
	}
	return text_set(&p->spec->target, text);
}

/* "vdev" or "vdev:cdrom" or "vdev:disk". */
static int set_vdev(struct parser *p, char *text)
{
	char *kind = strchr(text, ':');
	long number;

	p->have[F_VDEV] = true;
	if (kind) {
		*kind++ = 0;
		if (strcmp(kind, "cdrom") && strcmp(kind, "disk"))
			return refuse(p, "unknown device type", kind);
		p->spec->cdrom = !strcmp(kind, "cdrom");
	}
	number = disk_number(text);
	if (number < 0) {
		error_hint(p->error, "xvda, xvdb1, hda, sda or a number");
		return refuse(p, "no such virtual device:", text);
	}
	p->spec->number = (unsigned)number;
	return text_set(&p->spec->vdev, text);
}

static int set_access(struct parser *p, const char *text)
{
	p->have[F_ACCESS] = true;
	p->spec->shared = !strcmp(text, "w!") || !strcmp(text, "!");
	p->spec->readonly = !strcmp(text, "r") || !strcmp(text, "ro");
	if (p->spec->shared || p->spec->readonly || !*text ||
		!strcmp(text, "w") || !strcmp(text, "rw"))
		return 0;
	return refuse(p, "access is r or w, not", text);
}

static int set_field(struct parser *p, enum field field, char *text)
{
	switch (field) {
	case F_TARGET:
		return set_target(p, text);
	case F_FORMAT:
		return set_format(p, text);
	case F_VDEV:
		return set_vdev(p, text);
	default:
		return set_access(p, text);
	}
}

/* 1: it was a flag, 0: it is none. */
static int try_flag(struct parser *p, const char *text)
{
	if (!strcmp(text, "cdrom"))
		p->spec->cdrom = true;
	else if (!strcmp(text, "no-discard"))
		p->spec->no_discard = true;
	else if (!strcmp(text, "discard"))
		p->spec->no_discard = false;
	else if (!strcmp(text, "direct-io-safe"))
		p->spec->direct_io_safe = true;
	else
		return !strcmp(text, "trusted") || !strcmp(text, "untrusted");
	return 1;
}

static int set_named(struct parser *p, const char *key, char *text)
{
	if (!strcmp(key, "vdev"))
		return set_vdev(p, text);
	if (!strcmp(key, "format"))
		return set_format(p, text);
	if (!strcmp(key, "access"))
		return set_access(p, text);
	if (!strcmp(key, "script"))
		return text_set(&p->spec->script, text);
	if (!strcmp(key, "devtype")) {
		p->spec->cdrom = !strcmp(text, "cdrom");
		if (!p->spec->cdrom && strcmp(text, "disk"))
			return refuse(p, "unknown devtype", text);
		return 0;
	}
	if (!strcmp(key, "backend"))
		return text_set_domain(&p->spec->backend, text);
	if (!strcmp(key, "backendtype")) {
		if (strcmp(text, "phy") && strcmp(text, "tap") &&
			strcmp(text, "qdisk"))
			return refuse(p, "unknown backendtype", text);
		return 0; /* one back-end serves them all */
	}
	if (!strcmp(key, "specification"))
		return 0;
	return refuse(p, "unknown parameter", key);
}

/* The length of a leading "key=", or 0. */
static size_t key_length(const char *text)
{
	const size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz-");

	return length && text[length] == '=' ? length + 1 : 0;
}

static int parse_field(struct parser *p, char *text)
{
	const size_t key = key_length(text);
	unsigned field = 0;

	if (key) {
		text[key - 1] = 0;
		return set_named(p, text, text_trim(text + key));
	}
	if (try_flag(p, text))
		return 0;
	while (field < NR_FIELDS && p->have[field])
		field++;
	if (field == NR_FIELDS)
		return refuse(p, "one field too many:", text);
	return set_field(p, field, text);
}

static int check(struct parser *p)
{
	struct disk_spec *spec = p->spec;

	if (!p->have[F_VDEV]) {
		error_hint(p->error, "write 'TARGET,raw,xvda,w'");
		return refuse(p, "no virtual device (vdev) is given", NULL);
	}
	if (!spec->target && text_set(&spec->target, ""))
		return -ENOMEM;
	if (!*spec->target && !spec->cdrom)
		return refuse(p, "no target (image or device) is given", NULL);
	if (spec->cdrom)
		spec->readonly = true;
	return 0;
}

int disk_spec_parse(
	struct disk_spec *spec, const char *text, struct error *error)
{
	struct parser p = {.spec = spec, .error = error, .text = text};
	char *copy = strdup(text), *at = copy;
	int rc = copy ? 0 : -ENOMEM;

	memset(spec, 0, sizeof(*spec));
	while (!rc && at) {
		char *field = at;

		while (isspace((unsigned char)*field))
			field++;
		if (!strncmp(field, "target=", 7)) {
			rc = set_target(&p, text_trim(field + 7));
			break;
		}
		at = strchr(field, ',');
		if (at)
			*at++ = 0;
		rc = parse_field(&p, text_trim(field));
	}
	if (!rc)
		rc = check(&p);
	free(copy);
	if (rc) {
		disk_spec_free(spec);
		if (rc == -ENOMEM)
			error_set(error, ENOMEM, "out of memory");
	}
	return rc;
}

void disk_spec_free(struct disk_spec *spec)
{
	free(spec->target);
	free(spec->vdev);
	free(spec->script);
	free(spec->backend);
	memset(spec, 0, sizeof(*spec));
}

/* Digits only, at most max; *at moves behind them. -1 without any. */
static long digits(const char **at, long max)
{
	long number = 0;

	if (!isdigit((unsigned char)**at))
		return -1;
	while (isdigit((unsigned char)**at)) {
		number = number * 10 + *(*at)++ - '0';
		if (number > max)
			return -1;
	}
	return number;
}

/* a..z, aa..., as disks are named after their prefix. -1 without any. */
static long letters(const char **at)
{
	long number = 0;

	if (!islower((unsigned char)**at))
		return -1;
	while (islower((unsigned char)**at)) {
		number = number * 26 + *(*at)++ - 'a' + 1;
		if (number > 1 << 20)
			return -1;
	}
	return number - 1;
}

/* The numbers of Xen's virtual block device interface. */
static long encode(char kind, long disk, long partition)
{
	if (kind == 'h') /* IDE: 3 and 22, two disks each */
		return disk > 3 || partition > 63
			       ? -1
			       : (disk < 2 ? 3 : 22) << 8 | (disk & 1) << 6 |
					 partition;
	if (kind == 's') /* SCSI: 8 */
		return disk > 15 || partition > 15
			       ? -1
			       : 8 << 8 | disk << 4 | partition;
	if (disk < 16 && partition < 16)
		return 202 << 8 | disk << 4 | partition;
	if (disk >= 1 << 20 || partition > 255)
		return -1;
	return 1L << 28 | disk << 8 | partition;
}

long disk_number(const char *vdev)
{
	long disk, partition = 0;
	const char *at = vdev;
	char kind = 'x', *end;

	if (isdigit((unsigned char)*vdev)) {
		disk = strtol(vdev, &end, 0);
		return *end || disk > (1L << 29) - 1 ? -1 : disk;
	}
	if (*at == 'd' && isdigit((unsigned char)at[1])) {
		at++;
		disk = digits(&at, 1 << 20);
		if (disk < 0 || (*at && *at++ != 'p'))
			return -1;
	} else {
		kind = *at;
		at += !strncmp(at, "xvd", 3) ? 3
		      : !strncmp(at, "hd", 2) || !strncmp(at, "sd", 2)
			      ? 2
			      : strlen(at);
		disk = letters(&at);
		if (disk < 0)
			return -1;
	}
	if (*at || at[-1] == 'p')
		partition = digits(&at, 255);
	return *at || partition < 0 ? -1 : encode(kind, disk, partition);
}
