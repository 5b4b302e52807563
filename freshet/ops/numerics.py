"""Checks that numbers are finite: at once in eager mode, when the program runs in a traced one."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import scalar
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.math import TensorLike
from freshet.ops.nest import Check, Nest, identity
from freshet.ops.primitive import Primitive


def _numerics_infer(x: TensorType, message: str) -> TensorType:
    if not x.dtype.is_floating:
        raise DTypeError(f"check_numerics: expected floating-point numbers, received {x}")
    return x


def _numerics_reference(x: Array, message: str) -> Array:
    wide = x.astype(np.float32) if x.dtype.itemsize == 2 else x
    kinds = [k for k, wrong in (("Inf", np.isinf(wide)), ("NaN", np.isnan(wide))) if wrong.any()]
    if kinds:
        count = int(np.sum(~np.isfinite(wide)))
        raise InvalidArgumentError(
            f"{message} : Tensor had {' and '.join(kinds)} values: {count} of the elements of "
            f"{TensorType(dtypes.of_array(x), x.shape)}"
        )
    return x


def _not_finite(x: TensorType, message: str) -> Nest:
    def body(value: Any) -> Any:
        large = scalar.compare("gt", scalar.unary("abs", value), x.dtype.max)
        none = scalar.compare("ne", value, value)
        return scalar.make("bit_or", (large, none), dtypes.bool_)

    return Nest(operands=(identity(x.rank),), body=body)


check_numerics_p: Primitive = Primitive(
    name="check_numerics", infer=_numerics_infer, reference=_numerics_reference,
    gradient=(lambda c, g: check_numerics_p(g, message=f"{c.params['message']} (gradient)"),),
    lower=Check(_not_finite),
)  # fmt: skip


@dispatched
def check_numerics(tensor: TensorLike, message: str, name: str | None = None) -> Tensor:
    """Return the tensor; raise if an element, of it or of its gradient, is infinite or NaN.

    Args:
        tensor: Floating-point numbers.
        message: What the error begins with.
        name: Ignored.

    Raises:
        InvalidArgumentError: An element is; inside a traced function, when it runs.

    Example:
        >>> check_numerics([1.0, 2.0], "weights").numpy().tolist()
        [1.0, 2.0]
    """
    return check_numerics_p(convert_to_tensor(tensor), message=str(message))


def assert_all_finite(x: TensorLike, message: str, name: str | None = None) -> Tensor:
    """Return the tensor; raise if an element is infinite or NaN. See `check_numerics`.

    Example:
        >>> assert_all_finite([1.0], "loss").numpy().tolist()
        [1.0]
    """
    return check_numerics(x, message)
