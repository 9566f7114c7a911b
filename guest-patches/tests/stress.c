// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory under stress, with data checks: several processes, each with two
 * threads, map, write, protect, move, page out, fork and unmap at random, and
 * know what each page must hold. A lost dirty bit, a stale translation or a
 * page of somebody else's shows as a wrong word.
 *
 * usage: stress SECONDS PROCESSES PAGES FILE [SEED]
 *
 * PAGES: how many each process may have mapped; FILE: for shared mappings, in
 * a file system on a disk if there is one. Prints "stress: N operations" and
 * exits with 0, or says what was wrong where and exits with 1.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

#define PAGE 4096u
#define WORDS (PAGE / sizeof(uint64_t))
#define AREAS 24
#define AREA_PAGES 200

/* A mapping and what its pages hold: each word is tag + its number; tag 0 is a
 * page of zeros. */
struct area {
	uint64_t *at; /* NULL: none */
	size_t pages;
	bool shared; /* of the process's part of the file */
	off_t offset; /* there */
	uint64_t tag[AREA_PAGES];
};

/* One thread's; threads share the address space, not their areas. */
struct worker {
	struct area areas[AREAS];
	uint64_t random, next_tag, operations;
	size_t limit, mapped; /* pages */
	off_t file_base;
	int file;
	time_t end;
};

static __thread sigjmp_buf fault_exit;
static __thread volatile sig_atomic_t fault_expected;

static void fail(const char *what, const struct area *a, size_t page,
	uint64_t found, uint64_t wanted)
{
	printf("stress: %s: area %p page %zu of %zu%s: %#llx, not %#llx\n",
		what, (void *)a->at, page, a->pages,
		a->shared ? " (shared)" : "", (unsigned long long)found,
		(unsigned long long)wanted);
	fflush(stdout);
	_exit(1);
}

