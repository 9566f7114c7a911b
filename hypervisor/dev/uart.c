// SPDX-License-Identifier: BSD-2-Clause
/*
 * A 16550 UART, polled for output. A transmitter that does not become ready
 * in time is not waited for again until it is, because all of this happens
 * with interrupts off: a port that stands still (an emulator's whose reader
 * does) may lose text but not stop the machine.
 */
#include "dev/uart.h"

#include "x86/asm.h"

enum {
	DATA = 0,
	IRQ_ENABLE = 1,
	FIFO_CONTROL = 2,
	LINE_CONTROL = 3,
	MODEM_CONTROL = 4,
	LINE_STATUS = 5,
	SCRATCH = 7,
};

#define LINE_8N1 0x03
#define LINE_DIVISOR 0x80
#define FIFO_ON 0x07 /* and empty both */
#define MODEM_LINES 0x0b /* DTR, RTS, OUT2: interrupts pass */
#define STATUS_RECEIVED 0x01
#define STATUS_EMPTY 0x20
#define FIFO_SIZE 16
#define SPINS 100000

static uint16_t base;

bool uart_init(uint16_t port, unsigned baud)
{
	outb(port + SCRATCH, 0x5a);
	if (inb(port + SCRATCH) != 0x5a || inb(port + LINE_STATUS) == 0xff)
		return false;
	base = port;
	outb(base + IRQ_ENABLE, 0);
	if (baud) {
		const unsigned divisor = 115200 / baud;

		outb(base + LINE_CONTROL, LINE_8N1 | LINE_DIVISOR);
		outb(base + DATA, (uint8_t)divisor);
		outb(base + IRQ_ENABLE, (uint8_t)(divisor >> 8));
	}
	outb(base + LINE_CONTROL, LINE_8N1);
	outb(base + FIFO_CONTROL, FIFO_ON);
	outb(base + MODEM_CONTROL, MODEM_LINES);
	return true;
}

static void wait_empty(void)
{
	static bool stuck; /* last time: look, but do not wait */

	for (unsigned i = 0; i < (stuck ? 1 : SPINS); i++) {
		if (inb(base + LINE_STATUS) & STATUS_EMPTY) {
			stuck = false;
			return;
		}
		cpu_relax();
	}
	stuck = true;
}

void uart_write(const char *text, size_t size)
{
	static char last;
	unsigned room = 0;

	for (size_t i = 0; i < size; last = text[i], i++) {
		if (room < 2) {
			wait_empty();
			room = FIFO_SIZE;
		}
		if (text[i] == '\n' && last != '\r') {
			outb(base + DATA, '\r');
			room--;
		}
		outb(base + DATA, (uint8_t)text[i]);
		room--;
	}
}

int uart_read(void)
{
	const uint8_t status = inb(base + LINE_STATUS);

	if (status == 0xff || !(status & STATUS_RECEIVED))
		return -1;
	return inb(base + DATA);
}

void uart_enable_irq(void)
{
	outb(base + IRQ_ENABLE, 1); /* received data */
}
