"""The Python lines of the documents run as they stand, one after another."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

import orionrt

ROOT = pathlib.Path(__file__).parents[2]
WRITTEN = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
DOCUMENTS = [path for path in WRITTEN if "```python\n" in path.read_text()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_lines_of_the_documents(document, tmp_path, monkeypatch):
    blocks = re.findall(r"```python\n(.*?)```", document.read_text(), re.S)
    assert blocks
    os.symlink(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    names = {"orionrt": orionrt}
    for block in blocks:
        exec(compile(block, document.name, "exec"), names)


def test_the_engine_gives_the_same_answers():
    told = subprocess.run(
        [sys.executable, ROOT / "examples" / "numpy_engine.py"], capture_output=True, text=True, check=True
    ).stdout
    kib = [int(line.split("KiB")[0].split()[-1]) for line in told.splitlines()]
    own, reuse, in_place, streams = kib
    assert told.count("same answer") == 4 and in_place < reuse < own and reuse <= streams < own
