// SPDX-License-Identifier: BSD-2-Clause
/*
 * The log and the consoles. Every line of ours goes into the ring and, up to
 * the chosen level, to the serial port and the screen; dom0's console output
 * goes to the devices only.
 *
 * The ring's position counts bytes since boot; the ring holds the last
 * RING_SIZE of them. Everything here changes under the lock, but in a panic,
 * when there is no other CPU left to wait for.
 *
 * Serial input goes to dom0. Three Ctrl-A in a row switch it to us, where a
 * key is a question about the hypervisor's state, and back.
 */
#include "core/console.h"

#include "boot/boot.h"
#include "boot/acpi.h"
#include "boot/cmdline.h"
#include "core/debugkey.h"
#include "core/domain.h"
#include "core/event.h"
#include "dev/uart.h"
#include "dev/vga.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "x86/clock.h"
#include "x86/irq.h"

#define RING_SIZE 131072u
#define INPUT_SIZE 1024u
#define LINE_SIZE 256
#define SWITCH_KEY 1 /* Ctrl-A */
#define SWITCH_COUNT 3

/* What guests may cause: this many lines in this time. */
#define GUEST_LINES 50
#define GUEST_PERIOD_NS 5000000000ull

static struct spinlock lock = SPINLOCK(RANK_CONSOLE);
static char ring[RING_SIZE];
static uint64_t ring_end; /* bytes ever written */
static uint64_t ring_told; /* those dom0 was told of */
static uint64_t ring_cleared; /* up to here they do not count */
static bool forced; /* panic: no locks */
static bool at_line_start = true;
static enum log_level threshold = DEBUG ? LOG_DEBUG : LOG_INFO;
static bool silent; /* loglvl=none */
static bool serial_on, screen_on;
static bool screen_usable; /* it is on, or was until dom0 got it */

static char input[INPUT_SIZE];
static unsigned input_start, input_end; /* counting up */
static unsigned nr_switch_keys;
static bool input_is_ours;

static uint64_t guest_period;
static unsigned guest_lines, guest_dropped;

static uint64_t console_lock(void) ACQUIRE(lock) UNCHECKED
{
	return forced ? 0 : spin_lock_irq(&lock);
}

/* dom0 records the log: told later, for the caller may hold any lock. */
static void tell_news(void *)
{
	event_send_global_virq(VIRQ_CON_RING);
}

static void console_unlock(uint64_t flags) RELEASE(lock) UNCHECKED
{
	static struct work work = { .fn = tell_news };
	const bool news = ring_end != ring_told && hardware_domain;

	if (forced)
		return;
	ring_told = ring_end;
	spin_unlock_irq(&lock, flags);
	if (news)
		work_queue(&work);
}

static void devices_write(const char *text, size_t size) REQUIRES(lock)
{
	if (!size)
		return;
	if (serial_on)
		uart_write(text, size);
	if (screen_on)
		vga_write(text, size);
	at_line_start = text[size - 1] == '\n';
}

/* A whole line; on the devices it does not begin within another's. */
static void line_write(const char *text, size_t size, bool show) REQUIRES(lock)
{
	for (size_t i = 0; i < size; i++)
		ring[ring_end++ % RING_SIZE] = text[i];
	if (!show)
		return;
	if (!at_line_start)
		devices_write("\n", 1);
	devices_write(text, size);
}

static void log_line_v(enum log_level level, const char *fmt, va_list args)
{
	static const char *const marks[] = { "error: ", "warning: ", "", "" };
	char text[LINE_SIZE];
	int size = format_string(text, sizeof(text), "(shoji) %s",
		marks[level]);
	uint64_t flags;

	size += format_string_v(
		text + size, sizeof(text) - (size_t)size - 1, fmt, args);
	if (size > LINE_SIZE - 2)
		size = LINE_SIZE - 2;
	text[size++] = '\n';
	flags = console_lock();
	line_write(text, (size_t)size,
		forced || (!silent && level <= threshold));
	console_unlock(flags);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line_v(level, fmt, args);
	va_end(args);
}

/* Whether a guest's line may pass; *dropped are those that could not. */
static bool guest_may_log(unsigned *dropped)
{
	const uint64_t flags = console_lock();
	const uint64_t time = now();
	bool pass;

	*dropped = 0;
	if (time - guest_period > GUEST_PERIOD_NS) {
		guest_period = time;
		guest_lines = 0;
		*dropped = guest_dropped;
		guest_dropped = 0;
	}
	pass = guest_lines < GUEST_LINES;
	if (pass)
		guest_lines++;
	else
		guest_dropped++;
	console_unlock(flags);
	return pass;
}

void log_guest(enum log_level level, const char *fmt, ...)
{
	unsigned dropped;
	va_list args;

	if (level > threshold || !guest_may_log(&dropped))
		return;
	if (dropped)
		log_warn("%u lines about guests were left out", dropped);
	va_start(args, fmt);
	log_line_v(level, fmt, args);
	va_end(args);
}

