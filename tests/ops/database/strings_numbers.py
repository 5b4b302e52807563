"""Strings and numbers: writing, reading, hashing, text with tensors in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from database.record import Operation, Ragged, case, error, integers, strings
from database.strings_text import EMPTY, each, scalar


def written(
    x: Any, precision: int = -1, scientific: bool = False, shortest: bool = False,
    width: int = -1, fill: str = "",
) -> Any:  # fmt: skip
    if isinstance(x, Ragged):
        return Ragged(written(x.values, precision, scientific, shortest, width, fill), x.splits)
    flags = f"%{fill.strip()}" + (str(width) if width > 0 else "")
    style = "e" if scientific else "g" if shortest else "f"
    digits = f".{precision}" if precision >= 0 else ""
    found = np.empty(x.shape, object)
    for at, value in np.ndenumerate(x):
        if x.dtype.kind == "b":
            text = "true" if value else "false"
        elif x.dtype.kind == "c":
            both = ",".join([flags + digits + style] * 2)
            text = f"({both % (value.real, value.imag)})"
        elif x.dtype.kind == "f":
            zero = "" if np.isfinite(value) else "0"  # C fills those with spaces
            text = (flags.replace("%" + zero, "%") + digits + style) % float(value)
        elif x.dtype.kind == "O":
            text = value.decode().rjust(width) if width > 0 else value.decode()
        else:
            text = (flags + "d") % int(value)
        found[at] = text.encode()
    return found[()]


def read(x: Any, out_type: str = "float32") -> Any:
    kind = int if "int" in out_type else float
    return each(lambda text: kind(text), out_type)(x)


REALS = np.array([1.5, -0.25, 3.14159265, 0.0, 1e10, np.inf, np.nan], np.float32)
HASHED = strings(
    "", "a", "Hello", "TensorFlow", "0123456789abcdefg", "é" * 20, "x" * 70, "y" * 200
)  # fmt: skip
BUCKETS = {
    "to_hash_bucket": [
        105434511174508091,
        690789896157841916,
        649981808132961253,
        1060436950517699592,
        632830709635707998,
        1040512085884095633,
        237714481188877262,
        895509401412755751,
    ],
    "to_hash_bucket_fast": [
        784024612572774479,
        235667560134047203,
        416719434668515463,
        806889616027845326,
        494832492122591818,
        948312748162445396,
        845564307397267841,
        577833072005583796,
    ],
    "to_hash_bucket_strong": [
        443797209252341627,
        546566331822570742,
        102834517472048538,
        1016018213495009118,
        1136397425070996370,
        81377933594967462,
        318665542780533041,
        674175070631711542,
    ],
}
"""What the hashes gave in TensorFlow 2.21, modulo 2**60; their definitions give the same."""


def bucket(name: str) -> Any:
    """Return a reference that looks a string's recorded hash up."""
    table = dict(zip(HASHED.tolist(), BUCKETS[name], strict=True))

    def reference(x: Any, num_buckets: int, key: Any = None) -> Any:
        del key
        return each(lambda text: table[text] % num_buckets, np.int64)(x)

    return reference


def formatted(template: str, inputs: Any, placeholder: str = "{}", summarize: int = 3) -> bytes:
    shown = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    texts = []
    for value in shown:
        if isinstance(value, np.ndarray) and value.ndim and value.dtype.kind in "iu":
            limit = value.size + 1 if summarize < 0 else 2 * summarize
            texts.append(np.array2string(
                value, threshold=limit if summarize < 0 else 0, edgeitems=summarize
                if summarize > 0 else 3, formatter={"int": str}, max_line_width=10**6,
            ))  # fmt: skip
        elif isinstance(value, np.ndarray) and value.ndim:
            items = value.tolist()
            quoted = [f'"{i.decode()}"' if isinstance(i, bytes) else f"{i:g}" for i in items]
            texts.append("[" + " ".join(quoted) + "]")
        elif isinstance(value, np.ndarray) and value.dtype.kind == "O":
            texts.append(f'"{value[()].decode()}"')
        else:
            texts.append(f"{float(value):g}")
    return template.replace(placeholder, "{}").format(*texts).encode()


