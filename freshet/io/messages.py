"""Protocol buffers declared in Python: no compiler, no generated file.

Every set of declarations has a descriptor pool of its own, so that messages named as TensorFlow
names them stand beside TensorFlow's in one process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_Proto: Final = descriptor_pb2.FieldDescriptorProto
_SCALARS: Final = {
    "double": _Proto.TYPE_DOUBLE,
    "float": _Proto.TYPE_FLOAT,
    "int32": _Proto.TYPE_INT32,
    "int64": _Proto.TYPE_INT64,
    "uint32": _Proto.TYPE_UINT32,
    "uint64": _Proto.TYPE_UINT64,
    "bool": _Proto.TYPE_BOOL,
    "string": _Proto.TYPE_STRING,
    "bytes": _Proto.TYPE_BYTES,
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message.

    Attributes:
        name: Its name.
        number: What stands for it in the bytes.
        type: A scalar type (``"int64"``), or the name of a message or enumeration of the same
            declaration (``"Summary.Value"``).
        repeated: Whether it is a list.
        oneof: Name of the group it belongs to, of which only one field is ever set.
        key: Of a map, the scalar type of its keys; `type` is then that of its values.
    """

    name: str
    number: int
    type: str
    repeated: bool = False
    oneof: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message: its fields, and the messages declared inside it."""

    name: str
    fields: tuple[Field, ...]
    nested: tuple[Message, ...] = ()


def message_classes(
    package: str, messages: Iterable[Message], enums: Mapping[str, Mapping[str, int]] | None = None
) -> dict[str, Any]:
    """Return a class for each message, by its name without the package.

    Args:
        package: What stands before the names.
        messages: What to declare, in proto3 syntax.
        enums: For each enumeration the numbers of its values, one of them 0 and first.

    Example:
        >>> point = Message("Point", (Field("x", 1, "int32"), Field("y", 2, "int32")))
        >>> Point = message_classes("example", [point])["Point"]
        >>> Point(x=1, y=300).SerializeToString().hex()
        '080110ac02'

    Source: the wire format is that of protobuf.dev/programming-guides/encoding.
    """
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package}.proto", package=package, syntax="proto3"
    )
    for name, values in (enums or {}).items():
        enum = file.enum_type.add(name=name)
        for value, number in values.items():
            enum.value.add(name=value, number=number)
    for message in messages:
        _describe(file.message_type.add(), message, package)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    classes = message_factory.GetMessageClassesForFiles([file.name], pool)
    return {name.removeprefix(f"{package}."): found for name, found in classes.items()}


def _describe(proto: Any, message: Message, package: str) -> None:
    proto.name = message.name
    groups: list[str] = []
    for field in message.fields:
        described = proto.field.add(name=field.name, number=field.number)
        several = field.repeated or field.key is not None
        described.label = _Proto.LABEL_REPEATED if several else _Proto.LABEL_OPTIONAL
        kind = field.type if field.key is None else _describe_map(proto, field, package)
        if kind in _SCALARS:
            described.type = _SCALARS[kind]
        else:
            described.type_name = f".{package}.{kind}"
        if field.oneof is not None:
            if field.oneof not in groups:
                groups.append(field.oneof)
                proto.oneof_decl.add(name=field.oneof)
            described.oneof_index = groups.index(field.oneof)
    for nested in message.nested:
        _describe(proto.nested_type.add(), nested, package)


def _describe_map(proto: Any, field: Field, package: str) -> str:
    """Declare the entries of a map, which is a list of them in the bytes; return their type."""
    name = "".join(part.capitalize() for part in field.name.split("_")) + "Entry"
    parts = (Field("key", 1, str(field.key)), Field("value", 2, field.type))
    entry = proto.nested_type.add()
    _describe(entry, Message(name, parts), package)
    entry.options.map_entry = True
    return f"{proto.name}.{name}"
