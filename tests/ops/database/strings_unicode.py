"""Unicode: characters, encodings, scripts."""

from __future__ import annotations

from typing import Any

import numpy as np

from database.record import Operation, Ragged, case, error, strings
from database.strings_split import nested, objects
from database.strings_text import EMPTY, GRID, RAGGED, each, scalar

TEXTS = strings("héllo", "", "日本 x", "😊", "a\tb")
BROKEN = strings(b"a\xffb", b"\xe2\x82", b"\xed\xa0\x80!", b"ok")
UTF16 = strings(*(t.encode("utf-16-be") for t in ("hé", "😊a", "")))
UTF32 = strings(*(t.encode("utf-32-be") for t in ("hé", "😊a", "")))


def decoded(text: bytes, encoding: str, errors: str, char: int, control: bool) -> list[Any]:
    """Return (number, first byte) of each character."""
    name = {"UTF-16": "utf-16-be"}.get(encoding, encoding)
    found, at = [], 0
    for c in text.decode(name, "surrogateescape" if name == "UTF-8" else "strict"):
        code = ord(c)
        bad = 0xDC80 <= code <= 0xDCFF
        size = 1 if bad else len(c.encode(name))
        if not (bad and errors == "ignore"):
            found.append((char if bad or (control and code < 32) else code, at))
        at += size
    return found


def row_reference(part: int, split: bool = False) -> Any:
    def reference(
        x: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533,
        replace_control_characters: bool = False,
    ) -> Any:  # fmt: skip
        outer = x.splits if isinstance(x, Ragged) else ()
        dense = x.values if isinstance(x, Ragged) else x
        rows = [decoded(t, input_encoding, errors, replacement_char, replace_control_characters)
                for t in dense.reshape(-1)]  # fmt: skip

        def first(items: list[Any]) -> Any:
            if split:
                return objects([chr(c).encode(input_encoding) for c in items])
            return np.array(items, np.int32)

        codes = nested([[c for c, _ in r] for r in rows], outer, dense.shape, first)
        starts = nested([[s for _, s in r] for r in rows], outer, dense.shape,
                        lambda items: np.array(items, np.int64))  # fmt: skip
        return (codes, starts)[part] if part < 2 else (codes, starts)

    return reference


def encoded(
    x: Any, output_encoding: str, errors: str = "replace", replacement_char: int = 65533
) -> Any:
    def text(codes: Any) -> bytes:
        good = [c if 0 <= c < 0xD800 or 0xE000 <= c < 0x110000 else None for c in codes]
        kept = [replacement_char if c is None else c for c in good
                if c is not None or errors == "replace"]  # fmt: skip
        return "".join(map(chr, kept)).encode(output_encoding)

    if isinstance(x, Ragged) and x.values.ndim > 1:
        return Ragged(encoded(x.values, output_encoding, errors, replacement_char), x.splits)
    if isinstance(x, Ragged):
        ends = zip(x.splits[-1][:-1], x.splits[-1][1:], strict=True)
        rows = strings(*(text(x.values[a:b]) for a, b in ends))
        return Ragged(rows, x.splits[:-1]) if x.splits[:-1] else rows
    found = np.empty(x.shape[:-1], object)
    for at in np.ndindex(found.shape):
        found[at] = text(x[at])
    return found[()]


def transcoded(
    text: bytes, input_encoding: str, output_encoding: str, errors: str = "replace",
    replacement_char: int = 65533, replace_control_characters: bool = False,
) -> bytes:  # fmt: skip
    codes = decoded(text, input_encoding, errors, replacement_char, replace_control_characters)
    return "".join(chr(c) for c, _ in codes).encode(output_encoding)


SCRIPTS = {
    ord("a"): 25, ord("é"): 25, ord("λ"): 14, ord("Д"): 8, ord("語"): 17, ord("ひ"): 20,
    ord("ア"): 22, ord("한"): 18, ord("א"): 19, ord("ب"): 2, ord("अ"): 10, ord("ก"): 38,
    ord("!"): 0, ord("1"): 0, 0x301: 1, 0x10FFFF: 103, -1: -1, 0x110000: -1, 0x1F600: 0,
}  # fmt: skip
"""ICU's numbers of characters' scripts."""


def scripts(x: Any) -> Any:
    if isinstance(x, Ragged):
        return Ragged(scripts(x.values), x.splits)
    return np.array([SCRIPTS[int(c)] for c in x.reshape(-1)], np.int32).reshape(x.shape)[()]


_STRICT = error(
    "InvalidArgumentError", BROKEN[:1], "UTF-8", errors="strict", message="no character"
)
_CODES = np.array(list(SCRIPTS), np.int32)
_ROWS = Ragged(np.array([72, 233, 128522, 33], np.int32), (np.array([0, 2, 2, 4]),))
_BAD = Ragged(np.array([72, 0xD800, 0x110000, 33], np.int32), (np.array([0, 2, 4]),))


