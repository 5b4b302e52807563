"""Assertions about values: at once where they are known, else when the traced function runs.

A traced assertion is a check (see `freshet.ops.checks`): the compiled program tests it before any
variable is written, whether or not something uses its result, and stays one program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from freshet.core import context, dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops import scalar
from freshet.ops.conversion import binary_operands, convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.math import TensorLike
from freshet.ops.nest import Check, Nest, identity
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.static import static_value

_SHOWN: Final = 3
"""Elements that a message shows of each tensor, unless `summarize` says otherwise."""


# --- the check ------------------------------------------------------------------------------------


def _failures(condition: TensorType, *data: TensorType, **_: Any) -> Nest:
    return Nest(
        operands=(identity(condition.rank), *[None] * len(data)),
        body=lambda holds, *_: scalar.make("bit_not", (holds,), dtypes.bool_),
    )


def _assert_infer(condition: TensorType, *data: TensorType, **_: Any) -> TensorType:
    if not condition.dtype.is_bool:
        raise DTypeError(f"assert: the condition must be bool, received {condition}")
    return condition


def _assert_reference(
    condition: Array, *data: Array, claim: str, message: str, summarize: int,
    texts: tuple[str | None, ...],
) -> Array:  # fmt: skip
    if not np.all(condition):
        count = summarize if summarize >= 0 else max([condition.size, *(d.size for d in data)])
        if claim:
            text = _compared(condition, data, claim, count)
        else:
            rest = iter(data)
            shown = [next(rest) if t is None else t for t in texts]
            text = _listed(condition, shown, count)
        parts = [message, text]
        raise InvalidArgumentError("\n".join(p for p in parts if p))
    return condition


def _compared(condition: Array, data: Sequence[Array], claim: str, count: int) -> str:
    """Describe where a comparison of x with y, or with 0, does not hold."""
    wrong = np.argwhere(~condition)
    lines = [
        f"Condition {claim} did not hold for {len(wrong)} of {condition.size} elements, "
        f"at {wrong[:count].tolist()}:"
    ]
    for name, x in zip("xy", data, strict=False):
        full = np.broadcast_to(x, condition.shape)
        lines.append(f"  {name} is {full[~condition][:count].tolist()} there, and has {_shape(x)}")
    return "\n".join(lines)


def _shape(x: Array) -> str:
    return str(TensorType(dtypes.of_array(x), x.shape))


def _listed(condition: Array, data: Sequence[Array | str], count: int) -> str:
    shown = [x if isinstance(x, str) else _elements(x, count) for x in data]
    lead = f"Expected {condition.tolist()} to be true."
    return f"{lead} Summarized data: " + "\n".join(shown) if shown else lead


def _elements(x: Array, count: int) -> str:
    return ", ".join(map(str, x.reshape(-1)[:count])) + (", ..." if x.size > count else "")


assert_p: Primitive = Primitive(
    name="assert", infer=_assert_infer, reference=_assert_reference,
    gradient=NoGradient("it is a check"), lower=Check(_failures, shown=True),
)  # fmt: skip


def _known(*tensors: Tensor) -> list[Tensor] | None:
    """Return tensors as eager ones if their elements are known now."""
    found = []
    for tensor in tensors:
        array = static_value(tensor)
        if array is None:
            return None
        found.append(Tensor._of_array(array, tensor.dtype))
    return found


def check(
    holds: Callable[..., Tensor], data: Sequence[Tensor], claim: str, message: Any,
    summarize: Any, texts: Sequence[str | None] = (),
) -> None:  # fmt: skip
    """Raise unless ``holds(*data)`` is true everywhere: now if possible, else when it runs.

    Args:
        holds: The condition, of elements that broadcast.
        data: What it is about, shown if it fails.
        claim: The condition in words; "" for any other than a comparison.
        message: What the error begins with, or None.
        summarize: How many elements the error shows; -1 for all, None for a few.
        texts: For any other than a comparison, what the error lists: texts, and None for each of
            `data` but the first, which is the condition.
    """
    params = {
        "claim": claim,
        "message": "" if message is None else str(message),
        "summarize": _SHOWN if summarize is None else int(summarize),
        "texts": tuple(texts),
    }
    skip = 0 if claim else 1
    known = _known(*data)
    if known is None:
        assert_p(holds(*data), *data[skip:], **params)
        return
    with context.init_scope():
        assert_p(holds(*known), *known[skip:], **params)


def Assert(  # noqa: N802 (TensorFlow's name)
    condition: TensorLike, data: Sequence[TensorLike], summarize: int | None = None,
    name: str | None = None,
) -> None:  # fmt: skip
    """Raise an error that shows `data` unless a condition is true.

    Args:
        condition: A truth value, or several.
        data: Tensors and strings that the message shows.
        summarize: How many elements of each it shows; 3 by default, -1 for all.
        name: Ignored.

    Raises:
        InvalidArgumentError: The condition is false; inside a traced function, when it runs.

    Example:
        >>> Assert(2 > 1, ["numbers have lost their order"])
    """
    truth = convert_to_tensor(condition, dtype_hint=dtypes.bool_)
    if not truth.dtype.is_bool:
        raise DTypeError(f"Assert: the condition must be bool, received {truth._type}")
    shown = [convert_to_tensor(x) for x in data]
    texts = [_text(x) for x in shown]
    others = [x for x, text in zip(shown, texts, strict=True) if text is None]
    check(lambda holds, *_: holds, [truth, *others], "", None, summarize, texts)


def _text(x: Tensor) -> str | None:
    """Return a single string that is known; a program then stays compiled."""
    if x.dtype.kind != "string" or x.ndim or x._array is None:
        return None
    text: Any = x._array[()]
    return str(text, "utf-8", "replace")


# --- comparisons ----------------------------------------------------------------------------------


def _compare(
    name: str, sign: str, holds: Callable[..., Tensor], x: TensorLike, y: TensorLike,
    message: Any, summarize: Any,
) -> None:  # fmt: skip
    check(holds, binary_operands(name, x, y), f"x {sign} y", message, summarize)


def assert_equal(
    x: TensorLike, y: TensorLike, message: str | None = None, summarize: int | None = None,
    name: str | None = None,
) -> None:  # fmt: skip
    """Raise unless ``x == y`` holds for every pair of elements, which broadcast.

    Args:
        x: Numbers, truth values or strings.
        y: Such as x.
        message: What the error begins with.
        summarize: How many elements it shows; 3 by default, -1 for all.
        name: Ignored.

    Raises:
        InvalidArgumentError: It does not hold; inside a traced function, when it runs, unless the
            elements are known before.

    Example:
        >>> assert_equal([1, 2], [1, 2])
    """
    _compare("assert_equal", "==", m.equal, x, y, message, summarize)


def assert_none_equal(
    x: TensorLike, y: TensorLike, summarize: int | None = None, message: str | None = None,
    name: str | None = None,
) -> None:  # fmt: skip
    """Raise unless ``x != y`` holds for every pair of elements. Arguments as for `assert_equal`.

    Example:
        >>> assert_none_equal([1, 2], [3, 3])
    """
    _compare("assert_none_equal", "!=", m.not_equal, x, y, message, summarize)


def assert_less(
    x: TensorLike, y: TensorLike, message: str | None = None, summarize: int | None = None,
    name: str | None = None,
) -> None:  # fmt: skip
    """Raise unless ``x < y`` holds for every pair of elements. Arguments as for `assert_equal`.

    Example:
        >>> assert_less([1, 2], 3)
    """
    _compare("assert_less", "<", m.less, x, y, message, summarize)


def assert_less_equal(
    x: TensorLike, y: TensorLike, message: str | None = None, summarize: int | None = None,
    name: str | None = None,
) -> None:  # fmt: skip
    """Raise unless ``x <= y`` holds for every pair of elements. Arguments as for `assert_equal`.

    Example:
        >>> assert_less_equal([1, 2], 2)
    """
    _compare("assert_less_equal", "<=", m.less_equal, x, y, message, summarize)


def assert_greater(
    x: TensorLike, y: TensorLike, message: str | None = None, summarize: int | None = None,
    name: str | None = None,
) -> None:  # fmt: skip
    """Raise unless ``x > y`` holds for every pair of elements. Arguments as for `assert_equal`.

    Example:
        >>> assert_greater([1, 2], 0)
    """
    _compare("assert_greater", ">", m.greater, x, y, message, summarize)


def assert_greater_equal(
    x: TensorLike, y: TensorLike, message: str | None = None, summarize: int | None = None,
    name: str | None = None,
) -> None:  # fmt: skip
    """Raise unless ``x >= y`` holds for every pair of elements. Arguments as for `assert_equal`.

    Example:
        >>> assert_greater_equal([1, 2], 1)
    """
    _compare("assert_greater_equal", ">=", m.greater_equal, x, y, message, summarize)


def assert_near(
    x: TensorLike, y: TensorLike, rtol: Any = None, atol: Any = None, message: str | None = None,
    summarize: int | None = None, name: str | None = None,
) -> None:  # fmt: skip
    """Raise unless ``|x - y| <= atol + rtol * |y|`` holds for every pair of elements.

    Args:
        x: Floating-point or complex numbers.
        y: Such as x.
        rtol: Relative tolerance; by default 10 times the spacing of numbers near 1.
        atol: Absolute tolerance; the same by default.
        message: What the error begins with.
        summarize: How many elements it shows; 3 by default, -1 for all.
        name: Ignored.

    Example:
        >>> assert_near([1.0, 2.0], [1.0, 2.0000001])
    """
    a, b = binary_operands("assert_near", x, y)
    if not a.dtype.is_differentiable:
        raise InvalidArgumentError(
            f"assert_near: expected floating-point or complex numbers, received {a._type}"
        )
    bits = {"float16": 10, "bfloat16": 7, "float32": 23, "float64": 52}[a.dtype.real_dtype.name]
    given = [10 * 2.0**-bits if t is None else t for t in (rtol, atol)]
    relative, absolute = (convert_to_tensor(t, dtype_hint=a.dtype.real_dtype) for t in given)

    def close(a: Tensor, b: Tensor, relative: Tensor, absolute: Tensor) -> Tensor:
        return m.less_equal(m.abs(m.subtract(a, b)), absolute + relative * m.abs(b))

    check(close, [a, b, relative, absolute], "|x - y| <= atol + rtol * |y|", message, summarize)


def _compare_with_zero(
    sign: str, holds: Callable[..., Tensor], x: TensorLike, message: Any, summarize: Any
) -> None:
    tensor = convert_to_tensor(x)
    zero = Tensor._of_array(np.zeros((), tensor.dtype.as_numpy_dtype), tensor.dtype)
    check(lambda t: holds(t, zero), [tensor], f"x {sign} 0", message, summarize)


def assert_positive(
    x: TensorLike, message: str | None = None, summarize: int | None = None,
    name: str | None = None,
) -> None:  # fmt: skip
    """Raise unless every element is above 0. Arguments as for `assert_equal`.

    Example:
        >>> assert_positive([1, 2])
    """
    _compare_with_zero(">", m.greater, x, message, summarize)


def assert_negative(
    x: TensorLike, message: str | None = None, summarize: int | None = None,
    name: str | None = None,
) -> None:  # fmt: skip
    """Raise unless every element is below 0. Arguments as for `assert_equal`.

    Example:
        >>> assert_negative([-1.5])
    """
    _compare_with_zero("<", m.less, x, message, summarize)


def assert_non_negative(
    x: TensorLike, message: str | None = None, summarize: int | None = None,
    name: str | None = None,
) -> None:  # fmt: skip
    """Raise unless every element is 0 or more. Arguments as for `assert_equal`.

    Example:
        >>> assert_non_negative([0, 1])
    """
    _compare_with_zero(">=", m.greater_equal, x, message, summarize)


def assert_non_positive(
    x: TensorLike, message: str | None = None, summarize: int | None = None,
    name: str | None = None,
) -> None:  # fmt: skip
    """Raise unless every element is 0 or less. Arguments as for `assert_equal`.

    Example:
        >>> assert_non_positive([0, -1])
    """
    _compare_with_zero("<=", m.less_equal, x, message, summarize)
