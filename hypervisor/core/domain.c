// SPDX-License-Identifier: BSD-2-Clause
/*
 * Domains: the table of them by id, references, pausing, shutting down and
 * destroying.
 *
 * The table (RANK_DOMAINS) holds one reference to a domain until it is dead.
 * A structure is freed, from a work item, after the last reference; it leaves
 * the table before, under the lock, so domain_get() never meets a freed one.
 *
 * Destruction goes through the stages of domain_destroy(), each of which can
 * stop and be called again; a stage never needs what an earlier one took
 * away. What other domains still map of a dead domain keeps its structure.
 */
#include "core/domain.h"

#include "core/event.h"
#include "core/granttab.h"
#include "core/refusal.h"
#include "core/sched.h"
#include "core/schedop.h"
#include "core/shutdown.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "lib/rangeset.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/mmu.h"
#include "pv/pvclock.h"
#include "x86/irq.h"
#include "xen/errno.h"
#include "xen/event_channel.h"
#include "xen/sched.h"

#define IDS_PER_PAGE 512
#define PEERS_SIZE PAGE_SIZE /* words that hold a bit for each id */

#define EVENT_PORTS_DEFAULT 1024
#define GRANT_FRAMES_DEFAULT 64
#define MAPTRACK_FRAMES_DEFAULT 1024

static struct spinlock domains_lock = SPINLOCK(RANK_DOMAINS);
/* By id; pages are made as needed and stay. RANK_DOMAINS to write. */
static struct domain **pages[DOMID_FIRST_RESERVED / IDS_PER_PAGE + 1];
/* The next search for a free one starts behind it. */
static uint16_t last_id GUARDED_BY(domains_lock);

struct domain *hardware_domain, *domain_xen, *domain_io;
struct shared_info no_shared;

static void domain_free(void *data);

struct domain *domain_of_id(uint16_t id)
{
	struct domain *const *page;

	if (id == DOMID_XEN)
		return domain_xen;
	if (id == DOMID_IO)
		return domain_io;
	if (id >= DOMID_FIRST_RESERVED)
		return NULL;
	page = load_acquire(&pages[id / IDS_PER_PAGE]);
	return page ? load_acquire(&page[id % IDS_PER_PAGE]) : NULL;
}

bool domain_ref(struct domain *d)
{
	uint32_t refs = read_once(&d->refs);

	do {
		if (refs == 0)
			return false;
	} while (!atomic_cas(&d->refs, &refs, refs + 1));
	return true;
}

void domain_put(struct domain *d)
{
	if (atomic_sub(&d->refs, 1) == 0)
		work_queue(&d->free_work);
}

struct domain *domain_get(uint16_t id)
{
	struct domain *d = current->domain;

	if (d && d->id == id) {
		atomic_add(&d->refs, 1); /* it runs, so it has references */
		return d;
	}
	if (id >= DOMID_FIRST_RESERVED)
		return NULL;
	spin_lock(&domains_lock);
	d = domain_of_id(id);
	if (d && !domain_ref(d))
		d = NULL;
	spin_unlock(&domains_lock);
	return d;
}

struct domain *domain_get_or_self(uint16_t id)
{
	return domain_get(id == DOMID_SELF ? current->domain->id : id);
}

int domain_get_target(uint16_t id, struct domain **d)
{
	const struct domain *const self = current->domain;

	if (id != DOMID_SELF && id != self->id && !self->privileged)
		return reject(-EPERM, "d%u is not its own", id);
	*d = domain_get_or_self(id);
	return *d ? 0 : reject(-ESRCH, "there is no d%u", id);
}

unsigned domain_table_pages(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		n += load_acquire(&pages[i]) != NULL;
	return n;
}

struct domain *domain_next(uint16_t id)
{
	struct domain *found = NULL;

	spin_lock(&domains_lock);
	for (unsigned i = id; i < DOMID_FIRST_RESERVED && !found; i++) {
		if (!pages[i / IDS_PER_PAGE]) {
			i |= IDS_PER_PAGE - 1;
			continue;
		}
		found = domain_of_id((uint16_t)i);
		if (found && !domain_ref(found))
			found = NULL;
	}
	spin_unlock(&domains_lock);
	return found;
}

struct domain *domain_after(struct domain *d)
{
	const uint16_t id = d->id;

	domain_put(d);
	return domain_next(id + 1);
}

uint16_t domain_free_id(void)
{
	uint16_t found = DOMID_INVALID;

	spin_lock(&domains_lock);
	for (unsigned n = 0; n < DOMID_FIRST_RESERVED - 1u; n++) {
		/* 1 .. DOMID_FIRST_RESERVED - 1, from last_id + 1 around. */
		const unsigned id =
			(last_id + n) % (DOMID_FIRST_RESERVED - 1u) + 1;

		if (domain_of_id((uint16_t)id))
			continue;
		found = last_id = (uint16_t)id;
		break;
	}
	spin_unlock(&domains_lock);
	return found;
}

