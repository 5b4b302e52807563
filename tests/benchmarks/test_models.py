"""The problems: the same for every framework, and what one step of each kind computes."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import benchmarks.models
import freshet as ft
from benchmarks.models import PROBLEMS, Problem, steps_keras, training_keras

FOLDER = Path(benchmarks.models.__file__).parent
EVERY = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)


@EVERY
def test_the_weights_are_those_of_the_keras_model_in_order(problem: Problem) -> None:
    code = importlib.import_module(f"benchmarks.models.{problem.network}_keras")
    model = code.build(ft.keras, ft.keras.layers, problem.rate)
    found = [tuple(variable.shape) for variable in model.trainable_variables]
    assert found == [weight.shape for weight in problem.weights]


@EVERY
def test_each_framework_has_the_network_and_the_step(problem: Problem) -> None:
    for framework in ("keras", "torch", "jax"):
        network = (FOLDER / f"{problem.network}_{framework}.py").read_text()
        assert "\ndef optimizer(" in network
        assert f"\ndef {problem.kind}(" in (FOLDER / f"steps_{framework}.py").read_text()


@EVERY
def test_data_are_the_same_each_time(problem: Problem) -> None:
    one, two = problem.data(1), problem.data(2)
    assert len(two.batches) == 2
    for a, b in zip([*one.weights, *one.batches[0]], [*two.weights, *two.batches[0]], strict=True):
        np.testing.assert_array_equal(a, b)


@EVERY
def test_batches_have_the_stated_shapes_and_ranges(problem: Problem) -> None:
    for given, array in zip(problem.inputs, problem.data(1).batches[0], strict=True):
        assert array.shape == (problem.batch, *given.shape)
        assert array.dtype == (np.int32 if given.below else np.float32)
        if given.below:
            assert 0 <= array.min() <= array.max() < given.below


def test_scales_begin_with_ones_and_biases_with_zeros() -> None:
    problem = PROBLEMS["residual"]
    values = dict(zip([w.kind for w in problem.weights], problem.data(1).weights, strict=True))
    assert (values["gamma"] == 1).all()
    assert (values["bias"] == 0).all()
    assert values["convolution"].std() == pytest.approx(1 / np.sqrt(9 * 16), rel=0.1)


def test_freshet_is_measured_as_keras_comes_and_tensorflow_in_other_forms_too() -> None:
    assert training_keras.forms(PROBLEMS["gru"], "freshet") == ("layers",)
    assert training_keras.forms(PROBLEMS["gru"], "tensorflow") == ("layers", "unrolled")
    assert training_keras.forms(PROBLEMS["dcgan"], "tensorflow") == ("layers", "fused")


# --- a step of each kind, on networks small enough to follow --------------------------------------


def linear(*sizes: int) -> Any:
    layers = [ft.keras.layers.Dense(size) for size in sizes[1:]]
    return ft.keras.Sequential([ft.keras.Input([sizes[0]]), *layers])


def optimizer() -> Any:
    return ft.keras.optimizers.SGD(0.5)


def outputs(model: Any, x: np.ndarray) -> np.ndarray:
    return model(ft.constant(x)).numpy()


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(shape, dtype=np.float32)


def cross_entropies(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    logarithm = np.log(np.exp(logits).sum(-1, keepdims=True))
    return np.take_along_axis(logarithm - logits, labels[..., None], -1)[..., 0]


def test_classification_gives_the_mean_cross_entropy_and_counts_what_is_right() -> None:
    model, x, y = linear(4, 3), random(8, 4), np.arange(8) % 3
    logits = outputs(model, x)
    step, metric = steps_keras.classification(ft, model, optimizer)
    assert float(step(ft.constant(x), ft.constant(y))) == pytest.approx(
        cross_entropies(logits, y).mean(), rel=1e-5
    )
    assert float(metric.result()) == pytest.approx((logits.argmax(1) == y).mean())


def test_prediction_is_about_every_position() -> None:
    model = ft.keras.Sequential([ft.keras.layers.Dense(3)])
    x, y = random(2, 5, 4), np.arange(10).reshape(2, 5) % 3
    expected = cross_entropies(outputs(model, x), y).mean()
    step, metric = steps_keras.prediction(ft, model, optimizer)
    assert float(step(ft.constant(x), ft.constant(y))) == pytest.approx(expected, rel=1e-5)
    assert float(metric.result()) == pytest.approx(expected, rel=1e-5)


def test_reconstruction_compares_with_what_was_given() -> None:
    model, x = linear(4, 4), random(8, 4)
    expected = np.square(outputs(model, x) - x).mean()
    step, _ = steps_keras.reconstruction(ft, model, optimizer)
    assert float(step(ft.constant(x))) == pytest.approx(expected, rel=1e-5)


def test_a_policy_learns_from_returns() -> None:
    model, x, actions, returns = linear(4, 2), random(8, 4), np.arange(8) % 2, random(8)
    expected = (cross_entropies(outputs(model, x), actions) * returns).mean()
    step, _ = steps_keras.policy_gradient(ft, model, optimizer)
    batch = [ft.constant(value) for value in (x, actions, returns)]
    assert float(step(*batch)) == pytest.approx(expected, rel=1e-5)
    assert float(step(*batch)) < expected


def test_both_adversaries_are_updated_from_one_pass() -> None:
    class Gan(ft.keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.generator, self.discriminator = linear(3, 4), linear(4, 1)

    model, images, noise = Gan(), random(8, 4), random(8, 3)
    (draw, _), (judge, _) = (
        [v.numpy() for v in part.trainable_variables]
        for part in (model.generator, model.discriminator)
    )
    real, fake = images @ judge, noise @ draw @ judge
    expected = np.log1p(np.exp(-fake)).mean() + np.log1p(np.exp(-real)).mean()
    expected += np.log1p(np.exp(fake)).mean()
    step, _ = steps_keras.adversarial(ft, model, optimizer)
    assert float(step(ft.constant(images), ft.constant(noise))) == pytest.approx(expected, rel=1e-5)

    def sigmoid(x: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-x))

    to_draw = noise.T @ (-sigmoid(-fake) / 8) @ judge.T
    to_judge = images.T @ (-sigmoid(-real) / 8) + (noise @ draw).T @ (sigmoid(fake) / 8)
    new_draw, new_judge = (
        part.trainable_variables[0].numpy() for part in (model.generator, model.discriminator)
    )
    np.testing.assert_allclose(new_draw, draw - 0.5 * to_draw, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(new_judge, judge - 0.5 * to_judge, rtol=1e-4, atol=1e-6)


def test_acting_gives_the_probability_of_the_first_action() -> None:
    model, x = linear(4, 2), random(1, 4)
    logits = outputs(model, x)[0]
    act, _ = steps_keras.acting(ft, model, optimizer)
    expected = np.exp(logits[0]) / np.exp(logits).sum()
    assert float(act(ft.constant(x))) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("name", "changes"), [("cartpole_update", True), ("cartpole_act", False)])
def test_only_training_changes_the_weights(name: str, changes: bool) -> None:
    problem = PROBLEMS[name]
    training = training_keras.Training(
        problem, problem.data(1), "layers", 0.0, package="freshet", jit_compile=None
    )
    losses = []
    for _ in range(3):
        training.step()
        losses.append(training.loss())
    assert len(set(losses)) == (3 if changes else 1)
