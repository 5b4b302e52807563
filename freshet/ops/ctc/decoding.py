"""Labels out of the logits of connectionist temporal classification, and labels without doubles."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.ctc.loss import _log_softmax
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.sparse.sparse_tensor import SparseTensor

_NONE = NoGradient("labels are whole numbers")
_HOST = Host("how many labels there are depends on data")
_SPARSE = (
    TensorType(dtypes.int64, (None, 2)), TensorType(dtypes.int64, (None,)),
    TensorType(dtypes.int64, (2,)),
)  # fmt: skip


def _sparse(rows: list[list[int]]) -> tuple[Array, Array, Array]:
    """Return lists of numbers as the parts of a sparse matrix."""
    places = [(i, j) for i, row in enumerate(rows) for j in range(len(row))]
    values = [number for row in rows for number in row]
    longest = max((len(row) for row in rows), default=0)
    return (
        np.array(places, np.int64).reshape(-1, 2), np.array(values, np.int64),
        np.array([len(rows), longest], np.int64),
    )  # fmt: skip


def _inputs(name: str, inputs: TensorLike, sequence_length: TensorLike) -> tuple[Tensor, Tensor]:
    x = convert_to_tensor(inputs)
    length = m.cast(convert_to_tensor(sequence_length), dtypes.int64)
    if not x.dtype.is_floating or x.ndim != 3 or length.ndim != 1:
        raise InvalidArgumentError(
            f"{name}: expected inputs float[time, batch, classes] and a vector of lengths, "
            f"received {x._type} and {length._type}"
        )
    return x, length


def _check_lengths(name: str, x: Array, length: Array) -> None:
    if len(length) != x.shape[1] or np.any(length > x.shape[0]):
        raise InvalidArgumentError(
            f"{name}: sequence_length {length.tolist()} does not fit {x.shape[0]} times and a "
            f"batch of {x.shape[1]}"
        )


# --- the best path --------------------------------------------------------------------------------


def _greedy_reference(x: Array, length: Array, merge: bool, blank: int) -> tuple[Array, ...]:
    _check_lengths("ctc_greedy_decoder", x, length)
    best = np.argmax(x, -1)
    rows: list[list[int]] = []
    for b, count in enumerate(length.tolist()):
        path = best[:count, b].tolist()
        kept = [
            c for i, c in enumerate(path)
            if c != blank % x.shape[2] and not (merge and i and path[i - 1] == c)
        ]  # fmt: skip
        rows.append(kept)
    inside = np.arange(x.shape[0])[:, None] < length
    total = -np.sum(np.where(inside, np.max(x, -1), 0), 0)
    return (*_sparse(rows), total[:, None].astype(x.dtype))


greedy_p: Primitive = Primitive(
    name="ctc_greedy_decoder",
    infer=lambda x, length, merge, blank: (*_SPARSE, TensorType(x.dtype, (x.shape[1], 1))),
    reference=_greedy_reference, gradient=_NONE, lower=_HOST,
)  # fmt: skip


def ctc_greedy_decoder(
    inputs: TensorLike, sequence_length: TensorLike, merge_repeated: bool = True,
    blank_index: int | None = None,
) -> tuple[list[SparseTensor], Tensor]:  # fmt: skip
    """Return the labels of the most probable path.

    Args:
        inputs: float[time, batch, classes], logits.
        sequence_length: Integers[batch], how many times count.
        merge_repeated: Whether a class that repeats without a blank in between counts once.
        blank_index: The class of the blank; the last by default.

    Returns:
        A list of one sparse matrix of int64 labels, a row per example, and float[batch, 1], the
        negative sum of the path's logits.

    Raises:
        InvalidArgumentError: The shapes do not fit.

    Example:
        >>> logits = [[[5.0, 0.0, 1.0]], [[4.0, 0.0, 1.0]], [[0.0, 0.0, 1.0]], [[2.0, 0.0, 1.0]]]
        >>> found, total = ctc_greedy_decoder(logits, [4])
        >>> found[0].values.numpy().tolist(), float(total[0, 0])
        ([0, 0], -12.0)
    """
    x, length = _inputs("ctc_greedy_decoder", inputs, sequence_length)
    blank = -1 if blank_index is None else int(blank_index)
    indices, values, shape, total = greedy_p.apply(
        (x, length), {"merge": bool(merge_repeated), "blank": blank}
    )
    return [SparseTensor(indices, values, shape)], total


# --- the best labels ------------------------------------------------------------------------------


def _beams(log_p: Array, width: int, top: int) -> list[tuple[float, tuple[int, ...]]]:
    """Return the most probable label sequences of one example, by prefix search.

    Each prefix has the log probability of its paths that end in a blank and of those that do not.
    """
    blank = log_p.shape[1] - 1
    beams: dict[tuple[int, ...], tuple[float, float]] = {(): (0.0, -np.inf)}
    for step in log_p.tolist():
        grown: dict[tuple[int, ...], tuple[float, float]] = {}

        def add(prefix: tuple[int, ...], quiet: float, loud: float, grown: Any = grown) -> None:
            a, b = grown.get(prefix, (-np.inf, -np.inf))
            grown[prefix] = float(np.logaddexp(a, quiet)), float(np.logaddexp(b, loud))

        for prefix, (quiet, loud) in beams.items():
            both = float(np.logaddexp(quiet, loud))
            add(prefix, both + step[blank], loud + step[prefix[-1]] if prefix else -np.inf)
            for c in range(blank):
                before = quiet if prefix and prefix[-1] == c else both
                add((*prefix, c), -np.inf, before + step[c])
        ranked = sorted(grown.items(), key=lambda item: -np.logaddexp(*item[1]))
        beams = dict(ranked[:width])
    found = sorted(((float(np.logaddexp(*p)), k) for k, p in beams.items()), reverse=True)
    return found[:top]


def _beam_reference(x: Array, length: Array, width: int, top: int) -> tuple[Array, ...]:
    _check_lengths("ctc_beam_search_decoder", x, length)
    log_p = _log_softmax(x.astype(np.float64))
    rows: list[list[list[int]]] = [[] for _ in range(top)]
    total = np.zeros((x.shape[1], top))
    for b, count in enumerate(length.tolist()):
        found = _beams(log_p[:count, b], width, top)
        if len(found) < top:
            raise InvalidArgumentError(
                f"ctc_beam_search_decoder: only {len(found)} sequences are kept, fewer than the "
                f"top_paths={top} asked for"
            )
        for k, (score, labels) in enumerate(found):
            rows[k].append(list(labels))
            total[b, k] = score
    parts = [part for k in range(top) for part in _sparse(rows[k])]
    return (*parts, total.astype(x.dtype))


beam_p: Primitive = Primitive(
    name="ctc_beam_search_decoder",
    infer=lambda x, length, width, top: (
        *_SPARSE * top, TensorType(x.dtype, (x.shape[1], top)),
    ),
    reference=_beam_reference, gradient=_NONE, lower=_HOST,
)  # fmt: skip


def ctc_beam_search_decoder(
    inputs: TensorLike, sequence_length: TensorLike, beam_width: int = 100, top_paths: int = 1
) -> tuple[list[SparseTensor], Tensor]:
    """Return the most probable labels, each summed over the paths that collapse to it.

    Args:
        inputs: float[time, batch, classes], logits; the last class is the blank.
        sequence_length: Integers[batch], how many times count.
        beam_width: How many beginnings are kept after each time.
        top_paths: How many label sequences to return.

    Returns:
        A sparse matrix of int64 labels for each rank, a row per example, and their log
        probabilities, float[batch, top_paths].

    Raises:
        InvalidArgumentError: The shapes do not fit, or more paths are asked for than kept.

    Example:
        >>> found, score = ctc_beam_search_decoder([[[0.0, 9.0, 0.0]], [[9.0, 0.0, 0.0]]], [2])
        >>> found[0].values.numpy().tolist()
        [1, 0]

    Source: Graves et al. 2006, "Connectionist temporal classification", section 3.2.
    """
    x, length = _inputs("ctc_beam_search_decoder", inputs, sequence_length)
    top = int(top_paths)
    if not 1 <= top <= int(beam_width):
        raise InvalidArgumentError(
            f"ctc_beam_search_decoder: top_paths must be in [1, beam_width={beam_width}], received "
            f"{top_paths}"
        )
    *parts, total = beam_p.apply((x, length), {"width": int(beam_width), "top": top})
    return [SparseTensor(*parts[3 * k : 3 * k + 3]) for k in range(top)], total


# --- labels without doubles -----------------------------------------------------------------------


def _collapse_reference(labels: Array, length: Array) -> tuple[Array, Array]:
    rows = [
        [c for i, c in enumerate(row[:n]) if not i or row[i - 1] != c]
        for row, n in zip(labels.tolist(), length.tolist(), strict=True)
    ]
    counts = np.array([len(row) for row in rows], length.dtype)
    result = np.zeros((len(rows), int(np.max(counts, initial=0))), labels.dtype)
    for i, row in enumerate(rows):
        result[i, : len(row)] = row
    return result, counts


collapse_p: Primitive = Primitive(
    name="collapse_repeated",
    infer=lambda labels, length: (TensorType(labels.dtype, (labels.shape[0], None)), length),
    reference=_collapse_reference, gradient=_NONE, lower=_HOST,
)  # fmt: skip


def collapse_repeated(
    labels: TensorLike, seq_length: TensorLike, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Return each row of labels without repetitions that follow each other.

    Args:
        labels: Integers[batch, longest].
        seq_length: Integers[batch], how many of each row count.
        name: Ignored.

    Returns:
        Integers[batch, longest row that is left], filled with 0, and the new lengths.

    Example:
        >>> found, length = collapse_repeated([[1, 1, 2, 2, 1], [3, 3, 3, 4, 4]], [5, 3])
        >>> found.numpy().tolist(), length.numpy().tolist()
        ([[1, 2, 1], [3, 0, 0]], [3, 1])
    """
    rows, length = convert_to_tensor(labels), convert_to_tensor(seq_length)
    if rows.ndim != 2 or length.ndim != 1:
        raise InvalidArgumentError(
            "collapse_repeated: expected labels [batch, longest] and a vector of lengths, received "
            f"{rows._type} and {length._type}"
        )
    found, counts = collapse_p.apply((rows, length), {})
    return found, counts


