"""Matrix products: one primitive, `contract`, for matmul in all transposes, tensordot and einsum.

    contract "mk,kn->mn":   out[m, n] = sum over k of  x[m, k] * y[k, n]

Each letter is one dimension. A letter in both operands and the output is a batch dimension; one in
both operands only is summed over. No letter repeats within an operand, and none is in one operand
only without being in the output, so the gradient is another contraction with the parts exchanged.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError, UnimplementedError
from freshet.core.shapes import Dim, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import array as a
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import binary_operands, convert_to_tensor
from freshet.ops.index import Affine, Index
from freshet.ops.math import TensorLike
from freshet.ops.nest import Nest, Reduce, o, r
from freshet.ops.primitive import Call, Primitive
from freshet.ops.reduction import reduce_sum_p

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
    result: Array = np.einsum(equation, x, y, optimize=True)
    return result


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
    return contract_p(grad, call.y, equation=f"{out},{right}->{left}")


def _right_gradient(call: Call, grad: Tensor) -> Tensor:
    left, right, out = _parts(call.params["equation"])
    return contract_p(call.x, grad, equation=f"{left},{out}->{right}")


contract_p: Primitive = Primitive(
    name="contract", infer=_infer, reference=_reference,
    gradient=(_left_gradient, _right_gradient), lower=_lower,
)  # fmt: skip


# --- public functions -----------------------------------------------------------------------------


def matmul(
    a: TensorLike,
    b: TensorLike,
    transpose_a: bool = False,
    transpose_b: bool = False,
    name: str | None = None,
) -> Tensor:
    """Return the matrix product over the last two dimensions; the others are batch dimensions.

    Args:
        a: Numbers of shape ``[..., n, k]``, or ``[..., k, n]`` with `transpose_a`.
        b: Numbers of shape ``[..., k, m]``, or ``[..., m, k]`` with `transpose_b`.
        transpose_a: Exchange the last two dimensions of `a`.
        transpose_b: Exchange the last two dimensions of `b`.
        name: Ignored.

    Returns:
        ``[..., n, m]``; batch dimensions broadcast.

    Raises:
        InvalidArgumentError: A rank is below 2, or the inner sizes differ.

    Example:
        >>> matmul([[1.0, 2.0]], [[3.0], [4.0]]).numpy().tolist()
        [[11.0]]
    """
    x, y = binary_operands("matmul", a, b)
    if x.ndim < 2 or y.ndim < 2:
        raise InvalidArgumentError(
            f"matmul: both operands need rank 2 or more, received {x._type} and {y._type}; "
            "ft.tensordot or ft.einsum multiply vectors"
        )
    inner_x = x.shape[-2 if transpose_a else -1]
    inner_y = y.shape[-1 if transpose_b else -2]
    if None not in (inner_x, inner_y) and inner_x != inner_y:
        raise InvalidArgumentError(
            f"matmul: inner sizes differ: a is {x._type}{' transposed' if transpose_a else ''}, "
            f"b is {y._type}{' transposed' if transpose_b else ''}; {inner_x} must equal {inner_y}"
        )
    x, y, batch_x, batch_y, batch = _batches(x, y)
    left = batch_x + ("KN" if transpose_a else "NK")
    right = batch_y + ("MK" if transpose_b else "KM")
    return contract_p(x, y, equation=f"{left},{right}->{batch}NM")


def _batches(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, str, str, str]:
    """Return operands whose batch dimensions need no stretching, and their letters."""
    dims_x, dims_y = tuple(x.shape[:-2]), tuple(y.shape[:-2])
    rank = max(len(dims_x), len(dims_y))
    letters = _LETTERS[:rank]
    both = min(len(dims_x), len(dims_y))
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
        parts.append((a.squeeze_p(tensor, axes=tuple(sorted(drop))) if drop else tensor, kept))
    return parts[0][0], parts[1][0], parts[0][1], parts[1][1], letters


def tensordot(x: TensorLike, y: TensorLike, axes: Any, name: str | None = None) -> Tensor:
    """Sum products over dimensions of both operands.

    Args:
        x: First operand; its other dimensions come first in the result.
        y: Second operand.
        axes: A number n (the last n of `x` with the first n of `y`) or two lists of dimensions.
        name: Ignored.
    """
    p, q = binary_operands("tensordot", x, y)
    if isinstance(axes, int):
        over_x = list(range(p.ndim - axes, p.ndim))
        over_y = list(range(axes))
    else:
        over_x, over_y = (list(np.atleast_1d(part)) for part in axes)
    over_x = [int(d) % p.ndim for d in over_x]
    over_y = [int(d) % q.ndim for d in over_y]
    left = list(_LETTERS[: p.ndim])
    right = list(_LETTERS[p.ndim : p.ndim + q.ndim])
    for d, e in zip(over_x, over_y, strict=True):
        right[e] = left[d]
    summed = {left[d] for d in over_x}
    out = [letter for letter in left + right if letter not in summed]
    return contract_p(p, q, equation=f"{''.join(left)},{''.join(right)}->{''.join(out)}")


def einsum(equation: str, *inputs: TensorLike, **kwargs: Any) -> Tensor:
    """Return a sum of products, written in Einstein's notation.

    Args:
        equation: Such as ``"ij,jk->ik"``; ``...`` stands for batch dimensions. Without ``->`` the
            output has the letters that occur once, in alphabetical order.
        *inputs: One or more operands.
        **kwargs: Ignored; kept for TensorFlow programs.

    Raises:
        InvalidArgumentError: The equation does not fit the operands.
        UnimplementedError: A letter repeats within one operand.

    Example:
        >>> einsum("ij->ji", [[1, 2], [3, 4]]).numpy().tolist()
        [[1, 3], [2, 4]]
    """
    tensors = [convert_to_tensor(x) for x in inputs]
    terms, out = _terms(equation, tensors)
    while len(tensors) > 1:
        later = out + "".join(terms[2:])
        joined = _join(terms[0], terms[1], later)
        if len(tensors) == 2 and sorted(joined) == sorted(out):
            joined = out  # in the order that is asked for, so that nothing is transposed
        product = _pair(tensors[0], tensors[1], terms[0], terms[1], joined)
        tensors[:2], terms[:2] = [product], [joined]
    return _single(tensors[0], terms[0], out)


def _terms(equation: str, tensors: Sequence[Tensor]) -> tuple[list[str], str]:
    left, arrow, out = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(tensors):
        raise InvalidArgumentError(
            f"einsum: {equation!r} has {len(terms)} operands, received {len(tensors)}"
        )
    spare = [c for c in _LETTERS if c not in equation]
    rank = max(
        (t.ndim - len(term.replace("...", "")) for t, term in zip(tensors, terms, strict=True)
         if "..." in term), default=0,
    )  # fmt: skip
    batch = "".join(spare[: max(rank, 0)])
    full = []
    for t, term in zip(tensors, terms, strict=True):
        own = t.ndim - len(term.replace("...", ""))
        written = term.replace("...", batch[len(batch) - own :] if own else "")
        if len(written) != t.ndim:
            raise InvalidArgumentError(
                f"einsum: {term!r} in {equation!r} does not fit an operand of shape {t.shape}"
            )
        if len(set(written)) != len(written):
            raise UnimplementedError(f"einsum: a letter repeats within {term!r}")
        full.append(written)
    if not arrow:
        counts = "".join(full)
        ones = sorted(c for c in set(counts) if counts.count(c) == 1 and c not in batch)
        return full, batch + "".join(ones)
    return full, out.replace("...", batch)


def _join(left: str, right: str, later: str) -> str:
    return "".join(dict.fromkeys(c for c in left + right if c in later))


def _pair(x: Tensor, y: Tensor, left: str, right: str, out: str) -> Tensor:
    x, left = _sum_alone(x, left, right + out)
    y, right = _sum_alone(y, right, left + out)
    p, q = binary_operands("einsum", x, y)
    return contract_p(p, q, equation=f"{left},{right}->{out}")


def _sum_alone(x: Tensor, own: str, elsewhere: str) -> tuple[Tensor, str]:
    """Sum over the letters that nothing else has."""
    axes = tuple(d for d, c in enumerate(own) if c not in elsewhere)
    if not axes:
        return x, own
    return reduce_sum_p(x, axes=axes), "".join(c for c in own if c in elsewhere)


def _single(x: Tensor, own: str, out: str) -> Tensor:
    x, own = _sum_alone(x, own, out)
    if set(own) != set(out):
        raise InvalidArgumentError(f"einsum: the output {out!r} has letters that no operand has")
    return x if own == out else shaping.transpose(x, [own.index(c) for c in out])


def norm(tensor: TensorLike, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the Euclidean length ``sqrt(sum(x**2))`` along axes."""
    from freshet.ops.reduction import reduce_sum  # noqa: PLC0415

    return m.sqrt(reduce_sum(m.square(tensor), axis, keepdims))
