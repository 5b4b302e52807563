"""Operators whose rows are one row turned on: multiplied in the Fourier domain."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorShape
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.assertions import assert_less_equal
from freshet.ops.complex_numbers import imag
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.linalg.matrices import conj, swapped
from freshet.ops.linalg.operators.operator import LinearOperator, vectors_of
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_max, reduce_mean, reduce_prod, reduce_sum
from freshet.ops.signal.fourier import complex_transform
from freshet.ops.sizes import sizes

_COMPLEX: Final = {"float32": dtypes.complex64, "float64": dtypes.complex128}


def complex_dtype(name: str, dtype: DType) -> DType:
    """Return the complex dtype in which transforms for a dtype are computed.

    Raises:
        DTypeError: There is none of its precision.
    """
    found = _COMPLEX.get(dtype.real_dtype.name)
    if found is None:
        raise DTypeError(
            f"{name}: expected float32, float64, complex64 or complex128, received {dtype.name}"
        )
    return found


class BlockCirculant(LinearOperator):
    """What circulant operators of one, two and three dimensions share; each is only a depth.

    ``A = F^-1 diag(spectrum) F`` with F the Fourier transform of blocks.

    Attributes:
        _depth: Dimensions of a block.
    """

    _depth: ClassVar[int]

    def __init__(
        self, spectrum: TensorLike, input_output_dtype: Any = dtypes.complex64,
        is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None, is_square: bool | None = True,
        name: str | None = None,
    ) -> None:  # fmt: skip
        kind = type(self).__name__
        self._spectrum = vectors_of(kind, "spectrum", spectrum)
        dtype = as_dtype(input_output_dtype)
        self._inner_dtype = complex_dtype(kind, dtype)
        if (self._spectrum.shape.rank or 0) < self._depth:
            raise InvalidArgumentError(
                f"{kind}: spectrum must have at least {self._depth} dimensions, received the shape "
                f"{self._spectrum.shape}"
            )
        if not is_square:
            raise InvalidArgumentError(f"{kind}: a circulant operator is square")
        if not self._spectrum.dtype.is_complex:
            if is_self_adjoint is False:
                raise InvalidArgumentError(
                    f"{kind}: an operator with a real spectrum is self-adjoint, received "
                    "is_self_adjoint=False"
                )
            is_self_adjoint = True
        super().__init__(
            dtype, None, is_non_singular, is_self_adjoint, is_positive_definite, True, name or kind
        )

    @property
    def spectrum(self) -> Any:
        """The eigenvalues, block by block."""
        return self._spectrum

    @property
    def block_depth(self) -> int:
        """Dimensions of a block."""
        return self._depth

    @property
    def block_shape(self) -> TensorShape:
        """Sizes of a block."""
        found: TensorShape = self._spectrum.shape[-self._depth :]
        return found

    def block_shape_tensor(self) -> Tensor:
        """Return the sizes of a block as a vector."""
        return shaping.shape(self._spectrum)[-self._depth :]

    def complex_spectrum(self) -> Tensor:
        """Return the spectrum in the precision in which the operator computes."""
        return m.cast(convert_to_tensor(self._spectrum), self._inner_dtype)

    def convolution_kernel(self, name: str | None = None) -> Tensor:
        """Return what vectors are convolved with: the inverse transform of the spectrum."""
        return m.cast(self._kernel(), self.dtype)

    def _kernel(self) -> Tensor:
        return complex_transform(
            type(self).__name__, self.complex_spectrum(), self._depth, None, True, "backward"
        )

    def assert_hermitian_spectrum(self, name: str | None = None) -> None:
        """Check that the operator takes real vectors to real ones, to the precision of its dtype.

        Raises:
            InvalidArgumentError: It does not.
        """
        over = self._block_axes()
        size = m.abs(self.complex_spectrum())
        eps = float(np.finfo(size.dtype.as_numpy_dtype).eps)
        assert_less_equal(
            reduce_max(m.abs(imag(self._kernel())), over), reduce_sum(size, over) * eps,
            message=f"{type(self).__name__}: the spectrum is not Hermitian",
        )  # fmt: skip

    def _block_axes(self) -> list[int]:
        return list(range(-self._depth, 0))

    def _shape(self) -> TensorShape:
        block = tuple(self.block_shape)
        size = None if None in block else math.prod(n for n in block if n is not None)
        lead: TensorShape = self._spectrum.shape[: -self._depth]
        return lead.concatenate([size, size])

    def _filtered(self, x: Tensor, spectrum: Tensor) -> Tensor:
        """Return ``F^-1 diag(spectrum) F x``."""
        kind, depth = type(self).__name__, self._depth
        rows = swapped(m.cast(x, spectrum.dtype))  # [..., k, n]
        blocks = shaping.reshape(rows, [*sizes(rows)[:-1], *sizes(spectrum)[-depth:]])
        blocks = complex_transform(kind, blocks, depth, None, False, "backward")
        blocks = blocks * shaping.expand_dims(spectrum, -depth - 1)
        blocks = complex_transform(kind, blocks, depth, None, True, "backward")
        rows = shaping.reshape(blocks, [*sizes(blocks)[:-depth], sizes(rows)[-1]])
        return m.cast(swapped(rows), self.dtype)

    def _matmul(self, x: Tensor, adjoint: bool) -> Tensor:
        spectrum = self.complex_spectrum()
        return self._filtered(x, conj(spectrum) if adjoint else spectrum)

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        spectrum = self.complex_spectrum()
        return self._filtered(rhs, m.divide(1.0, conj(spectrum) if adjoint else spectrum))

    def _diag_part(self) -> Tensor:
        mean = reduce_mean(self.complex_spectrum(), self._block_axes())
        ones = shaping.ones([sizes(self._eigvals())[-1]], self.dtype)
        return shaping.expand_dims(m.cast(mean, self.dtype), -1) * ones

    def _determinant(self) -> Tensor:
        return m.cast(reduce_prod(self.complex_spectrum(), self._block_axes()), self.dtype)

    def _log_abs_determinant(self) -> Tensor:
        return m.cast(reduce_sum(m.log(self._moduli()), -1), self.dtype)

    def _eigvals(self) -> Tensor:
        spectrum = convert_to_tensor(self._spectrum)
        known = sizes(spectrum)
        return shaping.reshape(
            spectrum, [*known[: -self._depth], math.prod(known[-self._depth :])]
        )  # fmt: skip

    def _moduli(self) -> Tensor:
        return m.abs(self._eigvals())

    def _like(self, spectrum: Tensor) -> LinearOperator:
        return type(self)(
            spectrum, self.dtype, self.is_non_singular,
            self.is_self_adjoint if spectrum.dtype.is_complex else None, self.is_positive_definite,
        )  # fmt: skip

    def _adjoint(self) -> LinearOperator:
        return self._like(conj(convert_to_tensor(self._spectrum)))

    def _inverse(self) -> LinearOperator:
        return self._like(m.divide(1.0, convert_to_tensor(self._spectrum)))


class LinearOperatorCirculant(BlockCirculant):
    """A circulant operator: each column is the one before it, turned on by one row.

    It convolves vectors with its first column, the inverse Fourier transform of the spectrum.

    Args:
        spectrum: Its eigenvalues ``[..., n]``, the Fourier transform of the first column.
        input_output_dtype: Dtype of the operator; for a real one the spectrum should be that of
            real numbers (see `assert_hermitian_spectrum`), as imaginary parts are dropped.
        is_non_singular: As for `LinearOperator`, like the following ones.
        is_self_adjoint: See above; of a real spectrum it is.
        is_positive_definite: See above.
        is_square: Only True.
        name: Its name.

    Raises:
        DTypeError: The spectrum is not floating-point or complex.
        InvalidArgumentError: It is a single number, or the hints contradict it.

    Example:
        >>> operator = LinearOperatorCirculant([6.0, 2.0], dtypes.float32)
        >>> operator.to_dense().numpy().tolist()
        [[4.0, 2.0], [2.0, 4.0]]
    """

    _depth = 1


class LinearOperatorCirculant2D(BlockCirculant):
    """A circulant operator on images ``[n0, n1]`` written as vectors of ``n0 * n1`` elements.

    Args and errors as for `LinearOperatorCirculant`, with a spectrum ``[..., n0, n1]``.

    Example:
        >>> operator = LinearOperatorCirculant2D([[6.0, 2.0]], dtypes.float32)
        >>> operator.to_dense().numpy().tolist()
        [[4.0, 2.0], [2.0, 4.0]]
    """

    _depth = 2


class LinearOperatorCirculant3D(BlockCirculant):
    """A circulant operator on volumes ``[n0, n1, n2]`` written as vectors.

    Args and errors as for `LinearOperatorCirculant`, with a spectrum ``[..., n0, n1, n2]``.

    Example:
        >>> operator = LinearOperatorCirculant3D([[[6.0, 2.0]]], dtypes.float32)
        >>> operator.to_dense().numpy().tolist()
        [[4.0, 2.0], [2.0, 4.0]]
    """

    _depth = 3
