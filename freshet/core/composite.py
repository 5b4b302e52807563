"""`CompositeTensor`: a value made of several tensors, such as a ragged or a sparse tensor.

Structures that are traced, branched over or carried through loops are taken apart into plain
tensors and put together again: `freshet.core.nest` does so with ``expand_composites=True``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Self


class CompositeTensor(ABC):
    """A value made of tensors, or the spec of one, made of the tensors' specs."""

    __slots__ = ()

    @abstractmethod
    def _components(self) -> Sequence[Any]:
        """Return the tensors (or further composites) it is made of."""

    @abstractmethod
    def _with_components(self, components: Sequence[Any]) -> Any:
        """Return a value like this one made of others; a spec given tensors returns a value."""

    @abstractmethod
    def _static(self) -> Self | Any:
        """Return what distinguishes it from others with such components: hashable, with a repr.

        A spec returns what its values do.
        """
