"""Data for `fit`, `evaluate` and `predict`: arrays or an iterable, as batches of arrays."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from freshet.core.buffers import aligned_empty
from freshet.core.errors import InvalidArgumentError
from freshet.core.nest import flatten, is_nested, map_structure, packer
from freshet.core.tensor import Array, Tensor
from freshet.core.variable import Variable

DEFAULT_BATCH_SIZE = 32


@dataclass(frozen=True)
class Batch:
    """One batch: a structure ``(x, y, sample_weight)`` of arrays, None where there is none."""

    data: tuple[Any, Any, Any]

    @property
    def size(self) -> int:
        """Number of examples."""
        leaves = [leaf for leaf in flatten(self.data[0]) if leaf is not None]
        return len(leaves[0]) if leaves and leaves[0].ndim else 1

    @functools.cached_property
    def arrays(self) -> list[Array]:
        """The arrays, in order."""
        return [leaf for leaf in flatten(self.data) if leaf is not None]

    @functools.cached_property
    def form(self) -> Any:
        """What the batch is made of: the same arrays may be x and y or x alone."""
        return _form(self.data)

    @functools.cached_property
    def signature(self) -> Any:
        """What a step is traced for: the form, dtypes and shapes."""
        return (self.form, *[(a.dtype, a.shape) for a in self.arrays])


def _form(data: Any) -> Any:
    if isinstance(data, dict):
        return ("dict", *[(key, _form(data[key])) for key in sorted(data)])
    if isinstance(data, (list, tuple)):
        return (type(data).__name__, *[_form(item) for item in data])
    return data is None


def as_array(value: Any, what: str) -> Array:
    """Return a value of `fit`'s arguments as an array.

    Raises:
        InvalidArgumentError: It is no array of numbers or strings.
    """
    if isinstance(value, (Tensor, Variable)):
        return np.asarray(value.numpy())
    try:
        array = np.asarray(value)
    except ValueError:  # NumPy's words speak of its own insides
        raise InvalidArgumentError(
            f"{what}: expected an array of numbers, received lists of different lengths"
        ) from None
    if array.dtype.kind == "O":
        raise InvalidArgumentError(
            f"{what}: expected an array of numbers, received objects of type "
            f"{type(value).__name__} whose elements differ in length or kind"
        )
    return array


def as_arrays(value: Any, what: str) -> Any:
    """Return an argument's arrays in its own structure; a list of numbers is one array."""
    if value is None:
        return None
    if isinstance(value, dict) or (isinstance(value, (list, tuple)) and _holds_arrays(value)):
        if not is_nested(value):
            value = list(value)
        return map_structure(lambda leaf: as_array(leaf, what), value)
    return as_array(value, what)


def _holds_arrays(value: Sequence[Any]) -> bool:
    return bool(value) and all(
        hasattr(leaf, "shape") and getattr(leaf, "ndim", 0) > 0 for leaf in value
    )


class ArrayData:
    """Arrays in memory, cut into batches.

    Args:
        x: Inputs, one array or a structure of them; the first dimension counts the examples.
        y: Targets.
        sample_weight: Weight of each example.
        batch_size: Examples of a batch; the last one may be smaller.
        order: ``epoch -> order of the examples``; None for the order they have.

    Raises:
        InvalidArgumentError: There are no examples, or arrays of different lengths.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        sample_weight: Any,
        batch_size: int | None,
        order: Callable[[int], Array] | None = None,
    ) -> None:
        self.structure = (x, y, sample_weight)
        self.batch_size = DEFAULT_BATCH_SIZE if batch_size is None else batch_size
        if not isinstance(self.batch_size, (int, np.integer)) or self.batch_size < 1:
            raise InvalidArgumentError(
                f"batch_size must be a positive integer, received {batch_size!r}"
            )
        self._arrays: list[Array] = [leaf for leaf in flatten(self.structure) if leaf is not None]
        lengths = {
            f"{name}": sorted({len(leaf) if leaf.ndim else 0 for leaf in flatten(part)})
            for name, part in zip(("x", "y", "sample_weight"), self.structure, strict=True)
            if part is not None
        }
        if len({n for found in lengths.values() for n in found}) > 1:
            raise InvalidArgumentError(
                "the arrays have different numbers of examples: "
                + ", ".join(f"{k} has {' and '.join(map(str, v))}" for k, v in lengths.items())
            )
        self.examples = len(self._arrays[0]) if self._arrays and self._arrays[0].ndim else 0
        if self.examples == 0:
            shapes = [a.shape for a in self._arrays]
            raise InvalidArgumentError(f"there are no examples: the data has shapes {shapes}")
        self._order = order
        self._leaves = flatten(self.structure)
        self._pack = packer(self.structure)
        self._buffers: dict[int, Batch] = {}

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return math.ceil(self.examples / self.batch_size)

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of an epoch. A batch's arrays are overwritten by the next one's."""
        order = self._order(epoch) if self._order is not None else None
        for start in range(0, self.examples, self.batch_size):
            stop = min(start + self.batch_size, self.examples)
            if order is None:
                yield self._batch([a[start:stop] for a in self._arrays])
            else:
                yield self._gathered(order[start:stop])

    def _batch(self, arrays: list[Array]) -> Batch:
        given = iter(arrays)
        return Batch(self._pack([None if leaf is None else next(given) for leaf in self._leaves]))

    def _gathered(self, rows: Array) -> Batch:
        batch = self._buffers.get(len(rows))
        if batch is None:
            shapes = [(len(rows), *a.shape[1:]) for a in self._arrays]
            pairs = zip(shapes, self._arrays, strict=True)
            batch = self._batch([aligned_empty(s, a.dtype) for s, a in pairs])
            self._buffers[len(rows)] = batch
        for array, buffer in zip(self._arrays, batch.arrays, strict=True):
            array.take(rows, 0, buffer, "clip")  # clip: no check, rows are ours
        return batch


