"""`Module`: which variables and modules it finds, and in which order."""

from __future__ import annotations

from typing import Any

import pytest

import freshet as ft
from freshet.core.module import to_snake_case


class Linear(ft.Module):
    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.weight = ft.Variable([1.0], name="weight")
        self.bias = ft.Variable([0.0], name="bias")

    def __call__(self, x: Any) -> Any:
        return x * self.weight + self.bias


class Network(ft.Module):
    def __init__(self) -> None:
        super().__init__()
        self.step = ft.Variable(0, trainable=False, name="step")
        self.layers = {"z": [Linear("z"), (Linear("pair"),)], "a": Linear("a")}
        self.again = self.layers["a"]
        self.about = "text"
        self.nothing = None
        self.extra = [ft.Variable(1.0, name="extra"), 3, "text"]


def names(items: Any) -> list[str]:
    return [item.name.removesuffix(":0") for item in items]


def test_what_a_module_owns() -> None:
    linear = Linear()
    assert linear.variables == (linear.bias, linear.weight)
    assert names(linear.variables) == ["bias", "weight"]
    assert linear.submodules == ()
    assert float(linear(ft.constant([3.0]))[0]) == 3


def test_nested_in_lists_tuples_and_dicts_each_once() -> None:
    network = Network()
    # Its own variables, then those of its modules; attributes and keys in alphabetical order.
    pairs = ["bias", "weight"]
    assert names(network.variables) == ["extra", "step", *pairs * 3]
    assert names(network.submodules) == ["a", "z", "pair"]
    assert names(network.trainable_variables) == ["extra", *pairs * 3]
    assert names(network.non_trainable_variables) == ["step"]
    assert len({v.ref() for v in network.variables}) == len(network.variables)


def test_what_is_added_later_is_found() -> None:
    linear = Linear()
    linear.scale = ft.Variable(2.0, name="scale")
    assert names(linear.variables) == ["bias", "scale", "weight"]
    del linear.scale
    assert names(linear.variables) == ["bias", "weight"]


def test_modules_may_hold_each_other() -> None:
    one, two = Linear("one"), Linear("two")
    one.other, two.other = two, one
    assert names(one.submodules) == ["two"]
    assert len(one.variables) == 4


def test_a_module_trains() -> None:
    linear = Linear()
    with ft.GradientTape() as tape:
        loss = ft.reduce_sum((linear(ft.constant([2.0])) - 5.0) ** 2)
    found = tape.gradient(loss, linear.trainable_variables)
    assert [g.numpy().tolist() for g in found] == [[-6], [-12]]


def test_names() -> None:
    assert (Linear().name, Linear("mine").name) == ("linear", "mine")

    class Scoped(ft.Module):
        @ft.Module.with_name_scope
        def __call__(self, x: Any) -> Any:
            return x + 1

    assert Scoped()(1) == 2


@pytest.mark.parametrize(
    ("name", "snake"),
    [("Dense", "dense"), ("Conv2D", "conv2d"), ("MaxPooling2D", "max_pooling2d"), ("LSTM", "lstm"),
     ("BatchNormalization", "batch_normalization"), ("MyHTTPLayer", "my_http_layer")],
)  # fmt: skip
def test_snake_case(name: str, snake: str) -> None:
    assert to_snake_case(name) == snake


def test_names_are_identifiers() -> None:
    with pytest.raises(ValueError, match="must be a Python identifier, received 'bad name!'"):
        Linear("bad name!")
    assert ft.keras.layers.Dense(1, name="any/name").name == "any/name"


def test_a_method_in_the_scope_of_the_modules_name() -> None:
    class Lazy(ft.Module):
        @ft.Module.with_name_scope
        def __call__(self, x: Any) -> Any:
            """Multiply."""
            if not hasattr(self, "w"):
                self.w = ft.Variable(2.0, name="w")
                self.inner = Linear("inner")
            with self.inner.name_scope:
                self.v = ft.Variable(1.0, name="v")
            return x * self.w

    lazy = Lazy(name="outer")
    assert float(lazy(ft.constant(3.0))) == 6
    assert (lazy.w.name, lazy.v.name) == ("outer/w:0", "outer/inner/v:0")
    assert lazy.name_scope.name == "outer/"
    assert Lazy.__call__.__doc__ == "Multiply."
