"""Parsing several sequence examples at once: short ones are filled up, or their rows end early."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import Dim, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.formats.columns import Column, types
from freshet.ops.formats.example import Packed, assembled, parsed_columns, plan, unpacked
from freshet.ops.formats.example_protos import read
from freshet.ops.formats.sequence_example import parse_single_sequence_example, step_arrays
from freshet.ops.math import cast
from freshet.ops.shaping import shape
from freshet.ops.sparse.sparse_tensor import SparseTensor
from freshet.ops.strings.host import check_strings, host_primitive, string_tensor
from freshet.ops.strings.rows import ragged

_NAME = "io.parse_sequence_example"


def _types(column: Column, count: Dim) -> list[TensorType]:
    """Return the types of a column's tensors; of a dense one also the numbers of steps."""
    if column.kind == "dense":
        values = TensorType(column.dtype, (count, None, *column.shape))
        return [values, TensorType(dtypes.int64, (count,))]
    if column.kind == "sparse":
        return [
            TensorType(dtypes.int64, (None, 3)),
            TensorType(column.dtype, (None,)),
            TensorType(dtypes.int64, (3,)),
        ]
    values, *splits = types(column, None, single=False)
    outer = TensorType(column.splits, (None if count is None else count + 1,))
    return [values, outer, *splits]


def _merged(column: Column, found: list[list[Array]]) -> list[Array]:
    """Return the arrays of all examples, given those of each."""
    if column.kind == "dense":
        return _filled_up(column, [parts[0] for parts in found])
    if column.kind == "sparse":
        nothing = np.empty((0, 3), np.int64)
        lead = [np.full((len(parts[0]), 1), i, np.int64) for i, parts in enumerate(found)]
        places = [np.hstack([n, parts[0]]) for n, parts in zip(lead, found, strict=True)]
        sizes = np.max([np.zeros(2, np.int64), *(parts[2] for parts in found)], axis=0)
        values = [np.empty(0, column.dtype.as_numpy_dtype), *(parts[1] for parts in found)]
        return [
            np.concatenate([nothing, *places]),
            np.concatenate(values),
            np.array([len(found), *sizes], np.int64),
        ]
    values = [
        np.empty((0, *column.shape), column.dtype.as_numpy_dtype), *(p[0] for p in found)
    ]  # fmt: skip
    depth = 1 + len(column.partitions)
    lengths = [[len(parts[1]) - 1 for parts in found]]
    for level in range(1, depth + 1):
        lengths.append([n for parts in found for n in np.diff(parts[level])])
    splits = [np.cumsum([0, *level], dtype=np.int64) for level in lengths]
    return [np.concatenate(values), *splits]


def _filled_up(column: Column, arrays: list[Array]) -> list[Array]:
    counts = [len(array) for array in arrays]
    sizes = (len(arrays), max(counts, default=0), *column.shape)
    found = np.full(sizes, column.dtype.zero, column.dtype.as_numpy_dtype)
    for row, array in zip(found, arrays, strict=True):
        row[: len(array)] = array
    return [found, np.array(counts, np.int64)]


def _infer(serialized: TensorType, *defaults: TensorType, context: Packed, steps: Packed) -> Any:
    del defaults
    check_strings(_NAME, serialized)
    count = serialized.shape[0]
    ahead = [t for column in unpacked(context) for t in types(column, count, single=False)]
    return (*ahead, *(t for column in unpacked(steps) for t in _types(column, count)))


def _parse(
    serialized: Array, *defaults: Array, context: Packed, steps: Packed
) -> tuple[Array, ...]:
    messages = [read("SequenceExample", data, _NAME) for data in serialized]
    features = [message.context.feature for message in messages]
    found = parsed_columns(context, features, defaults, single=False, caller=_NAME)
    lists = [message.feature_lists.feature_list for message in messages]
    for column in unpacked(steps):
        found += _merged(column, [step_arrays(_NAME, column, mine) for mine in lists])
    return tuple(found)


parse_sequence_examples_p = host_primitive("parse_sequence_examples", _infer, _parse)


def parse_sequence_example(
    serialized: Any, context_features: Mapping[str, Any] | None = None,
    sequence_features: Mapping[str, Any] | None = None, example_names: Any = None,
    name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:  # fmt: skip
    """Return the features of several sequence examples.

    Args:
        serialized: Strings[n], each a serialized `SequenceExample`; or a single one.
        context_features: What is known of the whole; as for `parse_example`.
        sequence_features: What is known of each step: for each name a `FixedLenSequenceFeature`
            (one part a step; shorter sequences are filled up), `VarLenFeature` or `RaggedFeature`.
        example_names: Ignored.
        name: Ignored.

    Returns:
        The context's features by name; the sequences', whose first dimensions are the examples and
        the steps; and for each `FixedLenSequenceFeature` how many steps there are, int64[n].

    Raises:
        InvalidArgumentError: A string is no sequence example, or its features are not as specified.
    """
    del example_names, name
    if not context_features and not sequence_features:
        raise InvalidArgumentError(
            f"{_NAME}: give context_features or sequence_features, nothing would be parsed"
        )
    x = string_tensor(_NAME, serialized)
    if x.ndim > 1:
        raise InvalidArgumentError(f"{_NAME}: expected a vector of strings, received {x._type}")
    steps = plan(_NAME, sequence_features or {}, sequence=True)
    if not x.ndim:
        both = parse_single_sequence_example(x, context_features, sequence_features)
        dense = [n for n, c in zip(steps.names, steps.columns, strict=True) if c.kind == "dense"]
        return (*both, {n: cast(shape(both[1][n])[0], dtypes.int64) for n in dense})
    context = plan(_NAME, context_features or {})
    parts = iter(
        parse_sequence_examples_p.apply(
            (x, *context.defaults), {"context": context.packed(), "steps": steps.packed()}
        )
    )
    count = sum(len(types(column, None, single=False)) for column in context.columns)
    whole = assembled(context, list(itertools.islice(parts, count)), single=False)
    sequences: dict[str, Any] = {}
    lengths: dict[str, Tensor] = {}
    for key, column in zip(steps.names, steps.columns, strict=True):
        mine = list(itertools.islice(parts, len(_types(column, None))))
        if column.kind == "dense":
            sequences[key], lengths[key] = mine
        elif column.kind == "sparse":
            sequences[key] = SparseTensor(*mine)
        else:
            sequences[key] = ragged(mine[0], mine[1:])
    return whole, sequences, lengths
