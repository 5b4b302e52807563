"""Several values at once, and the time: what programs in TensorFlow's style expect to find."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.nest import flatten
from freshet.core.shapes import TensorSpec, TensorType
from freshet.core.tensor import Tensor
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive


def group(*inputs: Any, **kwargs: Any) -> None:
    """Do nothing more: what was given has been done, or is part of the traced function.

    Args:
        *inputs: Anything.
        **kwargs: `name`, which is ignored.

    Example:
        >>> group(convert_to_tensor(1)) is None
        True
    """


def tuple(
    tensors: Sequence[Any], control_inputs: Any = None, name: str | None = None
) -> list[Tensor | None]:
    """Return values as a list of tensors, None for each None.

    Args:
        tensors: Tensors, or what can be one.
        control_inputs: Ignored: what was traced before is done before.
        name: Ignored.

    Example:
        >>> [int(x) for x in tuple([1, 2])]
        [1, 2]
    """
    return [None if x is None else convert_to_tensor(x) for x in tensors]


timestamp_p: Primitive = Primitive(
    name="timestamp", infer=lambda: TensorType(dtypes.float64, ()),
    reference=lambda: np.asarray(time.time(), np.float64),
    gradient=NoGradient("time depends on nothing"), lower=Host("a kernel has no clock"),
    effect=True,
)  # fmt: skip


def timestamp(name: str | None = None) -> Tensor:
    """Return the seconds since 1970 as float64: now, or each time when a traced function gets here.

    Example:
        >>> timestamp().dtype.name
        'float64'
    """
    return timestamp_p()


def type_spec_from_value(value: Any) -> Any:
    """Return the spec of a value: dtype and shape of a tensor, or what a composite one has.

    Args:
        value: A tensor, variable, array, number or composite tensor.

    Example:
        >>> type_spec_from_value([1.0, 2.0])
        TensorSpec(shape=(2,), dtype=ft.float32, name=None)
    """
    if hasattr(value, "_type_spec"):
        return value._type_spec
    if isinstance(value, TensorSpec) or not flatten(value):
        return value
    return TensorSpec.from_tensor(convert_to_tensor(value))
