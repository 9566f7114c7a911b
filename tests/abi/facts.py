# SPDX-License-Identifier: BSD-2-Clause
"""What a set of C headers says, as plain data.

Names are taken from the headers themselves, so that none can be forgotten:
macros from the preprocessor (-dD), enumerators, structures, unions and
typedefs from the debug information of a compile that keeps unused types.
Values come from running a generated program. Every fact knows its header.
"""
import os
import re
import subprocess
import tempfile

INCLUDED_MEMBER = {"DW_TAG_structure_type", "DW_TAG_union_type"}
WRAPPERS = {"DW_TAG_const_type", "DW_TAG_volatile_type"}
ENCODINGS = {"signed char": "signed", "unsigned char": "unsigned",
             "signed": "signed", "unsigned": "unsigned", "boolean": "bool"}

# Arguments for function-like macros that do not take plain numbers.
SAMPLES = {
    "TI_GET_DPL": ["&(struct trap_info){.flags=7}"],
    "TI_GET_IF": ["&(struct trap_info){.flags=7}"],
    "TI_SET_DPL": ["&(struct trap_info){.flags=4}, 3"],
    "TI_SET_IF": ["&(struct trap_info){.flags=3}, 9"],
    "MASK_XENCONS_IDX": ["1500, ((struct xencons_interface *)0)->in"],
}
NUMBERS = ["0", "5", "0x12345678", "0x123456789abcULL"]

PRINTER = r"""
#include <stdio.h>
static void show_number(const char *name, long long value)
{ printf("%s\t%lld\n", name, value); }
static void show_text(const char *name, const char *value)
{ printf("%s\t\"%s\"\n", name, value); }
#define SHOW(name, x) _Generic((x), char *: show_text, \
	const char *: show_text, default: show_number)(name, x)
"""


def run(command, text=None):
    return subprocess.run(command, input=text, capture_output=True, text=True,
                          check=False)


class Facts:
    """Facts of the headers `names` below `root`."""

    def __init__(self, root, names, flags=(), prelude="", expressions=()):
        self.root = os.path.realpath(root)
        self.source = prelude + "".join(
            f"#include <xen/{name}>\n" for name in names)
        self.flags = ["-std=gnu17", "-I", os.path.dirname(self.root), *flags]
        self.macros = {}	# name: (header, parameters or None)
        self.values = {}	# name: value or expanded text
        self.enums = {}		# name: header
        self.types = {}		# "struct x" or "x": (header, size, members)
        self.read_macros()
        with tempfile.TemporaryDirectory() as work:
            self.read_types(work)
            self.read_values(work, expressions)

    def header(self, path):
        path = os.path.realpath(path)
        if path.startswith(self.root + "/"):
            return path[len(self.root) + 1:]
        return None

    def gcc(self, arguments, text):
        done = run(["gcc", *self.flags, *arguments, "-x", "c", "-"], text)
        if done.returncode:
            raise SystemExit(f"gcc: {self.root}: {done.stderr[:2000]}")
        return done.stdout

    def read_macros(self):
        header = None
        for line in self.gcc(["-E", "-dD"], self.source).splitlines():
            if found := re.match(r'# \d+ "([^"]+)"', line):
                header = self.header(found[1])
            elif found := re.match(r"#undef (\w+)", line):
                self.macros.pop(found[1], None)
            elif header and (found := re.match(
                    r"#define (\w+)(?:\(([^)]*)\))?", line)):
                if not re.search(r"_H_*$", found[1]):	# include guards
                    self.macros[found[1]] = (header, found[2])

    def read_types(self, work):
        binary = os.path.join(work, "types.o")
        self.gcc(["-gdwarf-4", "-fno-eliminate-unused-debug-types", "-c",
                  "-o", binary], self.source + "int keep;\n")
        files = file_table(run(["readelf", "--debug-dump=rawline",
                                binary]).stdout)
        tree = Dwarf(run(["readelf", "-W", "--debug-dump=info",
                          binary]).stdout)
        for die in tree.top:
            header = self.header(files.get(die.number("decl_file"), "/"))
            if not header:
                continue
            if die.tag == "DW_TAG_enumeration_type":
                for child in die.children:
                    self.enums[child.name] = header
            kind = {"DW_TAG_structure_type": "struct ",
                    "DW_TAG_union_type": "union ",
                    "DW_TAG_typedef": ""}.get(die.tag)
            if kind is None or not die.name or "declaration" in die.attributes:
                continue
            members = {}
            tree.walk(die, "", 0, members)
            self.types[kind + die.name] = (header, tree.size(die), members)

    def read_values(self, work, expressions):
        wanted = [(name, name) for name in self.enums]
        for name, (_, parameters) in self.macros.items():
            if parameters is None:
                wanted.append((name, name))
                continue
            count = len(parameters.split(",")) if parameters.strip() else 0
            samples = SAMPLES.get(
                name, [", ".join([number] * count) for number in NUMBERS])
            wanted += [(f"{name}({s})", f"{name}({s})") for s in samples]
        wanted += expressions
        wanted = self.drop_bad(wanted)
        binary = os.path.join(work, "values")
        self.gcc(["-w", "-o", binary], self.program(wanted))
        for line in run([binary]).stdout.splitlines():
            name, value = line.split("\t", 1)
            self.values[name] = value
        self.expand([name for name, (_, parameters) in self.macros.items()
                     if parameters is None and name not in self.values])

    def program(self, wanted):
        shows = "".join(f'SHOW("{label}", {expression});\n'
                        for label, expression in wanted)
        return (self.source + PRINTER +
                'int main(void)\n{\n#line 1 "shows"\n' + shows + "}\n")

    def drop_bad(self, wanted):
        """Those that are C expressions with a number or text as value."""
        while True:
            done = run(["gcc", *self.flags, "-w", "-Werror=int-conversion",
                        "-Werror=implicit-function-declaration",
                        "-ftrack-macro-expansion=0", "-fmax-errors=0",
                        "-fsyntax-only", "-x", "c", "-"], self.program(wanted))
            bad = {int(n) for n in re.findall(r"^shows:(\d+):\d+: error",
                                              done.stderr, re.M)}
            if not bad:
                if done.returncode:
                    raise SystemExit(f"gcc: {done.stderr[:2000]}")
                return wanted
            wanted = [w for n, w in enumerate(wanted, 1) if n not in bad]

    def expand(self, names):
        """The text of macros that are no expressions."""
        text = self.source + "".join(f"@@{n}\" {n}\n" for n in names)
        for line in self.gcc(["-E", "-P", "-w"], text.replace(
                "@@", '"@@')).splitlines():
            if found := re.match(r'"@@(\w+)" ?(.*)', line):
                self.values[found[1]] = "text " + "".join(found[2].split())


