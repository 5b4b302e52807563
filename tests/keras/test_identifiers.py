"""Names, configurations, classes and objects of every family."""

from __future__ import annotations

from typing import Any

import pytest

from freshet.core.errors import InvalidArgumentError
from freshet.keras import (
    activations,
    constraints,
    identifiers,
    initializers,
    losses,
    metrics,
    optimizers,
    regularizers,
)
from freshet.keras.registry import custom_object_scope

FAMILIES = [activations, constraints, initializers, losses, metrics, optimizers, regularizers]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.__name__.rpartition(".")[2])
def test_every_public_name_exists_and_every_alias_can_be_got(family: Any) -> None:
    for name in family.__all__:
        assert hasattr(family, name)
    without_arguments = {n: f for n, f in family.ALIASES.items() if "IoU" not in str(f)}
    assert without_arguments
    for name, found in without_arguments.items():
        got = family.get(name)
        assert got is found or isinstance(got, found), name


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.__name__.rpartition(".")[2])
def test_an_unknown_name_is_an_error(family: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"'no such thing' is not an? "):
        family.get("no such thing")
    with pytest.raises(InvalidArgumentError, match=r"12 is not an? "):
        family.get(12)


@pytest.mark.parametrize("family", [f for f in FAMILIES if f is not activations])
def test_none_stands_for_nothing(family: Any) -> None:
    assert family.get(None) is None


def test_a_close_name_is_suggested() -> None:
    with pytest.raises(InvalidArgumentError, match="did you mean 'mean_squared_error'"):
        losses.get("mean_squared_eror")
    with pytest.raises(InvalidArgumentError, match="did you mean 'he_normal'"):
        initializers.get("he_norml")


def test_a_class_of_two_families_is_looked_up_in_its_own() -> None:
    config = metrics.serialize(metrics.MeanSquaredError(name="error"))
    assert config["module"] == "keras.metrics"
    assert type(metrics.get(config)) is metrics.MeanSquaredError
    config = losses.serialize(losses.MeanSquaredError(name="error"))
    assert type(losses.get(config)) is losses.MeanSquaredError


def test_a_configuration_needs_no_module() -> None:
    found = optimizers.get({"class_name": "adam", "config": {"learning_rate": 0.5}})
    assert isinstance(found, optimizers.Adam)
    assert float(found.learning_rate) == 0.5
    assert optimizers.get("ADAM").name.startswith("adam")


def test_a_class_stands_for_an_object_of_it() -> None:
    assert isinstance(losses.get(losses.Huber), losses.Huber)
    loss = losses.Huber()
    assert losses.get(loss) is loss


def test_functions_are_named_or_written_as_objects() -> None:
    assert losses.serialize(losses.mean_squared_error) == "mean_squared_error"
    written = identifiers.function_config(losses.mean_squared_error)
    assert written == {
        "module": "builtins",
        "class_name": "function",
        "config": "mean_squared_error",
        "registered_name": "function",
    }
    assert losses.deserialize(written) is losses.mean_squared_error
    assert losses.deserialize("mean_squared_error") is losses.mean_squared_error


def test_custom_objects_come_first() -> None:
    class Huber(losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return y_true

    config = losses.serialize(losses.Huber())
    assert type(losses.deserialize(config)) is losses.Huber
    arguments = {"class_name": "Huber", "config": {"name": "mine"}}
    assert type(losses.deserialize(arguments, {"Huber": Huber})) is Huber
    with custom_object_scope({"Huber": Huber}):
        assert type(losses.get("Huber")) is Huber


def test_a_custom_function_is_found_by_its_name() -> None:
    def double(x: Any) -> Any:
        return x + x

    config = {
        "module": "builtins", "class_name": "function", "config": "double",
        "registered_name": "elsewhere>double",
    }  # fmt: skip
    assert activations.deserialize(config, {"elsewhere>double": double}) is double
    assert activations.deserialize(config, {"double": double}) is double
    with pytest.raises(InvalidArgumentError, match="'double' is not an activation"):
        activations.deserialize(config)


def test_nothing_else_can_be_named() -> None:
    with pytest.raises(InvalidArgumentError, match="may not name builtins"):
        losses.get({"module": "builtins", "class_name": "eval", "config": {}})
    with pytest.raises(InvalidArgumentError, match="which Freshet does not have"):
        losses.get({"module": "os", "class_name": "system", "config": {}})
