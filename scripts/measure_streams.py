#!/usr/bin/env python3
"""Plans on four streams beside omnimalloc's, in one run: peak / bound, seconds, every plan judged. Markdown tables.

measure_streams.py ORIONRT [--buffers 200 2000] [--seeds 1 2] [--tilings 20 40 60 80 100] [--large 100000]

Problems are omnimalloc's own: the eleven patterns of SyncPatternSource, as CSV with clocks, and ConcurrentTilingSource,
whose optimum is known. Without omnimalloc in this Python it is installed from PyPI into build/peers, and used there.

The bound is the heaviest antichain: the lower_bound_bytes of our plan, up to 2,000 buffers compared with omnimalloc's
antichain_pressure. Ours is `orionrt plan` as it comes, theirs OmniAllocator as it comes. Seconds are CPU time: of the
whole process for ours, reading and writing included; of the call alone for theirs. --large plans problems of so many
buffers by ours alone. Any plan that breaks the relation ends the script.
"""
import argparse
import bisect
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

VERSION = "1.0.0"
PEERS = pathlib.Path(__file__).resolve().parent.parent / "build" / "peers"

try:
    from omnimalloc.allocators.omni import OmniAllocator
    from omnimalloc.analysis import antichain_pressure
    from omnimalloc.benchmark.sources.concurrent_tiling import ConcurrentTilingSource
    from omnimalloc.benchmark.sources.sync_patterns import SYNC_PATTERNS, SyncPatternSource
    from omnimalloc.primitives import Pool
except ImportError:
    python = PEERS / "bin" / "python"
    if pathlib.Path(sys.prefix) == PEERS:
        raise
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check",
                    f"omnimalloc=={VERSION}"], check=True)
    os.execv(python, [str(python), *sys.argv])

STREAMS = 4
COMPARED = 2000  # up to so many buffers their bound is computed too


def judge(allocations, offsets, peak):
    """Ends the script where two share a byte of which neither is over before the other; knows the relation alone.

    Whoever holds one byte must be a chain. The sums of begins put it in order, as a begin grows along the relation; by
    transitivity it then suffices to look at the neighbours of each newcomer.
    """
    def is_before(a, b):
        return all(end <= begin for end, begin in zip(allocations[a].end, allocations[b].start))

    keys = [(sum(a.start), i) for i, a in enumerate(allocations)]
    events = sorted(event for i, a in enumerate(allocations)
                    for event in ((offsets[i] + a.size, 0, i), (offsets[i], 1, i)))
    chain = []
    for at, begins, i in events:
        place = bisect.bisect_left(chain, keys[i])
        if not begins:
            del chain[place]
            continue
        near = [(chain[place - 1][1], i)] if place > 0 else []
        near += [(i, chain[place][1])] if place < len(chain) else []
        for a, b in near:
            if not is_before(a, b):
                sys.exit(f"buffers {a} and {b} share byte {at}, and neither is over before the other")
        chain.insert(place, keys[i])
    if min(offsets) < 0 or events[-1][0] != peak:
        sys.exit(f"the peak is {events[-1][0]}, not {peak}")


