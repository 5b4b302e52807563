"""Looking for infinities and NaN in the results of all operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from freshet.core import context
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops.numerics import check_numerics_p


class _Watch:
    """Checks what every operation computes."""

    sees_all = True

    def __init__(self) -> None:
        self._busy = False

    def record(
        self, primitive: Any, inputs: tuple[Tensor, ...], params: Mapping[str, Any],
        outputs: tuple[Tensor, ...],
    ) -> None:  # fmt: skip
        """Check the results of one operation: now, or each time when the traced function runs."""
        del inputs, params
        if self._busy:
            return
        self._busy = True
        try:
            for number, output in enumerate(outputs):
                if output.dtype.is_floating:
                    message = f"enable_check_numerics: output {number} of {primitive.name}"
                    check_numerics_p(output, message=message)
        finally:
            self._busy = False

    def record_read(self, variable: Variable, value: Tensor) -> None:
        """Learn of a variable's value."""

    def tracks(self, tensor: Tensor) -> bool:
        """Return False: nothing is differentiated."""
        del tensor
        return False


def enable_check_numerics(stack_height_limit: int = 30, path_length_limit: int = 50) -> None:
    """Let every operation fail whose result has an infinite element or NaN.

    From now on, in this thread, and in functions that are traced from now on; see
    `disable_check_numerics`.

    Args:
        stack_height_limit: Ignored: the error names the one line of yours that matters.
        path_length_limit: Ignored.

    Raises:
        InvalidArgumentError: From each such operation, while this is on.

    Example:
        >>> import freshet as ft
        >>> enable_check_numerics()
        >>> try:
        ...     ft.math.log([0.0])
        ... except ft.errors.InvalidArgumentError as error:
        ...     print(error.message)
        ... finally:
        ...     disable_check_numerics()
        enable_check_numerics: output 0 of log : Tensor had Inf values: 1 of the elements of f32[1]
    """
    del stack_height_limit, path_length_limit
    if not any(isinstance(r, _Watch) for r in context.state.recorders):
        context.state.recorders = (*context.state.recorders, _Watch())


def disable_check_numerics() -> None:
    """End what `enable_check_numerics` began; functions traced before keep their checks."""
    context.state.recorders = tuple(r for r in context.state.recorders if not isinstance(r, _Watch))
