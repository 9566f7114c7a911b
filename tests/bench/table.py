# SPDX-License-Identifier: BSD-2-Clause
"""The rows of `make bench`, the counts of its runs, and tables of both."""
import os
import re
import statistics
import subprocess

COLUMNS = ["native", "xen-dom0", "xen-guest",
           "shoji-dom0", "shoji-guest", "shoji-patched"]
# which columns a suite has
RUNS_IN = {
    "operations": COLUMNS,
    "primitives": ["xen-dom0", "shoji-dom0"],
}
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


def read_counts(path, names):
    """{name: {count: each time, median of the batches}} of a run."""
    batches, begun = {}, {}
    with open(path) as file:
        kinds = file.readline().split()[1:]
        for line in file:
            mark, *values = [int(word) for word in line.split()]
            n = mark // 2
            if mark % 2 == 0:
                begun[n] = values
            elif n in begun:
                batches.setdefault(n, []).append(
                    [b - a for a, b in zip(begun[n], values)])
    return {name: {kind: statistics.median(b[i] for b in batches[n]) / times
                   for i, kind in enumerate(kinds)}
            for n, (times, name) in names.items() if n in batches}


class Results:
    """What runs have left in a folder: value(column, row) and more."""

    def __init__(self, folder, suites):
        self.folder, self.suites = folder, suites
        program = subprocess.run(["build/bench/operations", "list"],
                                 stdout=subprocess.PIPE, text=True,
                                 check=True)
        self.programs = operations(program.stdout)
        self.counts = {(column, suite.name): self.read(column, suite.name)
                       for suite in suites for column in suite.columns}

    def read(self, column, suite):
        base = f"{self.folder}/{column}.{suite}"
        if not os.path.exists(f"{base}.counts"):
            return {}
        names = self.programs
        if suite != "operations":
            with open(f"{base}.log", errors="replace") as file:
                names = operations(file.read())
        return read_counts(f"{base}.counts", names)

    def value(self, column, suite, row, kind="instructions"):
        counts = self.counts.get((column, suite.name), {})
        return counts.get(row.name, {}).get(kind)

    def text(self, runs):
        """A table of what the runs counted, for the terminal."""
        lines = []
        for suite in self.suites:
            columns = [c for c in suite.columns if (c, suite.name) in runs]
            if not columns:
                continue
            lines.append(f"{suite.title:40}" +
                         "".join(f"{c:>14}" for c in columns))
            for row in suite.rows:
                values = [self.value(c, suite, row) for c in columns]
                lines.append(f"{row.title:40}" + "".join(
                    f"{'-' if v is None else round(v, 1):>14}"
                    for v in values))
        return "\n".join(lines)
