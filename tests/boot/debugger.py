# SPDX-License-Identifier: BSD-2-Clause
"""A machine under QEMU's debugger port: GDB's remote protocol, as far as it is
needed to stop at an address and to look at memory as the CPU's page tables
show it.
"""
import contextlib
import os
import re
import socket
import subprocess
import tempfile

from console import SCALE, Console, Failure

GUEST = "build/guests/hypercall-basics.elf"


def symbols(image="build/shoji.elf"):
    listing = subprocess.run(["nm", image], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    return {name: int(at, 16) for at, _, name in
            re.findall(r"^(\w+) (\w) (\w+)$", listing, re.M)}


class Debugger:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20 * SCALE)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")

    def wait(self):
        while self.file.read(1) != b"$":
            pass
        answer = b""
        while not answer.endswith(b"#"):
            answer += self.file.read(1)
        self.file.read(2)
        self.socket.sendall(b"+")
        return answer[:-1].decode()

    def send(self, packet):
        total = sum(packet.encode()) & 0xff
        self.socket.sendall(f"${packet}#{total:02x}".encode())

    def ask(self, packet):
        self.send(packet)
        return self.wait()

    def run_to(self, address):
        self.ask(f"Z1,{address:x},1")
        self.ask("c")
        self.ask(f"z1,{address:x},1")

    def mapped(self, address):
        return not self.ask(f"m{address:x},8").startswith("E")


@contextlib.contextmanager
def machine(name, options=""):
    """Stopped at its first instruction; a tiny guest is dom0."""
    os.makedirs("build/boot", exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/gdb"
        command = ["tools/qemu", "-t", str(60 * SCALE), "-k", GUEST,
                   "-x", f"dom0_mem=128M {options}",
                   "-l", f"build/boot/{name}.log", "--", "-S",
                   "-gdb", f"unix:{path},server=on,wait=off"]
        with Console(command, {"MEM": "512M"}) as console:
            while not os.path.exists(path):
                if not console.read(0.1):
                    raise Failure("QEMU does not start")
            yield console, Debugger(path)
