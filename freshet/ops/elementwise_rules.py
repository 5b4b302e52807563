"""What elementwise primitives have in common: kinds of dtypes, broadcasting, gradients, loops.

Operands of different shapes broadcast by NumPy's rules. The gradient of an operand that was
stretched is summed back to its shape, in one place: `summed`.

Gradients of complex operands follow TensorFlow: g is the gradient for z when the loss changes by
``Re(sum(conj(g) * dz))``. A rule for a function f then multiplies with ``conj(f'(z))``, which it
writes with `conj`; a real tensor is its own conjugate, so real programs do no more for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType
from freshet.core.errors import DTypeError
from freshet.core.shapes import TensorType, broadcast_shapes
from freshet.core.tensor import Tensor
from freshet.ops import scalar
from freshet.ops.nest import Host, Lowering, Nest, broadcast
from freshet.ops.primitive import (
    Call,
    Gradient,
    NoGradient,
    OperandGradient,
    Primitive,
    float_compute,
)
from freshet.ops.scalar import Expr

FLOATS: Final = frozenset({"float"})
NUMBERS: Final = frozenset({"float", "int", "uint"})
INTEGERS: Final = frozenset({"int", "uint"})
BOOLS: Final = frozenset({"bool"})
COMPLEX: Final = frozenset({"complex"})
ANALYTIC: Final = FLOATS | COMPLEX
FIELD: Final = NUMBERS | COMPLEX
STRINGS: Final = frozenset({"string"})
ANY: Final = NUMBERS | BOOLS


NO_COMPLEX: Final = Host("there are no kernels for complex numbers")
_KIND_NAMES: Final = {
    "float": "floating-point", "complex": "complex", "int": "integer", "uint": "unsigned",
    "bool": "boolean", "string": "string",
}  # fmt: skip


def lower_elementwise(body: Callable[..., Expr]) -> Callable[..., Nest]:
    """Return the loop nest of a function of scalars, over operands that broadcast."""

    def lower(*types: TensorType, **params: Any) -> Nest:
        shapes = [t.static_shape for t in types]
        rank = len(broadcast_shapes("elementwise", shapes))
        return Nest(
            operands=tuple(broadcast(s, rank) for s in shapes),
            body=(lambda *elements: body(*elements, **params)) if params else body,
        )

    return lower


def infer_elementwise(
    name: str, kinds: frozenset[str], result: DType | None = None
) -> Callable[..., TensorType]:
    """Return the type rule of operands of one dtype that broadcast."""

    def infer(*types: TensorType) -> TensorType:
        first = types[0].dtype
        if any(t.dtype != first for t in types):
            raise DTypeError(
                f"{name}: all operands must have one dtype, received {_listed(types)}; "
                "convert with ft.cast"
            )
        if first.kind not in kinds:
            raise DTypeError(
                f"{name}: expected {kinds_text(kinds)} operands, received {_listed(types)}"
            )
        return TensorType(result or first, broadcast_shapes(name, [t.shape for t in types]))

    return infer


def _listed(types: tuple[TensorType, ...]) -> str:
    return " and ".join(map(str, types))


def kinds_text(kinds: frozenset[str]) -> str:
    """Return kinds of dtypes in words."""
    return " or ".join(text for kind, text in _KIND_NAMES.items() if kind in kinds)


def summed(rule: OperandGradient, number: int) -> OperandGradient:
    """Return a rule whose result is summed over what broadcasting stretched."""

    def gradient(call: Call, grad: Tensor) -> Tensor:
        from freshet.ops.array import sum_to  # noqa: PLC0415 (array builds on this module)

        return sum_to(rule(call, grad), call.inputs[number])

    return gradient


def elementwise(
    name: str,
    kinds: frozenset[str],
    *,
    reference: Callable[..., Any],
    gradient: tuple[OperandGradient | None, ...] | NoGradient,
    lower: Callable[..., Expr] | Host,
    result: DType | None = None,
) -> Primitive:
    """Make an elementwise primitive.

    Args:
        name: Its name.
        kinds: Kinds of dtype it takes; all operands have one dtype.
        reference: NumPy's function; 16-bit floats are computed in float32.
        gradient: A rule per operand, as if nothing were broadcast.
        lower: Scalars to scalar, or why it runs on the host.
        result: Dtype of the result; that of the operands by default.
    """
    rules: Gradient = gradient
    if not isinstance(gradient, NoGradient):
        rules = tuple(r and summed(r, i) for i, r in enumerate(gradient))
    loops: Lowering = lower if isinstance(lower, Host) else lower_elementwise(lower)
    return Primitive(
        name=name, infer=infer_elementwise(name, kinds, result), reference=float_compute(reference),
        gradient=rules, lower=loops, broadcasts=True,
    )  # fmt: skip


def scalar_op(op: str) -> Callable[..., Expr]:
    """Return the scalar operation of that name."""
    return lambda *args: scalar.make(op, args, args[0].dtype)


def unary(
    name: str,
    reference: Callable[..., Any],
    gradient: OperandGradient | NoGradient,
    lower: Callable[..., Expr] | Host | None = None,
    kinds: frozenset[str] = FLOATS,
) -> Primitive:
    """Make a primitive of one operand; it is lowered to the scalar operation of its name."""
    return elementwise(
        name, kinds, reference=reference,
        gradient=gradient if isinstance(gradient, NoGradient) else (gradient,),
        lower=lower or scalar_op(name),
    )  # fmt: skip


def comparison(
    name: str, op: str, reference: Callable[..., Any], kinds: frozenset[str] = ANY
) -> Primitive:
    """Make a comparison of two operands."""
    return elementwise(
        name, kinds, reference=reference, gradient=NoGradient("the result is bool"),
        lower=lambda x, y: scalar.compare(op, x, y), result=dtypes.bool_,
    )  # fmt: skip


# --- what rules are written with ------------------------------------------------------------------


def zeros_of(x: Tensor) -> Tensor:
    """Return a scalar 0 of x's dtype, which broadcasts to its shape."""
    return Tensor._of_array(np.zeros((), x.dtype.as_numpy_dtype), x.dtype)


def ones_of(x: Tensor) -> Tensor:
    """Return a scalar 1 of x's dtype, which broadcasts to its shape."""
    return Tensor._of_array(np.ones((), x.dtype.as_numpy_dtype), x.dtype)


conj_p: Primitive = unary(
    "conj", np.conj, lambda c, g: conj(g), NO_COMPLEX, COMPLEX
)  # fmt: skip


def conj(x: Tensor) -> Tensor:
    """Return the complex conjugate; a real tensor as it is."""
    return conj_p(x) if x.dtype.is_complex else x
