# SPDX-License-Identifier: BSD-2-Clause
# `make bench`: README.md. The tiny guest of primitives/ is linked as those of
# tests/guests are.

BENCH_PROGRAMS := operations timed nothing
BENCH_FILES := $(B)/bench/count.so $(B)/guests/bench-primitives.elf \
	$(B)/bench/plain.ramdisk

TOOL_CFLAGS-tests/bench/count := -I. -fvisibility=hidden
TOOL_CFLAGS-tests/bench/operations := -I.
TOOL_CFLAGS-tests/bench/timed := -I.

$(B)/bench/count.so: $(B)/tool/tests/bench/count.o
	$(Q)mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -shared -o $@ $^

# Static: the same instructions, whatever libraries a ramdisk has.
$(B)/bench/operations $(B)/bench/timed: $(B)/bench/%: $(B)/tool/tests/bench/%.o
	$(Q)mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -static -o $@ $^

$(B)/bench/nothing: $(B)/tool/tests/bench/nothing.o
	$(Q)mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -static -nostdlib -o $@ $^

BENCH_RAMDISK := -f $(B)/bench/operations:/operations \
	-f $(B)/bench/nothing:/nothing -f $(B)/bench/timed:/timed

$(B)/bench/plain.ramdisk: tools/ramdisk tests/bench/plain.sh \
		$(BENCH_PROGRAMS:%=$(B)/bench/%) $(B)/debian/amd64/vmlinux
	$(call say,RAMDISK,$@)
	$(Q)tools/ramdisk -o $@ -r tests/bench/plain.sh $(BENCH_RAMDISK)

.PHONY: bench bench-files
bench-files: $(ALL) $(BENCH_FILES)

bench: bench-files ## count what operations cost, on Linux, Xen and Shoji
	$(Q)tests/bench/bench
