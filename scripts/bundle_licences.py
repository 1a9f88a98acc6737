#!/usr/bin/env python3
"""bundle_licences.py WHEEL: puts the licence texts of what a wheel holds of others into it, and a NOTICE of them.

Libraries that auditwheel has put inside are looked up by name on this system (Debian: dpkg); header-only ones that are
compiled in are listed below. Fails for a part whose text is not found. Needs the package wheel.
"""
import importlib.metadata
import pathlib
import re
import subprocess
import sys
import tempfile

HEADER_ONLY = {  # a header: its package on Debian
    "/usr/include/nlohmann/json.hpp": "nlohmann-json3-dev",
    "/usr/include/flatbuffers/flatbuffers.h": "libflatbuffers-dev",
    "/usr/include/CLI/CLI.hpp": "libcli11-dev",
}


def package_of(path):
    """The Debian package that owns a file, or None."""
    for name in (path, path.resolve()):
        found = subprocess.run(["dpkg", "-S", str(name)], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.split(":")[0]
    return None


def system_library(bundled):
    """libonnx-1a2b3c4d.so.1.12 as it is called on this system: libonnx.so.1.12, or the first of that stem."""
    stem = re.sub(r"-[0-9a-f]{8}(?=\.so)", "", bundled)
    cache = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    paths = [pathlib.Path(line.split("=>")[1].strip()) for line in cache.splitlines() if "=>" in line]
    exact = [p for p in paths if stem in (p.name, p.resolve().name)]
    return (exact or [p for p in paths if p.name.split(".so")[0] == stem.split(".so")[0]] or [None])[0]


def licence_of(package):
    return pathlib.Path("/usr/share/doc", package, "copyright").read_text(errors="replace")


def parts_of(root):
    """The licence texts of what an unpacked wheel holds of others, by package."""
    parts = {}
    for library in sorted(root.glob("*.libs/*.so*")):
        source = system_library(library.name)
        package = source and package_of(source)
        if not package:
            sys.exit(f"{library.name}: the package that it comes from is not found; its licence text is missing")
        parts[package] = licence_of(package)
    for header, package in HEADER_ONLY.items():
        if pathlib.Path(header).exists():
            parts[package] = licence_of(package)
    for text in importlib.metadata.files("nanobind") or []:
        if re.match(r"(LICENSE|LICENCE|COPYING)", text.name):
            parts["nanobind"] = text.read_text()
    return parts


def add(parts, info):
    """Writes the texts, and what names them, into the .dist-info folder of an unpacked wheel."""
    licences = info / "licenses"
    licences.mkdir(exist_ok=True)
    lines = ["OrionRT, Apache License 2.0 (LICENSE).", "", "It holds parts of these, under their own licences:", ""]
    for package, text in sorted(parts.items()):
        (licences / f"{package}.txt").write_text(text)
        lines.append(f"  {package}: licenses/{package}.txt")
    (licences / "NOTICE").write_text("\n".join(lines) + "\n")
    metadata = info / "METADATA"
    head, gap, body = metadata.read_text().partition("\n\n")
    head += "".join(f"\nLicense-File: {name}" for name in ["NOTICE", *(f"{part}.txt" for part in sorted(parts))])
    metadata.write_text(head + gap + body)


def run_wheel(*arguments):
    subprocess.run([sys.executable, "-m", "wheel", *arguments], check=True, stdout=subprocess.DEVNULL)


def main():
    wheel = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as scratch:
        run_wheel("unpack", "-d", scratch, wheel)
        (root,) = pathlib.Path(scratch).iterdir()
        (info,) = root.glob("*.dist-info")
        add(parts_of(root), info)
        wheel.unlink()
        run_wheel("pack", "-d", wheel.parent, root)


if __name__ == "__main__":
    main()
