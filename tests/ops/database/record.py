"""What the database of operations is made of: operations, their cases and their references.

Nothing here imports Freshet: `tests/conformance` runs the same cases in an environment that has
TensorFlow instead. A case holds NumPy arrays where the call gets tensors, and Python values as
they are; `Ragged` and `Sparse` stand for tensors of these kinds.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Ragged:
    """A ragged tensor: values, and for each ragged dimension its row splits, outermost first."""

    values: np.ndarray
    splits: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Sparse:
    """A sparse tensor: int64[n, rank] indices, values[n], and the shape when dense."""

    indices: np.ndarray
    values: np.ndarray
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Variable:
    """A variable that starts with a value."""

    value: np.ndarray


class Dtype(str):
    """A dtype by its name, for functions that take no name; a reference sees the name."""

    __slots__ = ()


@dataclass(frozen=True)
class Case:
    """One call of an operation."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    def __str__(self) -> str:
        shown = [_shown(a) for a in self.args]
        return ", ".join([*shown, *(f"{k}={_shown(v)}" for k, v in self.kwargs.items())])


@dataclass(frozen=True)
class Failure:
    """A call that is refused.

    Attributes:
        exception: Name of the class, TensorFlow's or Python's: what is raised is one of it.
        case: The call.
        message: A regular expression that is found in our message.
    """

    exception: str
    case: Case
    message: str = ""


def case(*args: Any, **kwargs: Any) -> Case:
    """Return the call with these arguments."""
    return Case(args, kwargs)


def error(exception: str, *args: Any, message: str = "", **kwargs: Any) -> Failure:
    """Return the call with these arguments, which must raise."""
    return Failure(exception, Case(args, kwargs), message)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One public operation.

    Attributes:
        name: Its name below ``ft``, such as ``"math.cumsum"``.
        cases: Calls over dtypes, shapes (rank 0, empty, stretched, odd) and options.
        reference: ``(*args, **kwargs) -> result`` by NumPy, SciPy, mpmath or plain Python, for the
            same arguments; never Freshet's own code. None for operations whose values are random:
            only their dtypes and shapes are compared, and a test of their own looks at the rest.
        errors: Calls that are refused.
        gradient: Cases for the gradient checks, at which it is smooth; their float64 arrays (and
            complex128 ones) are varied, all other arguments stay. Without any, there is none, and
            a case that has floating-point operands must then say why in `no_gradient`.
        no_gradient: Why an operation on floating-point numbers has no gradient.
        second: Whether the gradient's gradient is checked as well.
        tolerance: Relative error allowed for each result dtype; see `TOLERANCE` for the rest.
        absolute: Absolute error allowed, of floating-point results.
        unknown_shapes: Whether it is traced with every size unknown, too. False, with a reason in
            a comment, where the operation needs a size.
        traced: Whether it works inside ``ft.function``; False, with a reason in a comment, for
            what only makes sense outside.
        differs: Why TensorFlow gives something else, for the list in docs/conformance.md; "" where
            it agrees. `differs_in` limits it to some cases.
        differs_in: Numbers of the cases (and, counted on, errors) that differ; all by default.
        tensorflow: TensorFlow's name if it is another one.
    """

    name: str
    cases: Sequence[Case]
    reference: Callable[..., Any] | None
    errors: Sequence[Failure] = ()
    gradient: Sequence[Case] = ()
    no_gradient: str = ""
    second: bool = True
    tolerance: Mapping[str, float] = field(default_factory=dict)
    absolute: float = 1e-6
    unknown_shapes: bool = True
    traced: bool = True
    differs: str = ""
    differs_in: Sequence[int] | None = None
    tensorflow: str = ""


TOLERANCE: Mapping[str, float] = {
    "float16": 2e-3, "bfloat16": 2e-2, "float32": 2e-6, "float64": 1e-13, "complex64": 2e-6,
    "complex128": 1e-13,
}  # fmt: skip


# --- arrays ---------------------------------------------------------------------------------------


def normal(*shape: int, dtype: Any = np.float32, seed: int = 0) -> np.ndarray:
    """Return normally distributed numbers, always the same."""
    return _rng(shape, dtype, seed).standard_normal(shape).astype(dtype)


def uniform(
    *shape: int, low: float = 0.0, high: float = 1.0, dtype: Any = np.float32, seed: int = 0
) -> np.ndarray:
    """Return evenly distributed numbers, always the same."""
    return _rng(shape, dtype, seed).uniform(low, high, shape).astype(dtype)


def integers(
    *shape: int, low: int = -9, high: int = 9, dtype: Any = np.int32, seed: int = 0
) -> np.ndarray:
    """Return whole numbers from `low` to `high`, both included, always the same."""
    return _rng(shape, dtype, seed).integers(low, high + 1, shape).astype(dtype)


def booleans(*shape: int, seed: int = 0) -> np.ndarray:
    """Return truth values, always the same."""
    return _rng(shape, bool, seed).random(shape) < 0.5


def complexes(*shape: int, dtype: Any = np.complex64, seed: int = 0) -> np.ndarray:
    """Return complex numbers with normally distributed parts, always the same."""
    rng = _rng(shape, dtype, seed)
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)


def strings(*values: Any) -> np.ndarray:
    """Return a vector of strings; use `reshape` for other shapes."""
    array = np.empty(len(values), object)
    array[:] = [v.encode() if isinstance(v, str) else v for v in values]
    return array


def over(function: Callable[[Any], Any], value: Any) -> Any:
    """Return a structure with a function applied to what it holds; anything else as it is."""
    if isinstance(value, dict):
        return {k: function(v) for k, v in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return tuple(function(v) for v in value)
    if isinstance(value, (list, tuple)):
        return type(value)(function(v) for v in value)
    return value


def _rng(shape: tuple[int, ...], dtype: Any, seed: int) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(f"{shape} {np.dtype(dtype)} {seed}".encode()))


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}".replace(" ", "")
    if isinstance(value, Ragged):
        return f"Ragged({_shown(value.values)})"
    if isinstance(value, Sparse):
        return f"Sparse({_shown(value.values)}, {value.shape})"
    return repr(value)
