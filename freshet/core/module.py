"""`Module`: an object that owns variables and other modules."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from freshet.core.errors import InvalidArgumentError
from freshet.core.nest import flatten, is_nested
from freshet.core.scopes import name_scope, scoped
from freshet.core.variable import Variable


class Module:
    """A base class whose variables are found through its attributes.

    Variables and modules held in attributes, also inside lists, tuples and dicts, are collected by
    `variables`, `trainable_variables` and `submodules`, attributes in alphabetical order.

    Args:
        name: A Python identifier; the snake-cased class name by default.

    Raises:
        InvalidArgumentError: The name is not a Python identifier.

    Example:
        >>> import freshet as ft
        >>> class Dense(ft.Module):
        ...     def __init__(self, n, m):
        ...         super().__init__()
        ...         self.w = ft.Variable(ft.ones([n, m]), name="w")
        >>> [v.name for v in Dense(2, 3).trainable_variables]
        ['w:0']
    """

    _takes_any_name: ClassVar[bool] = False
    """Whether the name need not be an identifier."""

    def __init__(self, name: str | None = None) -> None:
        if name is not None and not (self._takes_any_name or str(name).isidentifier()):
            raise InvalidArgumentError(
                f"{type(self).__name__}: the name of a module must be a Python identifier, "
                f"received {name!r}"
            )
        self._module_name = name or to_snake_case(type(self).__name__)
        self._module_scope = scoped(f"{self._module_name}/")

    @property
    def name(self) -> str:
        """The module's name."""
        return self._module_name

    @property
    def name_scope(self) -> name_scope:
        """A scope that puts the module's name before those of variables made in it."""
        return name_scope(self._module_scope)

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
        """Return a method that runs in the module's `name_scope`: use it as a decorator.

        Example:
            >>> import freshet as ft
            >>> class Dense(ft.Module):
            ...     @ft.Module.with_name_scope
            ...     def __call__(self, x):
            ...         self.w = ft.Variable(2.0, name="w")
            ...         return x * self.w
            >>> dense = Dense()
            >>> float(dense(3.0)), dense.w.name
            (6.0, 'dense/w:0')
        """

        @functools.wraps(method)
        def scoped_method(self: Module, *args: Any, **kwargs: Any) -> Any:
            with self.name_scope:
                return method(self, *args, **kwargs)

        return scoped_method

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
