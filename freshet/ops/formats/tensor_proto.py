"""Tensors as bytes: TensorFlow's `TensorProto`."""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any, Final

import numpy as np

from freshet.core import context, dtypes
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import UNKNOWN_SHAPE, Dim, TensorShape, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.formats.varint import varint
from freshet.ops.strings.host import (
    check_strings,
    filled,
    host_primitive,
    single_string,
    string_tensor,
)

Shapes = tuple[tuple[Dim, ...] | None]
"""What `set_shape` said of the result."""

_LARGEST: Final = 1 << 31
"""Bytes of a tensor that is read: no message of protocol buffers is larger."""
_FIELDS: Final = {
    "float32": "float_val", "float64": "double_val", "int64": "int64_val", "bool": "bool_val",
    "uint32": "uint32_val", "uint64": "uint64_val", "complex64": "scomplex_val",
    "complex128": "dcomplex_val", "float16": "half_val", "bfloat16": "half_val",
}  # fmt: skip
"""Where values are listed; other integers are in `int_val`."""


@functools.cache
def _message() -> Any:
    """Return the class of messages, made when it is first needed."""
    from freshet.io.messages import Field, Message, message_classes  # noqa: PLC0415 (see above)

    values = [
        ("half_val", 13, "int32"), ("float_val", 5, "float"), ("double_val", 6, "double"),
        ("int_val", 7, "int32"), ("string_val", 8, "bytes"), ("scomplex_val", 9, "float"),
        ("int64_val", 10, "int64"), ("bool_val", 11, "bool"), ("dcomplex_val", 12, "double"),
        ("uint32_val", 16, "uint32"), ("uint64_val", 17, "uint64"),
    ]  # fmt: skip
    fields = (
        Field("dtype", 1, "int32"), Field("tensor_shape", 2, "TensorShapeProto"),
        Field("tensor_content", 4, "bytes"),
        *(Field(name, number, kind, repeated=True) for name, number, kind in values),
    )  # fmt: skip
    shape = (Field("dim", 2, "TensorShapeProto.Dim", repeated=True),
             Field("unknown_rank", 3, "bool"))  # fmt: skip
    size = Message("Dim", (Field("size", 1, "int64"), Field("name", 2, "string")))
    messages = [Message("TensorProto", fields), Message("TensorShapeProto", shape, (size,))]
    return message_classes("tensorflow", messages)["TensorProto"]


def tensor_bytes(array: Array, *, packed: bool = False) -> bytes:
    """Return an array as a serialized `TensorProto`.

    Args:
        array: Any array.
        packed: Whether strings, too, are one run of bytes: all lengths, then all strings.
    """
    kind = dtypes.of_array(array)
    proto = _message()(dtype=kind.as_datatype_enum)
    proto.tensor_shape.SetInParent()  # a scalar has a shape too: one without dimensions
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    if kind is not dtypes.string:
        proto.tensor_content = array.tobytes()
    elif packed:
        texts = array.reshape(-1).tolist()
        proto.tensor_content = b"".join([*(varint(len(text)) for text in texts), *texts])
    else:
        proto.string_val.extend(array.reshape(-1).tolist())
    return bytes(proto.SerializeToString())


def array_of_bytes(data: bytes) -> Array:
    """Return the array that a serialized `TensorProto` holds.

    Raises:
        InvalidArgumentError: The bytes are none, or contradict themselves.
    """
    from google.protobuf.message import DecodeError  # noqa: PLC0415 (20 ms)

    try:
        proto = _message().FromString(data)
    except DecodeError:
        raise InvalidArgumentError(f"{len(data)} bytes are no TensorProto") from None
    kind = _dtype(proto.dtype)
    shape = tuple(dim.size for dim in proto.tensor_shape.dim)
    if proto.tensor_shape.unknown_rank or any(size < 0 for size in shape):
        raise InvalidArgumentError(f"a TensorProto has the shape {shape}, which is none")
    count = math.prod(shape)
    if count * max(kind.size, 1) > _LARGEST:
        raise InvalidArgumentError(
            f"a TensorProto says it holds {count} elements of {kind.name}, more than a message can"
        )
    if proto.tensor_content and kind is dtypes.string:
        return filled(shape, _unpacked_strings(proto.tensor_content, count))
    if proto.tensor_content:
        if len(proto.tensor_content) != count * kind.size:
            raise InvalidArgumentError(
                f"a TensorProto of {kind.name} and shape {shape} holds "
                f"{len(proto.tensor_content)} bytes, not {count * kind.size}"
            )
        return np.frombuffer(proto.tensor_content, kind.as_numpy_dtype).reshape(shape).copy()
    return _listed(proto, kind, count).reshape(shape)


