"""Regular expressions."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from database.record import Operation, case, error, strings
from database.strings_text import EMPTY, GRID, RAGGED, WORDS, each, scalar

RESULTS = {
    ("baac", "a*", "x"): "xbxcx", ("héé", "", "-"): "-h-é-é-", ("baac", "a*?", "x"): "xbxaxaxcx",
    ("abc", "(b)", r"\1\1\\\0"): r"abb\bc", ("a\nb", ".", "x"): "x\nx", ("a\n", "$", "x"): "a\nx",
    ("ab\ncd", "(?m)^", "x"): "xab\nxcd", ("ab\ncd", "(?m)$", "x"): "abx\ncdx",
    ("aB", "(?i)b", "x"): "ax", ("aBC", "a(?i)b|c", "x"): "xx", ("a|b", r"\Qa|\E", "x"): "xb",
    ("a\x0bb", r"\s", "x"): "a\x0bb", ("é", r"\w", "x"): "é", ("abc1", r"\pL", "x"): "xxx1",
    ("aλb", r"\p{Greek}", "x"): "axb", ("a,b.", "[[:punct:]]", ""): "ab",
    ("a{,5}", "a{,5}", "x"): "x",
    ("aéb", "[^[:ascii:]]", "x"): "axb", ("aéb", "[[:^alpha:]]", "x"): "axb",
    ("abab", "(ab)*?", "x"): "xaxbxaxbx", ("aab", "(a)(b)?", r"[\2]"): "[][b]",
    ("É", "(?i)é", "x"): "x", ("a.b", r"\x2e", "x"): "axb", ("aAb", r"\x{41}|\142", "x"): "axx",
    ("foo bar", r"\bb", "x"): "foo xar", ("a]b", "[]a]", "x"): "xxb", ("a[&b", "[[&]", "x"): "axxb",
    ("ab", "(?P<n>a)", r"\1!"): "a!b", ("a1", r"[\D]", "x"): "x1", ("ab", r"b\z", "x"): "ax",
    ("a-b_c", r"[\w-]", "x"): "xxxxx", ("aa", "^a", "x"): "xa", ("a(b", r"\(", "x"): "axb",
}  # fmt: skip
"""What (string, pattern, rewrite) gives by RE2's rules."""


def replaced(x: Any, pattern: Any, rewrite: Any, replace_global: bool = True) -> Any:
    pattern, rewrite = (str(np.asarray(v).reshape(())[()].decode() if isinstance(v, np.ndarray)
                            else v) for v in (pattern, rewrite))  # fmt: skip

    def one(text: bytes) -> bytes:
        known = RESULTS.get((text.decode("utf-8", "replace"), pattern, rewrite))
        if known is not None:
            return known.encode()
        return re.sub(pattern.encode(), rewrite.encode(), text, count=0 if replace_global else 1)

    return each(one)(x)


def matched(x: Any, pattern: str) -> Any:
    return each(lambda text: re.fullmatch(pattern.encode(), text) is not None, bool)(x)


OPERATIONS = [
    Operation(
        name="strings.regex_replace", reference=replaced,
        cases=[
            *(case(scalar(text), pattern, rewrite) for text, pattern, rewrite in RESULTS),
            case(WORDS, "[a-z]+", "<>"), case(GRID, "e", ""), case(EMPTY, "a", "b"),
            case(RAGGED, "a", "b"), case(scalar("aaa"), "a", "b", replace_global=False),
            case(strings("a1b22", "333"), "([0-9]+)", r"(\1)"),
            case(WORDS, scalar("l+"), scalar("L")),
        ],
        errors=[
            error("InvalidArgumentError", WORDS, "(", "x", message="cannot be read"),
            error("InvalidArgumentError", WORDS, "a)", "x", message="unexpected"),
            error("InvalidArgumentError", WORDS, r"\1", "x", message="invalid escape"),
            error("InvalidArgumentError", WORDS, "(?=b)", "x", message="invalid group"),
            error("InvalidArgumentError", WORDS, "a++", "x", message="bad repetition"),
            error("InvalidArgumentError", WORDS, "[b", "x", message="missing ]"),
            error("InvalidArgumentError", WORDS, r"\Z", "x", message="invalid escape"),
            error("InvalidArgumentError", WORDS, "[[:foo:]]", "x", message="foo"),
            error("InvalidArgumentError", WORDS, strings("a"), "x", message="single string"),
        ],
    ),
    Operation(
        name="strings.regex_full_match", reference=matched,
        cases=[
            case(strings("abc", "xabc", "a", ""), "a.*"), case(GRID, "[a-z]+"), case(EMPTY, "a"),
            case(strings("ab"), "a|ab"), case(scalar("12"), "[0-9]+"), case(RAGGED, "[a-z]?B?"),
            case(WORDS, ""), case(strings("a\n", "a"), "a"),
        ],
        errors=[
            error("InvalidArgumentError", WORDS, "(", message="cannot be read"),
            error("InvalidArgumentError", WORDS, "*", message="cannot be read"),
            error("InvalidArgumentError", np.array([1]), "a", message="expected strings"),
        ],
    ),
]  # fmt: skip
