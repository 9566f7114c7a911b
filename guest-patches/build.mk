# SPDX-License-Identifier: BSD-2-Clause
# The guest kernel is no part of `all`: only who wants one waits for it.
.PHONY: guest-kernel check-patches check-guest-kernel

guest-kernel: ## a patched guest kernel and its .deb [CONFIG=debian JOBS=N]
	$(Q)tools/install-packages kernel $(if $(filter debian,$(CONFIG)),kernel-debian)
	$(Q)guest-patches/build

check-patches: ## the patch series against Debian's source [SRC=dir]
	$(Q)guest-patches/check $(SRC)

check-guest-kernel: guest-kernel ## an hour of stress on it [PLACES="dom0 guest"]
	$(Q)tools/install-packages test kernel-test
	$(Q)guest-patches/check-kernel $(PLACES)

CHECKS += guest-patches/check,limit=900