void domain_wall_changed(void)
{
	/* Under the lock that destruction takes the shared page away with. */
	spin_lock(&domains_lock);
	for (unsigned i = 0; i < DOMID_FIRST_RESERVED; i++) {
		struct domain *d;

		if (!pages[i / IDS_PER_PAGE]) {
			i |= IDS_PER_PAGE - 1;
			continue;
		}
		d = domain_of_id((uint16_t)i);
		if (d)
			pvclock_update_wall(d);
	}
	spin_unlock(&domains_lock);
}

/* Creation */

static int table_insert(struct domain *d)
{
	struct domain ***const slot = &pages[d->id / IDS_PER_PAGE];
	struct domain **page = NULL;
	int rc = 0;

	if (!load_acquire(slot))
		page = page_alloc();
	spin_lock(&domains_lock);
	if (!*slot) {
		store_release(slot, page);
		page = NULL;
	}
	if (!*slot)
		rc = -ENOMEM;
	else if ((*slot)[d->id % IDS_PER_PAGE])
		rc = reject(-EEXIST, "d%u exists already", d->id);
	else
		store_release(&(*slot)[d->id % IDS_PER_PAGE], d);
	spin_unlock(&domains_lock);
	if (page)
		page_free(page);
	return rc;
}

static struct domain *structure_create(uint16_t id)
{
	struct domain *const d = heap_alloc(sizeof(*d));

	if (!d)
		return NULL;
	d->id = id;
	d->refs = 1;
	d->free_work.fn = domain_free;
	d->free_work.data = d;
	d->weight = SCHED_WEIGHT_DEFAULT;
	d->pause_count = 1;
	spin_init(&d->pages_lock, RANK_PAGES);
	spin_init(&d->pt_lock, RANK_PT);
	list_init(&d->walks);
	return d;
}

void domain_init(void)
{
	domain_xen = structure_create(DOMID_XEN);
	domain_io = structure_create(DOMID_IO);
	ASSERT(domain_xen && domain_io);
	domain_xen->max_pages = domain_io->max_pages = ~0ull;
}

static void set_limits(struct domain *d, const struct domain_config *config)
{
	d->privileged = d->hardware = config->privileged;
	/* Its creator unpauses a guest by a domctl. */
	d->control_pauses = !d->privileged;
	memcpy(d->handle, config->handle, sizeof(d->handle));
	d->max_vcpus = config->max_vcpus;
	d->max_event_port = config->max_event_port;
	if (d->privileged || d->max_event_port >= EVTCHN_2L_NR_CHANNELS)
		d->max_event_port = EVTCHN_2L_NR_CHANNELS - 1;
	else if (!d->max_event_port)
		d->max_event_port = EVENT_PORTS_DEFAULT - 1;
	d->max_grant_frames = config->max_grant_frames < 0
				      ? GRANT_FRAMES_DEFAULT
				      : (unsigned)config->max_grant_frames;
	d->max_maptrack_frames =
		config->max_maptrack_frames < 0
			? MAPTRACK_FRAMES_DEFAULT
			: (unsigned)config->max_maptrack_frames;
	if (d->privileged)
		d->weight = SCHED_WEIGHT_DOM0;
}

