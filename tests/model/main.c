// SPDX-License-Identifier: BSD-2-Clause
/*
 * Runs of the model test: each seed a machine of its own, in a process of its
 * own. model alone takes the same seeds every time, model -t SECONDS (0: for
 * ever) as many as fit; model SEED [STEPS] replays one and prints every step.
 * A seed that fails is run again with the trace kept and nothing skipped.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/domain.h"
#include "core/policy.h"
#include "lib/rangeset.h"
#include "machine.h"
#include "mm/audit.h"
#include "mm/buddy.h"
#include "mm/mmu.h"
#include "pv/segment.h"
#include "spec.h"
#include "tests/unit/leave.h"
#include "x86/asm.h"

#define STEPS 20000
#define SEEDS 440 /* some 100 s of CPU time */
#define PAGES_MAX 56
#define CPUS 2
#define LINES 40
#define KINDS_MAX 32
#define TOGETHER_STEPS 100
#define LIFE 4000 /* steps of a guest, about */
/* A wrong count stays wrong: the audit finds it later, too. A seed that fails
 * is run again with one at every step. */
#define AUDIT_EVERY 16
#define COMPARE_CONTENTS_EVERY 64

uint64_t random_state;

static uint64_t seed;
static bool replay; /* print every step */
static bool closely; /* keep the trace, check at every step */
/* Of all runs; shared with the children. */
static struct {
	uint64_t steps, refused, interrupted;
	uint64_t together; /* on both CPUs at once */
	uint64_t unchecked; /* the audit alone looked at it */
	char failure[256];
	struct {
		uint64_t ended, done;
	} of_kind[KINDS_MAX];
} *totals;
static uint64_t step;
static struct call calls[DOMAINS][VCPUS];
struct call *acting;
static char lines[LINES][160];
static unsigned line;

/* Random numbers: splitmix64 */

