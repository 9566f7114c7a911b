// SPDX-License-Identifier: BSD-2-Clause
/*
 * Command line and birth of the daemon: options, background, PID file.
 */
#pragma once

#include <stdbool.h>

struct options {
	bool foreground;
	bool log_guests, log_hypervisor;
	bool stamp_guests, stamp_hypervisor;
	int verbose;
	const char *log_dir, *run_dir, *pid_file;
};

/* Ends the program when the command line asks for help or makes no sense. */
void start_options(struct options *options, int argc, char **argv);

/* Go to the background, unless told not to. The first process stays until
 * start_ready() and takes its exit status from what happens until then. */
void start_background(const struct options *options);

/* Ends the program when another daemon serves the consoles. */
void start_alone(const struct options *options);
void start_ready(const struct options *options);
