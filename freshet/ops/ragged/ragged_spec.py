"""`RaggedTensorSpec`: what kind of ragged tensor a traced function takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from freshet.core import dtypes
from freshet.core.composite import CompositeTensor
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorShape, TensorSpec
from freshet.ops.ragged.ragged_tensor import RaggedTensor, join_components


class RaggedTensorSpec(CompositeTensor):
    """Dtype, shape and number of ragged dimensions of an argument of a traced function.

    Args:
        shape: The sizes, None for a ragged dimension and for what may differ from call to call.
        dtype: Dtype of the elements.
        ragged_rank: How many dimensions are ragged, counting those of one length between them; all
            but the first if it is not given.
        row_splits_dtype: int32 or int64.
        flat_values_spec: The innermost values' `ft.TensorSpec`; made from shape and dtype if it is
            not given.

    Example:
        >>> import freshet as ft
        >>> @ft.function(input_signature=[ft.RaggedTensorSpec([None, None], ft.int32)])
        ... def total(x):
        ...     return ft.reduce_sum(x, axis=1)
        >>> total(ft.ragged.constant([[1, 2], [3]])).numpy().tolist()
        [3, 3]
    """

    __slots__ = ("flat_values_spec", "ragged_rank", "row_splits_dtype", "shape")

    def __init__(
        self,
        shape: Iterable[Any] | None = None,
        dtype: Any = dtypes.float32,
        ragged_rank: int | None = None,
        row_splits_dtype: Any = dtypes.int64,
        flat_values_spec: TensorSpec | None = None,
    ) -> None:
        self.shape = TensorShape(shape)
        if self.shape.rank is None:
            if ragged_rank is None:
                raise InvalidArgumentError("RaggedTensorSpec: give shape or ragged_rank")
            self.shape = TensorShape([None] * (ragged_rank + 1))
        self.ragged_rank = len(self.shape) - 1 if ragged_rank is None else int(ragged_rank)
        if not 0 <= self.ragged_rank < len(self.shape):
            raise InvalidArgumentError(
                f"RaggedTensorSpec: ragged_rank must be from 0 to {len(self.shape) - 1} for shape "
                f"{self.shape}, received {self.ragged_rank}"
            )
        self.row_splits_dtype = as_dtype(row_splits_dtype)
        self.flat_values_spec = flat_values_spec or TensorSpec(
            [None, *self.shape[self.ragged_rank + 1 :]], dtype
        )

    @property
    def dtype(self) -> DType:
        """Dtype of the elements."""
        return self.flat_values_spec.dtype

    @property
    def value_type(self) -> type:
        """The class of the values that it describes."""
        return RaggedTensor

    @classmethod
    def from_value(cls, value: RaggedTensor) -> RaggedTensorSpec:
        """Return the spec of a ragged tensor."""
        return cls(value.shape, value.dtype, value.ragged_rank, value.row_splits.dtype)

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Return whether a ragged tensor or its spec is of this kind."""
        other = spec_or_value
        if isinstance(other, RaggedTensor):
            other = RaggedTensorSpec.from_value(other)
        return (
            isinstance(other, RaggedTensorSpec)
            and (self.dtype, self.ragged_rank) == (other.dtype, other.ragged_rank)
            and self.row_splits_dtype == other.row_splits_dtype
            and self.shape.is_compatible_with(other.shape)
        )

    def _uniforms(self) -> tuple[int | None, ...]:
        return tuple(self.shape[1 : self.ragged_rank + 1])

    def _components(self) -> Sequence[TensorSpec]:
        rows = None if self.shape[0] is None else self.shape[0] + 1
        sizes = [rows, *[None] * (self.ragged_rank - 1)]
        splits = [TensorSpec([size], self.row_splits_dtype) for size in sizes]
        return (self.flat_values_spec, *splits)

    def _with_components(self, components: Sequence[Any]) -> Any:
        return join_components(components, self._uniforms())

    def _static(self) -> tuple[Any, ...]:
        return ("RaggedTensor", self._uniforms())

    def _accept(self, value: Any) -> Any:
        if not isinstance(value, RaggedTensor):
            raise InvalidArgumentError(f"expected a ragged tensor of {self!r}, received {value!r}")
        if not self.is_compatible_with(value):
            kind = DTypeError if self.dtype != value.dtype else InvalidArgumentError
            raise kind(f"expected a ragged tensor of {self!r}, received one of "
                       f"{RaggedTensorSpec.from_value(value)!r}")  # fmt: skip
        return join_components(value._components(), self._uniforms())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RaggedTensorSpec) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return (
            f"RaggedTensorSpec({self.shape!r}, ft.{self.dtype.name}, {self.ragged_rank}, "
            f"ft.{self.row_splits_dtype.name})"
        )
