/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the entry point to the host kernel: check start_info, map shared_info
 * over a page of .bss. Runs once, on the boot vCPU, with events masked.
 */
#include "pv-drivers/front/start.h"

#include "pv-drivers/front/event.h"
#include "pv-drivers/front/hypercall.h"
#include "pv-drivers/front/os.h"
#include "pv-drivers/front/regs.h"

struct start_info *pv_info;
struct shared_info *volatile pv_shared;

static char shared_page[PV_PAGE] __attribute__((aligned(PV_PAGE)));

void pv_start(struct start_info *info)
{
	pv_info = info;
	const int64_t rc = hv_update_va_mapping((uint64_t)shared_page,
						info->shared_info | PTE_KERNEL,
						UVMF_INVLPG);
	if (rc)
		os_panic("cannot map shared_info at machine address %#lx: %ld",
			 info->shared_info, rc);
	pv_shared = (struct shared_info *)shared_page;
	pv_main();
}

void pv_enter(struct pv_regs *regs)
{
	if (regs->vector == PV_VECTOR_EVENT)
		event_dispatch(os_vcpu());
	else
		os_trap(regs);
}

bool pv_is_dom0(void)
{
	return pv_info->flags & SIF_INITDOMAIN;
}
