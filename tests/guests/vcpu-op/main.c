/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves vcpu_op: counting vCPUs, bringing a second one up with the context
 * given, down and up again with its state kept; runstate by call and by
 * registered area; moving vcpu_info; NMIs and their masking; the errors.
 *
 * Machine: 2 2
 */
#include <xen/callback.h>
#include <xen/vcpu.h>

#include "tests/guests/lib/machine.h"
#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/smp.h"
#include "tests/guests/lib/test.h"
#include "tests/guests/lib/trap.h"
#include "tests/guests/lib/user.h"

#define MS 1000000UL

static int64_t op(int cmd, unsigned int vcpu)
{
	return hv_vcpu_op(cmd, vcpu, NULL);
}

static void test_count(void)
{
	REQUIRE_EQ(op(VCPUOP_is_up, 0), 1);
	REQUIRE_EQ(op(VCPUOP_is_up, 1), 0);
	for (unsigned int vcpu = 2; vcpu < 8192; vcpu++)
		REQUIRE_EQ(op(VCPUOP_is_up, vcpu), ENOENT_);
	REQUIRE_EQ(op(VCPUOP_is_up, ~0u), ENOENT_);
	REQUIRE_EQ(op(99, 0), ENOSYS_);
}

static void test_up_uninitialised(void)
{
	REQUIRE_EQ(op(VCPUOP_up, 1), EINVAL_);
	REQUIRE_EQ(op(VCPUOP_up, 2), ENOENT_);
}

static void never(uint64_t arg)
{
	os_panic("a vCPU runs that was refused (%#lx)", arg);
}

static void test_initialise_refused(void)
{
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_initialise, 1, (void *)0x1000), EFAULT_);
	struct vcpu_guest_context *c = smp_context(1, never, 0);

	c->ctrlreg[3] = xen_pfn_to_cr3(pv_frame(page_alloc()));
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_initialise, 1, c), EINVAL_);
	c = smp_context(1, never, 0);
	c->ctrlreg[3] = xen_pfn_to_cr3(foreign_frame());
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_initialise, 1, c), EINVAL_);
	c = smp_context(1, never, 0);
	c->event_callback_eip = 0x0000800000000000;
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_initialise, 1, c), EINVAL_);
	c = smp_context(1, never, 0);
	c->gdt_ents = 16;
	c->gdt_frames[0] = pv_frame(pt_root());
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_initialise, 1, c), EINVAL_);
	REQUIRE_EQ(op(VCPUOP_is_up, 1), 0);
	REQUIRE_EQ(op(VCPUOP_up, 1), EINVAL_);
}

static volatile uint64_t step, seen_arg, seen_vcpu, seen_mask, seen_fs;

static void second_vcpu(uint64_t arg)
{
	uint64_t local = 1000;

	seen_arg = arg;
	seen_vcpu = os_vcpu();
	seen_mask = event_vcpu_info(1)->evtchn_upcall_mask;
	asm volatile("movq %%fs:0, %0" : "=r"(seen_fs));
	for (;;) {
		step = ++local;
		smp_stop();
	}
}

static void test_initialise_and_up(void)
{
	uint64_t *page = page_alloc();
	struct vcpu_guest_context *c = smp_context(1, second_vcpu, 0x5a5a);

	page[0] = 0xf5;
	c->fs_base = (uint64_t)page;
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_initialise, 1, c), 0);
	REQUIRE_EQ(op(VCPUOP_is_up, 1), 0);
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_initialise, 1, c), EEXIST_);
	REQUIRE_EQ(step, 0);
	REQUIRE_EQ(op(VCPUOP_up, 1), 0);
	REQUIRE(smp_wait(&step, 1001));
	REQUIRE(smp_wait_down(1));
	REQUIRE_EQ(seen_arg, 0x5a5a);
	REQUIRE_EQ(seen_vcpu, 1);
	REQUIRE_EQ(seen_mask, 1);
	REQUIRE_EQ(seen_fs, 0xf5);
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_initialise, 1, c), EEXIST_);
}

/* Down is a pause: up goes on behind the call, stack and all. */
static void test_down_and_up(void)
{
	for (uint64_t i = 2; i < 20; i++) {
		REQUIRE_EQ(op(VCPUOP_is_up, 1), 0);
		REQUIRE_EQ(op(VCPUOP_up, 1), 0);
		REQUIRE(smp_wait(&step, 1000 + i));
		REQUIRE(smp_wait_down(1));
	}
}

