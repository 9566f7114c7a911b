# SPDX-License-Identifier: BSD-2-Clause
"""A machine's serial console, to wait for text on and to type at.

Text is matched where the last match ended, so that an `expect` never takes old
output for an answer. What does not come in time raises Failure with the last
lines that did come.
"""
import os
import re
import select
import subprocess
import time


SCALE = int(os.environ.get("TIME_SCALE", "1"))	# more patience


class Failure(Exception):
    pass


class Console:
    def __init__(self, command, env=None):
        self.text = ""
        self.at = 0
        self.process = subprocess.Popen(
            command, env=dict(os.environ, **(env or {})),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()

    def read(self, seconds):
        """Takes in what comes next; False at the end of the machine."""
        output = self.process.stdout
        if not select.select([output], [], [], max(seconds, 0))[0]:
            return True
        data = os.read(output.fileno(), 65536)
        # without the escape sequences of terminals
        text = data.decode(errors="replace").replace("\r", "")
        self.text += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
        return bool(data)

    def expect(self, pattern, seconds):
        until = time.monotonic() + seconds * SCALE
        alive = True
        while True:
            found = re.search(pattern, self.text[self.at:], re.M)
            if found:
                self.at += found.end()
                return found
            left = until - time.monotonic()
            if left <= 0 or not alive:
                why = f"in {seconds * SCALE} s" if alive else "before the end"
                last = " | ".join(self.text.strip().split("\n")[-4:])
                raise Failure(f"no '{pattern}' {why}; last: {last}")
            alive = self.read(left)

    def type(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def run(self, command, seconds=20):
        """Runs a shell command there; its output. A status but 0 fails."""
        self.type(f"{command}; echo \"@@\"$?\"@@\"\n")
        start = self.at
        status = self.expect(r"@@(\d+)@@", seconds)[1]
        output = self.text[start:self.at]
        if status != "0":
            raise Failure(f"'{command}' ended with {status}: {output[-300:]}")
        return output

    def wait(self, seconds):
        """Until the machine is off; its status."""
        until = time.monotonic() + seconds * SCALE
        while self.read(1):
            if time.monotonic() > until:
                raise Failure(f"not off after {seconds} s")
        return self.process.wait()