bool console_set_level(const char *name)
{
	static const struct {
		const char *name;
		enum log_level level;
		bool silent;
	} levels[] = {
		{ "none", LOG_ERROR, true },
		{ "error", LOG_ERROR, false },
		{ "warning", LOG_WARN, false },
		{ "info", LOG_INFO, false },
		{ "debug", LOG_DEBUG, false },
		{ "all", LOG_DEBUG, false },
	};

	for (unsigned i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (!strcmp(name, levels[i].name)) {
			threshold = levels[i].level;
			silent = levels[i].silent;
			return true;
		}
	return false;
}

/* Devices */

/* What was said before there was a device. */
static void replay(void (*write)(const char *text, size_t size))
{
	if (ring_end <= RING_SIZE)
		write(ring, ring_end);
}

void console_init(void)
{
	if (options.console_serial) {
		serial_on = uart_init(options.com1_port, options.com1_baud);
		if (serial_on)
			replay(uart_write);
	}
	if (options.console_screen && boot_info.screen.present) {
		screen_on = vga_init(&boot_info.screen);
		screen_usable = screen_on;
		if (screen_on)
			replay(vga_write);
	}
}

void console_remap(void)
{
	if (screen_on)
		vga_remap(&boot_info.screen);
}

void console_release_screen(void)
{
	screen_on = false;
}

void console_force(void)
{
	forced = true;
	screen_on = screen_usable; /* dom0 has no more use for it */
}

bool console_ports(uint16_t *first, unsigned *nr)
{
	*first = options.com1_port;
	*nr = 8;
	return serial_on;
}

/* Output of dom0 */

void console_guest_write(const char *text, size_t size)
{
	const uint64_t flags = console_lock();

	devices_write(text, size);
	console_unlock(flags);
}

/* Input */

/* A character for dom0, or for us; true if dom0 should be told. */
static bool accept(char c, char *key)
{
	nr_switch_keys = c == SWITCH_KEY ? nr_switch_keys + 1 : 0;
	if (nr_switch_keys == SWITCH_COUNT) {
		nr_switch_keys = 0;
		input_is_ours = !input_is_ours;
		*key = input_is_ours ? '\n' : '\r';
		return false;
	}
	if (input_is_ours) {
		*key = c;
		return false;
	}
	if (input_end - input_start < INPUT_SIZE)
		input[input_end++ % INPUT_SIZE] = c;
	return true;
}

static void serial_interrupt(void *)
{
	bool tell = false;

	for (;;) {
		uint64_t flags;
		char key = 0;
		int c;

		flags = console_lock();
		c = uart_read();
		if (c >= 0)
			tell |= accept((char)c, &key);
		console_unlock(flags);
		if (c < 0)
			break;
		if (key == '\n' || key == '\r')
			log_info("input goes to %s (Ctrl-A three times: back)",
				key == '\n' ? "the hypervisor" : "dom0");
		else if (key)
			debug_key(key);
	}
	if (tell)
		event_send_global_virq(VIRQ_CONSOLE);
}

void console_init_irq(void)
{
	bool level, active_low;
	unsigned gsi;
	int rc;

	if (!serial_on)
		return;
	gsi = acpi_isa_gsi(options.com1_irq, &level, &active_low);
	rc = irq_request(gsi, level, active_low, serial_interrupt, NULL);
	if (rc)
		log_warn("console: no serial input, GSI %u: %d", gsi, -rc);
	else
		uart_enable_irq();
}

size_t console_guest_read(char *to, size_t size)
{
	const uint64_t flags = console_lock();
	size_t nr = 0;

	while (nr < size && input_start != input_end)
		to[nr++] = input[input_start++ % INPUT_SIZE];
	console_unlock(flags);
	return nr;
}

/* The ring, for tools */

size_t console_ring_read(
	char *to, size_t size, uint32_t *index, bool incremental)
{
	const uint64_t flags = console_lock();
	uint64_t oldest = ring_end > RING_SIZE ? ring_end - RING_SIZE : 0;
	uint64_t from;
	size_t nr = 0;

	if (oldest < ring_cleared)
		oldest = ring_cleared;
	/* *index is the low half of a position in the last 4 GiB. */
	from = ring_end - (uint32_t)((uint32_t)ring_end - *index);
	if (!incremental || from < oldest || from > ring_end)
		from = oldest;
	while (nr < size && from < ring_end)
		to[nr++] = ring[from++ % RING_SIZE];
	*index = (uint32_t)from;
	console_unlock(flags);
	return nr;
}

void console_ring_clear(void)
{
	const uint64_t flags = console_lock();

	ring_cleared = ring_end;
	console_unlock(flags);
}
