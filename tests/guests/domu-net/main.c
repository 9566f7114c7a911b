/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest for the toolstack's tests that drives its network interface through
 * the kit's front end. Its command line is "OWN-IP PEER-IP"; it asks for the
 * peer's hardware address by ARP and sends it ICMP echo requests of all sizes,
 * several under way at a time, whose replies must come back unchanged.
 */
#include <xen/sched.h>

#include "pv-drivers/front/netfront.h"
#include "pv-drivers/front/xenbus.h"
#include "tests/guests/lib/test.h"

#define SECOND 1000000000UL

struct ethernet {
	uint8_t to[6], from[6];
	uint16_t type;
} __attribute__((packed));

struct arp {
	struct ethernet ethernet;
	uint16_t hardware, protocol;
	uint8_t hardware_len, protocol_len;
	uint16_t operation;
	uint8_t sender_mac[6];
	uint32_t sender_ip;
	uint8_t target_mac[6];
	uint32_t target_ip;
} __attribute__((packed));

struct echo {
	struct ethernet ethernet;
	uint8_t version, service;
	uint16_t length, id, fragment;
	uint8_t ttl, protocol;
	uint16_t ip_checksum;
	uint32_t from, to;
	uint8_t type, code;
	uint16_t checksum, number, sequence;
	uint8_t data[];
} __attribute__((packed));

static struct netfront net;
static uint32_t own_ip, peer_ip;
static uint8_t peer_mac[6];
static uint8_t frame[2048];

static uint16_t swap(uint16_t v)
{
	return v >> 8 | v << 8;
}

static const char *parse_ip(const char *text, uint32_t *ip)
{
	*ip = 0;
	for (int i = 0; i < 4; i++) {
		uint32_t byte = 0;

		while (*text >= '0' && *text <= '9')
			byte = byte * 10 + (*text++ - '0');
		*ip |= (byte & 255) << i * 8;
		while (*text == '.' || *text == ' ')
			text++;
	}
	return text;
}

static uint16_t checksum(const void *data, unsigned int len)
{
	const uint8_t *bytes = data;
	uint32_t sum = 0;

	for (unsigned int i = 0; i < len; i++)
		sum += i % 2 ? bytes[i] : bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return swap(~sum);
}

static void answer_arp(const struct arp *request)
{
	struct arp reply = *request;

	if (request->operation != swap(1) || request->target_ip != own_ip)
		return;
	memcpy(reply.ethernet.to, request->sender_mac, 6);
	memcpy(reply.ethernet.from, net.mac, 6);
	reply.operation = swap(2);
	memcpy(reply.target_mac, request->sender_mac, 6);
	reply.target_ip = request->sender_ip;
	memcpy(reply.sender_mac, net.mac, 6);
	reply.sender_ip = own_ip;
	netfront_send(&net, &reply, sizeof(reply));
}

/* The next frame of a type; answers questions meanwhile. 0: none came. */
static size_t next_frame(uint16_t type)
{
	for (const uint64_t end = now() + 3 * SECOND; now() < end;) {
		const size_t len = netfront_receive(&net, frame, sizeof(frame));
		const struct ethernet *head = (struct ethernet *)frame;

		if (len < sizeof(*head)) {
			hv_sched_op(SCHEDOP_yield, NULL);
			continue;
		}
		if (head->type == swap(0x806) && len >= sizeof(struct arp))
			answer_arp((struct arp *)frame);
		if (head->type == swap(type))
			return len;
	}
	return 0;
}

static void test_connect(void)
{
	REQUIRE_EQ(xenbus_init(), 0);
	parse_ip(parse_ip((const char *)pv_info->cmd_line, &own_ip), &peer_ip);
	REQUIRE(own_ip && peer_ip);
	REQUIRE_EQ(netfront_connect(&net, 0), 0);
	print("# mac %02x:%02x:%02x:%02x:%02x:%02x\n", net.mac[0], net.mac[1],
	      net.mac[2], net.mac[3], net.mac[4], net.mac[5]);
}

