"""What every optimizer inherits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.keras import optimizers


def variable(*values: float) -> ft.Variable:
    return ft.Variable(np.asarray(values, np.float32), name="v")


def test_the_learning_rate_can_be_set_also_for_a_compiled_step() -> None:
    optimizer, v = optimizers.SGD(0.5), variable(0.0)
    optimizer.build([v])
    step = ft.function(lambda: optimizer.apply([ft.constant([1.0])], [v]))
    step()
    optimizer.learning_rate = 0.25
    step()
    optimizer.learning_rate.assign(0.125)
    step()
    assert v.numpy().tolist() == [-0.875]
    assert int(optimizer.iterations) == 3


def test_a_schedule_is_followed_and_cannot_be_set_to_a_number() -> None:
    schedule = optimizers.schedules.PiecewiseConstantDecay([1], [1.0, 0.5])
    optimizer, v = optimizers.SGD(schedule), variable(0.0)
    for _ in range(3):
        optimizer.apply([[1.0]], [v])
    # As Keras: the first value holds up to and including the boundary.
    assert v.numpy().tolist() == [-2.5]
    with pytest.raises(InvalidArgumentError, match=r"the learning rate is .*and cannot be set to"):
        optimizer.learning_rate = 0.1


def test_minimize_with_a_function_and_with_a_tape() -> None:
    v = variable(3.0)
    optimizers.SGD(0.1).minimize(lambda: v * v, [v])
    np.testing.assert_allclose(v.numpy(), [3.0 - 0.1 * 6.0], rtol=1e-6)
    with ft.GradientTape() as tape:
        loss = v * v
    optimizers.SGD(0.1).minimize(loss, [v], tape=tape)
    np.testing.assert_allclose(v.numpy(), [2.4 - 0.1 * 4.8], rtol=1e-6)
    with pytest.raises(InvalidArgumentError, match="tape"):
        optimizers.SGD(0.1).minimize(loss, [v])


def test_a_missing_gradient_leaves_its_variable_with_a_warning() -> None:
    one, two = variable(1.0), variable(1.0)
    with pytest.warns(UserWarning, match="v"):
        optimizers.SGD(0.5).apply_gradients([([1.0], one), (None, two)])
    assert one.numpy().tolist() == [0.5]
    assert two.numpy().tolist() == [1.0]


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "all missing": (
        lambda v: optimizers.SGD().apply([None], [v]), InvalidArgumentError, "SGD: .*gradient",
    ),
    "shape": (
        lambda v: optimizers.SGD().apply([[1.0, 2.0, 3.0]], [v]), InvalidArgumentError, "SGD: .*v",
    ),
    "count": (
        lambda v: optimizers.SGD().apply([[1.0]], [v, v]), InvalidArgumentError,
        "SGD: 1 gradients for 2 variables",
    ),
    "no variables": (
        lambda _: optimizers.SGD().apply([[1.0]]), FailedPreconditionError,
        "SGD.apply: give the variables as well",
    ),
    "two ways of clipping": (
        lambda _: optimizers.SGD(clipnorm=1.0, clipvalue=1.0), InvalidArgumentError, "clipnorm",
    ),
    "unknown argument": (
        lambda _: optimizers.Adam(beta1=0.9), InvalidArgumentError,
        "Adam: unknown argument 'beta1'; did you mean 'beta_1'",
    ),
    "old argument": (lambda _: optimizers.SGD(lr=0.1), InvalidArgumentError, "learning_rate"),
    "learning rate": (
        lambda _: optimizers.SGD("fast"), InvalidArgumentError,
        "SGD: learning_rate must be a number, .* received 'fast'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("act", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(act: Any, error: type[Exception], message: str) -> None:
    v = variable(1.0, 2.0)
    with pytest.raises(error, match=message):
        act(v)
    assert v.numpy().tolist() == [1.0, 2.0]


def test_an_optimizer_stays_with_its_variables() -> None:
    optimizer = optimizers.Adam()
    optimizer.apply([[1.0]], [variable(1.0)])
    with pytest.raises(InvalidArgumentError, match="is not one of the 1 variables"):
        optimizer.apply([[1.0]], [variable(1.0)])


def test_saved_state_that_does_not_fit_is_left_or_refused() -> None:
    v = variable(1.0, 2.0)
    optimizer = optimizers.Adam()
    optimizer.build([v])
    with pytest.warns(UserWarning, match="the saved optimizer has 1 variables, this one 4"):
        optimizer.load_own_variables({"0": np.int32(3)})
    values = [np.array(w.numpy()) for w in optimizer.variables]
    values[3] = np.zeros(7, np.float32)
    values[0] = np.int32(9)
    with pytest.raises(InvalidArgumentError, match=r"has shape \(2,\), received \(7,\)"):
        optimizer.set_weights(values)
    assert int(optimizer.iterations) == 0


def test_variables_without_weight_decay() -> None:
    one, two = variable(1.0), ft.Variable(np.ones(1, np.float32), name="bias")
    optimizer = optimizers.SGD(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.apply([[0.0], [0.0]], [one, two])
    np.testing.assert_allclose(one.numpy(), [0.95])
    np.testing.assert_allclose(two.numpy(), [1.0])


@pytest.mark.parametrize("name", ["adam", "Adam", "ADAM", "sgd", "rmsprop", "AdamW", "nadam"])
def test_names_in_any_case(name: str) -> None:
    assert type(optimizers.get(name)).__name__.lower() == name.lower()
