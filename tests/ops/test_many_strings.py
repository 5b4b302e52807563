"""Operations on many strings at once, which take other ways than those on a few."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.core.errors import InvalidArgumentError
from freshet.ops.strings.hashes import (
    fingerprint64,
    fingerprints,
    murmur64,
    murmurs,
    siphash,
    siphashes,
)
from freshet.ops.strings.pattern import never_empty

TEXTS = [
    bytes((7 * n + 13 * k + j * j) % 256 for j in range(n)) for n in range(200) for k in range(13)
]
"""Thirteen of each length: enough for each way to hash to take them at once."""
KEY = (5, 2**64 - 7)


def weighed(buckets: Any) -> int:
    return sum((i + 1) * int(v) for i, v in enumerate(buckets.numpy())) % (2**61 - 1)


def test_hashes_are_those_of_tensorflow() -> None:
    """The three numbers are what TensorFlow 2.21's functions come to for the same strings."""
    count = 2**62 + 1
    assert weighed(ft.strings.to_hash_bucket_fast(TEXTS, count)) == 1821844983171189061
    assert weighed(ft.strings.to_hash_bucket(TEXTS, count)) == 2185684880625383956
    assert weighed(ft.strings.to_hash_bucket_strong(TEXTS, count, [5, -7])) == 986272412926123911


@pytest.mark.parametrize("texts", [TEXTS, TEXTS[::-37], [b"a\0b"] * 20, [b""] * 20, [b"x"], []])
def test_many_hashes_are_those_of_each(texts: list[bytes]) -> None:
    assert fingerprints(texts).tolist() == [fingerprint64(t) for t in texts]
    assert murmurs(texts).tolist() == [murmur64(t) for t in texts]
    assert siphashes(texts, KEY).tolist() == [siphash(t, KEY) for t in texts]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (b"a+", True), (b"^ +| +$", True), (rb"\bx\b", True), (b"(?i:a)|b{1,2}", True),
        (b"a*", False), (b"^", False), (rb"\b", False), (b"a|b?", False), (b"(a*)(b*)", False),
        (rb"\z", False), (b"(?m)$", False), (b"x{0,3}", False),
    ],
)  # fmt: skip
def test_patterns_that_may_match_nothing(pattern: bytes, expected: bool) -> None:
    assert never_empty(pattern) is expected


@pytest.mark.parametrize(
    ("pattern", "rewrite", "once", "text", "expected"),
    [
        ("(a)|(b)", r"<\1\2>", False, "abc", b"<a><b>c"),
        ("(a)|(b)", r"\2", False, "abc", b"bc"),
        ("a+", r"%\\%s", False, "aab", rb"%\%sb"),
        ("(x)y", r"100%\1", True, "xyxy", b"100%xxy"),
        (r"^\s+|\s+$", "", False, "  a b  ", b"a b"),
        ("b*", "-", False, "abc", b"-a-c-"),
    ],
)
def test_replacing(pattern: str, rewrite: str, once: bool, text: str, expected: bytes) -> None:
    found = ft.strings.regex_replace([text, "", text], pattern, rewrite, replace_global=not once)
    assert found.numpy().tolist()[::2] == [expected] * 2


def test_bytes_that_are_no_text_pass_through() -> None:
    found = ft.strings.regex_replace([b"a\xff\x00b", b"a"], "a", "c")
    assert found.numpy().tolist() == [b"c\xff\x00b", b"c"]


def test_characters_do_not_reach_over_the_end_of_a_string() -> None:
    halves = [b"a\xc3", b"\xa9b"]
    assert ft.strings.unicode_decode(halves, "UTF-8").to_list() == [[97, 65533], [65533, 98]]
    whole, starts = ft.strings.unicode_decode_with_offsets(["a\u00e9\U0001f600", "", "b"], "UTF-8")
    assert whole.to_list() == [[97, 0xE9, 0x1F600], [], [98]]
    assert starts.to_list() == [[0, 1, 3], [], [0]]


def test_numbers_that_python_reads_and_we_do_not() -> None:
    assert ft.strings.to_number([b" 12 ", b"-3"], ft.int32).numpy().tolist() == [12, -3]
    assert ft.strings.to_number([str(2**64 - 1)], ft.uint64).numpy().tolist() == [2**64 - 1]
    assert ft.strings.to_number(["0x10", "-inf", "1e3"]).numpy().tolist() == [16, -np.inf, 1000]
    for text, kind in (("1_0", ft.int32), ("1_0", ft.float32), (str(2**31), ft.int32),
                       ("-1", ft.uint32), ("+-1", ft.int64), ("", ft.float32), ("1.5", ft.int32),
                       (str(2**63), ft.int64), ("9" * 30, ft.uint64)):  # fmt: skip
        with pytest.raises(InvalidArgumentError, match=r"strings.to_number: b'.*' is no "):
            ft.strings.to_number(["1", text], kind)


def test_numbers_are_written_as_c_does() -> None:
    x = np.float32([1.5, np.inf, -np.nan, -0.0, 1e30])
    expected = [f"{v:08.2f}" if np.isfinite(v) else f"{v:8f}" for v in x.tolist()]
    found = ft.strings.as_string(x, precision=2, width=8, fill="0").numpy().tolist()
    assert found == [text.encode() for text in expected]
    assert ft.strings.as_string(np.uint64([2**64 - 1, 0])).numpy().tolist() == [
        b"18446744073709551615", b"0"
    ]  # fmt: skip
    assert ft.strings.as_string(np.zeros((2, 0), np.int32)).shape == (2, 0)


def test_parts_at_one_place_of_all() -> None:
    texts = [b"abcdef", b"xyz"]
    for pos in (-3, -2, 0, 2, 3):
        for size in (-1, 0, 1, 2, 9):
            starts = [pos if pos >= 0 else len(t) + pos for t in texts]
            expected = [t[s : s + max(size, 0)] for t, s in zip(texts, starts, strict=True)]
            assert ft.strings.substr(texts, pos, size).numpy().tolist() == expected
    with pytest.raises(InvalidArgumentError, match=r"pos 4 is outside b'xyz', which has 3 bytes"):
        ft.strings.substr(texts, 4, 1)


def test_words_that_are_in_no_vocabulary() -> None:
    known = [b"%d" % i for i in range(50)]
    numbers = ft.range(50, dtype=ft.int64)
    table = ft.lookup.StaticVocabularyTable(ft.lookup.KeyValueTensorInitializer(known, numbers), 7)
    asked = [b"3", b"x", b"49", *TEXTS[:60:3]]
    expected = [
        known.index(t) if t in known else 50 + fingerprint64(t) % 7 for t in asked
    ]  # fmt: skip
    assert table.lookup(asked).numpy().tolist() == expected
    assert ft.function(table.lookup)(ft.constant(asked)).numpy().tolist() == expected
    wide = ft.constant([4, 5], ft.int64)
    whole = ft.lookup.KeyValueTensorInitializer(wide, ft.constant([0, 1], ft.int64))
    small = ft.lookup.StaticVocabularyTable(whole, 7)
    expected = [0, 2 + fingerprint64(b"-9") % 7]
    assert small.lookup(ft.constant([4, -9], ft.int64)).numpy().tolist() == expected