static void test_arp(void)
{
	struct arp request = {
		.ethernet = { .to = { 255, 255, 255, 255, 255, 255 },
			      .type = swap(0x806) },
		.hardware = swap(1), .protocol = swap(0x800),
		.hardware_len = 6, .protocol_len = 4, .operation = swap(1),
		.sender_ip = own_ip, .target_ip = peer_ip,
	};

	memcpy(request.ethernet.from, net.mac, 6);
	memcpy(request.sender_mac, net.mac, 6);
	/* a bridge may take a while to forward */
	for (int try = 0; try < 10; try++) {
		REQUIRE_EQ(netfront_send(&net, &request, sizeof(request)), 0);
		const struct arp *reply = (struct arp *)frame;

		if (next_frame(0x806) && reply->operation == swap(2) &&
		    reply->sender_ip == peer_ip) {
			memcpy(peer_mac, reply->sender_mac, 6);
			return;
		}
	}
	REQUIRE(!"answered");
}

static int64_t send_echo(uint16_t sequence, unsigned int size)
{
	static uint8_t room[NETFRONT_FRAME_MAX];
	struct echo *echo = (struct echo *)room;
	const unsigned int ip_len = 28 + size;

	memset(room, 0, sizeof(room));
	memcpy(echo->ethernet.to, peer_mac, 6);
	memcpy(echo->ethernet.from, net.mac, 6);
	echo->ethernet.type = swap(0x800);
	echo->version = 0x45;
	echo->length = swap(ip_len);
	echo->ttl = 64;
	echo->protocol = 1;
	echo->from = own_ip;
	echo->to = peer_ip;
	echo->ip_checksum = checksum(&echo->version, 20);
	echo->type = 8;
	echo->number = swap(0x5368);
	echo->sequence = swap(sequence);
	for (unsigned int i = 0; i < size; i++)
		echo->data[i] = sequence + i;
	echo->checksum = checksum(&echo->type, 8 + size);
	return netfront_send(&net, room, 14 + ip_len);
}

/* The sequence number of a right reply, -1 for none, -2 for a wrong one. */
static int receive_echo(unsigned int size)
{
	const struct echo *echo = (struct echo *)frame;

	for (;;) {
		const size_t len = next_frame(0x800);

		if (!len)
			return -1;
		if (echo->protocol != 1 || echo->type != 0 ||
		    echo->number != swap(0x5368))
			continue;
		const uint16_t sequence = swap(echo->sequence);

		if (len < 42 + size || swap(echo->length) != 28 + size)
			return -2;
		for (unsigned int i = 0; i < size; i++)
			if (echo->data[i] != (uint8_t)(sequence + i))
				return -2;
		return sequence;
	}
}

static void test_echo_sizes(void)
{
	unsigned int sequence = 0;

	for (unsigned int size = 0; size <= 1472; size += 61) {
		REQUIRE_EQ(send_echo(++sequence, size), 0);
		REQUIRE_EQ(receive_echo(size), sequence);
	}
	REQUIRE_EQ(send_echo(++sequence, 1472), 0);
	REQUIRE_EQ(receive_echo(1472), sequence);
}

/* More than there are buffers, in flights of fewer than would fill the buffer
 * of Linux's ICMP socket: it drops the rest (IpOutDiscards). */
static void test_echo_many(void)
{
	enum { FLIGHT = 16 };

	for (unsigned int flight = 0; flight < 60; flight++) {
		for (unsigned int i = 0; i < FLIGHT; i++) {
			int64_t rc;

			do
				rc = send_echo(1000 + flight * FLIGHT + i, 1000);
			while (rc == EBUSY_);
			REQUIRE_EQ(rc, 0);
		}
		for (unsigned int i = 0; i < FLIGHT; i++)
			REQUIRE_EQ(receive_echo(1000),
				   1000 + flight * FLIGHT + i);
	}
	REQUIRE_EQ(net.tx_errors, 0);
}

static void test_refused(void)
{
	REQUIRE_EQ(netfront_send(&net, frame, 0), EINVAL_);
	REQUIRE_EQ(netfront_send(&net, frame, 1515), EINVAL_);
}

static void test_close(void)
{
	REQUIRE_EQ(netfront_close(&net), 0);
}

const struct test tests[] = {
	TEST(connect),
	TEST(arp),
	TEST(echo_sizes),
	TEST(echo_many),
	TEST(refused),
	TEST(close),
	TESTS_END
};
