"""The conformance suite for layers finds layers that do not conform."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.core.config import config
from freshet.keras.layers import Layer
from freshet.testing import LayerSample
from freshet.testing import layers as suite

X = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)


class Scale(Layer):
    """A layer as it should be; the others break one thing each."""

    def __init__(self, factor: float = 2.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape: Any) -> None:
        self.shift = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="shift")

    def call(self, x: Any) -> Any:
        return x * self.factor + self.shift


class WrongShape(Scale):
    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], 7)


class FixedBatch(Scale):
    def call(self, x: Any) -> Any:
        return ft.reshape(super().call(x), [4, 3])


class OtherWhenTraced(Scale):
    def call(self, x: Any) -> Any:
        y = super().call(x)
        return y if ft.executing_eagerly() else y * 1.001


class NoGradient(Scale):
    def call(self, x: Any) -> Any:
        return x * self.factor + ft.stop_gradient(ft.identity(self.shift))


class WrongGradient(Scale):
    def call(self, x: Any) -> Any:
        return x * self.factor + self.shift * 2.0 - ft.stop_gradient(ft.identity(self.shift))


class Forgets(Scale):
    def __init__(self, factor: float = 2.0, **kwargs: Any) -> None:
        super().__init__(factor, **kwargs)
        self.factor = 2 * factor


class Hidden(Scale):
    def build(self, input_shape: Any) -> None:
        self.hidden = [1.0 + np.random.default_rng().random()]
        super().build(input_shape)

    def call(self, x: Any) -> Any:
        return super().call(x) * self.hidden[0]


class Float32(Scale):
    def call(self, x: Any) -> Any:
        return ft.cast(super().call(x), "float32")


class Grows(Scale):
    def call(self, x: Any) -> Any:
        self.add_weight(shape=(1,), name="more")
        return super().call(x)


class TakesAnything(Scale):
    def __init__(self, factor: float = 2.0, **kwargs: Any) -> None:
        kwargs.pop("nmae", None)
        super().__init__(factor, **kwargs)


def sample(layer: type[Layer]) -> LayerSample:
    return LayerSample(
        layer=layer, arguments={"factor": 3.0}, inputs=(X,), weights=(np.arange(3.0),),
        expected=3 * X + np.arange(3, dtype=np.float32),
    )  # fmt: skip


CHECKS = [
    suite.check_values, suite.check_shapes, suite.check_unknown_batch, suite.check_modes,
    suite.check_gradients, suite.check_configuration, suite.check_dtypes, suite.check_weights,
    suite.check_unknown_argument,
]  # fmt: skip


@pytest.mark.parametrize("check", CHECKS)
def test_a_good_layer_passes(check: Any) -> None:
    check(sample(Scale))


def test_a_good_layer_is_saved(tmp_path: Path) -> None:
    suite.check_saving(sample(Scale), tmp_path)


@pytest.mark.parametrize(
    ("layer", "check"),
    [
        (Forgets, suite.check_values),
        (WrongShape, suite.check_shapes),
        (FixedBatch, suite.check_unknown_batch),
        (OtherWhenTraced, suite.check_modes),
        (NoGradient, suite.check_gradients),
        (WrongGradient, suite.check_gradients),
        (Forgets, suite.check_configuration),
        (Hidden, suite.check_configuration),
        (Float32, suite.check_dtypes),
        (Grows, suite.check_weights),
        (TakesAnything, suite.check_unknown_argument),
    ],
)
def test_a_bad_layer_does_not(layer: type[Layer], check: Any) -> None:
    with pytest.raises((AssertionError, ValueError)):
        check(sample(layer))


@pytest.mark.parametrize("layer", [Hidden, Forgets])
def test_a_layer_that_is_not_saved_whole_is_found(layer: type[Layer], tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        suite.check_saving(sample(layer), tmp_path)


def test_a_fault_of_one_backend_is_found() -> None:
    class WrongWhenCompiled(Scale):
        def call(self, x: Any) -> Any:
            y = super().call(x)
            return y * 1.001 if config.backend == "native" and not ft.executing_eagerly() else y

    with pytest.raises(AssertionError, match="native, result 0"):
        suite.check_modes(sample(WrongWhenCompiled))
