"""Matrix products: one primitive, `contract`, for matmul in all transposes and tensordot.

`freshet.ops.linalg.einsum` is made of it as well.

    contract "mk,kn->mn":   out[m, n] = sum over k of  x[m, k] * y[k, n]

Each letter is one dimension. A letter in both operands and the output is a batch dimension; one in
both operands only is summed over. No letter repeats within an operand, and none is in one operand
only without being in the output, so the gradient is another contraction with the parts exchanged.
"""

from __future__ import annotations

import functools
import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import Dim, TensorType, normalize_axis
from freshet.core.tensor import Array, Tensor
from freshet.core.variable import Variable
from freshet.ops import math as m
from freshet.ops.array import broadcast_to_p, squeeze_p
from freshet.ops.conversion import binary_operands, convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.elementwise_rules import conj
from freshet.ops.index import Affine, Index
from freshet.ops.math import TensorLike
from freshet.ops.nest import Nest, Reduce, o, r
from freshet.ops.primitive import Call, Primitive
from freshet.ops.sizes import shape_operand, sizes

_LETTERS = string.ascii_letters


def _parts(equation: str) -> tuple[str, str, str]:
    operands, _, out = equation.partition("->")
    left, _, right = operands.partition(",")
    return left, right, out


def _infer(x: TensorType, y: TensorType, equation: str) -> TensorType:
    left, right, out = _parts(equation)
    if x.dtype != y.dtype or not x.dtype.is_numeric:
        raise DTypeError(f"contract {equation}: expected two numeric operands of one dtype, "
                         f"received {x} and {y}")  # fmt: skip
    sizes: dict[str, Dim] = {}
    for letters, kind in ((left, x), (right, y)):
        for letter, size in zip(letters, kind.shape, strict=True):
            known = sizes.setdefault(letter, size)
            if known is None:
                sizes[letter] = size
            elif size is not None and size != known:
                raise InvalidArgumentError(
                    f"contract {equation}: dimension {letter!r} has size {known} in one operand "
                    f"and {size} in the other: {x} and {y}"
                )
    return TensorType(x.dtype, tuple(sizes[letter] for letter in out))


def _reference(x: Array, y: Array, equation: str) -> Array:
    kind = dtypes.of_array(x)
    if kind.is_floating and kind.bits == 16:
        x, y = x.astype(np.float32), y.astype(np.float32)
    turns = _turns(equation)
    if turns is not None:
        left, right, out = turns
        product = (x.T if left else x) @ (y.T if right else y)
        return product.T if out else product
    result: Array = np.einsum(equation, x, y, optimize=True)
    return result


@functools.cache
def _turns(equation: str) -> tuple[bool, bool, bool] | None:
    """Return which matrices a plain matrix product transposes: operands and result; else None.

    NumPy's einsum takes longer to find that out than small products take.
    """
    left, right, out = _parts(equation)
    summed = set(left) & set(right)
    if (len(left), len(right), len(out), len(summed)) != (2, 2, 2, 1) or summed & set(out):
        return None
    (inner,) = summed
    return left[0] == inner, right[1] == inner, out[0] in right


def _lower(x: TensorType, y: TensorType, equation: str) -> Nest:
    left, right, out = _parts(equation)
    summed = [letter for letter in left if letter not in out]
    axes: dict[str, Affine] = {letter: o(i) for i, letter in enumerate(out)}
    axes |= {letter: r(i) for i, letter in enumerate(summed)}
    sizes = dict(zip(left, x.static_shape, strict=True))
    return Nest(
        operands=tuple(tuple(Index(axes[letter]) for letter in part) for part in (left, right)),
        body=lambda a, b: a * b,
        reduced=tuple(sizes[letter] for letter in summed),
        reduce=(Reduce("sum"),),
    )


def _left_gradient(call: Call, grad: Tensor) -> Tensor:
    left, right, out = _parts(call.params["equation"])
    return contract_p(grad, conj(call.y), equation=f"{out},{right}->{left}")


def _right_gradient(call: Call, grad: Tensor) -> Tensor:
    left, right, out = _parts(call.params["equation"])
    return contract_p(conj(call.x), grad, equation=f"{left},{out}->{right}")


contract_p: Primitive = Primitive(
    name="contract", infer=_infer, reference=_reference,
    gradient=(_left_gradient, _right_gradient), lower=_lower,
)  # fmt: skip


