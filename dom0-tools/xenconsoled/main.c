// SPDX-License-Identifier: BSD-2-Clause
/*
 * xenconsoled: the PV consoles of all domains. One thread, one poll loop.
 * Domains are found by xenstore's @introduceDomain and @releaseDomain and by
 * asking the hypervisor who lives; a domain's console begins when its
 * console/ring-ref and console/port are there.
 *
 * The daemon may be ended and started again under running guests: it keeps
 * nothing that it cannot find again, but for the backlogs, which SIGTERM
 * leaves in the run directory. When xenstored goes away it waits for the next
 * one; the consoles go on meanwhile.
 */
#include "lib/control.h"
#include "lib/error.h"
#include "lib/evtchn.h"
#include "lib/gnttab.h"
#include "lib/log.h"
#include "xenconsoled/guest.h"
#include "xenconsoled/hvlog.h"
#include "xenconsoled/start.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xenstore.h>

enum { XENSTORE, EVENTS, NOTIFIER, SIGNALS, NR_FIXED };
enum { LIST_ROOM = 256, RETRY_MS = 500 };

static struct daemon self;
static struct hvlog hvlog = {.port = -1};
static struct guest *guests;
static struct pollfd *polls;
static size_t nr_polls;

static struct guest *find(uint16_t domid)
{
	struct guest *g = guests;

	while (g && (g->domid != domid || g->ended))
		g = g->next;
	return g;
}

static void see(const struct xen_domctl_getdomaininfo *info)
{
	struct guest *g = find(info->domain);

	if (info->domain == 0 || info->flags & XEN_DOMINF_dying)
		return;
	if (g && memcmp(g->uuid, info->handle, sizeof(g->uuid))) {
		guest_end(&self, g);
		g = NULL;
	}
	if (!g) {
		g = guest_new(&self, info->domain, info->handle);
		if (!g)
			return;
		g->next = guests;
		guests = g;
	}
	g->seen = true;
	if (info->flags & XEN_DOMINF_shutdown)
		guest_halt(&self, g);
}

/* Who lives, who is new, who is gone. */
static void scan(void)
{
	static struct xen_domctl_getdomaininfo info[LIST_ROOM];
	uint16_t first = 0;
	int n;

	for (struct guest *g = guests; g; g = g->next)
		g->seen = false;
	do {
		n = control_list(self.privcmd, first, info, LIST_ROOM);
		if (n < 0) {
			log_error("listing domains: %s", strerror(-n));
			return;
		}
		for (int i = 0; i < n; i++)
			see(&info[i]);
		if (n)
			first = info[n - 1].domain + 1;
	} while (n == LIST_ROOM);
	for (struct guest *g = guests; g; g = g->next) {
		if (!g->seen)
			guest_end(&self, g);
	}
}

static void bury(void)
{
	for (struct guest **link = &guests; *link;) {
		struct guest *g = *link;

		if (!guest_is_over(g)) {
			link = &g->next;
			continue;
		}
		*link = g->next;
		guest_free(&self, g, false);
	}
}

static bool xenstore_open(void)
{
	/* The ring of the kernel would wait for a xenstored that is away. */
	self.xs = xs_open(XS_OPEN_SOCKETONLY | XS_OPEN_SHOJI_SINGLE);
	if (!self.xs)
		return false;
	if (xs_watch(self.xs, "@introduceDomain", "scan") &&
		xs_watch(self.xs, "@releaseDomain", "scan"))
		return true;
	xs_close(self.xs);
	self.xs = NULL;
	return false;
}

static void xenstore_lost(void)
{
	log_warn("xenstored is gone: %s; waiting for it", strerror(errno));
	xs_close(self.xs);
	self.xs = NULL;
}

static void xenstore_again(void)
{
	if (!xenstore_open())
		return;
	log_info("xenstored is back");
	for (struct guest *g = guests; g; g = g->next) {
		char path[64], token[16];

		snprintf(path, sizeof(path), "/local/domain/%u/console",
			g->domid);
		snprintf(token, sizeof(token), "%u", g->domid);
		if (!g->ended)
			xs_watch(self.xs, path, token);
	}
	scan();
}

static void xenstore_news(void)
{
	bool must_scan = false;
	char **news;

	while ((news = xs_check_watch(self.xs))) {
		struct guest *g;

		if (!strcmp(news[XS_WATCH_TOKEN], "scan"))
			must_scan = true;
		else if ((g = find(atoi(news[XS_WATCH_TOKEN]))))
			guest_news(&self, g, news[XS_WATCH_PATH]);
		free(news);
	}
	if (errno != EAGAIN) {
		xenstore_lost();
		return;
	}
	if (must_scan)
		scan();
}

static void take_event(void)
{
	const int port = evtchn_pending(self.evtchn);

	if (port < 0)
		return;
	if (port == hvlog.port) {
		hvlog_read(&hvlog, &self);
		return;
	}
	for (struct guest *g = guests; g; g = g->next) {
		if (g->port == port)
			guest_service(&self, g);
	}
}

static void reopen_records(void)
{
	hvlog_reopen(&hvlog, &self);
	for (struct guest *g = guests; g; g = g->next) {
		char stem[100];

		if (g->record.fd < 0)
			continue;
		snprintf(stem, sizeof(stem), "guest-%s", g->name);
		record_close(&g->record);
		record_open(&g->record, self.log_dir, stem, self.stamp_guests);
	}
}