/* It has left the hypervisor's hands, which it may not have when it is down. */
static bool is_off(unsigned int vcpu, struct vcpu_runstate_info *info)
{
	for (const uint64_t end = now() + PATIENCE; now() < end;)
		if (hv_vcpu_op(VCPUOP_get_runstate_info, vcpu, info) ||
		    info->state == RUNSTATE_offline)
			break;
	return info->state == RUNSTATE_offline;
}

static void test_runstate(void)
{
	struct vcpu_runstate_info info = { .state = -1 };

	REQUIRE_EQ(hv_vcpu_op(VCPUOP_get_runstate_info, 0, &info), 0);
	REQUIRE_EQ(info.state, RUNSTATE_running);
	REQUIRE(info.time[RUNSTATE_running] > 0);
	REQUIRE(info.state_entry_time <= now());
	const uint64_t before = info.time[RUNSTATE_running];

	for (const uint64_t end = now() + 20 * MS; now() < end;)
		;
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_get_runstate_info, 0, &info), 0);
	REQUIRE(info.time[RUNSTATE_running] >= before + 10 * MS);
	REQUIRE(is_off(1, &info));
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_get_runstate_info, 2, &info), ENOENT_);
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_get_runstate_info, 0, (void *)0x1000),
		   EFAULT_);
}

static struct vcpu_runstate_info areas[2];

static int64_t register_runstate(unsigned int vcpu, void *address)
{
	struct vcpu_register_runstate_memory_area area = {
		.addr.p = (uint64_t)address,
	};

	return hv_vcpu_op(VCPUOP_register_runstate_memory_area, vcpu, &area);
}

static void test_runstate_area(void)
{
	REQUIRE_EQ(register_runstate(0, &areas[0]), 0);
	REQUIRE_EQ(areas[0].state, RUNSTATE_running);
	REQUIRE(areas[0].state_entry_time != 0);
	REQUIRE_EQ(register_runstate(1, &areas[1]), 0);
	const uint64_t was = step;

	REQUIRE_EQ(op(VCPUOP_up, 1), 0);
	REQUIRE(smp_wait(&step, was + 1));
	REQUIRE(smp_wait_down(1));
	struct vcpu_runstate_info info = { .state = -1 };

	/* written when it ran, perhaps also when it went down */
	REQUIRE(is_off(1, &info));
	REQUIRE(areas[1].state == RUNSTATE_running ||
		areas[1].state == RUNSTATE_offline);
	REQUIRE(areas[1].time[RUNSTATE_running] <=
		info.time[RUNSTATE_running]);
	REQUIRE(areas[1].time[RUNSTATE_offline] > 0);
	REQUIRE(register_runstate(0, NULL) <= 0);
}

static int64_t move_info(unsigned int vcpu, uint64_t mfn, uint32_t offset)
{
	struct vcpu_register_vcpu_info reg = { .mfn = mfn, .offset = offset };

	return hv_vcpu_op(VCPUOP_register_vcpu_info, vcpu, &reg);
}

static unsigned int seen;

static void note(uint32_t port, void *data)
{
	(void)port;
	(void)data;
	seen++;
}

static void test_move_vcpu_info(void)
{
	char *page = page_alloc();
	const uint64_t mfn = pv_frame(page);

	/* a range that leaves the page */
	REQUIRE(move_info(0, mfn, 4096 - 32) < 0);
	REQUIRE_EQ(move_info(0, foreign_frame(), 0), EINVAL_);
	REQUIRE_EQ(move_info(2, mfn, 0), ENOENT_);
	event_init();
	event_disable(0);
	REQUIRE_EQ(move_info(0, mfn, 128), 0);
	event_set_vcpu_info(0, (void *)(page + 128));
	REQUIRE_EQ(event_vcpu_info(0)->evtchn_upcall_mask, 1);
	REQUIRE_EQ(event_vcpu_info(0)->evtchn_upcall_pending, 1);
	REQUIRE_EQ(event_vcpu_info(0)->evtchn_pending_sel, ~0UL);
	REQUIRE(event_vcpu_info(0)->time.tsc_to_system_mul != 0);
	/* once is enough */
	REQUIRE_EQ(move_info(0, mfn, 256), EINVAL_);
	event_dispatch(0);
	const int64_t port = event_bind_ipi(0);

	REQUIRE(port > 0);
	event_register(port, note, NULL);
	event_enable(0);
	REQUIRE_EQ(event_send(port), 0);
	event_disable(0);
	REQUIRE_EQ(seen, 1);
	REQUIRE_EQ(event_close(port), 0);
	/* time goes on there */
	const uint64_t before = now();

	for (int i = 0; i < 1000; i++)
		hv_xen_version(0, NULL);
	REQUIRE(now() > before);
	/* and the page cannot become a page table */
	REQUIRE_EQ(pt_protect(page, false), 0);
	REQUIRE(mmuext(MMUEXT_PIN_L1_TABLE, mfn) != 0);
	REQUIRE_EQ(pt_protect(page, true), 0);
}

