"""Nested structures: lists, tuples, named tuples and dicts of values, in any depth."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from freshet.core.composite import CompositeTensor
from freshet.core.errors import InvalidArgumentError


def is_nested(value: object) -> bool:
    """Return whether `value` is a structure rather than a leaf."""
    return isinstance(value, (list, dict)) or type(value) is tuple or _is_namedtuple(value)


def flatten(structure: object, expand_composites: bool = False) -> list[Any]:
    """Return the leaves in order; the values of a dict in the order of its sorted keys.

    Args:
        structure: Any structure.
        expand_composites: Whether a ragged or sparse tensor is a structure of its components.

    Example:
        >>> flatten({"b": [1, 2], "a": 3})
        [3, 1, 2]
    """
    return list(_leaves(structure, expand_composites))


def map_structure(
    function: Callable[..., Any], *structures: Any, expand_composites: bool = False
) -> Any:
    """Apply `function` to the corresponding leaves of `structures`.

    Example:
        >>> map_structure(lambda x, y: x + y, {"a": (1, 2)}, {"a": (10, 20)})
        {'a': (11, 22)}
    """
    first = structures[0]
    for other in structures[1:]:
        assert_same_structure(first, other, expand_composites)
    leaves = zip(*(_leaves(s, expand_composites) for s in structures), strict=True)
    return pack_sequence_as(first, [function(*values) for values in leaves], expand_composites)


def pack_sequence_as(structure: Any, flat: Iterable[Any], expand_composites: bool = False) -> Any:
    """Return a structure like `structure` with the leaves `flat`.

    Raises:
        InvalidArgumentError: `flat` has more or fewer values than `structure` has leaves.
    """
    values = list(flat)
    expected = len(flatten(structure, expand_composites))
    if len(values) != expected:
        raise InvalidArgumentError(
            f"pack_sequence_as: the structure has {expected} leaves, received {len(values)} values"
        )
    return _pack(structure, iter(values), expand_composites)


def packer(structure: Any) -> Callable[[Sequence[Any]], Any]:
    """Return ``flat -> pack_sequence_as(structure, flat)``, fast where nothing nests in depth.

    Composites are structures of their components.
    """
    if isinstance(structure, CompositeTensor):
        return lambda flat: pack_sequence_as(structure, flat, expand_composites=True)
    if not is_nested(structure):
        return lambda flat: flat[0]
    items = list(structure.values()) if isinstance(structure, dict) else list(structure)
    deep = any(is_nested(i) or isinstance(i, CompositeTensor) for i in items)
    if deep or type(structure) not in {dict, tuple, list}:
        return lambda flat: pack_sequence_as(structure, flat, expand_composites=True)
    if isinstance(structure, dict):
        number = {key: i for i, key in enumerate(_keys(structure))}
        pairs = [(key, number[key]) for key in structure]
        return lambda flat: {key: flat[i] for key, i in pairs}
    kind = type(structure)
    return lambda flat: kind(flat)


def assert_same_structure(a: Any, b: Any, expand_composites: bool = False) -> None:
    """Raise `InvalidArgumentError` unless both nest alike (types, keys and lengths)."""
    first, second = skeleton(a, expand_composites), skeleton(b, expand_composites)
    if first != second:
        raise InvalidArgumentError(f"the structures differ: {first} and {second} (a dot is a leaf)")


def skeleton(structure: Any, expand_composites: bool = False) -> str:
    """Return the structure as text with a dot for each leaf."""

    def listed(items: Iterable[Any]) -> str:
        return ", ".join(skeleton(item, expand_composites) for item in items)

    if isinstance(structure, Mapping):
        pairs = (f"{k!r}: {listed([structure[k]])}" for k in _keys(structure))
        return "{" + ", ".join(pairs) + "}"
    if isinstance(structure, list):
        return f"[{listed(structure)}]"
    if is_nested(structure):
        return f"{type(structure).__name__}({listed(structure)})"
    if expand_composites and isinstance(structure, CompositeTensor):
        return f"{structure._static()!r}({listed(structure._components())})"
    return "."


def _is_namedtuple(value: object) -> bool:
    return isinstance(value, tuple) and hasattr(value, "_fields")


def _keys(mapping: Mapping[Any, Any]) -> list[Any]:
    try:
        return sorted(mapping)
    except TypeError:  # keys of several types have no order; insertion order is what is left
        return list(mapping)


def _leaves(structure: Any, expand: bool = False) -> Iterator[Any]:
    if isinstance(structure, dict):
        for key in _keys(structure):
            yield from _leaves(structure[key], expand)
    elif is_nested(structure):
        for item in structure:
            yield from _leaves(item, expand)
    elif expand and isinstance(structure, CompositeTensor):
        for component in structure._components():
            yield from _leaves(component, expand)
    else:
        yield structure


def _pack(structure: Any, values: Iterator[Any], expand: bool) -> Any:
    if isinstance(structure, dict):
        packed = copy.copy(structure)  # of the same class, its keys in the same order
        for key in _keys(structure):
            packed[key] = _pack(structure[key], values, expand)
        return packed
    if expand and isinstance(structure, CompositeTensor):
        parts = [_pack(part, values, expand) for part in structure._components()]
        return structure._with_components(parts)
    if not is_nested(structure):
        return next(values)
    items = [_pack(item, values, expand) for item in structure]
    return type(structure)(*items) if _is_namedtuple(structure) else type(structure)(items)