def _unique_reference(labels: Array) -> tuple[Array, Array]:
    unique, places = np.zeros(labels.shape, np.int64), np.zeros(labels.shape, np.int32)
    for i, row in enumerate(labels.tolist()):
        first = {c: n for n, c in enumerate(dict.fromkeys(row))}
        unique[i, : len(first)] = list(first)
        places[i] = [first[c] for c in row]
    return unique, places


unique_p: Primitive = Primitive(
    name="ctc_unique_labels",
    infer=lambda labels: tuple(
        TensorType(kind, labels.shape) for kind in (dtypes.int64, dtypes.int32)
    ),
    reference=_unique_reference, gradient=_NONE, lower=Host("each place depends on those before"),
)  # fmt: skip


def ctc_unique_labels(labels: TensorLike, name: str | None = None) -> tuple[Tensor, Tensor]:
    """Return each row's different labels, and for each label its place among them.

    Args:
        labels: Integers[batch, longest].
        name: Ignored.

    Returns:
        int64[batch, longest], filled with 0, and int32[batch, longest].

    Example:
        >>> unique, places = ctc_unique_labels([[3, 4, 4, 3]])
        >>> unique.numpy().tolist(), places.numpy().tolist()
        ([[3, 4, 0, 0]], [[0, 1, 1, 0]])
    """
    rows = convert_to_tensor(labels)
    if rows.ndim != 2 or not rows.dtype.is_integer:
        raise InvalidArgumentError(
            f"ctc_unique_labels: expected integers[batch, longest], received {rows._type}"
        )
    unique, places = unique_p.apply((rows,), {})
    return unique, places
