"""Initializers that draw nothing."""

from __future__ import annotations

import pytest

from freshet.core.errors import InvalidArgumentError
from freshet.keras.initializers import Constant, Identity, Ones, Zeros


def test_zeros_and_ones_take_any_dtype() -> None:
    assert Zeros()((2,), dtype="int64").numpy().tolist() == [0, 0]
    assert Ones()((2,), dtype="bool").numpy().tolist() == [True, True]
    assert Ones()(()).numpy() == 1


def test_a_constant_may_be_an_array() -> None:
    assert Constant([1.0, 2.0])((2, 2)).numpy().tolist() == [[1.0, 2.0], [1.0, 2.0]]
    with pytest.raises(InvalidArgumentError, match=r"of shape \(2,\) does not stretch to \(3,\)"):
        Constant([1.0, 2.0])((3,))


def test_identity_is_a_matrix() -> None:
    assert Identity(3.0)((2, 2), dtype="int32").numpy().tolist() == [[3, 0], [0, 3]]
    with pytest.raises(InvalidArgumentError, match=r"the shape of a matrix is needed, not \(2,\)"):
        Identity()((2,))
