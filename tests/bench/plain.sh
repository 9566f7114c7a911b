#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# In dom0, or on Linux alone: the operations.
dmesg -n 1
echo "suite: begins"
/operations
echo "suite: done"
