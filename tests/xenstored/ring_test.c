/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole daemon, built with ASan and UBSan, on the test machine: dom0 and
 * guests on rings, programs on the socket. What each may see and do, what
 * happens when they misbehave or die, and that they notice nothing when the
 * daemon is restarted or killed. XENSTORED names the daemon.
 */
#include "machine.h"
#include "peer.h"
#include "suite.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define IS(expression, wanted) CHECK(!strcmp(expression, wanted))

static struct peer dom0;

static void begin(const char *option)
{
	machine_new();
	dom0 = peer_domain(0);
	daemon_start(option);
}

static void end(void)
{
	daemon_stop(SIGTERM);
	peer_close(&dom0);
	machine_clean();
}

static const char *introduce(int dom)
{
	char body[32];

	return peer_ask(&dom0, XS_INTRODUCE, body,
		1 + sprintf(body, "%d%c%d%c%d", dom, 0, 1234, 0, 7));
}

static const char *chmod_node(struct peer *p, const char *path,
	const char *perm)
{
	char body[256];

	return peer_ask(p, XS_SET_PERMS, body,
		1 + sprintf(body, "%s%c%s", path, 0, perm));
}

/* A guest with a home of its own. */
static struct peer new_guest(int dom)
{
	struct peer p = peer_domain(dom);
	char home[32], perm[8];

	sprintf(home, "/local/domain/%d", dom);
	sprintf(perm, "n%d", dom);
	IS(peer_ask1(&dom0, XS_MKDIR, home), "OK");
	IS(chmod_node(&dom0, home, perm), "OK");
	IS(introduce(dom), "OK");
	return p;
}

static void start_txn(struct peer *p)
{
	p->txn = 0;
	p->txn = atoi(peer_ask1(p, XS_TRANSACTION_START, ""));
	CHECK(p->txn);
}

static const char *end_txn(struct peer *p, const char *how)
{
	const char *answer = peer_ask1(p, XS_TRANSACTION_END, how);

	p->txn = 0;
	return answer;
}

static void test_dom0_ring(void)
{
	begin("-R");
	IS(peer_set(&dom0, "/a/b", "value"), "OK");
	IS(peer_ask1(&dom0, XS_READ, "/a/b"), "value");
	IS(peer_ask1(&dom0, XS_DIRECTORY, "/a"), "b");
	IS(peer_ask1(&dom0, XS_READ, "/nothing"), "!ENOENT");
	IS(peer_ask1(&dom0, XS_GET_DOMAIN_PATH, "0"), "/local/domain/0");
	IS(peer_ask1(&dom0, XS_IS_DOMAIN_INTRODUCED, "0"), "T");
	IS(peer_ask1(&dom0, XS_IS_DOMAIN_INTRODUCED, "9"), "F");
	CHECK(dom0.ring->server_features == 3);
	end();
}

static void test_introduce_and_release(void)
{
	begin("-R");
	IS(peer_watch(&dom0, "@introduceDomain", "i"), "OK");
	IS(peer_watch(&dom0, "@releaseDomain", "r"), "OK");
	IS(peer_event(&dom0), "@introduceDomain i");
	IS(peer_event(&dom0), "@releaseDomain r");

	struct peer guest = new_guest(5);

	IS(peer_event(&dom0), "@introduceDomain i");
	IS(peer_ask1(&dom0, XS_IS_DOMAIN_INTRODUCED, "5"), "T");
	CHECK(domain_mapped(5));
	IS(peer_set(&guest, "data/x", "v"), "OK");
	IS(peer_ask1(&dom0, XS_READ, "/local/domain/5/data/x"), "v");
	/* A guest hears of its own registration only. */
	IS(peer_watch(&guest, "@releaseDomain", "g"), "OK");
	IS(peer_event(&guest), "@releaseDomain g");
	IS(introduce(6), "!EINVAL");	/* ESRCH has no name on the wire */
	IS(peer_ask1(&dom0, XS_RELEASE, "5"), "OK");
	IS(peer_event(&dom0), "@releaseDomain r");
	CHECK(!domain_mapped(5));
	IS(peer_ask1(&dom0, XS_RELEASE, "5"), "!ENOENT");
	IS(peer_ask1(&dom0, XS_RELEASE, "0"), "!EINVAL");
	CHECK(peer_quiet(&guest));
	peer_close(&guest);
	end();
}

