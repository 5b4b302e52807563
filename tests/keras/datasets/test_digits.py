"""The digits that come with Freshet."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from freshet.keras.datasets import digits

CHECKSUMS = [3753537586, 145814478, 1077765153, 299757479]


def test_the_held_out_fifth_is_stratified():
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    assert len(x_train) + len(x_test) == 1797
    for digit in range(10):
        count = int((y_train == digit).sum() + (y_test == digit).sum())
        assert int((y_test == digit).sum()) == round(count / 5)


def test_the_parts_never_change():
    arrays = [array for part in digits.load_data() for array in part]
    assert [zlib.crc32(array.tobytes()) for array in arrays] == CHECKSUMS


def test_values_are_as_documented():
    (x_train, _), (x_test, _) = digits.load_data()
    for x in (x_train, x_test):
        assert x.dtype == np.uint8
        assert (int(x.min()), int(x.max())) == (0, 16)


def test_the_licence_stands_beside_the_data():
    folder = Path(digits.__file__).parent
    text = (folder / "README").read_text(encoding="utf-8")
    assert "CC BY 4.0" in text
    assert "Alpaydin" in text
    assert (folder / "digits.npz").stat().st_size < 100_000
