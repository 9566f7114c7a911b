# SPDX-License-Identifier: BSD-2-Clause
"""Tables and the chart of `make bench`, and what of the baselines they miss."""
import subprocess

import table

KINDS = ["entries", "cr3_loads", "flushes", "wrmsr", "iret"]
WITHIN = 0.03	# of the baselines


def number(value):
    """Three digits or more, as few characters as that takes."""
    if value is None:
        return ""
    if value >= 1e8:
        return f"{value / 1e6:.0f} M"
    if value >= 1e7:
        return f"{value / 1e6:.1f} M"
    return f"{value:.0f}" if value >= 10 else f"{value:.2f}"


def ratio(value, other):
    return f"{value / other:.2f}" if value and other else ""


def xen_column(suite, row, results):
    """Which of Xen's columns the row's goal column is compared with."""
    place = "dom0" if suite.goal_column.endswith("dom0") else "guest"
    if results.value(f"xen-{place}", suite, row):
        return f"xen-{place}"
    return None


def goal_of(suite, row, results, column):
    """The figure that the column should have, or None."""
    goal = row.patched if column == "shoji-patched" else row.goal
    if column not in (suite.goal_column, "shoji-patched"):
        return None
    if goal == "xen":
        column = xen_column(suite, row, results)
        return results.value(column, suite, row) if column else None
    return goal


def met(row, value, goal):
    if value is None or goal is None:
        return ""
    good = value <= goal if row.better == "less" else value >= goal
    return "yes" if good else "no"


def kind_of(results, column, suite, row, kind):
    """Flushes are all that may empty a TLB: a CPU without PCID is counted."""
    if kind != "flushes":
        return results.count(column, suite, row, kind)
    parts = [results.count(column, suite, row, part)
             for part in ("cr3_loads", "cr4_loads", "invlpg")]
    return None if None in parts else sum(parts)


def tsv(results):
    lines = ["\t".join(["suite", "row", "column", "value", "baseline", "goal",
                        "met", *KINDS])]
    for suite in results.suites:
        for row in suite.rows:
            for column in suite.columns:
                value = results.value(column, suite, row)
                if value is None:
                    continue
                goal = goal_of(suite, row, results, column)
                lines.append("\t".join(
                    [suite.name, row.name, column, f"{value:.2f}",
                     shown(row.baseline.get(column)), shown(goal),
                     met(row, value, goal)] +
                    [shown(kind_of(results, column, suite, row, kind))
                     for kind in KINDS]))
    return "\n".join(lines) + "\n"


def shown(value):
    return "" if value is None else f"{value:.2f}"


def columns_of(suite, results):
    return [c for c in suite.columns
            if any(results.value(c, suite, row) for row in suite.rows)]


def head(words):
    return ["| " + " | ".join(words) + " |",
            "|---" + "|--:" * (len(words) - 1) + "|"]


def main_table(suite, results):
    """A line for each row: the columns, ratios, the goal."""
    columns = columns_of(suite, results)
    mine = suite.goal_column
    patched = "shoji-patched" in columns
    lines = head(["", *columns, "/ Xen", "/ native", "goal", "met"] +
                 (["patched goal", "met"] if patched else []))
    for row in suite.rows:
        values = {c: results.value(c, suite, row) for c in columns}
        value = values.get(mine)
        goal = goal_of(suite, row, results, mine)
        words = [row.title] + [number(values[c]) for c in columns]
        words += [ratio(value, values.get(xen_column(suite, row, results))),
                  ratio(value, values.get("native")),
                  number(goal), met(row, value, goal)]
        if patched:
            goal = goal_of(suite, row, results, "shoji-patched")
            words += [number(goal),
                      met(row, values.get("shoji-patched"), goal)]
        lines.append("| " + " | ".join(words) + " |")
    return lines


def kinds_table(suite, results):
    """What an instruction count hides: on Xen and on Shoji."""
    pairs = [c for c in (suite.goal_column.replace("shoji", "xen"),
                         suite.goal_column, "shoji-patched")
             if c in columns_of(suite, results)]
    if not pairs:
        return []
    lines = head([""] + [f"{kind.replace('_', ' ')}, {c}"
                         for kind in KINDS for c in pairs])
    for row in suite.rows:
        values = [kind_of(results, c, suite, row, kind)
                  for kind in KINDS for c in pairs]
        if any(value is not None for value in values):
            lines.append("| " + " | ".join(
                [row.title] + ["" if v is None else f"{v:.2f}"
                               for v in values]) + " |")
    return lines


