"""Gradients of which only rows are not 0: those of variables that are read by gathers alone.

An embedding's table may be large, and a step reads a few rows of it. Its gradient is then these
rows (`ft.IndexedSlices`), never zeros around them. Where a traced function reads it, its gradient
leaves the function as two results, the rows and which they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from freshet.core.source import current_part
from freshet.core.tensor import Tensor
from freshet.ops.indexed_slices import IndexedSlices
from freshet.ops.lookup import gather_p
from freshet.ops.primitive import Call


def key_of(tensor: Tensor) -> int:
    """Return what stands for a tensor: a symbolic one may be wrapped more than once."""
    return id(tensor if tensor._symbol is None else tensor._symbol)


def only_once(tensors: Sequence[Tensor], wanted: Sequence[bool]) -> list[bool]:
    """Return whose gradients are wanted, of a tensor that is there several times the first one's.

    What is differentiated for a tensor is the whole: for each of ``f(x, x)`` it would count twice.
    """
    keys = [key_of(t) for t in tensors]
    return [
        asked and key not in keys[:i]
        for i, (key, asked) in enumerate(zip(keys, wanted, strict=True))
    ]


class _Share(NamedTuple):
    """What one operation gives to a gradient."""

    rows: Tensor
    places: Tensor
    part: str
    """The part of a model that the operation's gradient belongs to."""


class RowGradients:
    """The gradients, row by row, of tensors of which rows were gathered.

    Args:
        keys: Those of the tensors, which reading variables gave.
    """

    def __init__(self, keys: Iterable[int]) -> None:
        self._keys = frozenset(keys)
        self._found: dict[int, list[_Share]] = {}

    def takes_gather(
        self, primitive: Any, call: Call, found: Mapping[int, Tensor], part: str
    ) -> bool:
        """Return whether an operation gathers from one of them; then remember its gradient."""
        if primitive is not gather_p or call.params["axis"] or key_of(call.x) not in self._keys:
            return False
        self._add(call.x, _Share(found[key_of(call.output)], call.y, part))
        return True

    def takes(self, tensor: Tensor, gradient: IndexedSlices, part: str) -> bool:
        """Return whether `tensor` is one of them; then remember rows of its gradient."""
        if key_of(tensor) not in self._keys:
            return False
        self._add(tensor, _Share(gradient.values, gradient.indices, part))
        return True

    def _add(self, tensor: Tensor, share: _Share) -> None:
        self._found.setdefault(key_of(tensor), []).append(share)

    def of(self, reads: Sequence[Tensor]) -> IndexedSlices | None:
        """Return the gradient of a variable that was read several times."""
        first = {key_of(t): t for t in reads}
        shares = [(t, share) for key, t in first.items() for share in self._found.get(key, [])]
        if not shares:
            return None
        parts = [(share.rows, share.places) for _, share in shares]
        like, one = shares[0]
        return IndexedSlices._of_gathers(parts, like, one.part)


@dataclass(frozen=True)
class GradientLayout:
    """How the gradients of a function's inputs are laid out as plain results of another one.

    Attributes:
        places: For each gradient there is, the number of the input, and whether it is rows: these
            take two results.
    """

    places: tuple[tuple[int, bool], ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The inputs that have a gradient."""
        return tuple(number for number, _ in self.places)

    @classmethod
    def of(cls, gradients: Sequence[Any]) -> tuple[GradientLayout, list[Tensor]]:
        """Return the layout of some gradients, None for those that are not there, and the results.

        Args:
            gradients: One for each input: a tensor, `IndexedSlices` or None.
        """
        places, results = [], []
        for number, gradient in enumerate(gradients):
            if gradient is None:
                continue
            rows = isinstance(gradient, IndexedSlices)
            places.append((number, rows))
            results += [gradient.values, gradient.indices] if rows else [gradient]
        return cls(tuple(places)), results

    def gradients(self, results: Sequence[Tensor], inputs: Sequence[Tensor]) -> list[Any]:
        """Return a gradient, or None, for each of the inputs, out of what `of` laid out."""
        found: list[Any] = [None] * len(inputs)
        given: Iterator[Tensor] = iter(results)
        for number, rows in self.places:
            first = found[number] = next(given)
            if rows:
                parts = [(first, next(given))]
                found[number] = IndexedSlices._of_gathers(parts, inputs[number], current_part())
        return found