static int shared_create(struct domain *d)
{
	d->shared = page_alloc();
	if (!d->shared)
		return -ENOMEM;
	memset(d->shared->evtchn_mask, 0xff, sizeof(d->shared->evtchn_mask));
	for (unsigned i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		d->shared->vcpu_info[i].evtchn_upcall_mask = 1;
	pvclock_update_wall(d);
	return 0;
}

/* Everything of a domain that is not in the table, but its vCPUs. */
static void contents_free(struct domain *d)
{
	grant_free(d);
	event_free(d);
	schedop_free(d);
	heap_free(d->peers);
	rangeset_destroy(d->iomem);
	rangeset_destroy(d->ioports);
	rangeset_destroy(d->irqs);
	heap_free(d->e820);
	heap_free(d->cpuid);
	refusal_free(d);
	heap_free(d);
}

static int contents_create(struct domain *d)
{
	int rc;

	d->iomem = rangeset_create();
	d->ioports = rangeset_create();
	d->irqs = rangeset_create();
	d->peers = heap_alloc(PEERS_SIZE);
	if (!d->iomem || !d->ioports || !d->irqs || !d->peers)
		return -ENOMEM;
	rc = refusal_init(d);
	if (!rc)
		rc = event_init(d);
	if (!rc)
		rc = grant_init(d);
	return rc;
}

int domain_create(
	uint16_t id, const struct domain_config *config, struct domain **out)
{
	struct domain *d;
	int rc;

	if (id >= DOMID_FIRST_RESERVED || config->max_vcpus < 1 ||
		config->max_vcpus > DOMAIN_VCPUS_MAX)
		return reject(-EINVAL, "the id or %u vCPUs", config->max_vcpus);
	d = structure_create(id);
	if (!d)
		return -ENOMEM;
	set_limits(d, config);
	rc = contents_create(d);
	if (!rc)
		rc = shared_create(d);
	if (!rc)
		rc = table_insert(d);
	if (rc) {
		if (d->shared)
			page_free(d->shared);
		contents_free(d);
		return rc;
	}

	/* Pages that are shown to it need their owner in the table. */
	frame_share(d->shared, d, false);
	rc = grant_grow(d, 1); /* tools write its entries 0 and 1 */
	if (rc) {
		while (domain_destroy(d))
			;
		return rc;
	}
	if (d->hardware)
		hardware_domain = d;
	*out = d;
	return 0;
}

/* Pausing */

static void pause_later(struct domain *d)
{
	struct vcpu *v;

	atomic_add(&d->pause_count, 1);
	for_each_vcpu (d, v)
		vcpu_sleep(v);
}

void domain_pause(struct domain *d)
{
	struct vcpu *v;

	pause_later(d);
	for_each_vcpu (d, v)
		if (v != current)
			vcpu_await_stop(v);
}

void domain_unpause(struct domain *d)
{
	struct vcpu *v;

	ASSERT(d->pause_count);
	if (atomic_sub(&d->pause_count, 1))
		return;
	for_each_vcpu (d, v)
		vcpu_wake(v);
}

/* Shutting down */

void domain_shutdown(struct domain *d, uint8_t reason)
{
	if (d->hardware)
		machine_shutdown(reason);
	if (atomic_xchg(&d->shutting_down, true))
		return;
	if (!d->shutdown_code)
		d->shutdown_code = reason + 1;
	pause_later(d);
	store_release(&d->shut_down, true);
	event_send_global_virq(VIRQ_DOM_EXC);
}

void domain_resume(struct domain *d)
{
	if (!d->shut_down)
		return;
	d->shut_down = false;
	d->crashed = false;
	d->shutdown_code = 0;
	store_release(&d->shutting_down, false);
	domain_unpause(d);
}

/* Destruction */

/* Nobody may follow the shared page's pointers once it can be freed. */
static void hide_shared(struct domain *d)
{
	void *const page = d->shared;
	struct vcpu *v;

	spin_lock(&domains_lock);
	for_each_vcpu (d, v)
		v->info = &no_shared.vcpu_info[0];
	d->shared = &no_shared;
	spin_unlock(&domains_lock);
	frame_unshare(page);
}

static void drop_claim(struct domain *d)
{
	uint64_t claimed;

	spin_lock(&d->pages_lock);
	claimed = d->claimed;
	d->claimed = 0;
	spin_unlock(&d->pages_lock);
	if (claimed)
		buddy_unclaim(claimed);
}

static int destroy_vcpus(struct domain *d)
{
	struct vcpu *v;

	for_each_vcpu (d, v)
		vcpu_destroy(v);
	hide_shared(d);
	drop_claim(d);
	return 0;
}

static int release_devices(struct domain *d)
{
	irq_release_domain(d);
	schedop_stop(d);
	return 0;
}

static int close_grants(struct domain *d)
{
	grant_close(d);
	return 0;
}

int domain_destroy(struct domain *d)
{
	static int (*const stages[])(struct domain *) = {
		event_close_all,
		release_devices,
		mmu_release,
		grant_release_mappings,
		destroy_vcpus,
		close_grants,
		mmu_unpin_all,
		frame_reclaim,
	};
	const unsigned nr = sizeof(stages) / sizeof(stages[0]);

	if (d->dying == DOMAIN_ALIVE) {
		spin_lock(&domains_lock);
		d->dying = DOMAIN_DYING;
		spin_unlock(&domains_lock);
		/* Whoever looked before has its lock or its reference. */
		domain_pause(d);
	}
	while (d->destroy_stage < nr) {
		const int rc = stages[d->destroy_stage](d);

		if (rc)
			return rc;
		d->destroy_stage++;
	}
	if (d->dying == DOMAIN_DYING) {
		d->dying = DOMAIN_DEAD;
		if (d->nr_pages)
			log_debug("d%u: dead, others use %lu of its pages",
				d->id, d->nr_pages);
		event_send_global_virq(VIRQ_DOM_EXC);
		domain_put(d); /* the table's */
	}
	return 0;
}

/* After the last reference, with no lock held. */
static void domain_free(void *data)
{
	struct domain *const d = data;

	spin_lock(&domains_lock);
	pages[d->id / IDS_PER_PAGE][d->id % IDS_PER_PAGE] = NULL;
	spin_unlock(&domains_lock);
	for (unsigned i = 0; i < DOMAIN_VCPUS_MAX; i++)
		if (d->vcpu[i])
			vcpu_free(d->vcpu[i]);
	log_debug("d%u: gone", d->id);
	contents_free(d);
	/* Tools that wait for it to vanish look again. */
	event_send_global_virq(VIRQ_DOM_EXC);
}