static void test_guest_permissions(void)
{
	begin("-R");

	struct peer a = new_guest(5), b = new_guest(6);

	IS(peer_set(&dom0, "/secret/x", "v"), "OK");
	IS(peer_ask1(&a, XS_READ, "/secret/x"), "!EACCES");
	IS(peer_ask1(&a, XS_READ, "/secret/y"), "!EACCES");
	IS(peer_ask1(&a, XS_DIRECTORY, "/"), "!EACCES");
	IS(peer_set(&a, "/x", "v"), "!EACCES");
	IS(peer_set(&a, "x", "v"), "OK");
	IS(peer_ask1(&b, XS_READ, "/local/domain/5/x"), "!EACCES");
	IS(chmod_node(&b, "/local/domain/5/x", "b6"), "!EACCES");
	IS(chmod_node(&a, "x", "n6"), "!EPERM");
	IS(chmod_node(&a, "x", "r5"), "OK");
	IS(peer_ask(&dom0, XS_SET_PERMS, "/secret/x\0r0\0b9", 16), "!ENOENT");
	IS(peer_ask1(&b, XS_READ, "/local/domain/5/x"), "v");
	IS(peer_set(&b, "/local/domain/5/x", "w"), "!EACCES");
	IS(peer_ask1(&a, XS_GET_PERMS, "x"), "r5");
	IS(peer_ask1(&a, XS_INTRODUCE, "7"), "!EACCES");
	IS(peer_ask1(&a, XS_RELEASE, "6"), "!EACCES");
	IS(peer_ask1(&a, XS_RESUME, "6"), "!EACCES");
	IS(peer_ask1(&a, XS_CONTROL, "help"), "!EACCES");
	IS(chmod_node(&a, "@releaseDomain", "r5"), "!EACCES");
	IS(peer_ask(&a, XS_SET_TARGET, "5\0" "6", 4), "!EACCES");
	IS(peer_ask(&dom0, XS_SET_TARGET, "6\0" "5", 4), "OK");
	IS(peer_set(&b, "/local/domain/5/x", "w"), "OK");
	peer_close(&a);
	peer_close(&b);
	end();
}

static void test_watches(void)
{
	begin("-R");

	struct peer a = new_guest(5), b = new_guest(6);

	IS(peer_watch(&a, "dev", "t"), "OK");
	IS(peer_event(&a), "dev t");
	IS(peer_watch(&a, "dev", "t"), "!EEXIST");
	IS(peer_watch(&a, "/local/domain/5", "home"), "OK");
	IS(peer_event(&a), "/local/domain/5 home");
	IS(peer_set(&dom0, "/local/domain/5/dev/x/y", "v"), "OK");
	IS(peer_event(&a), "/local/domain/5/dev/x/y home");
	IS(peer_event(&a), "dev/x/y t");
	/* Removal tells of the node itself, and of watched ones below it. */
	IS(peer_ask(&a, XS_UNWATCH, "/local/domain/5\0home", 21), "OK");
	IS(peer_watch(&a, "dev/x/y", "leaf"), "OK");
	IS(peer_event(&a), "dev/x/y leaf");
	IS(peer_ask1(&dom0, XS_RM, "/local/domain/5/dev/x"), "OK");
	IS(peer_event(&a), "dev/x t");
	IS(peer_event(&a), "dev/x/y leaf");
	/* What it may not read it does not hear of. */
	IS(peer_watch(&b, "/local/domain/5", "spy"), "OK");
	IS(peer_event(&b), "/local/domain/5 spy");
	IS(peer_set(&dom0, "/local/domain/5/z", "v"), "OK");
	CHECK(peer_quiet(&b));
	IS(chmod_node(&dom0, "@releaseDomain", "r0"), "OK");
	IS(peer_watch(&b, "@releaseDomain", "r"), "OK");
	IS(peer_event(&b), "@releaseDomain r");
	domain_state(5, DOM_SHUTDOWN);
	IS(peer_event(&b), "@releaseDomain r");
	IS(peer_ask1(&b, XS_RESET_WATCHES, ""), "OK");
	IS(peer_ask1(&dom0, XS_RESUME, "5"), "OK");
	domain_state(5, DOM_SHUTDOWN);
	CHECK(peer_quiet(&b));
	peer_close(&a);
	peer_close(&b);
	end();
}

