"""Comparisons, logic, and what kind of number each element is: the public functions.

Their primitives are in `freshet.ops.elementwise`. Two operands broadcast and must have one dtype, a
bare number taking the other's; every result is bool.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import elementwise as e
from freshet.ops.conversion import TensorLike, binary_operands, convert_to_tensor, floating_operand
from freshet.ops.dispatch import dispatched
from freshet.ops.primitive import Primitive

# --- order ----------------------------------------------------------------------------------------


def _ordered(name: str, x: TensorLike, y: TensorLike) -> tuple[Tensor, Tensor]:
    """Return two operands that can be larger or smaller: no truth values."""
    a, b = binary_operands(name, x, y)
    if a.dtype.is_bool:
        raise DTypeError(f"{name}: expected real numbers, received {a._type} and {b._type}")
    return a, b


@dispatched
def less(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether ``x < y``.

    Example:
        >>> less([1, 3], 2).numpy().tolist()
        [True, False]
    """
    return e.less_p(*_ordered("less", x, y))


@dispatched
def less_equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether ``x <= y``.

    Example:
        >>> less_equal([1, 2, 3], 2).numpy().tolist()
        [True, True, False]
    """
    return e.less_equal_p(*_ordered("less_equal", x, y))


@dispatched
def greater(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether ``x > y``.

    Example:
        >>> greater([1, 3], 2).numpy().tolist()
        [False, True]
    """
    return e.greater_p(*_ordered("greater", x, y))


@dispatched
def greater_equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether ``x >= y``.

    Example:
        >>> greater_equal([1, 2, 3], 2).numpy().tolist()
        [False, True, True]
    """
    return e.greater_equal_p(*_ordered("greater_equal", x, y))


# --- equality -------------------------------------------------------------------------------------


@dispatched
def equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether ``x == y``; NaN equals nothing.

    Example:
        >>> equal([1.0, float("nan")], [1.0, float("nan")]).numpy().tolist()
        [True, False]
    """
    return e.equal_p(*binary_operands("equal", x, y))


@dispatched
def not_equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether ``x != y``.

    Example:
        >>> not_equal([1, 2], 2).numpy().tolist()
        [True, False]
    """
    return e.not_equal_p(*binary_operands("not_equal", x, y))


@dispatched
def python_equal(x: Any, y: Any) -> Any:
    """Implement ``==``: False for what is no tensor at all.

    Of two shapes that do not broadcast, the result is one False, as a tensor.

    Raises:
        DTypeError: Both are tensors, of different dtypes; or strings.
    """
    return _python_compare(x, y, e.equal_p, otherwise=False)


@dispatched
def python_not_equal(x: Any, y: Any) -> Any:
    """Implement ``!=``: True where ``==`` is False for the whole."""
    return _python_compare(x, y, e.not_equal_p, otherwise=True)


def _python_compare(x: Any, y: Any, primitive: Primitive, *, otherwise: bool) -> Any:
    if y is None or isinstance(y, type):
        return otherwise
    try:
        return primitive(*binary_operands(primitive.name, x, y))
    except DTypeError:
        if isinstance(y, (Tensor, Variable)) or x.dtype.kind == "string":
            raise
        return otherwise
    except InvalidArgumentError:  # shapes that do not broadcast
        return Tensor._of_array(np.asarray(otherwise))


# --- logic ----------------------------------------------------------------------------------------


@dispatched
def logical_and(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether both are true.

    Example:
        >>> logical_and([True, False], True).numpy().tolist()
        [True, False]
    """
    return e.bitwise_and_p(*_truths("logical_and", x, y))


@dispatched
def logical_or(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether either is true.

    Example:
        >>> logical_or([True, False], False).numpy().tolist()
        [True, False]
    """
    return e.bitwise_or_p(*_truths("logical_or", x, y))


@dispatched
def logical_xor(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether exactly one is true.

    Example:
        >>> logical_xor([True, False], True).numpy().tolist()
        [False, True]
    """
    return e.bitwise_xor_p(*_truths("logical_xor", x, y))


@dispatched
def logical_not(x: TensorLike, name: str | None = None) -> Tensor:
    """Return whether x is false.

    Example:
        >>> logical_not([True, False]).numpy().tolist()
        [False, True]
    """
    return e.invert_p(*_truths("logical_not", x))


def _truths(name: str, *values: TensorLike) -> list[Tensor]:
    tensors = [convert_to_tensor(v, dtype_hint=bool) for v in values]
    for t in tensors:
        if not t.dtype.is_bool:
            raise DTypeError(f"{name}: expected bool tensors, received {t._type}")
    return tensors


# --- kinds of numbers -----------------------------------------------------------------------------


@dispatched
def is_nan(x: TensorLike, name: str | None = None) -> Tensor:
    """Return whether x is NaN.

    Example:
        >>> is_nan([1.0, float("nan")]).numpy().tolist()
        [False, True]
    """
    tensor = floating_operand("is_nan", x)
    return e.not_equal_p(tensor, tensor)


@dispatched
def is_finite(x: TensorLike, name: str | None = None) -> Tensor:
    """Return whether x is neither infinite nor NaN.

    Example:
        >>> is_finite([1.0, float("inf")]).numpy().tolist()
        [True, False]
    """
    tensor = floating_operand("is_finite", x)
    largest = Tensor._of_array(np.asarray(tensor.dtype.max, tensor.dtype.as_numpy_dtype))
    return e.less_equal_p(e.abs_p(tensor), largest)


@dispatched
def is_inf(x: TensorLike, name: str | None = None) -> Tensor:
    """Return whether x is infinite.

    Example:
        >>> is_inf([1.0, float("-inf")]).numpy().tolist()
        [False, True]
    """
    tensor = floating_operand("is_inf", x)
    infinite = Tensor._of_array(np.asarray(np.inf, tensor.dtype.as_numpy_dtype))
    return e.equal_p(e.abs_p(tensor), infinite)