class IterableData:
    """Batches from an iterable of ``x``, ``(x, y)`` or ``(x, y, sample_weight)``.

    Args:
        source: Something to iterate over; one that can be iterated over again is, each epoch.
        steps: Batches of an epoch; until the end by default.
    """

    def __init__(self, source: Iterable[Any], steps: int | None) -> None:
        self._source = source
        self._steps = steps
        self._running: Iterator[Any] | None = None
        length = getattr(source, "__len__", None)
        self._known = length() if length is not None else None

    @property
    def steps(self) -> int | None:
        """Batches in an epoch, None if that shows only at its end."""
        return self._steps if self._steps is not None else self._known

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of an epoch."""
        del epoch
        count = 0
        # With a fixed number of steps an epoch goes on where the last one stopped.
        if self._running is None or self._steps is None:
            self._running = _iterator(self._source)
        while self._steps is None or count < self._steps:
            try:
                item = next(self._running)
            except StopIteration:
                self._running = None
                break
            count += 1
            yield Batch(unpack_x_y_sample_weight(_arrays_of(item)))
        if count == 0:
            raise InvalidArgumentError("there are no examples: the data gave no batch")


def _iterator(source: Any) -> Iterator[Any]:
    if hasattr(source, "__iter__") or not hasattr(source, "__len__"):
        return iter(source)
    # Python would ask such a sequence for items until it raises IndexError; many never do.
    return (source[number] for number in range(len(source)))


def _arrays_of(item: Any) -> Any:
    return map_structure(
        lambda leaf: None if leaf is None else as_array(leaf, "a batch of the data"), item
    )


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Return ``(x, y, sample_weight)`` of what a batch is: x alone or a tuple of up to three."""
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise InvalidArgumentError(
            f"a batch must be x, (x, y) or (x, y, sample_weight), received a tuple of {len(data)}"
        )
    padded = (*data, None, None)
    return padded[0], padded[1], padded[2]


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Return a batch as Keras programs take it apart: x alone, (x, y) or (x, y, sample_weight)."""
    if sample_weight is not None:
        return x, y, sample_weight
    if y is not None:
        return x, y
    return (x,) if isinstance(x, (list, tuple)) else x


def make_data(
    x: Any,
    y: Any,
    sample_weight: Any,
    batch_size: int | None,
    steps: int | None,
    order: Callable[[int], Array] | None = None,
    class_weight: dict[int, float] | None = None,
) -> ArrayData | IterableData:
    """Return the batches that `fit`'s arguments describe."""
    if x is None:
        raise InvalidArgumentError("x is missing: expected arrays or an iterable of batches")
    if _is_source(x):
        if y is not None or sample_weight is not None:
            raise InvalidArgumentError(
                "x yields batches of (x, y, sample_weight): y and sample_weight must not be given"
            )
        return IterableData(x, steps)
    arrays = as_arrays(x, "x"), as_arrays(y, "y"), as_arrays(sample_weight, "sample_weight")
    weights = arrays[2]
    if class_weight:
        weights = _class_weights(arrays[1], class_weight, weights)
    return ArrayData(arrays[0], arrays[1], weights, batch_size, order)


def _is_source(x: Any) -> bool:
    array_like = isinstance(x, (np.ndarray, Tensor, Variable, list, tuple, dict)) or hasattr(
        x, "__array__"
    )
    return not array_like and (hasattr(x, "__iter__") or hasattr(x, "__getitem__"))


def _class_weights(y: Any, class_weight: dict[int, float], weights: Any) -> Array:
    if not isinstance(y, np.ndarray):
        raise InvalidArgumentError("class_weight needs one array of targets")
    labels = y.argmax(-1) if y.ndim > 1 and y.shape[-1] > 1 else y.reshape(len(y), -1)[:, 0]
    own = np.ones(len(y), np.float32)
    for label, weight in class_weight.items():
        own[labels == int(label)] = weight
    return own if weights is None else own * weights


def split_validation(arrays: Any, fraction: float) -> tuple[Any, Any]:
    """Return the first part of every array and the rest, which is `fraction` of it.

    Raises:
        InvalidArgumentError: `fraction` is outside (0, 1), or one of the parts is empty.
    """
    if not 0 < fraction < 1:
        raise InvalidArgumentError(f"validation_split must be between 0 and 1, received {fraction}")
    leaves = [leaf for leaf in flatten(arrays) if leaf is not None]
    if any(isinstance(leaf, str) or not hasattr(leaf, "__len__") for leaf in leaves):
        raise InvalidArgumentError("validation_split needs arrays; give validation_data instead")
    total = len(leaves[0])
    cut = math.floor(total * (1 - fraction))
    if cut in (0, total):
        raise InvalidArgumentError(
            f"validation_split={fraction} leaves no examples to "
            f"{'train on' if cut == 0 else 'validate with'}: there are {total}"
        )

    def part(rows: slice) -> Any:
        return map_structure(lambda leaf: None if leaf is None else leaf[rows], arrays)

    return part(slice(0, cut)), part(slice(cut, total))
