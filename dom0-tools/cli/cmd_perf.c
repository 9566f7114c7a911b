/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shoji perf: why vCPUs enter the hypervisor, and how often: a report every so
 * many seconds, a row for each vCPU, rates since the last report. A vCPU that
 * is new in a report had nothing before it.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"

#define ROWS_PER_HEADER 20
#define TOP 3 /* hypercalls that are named in a row */

/* A vCPU's counts, or those of a CPU's idle one. */
struct vcpu_counts {
	uint16_t dom;
	uint16_t vcpu;
	bool idle;
	int cpu; /* where it is; -1: nowhere */
	char name[32];
	uint64_t count[SHOJI_NR_PERF];
};

struct sample {
	struct vcpu_counts *vcpu;
	unsigned nr;
	struct timespec time;
};

struct perf {
	struct host *host;
	struct json out;
	char **names; /* of the domains that were asked for; none: all */
	bool counts;  /* as they are, no rates */
	double interval;
	long reports; /* 0: until no domain of the names is left */
	unsigned rows; /* since the last header */
};

/* The first is the sum of the next five. */
static const struct column {
	const char *title, *key;
	unsigned cause, end; /* the causes that it sums up */
} columns[] = {
	{"entries", "entries", 0, SHOJI_PERF_ENTRIES},
	{"hcall", "hypercalls", 0, SHOJI_PERF_SYSCALL},
	{"syscall", "system_calls", SHOJI_PERF_SYSCALL, 0},
	{"fault", "page_faults", SHOJI_PERF_PAGE_FAULT, 0},
	{"except", "exceptions", SHOJI_PERF_EXCEPTION, 0},
	{"irq", "interrupts", SHOJI_PERF_IRQ, 0},
	{"ptwrite", "emulated_page_table_writes", SHOJI_PERF_PT_WRITE, 0},
	{"emulate", "emulated_instructions", SHOJI_PERF_INSTRUCTION, 0},
	{"upcall", "upcalls", SHOJI_PERF_UPCALL, 0},
	{"switch", "switches", SHOJI_PERF_SWITCH, 0},
	{"validate", "validations", SHOJI_PERF_VALIDATION, 0},
	{"batch", "multicall_entries", SHOJI_PERF_MULTICALL, 0},
};
#define NR_COLUMNS (sizeof(columns) / sizeof(columns[0]))

static uint64_t column_sum(const struct column *c, const uint64_t *count)
{
	uint64_t sum = count[c->cause];

	for (unsigned i = c->cause + 1; i < c->end; i++)
		sum += count[i];
	return sum;
}

/* One more vCPU, if it is there. 0, or -errno of a call that is not. */
static int add(struct perf *p, struct sample *s, const struct vcpu_counts *what)
{
	struct vcpu_counts *const more =
		realloc(s->vcpu, (s->nr + 1) * sizeof(*more));
	struct xen_domctl_getvcpuinfo info;
	struct vcpu_counts *v;
	int rc;

	if (!more)
		return -ENOMEM;
	s->vcpu = more;
	v = &more[s->nr];
	*v = *what;
	rc = control_perf(p->host->fd, v->dom, v->vcpu, v->idle, v->count);
	if (rc)
		return rc == -ENOENT || rc == -ESRCH ? 0 : rc;
	v->cpu = v->vcpu;
	if (!v->idle)
		v->cpu = control_vcpu_info(p->host->fd, v->dom, v->vcpu,
				 &info) || !info.online
				 ? -1
				 : (int)info.cpu;
	s->nr++;
	return 0;
}

static int add_domain(struct perf *p, struct sample *s,
	const struct xen_domctl_getdomaininfo *info)
{
	struct vcpu_counts v = {.dom = info->domain};
	char *name = domain_name(p->host, info->domain);
	int rc = 0;

	snprintf(v.name, sizeof(v.name), "%s", name ? name : "(null)");
	free(name);
	if (info->max_vcpu_id == XEN_INVALID_MAX_VCPU_ID)
		return 0;
	for (unsigned i = 0; i <= info->max_vcpu_id && !rc; i++) {
		v.vcpu = (uint16_t)i;
		rc = add(p, s, &v);
	}
	return rc;
}

