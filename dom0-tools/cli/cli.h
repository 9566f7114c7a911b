/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the verbs of shoji(1) share. A verb is one function in cmd_VERB.c; it
 * gets its own name in argv[0] and returns the exit status: 0, 1 when it
 * failed, 2 when it was called wrongly.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/domain.h"
#include "lib/error.h"
#include "lib/json.h"

enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_CREATED = 3, /* create failed; xl's number for it */
	EXIT_NO_CONFIG = 6,   /* create without a configuration; likewise */
};

/* From the flags before the verb, and --json anywhere. */
struct options {
	bool json;
	bool dry_run;     /* -N */
	bool force;       /* -f */
	bool timestamps;  /* -T */
	unsigned verbose; /* -v */
};
extern struct options options;

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments;
	const char *summary;
};

int cmd_audit(int argc, char **argv);
int cmd_console(int argc, char **argv);
int cmd_create(int argc, char **argv);
int cmd_destroy(int argc, char **argv);
int cmd_dmesg(int argc, char **argv);
int cmd_domid(int argc, char **argv);
int cmd_domname(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_limits(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_pause(int argc, char **argv);
int cmd_perf(int argc, char **argv);
int cmd_reboot(int argc, char **argv);
int cmd_shutdown(int argc, char **argv);
int cmd_unpack(int argc, char **argv);
int cmd_unpause(int argc, char **argv);
int cmd_uptime(int argc, char **argv);
int cmd_vcpu_list(int argc, char **argv);
int cmd_why(int argc, char **argv);

extern const struct command commands[]; /* ends with a NULL name */
const struct command *command_find(const char *name);

/* Explain and give the exit status. */
int fail(const struct error *error);
/* "shoji VERB ARGUMENTS" on stderr; EXIT_USAGE. */
int usage(const char *verb);
/* {"ok": true} for verbs without other output. */
int done(void);

/* Opens the host and finds the one domain that argv[1] names; the verb takes
 * nothing else. *status is the exit status when the result is false. */
bool one_domain(
	int argc, char **argv, struct host *host, uint16_t *dom, int *status);

/* 0 if each of these is a domain: a wrong name leaves no half table. */
int names_exist(struct host *host, char **names, struct error *error);

/* All domains, to be freed; *nr of them. NULL and an error. */
struct xen_domctl_getdomaininfo *all_domains(
	struct host *host, unsigned *nr, struct error *error);

/* shutdown and reboot differ in a word: what is asked of the guests named by
 * argv (or of all), and how to wait for it. */
int ask_domains(int argc, char **argv, const char *request);

/* As the ABI calls it, NULL if there is none of this number. */
const char *hypercall_name(unsigned nr);

/* "r-----" and so on, from a domain's flags. */
void state_letters(uint32_t flags, char letters[static 7]);