def by_ours(orionrt, allocations, folder):
    """The plan, and the CPU seconds of the process."""
    path = pathlib.Path(folder) / "problem.csv"
    clock = lambda numbers: ":".join(map(str, numbers))
    rows = (f"{a.id},{clock(a.start)},{clock(a.end)},{a.size}\n" for a in allocations)
    path.write_text("id,lower,upper,size\n" + "".join(rows))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = pathlib.Path(folder) / "plan.json"
    subprocess.run([orionrt, "plan", str(path), "-o", str(out)], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    plan = json.loads(out.read_text())
    judge(allocations, [buffer["offset"] for buffer in plan["buffers"]], plan["peak_bytes"])
    return plan, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def by_theirs(allocations):
    """Their peak, and the CPU seconds of the call."""
    start = time.process_time()
    pool = Pool(id=0, allocations=allocations).allocate(OmniAllocator())
    seconds = time.process_time() - start
    judge(allocations, [a.offset for a in sorted(pool.allocations, key=lambda a: a.id)], pool.size)
    return pool.size, seconds


def bound_of(plan, allocations, name):
    """The heaviest antichain; a bound by refutation is above it, and only the former is compared."""
    bound = plan["lower_bound_bytes"]
    if len(allocations) > COMPARED:
        return bound
    theirs = antichain_pressure(allocations)
    if bound != theirs and not (plan["bound_kind"] == "refutation" and bound > theirs):
        sys.exit(f"{name}: the heaviest antichain is {bound} for us, {theirs} for omnimalloc")
    return theirs


def compare(orionrt, n, seeds, folder):
    """A table: a row a pattern, means over the seeds."""
    print(f"\n{n:,} buffers, {STREAMS} streams, seeds {', '.join(map(str, seeds))}:\n")
    print("| pattern | OrionRT | proven | s | omnimalloc | s |\n|---|--:|--:|--:|--:|--:|")
    means = []
    for pattern in SYNC_PATTERNS:
        row = []
        for seed in seeds:
            source = SyncPatternSource(num_allocations=n, num_threads=STREAMS, pattern=pattern, seed=seed)
            allocations = source.get_allocations()
            plan, seconds = by_ours(orionrt, allocations, folder)
            theirs, their_seconds = by_theirs(allocations)
            bound = bound_of(plan, allocations, f"{pattern}, {n} buffers, seed {seed}")
            row.append((plan["peak_bytes"] / bound, plan["proven_optimal"], seconds, theirs / bound, their_seconds))
        mean = [statistics.mean(column) for column in zip(*row)]
        means.append(mean)
        proven = sum(it[1] for it in row)
        print(f"| {pattern} | {mean[0]:.4f} | {proven} of {len(row)} | {mean[2]:.2f} | {mean[3]:.4f} | {mean[4]:.2f} |",
              flush=True)
    mean = [statistics.mean(column) for column in zip(*means)]
    print(f"| mean | {mean[0]:.4f} | {mean[1]:.0%} | {mean[2]:.2f} | {mean[3]:.4f} | {mean[4]:.2f} |")


def tile(orionrt, sizes, seeds, folder):
    """A table: peak / the known optimum of tilings on two and four streams, means over the seeds."""
    print(f"\nConcurrent tilings, seeds {', '.join(map(str, seeds))}: peak / optimum\n")
    print("| buffers | streams | OrionRT | proven | s | omnimalloc | s |\n|--:|--:|--:|--:|--:|--:|--:|")
    for n in sizes:
        for streams in (2, STREAMS):
            row = []
            for seed in seeds:
                source = ConcurrentTilingSource(num_allocations=n, num_threads=streams, seed=seed)
                allocations = source.get_allocations()
                plan, seconds = by_ours(orionrt, allocations, folder)
                theirs, their_seconds = by_theirs(allocations)
                optimum = source.capacity
                if min(plan["peak_bytes"], theirs) < optimum or plan["lower_bound_bytes"] > optimum:
                    sys.exit(f"a tiling of {n} buffers, seed {seed}: {optimum} is said to be the optimum")
                row.append((plan["peak_bytes"] / optimum, plan["proven_optimal"], seconds, theirs / optimum,
                            their_seconds))
            mean = [statistics.mean(column) for column in zip(*row)]
            proven = sum(it[1] for it in row)
            print(f"| {n} | {streams} | {mean[0]:.4f} | {proven} of {len(row)} | {mean[2]:.2f} | {mean[3]:.4f} "
                  f"| {mean[4]:.2f} |", flush=True)


def plan_large(orionrt, n, seeds, folder):
    """A table of ours alone."""
    print(f"\n{n:,} buffers, {STREAMS} streams, seeds {', '.join(map(str, seeds))}, OrionRT alone:\n")
    print("| pattern | peak / bound | proven | s |\n|---|--:|--:|--:|")
    for pattern in SYNC_PATTERNS:
        row = []
        for seed in seeds:
            source = SyncPatternSource(num_allocations=n, num_threads=STREAMS, pattern=pattern, seed=seed)
            plan, seconds = by_ours(orionrt, source.get_allocations(), folder)
            row.append((plan["peak_bytes"] / plan["lower_bound_bytes"], plan["proven_optimal"], seconds))
        mean = [statistics.mean(column) for column in zip(*row)]
        print(f"| {pattern} | {mean[0]:.4f} | {sum(it[1] for it in row)} of {len(row)} | {mean[2]:.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("orionrt")
    parser.add_argument("--buffers", type=int, nargs="*", default=[200, 2000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--tilings", type=int, nargs="*", default=[])
    parser.add_argument("--large", type=int, nargs="*", default=[])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for n in arguments.buffers:
            compare(arguments.orionrt, n, arguments.seeds, folder)
        if arguments.tilings:
            tile(arguments.orionrt, arguments.tilings, arguments.seeds, folder)
        for n in arguments.large:
            plan_large(arguments.orionrt, n, arguments.seeds, folder)


if __name__ == "__main__":
    main()