static int add_idle(struct perf *p, struct sample *s)
{
	struct vcpu_counts v = {
		.dom = DOMID_SELF, .idle = true, .name = "(idle)"};
	struct xen_sysctl_physinfo machine = {0};
	int rc = control_physinfo(p->host->fd, &machine);

	for (unsigned i = 0; i < machine.nr_cpus && !rc; i++) {
		v.vcpu = (uint16_t)i;
		rc = add(p, s, &v);
	}
	return rc;
}

static int take_all(struct perf *p, struct sample *s, struct error *error)
{
	struct xen_domctl_getdomaininfo *info;
	unsigned nr;
	int rc = 0;

	info = all_domains(p->host, &nr, error);
	if (!info)
		return -error->code;
	for (unsigned i = 0; i < nr && !rc; i++)
		rc = add_domain(p, s, &info[i]);
	free(info);
	return rc ? rc : add_idle(p, s);
}

/* All counts, now. Domains that are gone are left out. */
static int take_sample(struct perf *p, struct sample *s, struct error *error)
{
	struct xen_domctl_getdomaininfo info;
	struct error gone = {0};
	uint16_t dom;
	int rc = 0;

	*s = (struct sample){0};
	clock_gettime(CLOCK_MONOTONIC, &s->time);
	if (!*p->names)
		rc = take_all(p, s, error);
	for (char **name = p->names; *name && !rc; name++)
		if (!domain_find(p->host, *name, &dom, &gone) &&
			!control_info(p->host->fd, dom, &info))
			rc = add_domain(p, s, &info);
	if (rc == -ENOSYS)
		error_set(error, ENOSYS,
			"this hypervisor does not count its entries");
	else if (rc && !error->code)
		error_errno(error, -rc, "asking for the counts");
	return rc;
}

/* What is to be shown of a vCPU: how much it has grown since `from`, per
 * second, or with from NULL all of it. */
static struct vcpu_counts difference(const struct vcpu_counts *v,
	const struct sample *from, double seconds)
{
	struct vcpu_counts shown = *v;

	if (!from)
		return shown;
	for (unsigned i = 0; i < from->nr; i++) {
		const struct vcpu_counts *const old = &from->vcpu[i];

		if (old->dom != v->dom || old->vcpu != v->vcpu ||
			old->idle != v->idle)
			continue;
		for (unsigned c = 0; c < SHOJI_NR_PERF; c++)
			shown.count[c] -= old->count[c];
	}
	for (unsigned c = 0; c < SHOJI_NR_PERF; c++)
		shown.count[c] =
			(uint64_t)((double)shown.count[c] / seconds + 0.5);
	return shown;
}

/* The most frequent hypercalls; takes their counts away. */
static void print_top(uint64_t *count)
{
	for (unsigned i = 0; i < TOP; i++) {
		unsigned top = 0;

		for (unsigned nr = 0; nr < SHOJI_PERF_SYSCALL; nr++)
			if (count[nr] > count[top])
				top = nr;
		if (!count[top])
			return;
		printf(" %s=%lu", hypercall_name(top) ? hypercall_name(top)
						      : "other", count[top]);
		count[top] = 0;
	}
}

static void print_row(struct perf *p, struct vcpu_counts *v)
{
	char dom[8] = "-", cpu[12] = "-";

	if (p->rows++ % ROWS_PER_HEADER == 0) {
		printf("%-16s %5s %4s %3s", "Name", "ID", "VCPU", "CPU");
		for (unsigned i = 0; i < NR_COLUMNS; i++)
			printf(" %8s", columns[i].title);
		puts(" hypercalls");
	}
	if (!v->idle)
		snprintf(dom, sizeof(dom), "%u", v->dom);
	if (v->cpu >= 0)
		snprintf(cpu, sizeof(cpu), "%d", v->cpu);
	printf("%-16s %5s %4u %3s", v->name, dom, v->vcpu, cpu);
	for (unsigned i = 0; i < NR_COLUMNS; i++)
		printf(" %8lu", column_sum(&columns[i], v->count));
	print_top(v->count);
	putchar('\n');
}

