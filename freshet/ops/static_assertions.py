"""Assertions about dtypes, ranks and shapes, which are known when a function is traced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from freshet.core import dtypes
from freshet.core.composite import CompositeTensor
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Reference, Tensor
from freshet.core.variable import Variable
from freshet.ops import math as m
from freshet.ops.assertions import check
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.sizes import sizes
from freshet.ops.static import static_value


def _begun(message: Any, text: str) -> str:
    return f"{message}\n{text}" if message else text


def is_tensor(x: Any) -> bool:
    """Return whether x is a tensor, a variable or a ragged or sparse tensor.

    Example:
        >>> is_tensor([1, 2]), is_tensor(convert_to_tensor([1, 2]))
        (False, True)
    """
    return isinstance(x, (Tensor, Variable, CompositeTensor))


def is_symbolic_tensor(tensor: Any) -> bool:
    """Return whether this is a tensor of a function that is being traced.

    Example:
        >>> is_symbolic_tensor(convert_to_tensor(1))
        False
    """
    return isinstance(tensor, Tensor) and tensor._array is None


def is_numeric_tensor(tensor: Any) -> bool:
    """Return whether this is a tensor of numbers, not of truth values or strings.

    Example:
        >>> is_numeric_tensor(convert_to_tensor([1.5])), is_numeric_tensor(1.5)
        (True, False)
    """
    return is_tensor(tensor) and bool(tensor.dtype.is_numeric)


# --- dtypes ---------------------------------------------------------------------------------------


def assert_type(
    tensor: TensorLike, tf_type: Any, message: str | None = None, name: str | None = None
) -> None:
    """Raise `DTypeError` unless a tensor has the dtype `tf_type`.

    Example:
        >>> assert_type([1.0], dtypes.float32)
    """
    kind, found = as_dtype(tf_type), _dtype_of(tensor)
    if found != kind:
        raise DTypeError(_begun(message, f"tensor must be of type {kind.name}; got {found.name}"))


def _dtype_of(x: Any) -> DType:
    found: DType = x.dtype if is_tensor(x) else convert_to_tensor(x).dtype
    return found


def assert_integer(x: TensorLike, message: str | None = None, name: str | None = None) -> None:
    """Raise `DTypeError` unless a tensor has an integer dtype.

    Example:
        >>> assert_integer([1, 2])
    """
    kind = _dtype_of(x)
    if not kind.is_integer:
        raise DTypeError(_begun(message, f"expected x of an integer type, received {kind.name}"))


def assert_same_float_dtype(tensors: Sequence[Any] | None = None, dtype: Any = None) -> DType:
    """Return the dtype that all tensors have, float32 if there is none.

    Args:
        tensors: Tensors; None among them are skipped.
        dtype: The dtype that they must have; by default that of the first.

    Raises:
        InvalidArgumentError: Two differ, or the dtype is not a floating-point one.

    Example:
        >>> assert_same_float_dtype([convert_to_tensor(1.0)]).name
        'float32'
    """
    kind = None if dtype is None else as_dtype(dtype)
    for tensor in tensors or ():
        if tensor is None:
            continue
        found = _dtype_of(tensor)
        if kind is not None and found != kind:
            raise InvalidArgumentError(
                f"assert_same_float_dtype: expected {kind.name}, as the first has, received a "
                f"tensor of {found.name}"
            )
        kind = found
    if kind is not None and not kind.is_floating:
        raise InvalidArgumentError(
            f"assert_same_float_dtype: expected a floating-point dtype, received {kind.name}"
        )
    return kind or dtypes.float32


# --- ranks ----------------------------------------------------------------------------------------


def _rank_number(rank: Any) -> int:
    tensor = convert_to_tensor(rank)
    if not tensor.dtype.is_integer:
        raise DTypeError(f"assert_rank: a rank must be an integer, received {tensor._type}")
    known = static_value(tensor)
    if tensor.ndim or known is None:
        raise InvalidArgumentError(f"assert_rank: rank must be a scalar, received {rank!r}")
    return int(known)


def _assert_rank(x: Any, fits: bool, wanted: str, message: Any) -> None:
    if not fits:
        tensor = x if is_tensor(x) else convert_to_tensor(x)
        raise InvalidArgumentError(
            _begun(
                message,
                f"Tensor must have rank {wanted}. Received rank {len(tensor.shape)}, shape "
                f"{tensor.shape}",
            )
        )


def _rank_of(x: Any) -> int:
    return len(x.shape) if is_tensor(x) else convert_to_tensor(x).ndim


def assert_rank(
    x: TensorLike, rank: Any, message: str | None = None, name: str | None = None
) -> None:
    """Raise `InvalidArgumentError` unless a tensor has a rank.

    Args:
        x: Any tensor.
        rank: A whole number.
        message: What the error begins with.
        name: Ignored.

    Example:
        >>> assert_rank([[1, 2]], 2)
    """
    number = _rank_number(rank)
    _assert_rank(x, _rank_of(x) == number, str(number), message)


def assert_rank_at_least(
    x: TensorLike, rank: Any, message: str | None = None, name: str | None = None
) -> None:
    """Raise `InvalidArgumentError` unless a tensor has at least a rank. See `assert_rank`.

    Example:
        >>> assert_rank_at_least([[1, 2]], 1)
    """
    number = _rank_number(rank)
    _assert_rank(x, _rank_of(x) >= number, f"at least {number}", message)


def assert_rank_in(
    x: TensorLike, ranks: Iterable[Any], message: str | None = None, name: str | None = None
) -> None:
    """Raise `InvalidArgumentError` unless a tensor has one of several ranks. See `assert_rank`.

    Example:
        >>> assert_rank_in([[1, 2]], (1, 2))
    """
    numbers = tuple(_rank_number(r) for r in ranks)
    _assert_rank(x, _rank_of(x) in numbers, f"in {numbers}", message)


def assert_scalar(tensor: TensorLike, message: str | None = None, name: str | None = None) -> None:
    """Raise `InvalidArgumentError` unless a tensor has rank 0.

    Example:
        >>> assert_scalar(3)
    """
    _assert_rank(tensor, not _rank_of(tensor), "0 (a scalar)", message)


# --- shapes ---------------------------------------------------------------------------------------


def assert_shapes(
    shapes: Any, data: Sequence[Any] | None = None, summarize: int | None = None,
    message: str | None = None, name: str | None = None,
) -> None:  # fmt: skip
    """Raise unless tensors have shapes, in which names stand for sizes that must agree.

    Args:
        shapes: Pairs of a tensor and its shape, or a mapping from ``x.ref()``. A shape is a
            sequence of sizes: a number; None or "." for any; a name, which stands for the same size
            wherever it is. ``...``, "..." or "*" first stands for any number of dimensions.
        data: Tensors that the error shows where sizes are known only when the function runs.
        summarize: How many elements of each it shows.
        message: What the error begins with.
        name: Ignored.

    Raises:
        InvalidArgumentError: A rank or a size is another.

    Example:
        >>> x, w = convert_to_tensor([[1, 2, 3]]), convert_to_tensor([[1], [2], [3]])
        >>> assert_shapes([(x, ("N", "K")), (w, ("K", "M"))])
    """
    pairs = shapes.items() if isinstance(shapes, Mapping) else shapes
    named: dict[Any, Any] = {}
    for given, shape in pairs:
        value = given.deref() if isinstance(given, Reference) else given
        x = value if is_tensor(value) else convert_to_tensor(value)
        wanted = list(shape) if isinstance(shape, (list, tuple, str)) else [shape]
        wanted = ["..." if w is Ellipsis else w for w in wanted]
        any_before = bool(wanted) and wanted[0] in {"...", "*"}
        wanted = wanted[1:] if any_before else wanted
        if any(w in {"...", "*"} for w in wanted):
            raise InvalidArgumentError(
                f"assert_shapes: '...' and '*' are allowed only first, received {shape!r}"
            )
        rank = len(x.shape)
        fits = len(wanted) <= rank if any_before else len(wanted) == rank
        _assert_rank(x, fits, f"{'at least ' if any_before else ''}{len(wanted)}", message)
        found = sizes(x)[rank - len(wanted) :] if isinstance(x, Tensor) else list(x.shape)
        for number, (size, want) in enumerate(zip(found, wanted, strict=True), rank - len(wanted)):
            if want is None or want == ".":
                continue
            expected = named.setdefault(want, size) if isinstance(want, str) else want
            _assert_size(x, number, size, expected, (message, data, summarize))


def _assert_size(x: Any, number: int, size: Any, expected: Any, rest: tuple[Any, Any, Any]) -> None:
    message, data, summarize = rest
    text = f"Dimension {number} of a tensor of shape {x.shape} must have size {expected}"
    if isinstance(size, Tensor) or isinstance(expected, Tensor):
        a, b = convert_to_tensor(size), convert_to_tensor(expected)
        shown = [convert_to_tensor(d) for d in data or ()]
        begun = _begun(message, f"Sizes of a dimension {number} differ")
        check(lambda a, b, *_: m.equal(a, b), [a, b, *shown], "x == y", begun, summarize)
    elif size != expected:
        raise InvalidArgumentError(_begun(message, f"{text}. Received size {size}"))


def assert_proper_iterable(values: Any) -> None:
    """Raise `TypeError` unless `values` is a list, tuple or the like, and no tensor or string.

    Example:
        >>> assert_proper_iterable([1, 2])
    """
    if is_tensor(values) or isinstance(values, (str, bytes)) or hasattr(values, "__array__"):
        raise TypeError(
            f"expected values to be a list, tuple or the like, received {type(values).__name__}"
        )
    if not hasattr(values, "__iter__"):
        raise TypeError(f"expected values to be iterable, received {type(values).__name__}")