OPERATIONS = [
    Operation(
        name="strings.as_string", reference=written, no_gradient="the result is strings",
        cases=[
            case(REALS), case(REALS.astype("f8"), precision=2), case(REALS, scientific=True),
            case(REALS, shortest=True), case(REALS, width=12), case(REALS, width=12, fill="0"),
            case(REALS[:4], width=12, fill="-"), case(REALS[:5], fill="+"),
            case(REALS[:4].astype("f2"), precision=1),
            case(np.array([0.1]), shortest=True, precision=17), case(integers(2, 3)),
            case(integers(3, dtype=np.int8), width=4, fill="0"),
            case(np.array([2**64 - 1], np.uint64)), case(integers(2, dtype=np.int64), fill="+"),
            case(np.array([True, False])), case(np.array([1 + 2j, -0.5j], np.complex64)),
            case(np.array([1 + 2j]), precision=2), case(strings("a", "bcd"), width=2),
            case(np.float32(2.5)), case(np.zeros((0, 2), np.int32)),
            case(Ragged(np.array([1, 2, 3]), (np.array([0, 1, 3]),))),
        ],
        errors=[
            error("InvalidArgumentError", REALS, fill="x", message="fill must be"),
            error("InvalidArgumentError", REALS, fill="00", message="fill must be"),
            error("InvalidArgumentError", integers(2), precision=2, message="are for floats"),
            error("InvalidArgumentError", integers(2), scientific=True, message="are for floats"),
            error("InvalidArgumentError", REALS, scientific=True, shortest=True, message="choose"),
        ],
    ),
    Operation(
        name="as_string", reference=written, cases=[case(integers(2, 3)), case(np.array([True]))],
    ),
    Operation(
        name="strings.to_number", reference=read,
        cases=[
            case(strings("1", "-2.5", "1e3", " 7 ", ".5", "inf", "-inf", "3.", "+4")),
            case(strings("1", "-2", " 7 ", "2147483647"), out_type="int32"),
            case(strings("1", "9223372036854775807"), out_type="int64"),
            case(strings("0.1", "1e-300"), out_type="float64"), case(scalar("12")), case(EMPTY),
            case(strings("4294967295"), out_type="uint32"),
            case(Ragged(strings("1", "2"), (np.array([0, 0, 2]),)), out_type="int32"),
        ],
        errors=[
            error("InvalidArgumentError", strings("1", "a"), message="'a' is no float32"),
            error("InvalidArgumentError", strings(""), message="is no float32"),
            error("InvalidArgumentError", strings("1.5"), out_type="int32", message="no int32"),
            error("InvalidArgumentError", strings("3000000000"), out_type="int32", message="int32"),
            error("InvalidArgumentError", strings("1_0"), message="no float32"),
            error("InvalidArgumentError", strings("1"), out_type="int8", message="out_type must"),
        ],
    ),
    Operation(
        name="strings.format", reference=formatted, no_gradient="the result is a string",
        cases=[
            case("x {} y", np.arange(10)), case("{} and {}", [np.arange(3), np.array(2.5)]),
            case("{}", np.arange(100).reshape(10, 10)), case("{}", np.arange(10), summarize=-1),
            case("{}", np.arange(10), summarize=2), case("a % b", np.arange(3), placeholder="%"),
            case("{}", np.arange(24).reshape(2, 3, 4)), case("{}", np.array([0.5, -1.0, 1e20])),
            case("{}", strings("a", "bc")), case("{}", scalar("a")), case("no", []),
            case("{}", np.array([0.1, 0.25], np.float32)),
        ],
        errors=[
            error("ValueError", "{} {}", np.arange(3), message="2 placeholders"),
            error("ValueError", "{}", [np.arange(3), np.arange(3)], message="received 2 tensors"),
        ],
    ),
    *(
        Operation(
            name=f"strings.{name}", reference=bucket(name),
            cases=[
                case(HASHED, 2**60, *key), case(HASHED, 2**20, *key), case(HASHED, 1, *key),
                case(scalar("a"), 16, *key), case(EMPTY, 4, *key),
                case(HASHED.reshape(2, 4), 1024, *key),
                case(Ragged(HASHED[:3], (np.array([0, 1, 3]),)), 64, *key),
            ],
            errors=[
                error("InvalidArgumentError", HASHED, 0, *key, message="num_buckets"),
                error("InvalidArgumentError", np.array([1]), 2, *key, message="expected strings"),
                *([error("InvalidArgumentError", HASHED, 2, [1], message="two whole numbers")]
                  if key else []),
            ],
        )
        for name, key in [("to_hash_bucket", ()), ("to_hash_bucket_fast", ()),
                          ("to_hash_bucket_strong", ([1, 2],))]
    ),
]  # fmt: skip
