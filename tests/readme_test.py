#!/usr/bin/env python3
"""Follows documents as a reader would: every fenced block of them is run, as it is written.

    readme_test.py BUILD DOCUMENT...

BUILD: a build tree, which is installed into a scratch folder first. The blocks of one document share a folder in which
the tree's examples, scripts and BUILD (as `build`) are, with the command `orionrt` on the path; each block begins in
that folder. By the language of a block:

sh        every line is run, and must succeed; with `exit code N` in its comment it must end with N
console   lines behind `$ ` are run; what stands below is what they print. `...` as a line stands for any lines, within
          a line for anything
cpp       what begins with `// NAME.cpp` is that file; with `// from FILE`, lines of that file of the tree; all else of a
          document is joined, inside main, compiled, and run. All warnings are errors
cmake     what begins with `# CMakeLists.txt` is that file; all else says how the C++ of the document finds OrionRT
python    run by scripts/test_python, in an environment that has the package; here it must name the document
csv json  begin with `# NAME`, or are checked to be read; c, yaml, text: see SHOWN

Line lengths are checked too: 100 columns, and 200 lines for the README.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
COLUMNS, README_LINES = 100, 200
WARNINGS = "-Wall -Wextra -Wconversion -Wshadow -Werror"

# Commands that are not run, by how they begin, each with its reason. One that no document holds is a fault.
NOT_RUN = {
    "scripts/demo": "builds for a minute or more, into a tree of its own; the tests' own build is of the same sources",
    "scripts/test": "runs this test",
    "pip install": "compiles for minutes; scripts/test_python installs the wheel and runs the Python lines",
}
# Languages of blocks that show something instead of doing it.
SHOWN = {"text": "a picture or a form", "yaml": "tests/cli/workflow_test.py runs the steps of workflows"}

# Each command says so of the examples, which come without their weights; a document says it once, in words.
WITHOUT_WEIGHTS = re.compile(r'^orionrt: warning: .* external data "weights\.bin", which is not there.*\n', re.M)

PREAMBLE = """#include <cstdint>
#include <iostream>
#include <memory>
#include <orionrt/orionrt.hpp>
#include <utility>
#include <vector>
using namespace orionrt;
"""

seen_prefixes = set()


class Fault(Exception):
    """A line of a document that does not do what the document says."""


def blocks_of(text):
    """(line number, language, body) of each fenced block."""
    language, begin, body = None, 0, []
    for number, line in enumerate(text.splitlines(), 1):
        if language is None and line.startswith("```"):
            language, begin, body = line[3:].strip(), number, []
        elif language is not None and line.rstrip() == "```":
            yield begin, language, "\n".join(body) + "\n"
            language = None
        elif language is not None:
            body.append(line)
    if language is not None:
        raise Fault(f"line {begin}: this block does not end")


def commands_of(body):
    """Lines of a block of commands, those that end in a backslash joined with the next."""
    return [line for line in body.replace("\\\n", "").splitlines() if line.strip() and not line.startswith("#")]


def named_file(body):
    """The file that a block is, by its first line; None where it has no name."""
    match = re.match(r"(?://|#) ([\w./-]+\.\w+)(?:\s|$|:)", body)
    return match and match.group(1)


class Reader:
    """Follows one document."""

    def __init__(self, document, build, prefix, folder):
        self.document, self.prefix, self.folder = document, prefix, folder
        self.cpp, self.cmake, self.run, self.here = [], [], 0, folder
        shutil.copytree(ROOT / "examples", folder / "examples")
        os.symlink(ROOT / "scripts", folder / "scripts")
        os.symlink(build, folder / "build")
        path = f"{build}:{os.environ['PATH']}"
        self.environment = {**os.environ, "PATH": path, "CMAKE_PREFIX_PATH": str(prefix),
                            "CXXFLAGS": WARNINGS, "COLUMNS": "80"}

    def execute(self, command, code=0):
        """What the command prints; it must end with this code. `cd` holds for those that follow."""
        shell = ["bash", "-c", f"{command}\ncode=$?; pwd >'{self.folder}/.here'; exit $code"]
        done = subprocess.run(shell, cwd=self.here, env=self.environment, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.run += 1
        if done.returncode != code:
            raise Fault(f"`{command}` ended with {done.returncode}, not {code}:\n{done.stdout[-3000:]}")
        self.here = (self.folder / ".here").read_text().strip()
        return done.stdout

    def is_run(self, command):
        """Whether it is not among those that are left out."""
        for prefix in NOT_RUN:
            if command.startswith(prefix):
                seen_prefixes.add(prefix)
                return False
        return True

    def sh(self, body):
        for command in commands_of(body):
            if self.is_run(command):
                code = re.search(r"#.*\bexit code (\d)", command)
                self.execute(command, int(code.group(1)) if code else 0)

    def console(self, body):
        parts = re.split(r"^\$ ", body, flags=re.M)
        if parts[0].strip():
            raise Fault(f"a console block begins with its first command, not with {parts[0].strip()!r}")
        for part in parts[1:]:
            command, _, expected = part.partition("\n")
            if self.is_run(command):
                said = WITHOUT_WEIGHTS.sub("", self.execute(command))
                if not matches(expected, said):
                    raise Fault(f"`{command}` printed:\n{said}where the document has:\n{expected}")

    def python(self, _):
        if self.document.name not in (ROOT / "scripts" / "test_python").read_text():
            raise Fault(f"scripts/test_python does not run the Python of {self.document.name}")

    def finish(self):
        """Compiles and runs the fragments of C++, as the document's own CMake finds OrionRT."""
        if not self.cpp:
            return
        folder = self.folder / "fragments"
        folder.mkdir()
        (folder / "main.cpp").write_text(PREAMBLE + "int main() {\n" + "".join(self.cpp) + "}\n")
        find = "".join(self.cmake) or "find_package(orionrt)\ntarget_link_libraries(app orionrt::orionrt)\n"
        (folder / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.16)\nproject(app CXX)\nadd_executable(app main.cpp)\n" + find)
        self.execute("cmake -S fragments -B fragments/out && cmake --build fragments/out && fragments/out/app")

    def follow(self):
        text = self.document.read_text()
        check_form(self.document, text)
        for line, language, body in blocks_of(text):
            self.here = self.folder
            try:
                self.block(language, body)
            except Fault as fault:
                raise Fault(f"{self.document.name}:{line}: {fault}") from fault
        self.here = self.folder
        try:
            self.finish()
        except Fault as fault:
            raise Fault(f"{self.document.name}, its C++: {fault}") from fault

    def block(self, language, body):
        name = named_file(body) if language not in ("sh", "console") else None
        if body.startswith("// from "):
            check_quoted(body)
        elif name is not None:
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(body)
        elif language == "cpp":
            self.cpp.append(body)
        elif language == "cmake":
            self.cmake.append(body)
        elif language == "json":
            json.loads(body)
        elif language in ("sh", "console", "python"):
            getattr(self, language)(body)
        elif language not in SHOWN:
            raise Fault(f"a block of language \"{language}\" cannot be followed; see tests/readme_test.py")