/* The list of a node's permissions as one text. */
static const char *perms_of(struct peer *p, const char *path)
{
	static struct message m;

	CHECK(peer_send(p, XS_GET_PERMS, path, strlen(path) + 1) &&
		peer_next(p, &m));
	for (uint32_t i = 0; i + 1 < m.header.len; i++) {
		if (!m.body[i])
			m.body[i] = ' ';
	}
	return m.body;
}

/* That 6 is there, lives and dies: 5 has no way to tell. */
static void test_strangers(void)
{
	begin("-R");

	struct peer a = new_guest(5), b;

	for (int there = 0; there < 2; there++) {
		if (there)
			b = new_guest(6);
		IS(peer_ask1(&a, XS_IS_DOMAIN_INTRODUCED, "6"), "F");
		IS(peer_ask1(&a, XS_READ, "/local/domain/6/x"), "!EACCES");
		IS(peer_ask1(&a, XS_GET_PERMS, "/local/domain/6"), "!EACCES");
		IS(peer_ask1(&a, XS_DIRECTORY, "/local/domain/6"), "!EACCES");
		IS(peer_ask1(&a, XS_DIRECTORY, "/local/domain"), "!EACCES");
		IS(peer_ask1(&a, XS_DIRECTORY, "/libxl"), "!EACCES");
		IS(peer_ask1(&a, XS_RM, "/local/domain/6"), "!EACCES");
		IS(peer_set(&a, "/local/domain/6/x", ""), "!EACCES");
		IS(peer_set(&a, "x", "v"), "OK");
		IS(peer_ask(&a, XS_SET_PERMS, "x\0n5\0r6", 8), "OK");
		IS(perms_of(&a, "x"), "n5 r6");
		IS(peer_ask(&a, XS_SET_PERMS, "x\0n6\0r6", 8), "!EPERM");
	}
	IS(peer_ask1(&a, XS_IS_DOMAIN_INTRODUCED, "5"), "T");
	IS(peer_ask1(&a, XS_IS_DOMAIN_INTRODUCED, "0"), "T");
	IS(peer_ask1(&dom0, XS_IS_DOMAIN_INTRODUCED, "6"), "T");
	/* Rights that were given to nobody are not 6's, those given to it are
	 * until it dies. */
	IS(peer_set(&a, "late", "v"), "OK");
	IS(peer_ask(&a, XS_SET_PERMS, "late\0n5\0r7", 11), "OK");
	IS(peer_ask1(&b, XS_READ, "/local/domain/5/x"), "v");

	struct peer c = new_guest(7);

	IS(peer_ask1(&c, XS_READ, "/local/domain/5/late"), "!EACCES");
	IS(peer_ask1(&c, XS_READ, "/local/domain/5/x"), "!EACCES");
	/* Its doings and its death. */
	IS(peer_watch(&a, "/local/domain/6", "spy"), "OK");
	IS(peer_event(&a), "/local/domain/6 spy");
	IS(peer_watch(&a, "x", "x"), "OK");
	IS(peer_event(&a), "x x");
	start_txn(&a);
	IS(peer_ask1(&a, XS_READ, "/local/domain/6/y"), "!EACCES");
	IS(peer_ask1(&a, XS_READ, "x"), "v");
	IS(peer_set(&b, "y", "v"), "OK");
	domain_state(6, DOM_DYING);
	domain_state(6, DOM_ABSENT);
	IS(peer_ask1(&dom0, XS_IS_DOMAIN_INTRODUCED, "6"), "F");
	IS(end_txn(&a, "T"), "OK");
	CHECK(peer_quiet(&a));
	IS(perms_of(&a, "x"), "n5 r6");
	peer_close(&b);
	b = new_guest(6);
	IS(peer_ask1(&b, XS_READ, "/local/domain/5/x"), "!EACCES");
	/* Who is not told of 6 is told of whose home it may read. */
	IS(peer_ask(&dom0, XS_SET_PERMS, "/local/domain/7\0n7\0r5", 22), "OK");
	IS(peer_ask1(&a, XS_IS_DOMAIN_INTRODUCED, "7"), "T");
	peer_close(&a);
	peer_close(&b);
	peer_close(&c);
	end();
}

static void test_long_messages(void)
{
	char body[XENSTORE_PAYLOAD_MAX];

	begin("-R");
	memset(body, 'x', sizeof(body));
	memcpy(body, "/long", 6);
	IS(peer_ask(&dom0, XS_WRITE, body, sizeof(body)), "OK");
	for (int i = 0; i < 20; i++)
		CHECK(strlen(peer_ask1(&dom0, XS_READ, "/long")) ==
			sizeof(body) - 6);
	end();
}

