"""What a traced function takes and returns: as specs, as text, and bound to a call."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from freshet.core.composite import CompositeTensor
from freshet.core.errors import InvalidArgumentError
from freshet.core.nest import flatten, pack_sequence_as, skeleton
from freshet.core.shapes import TensorSpec
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable


class SignatureError(InvalidArgumentError, TypeError):
    """A traced function is given arguments that it was not traced for."""


_TENSORS = (Tensor, TensorSpec, np.ndarray, np.generic)


def described(structure: Any, flat: Sequence[Any]) -> Any:
    """Return a structure with other leaves; a ragged or sparse tensor is a tuple of its parts.

    Args:
        structure: Any structure.
        flat: What takes the place of its leaves, of composite tensors of their components.
    """
    given = iter(flat)
    leaves: list[Any] = []
    for leaf in flatten(structure):
        if isinstance(leaf, CompositeTensor):
            leaves.append(tuple(next(given) for _ in flatten(leaf, expand_composites=True)))
        else:
            leaves.append(next(given))
    return pack_sequence_as(structure, leaves)


def as_text(structure: Any) -> str:
    """Return a structure of specs and Python values as text.

    Example:
        >>> as_text({"a": [TensorSpec([2])], "b": 3})
        "{'a': [TensorSpec(shape=(2,), dtype=ft.float32, name=None)], 'b': Literal[3]}"
    """
    if isinstance(structure, Mapping):
        return "{" + ", ".join(f"{k!r}: {as_text(v)}" for k, v in structure.items()) + "}"
    if isinstance(structure, list):
        return f"[{', '.join(map(as_text, structure))}]"
    if isinstance(structure, tuple):
        return f"({', '.join(map(as_text, structure))})"
    return repr(structure) if isinstance(structure, TensorSpec) else f"Literal[{structure!r}]"


class Signature:
    """The arguments that a function was traced for.

    Args:
        name: The function's name, for errors.
        python: Its Python signature.
        structure: A list of the positional arguments, and a dict of the others.
        leaves: For each leaf of that the spec of a tensor, or the Python value.
    """

    def __init__(
        self, name: str, python: inspect.Signature, structure: Sequence[Any], leaves: Sequence[Any]
    ) -> None:
        self._name = name
        args, kwargs = described(list(structure), leaves)
        self.structured: tuple[Any, dict[str, Any]] = tuple(args), dict(kwargs)
        """Positional arguments and keywords, with specs for tensors."""
        self._kinds = _positional(python, len(args))

    def lines(self) -> list[str]:
        """Return a line for each argument."""
        args, kwargs = self.structured
        pairs = zip(self._kinds, args, strict=True)
        lines = [f"{name} ({kind}): {as_text(part)}" for (name, kind), part in pairs]
        return lines + [f"{name} (KEYWORD_ONLY): {as_text(part)}" for name, part in kwargs.items()]

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
        """Return what a call gives for each tensor, in order.

        Raises:
            SignatureError: An argument is missing, not known, or has another value than when it was
                traced.
        """
        positional, keywords = self.structured
        if len(args) > len(positional):
            self._refuse(f"takes {len(positional)} positional arguments, received {len(args)}")
        left = dict(kwargs)
        found: list[Any] = []
        for number, ((name, _), part) in enumerate(zip(self._kinds, positional, strict=True)):
            if number < len(args):
                found += self._matched(name, args[number], part)
            else:
                found += self._matched(name, _taken(left, name, part), part)
        for name, part in keywords.items():
            found += self._matched(name, _taken(left, name, part), part)
        if left:
            self._refuse(f"has no argument {sorted(left)[0]!r}")
        return found

    def _matched(self, name: str, value: Any, part: Any) -> list[Any]:
        """Return the tensors in the value of an argument."""
        specs = flatten(part)
        if value is _MISSING:
            if any(isinstance(s, TensorSpec) for s in specs):
                self._refuse(f"the argument {name!r} is missing")
            return []
        if isinstance(part, TensorSpec):
            return [value]
        given = flatten(value, expand_composites=True)
        if len(given) != len(specs):
            self._refuse(f"argument {name!r} must be {as_text(part)}, received {skeleton(value)}")
        tensors = []
        for leaf, spec in zip(given, specs, strict=True):
            if isinstance(spec, TensorSpec):
                tensors.append(leaf)
            elif not _same(leaf, spec):
                self._refuse(f"argument {name!r} was traced as {spec!r}, received {leaf!r}")
        return tensors

    def _refuse(self, why: str) -> NoReturn:
        raise SignatureError(f"{self._name}: {why}; it was traced for ({', '.join(self.lines())})")


_MISSING = object()


def _taken(kwargs: dict[str, Any], name: str, part: Any) -> Any:
    """Take an argument by its name, or by that of its only spec."""
    if name in kwargs:
        return kwargs.pop(name)
    if isinstance(part, TensorSpec) and part.name in kwargs:
        return kwargs.pop(str(part.name))
    return _MISSING


def _same(value: Any, traced: Any) -> bool:
    if isinstance(value, (*_TENSORS, Variable)) or isinstance(traced, Variable):
        return value is traced
    return bool(value == traced)


def _positional(python: inspect.Signature, count: int) -> list[tuple[str, str]]:
    """Return the names and kinds of the first `count` positional arguments."""
    found: list[tuple[str, str]] = []
    for parameter in python.parameters.values():
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            rest = range(count - len(found))
            found += [(f"{parameter.name}_{i}", "VAR_POSITIONAL") for i in rest]
        elif len(found) < count:
            found.append((parameter.name, parameter.kind.name))
    return found[:count]
