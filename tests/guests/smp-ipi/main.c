/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves two vCPUs working together: IPIs both ways, waking a blocked and a
 * polling vCPU, moving a channel; TLB flushes by mask that reach the other
 * CPU before the call returns; a page that becomes a table is no longer
 * writable anywhere; and page-table updates from both at once.
 *
 * Machine: 2 2
 */
#include <xen/event_channel.h>
#include <xen/sched.h>

#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/smp.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"

#define MS 1000000UL

enum {
	JOB_NONE, JOB_BLOCK, JOB_POLL, JOB_READ, JOB_WRITE, JOB_UPDATE,
	JOB_SPIN,
};

static volatile uint64_t job, stop, running, ipis[2], value, writes, faulted;
static volatile uint64_t polls, polled, poll_result;
static volatile uint64_t *target;
static uint32_t to_0, to_1, poll_port;

static void on_ipi(uint32_t port, void *data)
{
	(void)port;
	(void)data;
	__atomic_fetch_add(&ipis[os_vcpu()], 1, __ATOMIC_SEQ_CST);
}

/* Read the target again and again, as fast as the TLB allows. */
static void job_read(void)
{
	while (!stop)
		value = *target;
}

static void job_write(void)
{
	while (!stop && !faulted) {
		*target = 0;
		writes++;
	}
}

static void job_update(void)
{
	const uint64_t entry = machine_address((void *)target);

	for (uint64_t i = 0; !stop; i++) {
		const struct mmu_update req = {
			.ptr = entry, .val = (i % 2) << 20,
		};

		if (hv_mmu_update(&req, 1, NULL, DOMID_SELF))
			os_panic("mmu_update failed on vCPU 1");
		writes++;
	}
}

/* Looks before it sleeps, without events, which the block lets in. */
static void job_block(void)
{
	event_disable(1);
	if (job == JOB_BLOCK)
		hv_sched_op(SCHEDOP_block, NULL);
	event_enable(1);
}

/* An event that comes before the port is clear is lost, so `polls` tells. */
static void job_poll(void)
{
	struct sched_poll op = { .ports = &poll_port, .nr_ports = 1 };

	event_disable(1);
	event_mask(poll_port);
	event_clear(poll_port);
	polls++;
	poll_result = hv_sched_op(SCHEDOP_poll, &op);
	polled++;
	event_enable(1);
}

static void second(uint64_t arg)
{
	(void)arg;
	event_init();
	event_enable(1);
	for (;;) {
		const uint64_t next = job;

		running = next;
		switch (next) {
		case JOB_BLOCK:
			job_block();
			continue;
		case JOB_POLL:
			job_poll();
			break;
		case JOB_READ:
			job_read();
			break;
		case JOB_WRITE:
			job_write();
			break;
		case JOB_UPDATE:
			job_update();
			break;
		case JOB_SPIN:
			while (!stop)
				asm volatile("pause");
			break;
		default:
			asm volatile("pause");
			continue;
		}
		job = JOB_NONE;
	}
}

/* Once it does not come to its next job no later test can succeed. */
static bool has_begun(uint64_t what)
{
	static bool hangs;

	if (!hangs && smp_wait(&running, what))
		return true;
	test_fail(__LINE__, "vCPU 1 hangs%s, in job %lu",
		  hangs ? " since an earlier test" : "", running);
	hangs = true;
	return false;
}

static bool start(uint64_t what)
{
	stop = 0;
	job = what;
	return has_begun(what);
}

static bool finish(void)
{
	stop = 1;
	return has_begun(JOB_NONE);
}

static void test_start(void)
{
	event_init();
	const int64_t a = event_bind_ipi(0), b = event_bind_ipi(1);

	REQUIRE(a > 0 && b > 0);
	to_0 = a;
	to_1 = b;
	event_register(to_0, on_ipi, NULL);
	event_register(to_1, on_ipi, NULL);
	event_enable(0);
	REQUIRE_EQ(smp_start(1, second, 0), 0);
	REQUIRE(start(JOB_SPIN));
}

