// SPDX-License-Identifier: BSD-2-Clause
/* Shoji's own hypercall, beyond the ABI: include/shoji/extension.h. */
#include "shoji/extension.h"

#include "core/domain.h"
#include "core/limits.h"
#include "core/policy.h"
#include "core/refusal.h"
#include "core/subop.h"
#include "core/vcpu.h"
#include "lib/string.h"
#include "mm/audit.h"
#include "mm/guestmem.h"
#include "pv/hypercall.h"
#include "shoji/limits.h"

/* The guest's buffer for an audit's differences. */
struct text {
	gva_t to;
	uint64_t size, used;
	bool fault;
};

/* A whole line, or nothing of it. */
static void tell(struct audit *a, const char *line)
{
	struct text *const text = a->data;
	const size_t length = strlen(line);

	if (text->size - text->used < length + 1)
		return;
	if (copy_to_guest(gva_add(text->to, text->used), line, length) ||
		copy_to_guest(gva_add(text->to, text->used + length), "\n", 1))
		text->fault = true;
	text->used += length + 1;
}

static int64_t do_audit(struct domain *, void *arg)
{
	struct shoji_audit *const op = arg;
	struct text text = { .to = op->text, .size = op->size };
	struct audit a = { .tell = tell, .data = &text };
	const int rc = audit_machine(&a);

	if (rc)
		return rc;
	if (text.fault)
		return -EFAULT;
	op->size = text.used;
	op->frames = a.frames;
	op->tables = a.tables;
	op->wrong = a.wrong;
	return 0;
}

/* Counts of a vCPU that runs are as of some moment of the call. */
static int64_t do_perf(struct domain *d, void *arg)
{
	const struct shoji_get_perf *const op = arg;
	const struct vcpu *v = domain_vcpu(d, op->vcpu);

	if (op->idle)
		v = op->vcpu < nr_cpus ? cpu_of(op->vcpu)->idle_vcpu : NULL;
	if (!v)
		return reject(-ENOENT, "there is no v%u", op->vcpu);
	return copy_to_guest(op->counts, v->perf, sizeof(v->perf)) ? -EFAULT
								   : 0;
}

static int64_t do_share(struct domain *a, void *arg)
{
	const struct shoji_share *const op = arg;
	struct domain *const b = domain_get(op->b);

	if (!b)
		return reject(-ESRCH, "there is no d%u", op->b);
	policy_pair(a, b, op->allow);
	domain_put(b);
	return 0;
}

int64_t hypercall_shoji(struct hypercall_args *a)
{
	static const struct subop ops[] = {
		[SHOJI_audit] = SUBOP(
			do_audit, shoji_audit, .dom0 = true, .back = true),
		[SHOJI_refusal] = SUBOP_ON(refusal_get, shoji_get_refusal,
			domid, .dom0 = true, .back = true),
		[SHOJI_limits] = SUBOP_ON(limits_get, shoji_get_limits,
			domid, .dom0 = true, .back = true),
		[SHOJI_share] = SUBOP_ON(do_share, shoji_share, a, .dom0 = true),
		[SHOJI_perf] = SUBOP_ON(
			do_perf, shoji_get_perf, domid, .dom0 = true),
	};

	return SUBOP_RUN(ops, (uint32_t)a->arg[0], (gva_t){a->arg[1]});
}
