#!/usr/bin/env python3
"""Runs the steps of .github/actions/plan-diff as a forge would, on a repository in which a model grows.

    workflow_test.py ORIONRT

The steps are taken from the file as they stand; what `${{ inputs.NAME }}` means comes from here. Where PyYAML is
installed, all files of the forge are parsed too.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ACTION = ROOT / ".github" / "actions" / "plan-diff" / "action.yml"
GRAPH = """{"schema": "orionrt.graph/1",
 "tensors": [{"id": 0, "bytes": 64}, {"id": 1, "bytes": %d}, {"id": 2, "bytes": 64, "roles": ["output"]}],
 "ops": [{"inputs": [0], "outputs": [1]}, {"inputs": [1], "outputs": [2]}]}
"""


def steps_of(text):
    """(environment, commands) of each step of a composite action."""
    for step in re.split(r"^    - ", text.partition("  steps:\n")[2], flags=re.M)[1:]:
        environment = dict(re.findall(r'(\w+): "\$\{\{ inputs\.([\w-]+) \}\}"', step))
        yield environment, textwrap.dedent(step.partition("run: |\n")[2])


class Forge:
    """A repository, and what a run of the action leaves behind."""

    def __init__(self, folder, orionrt):
        self.folder = folder
        self.repository = folder / "repository"
        self.summary, self.output = folder / "summary.md", folder / "output"
        self.environment = {**os.environ, "PATH": f"{orionrt.parent}:{os.environ['PATH']}", "RUNNER_TEMP": str(folder),
                            "GITHUB_STEP_SUMMARY": str(self.summary), "GITHUB_OUTPUT": str(self.output),
                            "GIT_CONFIG_GLOBAL": os.devnull}
        self.repository.mkdir()
        self.git("init", "-q")

    def git(self, *arguments):
        who = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
        subprocess.run(["git", *who, *arguments], cwd=self.repository, env=self.environment, check=True)

    def commit(self, name, text):
        (self.repository / name).parent.mkdir(parents=True, exist_ok=True)
        (self.repository / name).write_text(text)
        self.git("add", name)
        self.git("commit", "-q", "-m", name)

    def act(self, **inputs):
        """The exit code of the first step that fails, or 0; summary and outputs are those of this run."""
        for file in (self.summary, self.output):
            file.write_text("")
        for wanted, commands in steps_of(ACTION.read_text()):
            given = {name: inputs.get(value.replace("-", "_"), "") for name, value in wanted.items()}
            done = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", commands], check=False,
                                  cwd=self.repository, env={**self.environment, **given}, stdout=subprocess.DEVNULL)
            if done.returncode:
                return done.returncode
        return 0


def check(condition, what):
    if not condition:
        sys.exit(f"workflow_test: {what}")


def check_action(orionrt):
    with tempfile.TemporaryDirectory() as folder:
        forge = Forge(pathlib.Path(folder), orionrt)
        forge.commit("nets/a net.json", GRAPH % 4096)
        forge.commit("nets/a net.json", GRAPH % 8192)
        model = {"model": "nets/a net.json", "base": "HEAD~1"}
        check(forge.act(**model) == 0, "a model that grew, without a budget, ends well")
        said = forge.summary.read_text()
        check("nets/a net.json" in said and "|" in said, "the summary has a table")
        check(forge.output.read_text() == "growth=4096\n", f"the output is {forge.output.read_text()!r}")
        check(forge.act(**model, max_growth="2%") == 6, "over the budget it fails")
        check(forge.act(**model, max_growth="8K") == 0, "within the budget it ends well")
        check(forge.act(**model, options="--alignment 4096") == 0, "options reach the command")
        check(forge.output.read_text() != "growth=\n", "and there is a growth")
        check(forge.act(model=model["model"], base="HEAD~1~1") == 0, "a commit that there is not has no model")
        check("New" in forge.summary.read_text(), "a new model is said to be new")
        check(forge.act(model="nets/none.json", base="HEAD") != 0, "a model that there is not fails")


def check_files():
    """That all files for the forge can be read, hold no token, and name scripts that exist."""
    files = [*ROOT.glob(".github/**/*.yml"), ROOT / ".pre-commit-config.yaml"]
    check(len(files) > 5, "the forge's files are there")
    for file in files:
        text = file.read_text()
        check("secrets." not in text and "token:" not in text.lower(), f"{file.name} uses a token")
        for script in re.findall(r"(?:scripts|tests)/[\w.]+", text):
            check((ROOT / script).exists(), f"{file.name} names {script}, which is not there")
    try:
        import yaml
    except ImportError:
        print("without PyYAML the forge's files are not parsed")
        return
    for file in files:
        check(isinstance(yaml.safe_load(file.read_text()), dict), f"{file.name} is no mapping")


if __name__ == "__main__":
    check_files()
    check_action(pathlib.Path(sys.argv[1]).resolve())
    print("the action does what it says")