def _unpacked_strings(data: bytes, count: int) -> list[bytes]:
    """Return strings that stand one after the other, behind all their lengths."""
    lengths, at = [], 0
    for _ in range(min(count, len(data))):
        length, shift = 0, 0
        while at < len(data) and data[at] & 0x80 and shift < 63:
            length |= (data[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
        length |= (data[at] if at < len(data) else 0) << shift
        at += 1
        lengths.append(length)
    if len(lengths) != count or at + sum(lengths) != len(data):
        raise InvalidArgumentError(
            f"a TensorProto of {count} strings holds {len(data)} bytes that are not their lengths "
            "and characters"
        )
    ends = [at + end for end in itertools.accumulate(lengths)]
    return [data[end - length : end] for end, length in zip(ends, lengths, strict=True)]


def _dtype(number: int) -> DType:
    found = next((d for d in dtypes.ALL if d.as_datatype_enum == number), None)
    if found is None:
        raise InvalidArgumentError(f"a TensorProto has the dtype number {number}, which is none")
    return found


def _listed(proto: Any, kind: DType, count: int) -> Array:
    """Return listed values; the last one stands for all that are missing, 0 if there are none."""
    if kind is dtypes.string:
        items = list(proto.string_val)
        found = filled((len(items),), items)
    else:
        items = list(getattr(proto, _FIELDS.get(kind.name, "int_val")))
        if kind.is_complex:
            found = np.array(items, kind.real_dtype.as_numpy_dtype).view(kind.as_numpy_dtype)
        elif kind.is_floating and kind.bits == 16:
            found = np.array(items, np.uint16).view(kind.as_numpy_dtype)
        else:
            found = np.array(items, kind.as_numpy_dtype)
    if len(found) > count:
        raise InvalidArgumentError(
            f"a TensorProto of {count} elements of {kind.name} lists {len(found)} values"
        )
    if len(found) < count:
        last = found[-1] if len(found) else kind.zero
        rest = np.full(count - len(found), last, kind.as_numpy_dtype)
        found = np.concatenate([found, rest])
    return found


# --- operations -----------------------------------------------------------------------------------

serialize_tensor_p = host_primitive(
    "serialize_tensor", lambda x: TensorType(dtypes.string, ()),
    lambda x: filled((), [tensor_bytes(x)]),
)  # fmt: skip


def serialize_tensor(tensor: Any, name: str | None = None) -> Tensor:
    """Return a tensor with its dtype and shape as one string.

    Args:
        tensor: Any tensor.
        name: Ignored.

    Returns:
        A string of rank 0: a `TensorProto` as TensorFlow writes it.

    Example:
        >>> parse_tensor(serialize_tensor([[1.5, 2.5]]), "float32").numpy().tolist()
        [[1.5, 2.5]]

    Source: TensorFlow's tensor.proto.
    """
    del name
    return serialize_tensor_p(convert_to_tensor(tensor))


def _parsed_infer(serialized: TensorType, dtype: DType, shapes: Shapes) -> TensorType:
    check_strings("io.parse_tensor", serialized)
    if serialized.rank:
        raise InvalidArgumentError(
            f"io.parse_tensor: expected a single string, received {serialized}"
        )
    return TensorType(dtype, UNKNOWN_SHAPE if shapes[0] is None else shapes[0])


def _parsed(serialized: Array, dtype: DType, shapes: Shapes) -> Array:
    try:
        array = array_of_bytes(single_string(serialized))
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"io.parse_tensor: {error.message}") from None
    found = TensorType(dtypes.of_array(array), array.shape)
    if found.dtype != dtype:
        raise DTypeError(f"io.parse_tensor: the string holds {found}, out_type is {dtype.name}")
    if not TensorShape(shapes[0]).is_compatible_with(array.shape):
        raise InvalidArgumentError(
            f"io.parse_tensor: the string holds {found}, and {TensorShape(shapes[0])} was "
            "expected: say y.set_shape([...]) after it was made; None is an unknown size"
        )
    return array


parse_tensor_p = host_primitive("parse_tensor", _parsed_infer, _parsed)


def parse_tensor(serialized: Any, out_type: Any, name: str | None = None) -> Tensor:
    """Return the tensor that `serialize_tensor`, here or in TensorFlow, made a string of.

    Args:
        serialized: A string of rank 0.
        out_type: The tensor's dtype.
        name: Ignored.

    Returns:
        The tensor. Inside a traced function its rank is not known: say ``y.set_shape([...])``, or
        use `ft.ensure_shape` or `ft.reshape`, before an operation that needs it.

    Raises:
        InvalidArgumentError: The string is no tensor, or one of another dtype or shape than was
            said; inside a traced function when it runs.

    Example:
        >>> import freshet as ft
        >>> @ft.function(input_signature=[ft.TensorSpec([], ft.string)])
        ... def total(serialized):
        ...     return ft.reduce_sum(ft.reshape(parse_tensor(serialized, "float32"), [-1]))
        >>> float(total(serialize_tensor([[1.5, 2.5]])))
        4.0
    """
    del name
    kind = as_dtype(out_type)
    tensor = string_tensor("io.parse_tensor", serialized)
    if tensor._array is None:
        tensor._suppose_shape(())
        return parse_tensor_p(tensor, dtype=kind, shapes=(None,))
    with context.init_scope():  # a constant's shape is known while a function is traced
        return parse_tensor_p(tensor, dtype=kind, shapes=(None,))