def matches(expected, said):
    """Whether what was said is what is expected, where ... stands for anything."""
    pattern = ""
    for line in expected.splitlines():
        if line.strip() in ("...", "…"):
            pattern += r"(?:.*\n)*?"
        else:
            pieces = [re.escape(piece) for piece in re.split(r"\.\.\.|…", line.rstrip())]
            pattern += ".*?".join(pieces) + r" *\n"
    return re.fullmatch(pattern, said) is not None


def check_quoted(body):
    """Whether the lines of a block stand in the file that its first line names, as a whole, but for indentation."""
    first, _, quoted = body.partition("\n")
    name = first.removeprefix("// from ").strip()
    if textwrap.dedent(quoted).strip() not in "\n".join(dedented_at_each(ROOT / name)):
        raise Fault(f"{name} does not have these lines:\n{quoted}")


def dedented_at_each(path):
    """The text of a file, with its indentation taken away by 0, 2 and 4 columns."""
    text = path.read_text()
    return [re.sub(rf"^ {{{columns}}}", "", text, flags=re.M) for columns in (0, 2, 4)]


def check_form(document, text):
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS:
            raise Fault(f"{document.name}:{number}: {len(line)} columns; at most {COLUMNS}")
    if document.name == "README.md" and document.parent == ROOT and len(lines) > README_LINES:
        raise Fault(f"{document.name}: {len(lines)} lines; at most {README_LINES}")


def main():
    build_tree = pathlib.Path(sys.argv[1]).resolve()
    documents = [pathlib.Path(name).resolve() for name in sys.argv[2:]]
    faults = 0
    with tempfile.TemporaryDirectory() as scratch:
        prefix = pathlib.Path(scratch) / "prefix"
        subprocess.run(["cmake", "--install", build_tree, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
        for document in documents:
            folder = pathlib.Path(scratch) / document.stem
            folder.mkdir()
            reader = Reader(document, build_tree, prefix, folder)
            try:
                reader.follow()
                print(f"{document.name}: {reader.run} commands as written")
            except Fault as fault:
                faults += 1
                print(fault)
    for unused in sorted(set(NOT_RUN) - seen_prefixes):
        faults += 1
        print(f"tests/readme_test.py: no document holds \"{unused}\"; take it from NOT_RUN")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
