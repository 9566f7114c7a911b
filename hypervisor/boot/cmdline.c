// SPDX-License-Identifier: BSD-2-Clause
/*
 * The command line: words separated by blanks, NAME or NAME=VALUE. A word
 * that is not understood is named and otherwise ignored, because boot entries
 * are written for other versions too.
 */
#include "boot/cmdline.h"

#include "core/console.h"
#include "lib/log.h"
#include "lib/string.h"

struct options options = {
	.com1_port = 0x3f8,
	.com1_irq = 4,
	.console_serial = true,
	.console_screen = true,
};

/* A size like 768M, 1G, 0x1000k; without a letter KiB, as ever. */
static bool parse_size(const char *s, const char **end, uint64_t *bytes)
{
	static const char letters[] = "bkmgt";
	const uint64_t number = string_number(s, end, 0);
	const char *letter;
	unsigned shift = 10;

	if (*end == s)
		return false;
	letter = **end ? strchr(letters, **end | 0x20) : NULL;
	if (letter && *letter) {
		shift = 10 * (unsigned)(letter - letters);
		(*end)++;
	}
	if (number >> (63 - shift))
		return false;
	*bytes = number << shift;
	return true;
}

/* dom0_mem=SIZE, min:SIZE, max:SIZE, in any combination with commas */
static bool parse_dom0_mem(const char *value)
{
	for (;;) {
		uint64_t *to = &options.dom0_mem;

		if (!strncmp(value, "min:", 4))
			to = &options.dom0_mem_min;
		else if (!strncmp(value, "max:", 4))
			to = &options.dom0_mem_max;
		if (to != &options.dom0_mem)
			value += 4;
		if (!parse_size(value, &value, to))
			return false;
		if (!*value)
			return true;
		if (*value++ != ',')
			return false;
	}
}

/* dom0_max_vcpus=N, N-M (the upper one counts), N-, -M */
static bool parse_vcpus(const char *value)
{
	const char *end;
	uint64_t n = string_number(value, &end, 0);

	if (*end == '-') {
		value = end + 1;
		n = string_number(value, &end, 0);
	} else if (end == value) {
		return false;
	}
	if (*end || n > 4096)
		return false;
	options.dom0_max_vcpus = (unsigned)n;
	return true;
}

/* com1=BAUD[/CLOCK][,DPS[,PORT[,IRQ]]]; BAUD may be "auto", DPS must be 8n1 */
static bool parse_com1(const char *value)
{
	const char *end;

	if (!strncmp(value, "auto", 4)) {
		value += 4;
	} else {
		options.com1_baud = (unsigned)string_number(value, &end, 10);
		if (end == value || options.com1_baud > 115200)
			return false;
		value = end;
	}
	if (*value == '/') {
		string_number(value + 1, &end, 10);
		value = end;
	}
	if (*value++ != ',')
		return !value[-1];
	if (!strncmp(value, "8n1", 3))
		value += 3;
	else if (*value != ',' && *value)
		return false;
	if (*value++ != ',')
		return !value[-1];
	options.com1_port = (uint16_t)string_number(value, &end, 0);
	if (end == value)
		return false;
	value = end;
	if (*value++ != ',')
		return !value[-1];
	options.com1_irq = (unsigned)string_number(value, &end, 0);
	return end != value && !*end;
}

/* console=com1,vga,none in any combination */
static bool parse_console(const char *value)
{
	options.console_serial = options.console_screen = false;
	for (;;) {
		const char *const end = strchr(value, ',');
		const size_t size =
			end ? (size_t)(end - value) : strlen(value);

		if (size == 4 && !strncmp(value, "com1", 4))
			options.console_serial = true;
		else if (size == 3 && !strncmp(value, "vga", 3))
			options.console_screen = true;
		else if (size != 4 || strncmp(value, "none", 4))
			return false;
		if (!end)
			return true;
		value = end + 1;
	}
}

static bool parse_noreboot(const char *value)
{
	options.noreboot = strcmp(value, "0") != 0;
	return true;
}

static bool parse_choice(const char *value, enum choice *choice)
{
	static const char *const names[] = { "auto", "on", "off" };

	for (unsigned i = 0; i < 3; i++)
		if (!strcmp(value, names[i])) {
			*choice = (enum choice)i;
			return true;
		}
	return false;
}

static bool parse_nothing(const char *)
{
	return true;
}

static const struct {
	const char *name;
	bool (*parse)(const char *value); /* NULL: as a choice */
	enum choice *choice;
} table[] = {
	{"dom0_mem", .parse = parse_dom0_mem},
	{"dom0_max_vcpus", .parse = parse_vcpus}, {"com1", .parse = parse_com1},
	{"console", .parse = parse_console},
	{"loglvl", .parse = console_set_level},
	{"noreboot", .parse = parse_noreboot},
	{"xpti", .choice = &options.xpti}, {"smap", .choice = &options.smap},
	{"pcid", .choice = &options.pcid},
	{"placeholder", .parse = parse_nothing}, /* Debian's boot entries */
};

static void parse_word(char *word)
{
	char *value = strchr(word, '=');

	if (value)
		*value++ = '\0';
	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(word, table[i].name))
			continue;
		if (!value)
			value = "";
		if (table[i].parse ? !table[i].parse(value) :
				     !parse_choice(value, table[i].choice))
			log_warn("command line: %s=%s is not understood", word,
				value);
		return;
	}
	log_warn("command line: unknown option %s%s%s", word,
		value ? "=" : "", value ? value : "");
}

void cmdline_parse(const char *line)
{
	char word[128];
	size_t size;

	while (*line) {
		for (size = 0; line[size] && line[size] != ' '; size++)
			;
		if (size >= sizeof(word))
			log_warn("command line: a word of %zu bytes is ignored",
				size);
		else if (size) {
			string_copy(word, line, size + 1);
			parse_word(word);
		}
		line += size;
		while (*line == ' ')
			line++;
	}
}
