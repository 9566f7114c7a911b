# SPDX-License-Identifier: BSD-2-Clause
"""The rows of `make bench`, the counts of its runs, and tables of both."""
import os
import re
import statistics
import struct

COLUMNS = ["native", "xen-dom0", "xen-guest",
           "shoji-dom0", "shoji-guest", "shoji-patched"]
# which columns a suite has
RUNS_IN = {
    "operations": COLUMNS,
    "primitives": ["xen-dom0", "xen-guest", "shoji-dom0", "shoji-guest"],
    "boot": ["native", "xen-dom0", "shoji-dom0"],
    "domains": ["xen-guest", "shoji-guest"],
    "store": ["xen-dom0", "shoji-dom0"],
    "network": ["xen-guest", "shoji-guest", "shoji-patched"],
    "block": ["native", "xen-guest", "shoji-guest", "shoji-patched"],
}
# marks that are places, and rows between two of them, or from reset on
HV_ENTRY, DOM0_ENTRY, USER, LINUX_CREATE = 504, 506, 508, 20
SPANS = {
    "hv_to_dom0": (HV_ENTRY, DOM0_ENTRY),
    "dom0_to_user": (DOM0_ENTRY, USER),
    "reset_to_user": (None, USER),
    "linux_user": (LINUX_CREATE, USER),
}
TOOK = re.compile(r"\btook (\d+) (\d+)")
FIGURE = re.compile(r"\bfigure (\w+) (\d+)")
OPERATION = re.compile(r"\boperation (\d+) (\d+) (\w+)")


class Row:
    """A line of the file of rows: baselines by column, goals, title."""

    def __init__(self, line):
        words = line.split(None, 7)
        if len(words) != 8 or words[1] not in ("less", "more"):
            raise ValueError(f"not a row: {line}")
        self.name, self.better = words[:2]
        self.rough = any(word.startswith("~") for word in words)
        native, dom0, guest = [number(word) for word in words[2:5]]
        self.baseline = {"native": native, "xen-dom0": dom0,
                         "xen-guest": guest}
        self.goal, self.patched = [
            word if word == "xen" else number(word) for word in words[5:7]]
        self.title = words[7]


class Suite:
    def __init__(self, name, goal_column, title):
        self.name, self.goal_column, self.title = name, goal_column, title
        self.columns = RUNS_IN[name]
        self.rows = []


def number(word):
    return None if word == "-" else float(word.lstrip("~"))


def read_rows(path):
    """The suites of the file, in its order."""
    suites = []
    with open(path) as file:
        for line in file:
            line = line.strip()
            if line.startswith("= "):
                suites.append(Suite(*line[2:].split(None, 2)))
            elif line and not line.startswith("#"):
                suites[-1].rows.append(Row(line))
    return suites


def operations(text):
    """{mark: (times, name)} of what a program says that it does."""
    return {int(n): (int(times), name)
            for n, times, name in OPERATION.findall(text)}


def read_marks(path):
    """([what is counted], [(mark, [count])]) of a run."""
    with open(path) as file:
        kinds = file.readline().split()[1:]
        lines = [[int(word) for word in line.split()] for line in file]
    return kinds, [(line[0], line[1:]) for line in lines]


def batches(marks):
    """{operation: [[count] of each batch]}"""
    found, begun = {}, {}
    for mark, values in marks:
        n = mark // 2
        if mark % 2 == 0:
            begun[n] = values
        elif n in begun:
            found.setdefault(n, []).append(
                [b - a for a, b in zip(begun[n], values)])
    return found


def spans(marks):
    """{name: [count]} of the rows between places."""
    first = {}
    for mark, values in marks:
        first.setdefault(mark, values)
    found = {}
    for name, (begin, end) in SPANS.items():
        if end in first and (begin is None or begin in first):
            start = first[begin] if begin else [0] * len(first[end])
            found[name] = [b - a for a, b in zip(start, first[end])]
    return found


def read_run(base):
    """{name: {count: each time}} of a run: medians of the batches."""
    with open(f"{base}.log", errors="replace") as file:
        text = file.read()
    kinds, marks = read_marks(f"{base}.counts")
    found = {name: {"figure": float(value)}
             for name, value in FIGURE.findall(text)}
    by_number = batches(marks)
    for n, (times, name) in operations(text).items():
        if n in by_number:
            found[name] = {
                kind: statistics.median(b[i] for b in by_number[n]) / times
                for i, kind in enumerate(kinds)}
    for name, values in spans(marks).items():
        found[name] = dict(zip(kinds, values))
    return found


def read_times(folder, runs, rounds):
    """{(column, suite): {name: nanoseconds each, median of all batches}}"""
    found = {}
    for column, suite in runs:
        took = {}
        for turn in range(rounds):
            path = f"{folder}/{column}.{suite}.{turn}.log"
            with open(path, errors="replace") as file:
                text = file.read()
            names = operations(text)
            for n, time in TOOK.findall(text):
                if int(n) in names:
                    times, name = names[int(n)]
                    took.setdefault(name, []).append(int(time) / times)
        found[column, suite] = {name: statistics.median(values)
                                for name, values in took.items()}
    return found


class Results:
    """What runs have left in a folder."""

    def __init__(self, folder, suites):
        self.folder, self.suites = folder, suites
        self.runs = {(column, suite.name): self.read(column, suite.name)
                     for suite in suites for column in suite.columns}

    def read(self, column, suite):
        base = f"{self.folder}/{column}.{suite}"
        found = {}
        if os.path.exists(f"{base}.counts"):
            found = read_run(base)
        if suite == "boot":
            found.update(image_figures(column))
        return found

    def count(self, column, suite, row, kind):
        run = self.runs.get((column, suite.name), {})
        return run.get(row.name, {}).get(kind)

    def value(self, column, suite, row):
        """What the row shows: instructions, a rate, or a figure."""
        value = self.count(column, suite, row, "figure")
        if value is None:
            value = self.count(column, suite, row, "instructions")
        if value and row.better == "more":
            value = 1e9 / value
        return value


def image_figures(column):
    """Of the hypervisor's image: text and data, and all that it occupies."""
    path = {"xen-dom0": "build/oracle/xen",
            "shoji-dom0": "build/shoji.elf"}.get(column)
    if not path or not os.path.exists(path):
        return {}
    with open(path, "rb") as file:
        data = file.read()
    wide = data[4] == 2
    first, = struct.unpack_from("<Q" if wide else "<I", data,
                                32 if wide else 28)
    size, number = struct.unpack_from("<HH", data, 54 if wide else 42)
    total, occupied = 0, 0
    for i in range(number):
        at = first + i * size
        if struct.unpack_from("<I", data, at)[0] != 1:	# PT_LOAD
            continue
        in_file, in_memory = struct.unpack_from(
            "<QQ" if wide else "<II", data, at + (32 if wide else 16))
        total += in_file
        occupied += in_memory
    return {"image_size": {"figure": float(total)},
            "image_memory": {"figure": float(occupied)}}
