/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration's grammar and its meaning: what real files contain is
 * read as xl reads it, and what is wrong is refused with the line where it is
 * wrong. The last test feeds damaged copies of a good file to the parser; the
 * sanitizers watch.
 */
#include "suite.h"
#include "lib/domconfig.h"
#include "lib/error.h"
#include "lib/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct error error;

static struct config *parse(const char *text)
{
	struct config *config = config_new();

	error_clear(&error);
	if (!config_append(config, "f", text, &error))
		return config;
	config_free(config);
	return NULL;
}

/* A string key's value equals text; NULL: the file is refused. */
static bool has(const char *file, const char *key, const char *text)
{
	struct config *config = parse(file);
	const char *value = NULL;
	bool same;

	if (!config)
		return !text;
	config_string(config, key, &value, NULL);
	same = value && text && !strcmp(value, text);
	config_free(config);
	return same;
}

/* The file is refused, with this place, and a cause and hint that contain
 * these words. */
static bool refused(const char *file, const char *place, const char *cause,
	const char *hint)
{
	struct config *config = parse(file);

	config_free(config);
	return !config && !strcmp(error.place, place) &&
	       strstr(error.cause, cause) && strstr(error.hint, hint);
}

static void test_strings(void)
{
	CHECK(has("a='x'", "a", "x"));
	CHECK(has("a=\"x'y\"\n", "a", "x'y"));
	CHECK(has("a.b_9 = 'x' # c\n", "a.b_9", "x"));
	CHECK(has("a = '\\t\\x41\\101\\\\\\''", "a", "\tAA\\'"));
	CHECK(has("\xef\xbb\xbf"
		  "a='x'\r\n\r\nb='y'\r\n",
		"b", "y"));
	CHECK(has("a='x';b='y'; c='z'", "c", "z"));
	CHECK(has("a='00:16:3E:AA:BB:CC'", "a", "00:16:3E:AA:BB:CC"));
	CHECK(has("a=''", "a", ""));
}

static void test_numbers(void)
{
	struct config *config =
		parse("a=10\nb=010\nc=0x1F\nd='256'\ne=' 7 '\nf='x'\ng=[]\n"
		      "h='-1'\ni=''\n");
	long number = -5;

	CHECK(config_number(config, "a", &number, NULL) == 1 && number == 10);
	CHECK(config_number(config, "b", &number, NULL) == 1 && number == 8);
	CHECK(config_number(config, "c", &number, NULL) == 1 && number == 31);
	CHECK(config_number(config, "d", &number, NULL) == 1 && number == 256);
	CHECK(config_number(config, "e", &number, NULL) == 1 && number == 7);
	CHECK(config_number(config, "h", &number, NULL) == 1 && number == -1);
	CHECK(config_number(config, "z", &number, NULL) == 0 && number == -1);
	CHECK(config_number(config, "f", &number, &error) == -EINVAL);
	CHECK(!strcmp(error.place, "f:6"));
	CHECK(config_number(config, "g", &number, NULL) == -EINVAL);
	CHECK(config_number(config, "i", &number, NULL) == -EINVAL);
	config_free(config);
	CHECK(refused("a=-1", "f:1", "'-1'", "negative"));
	CHECK(refused("a=12ab", "f:1", "not a number", "quotes"));
	CHECK(refused("a=99999999999999999999", "f:1", "not a number", ""));
}

static void test_lists(void)
{
	struct config *config = parse(
		"a = [ 'x',\n\t# between\n 'y', 5,\n [ 'z', ], ]\nb=[ ]\n");
	struct config_value *list = config_find(config, "a");

	CHECK(list && list->is_list && list->nr == 4);
	CHECK(list && !strcmp(list->items[1]->text, "y"));
	CHECK(list && list->items[1]->line == 3);
	CHECK(list && list->items[2]->is_number);
	CHECK(list && list->items[3]->is_list && list->items[3]->nr == 1);
	CHECK(config_list(config, "b", &list, NULL) == 1 && !list->nr);
	CHECK(config_list(config, "a", &list, &error) == -EINVAL);
	config_free(config);
	CHECK(refused("a=['x' 'y']", "f:1", "',' or ']'", ""));
	CHECK(refused("a=['x'\n", "f:2", "ends", ""));
	CHECK(refused("a=[['x']", "f:1", "ends", ""));
	CHECK(refused("a=[;'x']", "f:1", "ends where", ""));
	CHECK(refused("a=[[[[[[[[[[[[[[[[[[[[[[", "f:1", "nested", ""));
}

static void test_append(void)
{
	struct config *config = parse("a='x'\na+='y'\nb+=['1']\nb+=['2','3']");
	struct config_value *list = NULL;
	const char *text = NULL;

	CHECK(config_string(config, "a", &text, NULL) == 1);
	CHECK(text && !strcmp(text, "xy"));
	CHECK(config_list(config, "b", &list, NULL) == 1 && list->nr == 3);
	/* overrides are one more source */
	CHECK(!config_append(config, "cmd", "a=5\nb+=['4']\n", &error));
	CHECK(config_string(config, "a", &text, NULL) == 1);
	CHECK(!strcmp(text, "5"));
	CHECK(list->nr == 4 && !strcmp(list->items[3]->file, "cmd"));
	error_clear(&error);
	config_blame(config, "a", &error);
	CHECK(!strcmp(error.place, "cmd:1"));
	config_free(config);
	CHECK(refused("a='x'\na+=['y']", "f:2", "joins", ""));
}

