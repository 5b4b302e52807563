"""What the optimizers refuse, and what their steps cannot be divided by."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from freshet.core.errors import InvalidArgumentError
from freshet.core.variable import Variable
from freshet.keras import optimizers


@pytest.mark.parametrize(("name", "options", "message"), [
    ("Lion", {"beta_1": 0.0}, r"Lion: beta_1 must be in \(0, 1\], received 0\.0"),
    ("Lion", {"beta_1": 1.5}, r"Lion: beta_1 must be in \(0, 1\], received 1\.5"),
    ("Ftrl", {"learning_rate_power": 0.5}, r"learning_rate_power must not be above 0"),
    ("Ftrl", {"l1_regularization_strength": -1.0}, r"l1_regularization_strength must not be neg"),
    ("Ftrl", {"initial_accumulator_value": -0.1}, r"initial_accumulator_value must not be neg"),
])  # fmt: skip
def test_arguments_out_of_range_are_refused(
    name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        getattr(optimizers, name)(**options)


@pytest.mark.parametrize(("start", "gradient", "expected"), [
    ([0.0, 0.0], [1.0, -1.0], [-0.1, 0.1]), ([3.0, 4.0], [0.0, 0.0], [3.0, 4.0]),
])  # fmt: skip
def test_lamb_steps_as_adam_where_a_norm_is_zero(
    start: list[float], gradient: list[float], expected: list[float]
) -> None:
    variable = Variable(start)
    optimizers.Lamb(0.1).apply([gradient], [variable])
    np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-5)
