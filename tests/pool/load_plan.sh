#!/usr/bin/env bash
# load_plan.sh ORIONRT LOAD_PLAN: a program that only loads plans serves the offsets that the command planned, and links
# no policy, no search and no transform. Exits with 77, "skipped", where nm is not there.
set -euo pipefail
orionrt=$1 load_plan=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/graph.json" <<'GRAPH'
{"schema": "orionrt.graph/1",
 "tensors": [{"id": 9, "bytes": 64, "roles": ["input"]}, {"id": 4, "bytes": 256}, {"id": 2, "bytes": 256},
             {"id": 3, "bytes": 256}, {"id": 7, "bytes": 64, "roles": ["output"]}],
 "ops": [{"id": 30, "inputs": [9], "outputs": [4]},
         {"id": 10, "inputs": [4], "outputs": [2], "aliases": [{"kind": "same_index"}]},
         {"id": 20, "inputs": [2], "outputs": [3], "aliases": [{"kind": "view"}]},
         {"id": 11, "inputs": [3], "outputs": [7], "workspace_bytes": 100}]}
GRAPH
for options in "" "--all" "--space fast=128 --space slow" "--all --space fast=128 --space slow"; do
  # shellcheck disable=SC2086
  "$orionrt" plan "$folder/graph.json" $options -o "$folder/plan.json"
  "$load_plan" "$folder/graph.json" "$folder/plan.json" >"$folder/loaded"
  python3 - "$folder/plan.json" "$folder/loaded" <<'PYTHON'
import json, re, sys
plan = json.load(open(sys.argv[1]))
where = {b["id"]: (b["offset"], b["space"]) for b in plan["buffers"]}
planned = {int(i): at for i, at in where.items() if i.isdigit()}
for tensor in plan.get("tensors", []):
    if "buffer" in tensor:
        planned[tensor["id"]] = (where[tensor["buffer"]][0] + tensor["delta"], where[tensor["buffer"]][1])
loaded = {int(i): (int(at), int(space))
          for i, at, space in re.findall(r"tensor (\d+): \d+ bytes at (\d+) of space (\d+)", open(sys.argv[2]).read())}
assert loaded and loaded == planned, f"loaded {loaded}, planned {planned}"
PYTHON
done

sed 's/"bytes": 256/"bytes": 257/' "$folder/graph.json" >"$folder/other.json"
sed -i 's/"aliases": \[[^]]*\]/"aliases": []/' "$folder/other.json"
if "$load_plan" "$folder/other.json" "$folder/plan.json" 2>"$folder/refusal"; then
  echo "a plan of another graph was served"; exit 1
fi
grep -q "another graph" "$folder/refusal"

command -v nm >/dev/null || exit 77
nm -C "$load_plan" >"$folder/symbols"
if grep -E "orionrt::(Policies|FindPolicy|ReusePlanner::Run|Transform\(|FindOrder|Lower\(|PlanWorkload|Plan(Auto|Exact|FirstFit|LinearScan)|Explain)" "$folder/symbols"; then
  echo "loading links what plans"; exit 1
fi
grep -q "orionrt::TensorPool::LoadPlan" "$folder/symbols"
