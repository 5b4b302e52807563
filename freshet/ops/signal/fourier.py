"""Fourier transforms: the primitives and what the public functions are made of.

    forward:  y[k] = sum over n of x[n] * exp(-2 pi i k n / N)
    inverse:  x[n] = 1/N * sum over k of y[k] * exp(2 pi i k n / N)

The adjoint of a transform is the opposite one with the opposite scale, so one rule differentiates
all. Of a real signal only the first half of the spectrum is kept: the rest repeats it conjugated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import Dim, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.core.variable import Variable
from freshet.ops import array as a
from freshet.ops.array import Shape, resolve_shape, shape_arguments, sizes_of
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host, Nest, identity
from freshet.ops.primitive import Call, Primitive
from freshet.ops.sizes import shape_operand, sizes, static_integers

_HOST: Final = Host("a fast Fourier transform is no loop nest")
_OTHER: Final = {"backward": "forward", "forward": "backward", "ortho": "ortho"}
"""The scale that makes the opposite transform the adjoint, in NumPy's words."""
_COMPLEX: Final = {"float32": dtypes.complex64, "float64": dtypes.complex128}


# --- primitives -----------------------------------------------------------------------------------


def _fft_reference(x: Array, axes: tuple[int, ...], inverse: bool, norm: Any) -> Array:
    if not x.size:
        return x
    return np.fft.ifftn(x, axes=axes, norm=norm) if inverse else np.fft.fftn(x, None, axes, norm)


def _fft_gradient(call: Call, grad: Tensor) -> Tensor:
    p = call.params
    return fft_p(grad, axes=p["axes"], inverse=not p["inverse"], norm=_OTHER[p["norm"]])


fft_p: Primitive = Primitive(
    name="fft", infer=lambda x, axes, inverse, norm: x, reference=_fft_reference,
    gradient=(_fft_gradient,), lower=_HOST,
)  # fmt: skip


def _with_size(shape: Sequence[Dim], axis: int, size: Dim) -> tuple[Dim, ...]:
    return (*shape[:axis], size, *shape[axis + 1 :])