static void test_move_down_vcpu_info(void)
{
	char *page = page_alloc();

	REQUIRE_EQ(op(VCPUOP_is_up, 1), 0);
	REQUIRE_EQ(move_info(1, pv_frame(page), 0), 0);
	REQUIRE_EQ(move_info(1, pv_frame(page), 0), EINVAL_);
}

static unsigned int nmis;
static bool nmi_again;

static bool count_nmis(struct pv_regs *regs)
{
	if (regs->vector != TRAP_NMI)
		return false;
	nmis++;
	if (nmi_again) {
		/* waits until this one has returned by iret */
		nmi_again = false;
		op(VCPUOP_send_nmi, 0);
		if (nmis != 1)
			nmis += 100;
	}
	return true;
}

static void test_nmi(void)
{
	trap_hook = count_nmis;
	REQUIRE_EQ(op(VCPUOP_send_nmi, 0), 0);
	REQUIRE_EQ(nmis, 1);
	nmis = 0;
	nmi_again = true;
	REQUIRE_EQ(op(VCPUOP_send_nmi, 0), 0);
	trap_hook = NULL;
	REQUIRE_EQ(nmis, 2);
	REQUIRE_EQ(op(VCPUOP_send_nmi, 2), ENOENT_);
}

static void test_timers_of_others(void)
{
	struct vcpu_set_singleshot_timer timer = { .timeout_abs_ns = 1 };

	REQUIRE_EQ(hv_vcpu_op(VCPUOP_set_singleshot_timer, 1, &timer),
		   EINVAL_);
	REQUIRE_EQ(op(VCPUOP_stop_singleshot_timer, 1), EINVAL_);
	REQUIRE_EQ(op(VCPUOP_stop_periodic_timer, 1), 0);
}

/* A callback for it goes before the trap table. */
static void test_nmi_callback(void)
{
	struct callback_register callback = {
		.type = CALLBACKTYPE_nmi,
		.address = (uint64_t)pv_exceptions[TRAP_NMI],
	};

	REQUIRE_EQ(hv_callback_op(CALLBACKOP_register, &callback), 0);
	nmis = 0;
	trap_hook = count_nmis;
	REQUIRE_EQ(op(VCPUOP_send_nmi, 0), 0);
	trap_hook = NULL;
	REQUIRE_EQ(nmis, 1);
}

static void test_bad_pointers(void)
{
	void *const nowhere = (void *)0x1000;

	REQUIRE_EQ(hv_vcpu_op(VCPUOP_set_periodic_timer, 0, nowhere), EFAULT_);
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_set_singleshot_timer, 0, nowhere),
		   EFAULT_);
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0,
			      nowhere), EFAULT_);
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_register_runstate_memory_area, 0,
			      nowhere), EFAULT_);
	REQUIRE_EQ(hv_vcpu_op(VCPUOP_register_vcpu_info, 0, nowhere), EFAULT_);
}

const struct test tests[] = {
	TEST(count),
	TEST(up_uninitialised),
	TEST(initialise_refused),
	TEST(initialise_and_up),
	TEST(down_and_up),
	TEST(runstate),
	TEST(runstate_area),
	TEST(move_vcpu_info),
	TEST(move_down_vcpu_info),
	TEST(nmi),
	TEST(timers_of_others),
	TEST(bad_pointers),
	TEST(nmi_callback),
	TESTS_END
};
