"""What the tests of the page of `orionrt report` share: a real browser. NAME_test.py ORIONRT [SHARED].

Needs Chromium and the Python package playwright, here or in build/venv (scripts/install_packages --tests); exits 77,
and says so, where one is absent. SHARED: a folder of larger instances, used where it is there.
"""
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
VENV = ROOT / "build" / "venv" / "bin" / "python"

try:
    from playwright.sync_api import sync_playwright
except ImportError:
    if VENV.exists() and pathlib.Path(sys.prefix) != VENV.parent.parent:
        os.execv(VENV, [str(VENV), *sys.argv])
    print("skipped: the Python package playwright is not here; scripts/install_packages --tests installs it")
    sys.exit(77)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if CHROMIUM is None:
    print("skipped: no Chromium here; scripts/install_packages --tests installs it")
    sys.exit(77)
ORIONRT = pathlib.Path(sys.argv[1]).resolve()
SHARED = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / ".." / "shared"

# Two classes, two tensors that share bytes, one that only touches: easy to know where all of them lie.
GRAPH = {
    "schema": "orionrt.graph/1",
    "tensors": [{"id": 0, "dtype": "float32", "shape": [1, 256], "roles": ["input"], "name": "x"},
                {"id": 1, "bytes": 4096, "name": "hidden"},
                {"id": 2, "bytes": 2048, "name": "middle"},
                {"id": 3, "bytes": 1024, "name": "y", "roles": ["output"]}],
    "ops": [{"inputs": [0], "outputs": [1], "name": "conv1"}, {"inputs": [1], "outputs": [2], "name": "conv2"},
            {"inputs": [2], "outputs": [3], "name": "conv3"}],
}


# The peak is at relu1, which could write over its input.
RELU = {
    "schema": "orionrt.graph/1",
    "tensors": [{"id": 0, "bytes": 64, "name": "in"}, {"id": 1, "bytes": 128, "name": "a"},
                {"id": 2, "bytes": 128, "name": "b"},
                {"id": 3, "bytes": 64, "name": "c", "roles": ["output"]}, {"id": 4, "bytes": 32, "name": "skip"}],
    "ops": [{"type": "Conv", "name": "conv0", "inputs": [0], "outputs": [1, 4]},
            {"type": "Relu", "name": "relu1", "inputs": [1], "outputs": [2], "aliases": [{"kind": "same_index"}]},
            {"type": "Conv", "name": "conv2", "inputs": [2, 4], "outputs": [3]}],
}


def orionrt(*arguments):
    run = subprocess.run([ORIONRT, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if run.returncode != 0:
        raise AssertionError(f"orionrt {arguments}: {run.returncode}: {run.stderr.decode()}")
    return run.stdout


def problem(names, size=1000):
    return {"schema": "orionrt.problem/1", "alignment": 64,
            "buffers": [{"id": f"b{i}", "name": name, "size": size + 8 * i, "lower": i, "upper": i + 3}
                        for i, name in enumerate(names)]}


def many(count, seed):
    """As training graphs are: most live briefly, some long; names as exporters write them."""
    draw = random.Random(seed)
    buffers = []
    for i in range(count):
        lower = draw.randrange(0, count)
        life = draw.choice([1, 2, 3, 5, 8, 30, 200])
        buffers.append({"id": str(i), "name": f"model/decoder/layers.{i // 40}/self_attn/MatMul_{i}:0",
                        "size": 64 * draw.randrange(1, 20000), "lower": lower, "upper": lower + life})
    return {"schema": "orionrt.problem/1", "buffers": buffers}


class PageTest(unittest.TestCase):
    """A test opens pages; none of them may ask for anything, or complain."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name)
        cls.playwright = sync_playwright().start()
        cls.browser = cls.playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.playwright.stop()
        cls.folder.cleanup()

    def write(self, name, content):
        path = self.root / name
        path.write_text(json.dumps(content) if isinstance(content, dict) else content)
        return path

    def report(self, source, *options, suffix=".html"):
        out = self.root / (pathlib.Path(source).name + suffix)
        orionrt("report", source, "-o", out, *options)
        return out

    def open(self, path, **options):
        """The page, once it can be used; it must not have asked for anything, or complained."""
        options = {"viewport": {"width": 1280, "height": 800}, **options}
        page = self.browser.new_page(**options)
        self.addCleanup(page.close)
        self.troubles = []
        page.on("console", lambda message: self.troubles.append(message.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("request", lambda request: request.url == path.as_uri() or self.troubles.append(request.url))
        page.on("dialog", lambda dialog: (self.troubles.append("dialog"), dialog.dismiss()))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]", state="attached")
        self.settle(page)
        return page

    def settle(self, page):
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def tearDown(self):
        self.assertEqual(getattr(self, "troubles", []), [])

    def place(self, page, step, offset, n=0):
        """Where a step and an offset are on the page."""
        return page.evaluate("""([step, offset, n]) => {
            const box = maps[n].canvas.getBoundingClientRect();
            return [box.left + maps[n].xOf(step), box.top + maps[n].yOf(offset)];
        }""", [step, offset, n])

    def pixel(self, page, step, offset, n=0):
        """The colour there, of the map as it is drawn; by a copy, as reading back slows a canvas down."""
        return tuple(page.evaluate("""([step, offset, n]) => {
            const map = maps[n];
            const copy = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
            const at = [map.xOf(step) * map.ratio, map.yOf(offset) * map.ratio].map(Math.round);
            copy.drawImage(map.canvas, ...at, 1, 1, 0, 0, 1, 1);
            return [...copy.getImageData(0, 0, 1, 1).data.slice(0, 3)];
        }""", [step, offset, n]))

    def view(self, page):
        return page.evaluate("({...shared.view})")
