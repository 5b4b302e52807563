"""Einstein's notation: sums of products, as one contraction after the other.

Each letter is one dimension. A letter that repeats within an operand means its diagonal, and is
taken out first; what is left is a chain of products of two operands.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import shaping
from freshet.ops.array import squeeze_p
from freshet.ops.contraction import contract_p, stretched
from freshet.ops.conversion import binary_operands, convert_to_tensor
from freshet.ops.linalg import diagonals
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_sum_p

_LETTERS: Final = string.ascii_letters


def einsum(equation: str, *inputs: TensorLike, **kwargs: Any) -> Tensor:
    """Return a sum of products, written in Einstein's notation.

    Args:
        equation: Such as ``"ij,jk->ik"``. A letter stands for a dimension, ``...`` for batch
            dimensions, which broadcast. A letter that the output lacks is summed over; one that
            repeats within an operand means the diagonal. Without ``->`` the output has the batch
            dimensions and the letters that occur once, in alphabetical order.
        *inputs: One or more operands.
        **kwargs: Ignored; kept for TensorFlow programs (`optimize`, `name`).

    Returns:
        A tensor of the operands' dtype.

    Raises:
        InvalidArgumentError: The equation does not fit the operands.

    Example:
        >>> einsum("ij->ji", [[1, 2], [3, 4]]).numpy().tolist()
        [[1, 3], [2, 4]]
        >>> int(einsum("ii", [[1, 2], [3, 4]]))
        5
    """
    operands = [convert_to_tensor(x) for x in inputs]
    terms, out = _terms(equation, operands)
    pairs = [_no_repeats(equation, *pair) for pair in zip(operands, terms, strict=True)]
    for first, second in _order(pairs, out):
        rest = [pair for i, pair in enumerate(pairs) if i not in {first, second}]
        later = out + "".join(term for _, term in rest)
        joined = _join(pairs[first][1], pairs[second][1], later)
        if not rest and sorted(joined) == sorted(out):
            joined = out  # in the order that is asked for, so that nothing is transposed
        product = _pair(equation, *pairs[first], *pairs[second], joined)
        pairs = [*rest, (product, joined)]
    return _single(*pairs[0], out)


# --- reading --------------------------------------------------------------------------------------


def _terms(equation: str, tensors: Sequence[Tensor]) -> tuple[list[str], str]:
    """Return the letters of each operand and of the output, batch dimensions included."""
    left, arrow, out = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(tensors):
        raise InvalidArgumentError(
            f"einsum: {equation!r} has {len(terms)} operands, received {len(tensors)}"
        )
    _check_characters(equation, [*terms, out])
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
                f"einsum: {term!r} in {equation!r} does not fit an operand {t._type}"
            )
        full.append(written)
    if not arrow:
        counts = "".join(full)
        ones = sorted(c for c in set(counts) if counts.count(c) == 1 and c not in batch)
        return full, batch + "".join(ones)
    _check_output(equation, out, full, batch)
    return full, out.replace("...", batch)


def _check_characters(equation: str, terms: Sequence[str]) -> None:
    for term in terms:
        plain = term.replace("...", "", 1)
        if not all(c in _LETTERS for c in plain):
            raise InvalidArgumentError(
                f"einsum: expected letters, one '...' a term, ',' and '->', received {equation!r}"
            )


def _check_output(equation: str, out: str, terms: Sequence[str], batch: str) -> None:
    plain = out.replace("...", "")
    missing = sorted(set(plain) - set("".join(terms)))
    if missing:
        raise InvalidArgumentError(
            f"einsum: the output of {equation!r} has the letters {', '.join(missing)} that no "
            "operand has"
        )
    if len(set(plain)) != len(plain):
        raise InvalidArgumentError(
            f"einsum: a letter repeats in the output of {equation!r}; ft.linalg.diag makes matrices"
        )
    if batch and "..." not in out:
        raise InvalidArgumentError(
            f"einsum: {equation!r} has batch dimensions, its output needs '...' as well"
        )


# --- one operand ----------------------------------------------------------------------------------


def _no_repeats(equation: str, x: Tensor, term: str) -> tuple[Tensor, str]:
    """Return an operand in which no letter repeats: its diagonal, where one did."""
    while True:
        again = next((c for c in term if term.count(c) > 1), None)
        if again is None:
            return x, term
        first = term.index(again)
        second = term.index(again, first + 1)
        sizes = x.shape[first], x.shape[second]
        if None not in sizes and sizes[0] != sizes[1]:
            raise InvalidArgumentError(
                f"einsum: dimension {again!r} of {equation!r} has the sizes {sizes[0]} and "
                f"{sizes[1]} in one operand, {x._type}"
            )
        rest = [d for d in range(x.ndim) if d not in {first, second}]
        x = diagonals.take(shaping.transpose(x, [*rest, first, second]))
        term = "".join(term[d] for d in rest) + again


def _sum_alone(x: Tensor, own: str, elsewhere: str) -> tuple[Tensor, str]:
    """Sum over the letters that nothing else has."""
    axes = tuple(d for d, c in enumerate(own) if c not in elsewhere)
    if not axes:
        return x, own
    return reduce_sum_p(x, axes=axes), "".join(c for c in own if c in elsewhere)


def _single(x: Tensor, own: str, out: str) -> Tensor:
    x, own = _sum_alone(x, own, out)
    return x if own == out else shaping.transpose(x, [own.index(c) for c in out])


# --- two operands ---------------------------------------------------------------------------------


def _order(pairs: Sequence[tuple[Tensor, str]], out: str) -> list[tuple[int, int]]:
    """Return which two operands are multiplied next, the result going to the end.

    Of more than two, the pair that makes the products small goes first, where sizes are known.
    """
    count = len(pairs)
    if count <= 2 or any(None in x.shape for x, _ in pairs):
        return [(0, 1)] * (count - 1)
    shapes = [np.broadcast_to(np.zeros((), np.int8), x._type.static_shape) for x, _ in pairs]
    written = ",".join(term for _, term in pairs) + "->" + out
    try:
        path = np.einsum_path(written, *shapes, optimize="greedy")[0][1:]
    except ValueError:  # batch dimensions that broadcast, or sizes that do not fit
        return [(0, 1)] * (count - 1)
    steps = [(int(step[0]), int(step[1])) for step in path]
    return steps if all(len(step) == 2 for step in path) else [(0, 1)] * (count - 1)


def _join(left: str, right: str, later: str) -> str:
    return "".join(dict.fromkeys(c for c in left + right if c in later))


def _pair(equation: str, x: Tensor, left: str, y: Tensor, right: str, out: str) -> Tensor:
    x, left, y, right = _broadcast(equation, x, left, y, right)
    x, left = _sum_alone(x, left, right + out)
    y, right = _sum_alone(y, right, left + out)
    p, q = binary_operands("einsum", x, y)
    return contract_p(p, q, equation=f"{left},{right}->{out}")


def _broadcast(
    equation: str, x: Tensor, left: str, y: Tensor, right: str
) -> tuple[Tensor, str, Tensor, str]:
    """Leave out batch dimensions of size 1 where the other operand has more."""
    both = [c for c in left if c in right and c not in equation]  # letters of the equation agree
    x, y = stretched(x, y, [(left.index(c), right.index(c)) for c in both])
    drop_x, drop_y = [], []
    for c in both:
        n, k = x.shape[left.index(c)], y.shape[right.index(c)]
        if n == 1 and k != 1:
            drop_x.append(c)
        elif k == 1 and n != 1:
            drop_y.append(c)
    x, left = _without(x, left, drop_x)
    y, right = _without(y, right, drop_y)
    return x, left, y, right


def _without(x: Tensor, term: str, letters: Sequence[str]) -> tuple[Tensor, str]:
    if not letters:
        return x, term
    axes = tuple(d for d, c in enumerate(term) if c in letters)
    return squeeze_p(x, axes=axes), "".join(c for c in term if c not in letters)
