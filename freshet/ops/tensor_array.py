"""`TensorArray`: a list of tensors of one dtype that loops write to.

Eagerly, and while a traced function writes at known places, it is a Python list. In a loop it is
one tensor, the *buffer*, ``[capacity, ...]``, of which each write replaces a row; an array that
grows (``dynamic_size=True``) also counts how many of its rows are in use, and `while_loop` gives it
as many as the loop, and those in it, will write.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from freshet.core import context, dtypes
from freshet.core.composite import CompositeTensor
from freshet.core.dtypes import as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError, OutOfRangeError
from freshet.core.shapes import TensorShape, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops import scalar, shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.gathering import gather
from freshet.ops.index import Index
from freshet.ops.nest import Check, Nest, identity, o
from freshet.ops.primitive import Call, NoGradient, Primitive
from freshet.ops.static import static_value

# --- one row --------------------------------------------------------------------------------------


def _set_row_infer(x: TensorType, index: TensorType, row: TensorType) -> TensorType:
    fits = x.rank == row.rank + 1 and all(
        m is None or n is None or m == n for m, n in zip(x.shape[1:], row.shape, strict=False)
    )
    if x.dtype != row.dtype or not fits:
        raise InvalidArgumentError(f"TensorArray: an element of {x} is written as {row}")
    sizes = tuple(a if a is not None else b for a, b in zip(x.shape[1:], row.shape, strict=True))
    return TensorType(x.dtype, (x.shape[0], *sizes))


def _set_row_reference(x: Array, index: Array, row: Array) -> Array:
    result = x.copy()
    if 0 <= index < len(x):
        result[index] = row
    return result


def _set_row_lower(x: TensorType, index: TensorType, row: TensorType) -> Nest:
    del index
    element = tuple(Index(o(d + 1)) for d in range(row.rank))
    here = scalar.coordinate(o(0))

    def body(old: scalar.Expr, at: scalar.Expr, new: scalar.Expr) -> scalar.Expr:
        same = scalar.compare("eq", here, scalar.cast(at, dtypes.int64))
        return scalar.select(same, new, old)

    return Nest(operands=(identity(x.rank), (), element), body=body, keeps=0)


def _without_row(call: Call, grad: Tensor) -> Tensor:
    return set_row_p(grad, call.y, shaping.zeros_like(call.inputs[2]))


set_row_p: Primitive = Primitive(
    name="set_row", infer=_set_row_infer, reference=_set_row_reference,
    gradient=(_without_row, None, lambda c, g: gather(g, c.y)), lower=_set_row_lower,
)  # fmt: skip
"""``y = x`` but for ``y[index] = row``; nothing where the index is outside."""


def _check_row_reference(index: Array, x: Array) -> Array:
    if not 0 <= index < len(x):
        raise OutOfRangeError(
            f"TensorArray: index {index} is outside [0, {len(x)}); give the array a larger size, "
            "or dynamic_size=True"
        )
    return index


def _check_row_fails(index: TensorType, x: TensorType) -> Nest:
    size = x.static_shape[0]

    def body(at: scalar.Expr, _: Any) -> scalar.Expr:
        wide = scalar.cast(at, dtypes.int64)
        low, high = scalar.compare("lt", wide, 0), scalar.compare("ge", wide, size)
        return scalar.make("bit_or", (low, high), dtypes.bool_)

    return Nest(operands=((), None), body=body)


check_row_p: Primitive = Primitive(
    name="check_row", infer=lambda index, x: index, reference=_check_row_reference,
    gradient=NoGradient("indices are whole numbers"), lower=Check(_check_row_fails),
)  # fmt: skip


# --- the array ------------------------------------------------------------------------------------


class TensorArray(CompositeTensor):
    """A list of tensors of one dtype, written and read one by one.

    Args:
        dtype: Of the elements.
        size: How many there are; with `dynamic_size`, how many at first. 0 by default.
        dynamic_size: Whether writing behind the end makes it longer.
        clear_after_read: Ignored; kept for TensorFlow programs, as the next three are.
        tensor_array_name: Ignored.
        handle: Ignored.
        flow: Ignored.
        infer_shape: Whether all elements must have one shape, that of the first one written.
        element_shape: That shape, if it is known before.
        colocate_with_first_write_call: Ignored.
        name: Ignored.

    Example:
        >>> array = TensorArray("float32", size=2)
        >>> array.write(0, 1.0).write(1, 2.0).stack().numpy().tolist()
        [1.0, 2.0]
    """

    __slots__ = (
        "_buffer", "_count", "_has_room", "_infer_shape", "_items", "_length", "_measured",
        "_shape", "dtype", "dynamic_size",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913, PLR0917 (TensorFlow's signature)
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        handle: Any = None,
        flow: Any = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ) -> None:
        self.dtype = as_dtype(dtype)
        self.dynamic_size = bool(dynamic_size)
        self._infer_shape = infer_shape
        declared = TensorShape(element_shape)
        self._shape = None if declared.rank is None else declared
        self._buffer: Tensor | None = None
        self._count: Tensor | None = None
        self._length: Tensor | None = None  # of a buffer that waits for the elements' shape
        self._measured: list[tuple[Any, Tensor]] = []
        self._has_room = False  # whether a loop around made it as long as it will ever be
        self._items: list[Tensor | None] = []
        length = convert_to_tensor(0 if size is None else size)
        known = _known_index(length)
        if known is not None:
            self._items = [None] * known
        else:
            self._length = m.cast(length, "int32")
            if self._shape is not None and None not in self._shape:
                self._buffer = self._blank(list(self._shape))

    def _blank(self, shape: Sequence[Any]) -> Tensor:
        """Return a buffer of as many zeros as only the run knows, and count its rows."""
        assert self._length is not None
        self._count = self._length if self.dynamic_size else None
        return shaping.zeros([self._length, *shape], self.dtype)

    @property
    def element_shape(self) -> TensorShape | None:
        """Shape of the elements; None while it is not known."""
        return self._shape

    @property
    def flow(self) -> Tensor:
        """A number that nothing uses; kept for TensorFlow 1.x programs."""
        return convert_to_tensor(0.0)

    @property
    def handle(self) -> None:
        """None; kept for TensorFlow 1.x programs."""
        return

    def size(self, name: str | None = None) -> Tensor:
        """Return how many elements there are, an int32."""
        if self._buffer is None:
            return convert_to_tensor(len(self._items)) if self._length is None else self._length
        if self._count is not None:
            return self._count
        return shaping.shape(self._buffer)[0]

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """Return the array with an element replaced. Keep the result: ``array = array.write(...)``.

        Args:
            index: A whole number, or a tensor of one.
            value: What is written there.
            name: Ignored.

        Raises:
            OutOfRangeError: The index is behind the end, and the array does not grow.
            InvalidArgumentError: The value has another dtype or shape than the elements.
        """
        place = convert_to_tensor(index)
        known = _known_index(place)
        if known is not None and self._buffer is None and self._length is None:
            self._check_index(known)
            return self._written(known, self._element(value))
        tensor = self._element(value)
        array = self._buffered(tensor)
        assert array._buffer is not None
        inside = check_row_p(place, array._buffer)
        result = array._like(set_row_p(array._buffer, inside, tensor))
        if array._count is not None:
            result._count = m.maximum(array._count, m.cast(place, "int32") + 1)
        return result

    def _element(self, value: Any) -> Tensor:
        tensor = convert_to_tensor(value, dtype_hint=self.dtype)
        if tensor.dtype != self.dtype:
            raise DTypeError(
                f"TensorArray: the elements are {self.dtype.name}, received {tensor._type}"
            )
        tensor._suppose_shape(() if self._shape is None else self._shape)
        if self._infer_shape or self._buffer is not None:
            if self._shape is not None and not self._shape.is_compatible_with(tensor.shape):
                raise InvalidArgumentError(
                    f"TensorArray: the elements have shape {self._shape}, received {tensor._type}"
                )
            if self._shape is None:
                self._shape = tensor.shape
            if None in self._shape and self._sizes is None:
                self._learn_sizes(shaping.shape(tensor))
        return tensor

    def _check_index(self, index: int) -> None:
        if index < 0 or (index >= len(self._items) and not self.dynamic_size):
            raise OutOfRangeError(
                f"TensorArray: index {index} is outside [0, {len(self._items)}); give the array a "
                "larger size, or dynamic_size=True"
            )

    def _written(self, index: int, tensor: Tensor) -> TensorArray:
        # TensorFlow's eager array changes as well as being returned: programs rely on it.
        items = self._items if context.executing_eagerly() else list(self._items)
        items.extend([None] * (index + 1 - len(items)))
        items[index] = tensor
        result = self._like(None)
        result._items = items
        return result

    def _like(self, buffer: Tensor | None) -> TensorArray:
        """Return an array of the same kind with this buffer."""
        other: TensorArray = object.__new__(TensorArray)
        other.dtype, other.dynamic_size = self.dtype, self.dynamic_size
        other._infer_shape, other._shape = self._infer_shape, self._shape
        other._buffer, other._count, other._items = buffer, self._count, []
        other._length = self._length if buffer is None else None
        other._measured = self._measured
        other._has_room = self._has_room
        return other

    def _buffered(self, like: Tensor | None = None) -> TensorArray:
        """Return the array with a buffer."""
        if self._buffer is not None:
            return self
        if self._shape is None and like is not None:
            self._shape = like.shape
        if self._length is not None:
            return self._like(self._blank(self._element_sizes(like)))
        result = self._like(self._stacked(like))
        if self.dynamic_size:
            result._count = convert_to_tensor(np.int32(len(self._items)))
        return result

    @property
    def _sizes(self) -> Tensor | None:
        """The elements' shape where only the run knows it, if a tensor that can be used says so."""
        tracer = context.state.tracer
        while tracer is not None:
            found = self._sizes_within(tracer)
            if found is not None:
                return found
            tracer = tracer.around
        return None

    def _sizes_within(self, tracer: Any) -> Tensor | None:
        """Return the elements' shape as a tensor of one graph, if that has been learned there.

        All that is made of an array by writing shares what has been learned.
        """
        return next((sizes for where, sizes in self._measured if where is tracer), None)

    def _learn_sizes(self, sizes: Tensor) -> None:
        """Learn the elements' shape, as a tensor of the graph that is being traced."""
        self._measured.append((context.state.tracer, sizes))

    def _element_sizes(self, like: Tensor | None = None) -> list[Any]:
        """Return the sizes of an element, those that only the run knows as tensors."""
        sizes = self._sizes if like is None else shaping.shape(like)
        if self._shape is None or (None in self._shape and sizes is None):
            raise InvalidArgumentError(
                "TensorArray: an element was not written, and the elements' shape is not known; "
                "give element_shape"
            )
        return [
            n if n is not None or sizes is None else sizes[d] for d, n in enumerate(self._shape)
        ]

    def _stacked(self, like: Tensor | None = None) -> Tensor:
        if not self._items:
            known = self._shape is not None and (like is not None or self._sizes is not None)
            sizes = self._element_sizes(like) if known else self._shape or ()
            return shaping.zeros([0, *(0 if n is None else n for n in sizes)], self.dtype)
        if all(item is None for item in self._items):
            return shaping.zeros([len(self._items), *self._element_sizes(like)], self.dtype)
        # Neighbours that were not written are one tensor of zeros, however many they are.
        runs = []
        for blank, group in groupby(self._items, lambda item: item is None):
            run = list(group)
            if blank:
                runs.append(shaping.zeros([len(run), *self._element_sizes(like)], self.dtype))
            else:
                runs.append(shaping.stack([item for item in run if item is not None]))
        return runs[0] if len(runs) == 1 else shaping.concat(runs, 0)

    def _zeros(self) -> Tensor:
        return shaping.zeros(self._element_sizes(), self.dtype)

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """Return an element; one that was never written is zeros.

        Raises:
            OutOfRangeError: There is no such element.
        """
        place = convert_to_tensor(index)
        known = _known_index(place)
        if self._buffer is None and self._length is None and known is not None:
            if not 0 <= known < len(self._items):
                raise OutOfRangeError(
                    f"TensorArray: index {known} is outside [0, {len(self._items)})"
                )
            item = self._items[known]
            return self._zeros() if item is None else item
        buffer = self._buffered()._buffer
        assert buffer is not None
        return gather(buffer, check_row_p(place, buffer))

    def stack(self, name: str | None = None) -> Tensor:
        """Return all elements in one tensor, ``[size, ...]``."""
        array = self if self._buffer is not None or self._length is None else self._buffered()
        if array._buffer is None:
            return array._stacked()
        if array._count is not None:
            return array._buffer[: array._count]
        return array._buffer

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """Return some elements in one tensor, in the order of `indices`."""
        return gather(self.stack(), indices)

    def concat(self, name: str | None = None) -> Tensor:
        """Return the elements joined along their first dimension."""
        written = self._length is None and all(item is not None for item in self._items)
        if self._buffer is None and written:
            return shaping.concat([i for i in self._items if i is not None], 0)
        rows = self.stack()
        sizes = shaping.shape(rows)
        joined = shaping.concat([sizes[:1] * sizes[1:2], sizes[2:]], 0)
        return shaping.reshape(rows, joined)

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """Return the array with the rows of a tensor as its elements."""
        tensor = convert_to_tensor(value, dtype_hint=self.dtype)
        if tensor.dtype != self.dtype:
            raise DTypeError(
                f"TensorArray: the elements are {self.dtype.name}, received {tensor._type}"
            )
        if not tensor.shape:
            raise InvalidArgumentError("TensorArray.unstack: a tensor of rank 0 has no rows")
        result = self._like(tensor)
        result._measured, result._has_room = [], False
        result._shape = TensorShape(tensor.shape[1:])
        result._count = shaping.shape(tensor)[0] if self.dynamic_size else None
        return result

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """Return the array with the rows of a tensor written at `indices`."""
        places, rows = convert_to_tensor(indices), convert_to_tensor(value, dtype_hint=self.dtype)
        if places.shape[0] is None:
            raise InvalidArgumentError("TensorArray.scatter: the number of indices must be known")
        result = self
        for number in range(places.shape[0]):
            result = result.write(places[number], rows[number])
        return result

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """Return the array with a tensor's rows, so many at a time, as its elements."""
        parts = shaping.split(value, np.asarray(convert_to_tensor(lengths)).tolist())
        result = self._like(None)
        result._infer_shape, result._shape = False, None
        result._measured, result._has_room = [], False
        result._items = list(parts)
        return result

    def identity(self) -> TensorArray:
        """Return the array."""
        return self

    def close(self, name: str | None = None) -> None:
        """Do nothing; kept for TensorFlow 1.x programs."""

    def mark_used(self) -> None:
        """Do nothing; kept for TensorFlow 1.x programs."""

    def __repr__(self) -> str:
        length: Any = len(self._items) if self._length is None else None
        if self._buffer is not None:
            length = self._buffer.shape[0]
        return (
            f"<ft.TensorArray dtype={self.dtype.name} size={length} "
            f"element_shape={self._shape} dynamic_size={self.dynamic_size}>"
        )

    # --- as a structure of tensors ----------------------------------------------------------------

    def _components(self) -> Sequence[Tensor]:
        if self._is_blank() and (self._shape is None or self._is_unmeasured()):
            return ()  # nothing is known of its elements yet
        array = self._buffered()
        assert array._buffer is not None
        return (array._buffer,) if array._count is None else (array._buffer, array._count)

    def _with_components(self, components: Sequence[Any]) -> TensorArray:
        if not components:
            return self
        result = self._like(components[0])
        result._shape = TensorShape(components[0].shape[1:])
        result._count = components[1] if len(components) > 1 else None
        return result

    def _static(self) -> tuple[Any, ...]:
        return ("TensorArray", self.dtype.name, self.dynamic_size)

    def _is_blank(self) -> bool:
        return self._buffer is None and all(item is None for item in self._items)

    def _is_unmeasured(self) -> bool:
        """Return whether the elements have sizes that only the run knows, and no tensor says."""
        open_shape = self._shape is not None and None in self._shape
        return open_shape and self._sizes is None and self._is_blank()

    def _completed(self, like: TensorArray) -> TensorArray:
        """Return the array knowing the shape of its elements, where another one does."""
        if self._shape is None:
            self._shape = like._shape
        return self

    def _with_room(self, count: Tensor) -> TensorArray:
        """Return the array with room for so many elements in all."""
        array = self._buffered()
        assert array._buffer is not None
        rows = array._buffer.shape[0]
        own = shaping.shape(array._buffer)[0] if rows is None else np.int32(rows)
        return array._grown(m.maximum(count - own, 0))

    def _grown(self, steps: Tensor) -> TensorArray:
        """Return the array with room for so many more elements."""
        array = self._buffered()
        assert array._buffer is not None
        shape = shaping.shape(array._buffer)
        sizes = [shape[d] if n is None else n for d, n in enumerate(array._buffer.shape)]
        zeros = shaping.zeros([steps, *sizes[1:]], self.dtype)
        return array._like(shaping.concat([array._buffer, zeros], 0))


def _known_index(index: Tensor) -> int | None:
    """Return an index that is known while tracing."""
    value = static_value(index)
    return None if value is None else int(value)
