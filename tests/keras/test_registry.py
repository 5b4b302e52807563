"""Which classes a saved model may name."""

from __future__ import annotations

import pytest

from freshet import keras
from freshet.core.errors import InvalidArgumentError
from freshet.keras import registry


class Mine:
    pass


def test_a_scope_ends_also_after_an_error() -> None:
    found = []

    def fail() -> None:
        with registry.custom_object_scope({"Mine": Mine}):
            found.append(registry.custom_object("Mine"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert [*found, registry.custom_object("Mine")] == [Mine, None]


def test_the_innermost_scope_wins() -> None:
    with registry.custom_object_scope({"A": int}), registry.custom_object_scope({"A": str}):
        assert registry.custom_object("A") is str
        assert registry.find_class("keras.layers", "A", None) is str


def test_a_name_is_registered_once() -> None:
    register = registry.register_keras_serializable("tests")
    assert register(Mine) is Mine
    assert register(Mine) is Mine
    assert registry.registered_name(Mine) == "tests>Mine"
    assert registry.find_class("anything", "Mine", "tests>Mine") is Mine
    other = type("Mine", (), {})
    with pytest.raises(InvalidArgumentError, match="'tests>Mine' is registered already"):
        register(other)


@pytest.mark.parametrize("family", ["losses", "metrics"])
def test_the_module_decides_between_classes_of_one_name(family: str) -> None:
    found = registry.find_class(f"keras.{family}", "MeanSquaredError", None)
    assert found is getattr(keras, family).MeanSquaredError


@pytest.mark.parametrize("module", ["keras", "keras.layers", "keras.src.layers.core.dense"])
def test_a_class_is_found_wherever_keras_keeps_it(module: str) -> None:
    assert registry.find_class(module, "Dense", None) is keras.layers.Dense


@pytest.mark.parametrize(
    ("module", "name", "message"),
    [
        ("builtins", "eval", r"a saved model may not name builtins\.eval"),
        ("os", "system", r"uses os\.system, which Freshet does not have"),
        ("keras.layers", "Desne", "did you mean 'Dense'"),
        ("keras.layers", "__class__", "which Freshet does not have"),
        ("keras.layers", "Layer.__init__", "which Freshet does not have"),
        ("freshet.keras.saving", "load_model", "which Freshet does not have"),
        ("keras.saving", "load_model", "which Freshet does not have"),
    ],
)
def test_only_known_classes_can_be_named(module: str, name: str, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        registry.find_class(module, name, None)
