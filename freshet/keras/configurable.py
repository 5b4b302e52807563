"""`Configurable`: objects that say how they were made, and can be made again from that.

An object keeps each argument of its constructor in an attribute of the same name; its
configuration is read off the signature, so it cannot fall behind the constructor.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, ClassVar, Final, Self

import numpy as np

from freshet.core.dtypes import DType
from freshet.core.errors import InvalidArgumentError, UnimplementedError, did_you_mean
from freshet.core.shapes import TensorShape
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.keras.registry import (
    custom_object,
    family_member,
    family_module,
    find_class,
    registered_name,
)


class Configurable:
    """What layers, losses, metrics, optimizers and the like have in common."""

    family = "keras"
    """The name of Keras's package that holds the class, in saved configurations."""
    not_in_config: ClassVar[frozenset[str]] = frozenset()
    """Arguments of the constructor that are not part of the configuration."""

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON values."""
        config = {}
        for name in constructor_arguments(type(self)):
            if name in self.not_in_config:
                continue
            if not hasattr(self, name):
                raise UnimplementedError(
                    f"{type(self).__name__} does not keep its argument {name!r}: set self.{name} "
                    "in the constructor, or write get_config"
                )
            config[name] = serialize(getattr(self, name))
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make an object from what `get_config` returned."""
        return cls(**config)


_arguments: Final[dict[type, tuple[str, ...]]] = {}


def constructor_arguments(cls: type) -> tuple[str, ...]:
    """Return the arguments of a class's constructor, those that it passes on to its bases first."""
    if cls not in _arguments:
        _arguments[cls] = _read_arguments(cls)
    return _arguments[cls]


def _read_arguments(cls: type) -> tuple[str, ...]:
    names: list[list[str]] = []
    for base in cls.__mro__:
        init = base.__dict__.get("__init__")
        if init is None:
            continue
        parameters = list(inspect.signature(init).parameters.values())[1:]
        names.append(
            [p.name for p in parameters if p.kind not in {p.VAR_KEYWORD, p.VAR_POSITIONAL}]
        )
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return tuple(dict.fromkeys(name for group in reversed(names) for name in group))


def reject_unknown(cls: type, given: Iterable[str]) -> None:
    """Raise `InvalidArgumentError` if a constructor is given an argument that it does not know."""
    known = constructor_arguments(cls)
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None:
        raise InvalidArgumentError(
            f"{cls.__name__}: unknown argument {unknown!r}{did_you_mean(unknown, known) or '.'} "
            f"It takes {', '.join(known)}"
        )


def serialize(value: Any) -> Any:
    """Return a value of a configuration as JSON, in Keras's format.

    Raises:
        UnimplementedError: It is a function or object that no saved model could name.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple, TensorShape)):
        return [serialize(v) for v in value]
    if isinstance(value, dict):
        return {str(k): serialize(v) for k, v in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, DType):
        return value.name
    if isinstance(value, (Tensor, Variable, np.ndarray)):
        array = np.asarray(value)
        return array.item() if array.ndim == 0 else array.tolist()
    if isinstance(value, Configurable):
        return serialize_object(value)
    if callable(value):
        return _serialize_function(value)
    raise UnimplementedError(f"a value of type {type(value).__name__} cannot be saved: {value!r}")


def serialize_object(value: Configurable) -> dict[str, Any]:
    """Return an object's class and configuration, in Keras's format."""
    cls = type(value)
    registered = registered_name(cls)
    own = cls.__module__.startswith("freshet.")
    return {
        "module": cls.family if own else cls.__module__,
        "class_name": cls.__name__,
        "config": value.get_config(),
        "registered_name": registered if registered or own else cls.__name__,
    }


def _serialize_function(value: Any) -> Any:
    registered = registered_name(value)
    name = getattr(value, "__name__", "")
    if getattr(value, "__module__", "").startswith("freshet.") and name.isidentifier():
        return name
    if registered:
        return {
            "module": "builtins", "class_name": "function", "config": name,
            "registered_name": registered,
        }  # fmt: skip
    raise UnimplementedError(
        f"the function {name or value!r} cannot be saved: register it with "
        "@ft.keras.saving.register_keras_serializable()"
    )


def deserialize_object(config: Any) -> Any:
    """Make the object that a saved configuration describes.

    Raises:
        InvalidArgumentError: It names a class that is neither Freshet's nor the caller's, or its
            arguments do not fit that class.
    """
    if not isinstance(config, dict) or "class_name" not in config:
        raise InvalidArgumentError(f"this is not the configuration of an object: {config!r}")
    registered = config.get("registered_name")
    cls = find_class(str(config.get("module")), str(config["class_name"]), registered)
    if not isinstance(cls, type):
        return cls
    inner = config.get("config") or {}
    if not isinstance(inner, dict):
        raise InvalidArgumentError(f"the configuration of {cls.__name__} is not a dict: {inner!r}")
    made = cls.from_config(dict(inner))  # type: ignore[attr-defined]
    build = config.get("build_config")
    if build and hasattr(made, "build_from_config"):
        made.build_from_config(build)
    return made


def get(identifier: Any, family: str, what: str) -> Any:
    """Return the object that an argument such as ``"adam"`` or ``{"class_name": ...}`` stands for.

    Args:
        identifier: A name, a configuration, a class, an object or a function.
        family: Module of `freshet.keras` whose public names count.
        what: Called so in errors, such as "an optimizer".

    Raises:
        InvalidArgumentError: The name is not known.
    """
    if isinstance(identifier, dict):
        return deserialize_object(identifier)
    if isinstance(identifier, str):
        found = custom_object(identifier) or _by_name(identifier, family)
        if found is None:
            known = family_module(family).ALIASES
            raise InvalidArgumentError(
                f"{identifier!r} is not {what}{did_you_mean(identifier, known)}"
            )
        return found() if isinstance(found, type) else found
    if isinstance(identifier, type):
        return identifier()
    if callable(identifier) or isinstance(identifier, Configurable):
        return identifier
    raise InvalidArgumentError(f"{identifier!r} is not {what}")


def _by_name(identifier: str, family: str) -> Any:
    return family_module(family).ALIASES.get(identifier) or family_member(family, identifier)
