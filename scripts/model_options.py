"""The import options of the command that a model needs, for scripts that walk over many."""


def options(overrides):
    """overrides: {"dims": {name: value}, "inputs": {name: [dims]}}; what it leaves open is 1."""
    result = ["--dim", "*=1"]
    for name, value in overrides.get("dims", {}).items():
        result += ["--dim", f"{name}={value}"]
    for name, shape in overrides.get("inputs", {}).items():
        result += ["--input", f"{name}=" + "x".join(map(str, shape))]
    return result
