"""Operators made of blocks: along the diagonal, or on and below it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorShape
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import shaping
from freshet.ops.linalg.matrices import adjoint_of, share_batch
from freshet.ops.linalg.operators.combined import JoinedOperators, hints_of_all
from freshet.ops.linalg.operators.operator import LinearOperator


class BlockOperators(JoinedOperators):
    """What takes vectors block by block, joined or as a list of the blocks."""

    def _heights(self) -> list[int | None]:
        """Return the rows of each row of blocks."""
        raise NotImplementedError

    def _widths(self) -> list[int | None]:
        """Return the columns of each column of blocks."""
        raise NotImplementedError

    def _shape(self) -> TensorShape:
        return TensorShape((*self._lead(), _total(self._heights()), _total(self._widths())))

    def _cut(self, x: Tensor, sizes: Sequence[int | None]) -> list[Tensor]:
        """Return the rows of each block."""
        parts: list[Tensor] = shaping.split(x, [int(n or 0) for n in sizes], axis=x.ndim - 2)
        return parts

    def _joined(self, parts: Sequence[Tensor]) -> Tensor:
        return shaping.concat(share_batch(type(self).__name__, *parts), -2)

    def _by_blocks(
        self, method: str, x: Sequence[Any], adjoint_arg: bool, apply: Callable[[Tensor], Tensor],
        sizes: Sequence[int | None],
    ) -> list[Tensor]:  # fmt: skip
        """Apply a method to the blocks as one, and cut the result into blocks again."""
        parts = [self._operand(method, part) for part in x]
        parts = [adjoint_of(part) for part in parts] if adjoint_arg else parts
        return self._cut(apply(self._joined(parts)), sizes)

    def matmul(
        self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str | None = None
    ) -> Any:
        """Return the operator times matrices, or its composition with another operator.

        Args:
            x: As for `LinearOperator.matmul`, or a list of tensors, the rows of each block; then so
                is the result.
            adjoint: Use the conjugate transpose of the operator.
            adjoint_arg: Use the conjugate transpose of `x`.
            name: Ignored.

        Raises:
            InvalidArgumentError: The sizes do not fit.
        """
        if not _is_blocks(x):
            return super().matmul(x, adjoint, adjoint_arg)
        whole = super().matmul
        return self._by_blocks(
            "matmul", x, adjoint_arg, lambda joined: whole(joined, adjoint),
            self._widths() if adjoint else self._heights(),
        )  # fmt: skip

    def solve(
        self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str | None = None
    ) -> Any:
        """Return the ``x`` with ``operator @ x = rhs``.

        Args:
            rhs: As for `LinearOperator.solve`, or a list of tensors, the rows of each block; then
                so is the result.
            adjoint: Use the conjugate transpose of the operator.
            adjoint_arg: Use the conjugate transpose of `rhs`.
            name: Ignored.

        Raises:
            UnimplementedError: The operator is known to have no inverse.
            InvalidArgumentError: The sizes do not fit, or the matrix is singular.
        """
        if not _is_blocks(rhs):
            return super().solve(rhs, adjoint, adjoint_arg)
        whole = super().solve
        return self._by_blocks(
            "solve", rhs, adjoint_arg, lambda joined: whole(joined, adjoint),
            self._heights() if adjoint else self._widths(),
        )  # fmt: skip

    def matvec(self, x: Any, adjoint: bool = False, name: str | None = None) -> Any:
        """Return the operator times vectors, or a list of the blocks of vectors."""
        return self._of_vectors(super().matvec, self.matmul, x, adjoint)

    def solvevec(self, rhs: Any, adjoint: bool = False, name: str | None = None) -> Any:
        """Return the ``x`` with ``operator @ x = rhs`` for vectors, or a list of their blocks."""
        return self._of_vectors(super().solvevec, self.solve, rhs, adjoint)

    def _of_vectors(
        self, one: Callable[..., Any], several: Callable[..., Any], x: Any, adjoint: bool
    ) -> Any:
        if not _is_blocks(x):
            return one(x, adjoint)
        columns = [shaping.expand_dims(self._operand("matvec", part), -1) for part in x]
        return [shaping.squeeze(part, -1) for part in several(columns, adjoint)]


def _is_blocks(x: Any) -> bool:
    return isinstance(x, (list, tuple)) and all(
        isinstance(part, (Tensor, Variable, np.ndarray)) for part in x
    )


def _total(sizes: Sequence[int | None]) -> int | None:
    return None if None in sizes else sum(n for n in sizes if n is not None)


class LinearOperatorBlockDiag(BlockOperators):
    """Operators along the diagonal of a larger matrix, zeros beside them.

    Args:
        operators: Operators.
        is_non_singular: Whether all are, by default, like the following ones.
        is_self_adjoint: See above.
        is_positive_definite: See above.
        is_square: See above.
        name: Its name.

    Example:
        >>> import freshet as ft
        >>> parts = [ft.linalg.LinearOperatorScaledIdentity(1, n) for n in (1.0, 2.0)]
        >>> LinearOperatorBlockDiag(parts).to_dense().numpy().tolist()
        [[1.0, 0.0], [0.0, 2.0]]
    """

    _sign = "_ds_"

    def __init__(
        self, operators: Sequence[LinearOperator], is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
        is_square: bool | None = True, name: str | None = None,
    ) -> None:  # fmt: skip
        given = list(operators)
        hints = hints_of_all(
            given, is_non_singular=is_non_singular, is_self_adjoint=is_self_adjoint,
            is_positive_definite=is_positive_definite, is_square=None if is_square else is_square,
        )  # fmt: skip
        super().__init__(given, name, **hints)

    def _heights(self) -> list[int | None]:
        return [o.range_dimension for o in self._operators]

    def _widths(self) -> list[int | None]:
        return [o.domain_dimension for o in self._operators]

    def _matmul(self, x: Tensor, adjoint: bool) -> Tensor:
        parts = self._cut(x, self._heights() if adjoint else self._widths())
        pairs = zip(self._operators, parts, strict=True)
        return self._joined([o._matmul(part, adjoint) for o, part in pairs])

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        pairs = zip(self._operators, self._cut(rhs, self._heights()), strict=True)
        return self._joined([o.solve(part, adjoint) for o, part in pairs])

    def _diag_part(self) -> Tensor:
        return _diagonal(self, self._operators) if self._all_square() else super()._diag_part()

    def _determinant(self) -> Tensor:
        return self._product([o.determinant() for o in self._operators])

    def _log_abs_determinant(self) -> Tensor:
        return self._sum([o.log_abs_determinant() for o in self._operators])

    def _adjoint(self) -> LinearOperator:
        return LinearOperatorBlockDiag([o.adjoint() for o in self._operators], is_square=None)

    def _inverse(self) -> LinearOperator:
        return LinearOperatorBlockDiag([o.inverse() for o in self._operators])

    def _cholesky(self) -> LinearOperator:
        if not all(o.is_self_adjoint and o.is_positive_definite for o in self._operators):
            return super()._cholesky()
        return LinearOperatorBlockDiag([o.cholesky() for o in self._operators])


def _diagonal(owner: BlockOperators, blocks: Sequence[LinearOperator]) -> Tensor:
    """Return the diagonals of square blocks, one after another."""
    columns = [shaping.expand_dims(o.diag_part(), -1) for o in blocks]
    return shaping.squeeze(owner._joined(columns), -1)


class LinearOperatorBlockLowerTriangular(BlockOperators):
    """Operators on and below the diagonal of a larger matrix, zeros above.

    Equations are solved block by block, from the first row on.

    Args:
        operators: A list for each row of blocks: one operator in the first, two in the second, and
            so on. Those of one row have as many rows, those of one column as many columns.
        is_non_singular: Whether all on the diagonal are, by default.
        is_self_adjoint: As for `LinearOperator`, like the following ones.
        is_positive_definite: See above.
        is_square: Whether all on the diagonal are, by default.
        name: Its name.

    Raises:
        InvalidArgumentError: A row has another number of operators, or the sizes do not fit.

    Example:
        >>> import freshet as ft
        >>> one, two = (ft.linalg.LinearOperatorScaledIdentity(1, n) for n in (1.0, 2.0))
        >>> LinearOperatorBlockLowerTriangular([[one], [two, two]]).to_dense().numpy().tolist()
        [[1.0, 0.0], [2.0, 2.0]]
    """

    _sign = "_"

    def __init__(
        self, operators: Sequence[Sequence[LinearOperator]], is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
        is_square: bool | None = None, name: str | None = "LinearOperatorBlockLowerTriangular",
    ) -> None:  # fmt: skip
        self._rows = [list(row) for row in operators]
        for i, row in enumerate(self._rows):
            if len(row) != i + 1:
                raise InvalidArgumentError(
                    f"LinearOperatorBlockLowerTriangular: row {i} must have {i + 1} operators, "
                    f"received {len(row)}"
                )
        self._diagonal = [row[-1] for row in self._rows]
        self._check_sizes()
        hints = hints_of_all(
            self._diagonal, is_non_singular=is_non_singular, is_square=is_square
        )  # fmt: skip
        super().__init__(
            list(itertools.chain(*self._rows)), name, is_self_adjoint=is_self_adjoint,
            is_positive_definite=is_positive_definite, **hints,
        )  # fmt: skip

    def _check_sizes(self) -> None:
        for i, row in enumerate(self._rows):
            for j, block in enumerate(row):
                fits = (block.range_dimension, block.domain_dimension)
                wanted = (row[i].range_dimension, self._diagonal[j].domain_dimension)
                if not TensorShape(fits).is_compatible_with(wanted):
                    raise InvalidArgumentError(
                        f"LinearOperatorBlockLowerTriangular: block {j} of row {i} must have the "
                        f"shape {TensorShape(wanted)}, as those on the diagonal say, received "
                        f"{block.shape}"
                    )

    @property
    def operators(self) -> list[list[LinearOperator]]:  # type: ignore[override]
        """The operators it was made of, row by row."""
        return self._rows

    def _heights(self) -> list[int | None]:
        return [o.range_dimension for o in self._diagonal]

    def _widths(self) -> list[int | None]:
        return [o.domain_dimension for o in self._diagonal]

    def _matmul(self, x: Tensor, adjoint: bool) -> Tensor:
        count = len(self._rows)
        if adjoint:
            parts = self._cut(x, self._heights())
            return self._joined([
                self._sum([self._rows[i][j]._matmul(parts[i], True) for i in range(j, count)])
                for j in range(count)
            ])  # fmt: skip
        parts = self._cut(x, self._widths())
        return self._joined([
            self._sum([o._matmul(part, False) for o, part in zip(row, parts, strict=False)])
            for row in self._rows
        ])  # fmt: skip

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        count = len(self._rows)
        if not all(o.is_square for o in self._diagonal):
            return super()._solve(rhs, adjoint)
        rest = self._cut(rhs, self._heights())
        for i in reversed(range(count)) if adjoint else range(count):
            rest[i] = self._diagonal[i].solve(rest[i], adjoint)
            for j in range(i) if adjoint else range(i + 1, count):
                block = self._rows[i][j] if adjoint else self._rows[j][i]
                rest[j] = rest[j] - block._matmul(rest[i], adjoint)
        return self._joined(rest)

    def _all_square(self) -> bool:
        return all(o.is_square for o in self._diagonal)

    def _diag_part(self) -> Tensor:
        return _diagonal(self, self._diagonal) if self._all_square() else super()._diag_part()

    def _determinant(self) -> Tensor:
        if not self._all_square():
            return super()._determinant()
        return self._product([o.determinant() for o in self._diagonal])

    def _log_abs_determinant(self) -> Tensor:
        if not self._all_square():
            return super()._log_abs_determinant()
        return self._sum([o.log_abs_determinant() for o in self._diagonal])
