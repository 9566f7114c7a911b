# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# /run-me of the guests' ramdisk: an address if the command line has addr=, then
# a shell on the console, without echo or prompt, for dom0's guest_run.
dmesg -n 1
for program in poweroff reboot; do	# what the kernel runs when asked to
	printf '#!/bin/sh\nexec busybox %s -f\n' $program >/sbin/$program
	chmod +x /sbin/$program
done
# shellcheck disable=SC2013 # one line, of words
for word in $(cat /proc/cmdline); do
	case $word in
	addr=*)
		for interface in /sys/class/net/e*; do
			ip addr add "${word#addr=}/24" dev "${interface##*/}"
			ip link set "${interface##*/}" up
		done ;;
	esac
done
stty -echo
echo 'guest: ready'
PS1='' setsid -c sh
