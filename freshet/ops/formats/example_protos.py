"""What is read from the messages `Example` and `SequenceExample`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType
from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Array
from freshet.ops.strings.host import filled

LISTS: Final = {"bytes_list": dtypes.string, "float_list": dtypes.float32,
                "int64_list": dtypes.int64}  # fmt: skip


def read(name: str, data: bytes, caller: str) -> Any:
    """Return the message that bytes hold.

    Raises:
        InvalidArgumentError: They hold none.
    """
    from google.protobuf.message import DecodeError  # noqa: PLC0415 (takes 20 ms)

    from freshet.io import example_messages  # noqa: PLC0415 (io stands above operations)

    try:
        return getattr(example_messages, name).FromString(data)
    except DecodeError:
        shown = data[:32]
        raise InvalidArgumentError(
            f"{caller}: {len(data)} bytes are no {name}, they begin with {shown!r}"
        ) from None


def values_of(features: Mapping[str, Any], key: str, dtype: DType, where: str) -> Array | None:
    """Return the values of a feature, None if it is not there or has no kind.

    Raises:
        InvalidArgumentError: They have another dtype.
    """
    feature = features.get(key)
    return None if feature is None else feature_values(feature, dtype, f"{where}feature {key!r}")


def feature_values(feature: Any, dtype: DType, where: str) -> Array | None:
    """Return the values of one feature, None if it has no kind.

    Raises:
        InvalidArgumentError: They have another dtype.
    """
    kind = feature.WhichOneof("kind")
    if kind is None:
        return None
    if LISTS[kind] is not dtype:
        raise InvalidArgumentError(f"{where} holds {LISTS[kind].name}, expected {dtype.name}")
    items = getattr(feature, kind).value
    if dtype is dtypes.string:
        return filled((len(items),), list(items))
    return np.array(items, dtype.as_numpy_dtype)
