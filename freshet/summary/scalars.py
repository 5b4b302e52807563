"""Scalar summaries: one number a step, shown as a curve."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Array
from freshet.ops.conversion import convert_to_tensor
from freshet.summary.state import reject_tracing
from freshet.summary.tensors import PluginMetadata, write

_PLUGIN: Final = "scalars"


def scalar(name: str, data: Any, step: Any = None, description: str | None = None) -> bool:
    """Write a number, such as the loss of a training step, as float32.

    Args:
        name: What TensorBoard shows; summaries of one name make one curve.
        data: A number, or a tensor or variable of rank 0.
        step: Where it stands on the curve: a whole number or a variable. That of
            `ft.summary.experimental.set_step` by default.
        description: Markdown that TensorBoard shows beside the curve.

    Returns:
        Whether it was written: False without a default writer, or if `ft.summary.record_if` says
        so.

    Raises:
        InvalidArgumentError: `data` is not one number, or there is a default writer but no step.
        DTypeError: `data` is a string, or the step is not a whole number.
        UnimplementedError: The call is inside a function that `ft.function` traces.

    Example:
        >>> import tempfile
        >>> import freshet as ft
        >>> with tempfile.TemporaryDirectory() as logdir:
        ...     with ft.summary.create_file_writer(logdir).as_default():
        ...         ft.summary.scalar("loss", 0.5, step=1)
        True
        >>> ft.summary.scalar("loss", 0.5, step=1)  # there is no default writer any more
        False
    """
    reject_tracing("ft.summary.scalar")
    value = _as_float(data)
    return write(name or "scalar_summary", value, step, PluginMetadata(_PLUGIN, description))


def _as_float(data: Any) -> Array:
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, as in TensorFlow
        tensor = convert_to_tensor(data)
        if tensor.shape.rank != 0:
            raise InvalidArgumentError(
                f"ft.summary.scalar: data must be one number, received {tensor._type}"
            )
        if tensor.dtype.kind == "string":
            raise DTypeError(f"ft.summary.scalar: data must be a number, received {data!r}")
        return tensor._value.astype(np.float32)
