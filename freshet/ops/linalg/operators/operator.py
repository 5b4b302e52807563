"""`LinearOperator`: what every linear operator can do."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import (
    DTypeError,
    InvalidArgumentError,
    OpError,
    UnimplementedError,
)
from freshet.core.module import Module
from freshet.core.shapes import TensorShape
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.assertions import assert_greater, assert_near, assert_positive
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.linalg import diagonals, solving
from freshet.ops.linalg.cholesky import cholesky
from freshet.ops.linalg.eigen import eigvals, eigvalsh
from freshet.ops.linalg.matrices import adjoint_of, share_batch
from freshet.ops.linalg.svd import singular_values
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_max, reduce_min, reduce_sum


def kept(value: Any) -> Any:
    """Return a variable as it is, so that it is read anew each time; anything else as a tensor."""
    return value if hasattr(value, "assign") else convert_to_tensor(value)


def vectors_of(name: str, what: str, value: Any) -> Any:
    """Return an operand that holds floating-point or complex vectors, see `kept`.

    Raises:
        DTypeError: It holds something else.
        InvalidArgumentError: It is a single number.
    """
    found = kept(value)
    if not found.dtype.is_differentiable:
        raise DTypeError(
            f"{name}: {what} must be floating-point or complex, received {found.dtype.name} of "
            f"shape {found.shape}; convert it with ft.cast(x, ft.float32)"
        )
    if not found.shape.rank:
        raise InvalidArgumentError(
            f"{name}: {what} must be a vector or a batch of vectors, received {found.dtype.name} "
            f"of shape {found.shape}"
        )
    return found


class LinearOperator(Module):
    """A (batch of) matrix that is known by what it does to vectors.

    A subclass defines `_shape`, `_matmul` and, as far as it knows better than the dense matrix,
    `_solve`, `_determinant` and so on; everything else follows. The hints promise something: they
    are not checked, but operations that they rule out are refused.

    Args:
        dtype: That of the matrix.
        graph_parents: Ignored; kept for TensorFlow programs.
        is_non_singular: Whether the matrix has an inverse; None if that is not known.
        is_self_adjoint: Whether it equals its conjugate transpose.
        is_positive_definite: Whether the real part of ``x^H A x`` is positive for every x but 0.
        is_square: Whether it has as many rows as columns.
        name: The class's name in snake case by default.
        parameters: Ignored; kept for TensorFlow programs.

    Raises:
        InvalidArgumentError: The hints contradict each other.
    """

    def __init__(
        self, dtype: Any, graph_parents: Any = None, is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
        is_square: bool | None = None, name: str | None = None, parameters: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(name)
        if is_positive_definite:
            if is_non_singular is False:
                raise InvalidArgumentError("a positive definite operator is not singular")
            is_non_singular = True
        if is_non_singular:
            if is_square is False:
                raise InvalidArgumentError("an operator that has an inverse is square")
            is_square = True
        if is_self_adjoint and is_square is False:
            raise InvalidArgumentError("a self-adjoint operator is square")
        self._dtype = as_dtype(dtype)
        self._is_square = is_square
        self._is_non_singular = is_non_singular
        self._is_self_adjoint = is_self_adjoint
        self._is_positive_definite = is_positive_definite

    # --- what it is -------------------------------------------------------------------------------

    @property
    def dtype(self) -> DType:
        """Dtype of the matrix."""
        return self._dtype

    @property
    def is_non_singular(self) -> bool | None:
        """Whether it has an inverse; None if that is not known."""
        return self._is_non_singular

    @property
    def is_self_adjoint(self) -> bool | None:
        """Whether it equals its conjugate transpose; None if that is not known."""
        return self._is_self_adjoint

    @property
    def is_positive_definite(self) -> bool | None:
        """Whether it is positive definite; None if that is not known."""
        return self._is_positive_definite

    @property
    def is_square(self) -> bool | None:
        """Whether it has as many rows as columns; None if that is not known."""
        sizes = self.domain_dimension, self.range_dimension
        return self._is_square if None in sizes else sizes[0] == sizes[1]

    @property
    def shape(self) -> TensorShape:
        """Batch dimensions, rows and columns."""
        return self._shape()

    @property
    def batch_shape(self) -> TensorShape:
        """Batch dimensions."""
        return self.shape[:-2]

    @property
    def tensor_rank(self) -> int:
        """Number of dimensions of the matrix written out."""
        return len(self.shape)

    @property
    def range_dimension(self) -> int | None:
        """Number of rows."""
        return self.shape[-2]

    @property
    def domain_dimension(self) -> int | None:
        """Number of columns."""
        return self.shape[-1]

    def shape_tensor(self, name: str | None = None) -> Tensor:
        """Return the shape as a vector."""
        if None in self.shape:
            return shaping.shape(self.to_dense())
        return convert_to_tensor(np.asarray(self.shape, np.int32))

    def batch_shape_tensor(self, name: str | None = None) -> Tensor:
        """Return the batch dimensions as a vector."""
        return self.shape_tensor()[:-2]

    def tensor_rank_tensor(self, name: str | None = None) -> Tensor:
        """Return the number of dimensions."""
        return convert_to_tensor(self.tensor_rank)

    def range_dimension_tensor(self, name: str | None = None) -> Tensor:
        """Return the number of rows."""
        return self.shape_tensor()[-2]

    def domain_dimension_tensor(self, name: str | None = None) -> Tensor:
        """Return the number of columns."""
        return self.shape_tensor()[-1]

    # --- what subclasses define -------------------------------------------------------------------

    def _shape(self) -> TensorShape:
        raise UnimplementedError(f"{type(self).__name__} must define _shape")

    def _matmul(self, x: Tensor, adjoint: bool) -> Tensor:
        raise UnimplementedError(f"{type(self).__name__} must define _matmul")

    def _to_dense(self) -> Tensor:
        columns = self.domain_dimension
        if columns is None:
            raise UnimplementedError(f"{type(self).__name__}: its size is not known")
        return self._matmul(shaping.eye(columns, dtype=self.dtype, batch_shape=self.batch_shape),
                            False)  # fmt: skip

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        matrix, b = share_batch("solve", self.to_dense(), rhs)
        return solving.solve(matrix, b, adjoint=adjoint)

    def _diag_part(self) -> Tensor:
        return diagonals.take(self.to_dense())

    def _determinant(self) -> Tensor:
        return solving.det(self.to_dense())

    def _log_abs_determinant(self) -> Tensor:
        found = solving.slogdet(self.to_dense()).log_abs_determinant
        return m.cast(found, self.dtype) if found.dtype != self.dtype else found

    def _eigvals(self) -> Tensor:
        dense = self.to_dense()
        return eigvalsh(dense) if self.is_self_adjoint else eigvals(dense)

    def _moduli(self) -> Tensor:
        """Return the singular values, in any order."""
        return singular_values(self.to_dense())

    def _adjoint(self) -> LinearOperator:
        from freshet.ops.linalg.operators import combined  # noqa: PLC0415 (it builds on this class)

        return combined.LinearOperatorAdjoint(self)

    def _inverse(self) -> LinearOperator:
        from freshet.ops.linalg.operators import combined  # noqa: PLC0415 (it builds on this class)

        return combined.LinearOperatorInversion(self)

    # --- products ---------------------------------------------------------------------------------

    def _operand(self, method: str, x: TensorLike) -> Tensor:
        tensor = convert_to_tensor(x, dtype_hint=self.dtype)
        if tensor.dtype != self.dtype:
            raise DTypeError(
                f"{type(self).__name__}.{method}: expected {self.dtype.name}, received "
                f"{tensor._type}; convert it with ft.cast"
            )
        return tensor

    def _check_rows(self, method: str, x: Tensor, expected: int | None) -> None:
        if x.ndim < 2 or (None not in (x.shape[-2], expected) and x.shape[-2] != expected):
            raise InvalidArgumentError(
                f"{type(self).__name__}.{method}: an operator of shape {self.shape} needs matrices "
                f"of {expected} rows, received {x._type}"
            )

    def matmul(
        self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str | None = None
    ) -> Any:
        """Return the operator times matrices, or its composition with another operator.

        Args:
            x: Matrices ``[..., columns, k]``, or an operator.
            adjoint: Use the conjugate transpose of the operator.
            adjoint_arg: Use the conjugate transpose of `x`.
            name: Ignored.

        Raises:
            InvalidArgumentError: The sizes do not fit.
        """
        if isinstance(x, LinearOperator):
            from freshet.ops.linalg.operators import products  # noqa: PLC0415 (as above)

            left = self.adjoint() if adjoint else self
            return products.product(left, x.adjoint() if adjoint_arg else x)
        tensor = self._operand("matmul", x)
        tensor = adjoint_of(tensor) if adjoint_arg else tensor
        self._check_rows(
            "matmul", tensor, self.range_dimension if adjoint else self.domain_dimension
        )
        return self._matmul(tensor, adjoint)

    def __matmul__(self, other: Any) -> Any:
        return self.matmul(other)

    def matvec(self, x: TensorLike, adjoint: bool = False, name: str | None = None) -> Tensor:
        """Return the operator times vectors ``[..., columns]``; arguments as for `matmul`."""
        column = shaping.expand_dims(self._operand("matvec", x), -1)
        return shaping.squeeze(self.matmul(column, adjoint), -1)

    # --- equations --------------------------------------------------------------------------------

    def _check_invertible(self, method: str, error: type[OpError]) -> None:
        if self.is_non_singular is False or self.is_square is False:
            raise error(
                f"{type(self).__name__}.{method}: an operator of shape {self.shape} that is "
                "singular or not square has no inverse"
            )

    def solve(
        self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str | None = None
    ) -> Any:
        """Return the ``x`` with ``operator @ x = rhs``.

        Args:
            rhs: Matrices ``[..., rows, k]``, or an operator.
            adjoint: Use the conjugate transpose of the operator.
            adjoint_arg: Use the conjugate transpose of `rhs`.
            name: Ignored.

        Raises:
            UnimplementedError: The operator is known to have no inverse.
            InvalidArgumentError: The sizes do not fit, or the matrix is singular.
        """
        self._check_invertible("solve", UnimplementedError)
        if isinstance(rhs, LinearOperator):
            left = self.adjoint() if adjoint else self
            return left.inverse().matmul(rhs, adjoint_arg=adjoint_arg)
        tensor = self._operand("solve", rhs)
        tensor = adjoint_of(tensor) if adjoint_arg else tensor
        self._check_rows("solve", tensor, self.range_dimension)
        return self._solve(tensor, adjoint)

    def solvevec(self, rhs: TensorLike, adjoint: bool = False, name: str | None = None) -> Tensor:
        """Return the ``x`` with ``operator @ x = rhs`` for vectors; arguments as for `solve`."""
        column = shaping.expand_dims(self._operand("solvevec", rhs), -1)
        return shaping.squeeze(self.solve(column, adjoint), -1)

    def inverse(self, name: str | None = None) -> LinearOperator:
        """Return the inverse as an operator.

        Raises:
            InvalidArgumentError: The operator is known to have none.
        """
        self._check_invertible("inverse", InvalidArgumentError)
        return self._inverse()

    def adjoint(self, name: str | None = None) -> LinearOperator:
        """Return the conjugate transpose as an operator."""
        return self if self.is_self_adjoint else self._adjoint()

    H = property(adjoint)

    # --- numbers ----------------------------------------------------------------------------------

    def to_dense(self, name: str | None = None) -> Tensor:
        """Return the matrix written out."""
        return self._to_dense()

    def add_to_tensor(self, x: TensorLike, name: str | None = None) -> Tensor:
        """Return matrices plus this one."""
        return self._operand("add_to_tensor", x) + self.to_dense()

    def diag_part(self, name: str | None = None) -> Tensor:
        """Return the main diagonal."""
        return self._diag_part()

    def trace(self, name: str | None = None) -> Tensor:
        """Return the sum of the main diagonal."""
        return reduce_sum(self.diag_part(), -1)

    def _check_square(self, method: str) -> None:
        if self.is_square is False:
            raise UnimplementedError(
                f"{type(self).__name__}.{method}: an operator of shape {self.shape} is not square"
            )

    def determinant(self, name: str | None = None) -> Tensor:
        """Return the determinant.

        Raises:
            UnimplementedError: The operator is not square.
        """
        self._check_square("determinant")
        return self._determinant()

    def log_abs_determinant(self, name: str | None = None) -> Tensor:
        """Return the logarithm of the determinant's absolute value.

        Raises:
            UnimplementedError: The operator is not square.
        """
        self._check_square("log_abs_determinant")
        return self._log_abs_determinant()

    def eigvals(self, name: str | None = None) -> Tensor:
        """Return the eigenvalues, the smallest first of a self-adjoint operator."""
        self._check_square("eigvals")
        return self._eigvals()

    def cond(self, name: str | None = None) -> Tensor:
        """Return the largest singular value divided by the smallest one, a real number."""
        values = self._moduli()
        return reduce_max(values, -1) / reduce_min(values, -1)

    def cholesky(self, name: str | None = None) -> LinearOperator:
        """Return the Cholesky factor as an operator.

        Raises:
            InvalidArgumentError: The operator is not known to be self-adjoint and positive
                definite.
        """
        if not (self.is_self_adjoint and self.is_positive_definite):
            raise InvalidArgumentError(
                f"{type(self).__name__}.cholesky: give is_self_adjoint=True and "
                "is_positive_definite=True to an operator that is"
            )
        return self._cholesky()

    def _cholesky(self) -> LinearOperator:
        from freshet.ops.linalg.operators import dense  # noqa: PLC0415 (it builds on this class)

        return dense.LinearOperatorLowerTriangular(cholesky(self.to_dense()), is_non_singular=True)

    # --- assertions -------------------------------------------------------------------------------

    def assert_non_singular(self, name: str | None = None) -> None:
        """Check that the matrix has an inverse to the precision of its dtype.

        Raises:
            InvalidArgumentError: The smallest singular value is lost beside the largest one.
        """
        values = self._moduli()
        eps = float(np.finfo(values.dtype.as_numpy_dtype).eps)
        limit = reduce_max(values, -1) * (eps * max(100, self.domain_dimension or 0))
        assert_greater(
            reduce_min(values, -1), limit,
            message=f"{type(self).__name__}: singular to the precision of its dtype",
        )  # fmt: skip

    def assert_positive_definite(self, name: str | None = None) -> None:
        """Check that the real part of ``x^H A x`` is positive for every x but 0.

        Raises:
            InvalidArgumentError: It is not.
            UnimplementedError: The operator is not square.
        """
        self._check_square("assert_positive_definite")
        dense = self.to_dense()
        factor = cholesky((dense + adjoint_of(dense)) * 0.5)
        entries = diagonals.take(factor)
        assert_positive(
            m.cast(entries, entries.dtype.real_dtype),
            message=f"{type(self).__name__}: not positive definite",
        )

    def assert_self_adjoint(self, name: str | None = None) -> None:
        """Check that the matrix equals its conjugate transpose to the precision of its dtype.

        Raises:
            InvalidArgumentError: It does not.
            UnimplementedError: The operator is not square.
        """
        self._check_square("assert_self_adjoint")
        dense = self.to_dense()
        assert_near(
            dense, adjoint_of(dense), message=f"{type(self).__name__}: not equal to its adjoint"
        )
