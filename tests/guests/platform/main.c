/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proves what dom0 and its tools learn about the machine, and turning it off:
 * sysctl's answers (physinfo, scheduler, domains, pools, topology, features,
 * policies, log), platform_op's (CPUs, firmware), and at last ACPI power-off
 * by enter_acpi_sleep, which must end QEMU.
 *
 * Machine: 2 2
 */
#include <xen/platform.h>
#include <xen/sysctl.h>

#include "tests/guests/lib/memory.h"
#include "tests/guests/lib/test.h"

static int64_t sysctl(struct xen_sysctl *op, uint32_t cmd)
{
	op->cmd = cmd;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return PV_CALL1(__HYPERVISOR_sysctl, op);
}

static int64_t platform(struct xen_platform_op *op, uint32_t cmd)
{
	op->cmd = cmd;
	op->interface_version = XENPF_INTERFACE_VERSION;
	return PV_CALL1(__HYPERVISOR_platform_op, op);
}

static void test_physinfo(void)
{
	struct xen_sysctl op = { 0 };

	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_physinfo), 0);
	REQUIRE_EQ(op.u.physinfo.nr_cpus, 2);
	REQUIRE_EQ(op.u.physinfo.nr_nodes, 1);
	REQUIRE(op.u.physinfo.capabilities & XEN_SYSCTL_PHYSCAP_pv);
	REQUIRE(op.u.physinfo.capabilities & XEN_SYSCTL_PHYSCAP_gnttab_v1);
	/* 512 MiB but for the firmware's share; 128 of them are ours */
	REQUIRE(op.u.physinfo.total_pages > 480 << 8);
	REQUIRE(op.u.physinfo.total_pages <= 512 << 8);
	REQUIRE(op.u.physinfo.free_pages < op.u.physinfo.total_pages -
					   pv_info->nr_pages);
	REQUIRE(op.u.physinfo.cpu_khz > 100000);
	REQUIRE(op.u.physinfo.hw_cap[0] != 0);
}

static void test_domain_list(void)
{
	static struct xen_domctl_getdomaininfo list[4];
	struct xen_sysctl op = {
		.u.getdomaininfolist = { .max_domains = 4, .buffer = list },
	};

	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_getdomaininfolist), 0);
	REQUIRE_EQ(op.u.getdomaininfolist.num_domains, 1);
	REQUIRE_EQ(list[0].domain, 0);
	REQUIRE_EQ(list[0].max_vcpu_id, 1);
	REQUIRE_EQ(list[0].tot_pages, pv_info->nr_pages);
	op.u.getdomaininfolist.first_domain = 1;
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_getdomaininfolist), 0);
	REQUIRE_EQ(op.u.getdomaininfolist.num_domains, 0);
	op.u.getdomaininfolist.first_domain = 0;
	op.u.getdomaininfolist.buffer = (void *)0x1000;
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_getdomaininfolist), EFAULT_);
}

/* One pool with all CPUs; asking for the next one ends a list. */
static void test_pools(void)
{
	uint8_t map[8] = { 0 };
	struct xen_sysctl op = {
		.u.cpupool_op = { .op = XEN_SYSCTL_CPUPOOL_OP_INFO,
				  .cpumap = { map, 64 } },
	};

	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_cpupool_op), 0);
	REQUIRE_EQ(op.u.cpupool_op.cpupool_id, 0);
	REQUIRE_EQ(op.u.cpupool_op.n_dom, 1);
	REQUIRE_EQ(map[0], 3);
	op.u.cpupool_op.cpupool_id = 1;
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_cpupool_op), ENOENT_);
	op.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_FREEINFO;
	op.u.cpupool_op.cpupool_id = 0;
	map[0] = 0xff;
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_cpupool_op), 0);
	REQUIRE_EQ(map[0], 0);
}

static void test_topology(void)
{
	struct xen_sysctl_cputopo cpus[4];
	struct xen_sysctl_meminfo memory[2];
	struct xen_sysctl op = { .u.cputopoinfo.num_cpus = 0 };

	/* without room, the count */
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_cputopoinfo), 0);
	REQUIRE_EQ(op.u.cputopoinfo.num_cpus, 2);
	op = (struct xen_sysctl){ .u.cputopoinfo = { 4, cpus } };
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_cputopoinfo), 0);
	REQUIRE_EQ(op.u.cputopoinfo.num_cpus, 2);
	REQUIRE_EQ(cpus[0].node, 0);
	REQUIRE_EQ(cpus[1].node, 0);
	REQUIRE(cpus[0].core != cpus[1].core ||
		cpus[0].socket != cpus[1].socket);
	op = (struct xen_sysctl){ .u.numainfo = { .num_nodes = 2,
						  .meminfo = memory } };
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_numainfo), 0);
	REQUIRE_EQ(op.u.numainfo.num_nodes, 1);
	REQUIRE(memory[0].memsize >= 480UL << 20);
	REQUIRE(memory[0].memfree < memory[0].memsize);
}

