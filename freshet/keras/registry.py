"""Which classes and functions a saved model may name.

The set is closed: the public names of Freshet's Keras families, and what the caller registers or
passes as `custom_objects`. Nothing is ever imported because a file says so.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from freshet.core.errors import InvalidArgumentError, did_you_mean

Object = TypeVar("Object")

FAMILIES: Final = (
    "layers", "models", "initializers", "regularizers", "constraints", "optimizers", "losses",
    "metrics", "callbacks", "dtype_policies",
)  # fmt: skip
_registered: Final[dict[str, Any]] = {}
_scopes: Final[list[Mapping[str, Any]]] = []


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[Object], Object]:
    """Return a decorator that lets saved models name a class or function of the caller's.

    Args:
        package: Prefix of the registered name.
        name: The name; that of the class by default.

    Example:
        >>> @register_keras_serializable("mine")
        ... def double(x):
        ...     return x + x
        >>> registered_name(double)
        'mine>double'
    """

    def register(target: Object) -> Object:
        full = f"{package}>{name or target.__name__}"  # type: ignore[attr-defined]
        if _registered.get(full, target) is not target:
            raise InvalidArgumentError(f"{full!r} is registered already, for {_registered[full]!r}")
        _registered[full] = target
        return target

    return register


def registered_name(target: object) -> str | None:
    """Return the name a class or function of the caller's is registered under, if it is."""
    return next((n for n, t in _registered.items() if t is target), None)


@contextmanager
def custom_object_scope(objects: Mapping[str, Any]) -> Iterator[None]:
    """Let saved models name these within the block."""
    _scopes.append(objects)
    try:
        yield
    finally:
        _scopes.pop()


def custom_object(name: str | None) -> Any:
    """Return what the caller provided under a name, None if nothing."""
    if name is None:
        return None
    for scope in reversed(_scopes):
        if name in scope:
            return scope[name]
    return _registered.get(name)


def family_module(family: str) -> Any:
    """Return a family's module: `__all__` has the public names, `ALIASES` the short ones."""
    return importlib.import_module(f"freshet.keras.{family}")


def family_member(family: str, name: str) -> Any:
    """Return the public class or function of a family, None if it has none of that name."""
    module = family_module(family)
    return getattr(module, name, None) if name in module.__all__ else None


def find_class(module: str, name: str, registered: str | None) -> Any:
    """Return the class that a saved configuration names.

    Raises:
        InvalidArgumentError: There is none; the message says what to do.
    """
    own = custom_object(registered) or custom_object(name)
    if own is not None:
        return own
    if module == "builtins":
        raise InvalidArgumentError(f"a saved model may not name {module}.{name}")
    known: list[str] = []
    if module == "keras" or module.startswith("keras."):
        # The module decides between classes of one name: a loss and a metric of squared errors.
        own_family = module.rpartition(".")[2]
        for family in sorted(FAMILIES, key=lambda f: f != own_family):
            found = family_member(family, name)
            if isinstance(found, type):
                return found
            known += family_module(family).__all__
    raise InvalidArgumentError(
        f"the saved model uses {module}.{name}, which Freshet does not have"
        f"{did_you_mean(name, known)}. If it is a class of yours, pass it: "
        f"custom_objects={{{name!r}: {name}}}"
    )
