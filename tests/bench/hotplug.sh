#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What xl runs when a guest's device comes or goes (xl-network-configuration(5)
# and xl-disk-configuration(5) name the scripts; Xen's docs/misc/xenstore-paths
# and block-scripts tell what these write). The distribution's are Bash.
# Here: /etc/xen/scripts/vif-bridge and /etc/xen/scripts/block.
say() { # KEY VALUE
	xenstore-write "$XENBUS_PATH/$1" "$2"
}

# shellcheck disable=SC2154 # vif comes from the environment
case ${0##*/},$1 in
vif-bridge,online)
	brctl addif xenbr0 "$vif"
	ip link set "$vif" up
	say hotplug-status connected
	;;
block,add)
	disk=$(xenstore-read "$XENBUS_PATH/params")
	say physical-device "$(stat -L -c %t:%T "$disk")"
	say hotplug-status connected
	;;
esac
