"""What an argument such as ``loss="mse"`` stands for: a name, a configuration, a class, an object.

The families share these functions; each family module binds them to its own names. A configuration
is looked up in its own family first, because families have classes of one name:
`losses.MeanSquaredError` and `metrics.MeanSquaredError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from freshet.keras import configurable
from freshet.keras.registry import (
    custom_object,
    custom_object_scope,
    family_member,
    family_module,
)


def get(identifier: Any, family: str, what: str) -> Any:
    """Return the object or function that an argument stands for; None for None.

    Args:
        identifier: A name, a configuration, a class, an object or a function.
        family: Module of `freshet.keras` whose public names count.
        what: Called so in errors, such as "an optimizer".

    Raises:
        InvalidArgumentError: The name or class is not known.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        return deserialize(identifier, family, what)
    return configurable.get(identifier, family, what)


def deserialize(
    config: Any, family: str, what: str, custom_objects: Mapping[str, Any] | None = None
) -> Any:
    """Return what a configuration describes: that of an object, or the name of a function.

    Args:
        config: What the family's `serialize` returned, or Keras's.
        family: As for `get`.
        what: As for `get`.
        custom_objects: The caller's own classes and functions by name.

    Raises:
        InvalidArgumentError: It names a class that is neither of the family nor the caller's.
    """
    with custom_object_scope(custom_objects or {}):
        if not isinstance(config, dict):
            return get(config, family, what)
        name = str(config.get("class_name"))
        if name == "function":
            return _function(config, family, what)
        own = None if _is_custom(config) else _family_class(family, name)
        with custom_object_scope({} if own is None else {name: own}):
            return configurable.deserialize_object(config)


def function_config(function: Any) -> Any:
    """Return a function as Keras writes it where a bare name would be taken for a text."""
    found = configurable.serialize(function)
    if not isinstance(found, str):
        return found
    return {
        "module": "builtins",
        "class_name": "function",
        "config": found,
        "registered_name": "function",
    }


def _function(config: Mapping[str, Any], family: str, what: str) -> Any:
    """Return the function that Keras wrote as an object of class "function"."""
    registered = custom_object(config.get("registered_name"))
    return get(str(config["config"]), family, what) if registered is None else registered


def _is_custom(config: Mapping[str, Any]) -> bool:
    names = (config.get("registered_name"), config.get("class_name"))
    return any(custom_object(name) is not None for name in names)


def _family_class(family: str, name: str) -> type | None:
    found = family_module(family).ALIASES.get(name) or family_member(family, name)
    return found if isinstance(found, type) else None
