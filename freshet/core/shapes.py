"""Shapes: `TensorShape`, broadcasting, and the type of a tensor."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn, SupportsIndex, cast, final, overload

from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import InvalidArgumentError

Dim = int | None


class TensorShape(tuple[Dim, ...]):
    """The size of each dimension of a tensor, None where it is not known before the run.

    A tuple, so ``len``, indexing, unpacking and comparison with tuples work; also equal to a list.

    ``TensorShape(None)`` is the shape of which not even the rank is known. It fits every shape;
    what asks for its sizes or its length raises `InvalidArgumentError`.

    Args:
        dims: The sizes, None for unknown ones; or a number, for a vector's; or None.

    Example:
        >>> TensorShape([None, 28, 28]).num_elements() is None
        True
        >>> TensorShape(None).merge_with([2, 3])
        TensorShape([2, 3])
    """

    __slots__ = ()

    def __new__(cls, dims: Iterable[Any] | int | None = ()) -> TensorShape:
        """Check and keep `dims`: sizes, None for unknown ones."""
        if isinstance(dims, TensorShape):
            return dims
        if dims is None:
            return UNKNOWN_SHAPE
        items = (dims,) if isinstance(dims, int) else dims
        return super().__new__(cls, (_dim(d) for d in items))

    @property
    def rank(self) -> int | None:
        """Number of dimensions, None if it is not known."""
        return len(self)

    @property
    def ndims(self) -> int | None:
        """The same as `rank`."""
        return self.rank

    @property
    def dims(self) -> list[Dim] | None:
        """The sizes as a list, None if the rank is not known."""
        return None if self is UNKNOWN_SHAPE else list(self)

    def as_list(self) -> list[Dim]:
        """Return the sizes as a list, None where unknown."""
        return list(self)

    def is_fully_defined(self) -> bool:
        """Return whether every size is known."""
        return None not in self

    def num_elements(self) -> int | None:
        """Return the product of the sizes, or None if one, or the rank, is unknown."""
        return None if None in self else math.prod(d for d in self if d is not None)

    def is_compatible_with(self, other: Iterable[Any] | None) -> bool:
        """Return whether some concrete shape fits both."""
        other = TensorShape(other)
        if _one_unknown(self, other):
            return True
        return len(self) == len(other) and all(
            a is None or b is None or a == b for a, b in zip(self, other, strict=True)
        )

    def assert_is_compatible_with(self, other: Iterable[Any] | None) -> None:
        """Raise `InvalidArgumentError` unless `is_compatible_with(other)`."""
        if not self.is_compatible_with(other):
            raise InvalidArgumentError(f"Shapes {self} and {TensorShape(other)} are incompatible")

    def merge_with(self, other: Iterable[Any] | None) -> TensorShape:
        """Return the shape that fits both, with every size that either knows."""
        other = TensorShape(other)
        if _one_unknown(self, other):
            return other if self is UNKNOWN_SHAPE else self
        self.assert_is_compatible_with(other)
        return TensorShape(b if a is None else a for a, b in zip(self, other, strict=True))

    def concatenate(self, other: Iterable[Any] | None) -> TensorShape:
        """Return the dimensions of `self`, then those of `other`."""
        other = TensorShape(other)
        if _one_unknown(self, other):
            return UNKNOWN_SHAPE
        return TensorShape((*self, *other))

    def with_rank(self, rank: int) -> TensorShape:
        """Return this shape; `InvalidArgumentError` if its rank is another."""
        if self is UNKNOWN_SHAPE:
            return TensorShape([None] * rank)
        if len(self) != rank:
            raise InvalidArgumentError(f"Shape {self} must have rank {rank}")
        return self

    def with_rank_at_least(self, rank: int) -> TensorShape:
        """Return this shape; `InvalidArgumentError` if its rank is lower."""
        if self is not UNKNOWN_SHAPE and len(self) < rank:
            raise InvalidArgumentError(f"Shape {self} must have rank at least {rank}")
        return self

    def with_rank_at_most(self, rank: int) -> TensorShape:
        """Return this shape; `InvalidArgumentError` if its rank is higher."""
        if self is not UNKNOWN_SHAPE and len(self) > rank:
            raise InvalidArgumentError(f"Shape {self} must have rank at most {rank}")
        return self

    def assert_has_rank(self, rank: int) -> None:
        """Raise `InvalidArgumentError` unless the rank is `rank`."""
        self.with_rank(rank)

    def assert_same_rank(self, other: Iterable[Any] | None) -> None:
        """Raise `InvalidArgumentError` unless the ranks are, or may be, the same."""
        other = TensorShape(other)
        if not _one_unknown(self, other) and len(self) != len(other):
            raise InvalidArgumentError(f"Shapes {self} and {other} must have the same rank")

    def assert_is_fully_defined(self) -> None:
        """Raise `InvalidArgumentError` unless every size is known."""
        if not self.is_fully_defined():
            raise InvalidArgumentError(f"Shape {self} is not fully defined")

    def is_subtype_of(self, other: Iterable[Any] | None) -> bool:
        """Return whether every concrete shape that fits this one fits `other`."""
        other = TensorShape(other)
        if _one_unknown(self, other):
            return other is UNKNOWN_SHAPE
        return len(self) == len(other) and all(
            b is None or a == b for a, b in zip(self, other, strict=True)
        )

    def most_specific_compatible_shape(self, other: Iterable[Any] | None) -> TensorShape:
        """Return the shape that both fit: with the sizes, or the rank, in which they agree."""
        other = TensorShape(other)
        if _one_unknown(self, other) or len(self) != len(other):
            return UNKNOWN_SHAPE
        return TensorShape(a if a == b else None for a, b in zip(self, other, strict=True))

    def most_specific_common_supertype(self, others: Iterable[Iterable[Any] | None]) -> TensorShape:
        """Return the shape that this one and others fit."""
        found = self
        for other in others:
            found = found.most_specific_compatible_shape(other)
        return found

    def __add__(self, other: Iterable[Any] | None) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: Iterable[Any] | None) -> TensorShape:
        return TensorShape(other).concatenate(self)

    @overload
    def __getitem__(self, key: SupportsIndex) -> Dim: ...
    @overload
    def __getitem__(self, key: slice) -> TensorShape: ...
    def __getitem__(self, key: SupportsIndex | slice) -> Dim | TensorShape:
        found = tuple.__getitem__(self, key)
        return TensorShape(found) if isinstance(found, tuple) else found

    def __eq__(self, other: object) -> bool:
        return tuple.__eq__(self, tuple(other) if isinstance(other, list) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return tuple.__hash__(self)

    def __repr__(self) -> str:
        return f"TensorShape({list(self)})"

    def __str__(self) -> str:
        return f"({', '.join(map(str, self))}{',' if len(self) == 1 else ''})"


def _dim(value: Any) -> Dim:
    if value is None:
        return None
    try:
        size = value.__index__()
    except AttributeError:
        raise InvalidArgumentError(
            f"a dimension must be a whole number or None, received {value!r}"
        ) from None
    if size < 0:
        raise InvalidArgumentError(f"a dimension must not be negative, received {size}")
    return int(size)


@final
class _UnknownShape(TensorShape):
    """The shape of which the rank is not known: a tuple whose sizes nobody may ask for."""

    __slots__ = ()

    @property
    def rank(self) -> None:
        """None: it is not known."""

    def as_list(self) -> NoReturn:
        """Raise `InvalidArgumentError`."""
        self._refuse("as_list()")

    def _refuse(self, what: str) -> NoReturn:
        raise InvalidArgumentError(
            f"{what} needs the rank of the shape, which is not known before the run; say it, with "
            "None for each unknown size, as x.set_shape([None, 3]) does of a tensor"
        )

    def __len__(self) -> int:  # noqa: PLE0303 (it never returns)
        self._refuse("len()")

    def __iter__(self) -> Iterator[Dim]:
        self._refuse("iteration")

    def __bool__(self) -> bool:
        return False

    @overload
    def __getitem__(self, key: SupportsIndex) -> Dim: ...
    @overload
    def __getitem__(self, key: slice) -> TensorShape: ...
    def __getitem__(self, key: SupportsIndex | slice) -> Dim | TensorShape:
        if not isinstance(key, slice):
            return None
        start = 0 if key.start is None else key.start
        if key.step not in {None, 1}:
            self._refuse("a slice with a step")
        if key.stop is None or start < 0 or key.stop < 0:
            return self
        return TensorShape([None] * max(key.stop - start, 0))

    def __eq__(self, other: object) -> bool:
        return other is None or tuple.__eq__(self, other)

    def __hash__(self) -> int:
        return tuple.__hash__(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return TensorShape, (None,)

    def __repr__(self) -> str:
        return "TensorShape(None)"

    def __str__(self) -> str:
        return "<unknown>"


# It holds what makes it differ from every other shape, and a None, because it holds unknown sizes.
UNKNOWN_SHAPE: Final[TensorShape] = tuple.__new__(_UnknownShape, (None, ...))


def _one_unknown(a: TensorShape, b: TensorShape) -> bool:
    return a is UNKNOWN_SHAPE or b is UNKNOWN_SHAPE


@dataclass(frozen=True, slots=True)
class TensorType:
    """Dtype and shape of a tensor, printed ``f32[3,?]``.

    What Python returns in the middle of a program has no known rank (``f32[*]``) until
    `Tensor.set_shape` says it. Only operations that say or ask for a shape take it before.
    """

    dtype: DType
    shape: tuple[Dim, ...]

    @classmethod
    def of(cls, dtype: DType, shape: TensorShape) -> TensorType:
        """Return the type of a tensor of a shape, which may be of unknown rank."""
        return cls(dtype, UNKNOWN_SHAPE if shape is UNKNOWN_SHAPE else tuple(shape))

    @property
    def has_rank(self) -> bool:
        """Whether the number of dimensions is known."""
        return self.shape is not UNKNOWN_SHAPE

    @property
    def rank(self) -> int:
        """Number of dimensions."""
        if not self.has_rank:
            raise InvalidArgumentError(f"the rank of {self} is not known before the run")
        return len(self.shape)

    @property
    def static_shape(self) -> tuple[int, ...]:
        """The shape, every size known; the compiler works on nothing else."""
        if None in self.shape:
            raise InvalidArgumentError(f"the shape of {self} is not known before the run")
        return cast(tuple[int, ...], tuple(self.shape))

    @property
    def num_elements(self) -> int:
        """Product of the sizes, every one known."""
        return math.prod(self.static_shape)

    @property
    def num_bytes(self) -> int:
        """Bytes of the elements, every size known."""
        return self.num_elements * self.dtype.size

    def __str__(self) -> str:
        if not self.has_rank:
            return f"{self.dtype.short}[*]"
        return f"{self.dtype.short}[{','.join('?' if d is None else str(d) for d in self.shape)}]"


class TensorSpec:
    """Dtype, shape and name of an argument of a traced function.

    Args:
        shape: The shape, with None for sizes that may differ from call to call; None for a rank
            that may.
        dtype: The dtype; float32 by default.
        name: A name for the argument.

    Example:
        >>> TensorSpec([None, 3]).is_compatible_with(TensorSpec([2, 3]))
        True
    """

    __slots__ = ("dtype", "name", "shape")

    def __init__(
        self,
        shape: Iterable[Any] | int | None = (),
        dtype: object = "float32",
        name: str | None = None,
    ) -> None:
        self.shape = TensorShape(shape)
        self.dtype = as_dtype(dtype)
        self.name = name

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """Return the spec of a tensor."""
        return cls(tensor.shape, tensor.dtype, name)

    @classmethod
    def from_spec(cls, spec: Any, name: str | None = None) -> TensorSpec:
        """Return a spec with the shape and dtype of another, and perhaps another name."""
        return cls(spec.shape, spec.dtype, name or spec.name)

    @property
    def value_type(self) -> Any:
        """The class of values that a spec describes."""
        from freshet.core.tensor import Tensor  # noqa: PLC0415 (tensor builds on shapes)

        return Tensor

    def is_subtype_of(self, other: Any) -> bool:
        """Return whether every tensor that fits this spec fits `other`."""
        return (
            isinstance(other, TensorSpec)
            and self.dtype == other.dtype
            and self.shape.is_subtype_of(other.shape)
        )

    def most_specific_compatible_type(self, other: TensorSpec) -> TensorSpec:
        """Return the spec that the tensors of both fit.

        Raises:
            InvalidArgumentError: Their dtypes differ.
        """
        if self.dtype != other.dtype:
            raise InvalidArgumentError(f"No spec fits both {self} and {other}: dtypes differ")
        shape = self.shape.most_specific_compatible_shape(other.shape)
        return TensorSpec(shape, self.dtype, self.name if self.name == other.name else None)

    def most_specific_common_supertype(self, others: Sequence[TensorSpec]) -> TensorSpec | None:
        """Return the spec that the tensors of this one and others fit, None if there is none."""
        if any(o.dtype != self.dtype for o in others):
            return None
        shape = self.shape.most_specific_common_supertype([o.shape for o in others])
        return TensorSpec(shape, self.dtype, self.name)

    @property
    def type(self) -> TensorType:
        """The spec without its name."""
        return TensorType.of(self.dtype, self.shape)

    def is_compatible_with(self, other: Any) -> bool:
        """Return whether `other` (a spec or tensor) has this dtype and fits this shape."""
        return self.dtype == other.dtype and self.shape.is_compatible_with(other.shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and (self.type, self.name) == (other.type, other.name)

    def __hash__(self) -> int:
        return hash((self.type, self.name))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype=ft.{self.dtype.name}, name={self.name!r})"


def broadcast_shapes(name: str, shapes: Sequence[tuple[Dim, ...]]) -> tuple[Dim, ...]:
    """Return the shape that `shapes` broadcast to, by NumPy's rules.

    A size of 1 stretches; an unknown size gives way to a known one that is not 1.

    Args:
        name: Who asks, for the error.
        shapes: The operands' shapes.

    Raises:
        InvalidArgumentError: Two sizes differ and neither is 1.
    """
    rank = max(map(len, shapes), default=0)
    result: list[Dim] = [1] * rank
    for shape in shapes:
        for axis, size in enumerate(shape, rank - len(shape)):
            known = result[axis]
            if size in (known, 1):
                continue
            if known == 1 or (known is None and size is not None):
                result[axis] = size
            elif size is not None:
                text = " and ".join(f"[{','.join(map(str, s))}]" for s in shapes)
                raise InvalidArgumentError(
                    f"{name}: shapes {text} do not broadcast: "
                    f"sizes {known} and {size} differ and neither is 1"
                )
    return tuple(result)


def normalize_axis(name: str, axis: int, rank: int) -> int:
    """Return `axis` counted from the front; `InvalidArgumentError` outside ``[-rank, rank)``."""
    if not -rank <= axis < rank:
        raise InvalidArgumentError(
            f"{name}: axis {axis} is outside [{-rank}, {rank}) of a tensor of rank {rank}"
        )
    return axis % rank
