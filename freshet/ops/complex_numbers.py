"""Complex numbers: their parts, angles and conjugates.

Gradients follow TensorFlow: g is the gradient for z when the loss changes by
``Re(sum(conj(g) * dz))``; for ``z = x + iy`` its parts are the gradients for x and y.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType
from freshet.core.errors import DTypeError
from freshet.core.shapes import TensorType, broadcast_shapes
from freshet.core.tensor import Tensor
from freshet.ops import elementwise_rules
from freshet.ops import math as m
from freshet.ops.conversion import binary_operands, convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.elementwise_rules import NO_COMPLEX, summed, zeros_of
from freshet.ops.math import TensorLike
from freshet.ops.primitive import Call, Primitive

_COMPLEX_OF: Final[dict[str, DType]] = {
    "float32": dtypes.complex64, "float64": dtypes.complex128,
}  # fmt: skip


def _part(x: TensorType) -> TensorType:
    return TensorType(x.dtype.real_dtype, x.shape)


def _angle_gradient(call: Call, grad: Tensor) -> Tensor:
    """The angle grows at right angles to z: ``g * iz / |z|**2``, and 0 at 0."""
    x, y = real_p(call.x), imag_p(call.x)
    size = x * x + y * y
    return complex_p(m.divide_no_nan(-grad * y, size), m.divide_no_nan(grad * x, size))


complex_p: Primitive = Primitive(
    name="complex",
    infer=lambda x, y: TensorType(
        _COMPLEX_OF[x.dtype.name], broadcast_shapes("complex", [x.shape, y.shape])
    ),
    reference=lambda x, y: _joined(x, y),
    gradient=(summed(lambda c, g: real_p(g), 0), summed(lambda c, g: imag_p(g), 1)),
    lower=NO_COMPLEX,
)
real_p: Primitive = Primitive(
    name="real", infer=_part, reference=np.real,
    gradient=(lambda c, g: complex_p(g, zeros_of(g)),), lower=NO_COMPLEX,
)  # fmt: skip
imag_p: Primitive = Primitive(
    name="imag", infer=_part, reference=np.imag,
    gradient=(lambda c, g: complex_p(zeros_of(g), g),), lower=NO_COMPLEX,
)  # fmt: skip
angle_p: Primitive = Primitive(
    name="angle", infer=_part, reference=np.angle, gradient=(_angle_gradient,), lower=NO_COMPLEX,
)  # fmt: skip


def _joined(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    # Not x + 1j * y: that makes NaN of infinite parts.
    shape = np.broadcast_shapes(x.shape, y.shape)
    found = np.empty(shape, np.complex64 if x.dtype == np.float32 else np.complex128)
    found.real, found.imag = x, y
    return found


def _numeric(name: str, value: TensorLike) -> Tensor:
    tensor = convert_to_tensor(value)
    if not tensor.dtype.is_numeric:
        raise DTypeError(f"{name}: expected a numeric tensor, received {tensor._type}")
    return tensor


@dispatched
def complex(real: TensorLike, imag: TensorLike, name: str | None = None) -> Tensor:
    """Return ``real + i * imag``; both broadcast.

    Args:
        real: float32 or float64.
        imag: Of the same dtype.
        name: Ignored.

    Returns:
        complex64 of float32 parts, complex128 of float64 parts.

    Raises:
        DTypeError: The parts differ in dtype or are no such floats.

    Example:
        >>> complex([1.0, 2.0], 3.0).numpy().tolist()
        [(1+3j), (2+3j)]
    """
    x, y = binary_operands("complex", real, imag)
    if x.dtype.name not in _COMPLEX_OF:
        raise DTypeError(
            f"complex: both parts must be float32 or float64, received {x._type} and {y._type}"
        )
    return complex_p(x, y)


@dispatched
def real(input: TensorLike, name: str | None = None) -> Tensor:
    """Return the real part; a real tensor as it is.

    Example:
        >>> float(real(3 + 4j))
        3.0
    """
    tensor = _numeric("real", input)
    return real_p(tensor) if tensor.dtype.is_complex else tensor


@dispatched
def imag(input: TensorLike, name: str | None = None) -> Tensor:
    """Return the imaginary part; zeros for a real tensor.

    Example:
        >>> float(imag(3 + 4j))
        4.0
    """
    from freshet.ops.array import broadcast_like  # noqa: PLC0415 (array builds on primitives)

    tensor = _numeric("imag", input)
    return imag_p(tensor) if tensor.dtype.is_complex else broadcast_like(zeros_of(tensor), tensor)


@dispatched
def conj(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the complex conjugate; a real tensor as it is.

    Example:
        >>> conj(3 + 4j).numpy()
        np.complex128(3-4j)
    """
    return elementwise_rules.conj(_numeric("conj", x))


@dispatched
def angle(input: TensorLike, name: str | None = None) -> Tensor:
    """Return the angle of each number in radians, in ``(-pi, pi]``; of 0, 0.

    Real numbers have the angle pi below 0 and 0 elsewhere.

    Raises:
        DTypeError: The input is neither floating-point nor complex.

    Example:
        >>> round(float(angle(1j)), 5)
        1.5708
    """
    tensor = convert_to_tensor(input)
    if tensor.dtype.is_complex:
        return angle_p(tensor)
    if not tensor.dtype.is_floating:
        raise DTypeError(
            f"angle: expected a floating-point or complex tensor, received {tensor._type}"
        )
    half_turn = convert_to_tensor(math.pi, dtype=tensor.dtype)
    return m.where(m.less(tensor, 0.0), half_turn, zeros_of(tensor))
