#!/usr/bin/env python3
"""What `orionrt plan` exports, as its readers take it: export_test.py ORIONRT SCHEMAS_DIR.

Standard library alone; the schemas are checked where the package jsonschema is installed.
"""
import io
import json
import pathlib
import pickle
import pickletools
import random
import subprocess
import sys
import tempfile
import unittest

ORIONRT = pathlib.Path(sys.argv[1]).resolve()
SCHEMAS = pathlib.Path(sys.argv[2]).resolve()

PART = {"lower": 0, "upper": 1, "begin": 0, "end": 10}

# What `unpickle` in torch/utils/viz/MemoryViz.js reads.
VIEWER_OPCODES = set(
    "APPENDS BINGET BININT BININT1 BININT2 EMPTY_DICT EMPTY_LIST LONG1 LONG_BINGET MARK PROTO SETITEMS STOP TUPLE2 "
    "APPEND NEWFALSE BINPUT BINUNICODE EMPTY_TUPLE NEWTRUE NONE LONG_BINPUT".split())


def orionrt(*arguments, stdin=None):
    """The standard output of the command, which must succeed; bytes."""
    run = subprocess.run([ORIONRT, *map(str, arguments)], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if run.returncode != 0:
        raise AssertionError(f"orionrt {arguments}: {run.returncode}: {run.stderr.decode()}")
    return run.stdout


def random_problem(count, steps, seed):
    """With gaps, empty buffers, steps below 0, and names that break a careless writer."""
    draw = random.Random(seed)
    names = ["conv1", "", 'quote " back\\slash', "line\nbreak", "decoder_start_ids", "a;b", "日本", "PyObject_x",
             "*/ ??/ //", "a/Register/b", "</script>", "\u202e", "nul\0", "x" * 10000]
    buffers = []
    for i in range(count):
        lower = draw.randrange(-5, steps)
        upper = lower + draw.randrange(1, 20)
        size = draw.choice([0, draw.randrange(1, 5000), draw.randrange(1, 5000)])
        buffer = {"id": f"b{i}", "name": names[i % len(names)] if count < 1000 else f"t{i}", "size": size,
                  "lower": lower, "upper": upper}
        if size > 1 and upper - lower > 3 and i % 5 == 0:
            buffer["parts"] = [{"lower": lower, "upper": lower + 1, "begin": 0, "end": size},
                               {"lower": lower + 2, "upper": upper, "begin": size // 2, "end": size}]
        buffers.append(buffer)
    return {"schema": "orionrt.problem/1", "source": "dir/a \"b\";\n.onnx", "alignment": 64, "buffers": buffers}


def rectangles(plan):
    """(buffer, part, lower, upper, begin, end) of a plan, addresses absolute."""
    for i, b in enumerate(plan["buffers"]):
        whole = [{"lower": b["lower"], "upper": b["upper"], "begin": 0, "end": b["size"]}]
        for p, part in enumerate(b.get("parts", whole)):
            yield (i, p if "parts" in b else None, part["lower"], part["upper"], b["offset"] + part["begin"],
                   b["offset"] + part["end"])


class Exports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(cls.folder.name)
        cls.cases = {}
        for name, problem in {"small": random_problem(200, 60, 1),
                              "empty": {"schema": "orionrt.problem/1", "buffers": []},
                              "one": {"schema": "orionrt.problem/1",
                                      "buffers": [{"id": "x", "size": 2**40, "lower": 3, "upper": 9}]},
                              "large": random_problem(60000, 20000, 2)}.items():
            source = root / f"{name}.json"
            source.write_text(json.dumps(problem))
            plan = root / f"{name}.plan.json"
            orionrt("plan", source, "-o", plan, "--policy", "first_fit")
            cls.cases[name] = source, json.loads(plan.read_text())

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def exported(self, suffix):
        """(name, plan, bytes) of every case; the format is told by the suffix."""
        for name, (source, plan) in self.cases.items():
            out = source.with_suffix(suffix)
            orionrt("plan", source, "--policy", "first_fit", "-o", out)
            yield name, plan, out.read_bytes()

    def test_trace(self):
        for name, plan, data in self.exported(".trace.json"):
            with self.subTest(name):
                self.check_trace(plan, data)

    def check_trace(self, plan, data):
        trace = json.loads(data)
        shift = trace["otherData"]["step_at_time_0"]
        events = trace["traceEvents"]
        self.assertEqual([e["ts"] for e in events], sorted(e["ts"] for e in events))
        self.assertTrue(all(type(e["ts"]) is int and e["ts"] >= 0 for e in events), "Perfetto drops others")
        begun, ended = {}, {}
        for e in events:
            self.assertIn(e["ph"], "bCeM")
            self.assertEqual((e["pid"], e["tid"]), (1, 1))
            if e["ph"] in "be":
                side = begun if e["ph"] == "b" else ended
                self.assertNotIn((e["cat"], e["id"]), side, "an id is one pair's")
                self.assertNotEqual(e["name"], "")
                side[e["cat"], e["id"]] = e
        self.assertEqual(begun.keys(), ended.keys())
        for key, e in begun.items():
            self.assertEqual(e["name"], ended[key]["name"])
        said = sorted((e["ts"] + shift, ended[k]["ts"] + shift, e["args"]["id"],
                       e["args"]["offset"] + e["args"].get("begin", 0),
                       e["args"]["offset"] + e["args"].get("end", e["args"]["size"])) for k, e in begun.items())
        buffers = plan["buffers"]
        self.assertEqual(said, sorted((lo, up, buffers[i]["id"], b, e) for i, _, lo, up, b, e in rectangles(plan)))
        self.check_counter(plan, events, shift)

    def check_counter(self, plan, events, shift):
        change = {}
        for _, _, lower, upper, begin, end in rectangles(plan):
            change[lower] = change.get(lower, 0) + end - begin
            change[upper] = change.get(upper, 0) - end + begin
        live, said = 0, {e["ts"] + shift: e["args"]["bytes"] for e in events if e["ph"] == "C"}
        counted = 0
        for step in sorted(change):
            live += change[step]
            counted = said.get(step, counted)
            self.assertEqual(counted, live)
        self.assertLessEqual(max(said.values(), default=0), plan["peak_bytes"])

    def test_snapshot(self):
        for name, plan, data in self.exported(".pickle"):
            with self.subTest(name):
                self.check_opcodes(data)  # of which none imports anything
                self.check_snapshot(plan, pickle.loads(data))

    def check_snapshot(self, plan, snapshot):
        self.assertEqual(set(snapshot), {"segments", "device_traces"})
        (trace,) = snapshot["device_traces"]
        if not trace:
            self.assertEqual((plan["peak_bytes"], snapshot["segments"]), (0, []))
            return
        (segment,) = snapshot["segments"]
        live = self.replay(plan, trace)
        blocks, at = {}, segment["address"]
        for block in segment["blocks"]:
            self.assertEqual(block["address"], at, "blocks tile the segment, in order")
            self.assertGreater(block["size"], 0)
            self.assertIn(block["state"], ("active_allocated", "inactive"))
            if block["state"] == "active_allocated":
                blocks[at] = block["size"]
            at += block["size"]
        self.assertEqual(at, segment["address"] + segment["total_size"])
        self.assertEqual(segment["total_size"], plan["peak_bytes"])
        self.assertEqual(blocks, live, "the segment shows the end of the trace")
        self.assertEqual(segment["allocated_size"], sum(blocks.values()))
        self.assertEqual(segment["segment_pool_id"], (0, 0))

    def check_opcodes(self, data):
        """Only what the viewer knows, and no APPENDS of more than it can take."""
        marks = 0
        for opcode, _, _ in pickletools.genops(data):
            self.assertIn(opcode.name, VIEWER_OPCODES)
            marks += opcode.name == "MARK"
        self.assertGreater(marks, data.count(b"time_us") // 1000)
        pickletools.dis(data, out=io.StringIO())  # throws on a stack that does not come out even

    def replay(self, plan, trace):
        """Checks every event against the plan's rectangles; returns what is live at the end, {address: size}."""
        want = sorted((lo, b, e - b, i) for i, _, lo, _, b, e in rectangles(plan) if e > b)
        last = max((up for _, _, _, up, b, e in rectangles(plan) if e > b))
        self.assertEqual(trace[0]["action"], "segment_alloc")
        self.assertEqual((trace[0]["addr"], trace[0]["size"]), (0, plan["peak_bytes"]))
        live, got, freed = {}, [], []
        for at, event in enumerate(trace[1:], 1):
            self.assertLessEqual(trace[at - 1]["time_us"], event["time_us"])
            address, size = event["addr"], event["size"]
            if event["action"] == "alloc":
                self.assertNotIn(address, live)
                live[address] = size
                (frame,) = event["frames"]
                for cut in (";", "\n", "_start", "PyObject_", "/Register"):
                    self.assertNotIn(cut, frame["name"] + frame["filename"], "viewers hide or break such frames")
                got.append((event["time_us"], address, size, frame["line"]))
            elif event["action"] == "free_requested":
                follower = trace[at + 1]
                self.assertEqual((follower["action"], follower["addr"]), ("free_completed", address))
            else:
                self.assertEqual(event["action"], "free_completed")
                self.assertEqual(live.pop(address), size)
                freed.append((event["time_us"], address, size))
        self.assertEqual(sorted(got), want)
        self.assertEqual(sorted(freed), sorted((up, b, e - b) for _, _, _, up, b, e in rectangles(plan)
                                               if e > b and up < last))
        return live

    def test_same_bytes_twice(self):
        source = self.cases["small"][0]
        for form in ("c-header", "trace", "snapshot"):
            self.assertEqual(orionrt("plan", source, "--format", form), orionrt("plan", source, "--format", form))


class PoolExports(unittest.TestCase):
    def test_a_segment_and_a_process_per_pool(self):
        problem = b"id,lower,upper,size\na,0,3,30\nb,0,3,30\nc,1,3,30\nd,0,1,12\n"
        spaces = ["--input-format", "csv", "--space", "fast=64", "--space", "slow:align=64"]
        plan = json.loads(orionrt("plan", "-", "--format", "json", *spaces, stdin=problem))
        space_of = {b["id"]: b["space"] for b in plan["buffers"]}
        peaks = [space["peak_bytes"] for space in plan["spaces"]]
        self.assertEqual(sum(peaks), plan["peak_bytes"])
        snapshot = pickle.loads(orionrt("plan", "-", "--format", "snapshot", *spaces, stdin=problem))
        self.assertEqual([s["total_size"] for s in snapshot["segments"]], peaks)
        for space, segment in enumerate(snapshot["segments"]):
            at = segment["address"]
            for block in segment["blocks"]:
                self.assertEqual(block["address"], at, "blocks tile the segment")
                at += block["size"]
                for frame in block["frames"]:
                    self.assertEqual(space_of[frame["name"]], space)
                    offset = next(b["offset"] for b in plan["buffers"] if b["id"] == frame["name"])
                    self.assertEqual(block["address"] - segment["address"], offset)
            self.assertEqual(at, segment["address"] + segment["total_size"])
        first, second = snapshot["segments"]
        self.assertGreaterEqual(second["address"], first["address"] + first["total_size"])
        trace = json.loads(orionrt("plan", "-", "--format", "trace", *spaces, stdin=problem))
        slices = [e for e in trace["traceEvents"] if e["ph"] in "be"]
        self.assertEqual({(e["name"], e["pid"]) for e in slices}, {(i, p + 1) for i, p in space_of.items()})


class Schemas(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            import jsonschema
        except ImportError as error:
            raise unittest.SkipTest("schemas not checked: no package jsonschema") from error
        cls.validators = {}
        for path in SCHEMAS.glob("*.json"):
            schema = json.loads(path.read_text())
            jsonschema.Draft202012Validator.check_schema(schema)
            cls.validators[schema["properties"]["schema"]["const"]] = jsonschema.Draft202012Validator(schema)

    def valid(self, document):
        return self.validators[document["schema"]].is_valid(document)

    def reads(self, document):
        """Whether orionrt takes it."""
        command = "check" if "plan" in document["schema"] else "convert"
        as_json = ["--format", "json"] if command == "convert" else []
        run = subprocess.run([ORIONRT, command, "-", "--input-format", "json", *as_json],
                             input=json.dumps(document).encode(),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertIn(run.returncode, (0, 3, 6), run.stderr)
        return run.returncode != 3

    def test_there_are_four(self):
        self.assertEqual(set(self.validators),
                         {"orionrt.graph/1", "orionrt.problem/1", "orionrt.plan/1", "orionrt.op_rules/1"})

    def test_take_what_is_written(self):
        for seed in range(5):
            problem = random_problem(50, 30, seed)
            self.assertTrue(self.valid(problem))
            plan = json.loads(orionrt("plan", "-", "--input-format", "json", "--format", "json",
                                      stdin=json.dumps(problem).encode()))
            self.validators["orionrt.plan/1"].validate(plan)
            self.assertNotIn("unknown key", plan)
            self.assertTrue(self.valid({**plan, "unknown key": 1}))
            self.assertTrue(set(plan) <= set(self.validators["orionrt.plan/1"].schema["properties"]),
                            "all are described")

    def test_agree_with_the_reader(self):
        """One change at a time to a document that both take: both still take it, or both refuse it."""
        buffer = {"id": "a", "size": 100, "lower": 0, "upper": 4}
        tensor = {"id": 0, "bytes": 8}
        documents = {
            "graph": ({"schema": "orionrt.graph/1", "tensors": [tensor], "ops": [{"inputs": [0]}]},
                      ("tensors", tensor)),
            "problem": ({"schema": "orionrt.problem/1", "buffers": [buffer]}, ("buffers", buffer)),
            "plan": ({"schema": "orionrt.plan/1", "peak_bytes": 100, "lower_bound_bytes": 100,
                      "buffers": [{**buffer, "offset": 0}]}, ("buffers", {**buffer, "offset": 0})),
        }
        values = [None, True, "x", "", -1, 0, 1, 3, 64, 2**31, 2**61, 2**63 - 1, 2**63, 0.5, [], ["x"], [1], [PART],
                  [{**PART, "end": -1}], {}, {"step": 0, "buffers": ["a"]}, {"step": 0}, "float32", ["input"], [-1],
                  "live_bytes", "0123456789abcdef"]
        disagree = []
        for kind, (document, (rows, row)) in documents.items():
            schema = self.validators[document["schema"]].schema
            top = [key for key in schema["properties"] if key != "schema"]
            inner = schema["properties"][rows]["items"]["properties"]
            changed = [({**document, key: value}, (key, value)) for key in top for value in values]
            changed += [({**document, rows: [{**row, key: value}]}, (key, value)) for key in inner for value in values]
            changed += [({k: v for k, v in document.items() if k != key}, ("no", key)) for key in document
                        if key != "schema"]
            changed += [({**document, rows: [{k: v for k, v in row.items() if k != key}]}, ("no", key)) for key in row]
            for change, what in changed:
                valid, reads = self.valid(change), self.reads(change)
                if valid != reads and what not in (BEYOND_A_SCHEMA if valid else LEFT_TO_CHECK):
                    disagree.append(f"{kind} {what}: the schema {'takes' if valid else 'refuses'} it, orionrt does not")
        self.assertEqual(disagree, [], "\n" + "\n".join(disagree))

    def test_agree_on_what_ops_allow(self):
        """Both take a change to an op, or both refuse it."""
        same = {"kind": "same_index"}
        cases = [("aliases", value, True) for value
                 in ([], [same], [{**same, "output": 0, "input": 0, "offset": 0, "new": 1}], [same, same])]
        cases += [("aliases", [{**same, **change}], False) for change in (
            {"kind": "no"}, {"kind": None}, {"input": -1}, {"output": 0.5}, {"output": "x"}, {"offset": -1},
            {"offset": []})]
        cases += [("aliases", value, False) for value in (None, {}, "x", [1], [{}], ["view"])]
        cases += [("has_effects", value, value in (True, False)) for value in (True, False, None, "x")]
        for key in ("after", "waits"):
            cases += [(key, value, value == [7]) for value in ([7], [-1], ["x"], None, [0.5], 7)]
        cases += [("stream", value, value == 0) for value in (0, -1, "x", None, 0.5, 2**31, [0])]
        for key, value, taken in cases:
            document = {"schema": "orionrt.graph/1", "tensors": [{"id": 0, "bytes": 8}, {"id": 1, "bytes": 8}],
                        "ops": [{"id": 7, "outputs": [0]}, {"id": 8, "inputs": [0], "outputs": [1], key: value}]}
            self.assertEqual((self.valid(document), self.reads(document)), (taken, taken), f"{key} {value}")

    def test_agree_on_streams(self):
        """Both take a clock, or pairs kept apart, or both refuse them; and the schema takes what is written."""
        clocks = [(value, False) for value in ([0], [0, 0.5], [0, "x"], [0, None], [0] * 65, [[0], [0]], "0:0")]
        clocks += [([0, 0], True)]
        pairs = [(value, value in ([], [["a", "b"]])) for value in (
            [], [["a", "b"]], [["a"]], [["a", "b", "a"]], [[0, 1]], ["a", "b"], "ab", None, {}, [{"a": "b"}])]
        for key, value, taken in [("lower", *case) for case in clocks] + [("apart", *case) for case in pairs]:
            life = {"lower": [0, 0], "upper": [1, 2], "size": 8}
            problem = {"schema": "orionrt.problem/1", "buffers": [{"id": "a", **life}, {"id": "b", **life}]}
            plan = {**problem, "schema": "orionrt.plan/1", "peak_bytes": 16,
                    "buffers": [{**b, "offset": 8 * i} for i, b in enumerate(problem["buffers"])]}
            for document in (problem, plan):
                if key == "lower":
                    document["buffers"][0][key] = value
                else:
                    document[key] = value
                self.assertEqual((self.valid(document), self.reads(document)), (taken, taken), f"{key} {value}")
            if taken:
                written = json.loads(orionrt("plan", "-", "--input-format", "json", "--format", "json",
                                             stdin=json.dumps(problem).encode()))
                self.validators["orionrt.plan/1"].validate(written)
                described = set(self.validators["orionrt.plan/1"].schema["properties"])
                self.assertTrue(set(written) <= described, "all are described")


# What no schema can say: that a tensor is used and known, an interval not empty, a sum within 63 bits, a space in
# the table.
BEYOND_A_SCHEMA = [("tensors", []), ("ops", []), ("ops", [PART]), ("ops", [{**PART, "end": -1}]), ("id", 1), ("id", 3),
                   ("id", 64), ("bytes", 2**63 - 1), ("lower", 64), ("lower", 2**31), ("lower", 2**61), ("upper", -1),
                   ("upper", 0), ("offset", 2**63 - 1), ("spaces", [1]), ("space", 1), ("space", 3), ("space", 64),
                   ("view_of", 0), ("view_of", 1), ("view_of", 3), ("view_of", 64), ("graph_id", "0123456789abcdef"),
                   ("graph_hash", "0123456789abcdef")]  # of a graph, whose buffers bear ids of tensors
# What is read so that `check` can say no to it, or means nothing to a reader.
LEFT_TO_CHECK = [("peak_bytes", -1), ("lower_bound_bytes", -1), ("search_nodes", -1), ("peak_nested_bytes", -1),
                 ("offset", -1), ("problem_hash", ""), ("spill_cost", -1), ("spill_cost_bound", -1)]

if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