def file_table(dump):
    """Paths by number, from readelf's raw line table (DWARF 4)."""
    directories, files, part = {0: "."}, {}, None
    for line in dump.splitlines():
        if "The Directory Table" in line:
            part = directories
        elif "The File Name Table" in line:
            part = files
        elif "Line Number Statements" in line:
            break
        fields = line.split("\t")
        if part is None or not fields[0].strip().isdigit():
            continue
        if part is directories:
            directories[int(fields[0])] = fields[1]
        elif len(fields) == 5:
            files[int(fields[0])] = os.path.join(
                directories[int(fields[1])], fields[4])
    return files


class Die:
    """One entry of the debug information."""

    def __init__(self, tag):
        self.tag = tag
        self.attributes = {}
        self.children = []

    @property
    def name(self):
        return self.attributes.get("name", "").rsplit(": ", 1)[-1].strip()

    def number(self, attribute, default=0):
        return int(self.attributes.get(attribute, str(default)).split()[0], 0)


class Dwarf:
    """The tree that readelf prints, and questions about its types."""

    def __init__(self, dump):
        self.by_offset = {}
        stack = []
        for line in dump.splitlines():
            if found := re.match(
                    r" <(\d+)><([0-9a-f]+)>: .*\((DW_TAG_\w+)\)", line):
                die = Die(found[3])
                depth = int(found[1])
                self.by_offset[int(found[2], 16)] = die
                del stack[depth:]
                if stack:
                    stack[-1].children.append(die)
                stack.append(die)
            elif stack and (found := re.match(
                    r"    <[0-9a-f]+> +DW_AT_(\w+) *: (.*)", line)):
                form = re.match(r"\((?!indirect)\w+\) ", found[2])
                stack[-1].attributes[found[1]] = found[2][
                    form.end() if form else 0:]
        unit = next(die for die in self.by_offset.values()
                    if die.tag == "DW_TAG_compile_unit")
        self.top = unit.children

    def target(self, die):
        """The type of a member, typedef, array or qualifier; None: void."""
        where = die.attributes.get("type")
        if not where:
            return None
        return self.by_offset[int(re.search(r"0x[0-9a-f]+", where)[0], 0)]

    def plain(self, die):
        """The type behind typedefs and qualifiers."""
        while die is not None and (die.tag in WRAPPERS or
                                   die.tag == "DW_TAG_typedef"):
            die = self.target(die)
        return die

    def size(self, die):
        die = self.plain(die)
        if die is None:
            return 0
        if die.tag == "DW_TAG_array_type":
            total = self.size(self.target(die))
            for bound in die.children:
                if "upper_bound" in bound.attributes:
                    total *= bound.number("upper_bound") + 1
                else:
                    total *= bound.number("count")
            return total
        return die.number("byte_size")

    def nature(self, die):
        """signed, unsigned, pointer...; "" for what has parts."""
        die = self.plain(die)
        while die is not None and die.tag == "DW_TAG_array_type":
            die = self.plain(self.target(die))
        if die is None:
            return "void"
        if die.tag == "DW_TAG_base_type":
            found = re.search(r"\(([^)]*)\)", die.attributes["encoding"])
            return ENCODINGS.get(found[1], found[1])
        return "pointer" if die.tag == "DW_TAG_pointer_type" else ""

    def walk(self, die, prefix, base, members):
        """Every member below a type: path -> (offset, size, nature)."""
        die = self.plain(die)
        while die is not None and die.tag == "DW_TAG_array_type":
            die = self.plain(self.target(die))
        if die is None or die.tag not in INCLUDED_MEMBER:
            return
        for child in die.children:
            if child.tag != "DW_TAG_member":
                continue
            offset = base + child.number("data_member_location")
            kind = self.target(child)
            path = prefix
            if child.name:
                path = f"{prefix}.{child.name}"
                members[path] = (offset, self.size(kind), self.nature(kind))
            self.walk(kind, path, offset, members)
