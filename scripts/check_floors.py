#!/usr/bin/env python3
"""Checks that no include points up a floor (docs/design.md). Exits 1 and names each that does."""
import pathlib
import re
import sys

FLOORS = [  # lowest first; folders of one floor do not see each other
    {"src/base", "src/buddy"},
    {"src/plan"},
    {"src/graph", "src/runtime"},
    {"src/pool"},
    {"src/io", "src/report", "src/devices"},
    {"cli", "examples", "python", "src/capi"},
]
# A public header belongs to the folder that implements it; orionrt_plan.h, which includes nothing, to the ground.
HEADERS = {
    "src/base": {"config", "orionrt_plan.h"},
    "src/buddy": {"buddy"},
    "src/plan": {"plan", "planner", "problem"},
    "src/graph": {"assignment", "graph", "import", "lowering", "streams"},
    "src/runtime": {"buddy_adaptors", "memory"},
    "src/pool": {"orionrt", "shared_plan", "stream_scratch", "tensor_pool"},
    "src/io": {"formats"},
    "src/report": {"report"},
    "src/devices": {"cuda", "opencl"},
    "src/capi": {"orionrt.h", "orionrt_io.h"},
}
# The exceptions, each with a reason in docs/design.md.
SIDES_MAY_SEE = {("src/buddy", "src/base"), ("src/report", "src/io")}

root = pathlib.Path(__file__).resolve().parent.parent
floor_of = {folder: number for number, folders in enumerate(FLOORS) for folder in folders}
home_of = {name: folder for folder, names in HEADERS.items() for name in names}
faults = []


def name_of(header):
    """As HEADERS has it: C++ is the rule, and goes without its suffix."""
    return header[:-len(".hpp")] if header.endswith(".hpp") else header


def folder_of(path):
    """The folder of FLOORS that holds a file, or None."""
    if path.parts[:2] == ("include", "orionrt"):
        if name_of(path.name) not in home_of:
            faults.append(f"{path}: no folder claims this header; add it to HEADERS in scripts/check_floors.py")
        return home_of.get(name_of(path.name))
    for depth in (2, 1):
        folder = "/".join(path.parts[:depth])
        if folder in floor_of:
            return folder
    faults.append(f"{path}: its folder stands on no floor; add it to FLOORS in scripts/check_floors.py")
    return None


def target_of(include, folder):
    """The folder that an include leads to, or None for the system's and one's own."""
    if include.startswith("orionrt/"):
        return home_of.get(name_of(include[len("orionrt/"):]))
    candidate = "src/" + include.split("/")[0]
    return candidate if "/" in include and candidate in floor_of else folder


for path in sorted([*root.glob("**/*.[ch]pp"), *root.glob("include/orionrt/*.h")]):
    path = path.relative_to(root)
    if path.parts[0] not in ("include", "src", "cli", "python"):
        continue
    folder = folder_of(path)
    if folder is None:
        continue
    for number, line in enumerate((root / path).read_text().splitlines(), 1):
        match = re.match(r'#include ["<]([\w./]+)[">]', line)
        if not match:
            continue
        target = target_of(match.group(1), folder)
        if target in (None, folder) or (folder, target) in SIDES_MAY_SEE:
            continue
        if floor_of[target] >= floor_of[folder]:
            faults.append(f"{path}:{number}: {folder} must not include {match.group(1)} of {target}")

print("\n".join(faults) if faults else "floors: every include points down")
sys.exit(1 if faults else 0)
