/* SPDX-License-Identifier: BSD-2-Clause */
/* The old name of xenstore_lib.h. */
#warning xs_lib.h is an old name, include xenstore_lib.h
#include <xenstore_lib.h>
