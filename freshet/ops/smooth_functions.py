"""Smooth functions of one operand, such as `exp` and `tanh`: the public functions.

Their primitives are in `freshet.ops.elementwise`. More are in `freshet.ops.trigonometry` and
`freshet.ops.special`.
"""

from __future__ import annotations

from freshet.core.errors import DTypeError
from freshet.core.tensor import Tensor
from freshet.ops import elementwise as e
from freshet.ops.conversion import TensorLike, convert_to_tensor, floating_operand
from freshet.ops.dispatch import dispatched
from freshet.ops.primitive import Primitive


def one_operand(name: str, x: TensorLike, primitive: Primitive) -> Tensor:
    """Apply a primitive of one floating-point or complex operand."""
    tensor = convert_to_tensor(x)
    if not tensor.dtype.is_differentiable:
        raise DTypeError(
            f"{name}: expected a floating-point tensor, received {tensor._type}; "
            "convert it with ft.cast(x, ft.float32)"
        )
    return primitive(tensor)


@dispatched
def exp(x: TensorLike, name: str | None = None) -> Tensor:
    """Return e to the power x.

    Example:
        >>> float(exp(0.0))
        1.0
    """
    return one_operand("exp", x, e.exp_p)


@dispatched
def expm1(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``exp(x) - 1``, exact for small x.

    Example:
        >>> float(expm1(0.0))
        0.0
    """
    return one_operand("expm1", x, e.expm1_p)


@dispatched
def log(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the natural logarithm; -inf at 0, NaN below.

    Example:
        >>> log([1.0, 0.0]).numpy().tolist()
        [0.0, -inf]
    """
    return one_operand("log", x, e.log_p)


@dispatched
def log1p(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``log(1 + x)``, exact for small x.

    Example:
        >>> float(log1p(0.0))
        0.0
    """
    return one_operand("log1p", x, e.log1p_p)


@dispatched
def sqrt(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the square root; NaN below 0.

    Example:
        >>> sqrt([4.0, 9.0]).numpy().tolist()
        [2.0, 3.0]
    """
    return one_operand("sqrt", x, e.sqrt_p)


@dispatched
def rsqrt(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``1 / sqrt(x)``.

    Example:
        >>> rsqrt([4.0, 0.25]).numpy().tolist()
        [0.5, 2.0]
    """
    return one_operand("rsqrt", x, e.rsqrt_p)


@dispatched
def tanh(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the hyperbolic tangent.

    Example:
        >>> float(tanh(0.0))
        0.0
    """
    return one_operand("tanh", x, e.tanh_p)


@dispatched
def sigmoid(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``1 / (1 + exp(-x))``.

    Example:
        >>> sigmoid([0.0, 100.0]).numpy().tolist()
        [0.5, 1.0]
    """
    return one_operand("sigmoid", x, e.sigmoid_p)


@dispatched
def softplus(features: TensorLike, name: str | None = None) -> Tensor:
    """Return ``log(1 + exp(x))``.

    Example:
        >>> softplus([-1000.0, 1000.0]).numpy().tolist()
        [0.0, 1000.0]
    """
    return one_operand("softplus", features, e.softplus_p)


@dispatched
def log_sigmoid(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``log(sigmoid(x))``, exact also where the sigmoid underflows.

    Example:
        >>> float(log_sigmoid(-1000.0))
        -1000.0
    """
    tensor = floating_operand("log_sigmoid", x)
    return e.negative_p(e.softplus_p(e.negative_p(tensor)))


@dispatched
def sin(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the sine of x in radians.

    Example:
        >>> float(sin(0.0))
        0.0
    """
    return one_operand("sin", x, e.sin_p)


@dispatched
def cos(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the cosine of x in radians.

    Example:
        >>> float(cos(0.0))
        1.0
    """
    return one_operand("cos", x, e.cos_p)


@dispatched
def erf(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the error function ``2/sqrt(pi) * integral of exp(-t**2) from 0 to x``.

    Example:
        >>> erf([0.0, 10.0]).numpy().tolist()
        [0.0, 1.0]
    """
    return one_operand("erf", x, e.erf_p)
