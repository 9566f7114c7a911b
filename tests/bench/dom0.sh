#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# In the dom0 of columns whose guest counts, with the toolstack that belongs to
# the hypervisor, `shoji` or `xl`: both read the same configurations. The suite
# is what bench= on the command line says.
dmesg -n 1
suite=$(sed 's/.*bench=\([a-z]*\).*/\1/' /proc/cmdline)
linux=$(sed 's/.*\(nokaslr.*\) bench=.*/\1/' /proc/cmdline)
kernel=vmlinuz
grep -q ' patched' /proc/cmdline && kernel=patched
logs=/var/log/xen/console
mkdir -p $logs /run/xen /var/lib/xen /var/lib/xenstored /run/xenstored

start_tools() {
	bin=/usr/lib/xen-4.17/bin
	[ ! -x /usr/sbin/shoji ] || bin=/usr/sbin
	$bin/xenstored >/var/log/xenstored.log 2>&1 &
	until [ -S /run/xenstored/socket ]; do usleep 100000; done
	if [ -x /usr/sbin/shoji ]; then
		tool=shoji
		/usr/lib/shoji/init-dom0
	else
		tool=xl
		$bin/xen-init-dom0
	fi >/var/log/init-dom0.log 2>&1
	$bin/xenconsoled --log=guest >/var/log/xenconsoled.log 2>&1 &
}

# A guest, /tmp/NAME.cfg; later lines win. By default Xen emulates RDTSC here.
config() { # NAME [LINE...]
	name=$1
	shift
	{
		echo "name = '$name'"
		echo "type = 'pv'"
		echo "kernel = '/guest/$kernel'"
		echo "ramdisk = '/guest/ramdisk'"
		echo "memory = 256"
		echo "vcpus = 1"
		echo "on_reboot = 'destroy'"
		[ $tool = shoji ] || echo "tsc_mode = 'native'"
		for line; do
			echo "$line"
		done
	} >"/tmp/$name.cfg"
}

gone() { # NAME: waits, without much work
	while $tool domid "$1" >/dev/null 2>&1; do sleep 5; done
}

guest() { # SUITE [LINE...]: a guest that does it, until its end
	guest_suite=$1
	shift
	config bench "cmdline = 'console=hvc0 $linux bench=$guest_suite'" "$@"
	$tool create /tmp/bench.cfg
	gone bench
	cat $logs/*bench*
}

# A Linux guest's life; its first process marks that it is there (timed.c). It
# is not the first with this kernel: who keeps unpacked ones has it.
linux_life() {
	config linux "cmdline = 'console=hvc0 $linux rdinit=/timed bench=idle'" \
		"memory = 128"
	$tool create -n /tmp/linux.cfg >/dev/null
	/timed 10 linux_create $tool create /tmp/linux.cfg
	sleep 30
	/timed 11 save $tool save linux /tmp/saved &&
		/timed 12 restore $tool restore /tmp/saved && sleep 10
	/timed 13 linux_destroy $tool destroy linux
}

tiny_life() {
	config idle "kernel = '/guest/idle'" "ramdisk = ''" "memory = 16"
	rm -f $logs/*idle*
	/timed 1 tiny_create -f $logs/guest-idle.log $tool create /tmp/idle.cfg
	sleep 2
	/timed 3 tiny_destroy $tool destroy idle
	sleep 2
}

domains() {
	for _ in 1 2 3 4 5; do tiny_life; done
	linux_life
}

network() {
	brctl addbr xenbr0
	ip addr add 10.7.0.1/24 dev xenbr0
	ip link set xenbr0 up
	/net server &
	guest network "vif = ['bridge=xenbr0']"
}

start_tools
case $suite in
operations) guest operations ;;
primitives) guest primitives "kernel = '/guest/primitives'" "ramdisk = ''" \
	"cmdline = '${WALL:+wall}'" ;;
domains) domains ;;
store) /store ;;
network) network ;;
block)
	modprobe brd
	guest block "disk = ['phy:/dev/ram0,xvda,w']"
	;;
esac
echo "suite: done"
