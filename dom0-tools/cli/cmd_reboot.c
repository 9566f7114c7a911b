/* SPDX-License-Identifier: BSD-2-Clause */
/* shoji reboot: asks domains to reboot; -w waits until they have stopped (the
 * monitor then starts them again, under another number). */
#include "cli/cli.h"

int cmd_reboot(int argc, char **argv)
{
	return ask_domains(argc, argv, "reboot");
}
