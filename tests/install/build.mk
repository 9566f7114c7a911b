# SPDX-License-Identifier: BSD-2-Clause
CHECKS += tests/install/files
