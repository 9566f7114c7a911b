# SPDX-License-Identifier: BSD-2-Clause
CHECKS += tests/abi/compare tests/abi/mistakes
