# SPDX-License-Identifier: BSD-2-Clause
# Each folder names its own sources and products; install.mk says where the
# products go.
include $(wildcard dom0-tools/*/build.mk)
-include dom0-tools/install.mk
