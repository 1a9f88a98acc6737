"""The one exception that OrionRT raises."""

from __future__ import annotations


class Error(Exception):
    """What is wrong, where, and what to do about it.

    ``code`` is one of ``"bad_input"`` (a graph, problem, plan or file breaks a rule), ``"infeasible"`` (proven: it does
    not fit), ``"limit"`` (a limit came before a yes/no question was answered), ``"out_of_memory"``, ``"unsupported"``,
    ``"misuse"`` (a call out of order, or an argument outside its range) and ``"internal"`` (a defect of OrionRT).
    """

    code: str

    def __init__(self, message: str, code: str = "bad_input") -> None:
        super().__init__(message)
        self.code = code
