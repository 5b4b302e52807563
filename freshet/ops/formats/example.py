"""Parsing examples: from strings to tensors by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorShape, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.formats.columns import Column, Rows, arrays, types
from freshet.ops.formats.example_protos import read, values_of
from freshet.ops.formats.features import (
    PARTITIONS,
    FixedLenFeature,
    FixedLenSequenceFeature,
    RaggedFeature,
    SparseFeature,
    VarLenFeature,
)
from freshet.ops.strings.host import (
    check_strings,
    count_argument,
    host_primitive,
    string_tensor,
)
from freshet.ops.strings.rows import ragged

Packed = tuple[tuple[Any, ...], ...]
"""Columns as plain tuples, which print."""


# --- from features to columns ---------------------------------------------------------------------


class Plan(NamedTuple):
    """What is parsed: names, a column each, and the defaults that columns have."""

    names: list[str]
    columns: list[Column]
    defaults: list[Tensor]

    def packed(self) -> Packed:
        """Return the columns as a parameter of a primitive."""
        return tuple(tuple(column) for column in self.columns)


def plan(caller: str, features: Mapping[str, Any], *, sequence: bool = False) -> Plan:
    """Return what is to be parsed.

    Args:
        caller: Who asks.
        features: A specification for each name.
        sequence: Whether they are lists of features, one for each step.

    Raises:
        InvalidArgumentError: A specification is none, or contradicts itself.
    """
    names = sorted(features, key=str)
    columns, defaults = [], []
    for name in names:
        where = f"{caller}: feature {name!r}"
        column, default = _column(where, str(name), features[name], sequence)
        if column.dtype not in {dtypes.float32, dtypes.int64, dtypes.string}:
            raise DTypeError(
                f"{where}: dtype must be float32, int64 or string, received {column.dtype.name}"
            )
        if default is not None:
            defaults.append(_default(where, default, column))
        columns.append(column._replace(default=default is not None))
    return Plan(list(names), columns, defaults)


def _column(where: str, name: str, feature: Any, sequence: bool) -> tuple[Column, Any]:
    if sequence and isinstance(feature, (FixedLenFeature, SparseFeature)):
        raise InvalidArgumentError(
            f"{where}: {type(feature).__name__} is not for sequences; use FixedLenSequenceFeature, "
            "VarLenFeature or RaggedFeature"
        )
    if isinstance(feature, FixedLenFeature):
        kind = Column("dense", name, as_dtype(feature.dtype), _shape(where, feature.shape))
        return kind, feature.default_value
    if isinstance(feature, FixedLenSequenceFeature):
        return _sequence_column(where, name, feature, sequence)
    if isinstance(feature, VarLenFeature):
        return Column("sparse", name, as_dtype(feature.dtype)), None
    if isinstance(feature, SparseFeature):
        keys = [feature.index_key] if isinstance(feature.index_key, str) else feature.index_key
        sizes = tuple(int(n) for n in np.asarray(feature.size).reshape(-1))
        if len(sizes) != len(keys):
            raise InvalidArgumentError(
                f"{where}: {len(keys)} index keys and {len(sizes)} sizes, one each is needed"
            )
        column = Column("indexed", feature.value_key, as_dtype(feature.dtype), sizes)
        return column._replace(indices=tuple(keys), is_sorted=bool(feature.already_sorted)), None
    if isinstance(feature, RaggedFeature):
        return _ragged_column(where, name, feature), None
    raise InvalidArgumentError(
        f"{where}: expected a FixedLenFeature, FixedLenSequenceFeature, VarLenFeature, "
        f"SparseFeature or RaggedFeature, received {feature!r}"
    )


def _sequence_column(
    where: str, name: str, feature: FixedLenSequenceFeature, sequence: bool
) -> tuple[Column, Any]:
    column = Column("padded", name, as_dtype(feature.dtype), _shape(where, feature.shape))
    if not sequence:
        if not feature.allow_missing:
            raise InvalidArgumentError(
                f"{where}: a FixedLenSequenceFeature needs allow_missing=True here: examples with "
                "fewer parts are filled up"
            )
        return column, feature.default_value
    # In a sequence each step has one part; `is_sorted` says that the whole may be missing.
    return column._replace(kind="dense", is_sorted=bool(feature.allow_missing)), None


def _ragged_column(where: str, name: str, feature: RaggedFeature) -> Column:
    partitions = []
    for partition in feature.partitions:
        if type(partition) not in PARTITIONS:
            raise InvalidArgumentError(
                f"{where}: a partition is one of RaggedFeature.RowSplits, RowLengths, RowStarts, "
                f"RowLimits, ValueRowIds and UniformRowLength, received {partition!r}"
            )
        partitions.append((PARTITIONS[type(partition)], partition[0]))
    splits = as_dtype(feature.row_splits_dtype)
    if splits not in {dtypes.int32, dtypes.int64}:
        raise DTypeError(
            f"{where}: row_splits_dtype must be int32 or int64, received {splits.name}"
        )
    # Lengths that are all the same, innermost, are dimensions of the values.
    inner: list[int] = []
    while partitions and partitions[-1][0] == "uniform":
        inner.insert(0, count_argument(where, "a row's length", partitions.pop()[1]))
    column = Column("ragged", feature.value_key or name, as_dtype(feature.dtype), tuple(inner))
    return column._replace(partitions=tuple(partitions), splits=splits)


def _shape(where: str, shape: Any) -> tuple[int, ...]:
    sizes = TensorShape(shape)
    if None in sizes:
        raise InvalidArgumentError(
            f"{where}: the shape {sizes} is not known; use FixedLenSequenceFeature for any number "
            "of parts"
        )
    return tuple(int(size) for size in sizes if size is not None)


def _default(where: str, value: Any, column: Column) -> Tensor:
    tensor = convert_to_tensor(value, dtype_hint=column.dtype)
    if tensor.dtype != column.dtype:
        raise DTypeError(
            f"{where}: default_value must be {column.dtype.name}, received {tensor._type}"
        )
    wanted = TensorShape(column.shape).num_elements() if column.kind == "dense" else 1
    if tensor.shape.num_elements() not in {wanted, None}:
        raise InvalidArgumentError(
            f"{where}: default_value needs {wanted} values, received {tensor._type}"
        )
    return tensor


# --- primitives -----------------------------------------------------------------------------------


def unpacked(columns: Packed) -> list[Column]:
    """Return the columns that a primitive's parameter stands for."""
    return [Column(*column) for column in columns]