static void test_features_and_policies(void)
{
	static uint32_t words[32];
	static xen_cpuid_leaf_t leaves[200];
	static xen_msr_entry_t msrs[32];
	struct xen_sysctl op = {
		.u.cpu_featureset = { .index = XEN_SYSCTL_cpu_featureset_pv,
				      .nr_features = 32, .features = words },
	};

	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_get_cpu_featureset), 0);
	REQUIRE(op.u.cpu_featureset.nr_features >= 10);
	REQUIRE(words[0] & 1u << 25);		/* SSE */
	REQUIRE_EQ(words[0] & 1u << 3, 0);	/* no PSE for PV */
	op = (struct xen_sysctl){
		.u.cpu_policy = { .index = XEN_SYSCTL_cpu_policy_pv_default,
				  .nr_leaves = 200, .nr_msrs = 32,
				  .leaves = leaves, .msrs = msrs },
	};
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_get_cpu_policy), 0);
	REQUIRE(op.u.cpu_policy.nr_leaves > 4);
	REQUIRE_EQ(leaves[0].leaf, 0);
	REQUIRE(leaves[0].a >= 0xd);
	op.u.cpu_policy.index = 99;
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_get_cpu_policy), EINVAL_);
}

static bool contains(const char *text, uint32_t len, const char *word)
{
	for (uint32_t i = 0; i < len; i++) {
		uint32_t j = 0;

		while (word[j] && i + j < len && text[i + j] == word[j])
			j++;
		if (!word[j])
			return true;
	}
	return false;
}

/* The log has what the hypervisor said when it started. */
static void test_log(void)
{
	static char text[16384];
	struct xen_sysctl op = {
		.u.readconsole = { .buffer = text, .count = sizeof(text) },
	};

	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_readconsole), 0);
	REQUIRE(op.u.readconsole.count > 500);
	REQUIRE(contains(text, op.u.readconsole.count, "RAM") ||
		contains(text, op.u.readconsole.count, "memory"));
	/* incrementally: nothing new behind the index it gave */
	const uint32_t index = op.u.readconsole.index;

	op.u.readconsole = (struct xen_sysctl_readconsole){
		.incremental = 1, .index = index, .buffer = text,
		.count = sizeof(text),
	};
	REQUIRE_EQ(sysctl(&op, XEN_SYSCTL_readconsole), 0);
	REQUIRE(op.u.readconsole.count < 500);
}

static void test_cpus(void)
{
	struct xen_platform_op op = { .u.pcpu_info.xen_cpuid = 0 };

	REQUIRE_EQ(platform(&op, XENPF_get_cpuinfo), 0);
	REQUIRE_EQ(op.u.pcpu_info.max_present, 1);
	REQUIRE_EQ(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_ONLINE);
	REQUIRE_EQ(op.u.pcpu_info.apic_id, 0);
	op.u.pcpu_info.xen_cpuid = 1;
	REQUIRE_EQ(platform(&op, XENPF_get_cpuinfo), 0);
	REQUIRE_EQ(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_ONLINE);
	REQUIRE_EQ(op.u.pcpu_info.apic_id, 1);
	op.u.pcpu_info.xen_cpuid = 2;
	REQUIRE_EQ(platform(&op, XENPF_get_cpuinfo), 0);
	REQUIRE(op.u.pcpu_info.flags & XEN_PCPU_FLAGS_INVALID);
}

/* A BIOS machine: no EFI, disk lists that come to an end. */
static void test_firmware(void)
{
	struct xen_platform_op op = {
		.u.firmware_info = { .type = XEN_FW_EFI_INFO,
				     .index = XEN_FW_EFI_CONFIG_TABLE },
	};

	REQUIRE_EQ(platform(&op, XENPF_firmware_info), ENOSYS_);
	op.u.firmware_info.type = XEN_FW_DISK_INFO;
	op.u.firmware_info.index = 100;
	REQUIRE(platform(&op, XENPF_firmware_info) < 0);
	op.u.firmware_info.type = XEN_FW_DISK_MBR_SIGNATURE;
	REQUIRE(platform(&op, XENPF_firmware_info) < 0);
	op.u.firmware_info.type = 99;
	REQUIRE_EQ(platform(&op, XENPF_firmware_info), EINVAL_);
}

static void test_refused(void)
{
	struct xen_platform_op op = { 0 };

	REQUIRE_EQ(platform(&op, 9999), ENOSYS_);
	REQUIRE_EQ(PV_CALL1(__HYPERVISOR_platform_op, 0x1000), EFAULT_);
	op.u.enter_acpi_sleep.sleep_state = 99;
	REQUIRE(platform(&op, XENPF_enter_acpi_sleep) < 0);
}

/* S5 on QEMU's machines is sleep type 0; the bit that goes there is 13. */
static void test_power_off(void)
{
	struct xen_platform_op op = {
		.u.enter_acpi_sleep = { .val_a = 0x2000, .val_b = 0x2000,
					.sleep_state = 5 },
	};

	print("end\n");
	const int64_t rc = platform(&op, XENPF_enter_acpi_sleep);

	/* the last thing that this guest says, if it comes to that */
	REQUIRE_EQ(rc, 0);
	for (const uint64_t until = now() + PATIENCE; now() < until;)
		;
	REQUIRE(!"still running");
}

const struct test tests[] = {
	TEST(physinfo),
	TEST(domain_list),
	TEST(pools),
	TEST(topology),
	TEST(features_and_policies),
	TEST(log),
	TEST(cpus),
	TEST(firmware),
	TEST(refused),
	TEST(power_off),
	TESTS_END
};