static void test_syntax_errors(void)
{
	CHECK(refused("a='x'\nb = = 3\n", "f:2", "'='", ""));
	CHECK(refused("\n\nimport os\n", "f:3", "'os'", "Python"));
	CHECK(refused("a = 'x' % y", "f:1", "'%'", "Python"));
	CHECK(refused("def f(x):\n  return 1\n", "f:1", "'f'", "Python"));
	CHECK(refused("a = xyz", "f:1", "'xyz'", "quotes"));
	CHECK(refused("Memory = 5", "f:1", "'Memory'", "lower case"));
	CHECK(refused("a = 'x\ny'", "f:1", "not closed", ""));
	CHECK(refused("a = '\\q'", "f:1", "escape", ""));
	CHECK(refused("a = '\\x00'", "f:1", "escape", ""));
	CHECK(refused("a = 'x' b = 'y'", "f:1", "end of the line", ""));
	CHECK(refused("a", "f:1", "'=' after 'a'", ""));
	CHECK(refused("a =\n'x'", "f:1", "line ends", ""));
	CHECK(refused("= 'x'", "f:1", "a key", ""));
}

static struct domain_config *domain(const char *text)
{
	struct config *config = parse(text);

	return config ? domain_config_new(config, &error) : NULL;
}

static void test_domain(void)
{
	struct domain_config *dc = domain(
		"name='d'; kernel='/k'\nmemory='256'\nvcpus='2'\nmaxvcpus=4\n"
		"root='/dev/xvda1 ro'\nextra='quiet'\non_crash='preserve'\n"
		"disk=['phy:/dev/vg/a,xvda,w', '']\nvif=['', \" \"]\n"
		"cpus=['0-2','^1']\ncpu_cap=50\n"
		"uuid='3e8f5c4e-1d1c-4c3c-9a55-5d3b4a3f2c11'\n");

	CHECK(dc);
	if (!dc)
		return;
	CHECK(dc->memory_kib == 256 << 10 && dc->max_memory_kib == 256 << 10);
	CHECK(dc->vcpus == 2 && dc->max_vcpus == 4);
	CHECK(!strcmp(dc->cmdline, "root=/dev/xvda1 ro quiet"));
	CHECK(dc->action[END_CRASH] == ACTION_PRESERVE);
	CHECK(dc->action[END_REBOOT] == ACTION_RESTART);
	CHECK(dc->nr_disks == 1 && dc->disks[0].number == 51712);
	CHECK(dc->nr_vifs == 2 && dc->vifs[1].devid == 1);
	CHECK(dc->pinned && dc->cpus[0] == 5);
	CHECK(dc->cap == 50 && !dc->weight);
	CHECK(dc->uuid[0] == 0x3e && dc->uuid[15] == 0x11);
	domain_config_free(dc);
}

static bool domain_refused(
	const char *line, const char *place, const char *cause)
{
	char text[400];
	struct domain_config *dc;

	snprintf(text, sizeof(text), "name='d'\nkernel='/k'\n%s\n", line);
	dc = domain(text);
	domain_config_free(dc);
	return !dc && !strcmp(error.place, place) && strstr(error.cause, cause);
}

/* Every CPU that a list names counts; one too long to read is refused. */
static void test_long_cpu_list(void)
{
	static char text[40000];
	struct domain_config *dc;
	size_t n = sprintf(text, "name='d'; kernel='/k'; cpus=[0");

	for (unsigned cpu = 1; cpu < DOMAIN_MAX_CPUS; cpu++)
		n += sprintf(text + n, ",'%u'", cpu);
	strcpy(text + n, "]");
	dc = domain(text);
	CHECK(dc && dc->pinned);
	for (unsigned i = 0; dc && i < sizeof(dc->cpus); i++)
		CHECK(dc->cpus[i] == 0xff);
	domain_config_free(dc);
	while (n < sizeof(text) - 16)
		n += sprintf(text + n, ",'^7'");
	strcpy(text + n, "]");
	CHECK(!domain(text) && strstr(error.cause, "cpus"));
}

