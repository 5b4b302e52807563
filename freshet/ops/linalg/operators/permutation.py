"""Operators that exchange rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorShape
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.creation import one_hot
from freshet.ops.linalg.operators.operator import LinearOperator, kept
from freshet.ops.linalg.parts import band_part
from freshet.ops.linalg.row_orders import inverse_order, reordered
from freshet.ops.math import TensorLike
from freshet.ops.ranges import range as numbers
from freshet.ops.reduction import reduce_sum
from freshet.ops.sizes import sizes
from freshet.ops.static import static_value


class LinearOperatorPermutation(LinearOperator):
    """An operator that exchanges the rows: ``y[i] = x[perm[i]]``.

    Args:
        perm: Whole numbers ``[..., n]``, each from 0 to ``n - 1`` once; checked where they are
            known.
        dtype: That of the matrix.
        is_non_singular: Only True.
        is_self_adjoint: As for `LinearOperator`, like the following one.
        is_positive_definite: See above.
        is_square: Only True.
        name: Its name.

    Raises:
        DTypeError: `perm` does not hold whole numbers.
        InvalidArgumentError: It is no permutation, or the hints contradict it.

    Example:
        >>> LinearOperatorPermutation([2, 0, 1]).matvec([1.0, 2.0, 3.0]).numpy().tolist()
        [3.0, 1.0, 2.0]
    """

    def __init__(
        self, perm: TensorLike, dtype: Any = dtypes.float32, is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
        is_square: bool | None = None, name: str | None = "LinearOperatorPermutation",
    ) -> None:  # fmt: skip
        self._perm = kept(perm)
        _check(self._perm)
        if is_non_singular is False or is_square is False:
            raise InvalidArgumentError(
                "LinearOperatorPermutation: a permutation is square and has an inverse"
            )
        super().__init__(dtype, None, True, is_self_adjoint, is_positive_definite, True, name)

    @property
    def perm(self) -> Any:
        """Which row each row is made of."""
        return self._perm

    def _order(self, adjoint: bool = False) -> Tensor:
        order = convert_to_tensor(self._perm)
        return inverse_order(order) if adjoint else order

    def _shape(self) -> TensorShape:
        found: TensorShape = self._perm.shape
        return found.concatenate(found[-1:])

    def _matmul(self, x: Tensor, adjoint: bool) -> Tensor:
        return reordered(x, self._order(adjoint))

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        return self._matmul(rhs, not adjoint)

    def _to_dense(self) -> Tensor:
        order = self._order()
        return one_hot(order, sizes(order)[-1], dtype=self.dtype)

    def _diag_part(self) -> Tensor:
        order = self._order()
        return m.cast(m.equal(order, numbers(sizes(order)[-1], dtype=order.dtype)), self.dtype)

    def _determinant(self) -> Tensor:
        """Return 1 for an even number of pairs in the wrong order, else -1."""
        order = self._order()
        wrong = m.greater(shaping.expand_dims(order, -1), shaping.expand_dims(order, -2))
        pairs = reduce_sum(band_part(m.cast(wrong, dtypes.int32), 0, -1), [-2, -1])
        return m.cast(1 - 2 * (pairs % 2), self.dtype)

    def _log_abs_determinant(self) -> Tensor:
        return shaping.zeros_like(self._order()[..., 0], dtype=self.dtype)

    def _moduli(self) -> Tensor:
        return shaping.ones_like(self._order(), dtype=self.dtype.real_dtype)

    def _adjoint(self) -> LinearOperator:
        return LinearOperatorPermutation(
            self._order(True), self.dtype, True, self.is_self_adjoint, self.is_positive_definite
        )

    def _inverse(self) -> LinearOperator:
        return self._adjoint()


def _check(perm: Any) -> None:
    """Raise unless what is known of an operand allows it to be a permutation."""
    if not perm.dtype.is_integer:
        raise DTypeError(
            f"LinearOperatorPermutation: perm must hold whole numbers, received {perm.dtype.name}"
        )
    if not perm.shape.rank:
        raise InvalidArgumentError(
            "LinearOperatorPermutation: perm must be a vector or a batch of vectors, received the "
            f"shape {perm.shape}"
        )
    known = static_value(convert_to_tensor(perm))
    if known is None:
        return
    if np.any(np.sort(known, -1) != np.arange(known.shape[-1])):
        raise InvalidArgumentError(
            "LinearOperatorPermutation: perm must hold each number from 0 to "
            f"{known.shape[-1] - 1} once, received {known.tolist()}"
        )
