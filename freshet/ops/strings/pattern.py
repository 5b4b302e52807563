r"""Patterns in the syntax of RE2 as patterns of Python's `re`.

RE2's syntax is Perl's without back references and looking around; what is left means the same in
both but for details, which `translate` writes out: what ``\d``, ``\s``, ``\w`` and ``\b`` stand for
(ASCII), where ``$`` matches (at the very end), flags in the middle of a pattern, ``\z``, ``\Q``,
``\pN``, ``[[:alpha:]]``, ``\x{10FFFF}``.

Two things differ. Python tries alternatives one after the other, so a pattern such as ``(a+)+b``
takes exponential time on a string that nearly matches, where RE2 takes linear time. And bytes that
are not UTF-8 match ``.``, which RE2's does not.

Source: github.com/google/re2/wiki/Syntax.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Final

from freshet.core.errors import InvalidArgumentError
from freshet.ops.strings.scripts import NAMES, ranges_of_script

_LAST: Final = "\U0010ffff"
_CLASSES: Final = {
    "d": "0-9",
    "D": rf"\x00-/:-{_LAST}",
    "s": r"\t\n\f\r ",
    "S": rf"\x00-\x08\x0b\x0e-\x1f!-{_LAST}",
    "w": "0-9A-Z_a-z",
    "W": rf"\x00-/:-@\[-\^`{{-{_LAST}",
}
_POSIX: Final = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": r"\x00-\x7f", "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f", "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": " -~",
    "punct": r"!-/:-@\[-`{-~", "space": r"\t\n\v\f\r ", "upper": "A-Z", "word": "0-9A-Z_a-z",
    "xdigit": "0-9A-Fa-f",
}  # fmt: skip


@functools.lru_cache(256)
def compiled(pattern: bytes) -> re.Pattern[str]:
    r"""Return Python's pattern for RE2's.

    Raises:
        InvalidArgumentError: RE2 does not take it either.

    Example:
        >>> compiled(rb"[[:alpha:]]+\z").search("12ab").group()
        'ab'
    """
    text = pattern.decode("utf-8", "surrogateescape")
    try:
        return re.compile(_Translator(text).whole())
    except (re.error, RecursionError, OverflowError) as error:
        raise InvalidArgumentError(f"the pattern {text!r} cannot be read: {error}") from None


@functools.lru_cache(256)
def never_empty(pattern: bytes) -> bool:
    """Return whether a pattern surely matches no empty string anywhere.

    One that did, would match the empty string alone when what asks about the surroundings is left
    out of it.

    Example:
        >>> never_empty(b"^ +| +$"), never_empty(b"a*"), never_empty(b"^")
        (True, False, False)
    """
    text = pattern.decode("utf-8", "surrogateescape")
    return re.compile(_Translator(text, anchors=False).whole()).fullmatch("") is None


class _Translator:
    """Goes through a pattern once; for each open group it knows the flags set within.

    Args:
        text: The pattern.
        anchors: Whether what matches between characters is kept; else nothing stands there.
    """

    def __init__(self, text: str, *, anchors: bool = True) -> None:
        self.text = text
        self.anchors = anchors
        self.at = 0
        self.out: list[str] = []
        # A group's flags as they are written, and whether ^ and $ mean lines in it.
        self.opened: list[list[str]] = [[]]
        self.lines: list[bool] = [False]

    def whole(self) -> str:
        """Return Python's pattern."""
        while self.at < len(self.text):
            self._one()
        if len(self.opened) > 1:
            raise re.error("missing )")
        return "".join(self.out) + ")" * len(self.opened[0])

    def _take(self, count: int = 1) -> str:
        part = self.text[self.at : self.at + count]
        self.at += count
        return part

    def _one(self) -> None:
        character = self._take()
        if character == "\\":
            self._escape()
        elif character == "[":
            self.out.append(self._set())
        elif character == "(":
            self._open()
        elif character == ")":
            if len(self.opened) == 1:
                raise re.error("unexpected )")
            self.out.append(")" * len(self.opened.pop()) + ")")
            self.lines.pop()
        elif character == "|":
            flags = self.opened[-1]
            self.out.append(")" * len(flags) + "|" + "".join(flags))
        elif character in "^$":
            self._anchor(r"\Z" if character == "$" and not self.lines[-1] else character)
        elif character == "{" and not re.match(r"\d+(,\d*)?\}", self.text[self.at :]):
            self.out.append(r"\{")
        elif character in "*+?}":
            self._repetition(character)
        else:
            self.out.append(character)

    def _anchor(self, written: str) -> None:
        self.out.append(written if self.anchors else "(?:)")

    def _repetition(self, character: str) -> None:
        if character != "}" and self.text[self.at : self.at + 1] == "+":
            raise re.error(f"bad repetition operator: {character}+")
        self.out.append(character)

    # --- groups -----------------------------------------------------------------------------------

    def _open(self) -> None:
        flags = re.match(r"\?([ims]*)(?:-([ims]+))?([:)])", self.text[self.at :])
        if flags is None:
            self.out.append("(" + self._group_name())
            self.opened.append([])
            self.lines.append(self.lines[-1])
            return
        self._take(flags.end())
        lines = "m" in flags[1] or (self.lines[-1] and "m" not in (flags[2] or ""))
        on, off = (("".join(sorted(set(f or "")))) for f in (flags[1], flags[2]))
        written = f"(?{on}{'-' + off if off else ''}:"
        if flags[3] == ":":
            self.out.append(written)
            self.opened.append([])
            self.lines.append(lines)
        else:
            self.out.append(written)
            self.opened[-1].append(written)
            self.lines[-1] = lines

    def _group_name(self) -> str:
        named = re.match(r"\?P?<(\w+)>", self.text[self.at :])
        if named:
            self._take(named.end())
            return f"?P<{named[1]}>"
        if self.text[self.at : self.at + 1] == "?":
            raise re.error(f"invalid group: ({self.text[self.at : self.at + 3]}")
        return ""

    # --- escapes ----------------------------------------------------------------------------------

    def _escape(self) -> None:
        if self.at == len(self.text):
            raise re.error("trailing \\")
        character = self.text[self.at]
        if character in _CLASSES:
            self._take()
            self.out.append(f"[{_CLASSES[character]}]")
        elif character in "bB":
            self._take()
            self._anchor(rf"(?a:\{character})")
        elif character in "Az":
            self._take()
            self._anchor(r"\A" if character == "A" else r"\Z")
        elif character == "Q":
            end = self.text.find(r"\E", self.at)
            literal = self.text[self.at + 1 : end if end >= 0 else None]
            self.at = len(self.text) if end < 0 else end + 2
            self.out.append(re.escape(literal))
        elif character in "pP":
            self.out.append(f"[{self._property()}]")
        else:
            self.out.append(self._literal())

    def _literal(self) -> str:
        """Return an escaped character, in a set or outside."""
        rest = self.text[self.at :]
        if number := re.match(r"x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))", rest):
            code = int(number[1] or number[2], 16)
            self._take(number.end())
        elif number := re.match(r"0[0-7]{0,2}|[1-7][0-7]{1,2}", rest):
            code = int(number[0], 8)
            self._take(number.end())
        else:
            character = self._take()
            if character in "afnrtv":
                return "\\" + character
            if character.isalnum() and character.isascii():
                raise re.error(f"invalid escape sequence: \\{character}")
            return re.escape(character)
        if code > ord(_LAST):
            raise re.error(f"invalid escape sequence: {number[0]}")
        return re.escape(chr(code))

    def _property(self) -> str:
        r"""Return the characters of ``\pN``, ``\p{Greek}`` or ``\P{^L}`` as the inside of a set."""
        named = re.match(r"([pP])(?:\{(\^?)(\w+)\}|(\w))", self.text[self.at :])
        if named is None:
            raise re.error("invalid character class range")
        self._take(named.end())
        negated = (named[1] == "P") != bool(named[2])
        return _property(named[3] or named[4], negated)

    # --- sets -------------------------------------------------------------------------------------

    def _set(self) -> str:
        parts = ["["]
        if self.text[self.at : self.at + 1] == "^":
            parts.append(self._take())
        first = True
        while True:
            if self.at >= len(self.text):
                raise re.error("missing ]")
            if self.text[self.at] == "]" and not first:
                self._take()
                return "".join([*parts, "]"])
            parts.append(self._member())
            first = False

    def _member(self) -> str:
        named = re.match(r"\[:(\^?)(\w+):\]", self.text[self.at :])
        if named:
            self._take(named.end())
            if named[2] not in _POSIX:
                raise re.error(f"invalid character class range: {named[0]}")
            return _without(_POSIX[named[2]]) if named[1] else _POSIX[named[2]]
        character = self._take()
        if character != "\\":
            # Python keeps "[", "&&", "||" and "~~" in sets for later use.
            return "\\" + character if character in "[]&|~" else character
        if self.text[self.at : self.at + 1] in _CLASSES:
            return _CLASSES[self._take()]
        if self.text[self.at : self.at + 1] in {"p", "P"}:
            return self._property()
        return self._literal()


@functools.cache
def _without(inside: str) -> str:
    """Return the ASCII set's complement as the inside of a set."""
    matches = re.compile(f"[{inside}]").match
    return _written([c for c in range(128) if not matches(chr(c))]) + rf"\x80-{_LAST}"


@functools.cache
def _property(name: str, negated: bool) -> str:
    """Return the characters of a general category or script as the inside of a set."""
    if name == "Any":
        codes = set(range(0x110000))
    elif name in NAMES:
        codes = {c for first, last in ranges_of_script(name) for c in range(first, last + 1)}
    else:
        category = unicodedata.category
        codes = {c for c in range(0x110000) if category(chr(c)).startswith(name)}
        if not codes or len(name) > 2:
            raise re.error(f"invalid character class range: \\p{{{name}}}")
    wanted = range(0x110000) if negated else sorted(codes)
    return _written([c for c in wanted if not negated or c not in codes])


def _written(codes: list[int]) -> str:
    """Return ascending characters as ranges."""
    parts, first = [], 0
    for i, code in enumerate(codes):
        if i + 1 == len(codes) or codes[i + 1] != code + 1:
            parts.append(f"{re.escape(chr(codes[first]))}-{re.escape(chr(code))}")
            first = i + 1
    return "".join(parts)
