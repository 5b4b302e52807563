"""`CompositeTensor`: a value made of several tensors, such as a ragged or a sparse tensor.

Structures that are traced, branched over or carried through loops are taken apart into plain
tensors and put together again: `freshet.core.nest` does so with ``expand_composites=True``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, NoReturn, Self

from freshet.core.errors import OpError


class CompositeTensorError(OpError, TypeError, ValueError):
    """A ragged or sparse tensor stands where only a plain tensor can."""


class CompositeTensor(ABC):
    """A value made of tensors, or the spec of one, made of the tensors' specs."""

    __slots__ = ()

    _overloads: ClassVar[str] = __name__
    """The module that registers what public operations do with this kind of value."""
    _as_plain: ClassVar[str] = "one of its components"
    """How a user makes a plain tensor of it, for error messages."""

    def _refuse(self, who: str) -> NoReturn:
        raise CompositeTensorError(
            f"{who}: a {type(self).__name__} is not a plain tensor; give {self._as_plain} where "
            "the operation does not take it as it is"
        )

    @property
    def _array(self) -> NoReturn:
        """Refuse what a primitive asks its operands first."""
        self._refuse("the operation")

    _symbol = _type = _array

    def _varying(self) -> Any:
        """Return the component that gradients flow to."""
        return self._components()[0]

    def _with_varying(self, value: Any) -> Any:
        """Return a value like this one with another such component."""
        return self._with_components([value, *self._components()[1:]])

    def _dense(self) -> Any:
        """Return the plain tensor that stands for it everywhere; None if nothing does."""
        return None

    def _accept(self, value: Any) -> Any:
        """Return a value as this spec describes it, with no more known than the spec knows."""
        return value

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
