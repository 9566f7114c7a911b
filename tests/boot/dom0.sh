# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# What suites use inside dom0; each begins with `. /dom0.sh` and ends with
# `finish`. Results go to the console between @@ marks, where tests/boot/dom0
# finds them whatever else is printed there.
#
# A guest is NAME.cfg, its console's input NAME.in (a pipe) and output NAME.out,
# in /tmp. Guests run a shell on their console (guest.sh), without echo.

told=0
scale=$(sed -n 's/.*scale=\([0-9]*\).*/\1/p' /proc/cmdline)
log=/var/log/suite.log

# for guest_run: data prints 100 MB, which repeat at no multiple of a page
# shellcheck disable=SC2034,SC2016 # for the suites; expanded in the guest
make_data='head -c 10485730 /dev/urandom >/tmp/block
data() { for n in $(seq 10); do cat /tmp/block; done; }'

tell() { # one result
	told=$((told + 1))
	seconds
	printf '\n@@%s@@ at %s s\n' "$(echo "$*" | tr -d '@\r' | tr '\n' ' ')" \
		"$now"
}

check() { # NAME COMMAND...: passes if the command does
	check_name=$1
	shift
	if "$@" >"$log" 2>&1; then
		tell "ok $check_name"
	else
		tell "not ok $check_name: status $?: $(tail -n 3 "$log")"
		return 1
	fi
}

equal() { # WANTED FOUND: for check
	[ "$1" = "$2" ] || { echo "wanted '$1', found '$2'"; return 1; }
}

matches() { # PATTERN TEXT: for check, an extended regular expression
	echo "$2" | grep -Eq "$1" || { echo "no '$1' in '$2'"; return 1; }
}

seconds() { # since the start, into $now; without a process
	read -r now _ </proc/uptime
	now=${now%.*}
}

wait_for() { # SECONDS COMMAND...: until it succeeds
	seconds
	wait_until=$((now + $1 * scale))
	shift
	until "$@" >/dev/null 2>&1; do
		seconds
		[ "$now" -lt $wait_until ] || {
			echo "waited in vain for: $*"
			return 1
		}
		usleep 250000
	done
}

within() { # SECONDS COMMAND...: ends it if it takes longer
	within_limit=$(($1 * scale))
	shift
	timeout $within_limit "$@"
}

on_shoji() {
	[ "$(cat /sys/hypervisor/version/extra)" = .0-shoji ]
}

audit() { # NAME: all counts of pages are right
	if on_shoji; then
		check "$1" shoji audit
	else
		tell "skip $1: Xen has none"
	fi
}

finish() { # the last test of every suite is the audit
	audit "audit"
	printf '\n@@end %u@@\n' $told
	sync
	poweroff -f
}

start_tools() { # the daemons and a bridge; ends the suite if they fail
	dmesg -n 1
	mkdir -p /var/log/xen/console /var/lib/xenstored /run/xenstored
	xenstored >/var/log/xenstored.log 2>&1 &
	check "xenstored answers" wait_for 30 test -S /run/xenstored/socket ||
		finish
	/usr/lib/shoji/init-dom0 >/var/log/init-dom0.log 2>&1
	xenconsoled --log=all >/var/log/xenconsoled.log 2>&1 &
	brctl addbr xenbr0
	ip addr add 10.7.0.1/24 dev xenbr0
	ip link set xenbr0 up
	check "shoji sees Domain-0" wait_for 30 shoji list Domain-0 || finish
}

disk_works() { # DEVICE: 16 MB written, read back from the device itself
	head -c 16M /dev/urandom >/tmp/pattern
	dd if=/tmp/pattern of="$1" bs=1M conv=fsync 2>/dev/null || return 1
	echo 3 >/proc/sys/vm/drop_caches
	equal "$(md5sum </tmp/pattern)" "$(head -c 16M "$1" | md5sum)"
}

net_works() { # DRIVER NUMBER: the machine's network 10.NUMBER.0.0/16 answers
	for net_path in /sys/class/net/*; do
		[ "$(basename "$(readlink "$net_path/device/driver")")" = "$1" ] ||
			continue
		net_name=${net_path##*/}
		ip addr add "10.$2.2.15/16" dev "$net_name"
		ip link set "$net_name" up
		wait_for 20 ping -c 1 -W 1 -I "$net_name" "10.$2.2.2" || return 1
		ping -c 5 -i 0.2 -s 1400 -I "$net_name" "10.$2.2.2"
		return
	done
	echo "no network interface of $1"
	return 1
}

guest_config() { # NAME [LINE...]: a Linux guest; later lines win
	config_name=$1
	shift
	{
		echo "name = '$config_name'"
		echo "kernel = '/guest/vmlinuz-amd64'"
		echo "ramdisk = '/guest/ramdisk-amd64'"
		echo "cmdline = 'console=hvc0 quiet'"
		echo "memory = 160"
		for config_line; do
			echo "$config_line"
		done
	} >"/tmp/$config_name.cfg"
}

guest_tiny() { # NAME [LINE...]: a tiny guest, tests/guests/domu-NAME
	tiny_name=$1
	shift
	guest_config "$tiny_name" "kernel = '/guest/$tiny_name'" \
		"ramdisk = ''" "cmdline = ''" "memory = 16" "$@"
}

has_console() { # NAME: a domain that is being made has none yet
	xenstore-ls "/local/domain/$(shoji domid "$1")/console" | grep -q tty
}

guest_attach() { # NAME: its console to NAME.in and NAME.out
	wait_for 30 has_console "$1"
	rm -f "/tmp/$1.in"
	mkfifo "/tmp/$1.in"
	: >"/tmp/$1.out"	# who reads it may come before the console does
	shoji console "$1" <>"/tmp/$1.in" >>"/tmp/$1.out" 2>&1 &
}

guest_ready() { # NAME SECONDS: until its shell runs
	wait_for "$2" grep -q 'guest: ready' "/tmp/$1.out" || {
		tail -n 5 "/tmp/$1.out"
		return 1
	}
}

guest_start() { # NAME: from NAME.cfg to a shell
	shoji create "/tmp/$1.cfg" && guest_attach "$1" && guest_ready "$1" 60
}

guest_run() { # NAME SECONDS COMMAND: prints its output, returns its status
	run_mark="#$(head -c 8 /proc/sys/kernel/random/uuid):"
	run_from=$(($(wc -c <"/tmp/$1.out") + 1))
	printf '%s; echo "%s""$?"\n' "$3" "$run_mark" >"/tmp/$1.in"
	wait_for "$2" grep -q "^${run_mark}[0-9]" "/tmp/$1.out" || {
		tail -n 3 "/tmp/$1.out"
		return 1
	}
	tail -c +$run_from "/tmp/$1.out" | tr -d '\r' |
		sed "/^$run_mark/d"
	return "$(sed -n "s/^$run_mark\([0-9]*\).*/\1/p" "/tmp/$1.out")"
}

guest_tell() { # NAME COMMAND: without waiting for an answer
	echo "$2" >"/tmp/$1.in"
}

guest_gone() { # NAME
	! shoji domid "$1" 2>/dev/null
}

listens() { # PORT: a TCP server of dom0's
	grep -q ": [0-9A-F]*:$(printf %04X "$1") .* 0A " /proc/net/tcp*
}

guest_off() { # NAME SECONDS: powers off from inside, waits until it is gone
	guest_tell "$1" 'poweroff -f'
	wait_for "$2" guest_gone "$1"
}
