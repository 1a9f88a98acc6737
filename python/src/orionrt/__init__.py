"""OrionRT: the memory planner for static execution graphs.

    plan = orionrt.plan(lower, upper, size)        # arrays: when each buffer is alive, and its bytes
    plan.offsets, plan.peak_bytes, plan.lower_bound_bytes, plan.proven_optimal

    graph = orionrt.load("model.onnx", dims={"batch": 8})
    plan = graph.plan(in_place=True)
    pool = orionrt.TensorPool(graph, plan)         # pool["tensor"] is a numpy array
"""

from __future__ import annotations

from ._core import (
    Assignment,
    Diff,
    Fault,
    Graph,
    Op,
    Plan,
    Problem,
    Progress,
    Space,
    Tensor,
    TensorPool,
    diff,
    policies,
)
from ._core import version as __version__
from ._errors import Error
from ._exported import from_exported_program
from ._planning import check, load, plan, policy, report

__all__ = [
    "Assignment",
    "Diff",
    "Error",
    "Fault",
    "Graph",
    "Op",
    "Plan",
    "Problem",
    "Progress",
    "Space",
    "Tensor",
    "TensorPool",
    "__version__",
    "check",
    "diff",
    "from_exported_program",
    "load",
    "plan",
    "policies",
    "policy",
    "report",
]