def _decoding(control: bool) -> list[Any]:
    found = [
        case(TEXTS, "UTF-8"), case(scalar("héy"), "UTF-8"), case(GRID, "UTF-8"),
        case(EMPTY, "UTF-8"), case(RAGGED, "UTF-8"), case(BROKEN[[0, 3]], "UTF-8"),
        case(BROKEN[[0, 3]], "UTF-8", errors="ignore"),
        case(BROKEN[[0, 3]], "UTF-8", replacement_char=63), case(UTF16, "UTF-16-BE"),
        case(UTF32, "UTF-32-BE"), case(scalar(""), "UTF-8"),
    ]  # fmt: skip
    if control:
        found += [case(TEXTS, "UTF-8", replace_control_characters=True), case(UTF16, "UTF-16"),
                  case(strings(b"h\xe9"), "ISO-8859-1")]  # fmt: skip
    return found


_DECODE_ERRORS = [
    _STRICT,
    error("InvalidArgumentError", TEXTS, "no-such", message="encoding"),
    error("InvalidArgumentError", TEXTS, "UTF-8", errors="skip", message="errors must be"),
]
_ENCODING_ERRORS = [
    error("InvalidArgumentError", _BAD, "UTF-8", errors="strict", message="not the number"),
    error("InvalidArgumentError", _ROWS, "UTF-16", message="output_encoding"),
    error("ValueError", np.int32(3), "UTF-8", message="rows of characters"),
]

OPERATIONS = [
    Operation(name="strings.unicode_decode", reference=row_reference(0), cases=_decoding(True),
              errors=_DECODE_ERRORS),
    Operation(name="strings.unicode_decode_with_offsets", reference=row_reference(2),
              cases=_decoding(True), errors=_DECODE_ERRORS),
    Operation(name="strings.unicode_split", reference=row_reference(0, split=True),
              cases=_decoding(False), errors=_DECODE_ERRORS),
    Operation(name="strings.unicode_split_with_offsets", reference=row_reference(2, split=True),
              cases=_decoding(False), errors=_DECODE_ERRORS),
    Operation(
        name="strings.unicode_encode", reference=encoded,
        cases=[
            *(case(_ROWS, e) for e in ("UTF-8", "UTF-16-BE", "UTF-32-BE")), case(_BAD, "UTF-8"),
            case(_BAD, "UTF-8", errors="ignore"), case(_BAD, "UTF-8", replacement_char=63),
            case(np.array([72, 105], np.int32), "UTF-8"),
            case(np.array([[72, 105], [233, 33]], np.int32), "UTF-8"),
            case(np.array([[[72], [105]]], np.int32), "UTF-8"),
            case(np.zeros((0,), np.int32), "UTF-8"),
            case(Ragged(_ROWS.values, (np.array([0, 1, 3]), *_ROWS.splits)), "UTF-8"),
        ],
        errors=_ENCODING_ERRORS,
    ),
    Operation(
        name="strings.unicode_transcode", reference=each(transcoded),
        cases=[
            case(TEXTS, "UTF-8", "UTF-16-BE"), case(TEXTS, "UTF-8", "UTF-32-BE"),
            case(UTF16, "UTF-16-BE", "UTF-8"), case(scalar("é"), "UTF-8", "UTF-8"),
            case(BROKEN[[0, 3]], "UTF-8", "UTF-8"), case(EMPTY, "UTF-8", "UTF-8"),
            case(BROKEN[[0, 3]], "UTF-8", "UTF-8", errors="ignore"), case(RAGGED, "UTF-8", "UTF-8"),
            case(TEXTS, "UTF-8", "UTF-8", replace_control_characters=True, replacement_char=32),
            case(strings(b"h\xe9"), "ISO-8859-1", "UTF-8"),
        ],
        errors=[
            error("InvalidArgumentError", BROKEN, "UTF-8", "UTF-8", errors="strict",
                  message="no character"),
            error("InvalidArgumentError", TEXTS, "UTF-8", "UTF-7", message="output_encoding"),
            error("InvalidArgumentError", TEXTS, "no-such", "UTF-8", message="no-such"),
        ],
    ),
    Operation(
        name="strings.unicode_script", reference=scripts,
        cases=[case(_CODES), case(_CODES[:6].reshape(2, 3)), case(_CODES[0]), case(_CODES[:0]),
               case(Ragged(_CODES[:3], (np.array([0, 1, 3]),)))],
        errors=[error("InvalidArgumentError", np.array([1.5]), message="int32")],
    ),
]  # fmt: skip
