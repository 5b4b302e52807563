"""Nested structures: lists, tuples, named tuples and dicts of values, in any depth."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from freshet.core.errors import InvalidArgumentError


def is_nested(value: object) -> bool:
    """Return whether `value` is a structure rather than a leaf."""
    return isinstance(value, (list, dict)) or type(value) is tuple or _is_namedtuple(value)


def flatten(structure: object) -> list[Any]:
    """Return the leaves in order; the values of a dict in the order of its sorted keys.

    Example:
        >>> flatten({"b": [1, 2], "a": 3})
        [3, 1, 2]
    """
    return list(_leaves(structure))


def map_structure(function: Callable[..., Any], *structures: Any) -> Any:
    """Apply `function` to the corresponding leaves of `structures`.

    Example:
        >>> map_structure(lambda x, y: x + y, {"a": (1, 2)}, {"a": (10, 20)})
        {'a': (11, 22)}
    """
    first = structures[0]
    for other in structures[1:]:
        assert_same_structure(first, other)
    leaves = zip(*(_leaves(s) for s in structures), strict=True)
    return pack_sequence_as(first, [function(*values) for values in leaves])


def pack_sequence_as(structure: Any, flat: Iterable[Any]) -> Any:
    """Return a structure like `structure` with the leaves `flat`.

    Raises:
        InvalidArgumentError: `flat` has more or fewer values than `structure` has leaves.
    """
    values = list(flat)
    expected = len(flatten(structure))
    if len(values) != expected:
        raise InvalidArgumentError(
            f"pack_sequence_as: the structure has {expected} leaves, received {len(values)} values"
        )
    return _pack(structure, iter(values))


def packer(structure: Any) -> Callable[[Sequence[Any]], Any]:
    """Return ``flat -> pack_sequence_as(structure, flat)``, fast where nothing nests in depth."""
    if not is_nested(structure):
        return lambda flat: flat[0]
    items = list(structure.values()) if isinstance(structure, dict) else list(structure)
    if any(map(is_nested, items)) or type(structure) not in {dict, tuple, list}:
        return lambda flat: pack_sequence_as(structure, flat)
    if isinstance(structure, dict):
        number = {key: i for i, key in enumerate(_keys(structure))}
        pairs = [(key, number[key]) for key in structure]
        return lambda flat: {key: flat[i] for key, i in pairs}
    kind = type(structure)
    return lambda flat: kind(flat)


def assert_same_structure(a: Any, b: Any) -> None:
    """Raise `InvalidArgumentError` unless both nest alike (types, keys and lengths)."""
    if skeleton(a) != skeleton(b):
        raise InvalidArgumentError(
            f"the structures differ: {skeleton(a)} and {skeleton(b)} (a dot is a leaf)"
        )


def skeleton(structure: Any) -> str:
    """Return the structure as text with a dot for each leaf."""
    if isinstance(structure, Mapping):
        return "{" + ", ".join(f"{k!r}: {skeleton(structure[k])}" for k in _keys(structure)) + "}"
    if isinstance(structure, list):
        return "[" + ", ".join(map(skeleton, structure)) + "]"
    if is_nested(structure):
        return f"{type(structure).__name__}({', '.join(map(skeleton, structure))})"
    return "."


def _is_namedtuple(value: object) -> bool:
    return isinstance(value, tuple) and hasattr(value, "_fields")


def _keys(mapping: Mapping[Any, Any]) -> list[Any]:
    try:
        return sorted(mapping)
    except TypeError:  # keys of several types have no order; insertion order is what is left
        return list(mapping)


def _leaves(structure: Any) -> Iterator[Any]:
    if isinstance(structure, dict):
        for key in _keys(structure):
            yield from _leaves(structure[key])
    elif is_nested(structure):
        for item in structure:
            yield from _leaves(item)
    else:
        yield structure


def _pack(structure: Any, values: Iterator[Any]) -> Any:
    if isinstance(structure, dict):
        packed = copy.copy(structure)  # of the same class, its keys in the same order
        for key in _keys(structure):
            packed[key] = _pack(structure[key], values)
        return packed
    if not is_nested(structure):
        return next(values)
    items = [_pack(item, values) for item in structure]
    return type(structure)(*items) if _is_namedtuple(structure) else type(structure)(items)