static void must(bool good, const char *what)
{
	if (good)
		return;
	printf("stress: %s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

static uint64_t some(struct worker *w, uint64_t below)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random % below;
}

static void check_words(const struct area *a, const uint64_t *words,
	size_t page, const char *when)
{
	const uint64_t tag = a->tag[page];

	for (size_t i = 0; i < WORDS; i++) {
		const uint64_t wanted = tag ? tag + i : 0;

		if (words[i] != wanted)
			fail(when, a, page, words[i], wanted);
	}
}

static void check_page(const struct area *a, size_t page, const char *when)
{
	check_words(a, a->at + page * WORDS, page, when);
}

static void check_area(const struct area *a, const char *when)
{
	for (size_t page = 0; page < a->pages; page++)
		check_page(a, page, when);
}

static void write_page(struct worker *w, struct area *a, size_t page)
{
	uint64_t *const words = a->at + page * WORDS;

	w->next_tag += PAGE;
	a->tag[page] = w->next_tag;
	for (size_t i = 0; i < WORDS; i++)
		words[i] = a->tag[page] + i;
}

static struct area *any_area(struct worker *w)
{
	struct area *const a = &w->areas[some(w, AREAS)];

	return a->at ? a : NULL;
}

static void map(struct worker *w)
{
	const size_t number = some(w, AREAS);
	struct area *const a = &w->areas[number];
	void *at;

	if (a->at)
		return;
	a->pages = 1 + some(w, AREA_PAGES);
	if (w->mapped + a->pages > w->limit)
		return;
	a->shared = some(w, 4) == 0;
	a->offset = w->file_base + (off_t)(number * AREA_PAGES * PAGE);
	at = mmap(NULL, a->pages * PAGE, PROT_READ | PROT_WRITE,
		a->shared ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS,
		a->shared ? w->file : -1, a->shared ? a->offset : 0);
	must(at != MAP_FAILED, "mmap");
	a->at = at;
	w->mapped += a->pages;
	if (!a->shared)
		memset(a->tag, 0, sizeof(a->tag));
	else /* the file holds what was there last */
		for (size_t page = 0; page < a->pages; page++)
			write_page(w, a, page);
}

/* What was written through a mapping must be in the file. */
static void check_file(struct worker *w, struct area *a)
{
	static __thread uint64_t words[WORDS];

	for (size_t page = 0; page < a->pages; page++) {
		must(pread(w->file, words, PAGE,
			     a->offset + (off_t)(page * PAGE)) == PAGE,
			"pread");
		check_words(a, words, page, "in the file");
	}
}

static void unmap(struct worker *w)
{
	struct area *const a = any_area(w);

	if (!a)
		return;
	check_area(a, "before munmap");
	must(!munmap(a->at, a->pages * PAGE), "munmap");
	w->mapped -= a->pages;
	if (a->shared)
		check_file(w, a);
	a->at = NULL;
}

static void write_some(struct worker *w)
{
	struct area *const a = any_area(w);

	if (!a)
		return;
	for (size_t n = 1 + some(w, a->pages); n; n--)
		write_page(w, a, some(w, a->pages));
}

static void on_fault(int signal)
{
	if (!fault_expected) {
		printf("stress: unexpected signal %d\n", signal);
		fflush(stdout);
		_exit(1);
	}
	siglongjmp(fault_exit, 1);
}

/* Read-only pages keep what they hold and refuse writes. */
static void protect(struct worker *w)
{
	struct area *const a = any_area(w);
	volatile size_t page;

	if (!a)
		return;
	must(!mprotect(a->at, a->pages * PAGE, PROT_READ), "mprotect");
	page = some(w, a->pages);
	if (sigsetjmp(fault_exit, 1) == 0) {
		fault_expected = 1;
		*(volatile uint64_t *)(a->at + page * WORDS) = 1;
		fail("written though read-only", a, page, 1, 0);
	}
	fault_expected = 0;
	check_area(a, "read-only");
	if (some(w, 2)) {
		must(!mprotect(a->at, a->pages * PAGE, PROT_NONE), "mprotect");
		if (sigsetjmp(fault_exit, 1) == 0) {
			fault_expected = 1;
			fail("read though PROT_NONE", a, page,
				*(volatile uint64_t *)(a->at + page * WORDS), 0);
		}
		fault_expected = 0;
	}
	must(!mprotect(a->at, a->pages * PAGE, PROT_READ | PROT_WRITE),
		"mprotect");
	write_page(w, a, page);
}

static void move(struct worker *w)
{
	struct area *const a = any_area(w);
	size_t pages;
	void *at;

	if (!a || a->shared)
		return;
	pages = 1 + some(w, AREA_PAGES);
	if (w->mapped - a->pages + pages > w->limit)
		return;
	at = mmap(NULL, AREA_PAGES * PAGE, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(at != MAP_FAILED, "mmap");
	must(mremap(a->at, a->pages * PAGE, pages * PAGE,
		     MREMAP_MAYMOVE | MREMAP_FIXED, at) == at, "mremap");
	must(pages == AREA_PAGES || !munmap((char *)at + pages * PAGE,
		     (AREA_PAGES - pages) * PAGE), "munmap");
	for (size_t page = a->pages; page < pages; page++)
		a->tag[page] = 0;
	w->mapped += pages - a->pages;
	a->at = at;
	a->pages = pages;
	check_area(a, "after mremap");
}

static void advise(struct worker *w)
{
	struct area *const a = any_area(w);
	size_t page;

	if (!a)
		return;
	page = some(w, a->pages);
	if (!a->shared && some(w, 2)) {
		must(!madvise(a->at + page * WORDS, (a->pages - page) * PAGE,
			     MADV_DONTNEED), "MADV_DONTNEED");
		for (; page < a->pages; page++)
			a->tag[page] = 0;
	} else {
		madvise(a->at, a->pages * PAGE, MADV_PAGEOUT);
	}
	check_area(a, "after madvise");
}

/* The child has copies of its own; what both write stays apart. */
static void fork_child(struct worker *w)
{
	const pid_t pid = fork();
	int status;

	must(pid >= 0, "fork");
	if (pid == 0) {
		for (unsigned i = 0; i < AREAS; i++) {
			struct area *const a = &w->areas[i];

			if (!a->at || a->shared)
				continue;
			check_area(a, "in the child");
			write_page(w, a, some(w, a->pages));
			check_area(a, "written in the child");
		}
		_exit(0);
	}
	write_some(w);
	must(waitpid(pid, &status, 0) == pid, "waitpid");
	if (status)
		_exit(1);
	for (unsigned i = 0; i < AREAS; i++)
		if (w->areas[i].at)
			check_area(&w->areas[i], "after the child");
}

static void *work(void *arg)
{
	static void (*const does[])(struct worker *) = {map, map, map, unmap,
		write_some, write_some, protect, move, advise, fork_child};
	struct worker *const w = arg;

	while (time(NULL) < w->end) {
		does[some(w, sizeof(does) / sizeof(does[0]))](w);
		w->operations++;
	}
	for (unsigned i = 0; i < AREAS; i++)
		if (w->areas[i].at)
			check_area(&w->areas[i], "at the end");
	return NULL;
}

/* One process: two threads with areas of their own. */
static uint64_t process(unsigned number, time_t end, size_t pages,
	const char *path, uint64_t seed)
{
	static struct worker workers[2];
	pthread_t thread;

	for (unsigned i = 0; i < 2; i++) {
		struct worker *const w = &workers[i];

		w->random = (seed + number * 2 + i + 1) * 0x9e3779b97f4a7c15u;
		w->next_tag = (uint64_t)(number * 2 + i + 1) << 40;
		w->limit = pages / 2;
		w->file_base = (off_t)(number * 2 + i) * AREAS * AREA_PAGES *
			PAGE;
		w->file = open(path, O_RDWR);
		must(w->file >= 0, path);
		w->end = end;
	}
	must(!pthread_create(&thread, NULL, work, &workers[1]), "thread");
	work(&workers[0]);
	must(!pthread_join(thread, NULL), "join");
	return workers[0].operations + workers[1].operations;
}

int main(int argc, char **argv)
{
	const struct sigaction action = {.sa_handler = on_fault};
	uint64_t *sum;
	unsigned nr;
	int status, bad = 0, file;

	if (argc < 5)
		return 2;
	nr = (unsigned)atoi(argv[2]);
	file = open(argv[4], O_RDWR | O_CREAT | O_TRUNC, 0600);
	must(file >= 0, argv[4]);
	must(!ftruncate(file, (off_t)nr * 2 * AREAS * AREA_PAGES * PAGE),
		"ftruncate");
	sum = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(sum != MAP_FAILED, "mmap");
	must(!sigaction(SIGSEGV, &action, NULL), "sigaction");
	for (unsigned i = 0; i < nr; i++) {
		const pid_t pid = fork();

		must(pid >= 0, "fork");
		if (pid == 0) {
			__atomic_add_fetch(sum, process(i,
				time(NULL) + atoi(argv[1]),
				(size_t)atoi(argv[3]), argv[4],
				argc > 5 ? strtoull(argv[5], NULL, 0) : 1),
				__ATOMIC_RELAXED);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		bad |= status;
	printf("stress: %llu operations%s\n", (unsigned long long)*sum,
		bad ? ", FAILED" : "");
	return bad != 0;
}