/* A guest that does not take its replies is not read from, and loses none. */
static void test_backpressure(void)
{
	struct message m;
	int sent = 0;

	begin("-R");

	struct peer guest = new_guest(5);

	while (sent < 200) {
		const uint32_t used = guest.ring->req_prod -
			guest.ring->req_cons;

		if (used > XENSTORE_RING_SIZE - 64 && peer_quiet(&guest) == 0 &&
			guest.ring->req_prod - guest.ring->req_cons == used)
			break;
		if (used <= XENSTORE_RING_SIZE - 64) {
			CHECK(peer_send(&guest, XS_GET_DOMAIN_PATH, "5", 2));
			sent++;
		}
	}
	CHECK(sent < 200);
	/* Others are served all the time. */
	IS(peer_set(&dom0, "/x", "v"), "OK");
	for (int i = 1; i <= sent; i++)
		CHECK(peer_next(&guest, &m) && m.header.req_id == (uint32_t)i);
	IS(peer_ask1(&guest, XS_GET_DOMAIN_PATH, "5"), "/local/domain/5");
	peer_close(&guest);
	end();
}

/* Events that nobody takes are dropped, and made up for later. */
static void test_event_flood(void)
{
	char path[64];
	int nr = 0;

	begin("-R");

	struct peer guest = new_guest(5);

	IS(peer_watch(&guest, "data", "t"), "OK");
	IS(peer_event(&guest), "data t");
	for (int i = 0; i < 3000; i++) {
		sprintf(path, "/local/domain/5/data/%d", i);
		IS(peer_set(&dom0, path, "v"), "OK");
	}
	while (!peer_quiet(&guest)) {
		const char *event = peer_event(&guest);

		nr++;
		strcpy(path, event);
	}
	CHECK(nr >= 1000 && nr < 1100);
	IS(path, "data t");
	IS(peer_set(&dom0, "/local/domain/5/data/new", "v"), "OK");
	IS(peer_event(&guest), "data/new t");
	/* The same event twice is one, as long as it waits. */
	for (int i = 0; i < 100; i++)
		IS(peer_set(&dom0, "/local/domain/5/data/new", "v"), "OK");
	for (nr = 0; !peer_quiet(&guest); nr++)
		IS(peer_event(&guest), "data/new t");
	CHECK(nr < 60);
	peer_close(&guest);
	end();
}

static void test_quotas(void)
{
	char name[32], big[2050] = "";

	begin("-Qnodes=20");

	struct peer guest = new_guest(5);

	IS(peer_ask(&dom0, XS_CONTROL, "quota\0set\0watches\0" "3", 20), "OK");
	IS(peer_ask(&dom0, XS_CONTROL, "quota\0set\0rubbish\0" "3", 20),
		"!EINVAL");
	for (int i = 0; i < 19; i++) {
		sprintf(name, "n%d", i);
		IS(peer_set(&guest, name, "v"), "OK");
		CHECK(daemon_said("d5: has 16 of at most 20 nodes") ==
			(i >= 14));
	}
	IS(peer_set(&guest, "one-more", "v"), "!ENOSPC");
	IS(peer_set(&dom0, "/local/domain/5/one-more", "v"), "OK");
	IS(peer_ask1(&guest, XS_RM, "one-more"), "OK");
	IS(peer_ask1(&guest, XS_RM, "n1"), "OK");
	IS(peer_set(&guest, "one-more", "v"), "OK");
	memset(big, 'x', sizeof(big) - 1);
	IS(peer_set(&guest, "one-more", big), "!ENOSPC");
	big[2048] = 0;
	IS(peer_set(&guest, "one-more", big), "OK");
	IS(peer_ask1(&guest, XS_READ, big), "!ENOENT");
	big[2048] = 'x';
	IS(peer_ask1(&guest, XS_READ, big), "!EINVAL");
	IS(peer_ask(&guest, XS_SET_PERMS, "n2\0n5\0r1\0r2\0r3\0r4\0r6", 21),
		"!ENOSPC");
	IS(peer_ask(&guest, XS_SET_PERMS, "n2\0n5\0r1\0r2\0r3\0r4", 18), "OK");
	sleep(2); /* one message a second */
	for (int i = 0; i < 3; i++) {
		sprintf(name, "w%d", i);
		IS(peer_watch(&guest, name, "t"), "OK");
	}
	CHECK(daemon_said("d5: has 3 of at most 3 watches"));
	IS(peer_watch(&guest, "w3", "t"), "!E2BIG");
	sleep(2);
	for (int i = 0; i < 10; i++) {
		CHECK(daemon_said("d5: has 8 of at most 10 transactions") ==
			(i >= 8));
		start_txn(&guest);
	}
	guest.txn = 0;
	IS(peer_ask1(&guest, XS_TRANSACTION_START, ""), "!ENOSPC");
	CHECK(strstr(peer_ask(&dom0, XS_CONTROL, "quota\0" "5", 8),
		"nodes            :       20 of       20"));
	IS(peer_ask1(&dom0, XS_CONTROL, "check"), "OK");
	peer_close(&guest);
	end();
}

