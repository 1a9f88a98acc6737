#!/usr/bin/env python3
"""Checks that links of documents lead somewhere: to a file, and to a heading of it; that paths named in code exist.

    links_test.py [--external]     --external lists the links that leave the tree, which nobody checks here
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob(".github/**/*.md"))]
PATH = re.compile(r"`((?:docs|examples|scripts|tests|benchmarks|cmake|schemas|src|python|fuzz)/[\w./-]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def prose_of(document):
    """Its text without fenced blocks."""
    return re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.S | re.M)


def anchors_of(document):
    """The anchors that a forge gives to headings: lower case, blanks as hyphens, other signs dropped."""
    headings = re.findall(r"^#+ (.*)$", prose_of(document), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def fault_of(document, link):
    """Why a link leads nowhere, or None."""
    path, _, anchor = link.partition("#")
    target = (document.parent / path).resolve() if path else document
    if not target.exists():
        return "there is no such file"
    if anchor and anchor not in anchors_of(target):
        return f"no heading of {target.name} has that anchor"
    return None


def main():
    faults, external = [], []
    for document in DOCUMENTS:
        name = document.relative_to(ROOT)
        for link in LINK.findall(prose_of(document)):
            if re.match(r"[a-z]+:", link):
                external.append(f"{name}: {link}")
            elif fault := fault_of(document, link):
                faults.append(f"{name}: ({link}): {fault}")
        for path in PATH.findall(prose_of(document)):
            if not (ROOT / path).exists() and not list(ROOT.glob(path + ".*")):
                faults.append(f"{name}: `{path}` is not in the tree")
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / link.partition("#")[0]).resolve() for link in LINK.findall(prose_of(index))}
    faults += [f"{d.relative_to(ROOT)}: docs/README.md, which lists all documents, has no link to it"
               for d in DOCUMENTS if d.parent == index.parent and d not in listed and d != index]
    print("\n".join(external if "--external" in sys.argv else faults or ["links: all lead somewhere"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