/* Did it ask the daemon to end? */
static bool take_signal(int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return false;
	if (info.ssi_signo != SIGHUP)
		return true;
	reopen_records();
	return false;
}

/* Milliseconds until the first deadline; -1: none. */
static int patience(void)
{
	const uint64_t now = now_ms();
	uint64_t first = self.xs ? UINT64_MAX : now + RETRY_MS;

	for (const struct guest *g = guests; g; g = g->next) {
		if (g->deadline && g->deadline < first)
			first = g->deadline;
	}
	if (first == UINT64_MAX)
		return -1;
	return first > now ? (int)(first - now) : 0;
}

/* Fills polls, guests in the order of the list behind the fixed ones. */
static size_t prepare_polls(int signals)
{
	size_t n = NR_FIXED;

	for (const struct guest *g = guests; g; g = g->next)
		n++;
	if (n > nr_polls) {
		struct pollfd *more = realloc(polls, n * sizeof(*polls));

		if (!more) {
			log_error("out of memory");
			exit(1);
		}
		polls = more;
		nr_polls = n;
	}
	polls[XENSTORE].fd = self.xs ? xs_fileno(self.xs) : -1;
	polls[EVENTS].fd = self.evtchn;
	polls[NOTIFIER].fd = self.notifier;
	polls[SIGNALS].fd = signals;
	for (int i = 0; i < NR_FIXED; i++)
		polls[i].events = POLLIN;
	n = NR_FIXED;
	for (const struct guest *g = guests; g; g = g->next) {
		polls[n].events = guest_interest(g);
		polls[n].fd = polls[n].events ? g->pty.master : -1;
		n++;
	}
	return n;
}

/* Terminals first: their guests must still be in the order of polls. */
static void serve_terminals(void)
{
	const bool opened = polls[NOTIFIER].revents;
	size_t n = NR_FIXED;

	if (opened)
		pty_notifier_drain(self.notifier);
	for (struct guest *g = guests; g; g = g->next, n++) {
		if (opened || polls[n].revents)
			guest_terminal(&self, g);
		if (g->held && now_ms() >= g->deadline)
			guest_service(&self, g);
	}
}

static void run(int signals)
{
	for (;;) {
		const size_t n = prepare_polls(signals);

		if (poll(polls, n, patience()) < 0 && errno != EINTR) {
			log_error("poll: %s", strerror(errno));
			return;
		}
		serve_terminals();
		if (polls[EVENTS].revents)
			take_event();
		if (!self.xs)
			xenstore_again();
		else if (polls[XENSTORE].revents)
			xenstore_news();
		bury();
		if (polls[SIGNALS].revents && take_signal(signals))
			return;
	}
}

/* The names of the terminals are worth nothing without the daemon: soon they are
 * others'. One that was killed leaves them to its successor. */
static void forget_terminals(void)
{
	static const char all[] = "/local/domain";
	unsigned nr = 0;
	char **doms = NULL;
	char path[64];

	if (self.xs)
		doms = xs_directory(self.xs, XBT_NULL, all, &nr);
	for (unsigned i = 0; doms && i < nr; i++) {
		snprintf(path, sizeof(path), "%s/%.8s/console/tty", all,
			doms[i]);
		xs_rm(self.xs, XBT_NULL, path);
	}
	free(doms);
}

static int need(int rc, const char *what)
{
	if (rc >= 0)
		return rc;
	log_error("%s: %s", what, strerror(-rc));
	exit(1);
}

static void make_folders(const char *path)
{
	char part[256];

	snprintf(part, sizeof(part), "%s", path);
	for (char *c = part + 1; *c; c++) {
		if (*c != '/')
			continue;
		*c = '\0';
		mkdir(part, 0755);
		*c = '/';
	}
	mkdir(part, 0755);
}

static void open_devices(void)
{
	struct error error = {0};

	self.evtchn = need(evtchn_open(), "/dev/xen/evtchn");
	self.notifier = need(pty_notifier(), "inotify");
	self.privcmd = control_open(&error);
	if (self.privcmd < 0) {
		error_print(&error, "xenconsoled", stderr);
		exit(1);
	}
	self.gnttab = gnttab_open();
	if (self.gnttab < 0)
		log_info("/dev/xen/gntdev: %s; mapping consoles by frame",
			strerror(-self.gnttab));
	if (!xenstore_open()) {
		log_error("cannot reach xenstored: %s", strerror(errno));
		exit(1);
	}
}

int main(int argc, char **argv)
{
	struct options options;
	sigset_t set;

	log_open("xenconsoled", false);
	start_options(&options, argc, argv);
	start_background(&options);
	self.log_dir = options.log_dir;
	self.run_dir = options.run_dir;
	self.log_guests = options.log_guests;
	self.stamp_guests = options.stamp_guests;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);

	const int signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);

	make_folders(options.log_dir);
	make_folders(options.run_dir);
	start_alone(&options);
	open_devices();
	if (options.log_hypervisor)
		hvlog_start(&hvlog, &self, options.stamp_hypervisor);
	forget_terminals();
	scan();
	start_ready(&options);
	run(signals);
	forget_terminals();
	for (struct guest *next, *g = guests; g; g = next) {
		next = g->next;
		guest_free(&self, g, !g->ended);
	}
	if (options.pid_file)
		unlink(options.pid_file);
	return 0;
}
