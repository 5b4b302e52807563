"""`SparseTensor`: the elements of a tensor that are not zero, and where they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, final

from freshet.core import dtypes
from freshet.core.composite import CompositeTensor
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorShape, TensorSpec
from freshet.core.tensor import Tensor
from freshet.ops.conversion import convert_to_tensor


@final
class SparseTensor(CompositeTensor):
    """A tensor of which only some elements are kept: ``x[indices[i]] = values[i]``, else 0.

    Most operations need the indices in lexicographic order, as `ft.sparse.reorder` puts them, and
    none twice.

    Args:
        indices: int64 of shape ``[n, rank]``: where the elements are.
        values: The elements, of shape ``[n]``.
        dense_shape: int64 of shape ``[rank]``: the sizes of the whole tensor.

    Raises:
        InvalidArgumentError: The shapes do not fit together.
        DTypeError: Indices or sizes are no int64.

    Example:
        >>> import freshet as ft
        >>> x = ft.SparseTensor(indices=[[0, 1], [1, 2]], values=[5, 7], dense_shape=[2, 3])
        >>> ft.sparse.to_dense(x).numpy().tolist()
        [[0, 5, 0], [0, 0, 7]]
    """

    __slots__ = ("__weakref__", "_dense_shape", "_indices", "_open", "_shape", "_values")
    __array_priority__ = 100.0

    _overloads: ClassVar[str] = "freshet.ops.sparse.overloads"
    _as_plain: ClassVar[str] = "ft.sparse.to_dense(x)"

    def __init__(self, indices: Any, values: Any, dense_shape: Any) -> None:
        where = _int64("indices", indices)
        sizes = _int64("dense_shape", dense_shape)
        if not where.shape.num_elements() and where.ndim == 1 and sizes.ndim == 1:
            # An empty list has no second dimension.
            from freshet.ops.shaping import reshape  # noqa: PLC0415 (only here)

            where = reshape(where, [0, sizes.shape[0]])
        given = convert_to_tensor(values)
        fits = where.ndim == 2 and given.ndim == 1 and sizes.ndim == 1
        pairs = zip(where.shape, (given.shape[0], sizes.shape[0]), strict=True) if fits else ()
        if not fits or any(a != b and None not in {a, b} for a, b in pairs):
            raise InvalidArgumentError(
                "SparseTensor: expected indices [n, rank], values [n] and dense_shape [rank], "
                f"received {where._type}, {given._type} and {sizes._type}"
            )
        self._indices, self._values, self._dense_shape = where, given, sizes
        self._shape = _static_shape(sizes)
        self._open: TensorShape | None = None
        """What a traced function is to know of the shape, if not all."""

    @classmethod
    def _of(
        cls, indices: Any, values: Any, dense_shape: Any, shape: TensorShape | None = None
    ) -> SparseTensor:  # fmt: skip
        """Join what is known to fit; `shape` is what is known of the shape besides."""
        sparse = object.__new__(cls)
        sparse._indices, sparse._values, sparse._dense_shape = indices, values, dense_shape
        found = _static_shape(dense_shape)
        sparse._shape = found if shape is None else found.merge_with(shape)
        sparse._open = None
        return sparse

    # --- as a composite ---------------------------------------------------------------------------

    def _components(self) -> Sequence[Tensor]:
        return (self._indices, self._values, self._dense_shape)

    def _with_components(self, components: Sequence[Any]) -> SparseTensor:
        if all(isinstance(c, Tensor) and c._array is not None for c in components):
            indices, values, sizes = components
            sparse = SparseTensor._of(indices, values, sizes)
            sparse._open = self._open
            return sparse
        indices, values, sizes = components
        return SparseTensor._of(indices, values, sizes, self._open or self._shape)

    def _static(self) -> tuple[Any, ...]:
        return ("SparseTensor", tuple(self._open or self._shape))

    def _varying(self) -> Tensor:
        return self._values

    def _with_varying(self, value: Any) -> SparseTensor:
        return self.with_values(value)

    # --- what it consists of ----------------------------------------------------------------------

    @property
    def indices(self) -> Tensor:
        """Where the elements are: int64 of shape ``[n, rank]``."""
        return self._indices

    @property
    def values(self) -> Tensor:
        """The elements: of shape ``[n]``."""
        return self._values

    @property
    def dense_shape(self) -> Tensor:
        """The sizes of the whole tensor: int64 of shape ``[rank]``."""
        return self._dense_shape

    @property
    def shape(self) -> TensorShape:
        """The sizes as far as they are known while tracing."""
        return self._shape

    def get_shape(self) -> TensorShape:
        """Return `shape`."""
        return self._shape

    def set_shape(self, shape: Any) -> None:
        """Tell sizes that tracing does not know by itself."""
        self._shape = self._shape.merge_with(shape)

    @property
    def dtype(self) -> DType:
        """Dtype of the elements."""
        return self._values.dtype

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self._shape)

    def with_values(self, new_values: Any) -> SparseTensor:
        """Return other elements at the same places.

        Raises:
            InvalidArgumentError: They are not as many as before.
        """
        values = convert_to_tensor(new_values)
        if values.ndim != 1 or not values.shape.is_compatible_with(self._values.shape):
            raise InvalidArgumentError(
                f"with_values: expected values of shape {self._values.shape}, received "
                f"{values._type}"
            )
        return SparseTensor._of(self._indices, values, self._dense_shape, self._shape)

    # --- Python -----------------------------------------------------------------------------------

    def __mul__(self, other: Any) -> SparseTensor:
        from freshet.ops.sparse import elementwise  # noqa: PLC0415 (it builds on this class)

        return elementwise.with_dense("multiply", self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> SparseTensor:
        from freshet.ops.sparse import elementwise  # noqa: PLC0415

        return elementwise.with_dense("divide", self, other)

    def __repr__(self) -> str:
        return (
            f"SparseTensor(indices={self._indices!s}, values={self._values!s}, "
            f"dense_shape={self._dense_shape!s})"
        )

    def __str__(self) -> str:
        return repr(self)


class SparseTensorSpec(CompositeTensor):
    """Dtype and shape of a sparse argument of a traced function.

    Args:
        shape: The sizes, None for what may differ from call to call.
        dtype: Dtype of the elements.
    """

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: Iterable[Any], dtype: Any = dtypes.float32) -> None:
        self.shape = TensorShape(shape)
        self.dtype = as_dtype(dtype)

    @property
    def value_type(self) -> type:
        """The class of the values that it describes."""
        return SparseTensor

    @classmethod
    def from_value(cls, value: SparseTensor) -> SparseTensorSpec:
        """Return the spec of a sparse tensor."""
        return cls(value.shape, value.dtype)

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Return whether a sparse tensor or its spec is of this kind."""
        other = spec_or_value
        return (
            isinstance(other, (SparseTensor, SparseTensorSpec))
            and self.dtype == other.dtype
            and self.shape.is_compatible_with(other.shape)
        )

    def _components(self) -> Sequence[TensorSpec]:
        rank = len(self.shape)
        return (
            TensorSpec([None, rank], dtypes.int64),
            TensorSpec([None], self.dtype),
            TensorSpec([rank], dtypes.int64),
        )

    def _with_components(self, components: Sequence[Any]) -> Any:
        indices, values, sizes = components
        return SparseTensor._of(indices, values, sizes, self.shape)

    def _static(self) -> tuple[Any, ...]:
        return ("SparseTensor", tuple(self.shape))

    def _accept(self, value: Any) -> Any:
        if not isinstance(value, SparseTensor) or not self.is_compatible_with(value):
            kind = DTypeError if getattr(value, "dtype", None) != self.dtype else (
                InvalidArgumentError
            )  # fmt: skip
            raise kind(f"expected a sparse tensor of {self!r}, received {value!r}")
        sparse = SparseTensor._of(value.indices, value.values, value.dense_shape, value.shape)
        sparse._open = self.shape
        return sparse

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SparseTensorSpec) and (self.shape, self.dtype) == (
            other.shape, other.dtype,
        )  # fmt: skip

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))

    def __repr__(self) -> str:
        return f"SparseTensorSpec({self.shape!r}, ft.{self.dtype.name})"


def _int64(what: str, value: Any) -> Tensor:
    tensor = convert_to_tensor(value, dtype_hint=dtypes.int64)
    # Python's numbers, and empty lists, which have no dtype of their own.
    bare = tensor.dtype == dtypes.int32 or not tensor.shape.num_elements()
    if bare and not isinstance(value, Tensor):
        tensor = Tensor._of_array(tensor._value.astype("int64"), dtypes.int64)
    if tensor.dtype != dtypes.int64:
        raise DTypeError(f"SparseTensor: {what} must be int64, received {tensor._type}")
    return tensor


def _static_shape(sizes: Tensor) -> TensorShape:
    if sizes._array is not None:
        return TensorShape(sizes._array.tolist())
    if sizes.shape[0] is None:
        raise InvalidArgumentError(
            f"SparseTensor: the number of dimensions must be known, dense_shape is {sizes._type}"
        )
    return TensorShape([None] * sizes.shape[0])
