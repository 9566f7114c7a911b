# SPDX-License-Identifier: BSD-2-Clause
# lib/, the boot parsers, the frame allocator, the heap, the W^X check. string.c gets
# other names, because the C library's functions are there too.

UNIT_STRING := memcpy memmove memset memcmp strlen strnlen strcmp strncmp \
	strchr strstr
UNIT_CFLAGS-hypervisor/lib/string := \
	$(foreach name,$(UNIT_STRING),-D$(name)=hv_$(name))

UNITS += lib_test boot_test alloc_test wx_test harden_test
UNIT_lib_test := tests/unit/lib_test \
	$(addprefix hypervisor/lib/, printf rangeset string)
UNIT_boot_test := tests/unit/boot_test \
	$(addprefix hypervisor/boot/, acpi cmdline memory multiboot) \
	hypervisor/lib/string
UNIT_harden_test := tests/unit/harden_test hypervisor/x86/harden
UNIT_wx_test := tests/unit/wx_test hypervisor/mm/wx
UNIT_alloc_test := tests/unit/alloc_test \
	$(addprefix hypervisor/mm/, buddy heap) hypervisor/lib/string
