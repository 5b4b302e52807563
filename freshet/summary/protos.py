"""The messages of event files, with the names and numbers of TensorFlow's.

Only fields that Freshet writes are declared; protocol buffers keep the others as they are.

Source: TensorFlow's event.proto, summary.proto, tensor.proto, tensor_shape.proto, types.proto.
"""

from __future__ import annotations

from typing import Any, Final

from freshet.core import dtypes
from freshet.core.tensor import Array
from freshet.io.messages import Field, Message, message_classes

_MESSAGES: Final = (
    Message(
        "Event",
        (
            Field("wall_time", 1, "double"),  # seconds since 1970
            Field("step", 2, "int64"),
            Field("file_version", 3, "string", oneof="what"),
            Field("summary", 5, "Summary", oneof="what"),
            Field("source_metadata", 10, "SourceMetadata"),
        ),
    ),
    Message("SourceMetadata", (Field("writer", 1, "string"),)),
    Message(
        "Summary",
        (Field("value", 1, "Summary.Value", repeated=True),),
        nested=(
            Message(
                "Value",
                (
                    Field("tag", 1, "string"),
                    Field("tensor", 8, "TensorProto", oneof="value"),
                    Field("metadata", 9, "SummaryMetadata"),
                ),
            ),
        ),
    ),
    Message(
        "SummaryMetadata",
        (
            Field("plugin_data", 1, "SummaryMetadata.PluginData"),
            Field("display_name", 2, "string"),
            Field("summary_description", 3, "string"),
        ),
        nested=(
            Message(
                "PluginData", (Field("plugin_name", 1, "string"), Field("content", 2, "bytes"))
            ),
        ),
    ),
    Message(
        "TensorProto",
        (
            Field("dtype", 1, "DataType"),
            Field("tensor_shape", 2, "TensorShapeProto"),
            Field("tensor_content", 4, "bytes"),
            Field("string_val", 8, "bytes", repeated=True),
        ),
    ),
    Message(
        "TensorShapeProto",
        (Field("dim", 2, "TensorShapeProto.Dim", repeated=True),),
        nested=(Message("Dim", (Field("size", 1, "int64"), Field("name", 2, "string"))),),
    ),
)
_TENSORFLOW_NAMES: Final = {"float32": "FLOAT", "float64": "DOUBLE", "float16": "HALF"}
_DATA_TYPES: Final = {"DT_INVALID": 0} | {
    f"DT_{_TENSORFLOW_NAMES.get(d.name, d.name.upper())}": d.as_datatype_enum for d in dtypes.ALL
}

_CLASSES: Final = message_classes("tensorflow", _MESSAGES, {"DataType": _DATA_TYPES})
Event: Final = _CLASSES["Event"]
SummaryMetadata: Final = _CLASSES["SummaryMetadata"]


def fill_tensor_proto(proto: Any, array: Array) -> None:
    """Put an array into an empty `TensorProto`: strings one by one, numbers as their bytes."""
    dtype = dtypes.of_array(array)
    proto.dtype = dtype.as_datatype_enum
    proto.tensor_shape.SetInParent()  # a scalar has a shape too: one without dimensions
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    if dtype == dtypes.string:
        proto.string_val.extend(array.reshape(-1).tolist())
    else:
        proto.tensor_content = array.tobytes()