static void test_broken_rings(void)
{
	struct xsd_sockmsg long_one = {.type = XS_READ, .len = 4097};

	begin("-R");

	struct peer a = new_guest(5), b = new_guest(6);

	a.ring->req_prod = a.ring->req_cons + XENSTORE_RING_SIZE + 1;
	peer_notify(&a);
	CHECK(peer_write(&b, &long_one, sizeof(long_one)));
	IS(peer_set(&dom0, "/x", "v"), "OK");
	CHECK(a.ring->error == XENSTORE_ERROR_RINGIDX);
	CHECK(b.ring->error == XENSTORE_ERROR_PROTO);
	/* They may ask to begin anew. */
	IS(peer_ask1(&dom0, XS_READ, "/x"), "v");
	a.ring->connection = XENSTORE_RECONNECT;
	b.ring->connection = XENSTORE_RECONNECT;
	peer_notify(&a);
	peer_notify(&b);
	IS(peer_ask1(&dom0, XS_READ, "/x"), "v");
	CHECK(a.ring->connection == XENSTORE_CONNECTED && !a.ring->error);
	IS(peer_set(&a, "x", "v"), "OK");
	IS(peer_set(&b, "x", "v"), "OK");
	/* And a reply ring with nonsense in it. */
	a.ring->rsp_cons = a.ring->rsp_prod + 1;
	CHECK(peer_send(&a, XS_READ, "x", 2));
	IS(peer_set(&dom0, "/x", "v"), "OK");
	CHECK(a.ring->error == XENSTORE_ERROR_RINGIDX);
	peer_close(&a);
	peer_close(&b);
	end();
}

/* Mistakes, limits and warnings, over and over: the log stays short. */
static void test_log_flood(void)
{
	char name[32];

	begin("-Qnodes=20");

	struct peer guest = new_guest(5);
	const time_t start = time(NULL);

	for (int i = 0; i < 14; i++) {
		sprintf(name, "n%d", i);
		IS(peer_set(&guest, name, "v"), "OK");
	}
	for (int i = 0; i < 300; i++) {
		/* to 80 % of its nodes and back */
		IS(peer_set(&guest, "a/b", "v"), "OK");
		IS(peer_ask1(&guest, XS_RM, "a"), "OK");
		IS(peer_set(&guest, "a/b/c/d/e/f/g/h", "v"), "!ENOSPC");
		guest.ring->req_prod = guest.ring->req_cons + 5000;
		peer_notify(&guest);
		IS(peer_ask1(&dom0, XS_READ, "/tool"), "");
		CHECK(guest.ring->error == XENSTORE_ERROR_RINGIDX);
		guest.ring->connection = XENSTORE_RECONNECT;
		peer_notify(&guest);
		IS(peer_ask1(&dom0, XS_READ, "/tool"), "");
	}
	if (!getenv("VERBOSE")) {
		CHECK(daemon_log_lines() > 0);
		CHECK(daemon_log_lines() <= 8 + 2 * (time(NULL) - start));
	}
	peer_close(&guest);
	end();
}

