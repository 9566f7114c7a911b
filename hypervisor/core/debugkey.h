/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions of one letter about the hypervisor's state, from sysctl
 * debug_keys or the serial console after three Ctrl-A. The answer is in the
 * log; an unknown letter is answered with the list. Any context. */
#pragma once

void debug_key(char key);