def markdown(results):
    lines = []
    for suite in results.suites:
        if not columns_of(suite, results):
            continue
        lines += ["## " + suite.title, "", *main_table(suite, results), ""]
        if suite.name in ("operations", "primitives"):
            lines += ["Of these, entries to the hypervisor and instructions "
                      "that cost more than one:", "",
                      *kinds_table(suite, results), ""]
    return "\n".join(lines)


MARKER = "<!-- below: written by make bench -->\n"


def publish(results, path):
    """The tables replace what is below the marker."""
    with open(path) as file:
        words = file.read().split(MARKER)[0]
    with open(path, "w") as file:
        file.write(words + MARKER + "\n" + markdown(results))


def text(results, runs):
    """The columns of these runs, for a terminal."""
    lines = []
    for suite in results.suites:
        columns = [c for c in suite.columns if (c, suite.name) in runs]
        if not columns:
            continue
        lines.append(f"{suite.title:60}" + "".join(f"{c:>15}" for c in columns))
        for row in suite.rows:
            lines.append(f"{row.title:60}" + "".join(
                f"{number(results.value(c, suite, row)) or '-':>15}"
                for c in columns))
    return "\n".join(lines)


def wall(times, runs, suites):
    """Markdown: medians, and what a column's guest takes of Xen's time."""
    lines = []
    for suite in suites:
        columns = [c for c in suite.columns if (c, suite.name) in runs]
        if not columns:
            continue
        pairs = [(c, c.replace("shoji", "xen").replace("patched", "guest"))
                 for c in columns if c.startswith("shoji")]
        lines += [f"## {suite.name}: nanoseconds, and ratios of them", ""]
        lines += head(["", *columns] + [f"{a} / {b}" for a, b in pairs])
        for row in suite.rows:
            value = {c: times[c, suite.name].get(row.name) for c in columns}
            if any(value.values()):
                lines.append("| " + " | ".join(
                    [row.title.split(",")[0]] +
                    [number(value[c]) for c in columns] +
                    [ratio(value[a], value.get(b)) for a, b in pairs]) + " |")
        lines.append("")
    return "\n".join(lines)


def deviations(results, runs):
    """Rows of other systems that are not what the baselines say: lines."""
    for suite in results.suites:
        for row in suite.rows:
            for column, known in row.baseline.items():
                if not known or (column, suite.name) not in runs:
                    continue
                value = results.value(column, suite, row)
                if value is None:
                    yield f"not ok {row.name} {column}: no figure"
                    continue
                off = value / known - 1
                line = (f"{row.name} {column}: {number(value)}, "
                        f"known as {number(known)}, {off:+.1%}")
                if abs(off) <= WITHIN:
                    yield f"ok {line}"
                else:
                    yield f"{'skip' if row.rough else 'not ok'} {line}"


def chart(results, path):
    """Bars for each row of the first two suites, Xen being 1."""
    rows = []
    for suite in results.suites[:2]:
        xen = suite.goal_column.replace("shoji", "xen")
        for row in suite.rows:
            other = results.value(xen, suite, row)
            if not other:
                continue
            values = [results.value(c, suite, row) for c in
                      ("native", suite.goal_column, "shoji-patched")]
            title = row.title.split(" (")[0]
            rows.append("\t".join([title] + [
                f"{v / other:.3f}" if v else "0" for v in values]))
    script = CHART.replace("PATH", path).replace(
        "DATA", "\n".join(rows))
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


CHART = """
$data << end
DATA
end
set terminal pngcairo noenhanced size 1100,640 font "sans,10"
set output "PATH"
set title "Instructions per operation, Xen 4.17 = 1"
set style data histogram
set style histogram clustered gap 1
set style fill solid
set yrange [0:1.5]
set grid ytics
set xtics rotate by -60 scale 0
set rmargin 8
set key top left horizontal
set datafile separator "\\t"
plot 1 title "Xen" lc rgb "black" with lines, \\
	$data using 3:xtic(1) title "Shoji, stock guest" lc rgb "#2060a0", \\
	"" using 4 title "Shoji, patched guest" lc rgb "#70b0e0", \\
	"" using 2 title "Linux alone" lc rgb "#b0b0b0"
"""