uint64_t random_word(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

unsigned random_below(unsigned n)
{
	return (unsigned)(random_word() % n);
}

bool chance(unsigned percent)
{
	return random_below(100) < percent;
}

/* Telling */

void trace(const char *fmt, ...)
{
	va_list args;

	if (!closely)
		return;
	va_start(args, fmt);
	vsnprintf(lines[line], sizeof(lines[line]), fmt, args);
	va_end(args);
	if (replay)
		printf("# %s\n", lines[line]);
	line = (line + 1) % LINES;
}

/* NOLINTBEGIN(bugprone-signal-handler,cert-sig30-c): it is the end anyway */
static void tell(const char *what)
{
	snprintf(totals->failure, sizeof(totals->failure), "step %lu: %s",
		step, what);
	if (!closely)
		return;
	if (!replay)
		for (unsigned i = 0; i < LINES; i++)
			printf("# %s\n", lines[(line + i) % LINES]);
	printf("not ok model: seed %lu step %lu: %s\n", seed, step, what);
	fflush(stdout);
}
/* NOLINTEND(bugprone-signal-handler,cert-sig30-c) */

void differs(const char *fmt, ...)
{
	char what[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	tell(what);
	leave(1);
}

static void died(int signal)
{
	(void)signal;
	tell("it died");
	_exit(1);
}

const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
	return "abort_on_error=1:detect_leaks=0";
}

const char *__ubsan_default_options(void)
{
	return "abort_on_error=1:print_stacktrace=1";
}

/* Answers */

static bool unsettled_before, lost;

static bool unfinished(void)
{
	for (unsigned d = 0; d < DOMAINS; d++)
		for (unsigned i = 0; i < VCPUS; i++) {
			const struct domain *const domain =
				domain_of_id((uint16_t)d);

			if (domain && (domain->dying == DOMAIN_DYING ||
				    domain->vcpu[i]->walk.state != PT_IDLE))
				return true;
		}
	return false;
}

bool unsettled(void)
{
	return unsettled_before || unfinished();
}

void lose_track(void)
{
	lost = true;
	for (unsigned d = 0; d < DOMAINS; d++)
		for (unsigned i = 0; i < VCPUS; i++)
			calls[d][i].lost = true;
}

bool track_lost(void)
{
	return lost;
}

bool may_refuse(const struct call *c)
{
	return unsettled_before || c->disturbed;
}

bool same_answer(const struct call *c, int64_t rc, int64_t expected)
{
	if (c->lost)
		return false;
	if (rc != expected)
		differs("d%uv%u %s: %ld, not %ld", c->d->id, c->v->id,
			c->kind->name, rc, expected);
	return rc == 0;
}

/* Steps */

static bool preempts(void)
{
	together_gap();
	return chance(25);
}

static const struct call_kind *kinds[KINDS_MAX];
static unsigned nr_kinds, weights;

static void list_kinds(void)
{
	static const struct call_kind *const families[] = {
		memory_calls, grant_calls, event_calls, segment_calls,
		reservation_calls, access_calls};

	for (unsigned i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		for (const struct call_kind *k = families[i]; k->name; k++) {
			kinds[nr_kinds++] = k;
			weights += k->weight;
		}
}

static unsigned pick_kind(void)
{
	unsigned at = random_below(weights), i;

	for (i = 0; at >= kinds[i]->weight; i++)
		at -= kinds[i]->weight;
	return i;
}

static void begin(struct call *c)
{
	c->number = pick_kind();
	c->kind = kinds[c->number];
	c->accounted = c->done = c->nr = 0;
	c->disturbed = false;
	c->lost = lost;
	c->since = step;
	memset(&c->a, 0, sizeof(c->a));
	trace("step %lu: d%uv%u %s", step, c->d->id, c->v->id, c->kind->name);
	c->kind->generate(c);
}

/* As the scheduler would: another vCPU's root is loaded. */
static void enter(struct vcpu *v)
{
	machine_on_cpu(v->id % CPUS);
	if (current == v)
		return;
	machine_enter(v);
	this_cpu()->guest_root = true;
	v->domain->dirty_cpus.bits |= 1ull << this_cpu()->number;
	mmu_load_root(v);
	segment_load_tables(v);
}

/* A call has returned: it is over, or will go on. */
static void returned(struct call *c, int64_t rc)
{
	trace("  -> %ld", rc);
	totals->steps++;
	totals->refused += rc < 0 && rc != -ERESTART;
	totals->interrupted += rc == -ERESTART;
	if (rc == -ERESTART)
		return;
	c->kind = NULL;
	totals->of_kind[c->number].ended++;
	totals->of_kind[c->number].done += rc >= 0;
}

static void disturb_others(const struct call *self)
{
	for (unsigned d = 0; d < DOMAINS; d++)
		for (unsigned i = 0; i < VCPUS; i++)
			if (&calls[d][i] != self)
				calls[d][i].disturbed = true;
}

static void tell_differs(struct audit *unused, const char *what)
{
	(void)unused;
	differs("audit: %s", what);
}

/* In some seeds, for some time. */
static bool both_cpus(void)
{
	return seed % 4 == 3 && step / TOGETHER_STEPS % 2;
}

static void check(void)
{
	static struct audit_count counts[FRAMES];
	struct audit a = {
		.count = counts, .room = FRAMES, .tell = tell_differs};

	if (closely || step % AUDIT_EVERY == 0)
		audit(&a);
	unsettled_before = false;
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		segment_check_window(cpu);
	hardware_check();
	event_compare(closely || step % AUDIT_EVERY == 0);
	if (unfinished() || both_cpus())
		return;
	if (lost) {
		spec_read();
		grant_read();
	}
	lost = false;
	spec_compare();
	grant_compare();
	if (step % COMPARE_CONTENTS_EVERY == 0)
		spec_compare_contents();
}

/* Who goes on: often who has a CPU already, so that it keeps what it
 * remembers; how often, depends on the seed. */
static struct call *pick_call(void)
{
	static const uint8_t percent[] = {0, 50, 80, 95};
	const unsigned cpu = random_below(CPUS);
	unsigned id = random_below(DOMAINS);

	machine_on_cpu(cpu);
	if (current->domain && chance(percent[seed % 4]))
		id = current->domain->id;
	return spec_domain[id].dying ? NULL : &calls[id][cpu];
}

static void run_step(void)
{
	struct call *const c = pick_call();
	int64_t rc;

	if (!c)
		return;
	if (!random_below(500))
		hardware_time_passes();
	if (!c->kind || chance(2))
		begin(c);
	else
		trace("step %lu: d%uv%u goes on since %lu", step, c->d->id,
			c->v->id, c->since);
	enter(c->v);
	unsettled_before = unfinished();
	for (uint16_t i = 0; i < DOMAINS; i++)
		spec_domain[i].exists =
			domain_of_id(i) && domain_of_id(i)->refs;
	acting = c;
	rc = c->kind->fn(&c->a);
	trace("  -> %ld", rc);
	c->lost |= lost;
	lost |= c->lost;
	if (c->lost && !c->kind->apart)
		totals->unchecked++;
	else
		c->kind->account(c, rc);
	returned(c, rc);
	disturb_others(c);
	check();
}

/* Both CPUs at once: nobody knows the order, so nothing is compared. */
static void run_both(struct call *first, struct call *second, int64_t rc[2])
{
	lose_track();
	run_together(first, second, rc);
	event_read();
	totals->together += 2;
	totals->unchecked += 2;
	disturb_others(NULL);
}

static struct call *prepare(unsigned cpu)
{
	unsigned id = cpu_of(cpu)->vcpu->domain->id;
	struct call *c;

	while (spec_domain[id].dying || chance(25))
		id = random_below(DOMAINS);
	c = &calls[id][cpu];
	if (!c->kind || chance(2))
		begin(c);
	enter(c->v);
	return c;
}

static void run_two_steps(void)
{
	struct call *both[CPUS];
	int64_t rc[CPUS];

	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		both[cpu] = prepare(cpu);
		trace("step %lu: d%u goes on since %lu", step,
			both[cpu]->d->id, both[cpu]->since);
	}
	run_both(both[0], both[1], rc);
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		returned(both[cpu], rc[cpu]);
	check();
}

/* Domains */

/* What dom0 says of the two guests; it can change its mind at any time. */
static void pair_guests(bool allow)
{
	struct domain *const a = domain_of_id(1), *const b = domain_of_id(2);

	spec_paired = false;
	if (!a || !b)
		return;
	trace("d1 and d2 %s share", allow ? "may" : "may not");
	policy_pair(a, b, allow);
	spec_paired = allow;
}

/* At a time of its own, so that nothing of it runs: the scheduler never runs
 * these vCPUs, the steps do. */
static void create(uint16_t id)
{
	struct domain *const d = machine_domain(id, VCPUS);
	mfn_t mfn;

	domain_pause(d);
	d->max_pages = spec_domain[id].max_pages = PAGES_MAX;
	spec_domain[id].dying = false;
	for (unsigned i = 0; i < VCPUS; i++) {
		calls[id][i].kind = NULL;
		calls[id][i].d = d;
		calls[id][i].v = d->vcpu[i];
	}
	if (id == 0)
		rangeset_add(d->iomem, DEVICE_FIRST, DEVICE_LAST);
	for (unsigned i = 0; i < PAGES_MAX - 6; i++)
		if (frame_alloc(d, 0, 0, PFN_NONE, &mfn))
			break;
	pair_guests(true);
	machine_settle();
	event_created(id);
}

/* The last reference to a dead one may be gone. */
static void settle(void)
{
	bool there[DOMAINS];

	for (uint16_t id = 0; id < DOMAINS; id++)
		there[id] = domain_of_id(id);
	machine_settle();
	for (uint16_t id = 0; id < DOMAINS; id++) {
		if (!there[id] || domain_of_id(id))
			continue;
		event_raised_virq(0, VIRQ_DOM_EXC);
		lose_track(); /* the pages of its ports are free */
	}
}

static int64_t destroy(struct hypercall_args *a)
{
	return domain_destroy((struct domain *)a->arg[0]);
}

/* A piece of its death, by dom0; perhaps while the other CPU is in a call. */
static bool die(struct domain *d)
{
	static const struct call_kind death = {.name = "death", .fn = destroy};
	static struct call dying;
	struct call *other;
	int64_t rc[CPUS];

	lose_track();
	enter(calls[0][1].v);
	enter(calls[0][0].v);
	if (!both_cpus()) {
		rc[0] = domain_destroy(d);
		event_closed_some(d->id);
	} else {
		dying.kind = &death;
		dying.d = calls[0][0].d;
		dying.a.arg[0] = (uint64_t)d;
		other = prepare(1);
		trace("step %lu: d%u goes on since %lu", step, other->d->id,
			other->since);
		machine_on_cpu(0);
		run_both(&dying, other, rc);
		returned(other, rc[1]);
	}
	return !rc[0];
}

/* A guest dies, by pieces between what others do; when its structure is gone
 * another takes its number. */
static void live_and_die(void)
{
	const uint16_t id = (uint16_t)(1 + random_below(DOMAINS - 1));
	struct domain *const d = domain_of_id(id);

	if (!d) {
		if (buddy_free_pages() < PAGES_MAX + 8)
			return;
		trace("d%u is created", id);
		lose_track();
		create(id);
		return;
	}
	if (!random_below(LIFE / 8) && !spec_domain[1].dying &&
		!spec_domain[2].dying)
		pair_guests(chance(70));
	if (!spec_domain[id].dying && random_below(LIFE))
		return;
	if (!spec_domain[id].dying)
		trace("d%u dies", id);
	spec_domain[id].dying = true;
	if (d->dying != DOMAIN_DEAD) {
		if (!die(d))
			return;
		trace("d%u is dead", id);
		event_raised_virq(0, VIRQ_DOM_EXC);
	}
	settle();
}

static void start(void)
{
	machine_reset(CPUS);
	hardware_start();
	for (uint16_t id = 0; id < DOMAINS; id++)
		create(id);
	spec_read();
	grant_read();
	for (unsigned i = 0; i < VCPUS; i++)
		enter(calls[0][i].v);
	machine_preempts = preempts;
}

static void run(uint64_t nr_steps)
{
	signal(SIGABRT, died);
	random_state = seed;
	start();
	check();
	for (step = 1; step <= nr_steps; step++) {
		live_and_die();
		if (both_cpus())
			run_two_steps();
		else
			run_step();
	}
}

/* Runs */

static bool run_apart(void)
{
	const pid_t child = fork();
	int status = 0;

	if (child == 0) {
		run(STEPS);
		leave(0);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static bool run_seed(void)
{
	if (run_apart())
		return true;
	closely = true;
	if (run_apart())
		printf("not ok model: seed %lu, but not when looked at "
		       "closely: %s\n", seed, totals->failure);
	return false;
}

static double cpu_seconds(void)
{
	struct rusage used;

	getrusage(RUSAGE_CHILDREN, &used);
	return (double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec +
		(double)used.ru_utime.tv_usec / 1e6;
}

static void sum_up(void)
{
	for (unsigned i = 0; i < nr_kinds; i++)
		printf("# %s: %lu, %lu %% done\n", kinds[i]->name,
			totals->of_kind[i].ended,
			totals->of_kind[i].done * 100 /
				(totals->of_kind[i].ended + 1));
	printf("# %lu operations: %lu refused, %lu interrupted, %lu on both "
	       "CPUs at once, %lu without an answer to compare; seeds 1 to "
	       "%lu\n",
		totals->steps, totals->refused, totals->interrupted,
		totals->together, totals->unchecked, seed - 1);
}

int main(int argc, char **argv)
{
	uint64_t last = SEEDS;
	double limit = 0;

	list_kinds();
	totals = mmap(NULL, sizeof(*totals), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (argc == 3 && !strcmp(argv[1], "-t")) {
		limit = atof(argv[2]);
		last = UINT64_MAX;
		seed = limit > 0 ? 1 : (uint64_t)time(NULL) * 1000;
	} else if (argc > 1) {
		seed = strtoull(argv[1], NULL, 0);
		replay = closely = true;
		run(argc > 2 ? strtoull(argv[2], NULL, 0) : STEPS);
		printf("ok model\n");
		return 0;
	} else {
		seed = 1;
	}
	for (; seed <= last && (limit <= 0 || cpu_seconds() < limit); seed++) {
		fflush(stdout);
		if (!run_seed())
			return 1;
	}
	sum_up();
	printf("ok model\n");
	return 0;
}
