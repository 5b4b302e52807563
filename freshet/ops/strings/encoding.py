"""Between bytes in an encoding and characters, with what is wrong replaced, left out or refused."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Any, Final

from freshet.core.errors import InvalidArgumentError
from freshet.ops.strings.host import choice

WRITTEN: Final = ("UTF-8", "UTF-16-BE", "UTF-32-BE")
"""Encodings that characters are written in."""
_MARKS: Final = {
    "utf-16": ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")),
    "utf-32": ((codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be")),
}
"""Encodings whose first bytes may say in which order bytes stand; big-endian if they do not."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What is done about what is no character.

    Attributes:
        errors: ``"replace"``, ``"ignore"`` (leave out) or ``"strict"`` (raise).
        replacement: The character that replaces.
        control: Whether control characters, U+0000 to U+001F, are replaced too.
    """

    errors: str
    replacement: int
    control: bool = False


def repair_options(
    name: str, errors: Any, replacement_char: Any, replace_control_characters: Any = False
) -> dict[str, Any]:
    """Return the options as parameters of a primitive, after checking them.

    Raises:
        InvalidArgumentError: One of them is not possible.
    """
    replacement = int(replacement_char)
    if not is_character(replacement):
        raise InvalidArgumentError(
            f"{name}: replacement_char must be a Unicode character, received {replacement}"
        )
    return {
        "errors": choice(name, "errors", errors, ("replace", "ignore", "strict")),
        "replacement": replacement,
        "control": bool(replace_control_characters),
    }


def is_character(code: int) -> bool:
    """Return whether a number stands for a character: surrogates do not."""
    return 0 <= code < 0xD800 or 0xE000 <= code <= 0x10FFFF


def codec_name(name: str, encoding: Any) -> str:
    """Return Python's name of an encoding.

    Raises:
        InvalidArgumentError: There is no such encoding of texts.
    """
    try:
        found = codecs.lookup(str(encoding)).name
        "a".encode(found)
    except (LookupError, TypeError, ValueError):
        raise InvalidArgumentError(
            f"{name}: the encoding {encoding!r} is not known; UTF-8, UTF-16-BE and UTF-32-BE "
            "always are"
        ) from None
    return found


def decode(data: bytes, codec: str, repair: Repair) -> tuple[list[int], list[int]]:
    """Return the characters of a text as numbers, and at which byte each begins.

    Raises:
        InvalidArgumentError: Something is no character, and `repair` is strict.
    """
    start, codec = _byte_order(data, codec)
    codes: list[int] = []
    offsets: list[int] = []
    for code, offset in _decoded(data, start, codec):
        if code < 0:
            if repair.errors == "strict":
                raise InvalidArgumentError(
                    f"the bytes from {offset} on are no character of {codec}: {data!r}"
                )
            if repair.errors == "ignore":
                continue
        codes.append(repair.replacement if code < 0x20 * repair.control or code < 0 else code)
        offsets.append(offset)
    return codes, offsets


def _byte_order(data: bytes, codec: str) -> tuple[int, str]:
    if codec not in _MARKS:
        return 0, codec
    for mark, found in _MARKS[codec]:
        if data.startswith(mark):
            return len(mark), found
    return 0, f"{codec}-be"


def _decoded(data: bytes, start: int, codec: str) -> list[tuple[int, int]]:
    """Return each character and its first byte; -1 for bytes that make none."""
    found: list[tuple[int, int]] = []
    while start < len(data):
        try:
            text, error = data[start:].decode(codec), None
        except UnicodeDecodeError as reason:
            text, error = data[start : start + reason.start].decode(codec), reason
        at = start
        for character in text:
            found.append((ord(character), at))
            at += _size(character, codec)
        if error is None:
            break
        found.append((-1, start + error.start))
        start += error.end
    return found


def _size(character: str, codec: str) -> int:
    """Return how many bytes a character takes."""
    if codec != "utf-8":
        return len(character.encode(codec))
    return (
        1
        if character < "\x80"
        else 2
        if character < "\u0800"
        else 3
        if character < "\U00010000"
        else 4
    )


def encode(codes: list[int], codec: str, repair: Repair) -> bytes:
    """Return characters given as numbers in an encoding.

    Raises:
        InvalidArgumentError: A number stands for no character, and `repair` is strict.
    """
    kept: list[str] = []
    for code in codes:
        if is_character(code):
            kept.append(chr(code))
        elif repair.errors == "strict":
            raise InvalidArgumentError(f"{code} is not the number of a Unicode character")
        elif repair.errors == "replace":
            kept.append(chr(repair.replacement))
    return "".join(kept).encode(codec)
