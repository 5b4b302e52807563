"""Strings that hold data in some format: raw numbers, base 64, CSV, tensors, JSON."""

from __future__ import annotations

import base64
import csv
import gzip
import zlib
from typing import Any

import numpy as np

from database.record import Operation, Sparse, case, error, strings
from database.strings_text import EMPTY, GRID, WORDS, each, scalar


def raw(x: Any, out_type: str, little_endian: bool = True, fixed_length: Any = None) -> Any:
    kind = np.dtype(out_type).newbyteorder("<" if little_endian else ">")
    texts = x.reshape(-1).tolist()
    if fixed_length is not None:
        texts = [t[:fixed_length].ljust(fixed_length, b"\0") for t in texts]
    rows = [np.frombuffer(t, kind).astype(out_type) for t in texts]
    return np.array(rows, out_type).reshape(*x.shape, -1 if rows and rows[0].size else 0)


def from_base64(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def to_base64(text: bytes, pad: bool = False) -> bytes:
    found = base64.urlsafe_b64encode(text)
    return found if pad else found.rstrip(b"=")


def decompressed(text: bytes, compression_type: str = "") -> bytes:
    return {"": bytes, "ZLIB": zlib.decompress, "GZIP": gzip.decompress}[compression_type](text)


def columns(
    records: Any, record_defaults: Any, field_delim: str = ",", use_quote_delim: bool = True,
    na_value: str = "", select_cols: Any = None,
) -> list[Any]:  # fmt: skip
    quoting = csv.QUOTE_MINIMAL if use_quote_delim else csv.QUOTE_NONE
    found = []
    lines = [t.decode() for t in records.reshape(-1)]
    rows = list(csv.reader(lines, delimiter=field_delim, quoting=quoting))
    picked = range(len(record_defaults)) if select_cols is None else select_cols
    for number, default in zip(picked, record_defaults, strict=True):
        first = np.asarray(default).reshape(-1)
        kind = first.dtype
        if not isinstance(default, np.ndarray):
            kind = {"i": np.int32, "f": np.float32}.get(kind.kind, object)
        column = np.empty(len(rows), kind)
        for i, row in enumerate(rows):
            field = row[number]
            if field in {"", na_value}:
                field = first[0]
            if np.dtype(kind).kind == "O":
                column[i] = field.encode() if isinstance(field, str) else field
            else:
                column[i] = kind_of(kind)(field)
        found.append(column.reshape(records.shape)[()])
    return found


def kind_of(kind: Any) -> Any:
    return int if np.dtype(kind).kind == "i" else float


def varint(value: int) -> bytes:
    head = []
    while value > 127:
        head.append(value & 127 | 128)
        value >>= 7
    return bytes([*head, value])


NUMBERS = {"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "object": 7,
           "complex64": 8, "int64": 9, "bool": 10, "complex128": 18, "float16": 19}  # fmt: skip
"""Numbers of dtypes in types.proto."""


def field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def proto(x: Any) -> bytes:
    """Return a tensor as TensorFlow writes it: dtype, shape, and the bytes or strings."""
    sizes = b"".join(field(2, b"\x08" + varint(n) if n else b"") for n in x.shape)
    head = b"\x08" + varint(NUMBERS[x.dtype.name]) + field(2, sizes)
    if x.dtype == object:
        return head + b"".join(field(8, t) for t in x.reshape(-1))
    return head + (field(4, x.tobytes()) if x.size else b"")


def unproto(x: Any, out_type: str) -> Any:
    return PARSED[x[()]]


TENSORS = [
    np.array([1, 2, 3], np.int32), np.array([[1.5], [2.5]], np.float32), strings("a", "bc"),
    np.array(True), np.array([1 + 2j]), np.array([0.5], np.float16), np.zeros((0,), np.float32),
    np.zeros((2, 0), np.int64), np.array([1, 255], np.uint8), np.array(-3), GRID, strings(),
    np.arange(300, dtype=np.int16), np.array([-1], np.int8), np.array([1.25]),
    np.array([1j], np.complex64),
]  # fmt: skip
LISTED = {
    b"\x08\x03\x12\x04\x12\x02\x08\x04:\x01\x07": np.full(4, 7, np.int32),
    b"\x08\x03\x12\x04\x12\x02\x08\x04:\x02\x07\x08": np.array([7, 8, 8, 8], np.int32),
    b"\x08\x03\x12\x04\x12\x02\x08\x04": np.zeros(4, np.int32),
    b"\x08\x13\x12\x04\x12\x02\x08\x01j\x02\x80p": np.array([0.5], np.float16),
    b"\x08\x0a\x12\x04\x12\x02\x08\x01Z\x01\x01": np.array([True]),
    b"\x08\x12\x12\x04\x12\x02\x08\x01b\x10" + bytes(14) + b"\xf0?": np.array([1j]),
}
"""What TensorProtos hold that list their values; the last value fills up."""
PARSED = {proto(t): t for t in TENSORS} | LISTED

JSON = {
    '{"features":{"feature":{"a":{"int64List":{"value":["1","2"]}}}}}':
        b"\n\r\n\x0b\n\x01a\x12\x06\x1a\x04\x08\x01\x08\x02",
    '{"features":{"feature":{"a":{"bytesList":{"value":["YWI="]}}}}}':
        b"\n\r\n\x0b\n\x01a\x12\x06\n\x04\n\x02ab",
    '{"features":{"feature":{"a":{"floatList":{"value":[1.5,2]}}}}}':
        b"\n\x13\n\x11\n\x01a\x12\x0c\x12\n\r\x00\x00\xc0?\r\x00\x00\x00@",
    '{"features":{"feature":{"b":{"floatList":{"value":["NaN","Infinity"]}}}}}':
        b"\n\x13\n\x11\n\x01b\x12\x0c\x12\n\r\x00\x00\xc0\x7f\r\x00\x00\x80\x7f",
    '{"features":{"feature":{"a":{"int64_list":{"value":[1]}}}}}':
        b"\n\x0b\n\t\n\x01a\x12\x04\x1a\x02\x08\x01",
    "{}": b"",
}  # fmt: skip
"""Examples in JSON and serialized."""

SPARSE = Sparse(np.array([[0, 1], [1, 0], [1, 2]]), np.array([5, 6, 7], np.int32), (2, 3))
WORDS_SPARSE = Sparse(np.array([[0, 0, 0], [0, 1, 0]]), strings("a", "x" * 200), (1, 2, 1))
NONE_SPARSE = Sparse(np.zeros((0, 2), np.int64), np.zeros(0, np.float32), (2, 3))


def packed(x: Any) -> bytes:
    """Return a tensor of strings as one run of bytes: all lengths, then all strings."""
    if x.dtype != object or not x.size:
        return proto(x)
    content = b"".join([*(varint(len(t)) for t in x), *x])
    return b"\x08\x07" + field(2, field(2, b"\x08" + varint(len(x)))) + field(4, content)


def sparse_parts(x: Sparse) -> list[bytes]:
    return [packed(p) for p in (x.indices, x.values, np.array(x.shape, np.int64))]


def sparse_rows(x: Sparse) -> Any:
    rows = []
    for number in range(x.shape[0]):
        here = x.indices[:, 0] == number
        rows.append(sparse_parts(Sparse(x.indices[here, 1:], x.values[here], x.shape[1:])))
    return strings(*(part for row in rows for part in row)).reshape(-1, 3)


PACKED_SPARSE = {sparse_rows(s)[0, 1]: s for s in (SPARSE, WORDS_SPARSE, NONE_SPARSE)}
RAW = strings(b"\x01\x02\x03\x04\x05\x06\x07\x08", b"\xff\xfe\xfd\xfc\x00\x00\x80?")
BASE64 = strings("aGVsbG8", "", "YQ", "YQ==", "-_-_", "aGVsbG8=")
PACKED = strings(zlib.compress(b"abc"), zlib.compress(b""))
LINES = strings("1,2.5,a", "-3,,b c", "7,1e3,")
REQUIRED = np.array([], np.int32)

OPERATIONS = [
    Operation(
        name="io.decode_raw", reference=raw,
        cases=[
            *(case(RAW, t) for t in ("uint8", "int16", "int32", "int64", "float32", "float64")),
            case(RAW, "int16", little_endian=False), case(RAW, "float64", little_endian=False),
            case(RAW, "uint16", fixed_length=4), case(RAW, "uint8", fixed_length=10),
            case(strings("ab", "c"), "uint8", fixed_length=2), case(scalar("ab"), "uint8"),
            case(RAW.reshape(2, 1), "int8"), case(strings(), "uint8"),
            case(RAW, "complex64"), case(strings(b"\x01\x00"), "bool"), case(RAW, "float16"),
        ],
        errors=[
            error("InvalidArgumentError", strings("abc"), "int16", message="3 bytes"),
            error("InvalidArgumentError", strings("a", "bc"), "uint8", message="one length"),
            error("InvalidArgumentError", RAW, "int16", fixed_length=3, message="multiple of 2"),
            error("InvalidArgumentError", RAW, "uint8", fixed_length=0, message="fixed_length"),
            error("InvalidArgumentError", RAW, "string", message="numbers"),
        ],
    ),
    Operation(
        name="io.encode_base64", reference=each(to_base64),
        cases=[case(WORDS), case(WORDS, pad=True), case(GRID), case(EMPTY), case(scalar("a?>"))],
        errors=[error("InvalidArgumentError", np.array([1]), message="expected strings")],
    ),
    Operation(
        name="io.decode_base64", reference=each(from_base64),
        cases=[case(BASE64), case(scalar("aGVsbG8")), case(EMPTY), case(BASE64.reshape(2, 3))],
        errors=[
            error("InvalidArgumentError", scalar("a"), message="not base 64"),
            error("InvalidArgumentError", scalar("aGVsb+8"), message="not base 64"),
            error("InvalidArgumentError", scalar("aGVsbG8 "), message="not base 64"),
            error("InvalidArgumentError", scalar("aGVsbG8=="), message="not base 64"),
        ],
    ),
    Operation(
        name="io.decode_compressed", reference=each(decompressed),
        cases=[case(PACKED, "ZLIB"), case(strings(gzip.compress(b"xy")), "GZIP"), case(WORDS),
               case(PACKED.reshape(1, 2), compression_type="ZLIB")],
        errors=[
            error("DataLossError", WORDS, "ZLIB", message="are not ZLIB"),
            error("InvalidArgumentError", WORDS, "BZ2", message="compression_type"),
        ],
    ),
    Operation(
        name="io.decode_csv", reference=columns,
        cases=[
            case(LINES, [[0], [1.5], ["x"]]), case(LINES, [0, 1.5, "x"]),
            case(scalar("1,2"), [[0], [0]]),
            case(strings("1;2"), [[0], [0]], field_delim=";"),
            case(strings('"a,b","x""y"'), [[""], [""]]),
            case(strings('"a,b"'), [[""], [""]], use_quote_delim=False),
            case(strings("NA,1"), [[5], [6]], na_value="NA"), case(strings('"",1'), [["d"], [1]]),
            case(strings("1,2,3"), [[0], [0]], select_cols=[0, 2]),
            case(strings("1,2", "3,4").reshape(2, 1), [[0], np.array([1.5])]),
            case(strings("1,2.5"), [np.array([0]), np.array([1.0])]),
            case(strings(" 1 , 2 "), [[0], [""]]), case(strings("1,2"), [REQUIRED, [0]]),
        ],
        errors=[
            error("InvalidArgumentError", strings(",2"), [REQUIRED, [0]], message="required"),
            error("InvalidArgumentError", strings("1"), [[0], [0]], message="expected 2 fields"),
            error("InvalidArgumentError", strings("1,2,3"), [[0], [0]], message="has 3"),
            error("InvalidArgumentError", strings("a"), [[0]], message="no int32"),
            error("InvalidArgumentError", strings("3000000000"), [[0]], message="no int32"),
            error("InvalidArgumentError", strings('a"b'), [[""]], message="no quotes around"),
            error("InvalidArgumentError", strings('"ab'), [[""]], message="do not end"),
            error("InvalidArgumentError", strings('"a"b'), [[""]], message="doubled"),
            error("InvalidArgumentError", strings("1||2"), [[0], [0]], field_delim="||",
                  message="one character"),
            error("ValueError", strings("1,2"), [[0], [0]], select_cols=[1, 0],
                  message="ascending"),
            error("InvalidArgumentError", strings(""), [[0]], message="has 0"),
        ],
        no_gradient="it reads strings",
    ),
    Operation(
        name="io.serialize_tensor", reference=proto, cases=[case(t) for t in TENSORS],
        no_gradient="the result is a string",
    ),
    Operation(
        name="io.parse_tensor", reference=unproto,
        cases=[case(scalar(data), t.dtype.name.replace("object", "string"))
               for data, t in PARSED.items()],
        errors=[
            error("InvalidArgumentError", scalar("xx"), "int32", message="TensorProto"),
            error("InvalidArgumentError", scalar(""), "int32", message="parse_tensor"),
            error("InvalidArgumentError", scalar(proto(TENSORS[0])), "float32",
                  message="holds i32"),
            error("InvalidArgumentError", strings(proto(TENSORS[0])), "int32", message="single"),
            error("InvalidArgumentError", scalar(b'\x08\x03\x12\x04\x12\x02\x08\x04"\x03abc'),
                  "int32", message="3 bytes"),
        ],
    ),
    Operation(
        name="io.decode_json_example",
        reference=each(lambda text: JSON[text.decode()]),
        cases=[case(strings(*JSON)), case(scalar("{}")), case(strings(*JSON).reshape(2, 3))],
        errors=[
            error("InvalidArgumentError", strings("{"), message="is no example"),
            error("InvalidArgumentError", strings('{"x":1}'), message="no field 'x'"),
            error("InvalidArgumentError", strings("[]"), message="is no example"),
        ],
    ),
    Operation(
        name="io.serialize_sparse", reference=lambda x: strings(*sparse_parts(x)),
        cases=[case(SPARSE), case(WORDS_SPARSE), case(NONE_SPARSE)],
        no_gradient="the result is strings",
    ),
    Operation(
        name="io.serialize_many_sparse", reference=sparse_rows,
        cases=[case(SPARSE), case(WORDS_SPARSE), case(NONE_SPARSE)],
        no_gradient="the result is strings",
    ),
    Operation(
        name="io.deserialize_many_sparse",
        reference=lambda x, dtype, rank=None: PACKED_SPARSE[x.reshape(-1)[1]],
        cases=[
            case(sparse_rows(SPARSE), "int32", rank=2),
            case(sparse_rows(WORDS_SPARSE), "string", 3),
            case(sparse_rows(NONE_SPARSE), "float32", rank=2),
        ],
        errors=[
            error("InvalidArgumentError", sparse_rows(SPARSE), "float32", rank=2, message="row 0"),
            error("InvalidArgumentError", strings("a", "b", "c").reshape(1, 3), "int32", rank=2,
                  message="TensorProto"),
        ],
    ),
]  # fmt: skip
