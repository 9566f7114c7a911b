/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The network interface grammar. An empty specification is a valid one: an
 * interface with a random address on the default bridge.
 */
#include "lib/vifspec.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "lib/error.h"
#include "lib/spectext.h"

#define RATE_INTERVAL 50000 /* microseconds, when the rate names none */
#define IFNAME_MAX 15

static int set_ifname(
	char **where, const char *key, const char *text, struct error *error)
{
	if (strlen(text) > IFNAME_MAX || strpbrk(text, "/ \t") ||
		!strcmp(text, ".") || !strcmp(text, ".."))
		return error_set(error, EINVAL,
			"vif %s: '%.60s' is no name for a network interface "
			"(at most %d characters)",
			key, text, IFNAME_MAX);
	return text_set(where, *text ? text : NULL);
}

static int set_mac(struct vif_spec *spec, const char *text, struct error *error)
{
	const char *at = text;

	for (unsigned i = 0; i < 6; i++) {
		if (!isxdigit((unsigned char)at[0]) ||
			!isxdigit((unsigned char)at[1]) ||
			!(i < 5 ? at[2] == ':' || at[2] == '-' : !at[2]))
			return error_set(error, EINVAL,
				"vif mac: '%.60s' is not six pairs of "
				"hexadecimal digits",
				text);
		spec->mac[i] = (uint8_t)strtoul(at, NULL, 16);
		at += 3;
	}
	if (!(spec->mac[0] & 1))
		return 0;
	return error_set(
		error, EINVAL, "vif mac: '%.60s' is a multicast address", text);
}

/* Our own corner of the address space that Xen guests have always used. */
static int random_mac(struct vif_spec *spec, struct error *error)
{
	uint8_t *mac = spec->mac;

	mac[0] = 0x00;
	mac[1] = 0x16;
	mac[2] = 0x3e;
	if (getrandom(mac + 3, 3, 0) != 3)
		return error_errno(error, errno, "random MAC address");
	mac[3] &= 0x7f;
	return 0;
}

/* "10Mb/s", "1.5" is not accepted, "250KB/s@20ms". */
static int set_rate(
	struct vif_spec *spec, const char *text, struct error *error)
{
	static const struct {
		const char *name;
		uint64_t bits;
	} units[] = {{"GB/s", 8000000000}, {"MB/s", 8000000}, {"KB/s", 8000},
		{"B/s", 8}, {"Gb/s", 1000000000}, {"Mb/s", 1000000},
		{"Kb/s", 1000}, {"b/s", 1}};
	uint64_t interval = RATE_INTERVAL, bits = 0;
	const size_t length = strcspn(text, "@");
	char *end;
	const uint64_t number = strtoull(text, &end, 10);

	const size_t unit = text + length - end;

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strlen(units[i].name) == unit &&
			!strncmp(end, units[i].name, unit))
			bits = units[i].bits;
	if (text[length]) {
		const uint64_t count = strtoull(text + length + 1, &end, 10);

		interval = !strcmp(end, "us")   ? count
			   : !strcmp(end, "ms") ? count * 1000
			   : !strcmp(end, "s")  ? count * 1000000
						: 0;
	}
	if (!bits || !number || number > UINT32_MAX || !interval ||
		interval > 4000000000)
		return error_set(error, EINVAL,
			"vif rate: '%.60s' is not "
			"like 10Mb/s or 250KB/s@20ms",
			text);
	spec->rate_bytes =
		(uint64_t)((__int128)number * bits * interval / 8000000);
	spec->rate_interval = (uint32_t)interval;
	return 0;
}

static int set_number(const char *key, const char *text, long max, long *number,
	struct error *error)
{
	char *end;

	*number = strtol(text, &end, 0);
	if (end != text && !*end && *number >= 0 && *number <= max)
		return 0;
	return error_set(error, EINVAL,
		"vif %s: '%.60s' is not a number from 0 to %ld", key, text,
		max);
}

static int set_script(struct vif_spec *spec, const char *text)
{
	const char *name = strrchr(text, '/');

	/* The bridge script of old is what is built in. */
	if (!strcmp(name ? name + 1 : text, "vif-bridge"))
		return 0;
	return text_set(&spec->script, *text ? text : NULL);
}

static int ignored(const char *key)
{
	static const char *const keys[] = {
		"type", "model", "trusted", "untrusted", "accel", "policy"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!strcmp(key, keys[i]))
			return 1;
	return 0;
}

static int set_key(
	struct vif_spec *spec, const char *key, char *text, struct error *error)
{
	long number;
	int rc;

	if (!strcmp(key, "mac"))
		return set_mac(spec, text, error);
	if (!strcmp(key, "bridge"))
		return set_ifname(&spec->bridge, key, text, error);
	if (!strcmp(key, "vifname"))
		return set_ifname(&spec->vifname, key, text, error);
	if (!strcmp(key, "ip"))
		return text_set(&spec->ip, *text ? text : NULL);
	if (!strcmp(key, "script"))
		return set_script(spec, text);
	if (!strcmp(key, "gatewaydev") || !strcmp(key, "netdev"))
		return set_ifname(&spec->gatewaydev, key, text, error);
	if (!strcmp(key, "rate"))
		return set_rate(spec, text, error);
	if (!strcmp(key, "mtu") || !strcmp(key, "devid")) {
		rc = set_number(key, text, 65535, &number, error);
		if (!rc && *key == 'm')
			spec->mtu = (unsigned)number;
		else if (!rc)
			spec->devid = (int)number;
		return rc;
	}
	if (!strcmp(key, "backend"))
		return text_set_domain(&spec->backend, text);
	if (ignored(key))
		return 0;
	if (!strcmp(key, "vlan"))
		return error_set(error, EINVAL,
			"vif vlan: bridges of this host have no VLANs");
	return error_set(error, EINVAL, "vif: unknown parameter '%.60s'", key);
}

static int parse_field(struct vif_spec *spec, char *field, struct error *error)
{
	char *value = strchr(field, '=');

	if (!*field || ignored(field))
		return 0;
	if (!value)
		return error_set(error, EINVAL,
			"vif: '%.60s' is not of the form key=value", field);
	*value++ = 0;
	return set_key(spec, text_trim(field), text_trim(value), error);
}

int vif_spec_parse(struct vif_spec *spec, const char *text, struct error *error)
{
	static const uint8_t none[6];
	char *copy = strdup(text), *at = copy;
	int rc = copy ? 0 : -ENOMEM;

	*spec = (struct vif_spec){.devid = -1};
	while (!rc && at) {
		char *field = at;

		at = strchr(field, ',');
		if (at)
			*at++ = 0;
		rc = parse_field(spec, text_trim(field), error);
	}
	if (!rc && !memcmp(spec->mac, none, sizeof(none)))
		rc = random_mac(spec, error);
	if (!rc && !spec->bridge && !spec->script)
		rc = text_set(&spec->bridge, VIF_DEFAULT_BRIDGE);
	free(copy);
	if (rc) {
		vif_spec_free(spec);
		if (rc == -ENOMEM)
			error_set(error, ENOMEM, "out of memory");
	}
	return rc;
}

void vif_spec_free(struct vif_spec *spec)
{
	free(spec->bridge);
	free(spec->ip);
	free(spec->vifname);
	free(spec->script);
	free(spec->gatewaydev);
	free(spec->backend);
	memset(spec, 0, sizeof(*spec));
}
