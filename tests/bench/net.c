// SPDX-License-Identifier: BSD-2-Clause
/*
 * A guest's network to dom0.
 *
 * usage: net server | net client ADDRESS
 *
 * The server does what the first byte of a connection says: 'e' sends each
 * byte back, 't' takes BULK bytes at a time and answers each time with one, 'r'
 * sends BULK bytes for each one that comes.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/batch.h"

#define PORT 5000
#define MEGABIT 125000u
#define BULK ((size_t)64 * MEGABIT)

static char buffer[1 << 16];
static struct sockaddr_in address;
static int connection, icmp;

static void send_all(int fd, size_t size)
{
	while (size) {
		const size_t some =
			size < sizeof(buffer) ? size : sizeof(buffer);
		const ssize_t done = write(fd, buffer, some);

		check(done > 0, "write");
		size -= (size_t)done;
	}
}

/* False at the end of the connection. */
static bool receive_all(int fd, size_t size)
{
	while (size) {
		const size_t some =
			size < sizeof(buffer) ? size : sizeof(buffer);
		const ssize_t done = read(fd, buffer, some);

		if (done <= 0)
			return false;
		size -= (size_t)done;
	}
	return true;
}

static void no_delay(int fd)
{
	const int yes = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

static void serve(int fd)
{
	char what;

	no_delay(fd);
	if (read(fd, &what, 1) != 1)
		return;
	while (receive_all(fd, what == 't' ? BULK : 1))
		send_all(fd, what == 'r' ? BULK : 1);
}

static _Noreturn void server(void)
{
	const int yes = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	check(fd >= 0, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	check(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
			listen(fd, 4) == 0,
		"port");
	for (;;) {
		const int one = accept(fd, NULL, NULL);

		check(one >= 0, "accept");
		serve(one);
		close(one);
	}
}

/* The checksum of a header that is nothing but a type. */
static void ping(unsigned times)
{
	struct icmphdr echo = {.type = ICMP_ECHO, .checksum = htons(0xf7ff)};
	struct {
		struct iphdr ip;
		struct icmphdr icmp;
		char rest[64];
	} answer;

	while (times--) {
		check(sendto(icmp, &echo, sizeof(echo), 0,
			      (struct sockaddr *)&address,
			      sizeof(address)) == sizeof(echo),
			"ping");
		do
			check(read(icmp, &answer, sizeof(answer)) > 0, "pong");
		while (answer.icmp.type != ICMP_ECHOREPLY);
	}
}

static void round_trip(unsigned times)
{
	while (times--) {
		send_all(connection, 1);
		check(receive_all(connection, 1), "echo");
	}
}

static void transmit(unsigned times)
{
	for (; times; times -= BULK / MEGABIT) {
		send_all(connection, BULK);
		check(receive_all(connection, 1), "answer");
	}
}

static void receive(unsigned times)
{
	for (; times; times -= BULK / MEGABIT) {
		send_all(connection, 1);
		check(receive_all(connection, BULK), "data");
	}
}

static void open_connection(const char *what)
{
	connection = socket(AF_INET, SOCK_STREAM, 0);
	check(connection >= 0 &&
			connect(connection, (struct sockaddr *)&address,
				sizeof(address)) == 0,
		"connect");
	no_delay(connection);
	check(write(connection, what, 1) == 1, "connection");
}

static const struct operation operations[] = {
	{"net_ping", 100, ping, NULL, NULL},
	{"net_round_trip", 100, round_trip, NULL, NULL},
	{"net_transmit", BULK / MEGABIT, transmit, NULL, NULL},
	{"net_receive", BULK / MEGABIT, receive, NULL, NULL},
};

static int client(void)
{
	static const char wishes[] = "eetr";

	icmp = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	check(icmp >= 0, "ICMP");
	for (unsigned n = 0; n < sizeof(operations) / sizeof(operations[0]);
		n++) {
		open_connection(wishes + n);
		count(n, &operations[n]);
		close(connection);
	}
	return 0;
}

int main(int argc, char **argv)
{
	address.sin_family = AF_INET;
	address.sin_port = htons(PORT);
	if (argc == 2 && strcmp(argv[1], "server") == 0)
		server();
	check(argc == 3 && inet_aton(argv[2], &address.sin_addr), "usage");
	return client();
}
