"""`Module`: an object that owns variables and other modules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from freshet.core.nest import flatten, is_nested
from freshet.core.variable import Variable


class Module:
    """A base class whose variables are found through its attributes.

    Variables and modules held in attributes, also inside lists, tuples and dicts, are collected by
    `variables`, `trainable_variables` and `submodules`, attributes in alphabetical order.

    Args:
        name: The snake-cased class name by default.

    Example:
        >>> import freshet as ft
        >>> class Dense(ft.Module):
        ...     def __init__(self, n, m):
        ...         super().__init__()
        ...         self.w = ft.Variable(ft.ones([n, m]), name="w")
        >>> [v.name for v in Dense(2, 3).trainable_variables]
        ['w']
    """

    def __init__(self, name: str | None = None) -> None:
        self._module_name = name or to_snake_case(type(self).__name__)

    @property
    def name(self) -> str:
        """The module's name."""
        return self._module_name

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Every variable of this module and its submodules, each once."""
        return tuple(self._find(Variable))

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        """The variables that are trainable."""
        return tuple(v for v in self.variables if v.trainable)

    @property
    def non_trainable_variables(self) -> tuple[Variable, ...]:
        """The variables that are not trainable."""
        return tuple(v for v in self.variables if not v.trainable)

    @property
    def submodules(self) -> tuple[Module, ...]:
        """Every module below this one, each once."""
        return tuple(self._find(Module))

    @classmethod
    def with_name_scope(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """Return `method` itself; names carry no scope here."""
        return method

    def _find(self, kind: type[Any]) -> Iterator[Any]:
        seen: set[int] = {id(self)}
        waiting: list[Any] = [self]
        while waiting:
            module = waiting.pop(0)
            below: list[Module] = []
            for _, attribute in sorted(vars(module).items()):
                leaves = flatten(attribute) if is_nested(attribute) else (attribute,)
                for leaf in leaves:
                    if not isinstance(leaf, (Variable, Module)) or id(leaf) in seen:
                        continue
                    seen.add(id(leaf))
                    if isinstance(leaf, kind):
                        yield leaf
                    if isinstance(leaf, Module):
                        below.append(leaf)
            waiting = below + waiting


def to_snake_case(name: str) -> str:
    """Return a class name in lower case with underscores: ``Conv2D`` becomes ``conv2d``.

    Example:
        >>> to_snake_case("MaxPooling2D")
        'max_pooling2d'
    """
    words = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()