def _counts(length: int, axis: int, rank: int) -> Array:
    """Return how often each kept element of a spectrum stands in the whole one: once or twice.

    The inverse transform counts them so. Its adjoint, and that of the forward transform, which
    keeps each once, are the transforms with `counted` exchanged.
    """
    found = np.full(length // 2 + 1, 2.0)
    found[0] = 1
    if length % 2 == 0:
        found[-1] = 1
    return found.reshape([-1 if d == axis else 1 for d in range(rank)])


def _rfft_infer(x: TensorType, axes: tuple[int, ...], norm: str, counted: bool) -> TensorType:
    n = x.shape[axes[-1]]
    if n == 0:
        raise InvalidArgumentError(f"rfft: {x} has no elements to transform")
    size = None if n is None else n // 2 + 1
    return TensorType(_COMPLEX[x.dtype.name], _with_size(x.shape, axes[-1], size))


def _rfft_reference(x: Array, axes: tuple[int, ...], norm: Any, counted: bool) -> Array:
    y = np.fft.rfftn(x, None, axes, norm)
    return y * _counts(x.shape[axes[-1]], axes[-1], x.ndim) if counted else y


def _rfft_gradient(call: Call, grad: Tensor) -> Tensor:
    p, axis = call.params, call.params["axes"][-1]
    operands, shape = shape_arguments(call.x)
    if operands:
        operands = (a.slice_p(operands[0], spec=((axis, axis + 1, None),)),)
    return irfft_p(
        grad, *operands, axes=p["axes"], norm=_OTHER[p["norm"]], counted=p["counted"],
        shape=(shape[axis],) if not operands else (None,),
    )  # fmt: skip


rfft_p: Primitive = Primitive(
    name="rfft", infer=_rfft_infer, reference=_rfft_reference, gradient=(_rfft_gradient,),
    lower=_HOST,
)  # fmt: skip


def _irfft_infer(
    y: TensorType, *operand: TensorType, axes: tuple[int, ...], norm: str, counted: bool,
    shape: Shape,
) -> TensorType:  # fmt: skip
    if shape[0] is not None and shape[0] < 1:
        raise InvalidArgumentError(f"irfft: a signal needs at least one element, received {y}")
    return TensorType(y.dtype.real_dtype, _with_size(y.shape, axes[-1], shape[0]))


def _irfft_reference(
    y: Array, *operand: Array, axes: tuple[int, ...], norm: Any, counted: bool, shape: Shape
) -> Array:
    (length,) = sizes_of(shape, operand)
    lengths = [y.shape[d] for d in axes[:-1]] + [length]
    given = y if counted else y / _counts(length, axes[-1], y.ndim)
    return np.fft.irfftn(given, lengths, axes, norm)


irfft_p: Primitive = Primitive(
    name="irfft", infer=_irfft_infer, reference=_irfft_reference,
    gradient=(
        lambda c, g: rfft_p(
            g, axes=c.params["axes"], norm=_OTHER[c.params["norm"]], counted=c.params["counted"]
        ),
        None,
    ),
    lower=_HOST, resolve=resolve_shape,
)  # fmt: skip


def _fitted_reference(x: Array, *operand: Array, shape: Shape) -> Array:
    target = sizes_of(shape, operand)
    result = np.zeros(target, x.dtype)
    part = tuple(slice(0, min(n, k)) for n, k in zip(x.shape, target, strict=True))
    result[part] = x[part]
    return result


def _fitted_gradient(call: Call, grad: Tensor) -> Tensor:
    operands, shape = shape_arguments(call.x)
    return crop_or_pad_p(grad, *operands, shape=shape)


crop_or_pad_p: Primitive = Primitive(
    name="crop_or_pad", infer=lambda x, *operand, shape: TensorType(x.dtype, shape),
    reference=_fitted_reference, gradient=(_fitted_gradient, None),
    lower=lambda x, shape: Nest(operands=(identity(x.rank),)), resolve=resolve_shape,
)  # fmt: skip


# --- operands -------------------------------------------------------------------------------------


def crop_or_pad(x: Tensor, wanted: dict[int, int]) -> Tensor:
    """Return a tensor with other sizes of some dimensions: its first elements, or zeros after."""
    if all(x.shape[d] == n for d, n in wanted.items()):
        return x
    target = [wanted.get(d, n) for d, n in enumerate(sizes(x))]
    operands, shape = shape_operand("crop_or_pad", target)
    return crop_or_pad_p(x, *operands, shape=shape)


def complex_of(name: str, value: TensorLike) -> Tensor:
    """Return a complex operand; what is no tensor yet is converted."""
    if isinstance(value, (Tensor, Variable)):
        x = convert_to_tensor(value)
    else:
        given = np.asarray(value)
        x = convert_to_tensor(given if given.dtype.kind == "c" else given.astype(np.complex64))
    if not x.dtype.is_complex:
        raise DTypeError(
            f"{name}: expected complex numbers, received {x._type}; convert them with "
            "ft.cast(x, ft.complex64), or use ft.signal.rfft"
        )
    return x


def real_of(name: str, value: TensorLike) -> Tensor:
    """Return an operand of float32 or float64."""
    x = convert_to_tensor(value, dtype_hint=dtypes.float32)
    if x.dtype.name not in _COMPLEX:
        raise DTypeError(f"{name}: expected float32 or float64, received {x._type}")
    return x


def _last_axes(name: str, x: Tensor, count: int) -> tuple[int, ...]:
    if x.ndim < count:
        raise InvalidArgumentError(f"{name}: expected rank {count} or more, received {x._type}")
    return tuple(range(x.ndim - count, x.ndim))


def fft_lengths(name: str, fft_length: Any, count: int) -> list[int] | None:
    """Return the argument `fft_length`, checked to be as many positive numbers, or None."""
    if fft_length is None:
        return None
    found = static_integers(name, "fft_length", fft_length)
    scalar = np.ndim(fft_length) == 0 and not isinstance(fft_length, (Tensor, Variable))
    if len(found) != count or scalar or min(found) < 1:
        raise InvalidArgumentError(
            f"{name}: fft_length must be {count} positive numbers in a list, received "
            f"{fft_length!r}"
        )
    return found


def _cut(
    name: str, x: Tensor, axes: Any, lengths: list[int] | None
) -> tuple[Tensor, tuple[int, ...]]:
    """Return an operand made to have the given lengths along axes, and the axes.

    Args:
        name: Who asks, for errors.
        x: The operand.
        axes: The dimensions, or a number that stands for as many last ones.
        lengths: None to leave the operand as it is.
    """
    where = axes if isinstance(axes, tuple) else _last_axes(name, x, axes)
    if lengths is not None:
        x = crop_or_pad(x, dict(zip(where, lengths, strict=True)))
    return x, where


def complex_transform(
    name: str, value: TensorLike, axes: Any, lengths: list[int] | None, inverse: bool, norm: str
) -> Tensor:
    """Transform complex numbers along axes, made to have the given lengths."""
    x, where = _cut(name, complex_of(name, value), axes, lengths)
    return fft_p(x, axes=where, inverse=inverse, norm=norm)


def real_transform(
    name: str, value: TensorLike, axes: Any, lengths: list[int] | None, norm: str = "backward"
) -> Tensor:
    """Transform real numbers along axes, the last of which keeps half of the spectrum."""
    x, where = _cut(name, real_of(name, value), axes, lengths)
    return rfft_p(x, axes=where, norm=norm, counted=False)


def inverse_real_transform(
    name: str, value: TensorLike, axes: Any, lengths: list[int] | None, norm: str = "backward"
) -> Tensor:
    """Transform half a spectrum back to real numbers."""
    kept = None if lengths is None else [*lengths[:-1], lengths[-1] // 2 + 1]
    y, where = _cut(name, complex_of(name, value), axes, kept)
    length: Any = (sizes(y)[where[-1]] - 1) * 2 if lengths is None else lengths[-1]
    operands, shape = shape_operand(name, [length])
    return irfft_p(y, *operands, axes=where, norm=norm, counted=True, shape=shape)
