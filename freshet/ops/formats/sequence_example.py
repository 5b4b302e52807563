"""Parsing sequence examples: features of the whole, and features of each step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from freshet.core.dtypes import DType
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array
from freshet.ops.formats.columns import Column, Rows, arrays, types
from freshet.ops.formats.example import Packed, assembled, parsed_columns, plan, unpacked
from freshet.ops.formats.example_protos import feature_values, read
from freshet.ops.strings.host import (
    check_strings,
    host_primitive,
    single_string,
    string_tensor,
)

_NAME = "io.parse_single_sequence_example"


def _infer(serialized: TensorType, *defaults: TensorType, context: Packed, steps: Packed) -> Any:
    del defaults
    check_strings(_NAME, serialized)
    ahead = [t for c in unpacked(context) for t in types(c, 1, single=True)]
    return (*ahead, *(t for c in unpacked(steps) for t in types(c, None, single=False)))


def step_arrays(caller: str, column: Column, lists: Mapping[str, Any]) -> list[Array]:
    """Return a column's arrays; their first dimension is the steps of one example."""
    if column.key not in lists and column.kind == "dense" and not column.is_sorted:
        raise InvalidArgumentError(
            f"{caller}: the feature list {column.key!r} is required but not there; with "
            "allow_missing=True it may be empty"
        )

    def rows(key: str, dtype: DType) -> Rows:
        features = lists[key].feature if key in lists else []
        return [
            feature_values(feature, dtype, f"{caller}: step {number} of {key!r}")
            for number, feature in enumerate(features)
        ]

    try:
        return arrays(column, rows, None, single=False)
    except InvalidArgumentError as error:
        if error.message.startswith(caller):
            raise
        message = error.message.replace("example", "step")
        raise InvalidArgumentError(f"{caller}: {message}") from None


def _parse(
    serialized: Array, *defaults: Array, context: Packed, steps: Packed
) -> tuple[Array, ...]:
    message = read("SequenceExample", single_string(serialized), _NAME)
    features = message.context.feature
    lists = message.feature_lists.feature_list
    found = parsed_columns(context, [features], defaults, single=True, caller=_NAME)
    return (
        *found,
        *(array for column in unpacked(steps) for array in step_arrays(_NAME, column, lists)),
    )


parse_sequence_example_p = host_primitive("parse_sequence_example", _infer, _parse)


def parse_single_sequence_example(
    serialized: Any, context_features: Mapping[str, Any] | None = None,
    sequence_features: Mapping[str, Any] | None = None, example_name: Any = None,
    name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
    """Return the features of one sequence example.

    Args:
        serialized: A string of rank 0, a serialized `SequenceExample`.
        context_features: What is known of the whole; as for `parse_single_example`.
        sequence_features: What is known of each step: for each name a `FixedLenSequenceFeature`
            (one part a step), `VarLenFeature` or `RaggedFeature`.
        example_name: Ignored.
        name: Ignored.

    Returns:
        The context's features by name, and the sequences', whose first dimension is the steps.

    Raises:
        InvalidArgumentError: The string is no sequence example, or its features are not as
            specified.
    """
    del example_name, name
    if not context_features and not sequence_features:
        raise InvalidArgumentError(
            f"{_NAME}: give context_features or sequence_features, nothing would be parsed"
        )
    x = string_tensor(_NAME, serialized)
    if x.ndim:
        raise InvalidArgumentError(f"{_NAME}: expected a single string, received {x._type}")
    context = plan(_NAME, context_features or {})
    steps = plan(_NAME, sequence_features or {}, sequence=True)
    found = parse_sequence_example_p.apply(
        (x, *context.defaults), {"context": context.packed(), "steps": steps.packed()}
    )
    count = sum(len(types(c, None, single=True)) for c in context.columns)
    return (
        assembled(context, found[:count], single=True),
        assembled(steps, found[count:], single=False),
    )
