"""`RaggedTensor`: a tensor whose rows may have different lengths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Final, NoReturn, final

from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorShape, normalize_axis
from freshet.core.tensor import Operand, Tensor
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.ragged import partition
from freshet.ops.ragged.factories import RaggedFactories, check_inner, values_of

_ALL: Final = slice(None)


@final
class RaggedTensor(RaggedFactories, Operand):
    """A tensor with one or more dimensions whose size differs from row to row.

    It consists of `values`, the elements of all rows one after the other, and `row_splits`: row
    ``i`` is ``values[row_splits[i]:row_splits[i + 1]]``. The values may be ragged themselves.
    Python's operators and most public operations take ragged tensors as they take tensors. Make one
    with `ft.ragged.constant`, or with the methods whose names begin with ``from_``.

    Example:
        >>> import freshet as ft
        >>> x = ft.RaggedTensor.from_row_splits([3, 1, 4, 1, 5], row_splits=[0, 2, 2, 5])
        >>> x
        <ft.RaggedTensor [[3, 1], [], [4, 1, 5]]>
        >>> ft.reduce_sum(x * 10, axis=1).numpy().tolist()
        [40, 0, 100]
    """

    __slots__ = ("__weakref__", "_row_splits", "_uniform", "_values")

    _overloads: ClassVar[str] = "freshet.ops.ragged.overloads"
    _as_plain: ClassVar[str] = "x.to_tensor() or x.flat_values"

    _values: Any
    _row_splits: Tensor
    _uniform: int | None

    def __init__(self) -> None:
        raise TypeError(
            "make a ragged tensor with ft.ragged.constant(...) or ft.RaggedTensor.from_row_splits"
        )

    @classmethod
    def _of(cls, values: Any, row_splits: Tensor, uniform: int | None = None) -> RaggedTensor:
        """Join what is known to fit; `uniform` is the length of all rows if they have one."""
        ragged = object.__new__(cls)
        ragged._values = values
        ragged._row_splits = row_splits
        ragged._uniform = uniform
        return ragged

    # --- as a composite ---------------------------------------------------------------------------

    def _components(self) -> Sequence[Tensor]:
        return (self.flat_values, *self.nested_row_splits)

    def _with_components(self, components: Sequence[Any]) -> RaggedTensor:
        return join_components(components, self._uniforms())

    def _static(self) -> tuple[Any, ...]:
        return ("RaggedTensor", self._uniforms())

    def _uniforms(self) -> tuple[int | None, ...]:
        """Return the length of the rows of each ragged dimension, None where they differ."""
        inner = self._values._uniforms() if isinstance(self._values, RaggedTensor) else ()
        return (self._uniform, *inner)

    # --- what it consists of ----------------------------------------------------------------------

    @property
    def values(self) -> Any:
        """The elements of all rows one after the other: a tensor, or a ragged one."""
        return self._values

    @property
    def flat_values(self) -> Tensor:
        """The innermost values: all elements, in order."""
        found: Tensor = (
            self._values.flat_values if isinstance(self._values, RaggedTensor) else self._values
        )
        return found

    @property
    def row_splits(self) -> Tensor:
        """Where the rows begin and end in `values`."""
        return self._row_splits

    @property
    def nested_row_splits(self) -> tuple[Tensor, ...]:
        """The row splits of every ragged dimension, outermost first."""
        inner = self._values.nested_row_splits if isinstance(self._values, RaggedTensor) else ()
        return (self._row_splits, *inner)

    @property
    def dtype(self) -> DType:
        """Dtype of the elements."""
        return self.flat_values.dtype

    @property
    def shape(self) -> TensorShape:
        """The sizes, None for a ragged dimension and where a size is not known."""
        rows = partition.row_count(self._row_splits)
        return TensorShape([rows, self._uniform, *self._values.shape[1:]])

    def get_shape(self) -> TensorShape:
        """Return the shape."""
        return self.shape

    @property
    def ragged_rank(self) -> int:
        """Number of ragged dimensions, counting those of one length between them."""
        return len(self.nested_row_splits)

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def uniform_row_length(self) -> Tensor | None:
        """The length of the rows if they are known to have the same, else None."""
        return None if self._uniform is None else partition.whole(
            self._uniform, self._row_splits.dtype
        )  # fmt: skip

    def with_values(self, new_values: Any) -> RaggedTensor:
        """Return the same partition into rows of other values, as many as before."""
        values = values_of("with_values", new_values)
        check_inner("with_values", values, self._row_splits)
        before, after = self._values.shape[0], values.shape[0]
        if before is not None and after is not None and before != after:
            raise InvalidArgumentError(
                f"with_values: expected {before} values, received {after}; only the values change, "
                "not how many there are"
            )
        return RaggedTensor._of(values, self._row_splits, self._uniform)

    def with_flat_values(self, new_values: Any) -> RaggedTensor:
        """Return the same partition into rows, in every dimension, of other innermost values."""
        if isinstance(self._values, RaggedTensor):
            return self.with_values(self._values.with_flat_values(new_values))
        return self.with_values(new_values)

    def with_row_splits_dtype(self, dtype: Any) -> RaggedTensor:
        """Return the same with row splits of int32 or int64."""
        kind = as_dtype(dtype)
        inner = self._values
        if isinstance(inner, RaggedTensor):
            inner = inner.with_row_splits_dtype(kind)
        return RaggedTensor._of(inner, m.cast(self._row_splits, kind), self._uniform)

    # --- rows -------------------------------------------------------------------------------------

    def nrows(self, out_type: Any = None, name: str | None = None) -> Tensor:
        """Return the number of rows."""
        kind = self._row_splits.dtype if out_type is None else as_dtype(out_type)
        rows = partition.row_count(self._row_splits)
        if rows is not None:
            return partition.whole(rows, kind)
        return m.cast(shaping.shape(self._row_splits)[0] - 1, kind)

    def value_rowids(self, name: str | None = None) -> Tensor:
        """Return the row of each value."""
        return partition.rows_of_values(self._row_splits, self._values.shape[0])

    def nested_value_rowids(self, name: str | None = None) -> tuple[Tensor, ...]:
        """Return the row of each value in every ragged dimension, outermost first."""
        return tuple(part.value_rowids() for part in self._levels())

    def row_starts(self, name: str | None = None) -> Tensor:
        """Return where in `values` each row begins."""
        return self._row_splits[:-1]

    def row_limits(self, name: str | None = None) -> Tensor:
        """Return where in `values` each row ends."""
        return self._row_splits[1:]

    def row_lengths(self, axis: int = 1, name: str | None = None) -> Any:
        """Return the lengths of the rows in dimension `axis`; ragged itself for an inner one."""
        where = normalize_axis("row_lengths", int(axis), self.ndim)
        if where == 0:
            return self.nrows()
        if where == 1:
            return partition.row_lengths(self._row_splits)
        if isinstance(self._values, RaggedTensor):
            return self.with_values(self._values.row_lengths(where - 1))
        sizes = m.cast(shaping.shape(self._values), self._row_splits.dtype)
        return self.with_values(shaping.broadcast_to(sizes[where - 1], shaping.shape(
            self._values)[: where - 1]))  # fmt: skip

    def nested_row_lengths(self, name: str | None = None) -> tuple[Tensor, ...]:
        """Return the row lengths of every ragged dimension, outermost first."""
        return tuple(part.row_lengths() for part in self._levels())

    def _levels(self) -> Iterator[RaggedTensor]:
        part: Any = self
        while isinstance(part, RaggedTensor):
            yield part
            part = part._values

    def bounding_shape(
        self, axis: Any = None, name: str | None = None, out_type: Any = None
    ) -> Tensor:
        """Return the shape of the smallest tensor that all rows fit into.

        Args:
            axis: Return the size of this dimension (or these) only.
            name: Ignored.
            out_type: int32 or int64; the row splits' dtype by default.
        """
        from freshet.ops.ragged import dense  # noqa: PLC0415

        kind = self._row_splits.dtype if out_type is None else as_dtype(out_type)
        return dense.bounding_shape(self, axis, kind)

    def merge_dims(self, outer_axis: int, inner_axis: int) -> Any:
        """Return the dimensions from `outer_axis` to `inner_axis` as one.

        Example:
            >>> import freshet as ft
            >>> ft.ragged.constant([[[1], [2, 3]], [[4]]]).merge_dims(1, 2)
            <ft.RaggedTensor [[1, 2, 3], [4]]>
        """
        from freshet.ops.ragged import dense  # noqa: PLC0415

        return dense.merge_dims(self, outer_axis, inner_axis)

    # --- other forms ------------------------------------------------------------------------------

    def to_tensor(
        self, default_value: Any = None, name: str | None = None, shape: Any = None
    ) -> Tensor:
        """Return a plain tensor, rows filled up to one length.

        Args:
            default_value: What they are filled with, of the shape of an element or one that
                stretches to it; 0, "" or False by default.
            name: Ignored.
            shape: The shape to make: longer rows are cut, None stands for what all rows need, which
                is the default.

        Example:
            >>> import freshet as ft
            >>> ft.ragged.constant([[1, 2], [3]]).to_tensor(-1).numpy().tolist()
            [[1, 2], [3, -1]]
        """
        from freshet.ops.ragged import dense  # noqa: PLC0415

        return dense.to_tensor(self, default_value, shape)

    def to_sparse(self, name: str | None = None) -> Any:
        """Return a sparse tensor of the same elements, of the bounding shape."""
        from freshet.ops.ragged import dense  # noqa: PLC0415

        return dense.to_sparse(self)

    def to_list(self) -> list[Any]:
        """Return the elements as nested Python lists."""
        from freshet.ops.ragged import python_values  # noqa: PLC0415

        return python_values.to_list(self)

    def numpy(self) -> Any:
        """Return a NumPy array; of rows, as objects, where their lengths differ."""
        from freshet.ops.ragged import python_values  # noqa: PLC0415

        return python_values.to_numpy(self)

    # --- Python -----------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> Any:
        """Return rows, or parts of them: see `freshet.ops.ragged.indexing`."""
        from freshet.ops.ragged import indexing  # noqa: PLC0415

        return indexing.getitem(self, key)

    def __iter__(self) -> Iterator[Any]:
        rows = partition.row_count(self._row_splits)
        if rows is None:
            raise TypeError("cannot iterate over a ragged tensor whose number of rows is not known")
        return (self[i] for i in range(rows))

    def __bool__(self) -> NoReturn:
        raise TypeError("a RaggedTensor has no truth value; use ft.reduce_any or ft.reduce_all")

    def __repr__(self) -> str:
        if all(part._array is not None for part in self._components()):
            from freshet.ops.ragged import python_values  # noqa: PLC0415

            return f"<ft.RaggedTensor {python_values.text(self)}>"
        return f"ft.RaggedTensor(values={self._values!r}, row_splits={self._row_splits!r})"

    __str__ = __repr__


def join_components(components: Sequence[Any], uniforms: Sequence[int | None]) -> RaggedTensor:
    """Return flat values and nested row splits as one."""
    flat, *splits = components
    for level, uniform in zip(reversed(splits), reversed(uniforms), strict=True):
        flat = RaggedTensor._of(flat, level, uniform)
    return flat
