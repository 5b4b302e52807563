"""Conversion, finer: ``ft.autograph.experimental``."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

from freshet.graph.autograph.calling import do_not_convert as do_not_convert


class Feature(enum.Enum):
    """Parts of conversion that TensorFlow can switch on one by one; here all are always on."""

    ALL = "ALL"
    AUTO_CONTROL_DEPS = "AUTO_CONTROL_DEPS"
    ASSERT_STATEMENTS = "ASSERT_STATEMENTS"
    BUILTIN_FUNCTIONS = "BUILTIN_FUNCTIONS"
    EQUALITY_OPERATORS = "EQUALITY_OPERATORS"
    LISTS = "LISTS"
    NAME_SCOPES = "NAME_SCOPES"

    @classmethod
    def all(cls) -> tuple[Feature, ...]:
        """Return every feature."""
        return tuple(cls)

    @classmethod
    def all_but(cls, exclude: Feature | Sequence[Feature]) -> tuple[Feature, ...]:
        """Return every feature but some."""
        left_out = {exclude} if isinstance(exclude, Feature) else set(exclude)
        return tuple(set(cls) - left_out - {cls.ALL})


def set_loop_options(
    parallel_iterations: Any = None,
    swap_memory: Any = None,
    maximum_iterations: Any = None,
    shape_invariants: Any = None,
) -> None:
    """Say something about the loop around this line; it must stand in the loop's own block.

    In Python's own loops it does nothing.

    Args:
        parallel_iterations: Ignored; kept for TensorFlow programs.
        swap_memory: Ignored; kept for TensorFlow programs.
        maximum_iterations: The most steps the loop takes.
        shape_invariants: Pairs of a variable and its shape, in which sizes that may change from
            step to step are None.

    Example:
        >>> import freshet as ft
        >>> @ft.function
        ... def ones(n):
        ...     found = ft.zeros([0])
        ...     for i in ft.range(n):
        ...         ft.autograph.experimental.set_loop_options(
        ...             shape_invariants=[(found, ft.TensorShape([None]))]
        ...         )
        ...         found = ft.concat([found, [1.0]], 0)
        ...     return found
        >>> ones(ft.constant(3)).numpy().tolist()
        [1.0, 1.0, 1.0]
    """
    del parallel_iterations, swap_memory, maximum_iterations, shape_invariants
