"""Faults planted into plans that are right: each must be noticed by whoever reads."""


def overlaps(plan):
    """Of a plan without transforms: one tensor is laid over another that is read later."""
    lives = [b for b in plan["buffers"] if b["size"] > 0]
    for over in lives:
        for under in lives:
            if under["lower"] < over["lower"] < under["upper"] - 1:
                place = (min(under["offset"], plan["required_bytes"] - over["size"]), over["size"])
                yield lambda places, name=over["name"], place=place: places.offsets.update({name: place})


def moved_views(plan, graph):
    """Of a plan with views: what an op leaves in place, having nothing to do, is looked for elsewhere."""
    vanished = set(plan["vanished_ops"])
    outputs = {tensor for op in graph.ops if op.id in vanished for tensor in op.outputs}
    for tensor in (t for t in plan["tensors"] if t["id"] in outputs and t["bytes"] > 0):
        beyond = tensor["offset"] + tensor["bytes"] + 4 > plan["required_bytes"]
        place = (tensor["offset"] + (-4 if beyond else 4), tensor["bytes"])
        if place[0] >= 0:
            yield lambda places, name=tensor["name"], place=place: places.offsets.update({name: place})
