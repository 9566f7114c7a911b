# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# What a kernel has to stand, wherever it runs: /run-me of a ramdisk that holds
# stress, stress-ng and the kernel's selftests; the file /seconds says how long
# each of the long ones takes. Results go to the console between @@; those of
# the selftests are told as they are, for others to compare. With only=selftests
# on the command line these alone.
tell() {
	printf '\n@@%s@@\n' "$(echo "$*" | tr -d '@\r' | tr '\n' ' ')"
}

check() { # NAME COMMAND...
	check_name=$1
	shift
	if "$@" >/tmp/log 2>&1; then
		tell "ok $check_name"
	else
		tell "not ok $check_name: status $?: $(tail -n 2 /tmp/log)"
	fi
	tail -n 1 /tmp/log
}

quiet_kernel() { # nothing that it warns about
	! dmesg | grep -E 'WARNING:|BUG:|Oops|multicall.*failed|Bad page|bad page'
}

stresses() {
	swap=none	# a disk, if there is one, is for swap
	for disk in /dev/vda /dev/xvdb; do
		mkswap $disk && swapon $disk && swap=$disk
	done >/dev/null 2>&1
	echo "swap on $swap, $(nproc) CPUs, $(uname -r)"
	# 4 processes; with swap more pages than there is memory for
	total=$(sed -n 's/MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)
	each=$((total * 3 / 64))
	[ $swap = none ] || each=$((total * 5 / 64))
	check "stress, $seconds s" /stress "$seconds" 4 $each /tmp/stress.file
	[ -x /usr/bin/stress-ng ] || return
	check "stress-ng, $seconds s" stress-ng --timeout "$seconds" \
		--vm 2 --vm-bytes 30% --verify --fork 1 --mmap 1 \
		--mmap-bytes 10% --switch 1 --metrics-brief
}

dmesg -n 1
read -r seconds </seconds
grep -q only=selftests /proc/cmdline || stresses
# those of futex give a thread 10 ms to fall asleep, which is too short now and
# then in an emulated machine: three tries for each
for test in /selftests/*; do
	for _ in 1 2 3; do
		timeout 120 "$test" >/tmp/log 2>&1 </dev/null
		status=$?
		[ $status != 0 ] || break
	done
	echo "selftest ${test##*/}: $status"
done
check "the kernel warned of nothing" quiet_kernel
printf '\n@@end@@\n'
