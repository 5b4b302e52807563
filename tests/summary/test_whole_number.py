"""Arguments that must be whole numbers."""

from __future__ import annotations

import numpy as np
import pytest

import freshet as ft
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.summary.whole_number import whole_number


@pytest.mark.parametrize(
    "value", [3, np.uint8(3), ft.constant(3), ft.Variable(3), ft.constant([3])]
)
def test_what_holds_a_whole_number_is_one(value):
    assert whole_number("f", "x", value, least=3, most=3) == 3


@pytest.mark.parametrize("value", [3.0, None, "3", ft.constant(3.0), ft.constant([3, 4])])
def test_what_does_not_is_an_error(value):
    with pytest.raises(DTypeError) as caught:
        whole_number("f", "x", value, least=0)
    assert caught.value.message == f"f: x must be one whole number, received {value!r}"


@pytest.mark.parametrize("value", [1, 6])
def test_the_limits_hold(value):
    with pytest.raises(InvalidArgumentError) as caught:
        whole_number("f", "x", value, least=2, most=5)
    assert caught.value.message == f"f: x must be from 2 to 5, received {value}"
