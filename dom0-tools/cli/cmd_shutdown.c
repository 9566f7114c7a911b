/* SPDX-License-Identifier: BSD-2-Clause */
/* shoji shutdown: asks domains to shut down, and waits for it with -w. */
#include "cli/cli.h"

int cmd_shutdown(int argc, char **argv)
{
	return ask_domains(argc, argv, "poweroff");
}
