// SPDX-License-Identifier: BSD-2-Clause
/*
 * Text on the screen. VGA text scrolls. A frame buffer does not, because
 * moving megabytes for each line is slow: after the last line writing goes on
 * at the top, with the line after the current one kept blank as a mark.
 * Letters are 5x7 in cells of 6x8, enlarged on large screens.
 */
#include "dev/vga.h"

#include "boot/boot.h"
#include "dev/font.h"
#include "lib/string.h"
#include "mm/paging.h"
#include "x86/asm.h"

#define TEXT_ATTRIBUTE 0x0700
#define CELL_WIDTH 6
#define CELL_HEIGHT 8
#define CRTC_INDEX 0x3d4
#define CRTC_DATA 0x3d5

static struct {
	uint8_t *base;
	bool text;
	unsigned columns, rows;
	unsigned column, row;
	unsigned pitch; /* bytes per line */
	unsigned bytes; /* per pixel */
	unsigned scale;
	uint32_t colour;
} screen;

static size_t screen_size(const struct boot_screen *s)
{
	return (size_t)s->pitch * s->height;
}

static uint32_t grey(const struct boot_screen *s)
{
	uint32_t pixel = 0;

	for (unsigned i = 0; i < 3; i++) {
		const uint32_t full = (1u << s->colour[i].size) - 1;

		pixel |= (full - full / 4) << s->colour[i].pos;
	}
	return pixel;
}

bool vga_init(const struct boot_screen *s)
{
	if (s->address + screen_size(s) > 0x100000000ull)
		return false; /* out of the boot page tables' reach */
	screen.base = direct(s->address);
	screen.text = s->text;
	screen.pitch = s->pitch;
	if (s->text) {
		screen.columns = s->width;
		screen.rows = s->height;
		screen.row = screen.rows - 1;
		return s->width && s->height && s->pitch >= 2 * s->width;
	}
	screen.bytes = s->depth / 8;
	if ((s->depth != 16 && s->depth != 24 && s->depth != 32) ||
		s->pitch < s->width * screen.bytes || s->colour[0].size > 8 ||
		s->colour[1].size > 8 || s->colour[2].size > 8)
		return false;
	screen.scale = s->width >= 1024 ? 2 : 1;
	screen.columns = s->width / (CELL_WIDTH * screen.scale);
	screen.rows = s->height / (CELL_HEIGHT * screen.scale);
	screen.colour = grey(s);
	memset(screen.base, 0, screen_size(s));
	return screen.columns && screen.rows > 1;
}

void vga_remap(const struct boot_screen *s)
{
	screen.base = paging_map_mmio(
		s->address, screen_size(s), PAGING_WRITE_COMBINING);
}

static uint16_t *text_row(unsigned row)
{
	return (uint16_t *)(screen.base + (size_t)row * screen.pitch);
}

static void text_clear_row(unsigned row)
{
	for (unsigned i = 0; i < screen.columns; i++)
		text_row(row)[i] = TEXT_ATTRIBUTE | ' ';
}

static void text_scroll(void)
{
	memmove(text_row(0), text_row(1),
		(size_t)screen.pitch * (screen.rows - 1));
	text_clear_row(screen.rows - 1);
}

static void text_cursor(void)
{
	const unsigned at = screen.row * screen.columns + screen.column;

	outb(CRTC_INDEX, 14);
	outb(CRTC_DATA, (uint8_t)(at >> 8));
	outb(CRTC_INDEX, 15);
	outb(CRTC_DATA, (uint8_t)at);
}

static uint8_t *pixel_row(unsigned row)
{
	return screen.base +
		(size_t)row * CELL_HEIGHT * screen.scale * screen.pitch;
}

static void pixel_clear_row(unsigned row)
{
	memset(pixel_row(row), 0,
		(size_t)CELL_HEIGHT * screen.scale * screen.pitch);
}

static void put_pixel(uint8_t *at, uint32_t colour)
{
	for (unsigned i = 0; i < screen.bytes; i++)
		at[i] = (uint8_t)(colour >> (8 * i));
}

static void pixel_char(uint8_t c)
{
	const uint64_t glyph = font[c - FONT_FIRST];
	uint8_t *line = pixel_row(screen.row) +
		screen.column * CELL_WIDTH * screen.scale * screen.bytes;

	for (unsigned y = 0; y < CELL_HEIGHT * screen.scale; y++) {
		uint8_t *at = line;

		for (unsigned x = 0; x < FONT_COLUMNS * screen.scale; x++) {
			const uint64_t on = glyph >> x / screen.scale * 8 >>
						    y / screen.scale &
					    1;

			put_pixel(at, on ? screen.colour : 0);
			at += screen.bytes;
		}
		line += screen.pitch;
	}
}

static void new_line(void)
{
	screen.column = 0;
	if (screen.text) {
		if (screen.row + 1 < screen.rows)
			screen.row++;
		else
			text_scroll();
		return;
	}
	screen.row = (screen.row + 1) % screen.rows;
	pixel_clear_row(screen.row);
	pixel_clear_row((screen.row + 1) % screen.rows);
}

static void put_char(uint8_t c)
{
	if (c == '\n') {
		new_line();
	} else if (c == '\r') {
		screen.column = 0;
	} else if (c == '\t') {
		screen.column = (screen.column | 7) + 1;
	} else if (c == '\b') {
		screen.column -= screen.column != 0;
	} else {
		if (c < FONT_FIRST || c > FONT_LAST)
			c = '?';
		if (screen.column >= screen.columns)
			new_line();
		if (screen.text)
			text_row(screen.row)[screen.column] =
				TEXT_ATTRIBUTE | c;
		else
			pixel_char(c);
		screen.column++;
	}
}

void vga_write(const char *text, size_t size)
{
	if (!screen.base)
		return;
	for (size_t i = 0; i < size; i++)
		put_char((uint8_t)text[i]);
	if (screen.text)
		text_cursor();
}