/* One at a time, each seen by the other vCPU only. */
static void test_ipis(void)
{
	for (uint64_t i = 1; i <= 200; i++) {
		REQUIRE_EQ(event_send(to_1), 0);
		REQUIRE(smp_wait(&ipis[1], i));
	}
	REQUIRE_EQ(ipis[0], 0);
	REQUIRE_EQ(event_send(to_0), 0);
	REQUIRE_EQ(ipis[0], 1);
	REQUIRE(finish());
}

static void test_wake_blocked(void)
{
	REQUIRE(start(JOB_BLOCK));
	for (int i = 0; i < 50; i++) {
		const uint64_t before = ipis[1];

		for (const uint64_t end = now() + MS; now() < end;)
			;
		REQUIRE_EQ(event_send(to_1), 0);
		REQUIRE(smp_wait(&ipis[1], before + 1));
	}
	job = JOB_NONE;
	REQUIRE_EQ(event_send(to_1), 0);
	REQUIRE(has_begun(JOB_NONE));
}

/* A PV spinlock's kick: the port is masked, the poll ends all the same. */
static void test_wake_poller(void)
{
	poll_port = event_bind_ipi(1);
	for (uint64_t i = 1; i <= 20; i++) {
		REQUIRE(start(JOB_POLL));
		REQUIRE(smp_wait(&polls, i));
		for (const uint64_t end = now() + 2 * MS; now() < end;)
			;
		REQUIRE_EQ(polled, i - 1);
		REQUIRE_EQ(event_send(poll_port), 0);
		REQUIRE(smp_wait(&polled, i));
		REQUIRE_EQ(poll_result, 0);
		REQUIRE(has_begun(JOB_NONE));
	}
	REQUIRE_EQ(event_close(poll_port), 0);
}

static void test_move_channel(void)
{
	const int64_t port = event_alloc(DOMID_SELF);
	const int64_t peer = event_bind_interdomain(DOMID_SELF, port);
	struct evtchn_bind_vcpu op = { .port = port, .vcpu = 1 };

	REQUIRE(port > 0 && peer > 0);
	event_register(port, on_ipi, NULL);
	REQUIRE(start(JOB_SPIN));
	uint64_t before[2] = { ipis[0], ipis[1] };

	REQUIRE_EQ(event_send(peer), 0);
	REQUIRE_EQ(ipis[0], before[0] + 1);
	REQUIRE_EQ(hv_event_channel_op(EVTCHNOP_bind_vcpu, &op), 0);
	REQUIRE_EQ(event_send(peer), 0);
	REQUIRE(smp_wait(&ipis[1], before[1] + 1));
	REQUIRE_EQ(ipis[0], before[0] + 1);
	REQUIRE(finish());
	REQUIRE_EQ(event_close(peer), 0);
	REQUIRE_EQ(event_close(port), 0);
}

