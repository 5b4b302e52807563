"""The small number."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from freshet.core.errors import InvalidArgumentError
from freshet.keras.epsilon import epsilon, set_epsilon
from freshet.keras.losses import poisson


@pytest.fixture
def restored() -> Iterator[None]:
    before = epsilon()
    yield
    set_epsilon(before)


def test_losses_use_the_number_that_was_set(restored: None) -> None:
    assert epsilon() == 1e-7
    set_epsilon(1.0)
    assert float(poisson([[1.0]], [[0.0]])[0]) == 0.0  # log(0 + 1)


def test_it_must_be_above_zero(restored: None) -> None:
    with pytest.raises(InvalidArgumentError, match="expected a number above 0, received 0"):
        set_epsilon(0)
