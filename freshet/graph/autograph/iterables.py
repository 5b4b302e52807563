"""What a `for` in the graph can go over: rows of tensors, ranges, and these zipped or numbered."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from freshet.core import context
from freshet.core.composite import CompositeTensor
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.gathering import gather
from freshet.ops.math import cast, maximum, minimum


class Iterable(ABC):
    """A number of elements, each computed from its number."""

    @abstractmethod
    def length(self) -> int | Tensor:
        """Return how many there are, as an int where it is known."""

    @abstractmethod
    def element(self, number: Tensor) -> Any:
        """Return one of them."""

    @abstractmethod
    def plain(self) -> Any:
        """Return the same for Python's own loop."""


class Rows(Iterable):
    """The slices of a tensor, or of tensors in a structure, along the first dimension."""

    def __init__(self, tensor: Tensor) -> None:
        if not tensor.shape:
            raise InvalidArgumentError(
                f"for: cannot go over a tensor of rank 0, received {tensor._type}; "
                "range(n) counts to n"
            )
        self._tensor = tensor

    def length(self) -> int | Tensor:
        """Return the first size."""
        size = self._tensor.shape[0]
        return shaping.shape(self._tensor)[0] if size is None else size

    def element(self, number: Tensor) -> Any:
        """Return a slice."""
        return gather(self._tensor, number)

    def plain(self) -> Any:
        """Return the tensor."""
        return self._tensor


class Range(Iterable):
    """``range(start, limit, delta)`` without the numbers being made."""

    def __init__(self, start: Any, limit: Any, delta: Any, dtype: Any = None) -> None:
        given = [
            convert_to_tensor(v) for v in (start, limit, delta) if isinstance(v, (Tensor, Variable))
        ]
        kind = dtype if dtype is not None else (given[0].dtype if given else None)
        self._known = None if given else (start, limit, delta)
        self._start, self._limit, self._delta = (
            convert_to_tensor(v) if kind is None else cast(convert_to_tensor(v), kind)
            for v in (start, limit, delta)
        )

    def length(self) -> int | Tensor:
        """Return ``ceil((limit - start) / delta)``, at least 0."""
        if self._known is not None and all(type(v) is int for v in self._known):
            return len(range(*self._known))
        span = self._limit - self._start
        if self._start.dtype.is_floating:
            raise DTypeError("for: a range of floating-point numbers is gone over as a tensor")
        steps = -((-span) // self._delta)
        return maximum(steps, shaping.zeros_like(steps))

    def element(self, number: Tensor) -> Any:
        """Return ``start + number * delta``."""
        return self._start + cast(number, self._start.dtype) * self._delta

    def plain(self) -> Any:
        """Return the numbers as a tensor."""
        return shaping.range(self._start, self._limit, self._delta)


class Numbered(Iterable):
    """``enumerate(inner, start)``."""

    def __init__(self, inner: Iterable, start: Any) -> None:
        self._inner, self._start = inner, start

    def length(self) -> int | Tensor:
        """Return the length of what is numbered."""
        return self._inner.length()

    def element(self, number: Tensor) -> Any:
        """Return a number and an element."""
        return number + self._start, self._inner.element(number)

    def plain(self) -> Any:
        """Return Python's own."""
        return enumerate(self._inner.plain(), self._start)


class Zipped(Iterable):
    """``zip(a, b, ...)``; the shortest ends it."""

    def __init__(self, inner: Sequence[Iterable]) -> None:
        self._inner = inner

    def length(self) -> int | Tensor:
        """Return the smallest length."""
        lengths = [i.length() for i in self._inner]
        known = [n for n in lengths if isinstance(n, int)]
        shortest: int | Tensor | None = min(known) if known else None
        for length in lengths:
            if isinstance(length, Tensor):
                other = cast(length, "int32")
                shortest = other if shortest is None else minimum(shortest, other)
        assert shortest is not None
        return shortest

    def element(self, number: Tensor) -> Any:
        """Return the elements of all."""
        return tuple(i.element(number) for i in self._inner)

    def plain(self) -> Any:
        """Return Python's own."""
        return zip(*(i.plain() for i in self._inner), strict=False)


class Ragged(Iterable):
    """The rows of a ragged tensor."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def length(self) -> int | Tensor:
        """Return the number of rows."""
        found = self._value.nrows()
        return found if isinstance(found, int) else convert_to_tensor(found)

    def element(self, number: Tensor) -> Any:
        """Return a row."""
        return self._value[number]

    def plain(self) -> Any:
        """Return the tensor."""
        return self._value


def iterable(value: Any) -> Iterable | None:
    """Return what the graph can go over; None for what Python goes over."""
    if context.state.tracer is None or isinstance(value, Iterable):
        return value if isinstance(value, Iterable) and context.state.tracer is not None else None
    if isinstance(value, Variable):
        value = value.value()
    if isinstance(value, Tensor):
        return Rows(value)
    if isinstance(value, CompositeTensor) and hasattr(value, "nrows"):
        return Ragged(value)
    if hasattr(value, "stack") and hasattr(value, "unstack") and hasattr(value, "size"):
        return Rows(value.stack())  # a TensorArray
    return None


# --- what is lazy where a `for` asks for it -------------------------------------------------------


def is_tensor(value: Any) -> bool:
    """Return whether a value is a tensor or a variable."""
    return isinstance(value, (Tensor, Variable))


def lazy_range(*given: Any) -> Any:
    """Return ``range(...)``; of tensors, something to go over."""
    if context.state.tracer is None or not any(is_tensor(v) for v in given):
        return range(*given)
    start, limit, delta = _bounds(given)
    return Range(start, limit, delta)


def lazy_tensor_range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = None
) -> Any:
    """Return ``ft.range(...)`` as something to go over."""
    first, last = (0, start) if limit is None else (start, limit)
    floating = not all(_is_whole(v) for v in (first, last, delta))
    if context.state.tracer is None or floating:
        return shaping.range(start, limit, delta, dtype, name)
    return Range(first, last, delta, dtype)


def _is_whole(value: Any) -> bool:
    if isinstance(value, (Tensor, Variable)):
        return value.dtype.is_integer
    return isinstance(value, int)


def _bounds(given: Sequence[Any]) -> tuple[Any, Any, Any]:
    if len(given) == 1:
        return 0, given[0], 1
    return given[0], given[1], given[2] if len(given) > 2 else 1


def lazy_enumerate(value: Any, start: Any = 0) -> Any:
    """Return ``enumerate(value, start)``; of a tensor, something to go over."""
    inner = iterable(value)
    return enumerate(value, start) if inner is None else Numbered(inner, start)


def lazy_zip(*values: Any, strict: bool = False) -> Any:
    """Return ``zip(*values)``; of tensors, something to go over."""
    inner = [iterable(v) for v in values]
    if inner and all(i is not None for i in inner):
        return Zipped([i for i in inner if i is not None])
    plain = [v.plain() if isinstance(v, Iterable) else v for v in values]
    return zip(*plain, strict=strict)


def over_dataset(value: Any) -> Callable[..., Any] | None:
    """Return the `reduce` of a dataset, None for anything else."""
    if hasattr(value, "element_spec") and hasattr(value, "reduce"):
        found: Callable[..., Any] = value.reduce
        return found
    return None
