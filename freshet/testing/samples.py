"""Samples: uses of an operation, with what must come out of them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np

from freshet.core.dtypes import DType, as_dtype, float16, of_array
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorSpec, TensorType
from freshet.core.tensor import Array

Expected = Callable[..., Any]
"""``(*inputs, **params) -> array`` or a tuple of arrays, by other means than Freshet's."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One use of a primitive.

    Attributes:
        inputs: An array for each operand; a `TensorSpec` stands for random numbers of its type,
            always the same.
        params: The primitive's parameters.
        expected: What the reference must return: an independent function. None only where the
            reference is the definition and nothing independent can be said.
        expected_ulp: Units in the last place between the reference and `expected`.
        expected_slack: Absolute error allowed there instead, a number or a function like
            `expected`.
        ulp: Units in the last place between compiled code and the reference.
        slack: Absolute error allowed there instead, a number or a function like `expected`: what
            another order of a sum may change.
        signed_zeros: Whether 0 and -0 differ.
        gradient: Operands whose gradient is compared with finite differences; the primitive must
            be smooth around the sample.
        second: Whether the gradient's own gradient is checked, too.
        constants: Operands that are constants of the graph when the sample is compiled.
        label: Added to the sample's name in test reports.
    """

    inputs: tuple[Any, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    expected: Expected | None = None
    expected_ulp: float = 0
    expected_slack: Any = 0.0
    ulp: float = 0
    slack: Any = 0.0
    signed_zeros: bool = True
    gradient: tuple[int, ...] = ()
    second: bool = False
    constants: tuple[int, ...] = ()
    label: str = ""

    def arrays(self) -> tuple[Array, ...]:
        """Return the inputs as arrays."""
        return tuple(_as_array(x, number) for number, x in enumerate(self.inputs))

    def types(self) -> tuple[TensorType, ...]:
        """Return the inputs' types."""
        return tuple(_type_of(x) for x in self.inputs)

    def bound(self, slack: Any) -> Any:
        """Return `slack` as numbers."""
        return slack(*self.arrays(), **self.params) if callable(slack) else slack

    def __str__(self) -> str:
        parts = [str(t) for t in self.types()]
        parts += [f"{k}={_shown(v)}" for k, v in self.params.items()]
        return " ".join([*parts, *([self.label] if self.label else [])])


@dataclass(frozen=True, kw_only=True)
class ErrorSample:
    """A use of a primitive that it must refuse.

    Attributes:
        inputs: As for `Sample`.
        params: The primitive's parameters.
        message: A regular expression that the whole message matches.
        exception: Class of the exception.
    """

    inputs: tuple[Any, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    message: str
    exception: type[Exception] = InvalidArgumentError

    def arrays(self) -> tuple[Array, ...]:
        """Return the inputs as arrays."""
        return tuple(_as_array(x, number) for number, x in enumerate(self.inputs))

    def __str__(self) -> str:
        parts = [str(_type_of(x)) for x in self.inputs]
        return " ".join([*parts, *(f"{k}={_shown(v)}" for k, v in self.params.items())])


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return str(_type_of(value))
    return value.short if isinstance(value, DType) else str(value).replace(" ", "")


def _type_of(value: Any) -> TensorType:
    if isinstance(value, TensorSpec):
        return value.type
    array = np.asarray(value)
    return TensorType(of_array(array), array.shape)


def _as_array(value: Any, number: int) -> Array:
    return random_array(value, number) if isinstance(value, TensorSpec) else np.asarray(value)


def random_array(spec: TensorSpec, number: int = 0) -> Array:
    """Return random numbers of a type: a function of the type and `number` alone.

    Floating-point numbers are normally distributed, integers lie in [-9, 9] or [0, 9].
    """
    seed = zlib.crc32(f"{spec.type} {number}".encode())
    rng = np.random.default_rng(seed)
    shape, dtype = spec.type.static_shape, spec.dtype
    if dtype.is_bool:
        return np.asarray(rng.random(shape) < 0.5)
    if dtype.is_integer:
        low = 0 if dtype.is_unsigned else -9
        return np.asarray(rng.integers(low, 10, shape)).astype(dtype.as_numpy_dtype)
    return np.asarray(rng.standard_normal(shape)).astype(dtype.as_numpy_dtype)


def extremes(dtype: Any) -> Array:
    """Return the values at which operations go wrong: ends of the range, zeros, NaN.

    Subnormal numbers are among them for float16 only: in wider formats, programs may make zeros of
    them on their way.

    Example:
        >>> extremes("bool").tolist()
        [False, True]
    """
    kind = as_dtype(dtype)
    if kind.is_bool:
        return np.array([False, True])
    if kind.is_integer:
        small = {0, 1, 2, 3, 7, 100} | (set() if kind.is_unsigned else {-1, -2, -3, -7, -100})
        ends = {kind.min, kind.min + 1, kind.max - 1, kind.max, kind.max // 2, kind.max // 2 + 1}
        return np.array(sorted(small | ends), kind.as_numpy_dtype)
    return _extreme_floats(kind)


def _extreme_floats(kind: DType) -> Array:
    format_: Any = ml_dtypes.finfo(kind.as_numpy_dtype)
    tiny, least = float(format_.smallest_normal), float(format_.smallest_subnormal)
    half = float(format_.eps) / 2
    subnormal = [least, 3 * least, tiny - least] if kind == float16 else []
    positive = [
        0.0, *subnormal, tiny, tiny + least, half, 1e-4, 0.1, 0.3, 0.5,
        1 - half, 1.0, 1 + 2 * half, 1.5, 2.0, 2.5, 3.0, 3.5, 10.0, 17.3, 88.0, 90.0, 104.0, 710.0,
        746.0, 1 / half, float(format_.max) / 2, float(format_.max), np.inf,
    ]  # fmt: skip
    return np.array([*positive, *(-x for x in positive), np.nan]).astype(kind.as_numpy_dtype)