static void json_row(struct perf *p, const struct vcpu_counts *v)
{
	char number[12];

	json_open(&p->out, NULL, '{');
	json_string(&p->out, "name", v->name);
	if (!v->idle)
		json_number(&p->out, "domid", v->dom);
	json_number(&p->out, "vcpu", v->vcpu);
	if (v->cpu >= 0)
		json_number(&p->out, "cpu", v->cpu);
	for (unsigned i = 0; i < NR_COLUMNS; i++)
		json_number(&p->out, columns[i].key,
			(int64_t)column_sum(&columns[i], v->count));
	json_open(&p->out, "by_hypercall", '{');
	for (unsigned nr = 0; nr < SHOJI_PERF_SYSCALL; nr++) {
		const char *name = hypercall_name(nr);

		snprintf(number, sizeof(number), "%u", nr);
		if (v->count[nr])
			json_number(&p->out, name ? name : number,
				(int64_t)v->count[nr]);
	}
	json_close(&p->out, '}');
	json_close(&p->out, '}');
}

static void report(struct perf *p, const struct sample *from,
	const struct sample *to)
{
	const double seconds = !from ? 0
		: (double)(to->time.tv_sec - from->time.tv_sec) +
			(double)(to->time.tv_nsec - from->time.tv_nsec) / 1e9;

	if (options.json) {
		json_open(&p->out, NULL, '{');
		if (from)
			json_seconds(&p->out, "seconds", seconds);
		json_open(&p->out, from ? "per_second" : "counts", '[');
	}
	for (unsigned i = 0; i < to->nr; i++) {
		struct vcpu_counts v = difference(&to->vcpu[i], from, seconds);

		if (options.json)
			json_row(p, &v);
		else
			print_row(p, &v);
	}
	if (options.json) {
		json_close(&p->out, ']');
		json_close(&p->out, '}');
	}
	fflush(stdout);
}

static int run(struct perf *p, struct error *error)
{
	const struct timespec pause = {(time_t)p->interval,
		(long)((p->interval - (double)(time_t)p->interval) * 1e9)};
	struct sample last = {0}, next;
	int rc = take_sample(p, &last, error);

	if (!rc && options.json)
		json_open(&p->out, NULL, '[');
	if (!rc && p->counts)
		report(p, NULL, &last);
	for (long i = 0; !rc && last.nr && !p->counts &&
		(!p->reports || i < p->reports); i++) {
		nanosleep(&pause, NULL);
		rc = take_sample(p, &next, error);
		if (!rc)
			report(p, &last, &next);
		free(last.vcpu);
		last = next;
	}
	if (!rc && options.json)
		json_close(&p->out, ']');
	free(last.vcpu);
	return rc;
}

static bool positive(const char *text, double *value)
{
	char *end;

	*value = strtod(text, &end);
	return end != text && !*end && *value >= 0.001 && *value <= 1e6;
}

/* The options and what follows them; false: wrong usage. */
static bool arguments(struct perf *p, int argc, char **argv)
{
	unsigned nr = 0;
	double count;
	int c;

	while ((c = getopt(argc, argv, "cd:")) >= 0) {
		if (c == 'c')
			p->counts = true;
		else if (c == 'd')
			p->names[nr++] = optarg;
		else
			return false;
	}
	p->interval = 1;
	p->reports = optind == argc;
	if (optind < argc && !positive(argv[optind++], &p->interval))
		return false;
	if (optind < argc) {
		if (!positive(argv[optind++], &count) || count < 1)
			return false;
		p->reports = (long)count;
	}
	return optind == argc;
}

int cmd_perf(int argc, char **argv)
{
	struct error error = {0};
	struct host host;
	struct perf p = {.host = &host, .out = {.out = stdout}};
	int status = EXIT_OK;

	p.names = calloc((size_t)argc + 1, sizeof(*p.names));
	if (!p.names || !arguments(&p, argc, argv)) {
		free(p.names);
		return usage(argv[0]);
	}
	if (host_open(&host, HOST_HYPERVISOR, &error)) {
		status = fail(&error);
	} else {
		if (names_exist(&host, p.names, &error) || run(&p, &error))
			status = fail(&error);
		host_close(&host);
	}
	free(p.names);
	return status;
}
