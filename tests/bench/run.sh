#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# In the machine whose operations count: Linux alone, dom0, or a guest. The
# suite is what bench= on the command line says.
dmesg -n 1
echo "suite: begins"
case $(cat /proc/cmdline) in
*bench=operations*) /operations ;;
*bench=boot*) [ ! -e /dev/xen/privcmd ] || /control ;;
*bench=network*)
	ip addr add 10.7.0.2/24 dev eth0
	ip link set eth0 up
	until ping -c 1 -W 1 10.7.0.1; do sleep 1; done
	/net client 10.7.0.1
	;;
*bench=block*)
	disk=/dev/xvda
	modprobe brd && disk=/dev/ram0
	until [ -e $disk ]; do usleep 100000; done
	/block $disk
	;;
*bench=idle*) while :; do sleep 1000; done ;;
esac
echo "suite: done"