static void test_death(void)
{
	begin("-R");

	struct peer a = new_guest(5), b = new_guest(6);

	IS(peer_set(&a, "x", "v"), "OK");
	IS(peer_set(&b, "y", "v"), "OK");
	IS(peer_ask(&b, XS_SET_PERMS, "y\0n6\0r5", 8), "OK");
	IS(peer_set(&dom0, "/backend/5", "v"), "OK");
	IS(chmod_node(&dom0, "/backend/5", "n5"), "OK");
	IS(peer_watch(&dom0, "@releaseDomain", "r"), "OK");
	IS(peer_event(&dom0), "@releaseDomain r");
	IS(peer_watch(&dom0, "/local/domain/5/x", "x"), "OK");
	IS(peer_event(&dom0), "/local/domain/5/x x");
	domain_state(7, DOM_RUNS);
	IS(peer_set(&dom0, "/gift", "v"), "OK");
	IS(chmod_node(&dom0, "/gift", "n7"), "OK");
	start_txn(&b);
	IS(peer_set(&b, "z", "v"), "OK");
	domain_state(5, DOM_DYING);
	IS(peer_event(&dom0), "/local/domain/5/x x");
	IS(peer_event(&dom0), "@releaseDomain r");
	CHECK(!domain_mapped(5));
	IS(peer_ask1(&dom0, XS_READ, "/local/domain/5/x"), "!ENOENT");
	IS(peer_ask1(&dom0, XS_READ, "/backend/5"), "!ENOENT");
	IS(peer_ask1(&dom0, XS_GET_PERMS, "/local/domain/6/y"), "n6");
	IS(end_txn(&b, "T"), "OK");
	domain_state(5, DOM_ABSENT);
	/* They vanish without having been seen dying, one unintroduced. */
	domain_state(7, DOM_ABSENT);
	domain_state(6, DOM_ABSENT);
	IS(peer_event(&dom0), "@releaseDomain r");
	IS(peer_ask1(&dom0, XS_READ, "/local/domain/6/y"), "!ENOENT");
	IS(peer_ask1(&dom0, XS_READ, "/gift"), "!ENOENT");
	CHECK(peer_quiet(&dom0));
	IS(peer_ask1(&dom0, XS_CONTROL, "check"), "OK");
	peer_close(&a);
	peer_close(&b);
	end();
}

/* Half a request, replies not taken, a transaction: all survive. */
static void restart(int signal)
{
	struct xsd_sockmsg header = {.type = XS_READ, .req_id = 77, .len = 6};
	char body[3000] = "/local/domain/5/big";
	struct message m;

	begin("-R");

	struct peer guest = new_guest(5);

	IS(peer_watch(&guest, "w", "t"), "OK");
	IS(peer_event(&guest), "w t");
	IS(peer_watch(&dom0, "/local", "d"), "OK");
	IS(peer_event(&dom0), "/local d");
	memset(body + 20, 'x', sizeof(body) - 20);
	IS(peer_ask(&dom0, XS_WRITE, body, sizeof(body)), "OK");
	IS(peer_event(&dom0), "/local/domain/5/big d");
	start_txn(&guest);

	const uint32_t txn = guest.txn;

	IS(peer_set(&guest, "lost", "v"), "OK");
	guest.txn = 0;
	IS(peer_set(&guest, "w/1", "v"), "OK");
	IS(peer_event(&guest), "w/1 t");
	IS(peer_event(&dom0), "/local/domain/5/w/1 d");
	/* The reply is longer than the ring and waits in part. */
	CHECK(peer_send(&guest, XS_READ, "big", 4));
	CHECK(peer_send(&guest, XS_READ, "w/1", 4));
	CHECK(peer_write(&guest, &header, 7));
	usleep(30000);
	daemon_stop(signal);
	daemon_start(NULL);
	CHECK(peer_write(&guest, (char *)&header + 7, sizeof(header) - 7));
	CHECK(peer_write(&guest, "w/2/3", 6));
	CHECK(peer_next(&guest, &m) && m.header.len == sizeof(body) - 20);
	CHECK(strspn(m.body, "x") == sizeof(body) - 20);
	CHECK(peer_next(&guest, &m) && !strcmp(m.body, "v"));
	CHECK(peer_next(&guest, &m) && !strcmp(m.body, "ENOENT") &&
		m.header.req_id == 77);
	guest.txn = txn;
	IS(peer_set(&guest, "lost", "v"), "OK");
	IS(end_txn(&guest, "T"), "!EAGAIN");
	IS(peer_ask1(&guest, XS_READ, "lost"), "!ENOENT");
	CHECK(peer_quiet(&guest) && peer_quiet(&dom0));
	IS(peer_set(&dom0, "/local/domain/5/w/2", "v"), "OK");
	IS(peer_event(&guest), "w/2 t");
	IS(peer_event(&dom0), "/local/domain/5/w/2 d");
	IS(peer_ask1(&dom0, XS_GET_PERMS, "/local/domain/5"), "n5");
	IS(peer_ask1(&dom0, XS_CONTROL, "check"), "OK");
	/* A domain that dies meanwhile is noticed at the start. */
	IS(peer_watch(&dom0, "@releaseDomain", "r"), "OK");
	IS(peer_event(&dom0), "@releaseDomain r");
	daemon_stop(signal);
	domain_state(5, DOM_ABSENT);
	daemon_start(NULL);
	IS(peer_event(&dom0), "/local/domain/5 d");
	IS(peer_event(&dom0), "@releaseDomain r");
	IS(peer_ask1(&dom0, XS_DIRECTORY, "/local/domain"), "");
	peer_close(&guest);
	end();
}