static void test_domain_refusals(void)
{
	CHECK(domain_refused("memory='much'", "f:3", "memory takes a number"));
	CHECK(domain_refused("memory=0", "f:3", "from 1"));
	CHECK(domain_refused("memory=64;maxmem=32", "f:3", "below"));
	CHECK(domain_refused("vcpus=0", "f:3", "vcpus is 0"));
	CHECK(domain_refused("type='hvm'", "f:3", "hvm"));
	CHECK(domain_refused("type='pvh'", "f:3", "pvh"));
	CHECK(domain_refused("builder='hvm'", "f:3", "hvm"));
	CHECK(domain_refused("pvshim=1", "f:3", "pvshim"));
	CHECK(domain_refused("vnuma=[]", "f:3", "vnuma"));
	CHECK(domain_refused("altp2m='mixed'", "f:3", "altp2m"));
	CHECK(domain_refused("name='17'", "f:3", "cannot be a domain's name"));
	CHECK(domain_refused("name='a b'", "f:3", "cannot be"));
	CHECK(domain_refused("uuid='x'", "f:3", "UUID"));
	CHECK(domain_refused("on_crash='explode'", "f:3", "unknown action"));
	CHECK(domain_refused("disk='x'", "f:3", "takes a list"));
	CHECK(domain_refused("disk=[\n'/x,raw,xvda,w',\n'/y,raw,xvda,w']",
		"f:5", "two disks"));
	CHECK(domain_refused("disk=['/x,raw,foo,w']", "f:3", "foo"));
	CHECK(domain_refused("vif=['mac=1']", "f:3", "mac"));
	CHECK(domain_refused("vif=[\n'devid=1',\n'']", "f:5", "two vifs"));
	CHECK(domain_refused("cpus='a-b'", "f:3", "cpus"));
	CHECK(domain_refused("bootloader='pygrub'", "f:3", "kernel="));
	CHECK(domain_refused("kernel=['/k']", "f:3", "not a list"));
}

static void test_cpu_lists(void)
{
	uint8_t map[4];
	char text[64];

	CHECK(!cpu_list_parse("all", map, 32) && map[3] == 0xff);
	CHECK(!cpu_list_parse("0-3,^1, 9", map, 32));
	CHECK(map[0] == 0x0d && map[1] == 0x02);
	cpu_list_print(map, 32, text, sizeof(text));
	CHECK(!strcmp(text, "0,2-3,9"));
	CHECK(cpu_list_parse("32", map, 32) == -EINVAL);
	CHECK(cpu_list_parse("3-1", map, 32) == -EINVAL);
	CHECK(cpu_list_parse("", map, 32) == -EINVAL);
	CHECK(cpu_list_parse("0,^0", map, 32) == -EINVAL);
	CHECK(cpu_list_parse("x", map, 32) == -EINVAL);
	CHECK(!cpu_list_parse("all", map, 4));
	cpu_list_print(map, 4, text, sizeof(text));
	CHECK(!strcmp(text, "all"));
}

/* Damaged input is refused or read, never more than that. */
static void test_damage(void)
{
	static const char good[] =
		"name = 'd'; kernel=\"/k\"\nmemory = 0x100\n"
		"disk = [ 'phy:/dev/vg/a,xvda,w',\n"
		" 'vdev=xvdb, target=/x,y' ]\n"
		"vif += [ 'mac=00:16:3e:01:02:03,rate=10Mb/s@20ms' ]\n"
		"extra = 'a\\x41\\n' # end\ncpus=\"0-3,^1\"\n";
	unsigned seed = 1, kept = 0;

	for (unsigned i = 0; i < 20000; i++) {
		char text[sizeof(good)];
		struct domain_config *dc;

		memcpy(text, good, sizeof(good));
		for (unsigned n = 0; n <= i % 3; n++) {
			seed = seed * 1103515245 + 12345;
			text[seed / 65536 % (sizeof(good) - 1)] =
				"'\"[],=#;\\\n az9x\x80+-"[seed >> 8 & 15];
		}
		dc = domain(text);
		kept += dc != NULL;
		CHECK(dc || error.code);
		domain_config_free(dc);
	}
	CHECK(kept > 100 && kept < 19000);
}

/* What the hypervisor said of a call is added to the error about that call, and
 * to no other. */
static void test_hypervisor_reasons(void)
{
	error_clear(&error);
	error_reason(EINVAL, "max_event_port: above 4095");
	error_errno(&error, EINVAL, "making it");
	CHECK(!strcmp(error.cause, "making it: Invalid argument: hypervisor: "
				   "max_event_port: above 4095"));
	error_clear(&error);
	error_errno(&error, EINVAL, "the next");
	CHECK(!strcmp(error.cause, "the next: Invalid argument"));
	error_clear(&error);
	error_reason(EINVAL, "of another call");
	error_errno(&error, ENOENT, "a file");
	CHECK(!strcmp(error.cause, "a file: No such file or directory"));
	error_clear(&error);
	error_reason(EINVAL, "forgotten");
	error_reason(0, NULL);
	error_errno(&error, EINVAL, "after a success");
	CHECK(!strcmp(error.cause, "after a success: Invalid argument"));
}

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	RUN(strings);
	RUN(numbers);
	RUN(lists);
	RUN(append);
	RUN(syntax_errors);
	RUN(domain);
	RUN(domain_refusals);
	RUN(cpu_lists);
	RUN(long_cpu_list);
	RUN(damage);
	RUN(hypervisor_reasons);
	return suite_end();
}
