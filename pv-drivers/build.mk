# SPDX-License-Identifier: BSD-2-Clause
# The front-end kit is built as objects that a kernel links; see front/README.md.

PV_FRONT := $(addprefix $(B)/pv/pv-drivers/front/, head.o entry.o start.o \
	event.o console.o grant.o text.o xenbus.o xenbus_device.o \
	blkfront.o blkfront_xs.o netfront.o netfront_xs.o)
PV_LDSCRIPT := pv-drivers/front/kernel.ld
