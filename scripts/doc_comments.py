#!/usr/bin/env python3
"""Turns the comments of a header into Doxygen's, on standard output; scripts/docs has Doxygen call it.

    doc_comments.py HEADER.hpp

A comment of its own lines belongs to what follows it (`///`), one behind code to what stands before it (`///<`), as do
the lines that go on below at the same column. The first comment of a file is about the file.
"""
import pathlib
import re
import sys

OWN = re.compile(r"^(\s*)// ?(.*)$")
BEHIND = re.compile(r"^(.*\S)(\s+)// ?(.*)$")


def escaped(text):
    """Signs that Doxygen would take for its own commands or for HTML."""
    return re.sub(r"([\\@<>#&])", r"\\\1", text)


def translated(lines):
    column, first = None, True  # of the comment behind code that may go on
    for line in lines:
        own, behind = OWN.match(line), BEHIND.match(line)
        if own and column is not None and len(own.group(1)) == column:
            yield f"{own.group(1)}///< {escaped(own.group(2))}"
        elif own:
            if first:
                yield "/// @file"
                first = False
            yield f"{own.group(1)}/// {escaped(own.group(2))}"
            column = None
        elif behind and not line.lstrip().startswith("#") and '"' not in behind.group(1):
            column = len(behind.group(1)) + len(behind.group(2))
            yield f"{behind.group(1)}{behind.group(2)}///< {escaped(behind.group(3))}"
        else:
            column = None
            yield line


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: doc_comments.py HEADER.hpp")
    print("\n".join(translated(pathlib.Path(sys.argv[1]).read_text().splitlines())))
