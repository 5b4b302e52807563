"""The Kronecker product of operators, applied factor by factor."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from freshet.core.shapes import TensorShape
from freshet.core.tensor import Tensor
from freshet.ops import shaping
from freshet.ops.linalg.operators.combined import JoinedOperators, hints_of_all
from freshet.ops.linalg.operators.operator import LinearOperator


class LinearOperatorKronecker(JoinedOperators):
    """The Kronecker product of operators.

    Args:
        operators: Operators.
        is_non_singular: Whether all are, by default, like the following ones.
        is_self_adjoint: See above.
        is_positive_definite: See above.
        is_square: See above.
        name: Its name.

    Example:
        >>> import freshet as ft
        >>> two, three = (ft.linalg.LinearOperatorScaledIdentity(1, n) for n in (2.0, 3.0))
        >>> LinearOperatorKronecker([two, three]).to_dense().numpy().tolist()
        [[6.0]]
    """

    _sign = "_x_"

    def __init__(
        self, operators: Sequence[LinearOperator], is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
        is_square: bool | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        given = list(operators)
        hints = hints_of_all(
            given, is_non_singular=is_non_singular, is_self_adjoint=is_self_adjoint,
            is_positive_definite=is_positive_definite, is_square=is_square,
        )  # fmt: skip
        super().__init__(given, name, **hints)

    def _shape(self) -> TensorShape:
        rows = [o.range_dimension for o in self._operators]
        columns = [o.domain_dimension for o in self._operators]
        return TensorShape((*self._lead(), _times(rows), _times(columns)))

    def _matmul(self, x: Tensor, adjoint: bool) -> Tensor:
        sizes = [o.range_dimension if adjoint else o.domain_dimension for o in self._operators]
        return _along(self._operators, sizes, x, lambda o, part: o._matmul(part, adjoint))

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        if not self._all_square():
            return super()._solve(rhs, adjoint)
        sizes = [o.range_dimension for o in self._operators]
        return _along(self._operators, sizes, rhs, lambda o, part: o.solve(part, adjoint))

    def _to_dense(self) -> Tensor:
        found = self._operators[0].to_dense()
        for operator in self._operators[1:]:
            inner = operator.to_dense()
            rows, columns = found.shape[-2:], inner.shape[-2:]
            outer = shaping.expand_dims(shaping.expand_dims(found, -1), -3)
            product = outer * shaping.expand_dims(shaping.expand_dims(inner, -2), -4)
            size = [_times([n, k]) for n, k in zip(rows, columns, strict=True)]
            found = shaping.reshape(product, [*product.shape[:-4], *size])
        return found

    def _diag_part(self) -> Tensor:
        if not self._all_square():
            return super()._diag_part()
        found = self._operators[0].diag_part()
        for operator in self._operators[1:]:
            product = shaping.expand_dims(found, -1) * shaping.expand_dims(operator.diag_part(), -2)
            found = shaping.reshape(product, [*product.shape[:-2], _times(product.shape[-2:])])
        return found

    def _powers(self) -> list[float] | None:
        """Return how often the determinant of each counts, None if one is not square."""
        total = self.range_dimension
        if total is None or not self._all_square():
            return None
        return [total / max(int(o.range_dimension or 0), 1) for o in self._operators]

    def _determinant(self) -> Tensor:
        powers = self._powers()
        if powers is None:
            return super()._determinant()
        pairs = zip(self._operators, powers, strict=True)
        return self._product([o.determinant() ** p for o, p in pairs])

    def _log_abs_determinant(self) -> Tensor:
        powers = self._powers()
        if powers is None:
            return super()._log_abs_determinant()
        pairs = zip(self._operators, powers, strict=True)
        return self._sum([o.log_abs_determinant() * p for o, p in pairs])

    def _adjoint(self) -> LinearOperator:
        return LinearOperatorKronecker([o.adjoint() for o in self._operators])

    def _inverse(self) -> LinearOperator:
        return LinearOperatorKronecker([o.inverse() for o in self._operators])

    def _cholesky(self) -> LinearOperator:
        if not all(o.is_self_adjoint and o.is_positive_definite for o in self._operators):
            return super()._cholesky()
        return LinearOperatorKronecker([o.cholesky() for o in self._operators])


def _times(sizes: Sequence[int | None]) -> int | None:
    return None if None in sizes else math.prod(n for n in sizes if n is not None)


def _along(
    operators: Sequence[LinearOperator], sizes: Sequence[int | None], x: Tensor,
    apply: Callable[..., Tensor],
) -> Tensor:  # fmt: skip
    """Apply the factors of a Kronecker product, each along its own part of the rows.

    The first operator's rows are the slowest; what is not its own goes to the columns meanwhile.
    """
    if len(operators) == 1:
        return apply(operators[0], x)
    *lead, rows, columns = (int(n or 0) for n in x.shape)
    own = int(sizes[0] or 0)
    rest = rows // max(own, 1)
    y = apply(operators[0], shaping.reshape(x, [*lead, own, rest * columns]))
    *lead, out, _ = (int(n or 0) for n in y.shape)
    y = _swap_middle(shaping.reshape(y, [*lead, out, rest, columns]))
    y = shaping.reshape(y, [*lead, rest, out * columns])
    z = _along(operators[1:], sizes[1:], y, apply)
    *lead, inner, _ = (int(n or 0) for n in z.shape)
    z = _swap_middle(shaping.reshape(z, [*lead, inner, out, columns]))
    return shaping.reshape(z, [*lead, out * inner, columns])


def _swap_middle(x: Tensor) -> Tensor:
    """Exchange the dimensions before the last one."""
    n = x.ndim
    return shaping.transpose(x, [*range(n - 3), n - 2, n - 3, n - 1])
