#!/usr/bin/env python3
"""Judges a plan without OrionRT: nothing but this file and the standard library of Python.

    check_plan.py PLAN.json...

Of each plan (schema orionrt.plan/1, one stream): no two buffers share a byte at a step at which both are needed, all
offsets are aligned, and the peak is the highest end of a buffer. Of its lower bound: the buffers of the witness, needed
at one step, take so many bytes in any placing at all. Exit code 0: all of it holds; 6: something does not, and what;
2: nothing that can be judged here. docs/trust.md tells why this proves what it proves.
"""
import json
import sys


class Fault(Exception):
    """What is wrong with a plan."""


def rectangles(buffer):
    """(lower, upper, begin, end) in steps and addresses: of a buffer, or of the parts that it has."""
    whole = [{"lower": buffer["lower"], "upper": buffer["upper"], "begin": 0, "end": buffer["size"]}]
    return [(p["lower"], p["upper"], buffer["offset"] + p["begin"], buffer["offset"] + p["end"])
            for p in buffer.get("parts", whole) if p["begin"] < p["end"]]


def check_apart(buffers):
    """No two rectangles of one space meet: a sweep over the steps, with those alive at each."""
    alive = []
    for lower, upper, begin, end, name in sorted((*r, b["id"]) for b in buffers for r in rectangles(b)):
        alive = [other for other in alive if other[1] > lower]
        for other in alive:
            if other[4] != name and other[2] < end and begin < other[3]:
                raise Fault(f"{other[4]} and {name} are both needed at step {lower} and share bytes "
                            f"[{max(begin, other[2])}, {min(end, other[3])})")
        alive.append((lower, upper, begin, end, name))


def least_bytes(buffers, step, alignment):
    """What buffers that are needed at one step take wherever they lie: each but the topmost is followed by one that
    begins at a multiple of the least of their alignments."""
    alive = [sum(end - begin for lower, upper, begin, end in rectangles(b) if lower <= step < upper) for b in buffers]
    if any("parts" in b for b in buffers):
        return sum(alive)  # their pieces may fill each other's padding
    unit = min(b.get("alignment", alignment) for b in buffers)
    padding = [-size % unit for size in alive]
    return sum(alive) + sum(padding) - max(padding)


def check_bound(space, buffers, alignment):
    """What is proven of the lower bound, in words."""
    bound, by_id = space["lower_bound_bytes"], {b["id"]: b for b in buffers}
    witness = [by_id[i] for i in space["witness"]["buffers"]]
    if space["bound_kind"] == "refutation":
        return f"the bound, {bound}, is by a search that is not repeated here"
    if not witness:
        least = 0
    elif space["bound_kind"] == "live_bytes":
        least = least_bytes(witness, space["witness"]["step"], alignment)
    elif space["bound_kind"] == "fixed_offset":
        least = max(b["offset"] + b["size"] for b in witness if b.get("fixed"))
    else:
        least = max(b["size"] for b in witness)
    if least < bound:
        raise Fault(f"its witness takes {least} bytes, and not the {bound} of the bound")
    return f"no plan takes less than {bound}: {len(witness)} of the buffers do, wherever they lie"


def check(plan):
    """What holds, a line a space."""
    if plan.get("schema") != "orionrt.plan/1" or any(isinstance(b["lower"], list) for b in plan["buffers"]):
        raise ValueError("no plan of schema orionrt.plan/1 on one stream")
    spaces = plan.get("spaces") or plan.get("pools")
    for number, space in enumerate(spaces or [plan]):
        buffers = [b for b in plan["buffers"] if not spaces or b.get("space", b.get("pool", 0)) == number]
        for buffer in buffers:
            if buffer["offset"] % buffer.get("alignment", plan["alignment"] if buffer["size"] else 1):
                raise Fault(f"{buffer['id']} at offset {buffer['offset']} is not aligned")
        check_apart(buffers)
        unit = space.get("granularity", 1) if spaces else 1
        peak = max((b["offset"] + b["size"] + -b["size"] % unit for b in buffers if b["size"]), default=0)
        if peak != space["peak_bytes"]:
            raise Fault(f"its highest byte is {peak}, and not the {space['peak_bytes']} of its peak")
        bound = check_bound(space, buffers, plan["alignment"])
        yield f"{len(buffers)} buffers are apart, in {peak} bytes; {bound}"


def main():
    code = 0
    for path in sys.argv[1:]:
        try:
            with open(path, encoding="utf-8") as file:
                for line in check(json.load(file)):
                    print(f"{path}: {line}")
        except Fault as fault:
            print(f"{path}: {fault}")
            code = max(code, 6)
        except (OSError, ValueError, KeyError) as error:
            print(f"{path}: cannot be judged: {error}", file=sys.stderr)
            code = max(code, 2)
    if len(sys.argv) < 2:
        print(__doc__.split("\n\n")[1].strip(), file=sys.stderr)
        code = 2
    return code


if __name__ == "__main__":
    sys.exit(main())
