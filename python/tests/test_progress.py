"""progress=, and Ctrl-C while a plan is made."""

import os
import random
import signal
import subprocess
import sys
import threading

import pytest

import orionrt


def hard(count=1500):
    """Buffers that auto searches long for: hundreds are alive at once."""
    draw = random.Random(1)
    lower = [draw.randrange(1000) for _ in range(count)]
    upper = [begin + draw.randrange(50, 300) for begin in lower]
    return orionrt.Problem(lower, upper, [draw.randrange(1, 9999) for _ in lower])


@pytest.fixture(autouse=True)
def interrupts():
    """Whoever runs tests in the background ignores Ctrl-C, and what is started there does, too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_it_is_told_how_far_planning_is():
    told = []
    threads = set()

    def follow(progress):
        threads.add(threading.get_ident())
        told.append((progress.peak_bytes, progress.lower_bound_bytes, progress.stage, progress.work))

    plan = hard().plan(progress=follow, effort="fast")
    assert threads == {threading.get_ident()} and len(told) > 1
    peaks = [peak for peak, _, _, _ in told if peak]
    assert peaks == sorted(peaks, reverse=True) and peaks[-1] >= plan.peak_bytes
    assert all(isinstance(stage, str) for _, _, stage, _ in told)
    assert [work for _, _, _, work in told] == sorted(work for _, _, _, work in told)
    assert not plan.interrupted and plan.offsets.tolist() == hard().plan(effort="fast").offsets.tolist()


def test_false_stops():
    problem = hard()
    plan = problem.plan(progress=lambda progress: progress.peak_bytes == 0)
    assert plan.interrupted and orionrt.check(plan, problem) is None


def test_what_it_raises_comes_out():
    def follow(progress):
        raise LookupError("seen enough")

    with pytest.raises(LookupError, match="seen enough"):
        hard().plan(progress=follow)
    with pytest.raises(orionrt.Error, match="progress"):
        orionrt.plan([0], [1], [8], progress=3)


def test_ctrl_c_has_the_best_plan():
    problem = hard()

    def follow(progress):
        if progress.peak_bytes:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as raised:
        problem.plan(progress=follow)
    plan = raised.value.plan
    assert plan.interrupted and orionrt.check(plan, problem) is None


def test_ctrl_c_without_a_follower():
    lines = """
import os, signal, threading, orionrt, test_progress
signal.signal(signal.SIGINT, signal.default_int_handler)
problem = test_progress.hard(20000)
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    problem.plan(effort="thorough")
except KeyboardInterrupt as stopped:
    assert stopped.plan is None or orionrt.check(stopped.plan, problem) is None
    print("stopped")
"""
    told = subprocess.run(
        [sys.executable, "-c", lines], cwd=os.path.dirname(__file__), capture_output=True, text=True, timeout=300
    )
    assert told.stdout == "stopped\n", told.stderr
