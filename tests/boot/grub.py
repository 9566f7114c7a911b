#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The disk image through GRUB: grub.py bios|uefi.

What a user of `make demo` sees and does, typed by a program: GRUB's menu, the
hypervisor's log, Debian's start, a shell; there `shoji create -c` of the demo
guest, a login, poweroff of the guest and of the host. On UEFI, instead, what
happens to a guest when its services start, restart and stop.
"""
import os
import subprocess
import sys

from console import SCALE, Console, Failure

ENTRY = "Debian GNU/Linux, with Shoji"
# Both suites run at the same time, on two real CPUs.
CPUS = {"bios": "2", "uefi": "1"}


class Suite:
    def __init__(self):
        self.failed = 0

    def step(self, name, function, *args):
        """One test; the machine is of no use after a failed one."""
        try:
            function(*args)
        except Failure as failure:
            reason = str(failure).replace("\n", " ")
            print(f"not ok {name}: {reason}", flush=True)
            self.failed += 1
            raise
        print(f"ok {name}", flush=True)


def host_up(suite, machine):
    suite.step("GRUB's menu has Shoji",
               machine.expect, ENTRY, 60)
    suite.step("GRUB starts Shoji", machine.expect,
               f"Booting .{ENTRY}|Loading Shoji", 30)
    suite.step("Shoji's log comes", machine.expect, r"\(shoji\) Shoji", 60)
    suite.step("root's shell on the console", machine.expect,
               r"root@host:.*#", 300)
    machine.run("stty -echo; PS1=''; dmesg -n 1", 30)


def host_works(suite, machine):
    def units():
        machine.run("systemctl is-active xenstored xenconsoled", 60)

    def bridge():
        machine.run("for i in $(seq 60); do ip -4 addr show xenbr0 |"
                    " grep -q inet && break; sleep 1; done;"
                    " ip -4 addr show xenbr0 | grep inet", 90)

    def listing():
        if "Domain-0" not in machine.run("shoji list", 30):
            raise Failure("no Domain-0 in shoji list")

    suite.step("the daemons run", units)
    suite.step("shoji list shows dom0", listing)
    suite.step("dom0's bridge has an address", bridge)


def guest_works(suite, machine):
    def login():
        machine.expect("login:", 240)
        machine.type("root\n")
        machine.expect("root@demo", 60)
        machine.run("stty -echo; PS1=''", 30)

    def network():
        machine.run("for i in $(seq 60); do ip -4 addr | grep -q 10.0.2 &&"
                    " break; sleep 1; done; ping -c 2 10.0.2.2", 120)

    def disk():
        machine.run("findmnt / | grep xvda && touch /written && sync", 30)

    def off():
        machine.type("poweroff\n")
        machine.expect(r"\nback in dom0", 120)
        machine.run("until ! shoji domid demo 2>/dev/null; do sleep 1; done",
                    60)

    machine.type("shoji create -c /etc/shoji/demo.cfg; echo back in dom0\n")
    suite.step("the demo guest starts, login works", login)
    suite.step("its root is its disk", disk)
    suite.step("its network works", network)
    suite.step("poweroff returns to dom0", off)


def services_work(suite, machine):
    def start():
        machine.run("ln -s /etc/shoji/demo.cfg /etc/shoji/auto/demo", 30)
        machine.run("systemctl restart shoji-domains", 120)
        machine.run("shoji domid demo", 30)

    def console():
        machine.type("shoji console demo; echo back in dom0\n\n")
        machine.expect("login:", 240)
        machine.type("root\n")
        machine.expect("root@demo", 60)
        machine.type("\x1d")		# Ctrl-]
        machine.expect(r"\nback in dom0", 30)

    def stop():
        machine.run("systemctl stop shoji-domains", 150)
        machine.run("! shoji domid demo", 30)
        machine.run("grep 'reboot: ' /var/log/xen/console/guest-demo.log", 30)

    suite.step("a guest starts with its service", start)
    suite.step("both daemons restart beside it", machine.run,
               "systemctl restart xenstored xenconsoled", 120)
    suite.step("and its console works", console)
    suite.step("it shuts down with the service", stop)


def run(suite, firmware):
    command = ["tools/qemu", "-t", str(590 * SCALE), "-d", "build/disk.img",
               "-l", f"build/boot/grub-{firmware}.log"]
    command += ["-u"] if firmware == "uefi" else []
    command += ["--", "-snapshot", "-nic", "user,restrict=on,model=virtio-net-pci"]
    with Console(command, {"SMP": CPUS[firmware], "MEM": "3G"}) as machine:
        host_up(suite, machine)
        if firmware == "uefi":
            suite.step("dom0 found the ACPI root", machine.run,
                       "dmesg | grep 'ACPI: RSDP'")
        host_works(suite, machine)
        if firmware == "bios":
            guest_works(suite, machine)
        else:
            services_work(suite, machine)
        machine.type("poweroff\n")
        suite.step("poweroff ends the machine", machine.wait, 120)


def main():
    firmware = sys.argv[1]
    os.makedirs("build/boot", exist_ok=True)
    subprocess.run(["tools/image"], check=True)
    suite = Suite()
    try:
        run(suite, firmware)
    except Failure:
        print(f"the console is in build/boot/grub-{firmware}.log")
    return 1 if suite.failed else 0


if __name__ == "__main__":
    sys.exit(main())
