# SPDX-License-Identifier: BSD-2-Clause
# Each folder here with a build.mk is included by itself. It adds its suites to
# CHECKS, and those that also pass on real Xen to ORACLES: paths, with flags
# where needed (CHECKS += tests/boot/guest,limit=300; tests/run says which).
include $(wildcard tests/*/build.mk)
CHECKS += tests/size tests/lint
