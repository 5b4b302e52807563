"""Operators made of other operators."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorShape, broadcast_shapes
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.linalg.matrices import adjoint_of, conj, share_batch
from freshet.ops.linalg.operators.operator import LinearOperator


def agreed(values: Sequence[bool | None]) -> bool | None:
    """Return True if all are, else None: what one operator lacks another may mend."""
    return True if all(values) else None


def hints_of_all(
    operators: Sequence[LinearOperator], **hints: bool | None
) -> dict[str, bool | None]:
    """Return hints, those that are None as what is known of all operators."""
    return {
        key: agreed([getattr(o, key) for o in operators]) if value is None else value
        for key, value in hints.items()
    }


class _Unary(LinearOperator):
    """What one other operator is made to.

    Attributes:
        _suffix: What its name adds to that of the operator, unless it is given another.
    """

    _suffix: str

    def __init__(self, operator: LinearOperator, name: str | None, **hints: bool | None) -> None:
        self._operator = operator
        found = {
            key: value if value is not None else getattr(operator, key)
            for key, value in hints.items()
        }
        super().__init__(operator.dtype, name=name or operator.name + self._suffix, **found)

    @property
    def operator(self) -> LinearOperator:
        """The operator it was made of."""
        return self._operator


class LinearOperatorAdjoint(_Unary):
    """The conjugate transpose of an operator.

    Args:
        operator: The operator.
        is_non_singular: Taken from the operator by default, like the following ones.
        is_self_adjoint: See above.
        is_positive_definite: See above.
        is_square: See above.
        name: Its name.
    """

    _suffix = "_adjoint"

    def __init__(
        self, operator: LinearOperator, is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
        is_square: bool | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            operator, name, is_non_singular=is_non_singular, is_self_adjoint=is_self_adjoint,
            is_positive_definite=is_positive_definite, is_square=is_square,
        )  # fmt: skip

    def _shape(self) -> TensorShape:
        *lead, rows, columns = self._operator.shape
        return TensorShape((*lead, columns, rows))

    def _to_dense(self) -> Tensor:
        return adjoint_of(self._operator.to_dense())

    def _matmul(self, x: Tensor, adjoint: bool) -> Tensor:
        return self._operator._matmul(x, not adjoint)

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        return self._operator._solve(rhs, not adjoint)

    def _diag_part(self) -> Tensor:
        return conj(self._operator.diag_part())

    def _determinant(self) -> Tensor:
        return conj(self._operator.determinant())

    def _log_abs_determinant(self) -> Tensor:
        return self._operator.log_abs_determinant()

    def _adjoint(self) -> LinearOperator:
        return self._operator


class LinearOperatorInversion(_Unary):
    """The inverse of an operator; a product with it solves equations.

    Args:
        operator: The operator.
        is_non_singular: Only True.
        is_self_adjoint: Taken from the operator by default, like the following one.
        is_positive_definite: See above.
        is_square: Only True.
        name: Its name.
    """

    _suffix = "_inv"

    def __init__(
        self, operator: LinearOperator, is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
        is_square: bool | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        if False in {is_non_singular, operator.is_non_singular, is_square, operator.is_square}:
            raise InvalidArgumentError(
                "LinearOperatorInversion: an operator that is singular or not square has no inverse"
            )
        super().__init__(
            operator, name, is_non_singular=True, is_self_adjoint=is_self_adjoint,
            is_positive_definite=is_positive_definite, is_square=True,
        )  # fmt: skip

    def _shape(self) -> TensorShape:
        return self._operator.shape

    def _matmul(self, x: Tensor, adjoint: bool) -> Tensor:
        return self._operator._solve(x, adjoint)

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        return self._operator._matmul(rhs, adjoint)

    def _determinant(self) -> Tensor:
        return m.divide(1.0, self._operator.determinant())

    def _log_abs_determinant(self) -> Tensor:
        return -self._operator.log_abs_determinant()

    def _inverse(self) -> LinearOperator:
        return self._operator


class JoinedOperators(LinearOperator):
    """What several operators are made to.

    Attributes:
        _sign: What stands between the operators' names in its own, unless it is given another.
    """

    _sign: str

    def __init__(
        self, operators: Sequence[LinearOperator], name: str | None, **hints: bool | None
    ) -> None:
        self._operators = list(operators)
        kind = type(self).__name__
        if not self._operators:
            raise InvalidArgumentError(f"{kind}: expected at least one operator, received none")
        first = self._operators[0].dtype
        if any(o.dtype != first for o in self._operators):
            raise DTypeError(
                f"{kind}: all operators must have one dtype, received "
                f"{', '.join(o.dtype.name for o in self._operators)}"
            )
        joined = self._sign.join(o.name for o in self._operators)
        super().__init__(first, name=name or joined, **hints)

    @property
    def operators(self) -> list[LinearOperator]:
        """The operators it was made of."""
        return self._operators

    def _all_square(self) -> bool:
        return all(o.is_square for o in self._operators)

    def _lead(self) -> tuple[int | None, ...]:
        shapes = [tuple(o.batch_shape) for o in self._operators]
        return broadcast_shapes(type(self).__name__, shapes)

    def _sum(self, values: Sequence[Tensor]) -> Tensor:
        total = values[0]
        for value in values[1:]:
            total = total + value
        return total

    def _product(self, values: Sequence[Tensor]) -> Tensor:
        total = values[0]
        for value in values[1:]:
            total = total * value
        return total


class LinearOperatorComposition(JoinedOperators):
    """The product of operators: the last one is applied first.

    Args:
        operators: Operators whose sizes fit.
        is_non_singular: As for `LinearOperator`, like the following ones.
        is_self_adjoint: See above.
        is_positive_definite: See above.
        is_square: See above.
        name: Its name.

    Raises:
        InvalidArgumentError: The sizes do not fit.
    """

    _sign = "_o_"

    def __init__(
        self, operators: Sequence[LinearOperator], is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
        is_square: bool | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        given = list(operators)
        for left, right in itertools.pairwise(given):
            if None not in (left.domain_dimension, right.range_dimension) and (
                left.domain_dimension != right.range_dimension
            ):
                raise InvalidArgumentError(
                    "LinearOperatorComposition: operators of the shapes "
                    f"{left.shape} and {right.shape} do not fit"
                )
        super().__init__(
            given, name, **hints_of_all(given, is_non_singular=is_non_singular),
            is_self_adjoint=is_self_adjoint,
            is_positive_definite=is_positive_definite, is_square=is_square,
        )  # fmt: skip

    def _shape(self) -> TensorShape:
        rows, columns = self._operators[0].shape[-2], self._operators[-1].shape[-1]
        return TensorShape((*self._lead(), rows, columns))

    def _matmul(self, x: Tensor, adjoint: bool) -> Tensor:
        for operator in self._operators if adjoint else reversed(self._operators):
            x = operator._matmul(x, adjoint)
        return x

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        for operator in reversed(self._operators) if adjoint else self._operators:
            rhs = operator._solve(rhs, adjoint)
        return rhs

    def _to_dense(self) -> Tensor:
        dense = self._operators[-1].to_dense()
        for operator in reversed(self._operators[:-1]):
            dense = operator._matmul(dense, False)
        return dense

    def _determinant(self) -> Tensor:
        if not self._all_square():
            return super()._determinant()
        return self._product([o.determinant() for o in self._operators])

    def _log_abs_determinant(self) -> Tensor:
        if not self._all_square():
            return super()._log_abs_determinant()
        return self._sum([o.log_abs_determinant() for o in self._operators])

    def _adjoint(self) -> LinearOperator:
        return LinearOperatorComposition([o.adjoint() for o in reversed(self._operators)])

    def _inverse(self) -> LinearOperator:
        if not self._all_square():
            return super()._inverse()
        return LinearOperatorComposition([o.inverse() for o in reversed(self._operators)])