# --- public functions -----------------------------------------------------------------------------


@dispatched
def matmul(
    a: TensorLike, b: TensorLike, transpose_a: bool = False, transpose_b: bool = False,
    adjoint_a: bool = False, adjoint_b: bool = False, a_is_sparse: bool = False,
    b_is_sparse: bool = False, output_type: Any = None, grad_a: bool = False, grad_b: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the matrix product over the last two dimensions; the others are batch dimensions.

    Args:
        a: Numbers of shape ``[..., n, k]``, or ``[..., k, n]`` with `transpose_a`.
        b: Numbers of shape ``[..., k, m]``, or ``[..., m, k]`` with `transpose_b`.
        transpose_a: Exchange the last two dimensions of `a`.
        transpose_b: Exchange the last two dimensions of `b`.
        adjoint_a: Exchange the last two dimensions of `a` and take the complex conjugate.
        adjoint_b: Exchange the last two dimensions of `b` and take the complex conjugate.
        a_is_sparse: Ignored, as are the next one and `grad_a` and `grad_b`: hints that TensorFlow
            uses.
        b_is_sparse: Ignored.
        output_type: Dtype in which products are taken and summed, such as int32 for operands of
            int8; that of the operands by default.
        grad_a: Ignored.
        grad_b: Ignored.
        name: Ignored.

    Returns:
        ``[..., n, m]``; batch dimensions broadcast.

    Raises:
        InvalidArgumentError: A rank is below 2, the inner sizes differ, or an operand is to be
            transposed in both ways.

    Example:
        >>> matmul([[1.0, 2.0]], [[3.0], [4.0]]).numpy().tolist()
        [[11.0]]
    """
    x, y = binary_operands("matmul", a, b)
    if output_type is not None:
        x, y = m.cast(x, output_type), m.cast(y, output_type)
    if x.ndim < 2 or y.ndim < 2:
        raise InvalidArgumentError(
            f"matmul: both operands need rank 2 or more, received {x._type} and {y._type}; "
            "ft.linalg.matvec, ft.tensordot or ft.einsum multiply vectors"
        )
    x, turn_a = _turned("a", x, transpose_a, adjoint_a)
    y, turn_b = _turned("b", y, transpose_b, adjoint_b)
    inner_x, inner_y = x.shape[-2 if turn_a else -1], y.shape[-1 if turn_b else -2]
    if None not in (inner_x, inner_y) and inner_x != inner_y:
        raise InvalidArgumentError(
            f"matmul: inner sizes differ: a is {x._type}{' transposed' if turn_a else ''}, "
            f"b is {y._type}{' transposed' if turn_b else ''}; {inner_x} must equal {inner_y}"
        )
    x, y, batch_x, batch_y, batch = _batches(x, y)
    left = batch_x + ("KN" if turn_a else "NK")
    right = batch_y + ("MK" if turn_b else "KM")
    return contract_p(x, y, equation=f"{left},{right}->{batch}NM")


def _turned(which: str, x: Tensor, transpose: bool, adjoint: bool) -> tuple[Tensor, bool]:
    """Return an operand, conjugated where that is asked for, and whether it is transposed."""
    if transpose and adjoint:
        raise InvalidArgumentError(
            f"matmul: only one of transpose_{which} and adjoint_{which} can be True"
        )
    return (conj(x) if adjoint else x), transpose or adjoint


def _batches(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, str, str, str]:
    """Return operands whose batch dimensions need no stretching, and their letters."""
    if x.ndim == y.ndim == 2:
        return x, y, "", "", ""
    both = min(x.ndim, y.ndim) - 2
    x, y = stretched(x, y, [(x.ndim - 2 - n, y.ndim - 2 - n) for n in range(1, both + 1)])
    dims_x, dims_y = tuple(x.shape[:-2]), tuple(y.shape[:-2])
    rank = max(len(dims_x), len(dims_y))
    letters = _LETTERS[:rank]
    ones: dict[int, list[int]] = {0: [], 1: []}
    for back in range(1, both + 1):
        sizes = (dims_x[-back], dims_y[-back])
        if sizes[0] == sizes[1]:
            continue
        # A size-1 batch dimension stretches: the operand simply does not have it.
        if 1 not in sizes and None not in sizes:
            raise InvalidArgumentError(
                f"matmul: batch dimensions do not broadcast: a is {x._type}, b is {y._type}"
            )
        if 1 in sizes:
            ones[sizes.index(1)].append(back)
    parts = []
    for which, (tensor, dims) in enumerate(((x, dims_x), (y, dims_y))):
        drop = {len(dims) - back for back in ones[which]}
        own = letters[rank - len(dims) :]
        kept = "".join(letter for d, letter in enumerate(own) if d not in drop)
        parts.append((squeeze_p(tensor, axes=tuple(sorted(drop))) if drop else tensor, kept))
    return parts[0][0], parts[1][0], parts[0][1], parts[1][1], letters


def stretched(x: Tensor, y: Tensor, pairs: Sequence[tuple[int, int]]) -> tuple[Tensor, Tensor]:
    """Stretch dimensions that may have size 1 in one operand only when the function runs.

    Args:
        x: The first operand.
        y: The second operand.
        pairs: A dimension of the first and the one of the second that it must agree with.
    """
    # Of equal sizes, and of one that is 1, for which the operand is squeezed, nothing is unknown.
    open_pairs = [
        (d, e) for d, e in pairs
        if None in (x.shape[d], y.shape[e]) and 1 not in (x.shape[d], y.shape[e])
    ]  # fmt: skip
    if not open_pairs:
        return x, y
    own, other = sizes(x), sizes(y)
    for d, e in open_pairs:
        n, k = own[d], other[e]
        if x.shape[d] is None and y.shape[e] is None:
            # The larger one, or 0 if either is; arithmetic, so that it is done before the run.
            common: Any = m.maximum(n, k) * m.minimum(m.minimum(n, k), 1)
        else:
            common = k if x.shape[d] is None else n
        own[d] = other[e] = common
    found = [
        broadcast_to_p(t, *operands, shape=shape)
        for t, wanted in ((x, own), (y, other))
        for operands, shape in [shape_operand("matmul", wanted)]
    ]
    return found[0], found[1]


def tensordot(a: TensorLike, b: TensorLike, axes: Any, name: str | None = None) -> Tensor:
    """Sum products over dimensions of both operands.

    Args:
        a: First operand; its other dimensions come first in the result.
        b: Second operand.
        axes: A number n (the last n of `a` with the first n of `b`) or two lists of dimensions.
        name: Ignored.

    Raises:
        InvalidArgumentError: There are not as many dimensions, the lists differ in length, or the
            sizes of two dimensions differ.

    Example:
        >>> tensordot([[1, 2], [3, 4]], [1, 1], 1).numpy().tolist()
        [3, 7]
    """
    p, q = binary_operands("tensordot", a, b)
    over_p, over_q = _summed_axes(p, q, axes)
    left = list(_LETTERS[: p.ndim])
    right = list(_LETTERS[p.ndim : p.ndim + q.ndim])
    for d, e in zip(over_p, over_q, strict=True):
        right[e] = left[d]
    summed = {left[d] for d in over_p}
    out = [letter for letter in left + right if letter not in summed]
    return contract_p(p, q, equation=f"{''.join(left)},{''.join(right)}->{''.join(out)}")


def _summed_axes(p: Tensor, q: Tensor, axes: Any) -> tuple[list[int], list[int]]:
    if isinstance(axes, (Tensor, Variable)):
        axes = convert_to_tensor(axes).numpy().tolist()
    if isinstance(axes, (int, np.integer)):
        count = int(axes)
        if not 0 <= count <= min(p.ndim, q.ndim):
            raise InvalidArgumentError(
                f"tensordot: axes={count} dimensions of {p._type} and {q._type}: there are not as "
                "many"
            )
        return list(range(p.ndim - count, p.ndim)), list(range(count))
    if len(axes) != 2:
        raise InvalidArgumentError(
            f"tensordot: axes must be a number or two lists, received {axes!r}"
        )
    first, second = (np.atleast_1d(np.asarray(part, np.int64)).tolist() for part in axes)
    if len(first) != len(second):
        raise InvalidArgumentError(
            f"tensordot: as many dimensions of each operand are needed, received axes={axes!r}"
        )
    return (
        [normalize_axis("tensordot", d, p.ndim) for d in first],
        [normalize_axis("tensordot", d, q.ndim) for d in second],
    )
