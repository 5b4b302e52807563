"""How a TFRecord file may be compressed."""

from __future__ import annotations

import pytest

import freshet as ft
from freshet.core.errors import InvalidArgumentError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"compression_type": "gzip"},
            "TFRecordOptions: compression_type must be 'GZIP', 'ZLIB', '' or None, received 'gzip'"
            "; did you mean 'GZIP'?",
        ),
        (
            {"compression_type": 2},
            "TFRecordOptions: compression_type must be 'GZIP', 'ZLIB', '' or None, received 2",
        ),
        (
            {"compression_type": "GZIP", "compression_level": 10},
            "TFRecordOptions: compression_level must be from -1 to 9, received 10",
        ),
        (
            {"compression_type": "GZIP", "window_bits": 15},
            "TFRecordOptions: window_bits must be from 25 to 31 for GZIP, received 15",
        ),
        (
            {"compression_type": "ZLIB", "window_bits": 31},
            "TFRecordOptions: window_bits must be from 9 to 15 for ZLIB, received 31",
        ),
        ({"mem_level": 0}, "TFRecordOptions: mem_level must be from 1 to 9, received 0"),
        (
            {"compression_method": 7},
            "TFRecordOptions: compression_method must be from 8 to 8, received 7",
        ),
        (
            {"compression_strategy": 5},
            "TFRecordOptions: compression_strategy must be from 0 to 4, received 5",
        ),
    ],
)
def test_wrong_options_are_errors_when_they_are_made(arguments, message):
    with pytest.raises(InvalidArgumentError) as caught:
        ft.io.TFRecordOptions(**arguments)
    assert caught.value.message == message


def test_the_compression_of_options_is_a_string():
    kind = ft.io.TFRecordOptions.get_compression_type_string
    assert kind(None) == kind("") == kind(ft.io.TFRecordOptions()) == ""
    assert kind("ZLIB") == kind(ft.io.TFRecordOptions("ZLIB")) == "ZLIB"
