"""What functions take, as types; nothing here exists at run time but names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Union

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ._core import Problem, Progress, Space

    Array = npt.NDArray[np.int64]
    AnyArray = npt.NDArray[Any]
    #: One whole number a row, or a clock.
    Ints = Union[Sequence[int], Sequence[Sequence[int]], npt.NDArray[np.integer[Any]]]
    #: Offsets; None, or -1, where there is none.
    Places = Union[Sequence[Union[int, None]], npt.NDArray[np.integer[Any]]]
    #: A table of memory spaces; a dict gives capacities in bytes, None: without a limit.
    Spaces = Union[Sequence[Space], Mapping[str, Union[int, None]]]
    #: The name of a policy, or a function that gives offsets.
    PolicyLike = Union[str, Callable[[Problem], Ints]]
    #: Is told how far planning is; False stops it.
    Follower = Callable[[Progress], Union[bool, None]]

Effort = Literal["fast", "balanced", "thorough"]
