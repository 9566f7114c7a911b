/* SPDX-License-Identifier: BSD-2-Clause */
/* The old name of xenstore.h. */
#warning xs.h is an old name, include xenstore.h
#include <xenstore.h>
