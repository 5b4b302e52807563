"""`IndexedSlices`: rows of a tensor that is 0 elsewhere, such as the gradient of an embedding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, final

from freshet.core import context, dtypes
from freshet.core.composite import CompositeTensor
from freshet.core.dtypes import DType
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorShape
from freshet.core.source import within
from freshet.core.tensor import Array, Operand, Tensor
from freshet.ops import gathering, lookup, shaping
from freshet.ops import math as m
from freshet.ops.checks import check_in_range
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.primitive import Call


@final
class IndexedSlices(CompositeTensor, Operand):
    """Rows of a tensor that is 0 in all others; a row that is named twice is a sum.

    ``x[indices[i], ...] += values[i, ...]``

    A tape gives one as the gradient of a variable that was only read through `ft.gather` and
    `ft.nn.embedding_lookup`. `ft.convert_to_tensor`, every operation and every optimizer take it
    for the tensor that it stands for.

    Args:
        values: The rows.
        indices: Which rows they are: whole numbers, one for each.
        dense_shape: Shape of the whole tensor, where it is known.

    Example:
        >>> import freshet as ft
        >>> table = ft.Variable([[1.0], [2.0], [3.0]])
        >>> with ft.GradientTape() as tape:
        ...     y = ft.reduce_sum(ft.gather(table, [2, 0]) ** 2)
        >>> g = tape.gradient(y, table)
        >>> g.indices.numpy().tolist(), g.values.numpy().tolist()
        ([2, 0], [[6.0], [2.0]])
        >>> ft.convert_to_tensor(g).numpy().tolist()
        [[2.0], [0.0], [6.0]]
    """

    __slots__ = ("__weakref__", "_dense_shape", "_known", "_like", "_part", "_parts")

    _as_plain: ClassVar[str] = "ft.convert_to_tensor(x)"

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        rows = convert_to_tensor(values)
        places = convert_to_tensor(indices)
        if not places.ndim or not places.dtype.is_integer:
            raise InvalidArgumentError(
                f"IndexedSlices: indices must be a vector of whole numbers, received {places._type}"
            )
        lead = rows.shape[: places.ndim]
        if rows.ndim < places.ndim or not lead.is_compatible_with(places.shape):
            raise InvalidArgumentError(
                f"IndexedSlices: {places._type} indices for {rows._type} values; there must be one "
                "for each"
            )
        self._parts: tuple[tuple[Tensor, Tensor], ...] = ((rows, places),)
        self._dense_shape = None if dense_shape is None else convert_to_tensor(dense_shape)
        self._like: Tensor | None = None
        self._part = ""
        self._known: dict[str, tuple[Any, Tensor]] = {}

    @classmethod
    def _of_gathers(
        cls, parts: Sequence[tuple[Tensor, Tensor]], like: Tensor, part: str
    ) -> IndexedSlices:
        """Return the sum of the gradients of gathers from `like`, whose indices have any shape.

        `part` is the part of a model whose gradient it is.
        """
        slices = object.__new__(cls)
        slices._parts, slices._like, slices._part = tuple(parts), like, part
        slices._dense_shape, slices._known = None, {}
        return slices

    @property
    def values(self) -> Tensor:
        """The rows."""
        rank = self.ndim
        return self._once(
            "values", lambda: _joined([_flat(v, v.ndim - rank + 1) for v, _ in self._parts])
        )

    @property
    def indices(self) -> Tensor:
        """Which rows they are."""
        if self._like is None:
            return self._parts[0][1]
        return self._once("indices", self._joined_indices)

    def _joined_indices(self) -> Tensor:
        places = [_flat(i, i.ndim) for _, i in self._parts]
        if len({i.dtype for i in places}) > 1:
            places = [m.cast(i, dtypes.int64) for i in places]
        return _joined(places)

    @property
    def dense_shape(self) -> Tensor | None:
        """Shape of the whole tensor; None if it is not known."""
        like = self._like
        if like is None:
            return self._dense_shape
        return self._once("dense_shape", lambda: shaping.shape(like))

    def _once(self, name: str, make: Callable[[], Tensor]) -> Tensor:
        """Return what was made before in the same trace; after the trace, what was made in it."""
        tracer = context.state.tracer
        found = self._known.get(name)
        if found is None or tracer not in {None, found[0]}:
            found = self._known[name] = tracer, make()
        return found[1]

    @property
    def shape(self) -> TensorShape:
        """Shape of the whole tensor, as far as it is known without running anything."""
        if self._like is not None:
            return self._like.shape
        if self._dense_shape is not None and self._dense_shape._array is not None:
            return TensorShape([int(n) for n in self._dense_shape._array])
        return TensorShape([None, *self._parts[0][0].shape[1:]])

    def get_shape(self) -> TensorShape:
        """Return `shape`; kept for TensorFlow 1.x programs."""
        return self.shape

    @property
    def dtype(self) -> DType:
        """Dtype of the rows."""
        return self._parts[0][0].dtype

    @property
    def ndim(self) -> int:
        """Number of dimensions of the whole tensor."""
        return self._parts[0][0].ndim if self._like is None else self._like.ndim

    @property
    def device(self) -> str:
        """Where the rows are: always the CPU."""
        return self._parts[0][0].device

    def numpy(self) -> Any:
        """Return the whole tensor as a NumPy array."""
        return self._dense().numpy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self._dense().__array__(dtype, copy)

    def __neg__(self) -> Any:
        return IndexedSlices(-self.values, self.indices, self.dense_shape)

    def __repr__(self) -> str:
        return f"<ft.IndexedSlices shape={self.shape} indices={self.indices!r}>"

    # --- as a composite ---------------------------------------------------------------------------

    def _dense(self) -> Tensor:
        """Return the whole tensor."""
        if self._like is None:
            if self._dense_shape is None:
                raise InvalidArgumentError(
                    "convert_to_tensor: IndexedSlices without a dense_shape are not a whole tensor"
                )
            return _whole(*self._parts[0], self._dense_shape)
        with within(self._part):
            total: Tensor | None = None
            for grad, places in self._parts:
                call = Call((self._like, places), (), {"axis": 0})
                share = lookup.gather_gradient(call, grad)
                total = share if total is None else total + share
        assert total is not None
        return total

    def _components(self) -> Sequence[Tensor]:
        shape = self.dense_shape
        return (self.values, self.indices, *(() if shape is None else (shape,)))

    def _with_components(self, components: Sequence[Any]) -> IndexedSlices:
        return IndexedSlices(*components)

    def _static(self) -> tuple[str]:
        return ("IndexedSlices",)


def _whole(rows: Tensor, places: Tensor, dense_shape: Tensor) -> Tensor:
    """Return zeros with rows added at places."""
    if dense_shape._array is None or not rows.dtype.is_floating:
        return gathering.scatter_nd(shaping.expand_dims(places, 1), rows, dense_shape)
    sizes = tuple(int(n) for n in dense_shape._array)
    known = check_in_range("IndexedSlices", "index", places, 0, sizes[0])
    # As gradients of gathers are made: compiled updates of a variable find its rows in it.
    # 16-bit floats are rounded once, not in every addition.
    wide = m.cast(rows, dtypes.float32) if rows.dtype.bits == 16 else rows
    return m.cast(lookup.gather_adjoint_p(wide, known, axis=0, shape=sizes), rows.dtype)


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else shaping.concat(parts, 0)


def _flat(tensor: Tensor, dimensions: int) -> Tensor:
    """Return a tensor with its first dimensions as one."""
    if dimensions == 1:
        return tensor
    rest = tensor.shape[dimensions:]
    if None not in rest:
        return shaping.reshape(tensor, [-1, *rest])
    return shaping.reshape(tensor, shaping.concat([[-1], shaping.shape(tensor)[dimensions:]], 0))