def parsed_columns(
    columns: Packed, examples: Sequence[Mapping[str, Any]], defaults: Sequence[Array],
    *, single: bool, caller: str,
) -> list[Array]:  # fmt: skip
    """Return the arrays of all columns, one column after the other."""

    def rows(key: str, dtype: dtypes.DType) -> Rows:
        return [
            values_of(features, key, dtype, f"{caller}: example {number}: ")
            for number, features in enumerate(examples)
        ]

    found: list[Array] = []
    left = iter(defaults)
    for column in unpacked(columns):
        default = next(left) if column.default else None
        try:
            found += arrays(column, rows, default, single=single)
        except InvalidArgumentError as error:
            if error.message.startswith(caller):
                raise
            raise InvalidArgumentError(f"{caller}: {error.message}") from None
    return found


def _parse_infer(serialized: TensorType, *defaults: TensorType, columns: Packed) -> Any:
    del defaults
    check_strings("io.parse_example", serialized)
    if serialized.rank > 1:
        raise InvalidArgumentError(
            f"io.parse_example: expected a string or a vector of strings, received {serialized}"
        )
    single = not serialized.rank
    count = 1 if single else serialized.shape[0]
    return tuple(t for c in unpacked(columns) for t in types(c, count, single=single))


def _parse(serialized: Array, *defaults: Array, columns: Packed) -> tuple[Array, ...]:
    caller = "io.parse_example"
    examples = [read("Example", data, caller).features.feature for data in serialized.reshape(-1)]
    return tuple(
        parsed_columns(columns, examples, defaults, single=not serialized.ndim, caller=caller)
    )


parse_example_p = host_primitive("parse_example", _parse_infer, _parse)


# --- public functions -----------------------------------------------------------------------------


def assembled(plan: Plan, tensors: Sequence[Tensor], *, single: bool) -> dict[str, Any]:
    """Return what was parsed, by name: tensors, sparse tensors and ragged tensors."""
    found: dict[str, Any] = {}
    at = 0
    for name, column in zip(plan.names, plan.columns, strict=True):
        size = len(types(column, None, single=single))
        parts = tensors[at : at + size]
        at += size
        if column.kind == "ragged":
            found[name] = ragged(parts[0], parts[1:])
        elif size == 3:
            from freshet.ops.sparse.sparse_tensor import SparseTensor  # noqa: PLC0415 (if needed)

            found[name] = SparseTensor(*parts)
        else:
            found[name] = parts[0]
    return found


def parse_example(
    serialized: Any, features: Mapping[str, Any], example_names: Any = None,
    name: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return the features of examples.

    Args:
        serialized: Strings[n], each a serialized `Example`; or a single one.
        features: For each name a `FixedLenFeature`, `FixedLenSequenceFeature`, `VarLenFeature`,
            `SparseFeature` or `RaggedFeature`.
        example_names: Ignored.
        name: Ignored.

    Returns:
        By name, tensors, sparse or ragged tensors whose first dimension is the examples; of a
        single one, without that dimension.

    Raises:
        InvalidArgumentError: A string is no example, or its features are not as specified.

    Example:
        >>> from freshet.ops.formats.example_json import decode_json_example
        >>> text = '{"features": {"feature": {"x": {"int64List": {"value": [1, 2]}}}}}'
        >>> parsed = parse_example([decode_json_example(text).numpy()],
        ...                        {"x": FixedLenFeature([2], "int64")})
        >>> parsed["x"].numpy().tolist()
        [[1, 2]]

    Source: TensorFlow's example.proto and feature.proto.
    """
    del example_names, name
    caller = "io.parse_example"
    if not features:
        raise InvalidArgumentError(f"{caller}: features is empty, nothing would be parsed")
    wanted = plan(caller, features)
    x = string_tensor(caller, serialized)
    found = parse_example_p.apply((x, *wanted.defaults), {"columns": wanted.packed()})
    return assembled(wanted, found, single=not x.ndim)


def parse_single_example(
    serialized: Any, features: Mapping[str, Any], example_names: Any = None,
    name: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return the features of one example.

    Args:
        serialized: A string of rank 0, a serialized `Example`.
        features: As for `parse_example`.
        example_names: Ignored.
        name: Ignored.

    Returns:
        As `parse_example`, without the dimension of the examples.

    Raises:
        InvalidArgumentError: The string is no example, or its features are not as specified.
    """
    del example_names, name
    x = string_tensor("io.parse_single_example", serialized)
    if x.ndim:
        raise InvalidArgumentError(
            f"io.parse_single_example: expected a single string, received {x._type}"
        )
    return parse_example(x, features)