static void test_restart(void)
{
	restart(SIGTERM);
}

static void test_kill(void)
{
	restart(SIGKILL);
}

/*
 * Killed again and again in the middle of work: no request is lost, none is
 * done twice, every reply comes once and in order.
 */
static void test_kill_at_any_time(void)
{
	struct message m;
	char value[32], wanted[32];
	int next = 0, got = 0;
	unsigned nap = 1;

	begin("-R");

	struct peer guest = new_guest(5);

	guest.req_id = 0;
	for (int round = 0; round < 25; round++) {
		const int until = next + 150;
		bool killed = false;

		while (got < until) {
			/* Up to eight on the way; odd ones read. */
			while (next < until && next - got < 8) {
				const int n = snprintf(value, sizeof(value),
					"x%d%c%d", next / 2 % 50, 0, next);

				CHECK(next & 1 ?
					peer_send(&guest, XS_READ, value,
						strlen(value) + 1) :
					peer_send(&guest, XS_WRITE, value, n));
				next++;
			}
			if (!killed && got > until - 100) {
				nap = nap * 1103515245 + 12345;
				usleep(nap >> 16 & 511);
				daemon_stop(SIGKILL);
				daemon_start(NULL);
				killed = true;
			}
			CHECK(peer_next(&guest, &m));
			CHECK(m.header.req_id == (uint32_t)++got);
			snprintf(wanted, sizeof(wanted), "%d", got - 2);
			CHECK(!strcmp(m.body, got & 1 ? "OK" : wanted));
			if (suite_failed())
				return;
		}
	}
	CHECK(peer_quiet(&guest));
	IS(peer_ask1(&dom0, XS_CONTROL, "check"), "OK");
	peer_close(&guest);
	end();
}

static bool closed_after(const void *bytes, size_t size)
{
	struct peer p = peer_socket();
	char byte;
	const bool closed = peer_write(&p, bytes, size) &&
		!peer_read(&p, &byte, 1);

	peer_close(&p);
	return closed;
}

static void test_wrong_requests(void)
{
	const struct xsd_sockmsg long_one = {.type = XS_READ, .len = 4097};
	const struct xsd_sockmsg huge = {.type = XS_READ, .len = UINT32_MAX};

	begin("-R");

	struct peer p = peer_socket();

	CHECK(closed_after(&long_one, sizeof(long_one)));
	CHECK(closed_after(&huge, sizeof(huge)));
	IS(peer_ask1(&p, 1000, "x"), "!ENOSYS");
	IS(peer_ask1(&p, XS_WATCH_EVENT, "x"), "!ENOSYS");
	IS(peer_ask1(&p, XS_ERROR, "x"), "ENOSYS");
	IS(peer_ask1(&p, 20, "x"), "!ENOSYS");
	IS(peer_ask(&p, XS_READ, "/a", 2), "!EINVAL");
	IS(peer_ask(&p, XS_READ, "", 0), "!EINVAL");
	IS(peer_ask(&p, XS_READ, "/a\0b", 5), "!EINVAL");
	IS(peer_ask(&p, XS_WRITE, "/a", 2), "!EINVAL");
	IS(peer_ask(&p, XS_WRITE, "", 0), "!EINVAL");
	IS(peer_ask1(&p, XS_WRITE, "/a b"), "!EINVAL");
	IS(peer_ask1(&p, XS_MKDIR, "/a/"), "!EINVAL");
	IS(peer_ask1(&p, XS_READ, "@a"), "!EINVAL");
	IS(peer_ask1(&p, XS_WATCH, "/a"), "!EINVAL");
	IS(peer_ask(&p, XS_UNWATCH, "/a\0t", 5), "!ENOENT");
	IS(peer_ask1(&p, XS_SET_PERMS, "/tool"), "!EINVAL");
	IS(chmod_node(&p, "/tool", "x0"), "!EINVAL");
	IS(peer_ask(&p, XS_SET_PERMS, "/tool\0r0", 8), "!EINVAL");
	IS(peer_ask1(&p, XS_TRANSACTION_END, "T"), "!ENOENT");
	IS(peer_ask1(&p, XS_TRANSACTION_END, "X"), "!EINVAL");
	IS(peer_ask1(&p, XS_GET_DOMAIN_PATH, "x"), "!EINVAL");
	IS(peer_ask1(&p, XS_GET_DOMAIN_PATH, "40000"), "!EINVAL");
	IS(peer_ask1(&p, XS_INTRODUCE, "5"), "!EINVAL");
	IS(peer_ask(&p, XS_INTRODUCE, "5\0" "1\0" "0", 6), "!EINVAL");
	IS(peer_ask(&p, XS_DIRECTORY_PART, "/\0x", 4), "!EINVAL");
	IS(peer_ask1(&p, XS_CONTROL, "rubbish"), "!EINVAL");
	IS(peer_ask(&p, XS_CONTROL, "", 0), "!EINVAL");
	p.txn = 99;
	IS(peer_ask1(&p, XS_READ, "/tool"), "!ENOENT");
	p.txn = 0;
	start_txn(&p);
	IS(peer_ask1(&p, XS_TRANSACTION_START, ""), "!EBUSY");
	IS(end_txn(&p, "F"), "OK");
	peer_close(&p);
	end();
}