static int64_t ext(unsigned int cmd, const void *va, const void *mask)
{
	const struct mmuext_op op = {
		.cmd = cmd, .arg1.linear_addr = (uint64_t)va,
		.arg2.vcpumask = mask,
	};

	return hv_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

static int64_t remap(uint64_t *pte, void *va, uint64_t new, unsigned int how)
{
	static const uint64_t mask = 3;
	int64_t rc = 0;

	switch (how % 6) {
	case 0:
		return hv_update_va_mapping((uint64_t)va, new, UVMF_INVLPG |
					    UVMF_ALL);
	case 1:
		return hv_update_va_mapping((uint64_t)va, new, UVMF_INVLPG |
					    (uint64_t)&mask);
	case 2:
		return hv_update_va_mapping((uint64_t)va, new,
					    UVMF_TLB_FLUSH | (uint64_t)&mask);
	case 3:
		rc = pt_write(pte, new);
		return rc ? rc : ext(MMUEXT_INVLPG_MULTI, va, &mask);
	case 4:
		rc = pt_write(pte, new);
		return rc ? rc : ext(MMUEXT_TLB_FLUSH_MULTI, NULL, &mask);
	default:
		rc = pt_write(pte, new);
		return rc ? rc : ext(MMUEXT_INVLPG_ALL, va, NULL);
	}
}

/* After the flush the other vCPU, reading all the time, sees the new page. */
static void test_remote_flush(void)
{
	uint64_t *pages[2] = { page_alloc(), page_alloc() };
	void *va = va_alloc();
	uint64_t *pte = pt_entry(NULL, va, 1);

	pages[0][0] = 100;
	pages[1][0] = 101;
	REQUIRE_EQ(pt_set(va, machine_address(pages[0]) | PTE_KERNEL), 0);
	target = va;
	REQUIRE(start(JOB_READ));
	for (unsigned int i = 1; i <= 300; i++) {
		REQUIRE_EQ(remap(pte, va, machine_address(pages[i % 2]) |
				 PTE_KERNEL, i), 0);
		/* marks only the new page: an old translation cannot see it */
		pages[i % 2][0] = 1000 + i;
		REQUIRE(smp_wait(&value, 1000 + i));
	}
	REQUIRE(finish());
	REQUIRE_EQ(pt_set(va, 0), 0);
}

static bool stop_writing(struct pv_regs *regs)
{
	if (os_vcpu() != 1 || regs->vector != TRAP_PF)
		return false;
	faulted = 1;
	/* resume at a safe place: pretend the store was done */
	target = &writes;
	regs->rip = (uint64_t)second;
	regs->rdi = 0;
	return true;
}

/*
 * The other vCPU writes to a page all the time while we take the write
 * permission away and make the page a table: it must fault, and the table
 * must not change.
 */
static void test_table_is_not_writable(void)
{
	for (int round = 0; round < 10; round++) {
		uint64_t *page = page_alloc();

		target = page;
		faulted = 0;
		writes = 0;
		trap_hook = stop_writing;
		REQUIRE(start(JOB_WRITE));
		while (writes < 1000)
			asm volatile("pause");
		job = JOB_NONE;
		/* no flush asked for: the type change must do it */
		REQUIRE_EQ(hv_update_va_mapping((uint64_t)page,
						machine_address(page) | PTE_RO,
						UVMF_NONE), 0);
		REQUIRE_EQ(mmuext(MMUEXT_PIN_L2_TABLE, pv_frame(page)), 0);
		REQUIRE(smp_wait(&faulted, 1));
		trap_hook = NULL;
		REQUIRE_EQ(mmuext(MMUEXT_UNPIN_TABLE, pv_frame(page)), 0);
		REQUIRE(has_begun(JOB_NONE));
	}
}

static void test_updates_from_both(void)
{
	uint64_t *l1 = pt_entry(NULL, va_alloc(), 1);

	target = l1 + 100;
	writes = 0;
	REQUIRE(start(JOB_UPDATE));
	for (unsigned int i = 0; i < 3000; i++) {
		const struct mmu_update req = {
			.ptr = machine_address(l1 + 101), .val = i << 12,
		};

		REQUIRE_EQ(hv_mmu_update(&req, 1, NULL, DOMID_SELF), 0);
		REQUIRE_EQ(l1[101], (uint64_t)i << 12);
	}
	for (const uint64_t end = now() + PATIENCE; !writes && now() < end;)
		;
	REQUIRE(writes > 0);
	REQUIRE(finish());
	REQUIRE_EQ(pt_write(&l1[100], 0), 0);
	REQUIRE_EQ(pt_write(&l1[101], 0), 0);
}

const struct test tests[] = {
	TEST(start),
	TEST(ipis),
	TEST(wake_blocked),
	TEST(wake_poller),
	TEST(move_channel),
	TEST(remote_flush),
	TEST(table_is_not_writable),
	TEST(updates_from_both),
	TESTS_END
};
