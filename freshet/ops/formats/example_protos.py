"""The messages `Example` and `SequenceExample`, and what is read from them.

A map of protocol buffers is a list of entries with a key and a value; it is declared as such.

Source: TensorFlow's example.proto and feature.proto.
"""

from __future__ import annotations

import functools
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


@functools.cache
def messages() -> dict[str, Any]:
    """Return the classes of messages, made when they are first needed."""
    from freshet.io.messages import Field, Message, message_classes  # noqa: PLC0415 (takes 20 ms)

    def entries(name: str, field: str, kind: str) -> Message:
        entry = Message("Entry", (Field("key", 1, "string"), Field("value", 2, kind)))
        return Message(name, (Field(field, 1, f"{name}.Entry", repeated=True),), (entry,))

    return message_classes("tensorflow", [
        Message("BytesList", (Field("value", 1, "bytes", repeated=True),)),
        Message("FloatList", (Field("value", 1, "float", repeated=True),)),
        Message("Int64List", (Field("value", 1, "int64", repeated=True),)),
        Message("Feature", (
            Field("bytes_list", 1, "BytesList", oneof="kind"),
            Field("float_list", 2, "FloatList", oneof="kind"),
            Field("int64_list", 3, "Int64List", oneof="kind"),
        )),
        entries("Features", "feature", "Feature"),
        Message("Example", (Field("features", 1, "Features"),)),
        Message("FeatureList", (Field("feature", 1, "Feature", repeated=True),)),
        entries("FeatureLists", "feature_list", "FeatureList"),
        Message("SequenceExample", (
            Field("context", 1, "Features"), Field("feature_lists", 2, "FeatureLists"),
        )),
    ])  # fmt: skip


def read(name: str, data: bytes, caller: str) -> Any:
    """Return the message that bytes hold.

    Raises:
        InvalidArgumentError: They hold none.
    """
    from google.protobuf.message import DecodeError  # noqa: PLC0415 (takes 20 ms)

    try:
        return messages()[name].FromString(data)
    except DecodeError:
        shown = data[:32]
        raise InvalidArgumentError(
            f"{caller}: {len(data)} bytes are no {name}, they begin with {shown!r}"
        ) from None


def features_of(message: Any) -> dict[str, Any]:
    """Return the features of an example by name; of several with one name, the last."""
    return {entry.key: entry.value for entry in message.feature}


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