/* Random messages from many clients: the sanitizers watch. */
static void test_garbage(void)
{
	static const char alphabet[] = "/ab@09-T\0\0rn";
	struct message m;
	unsigned random = 1;

	begin("-R");

	struct peer guest = new_guest(5);

	for (int i = 0; i < 300; i++) {
		struct peer p = peer_socket();

		for (int j = 0; j < 30; j++) {
			random = random * 1103515245 + 12345;

			const unsigned type = random >> 16 & 31;
			const unsigned size = random >> 21 & 31;

			for (unsigned k = 0; k < size; k++) {
				random = random * 1103515245 + 12345;
				m.body[k] = alphabet[(random >> 16) %
					(sizeof(alphabet) - 1)];
			}
			p.txn = random >> 28 & 1;
			/* INTRODUCE may not hit the guest by chance. */
			if (type != XS_INTRODUCE && type != XS_RELEASE)
				peer_ask(&p, type, m.body, size);
			if (i & 1)
				peer_ask(&guest, type, m.body, size);
		}
		if (i & 1)
			peer_write(&p, m.body, 7);
		peer_close(&p);
	}
	IS(peer_ask1(&dom0, XS_CONTROL, "check"), "OK");
	peer_close(&guest);
	end();
}

static void test_concurrent_transactions(void)
{
	enum { NR = 20 };
	struct peer p[NR];
	char path[32];
	int again = 0;

	begin("-R");
	for (int i = 0; i < NR; i++)
		p[i] = peer_socket();
	/* Each makes its own child of one directory: nobody is in the way. */
	for (int i = 0; i < NR; i++) {
		start_txn(&p[i]);
		sprintf(path, "/tool/%d/x", i);
		IS(peer_set(&p[i], path, "v"), "OK");
	}
	for (int i = 0; i < NR; i++)
		IS(end_txn(&p[i], "T"), "OK");
	/* All change one node: the first one wins. */
	for (int i = 0; i < NR; i++) {
		start_txn(&p[i]);
		IS(peer_set(&p[i], "/tool/one", "v"), "OK");
	}
	for (int i = 0; i < NR; i++)
		again += !strcmp(end_txn(&p[i], "T"), "!EAGAIN");
	CHECK(again == NR - 1);
	for (int i = 0; i < NR; i++)
		peer_close(&p[i]);
	end();
}

int main(void)
{
	RUN(dom0_ring);
	RUN(introduce_and_release);
	RUN(guest_permissions);
	RUN(watches);
	RUN(strangers);
	RUN(long_messages);
	RUN(backpressure);
	RUN(event_flood);
	RUN(quotas);
	RUN(broken_rings);
	RUN(log_flood);
	RUN(death);
	RUN(restart);
	RUN(kill);
	RUN(kill_at_any_time);
	RUN(wrong_requests);
	RUN(garbage);
	RUN(concurrent_transactions);
	return suite_end();
}
