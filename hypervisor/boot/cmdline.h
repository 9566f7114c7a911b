/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's command line: docs/boot.md lists the options. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* auto: what the CPU asks for */
enum choice { CHOICE_AUTO, CHOICE_ON, CHOICE_OFF };

struct options {
	uint64_t dom0_mem; /* bytes; 0: the default */
	uint64_t dom0_mem_min, dom0_mem_max; /* dom0_mem=min:..,max:.. */
	unsigned dom0_max_vcpus; /* 0: all CPUs */
	bool noreboot; /* stop after a panic */
	unsigned com1_baud; /* 0: as the firmware left it */
	uint16_t com1_port; /* 0x3f8 unless com1=...,port */
	unsigned com1_irq;
	enum choice xpti; /* isolated entry */
	enum choice smap;
	enum choice pcid;
	bool console_serial, console_screen; /* console=com1,vga */
};

extern struct options options;

/* Fills options; unknown words are named by log_warn. */
void cmdline_parse(const char *line);
