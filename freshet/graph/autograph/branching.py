"""`if`: Python's own for Python's values, a condition in the graph for tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.nest import skeleton
from freshet.core.shapes import TensorType
from freshet.core.source import user_line
from freshet.core.tensor import Tensor
from freshet.graph.autograph.jumps import VALUE
from freshet.graph.autograph.undefined import CHOICE, Undefined, ld, spoken
from freshet.graph.autograph.values import (
    Kind,
    Parts,
    as_condition,
    as_tensor,
    converted_leaf,
    described,
    fit,
    is_convertible,
    kind_of,
    same,
    staged,
    takes,
    zeros_of,
)
from freshet.graph.conditions import cond


@dataclass
class State:
    """The variables of a block.

    Attributes:
        get: Returns their values.
        set: Sets their values.
        names: What they are called.
        results: How many of them, from the first on, are needed afterwards.
        lists: Lists that the block changes: their names, and what reads them.
        fresh: The names that a step of a loop assigns before it reads them.
    """

    get: Callable[[], tuple[Any, ...]]
    set: Callable[[Sequence[Any]], None]
    names: tuple[str, ...]
    results: int
    lists: tuple[tuple[str, Callable[[], Any]], ...] = ()
    fresh: tuple[str, ...] = ()

    @contextmanager
    def guarded(self, what: str) -> Iterator[None]:
        """Refuse changes of lists within: they would happen when the block is traced, once."""
        known = [(name, read()) for name, read in self._readable()]
        before = [len(value) if isinstance(value, list) else -1 for _, value in known]
        yield
        for (name, value), length in zip(known, before, strict=True):
            if isinstance(value, list) and len(value) != length:
                del value[max(length, 0) :]
                raise InvalidArgumentError(
                    f"the list {name!r} is changed inside {what}, which is traced once however "
                    "often it runs: write into a ft.TensorArray instead "
                    "(array = array.write(i, value), array.stack() afterwards), or loop over a "
                    "Python sequence such as range(3)"
                )

    def _readable(self) -> Iterator[tuple[str, Callable[[], Any]]]:
        for name, read in self.lists:
            try:
                read()
            except Exception:  # what cannot be read yet is no list yet
                continue
            yield name, read


class _Again(Exception):  # noqa: N818 (it is caught where the branches are traced)
    """The branches must be traced again, with what is now known of the results."""


def if_stmt(
    test: Any, then: Callable[[], None], otherwise: Callable[[], None], state: State
) -> None:
    """Run one of two blocks."""
    tensor = staged(test)
    if tensor is None:
        if test:
            then()
        else:
            otherwise()
        return
    _Condition(as_condition("`if`", tensor), (then, otherwise), state).run()


def if_exp(test: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """Return the value of one of two expressions."""
    tensor = staged(test)
    if tensor is None:
        return then() if test else otherwise()
    holder: list[Any] = [None]

    def put(values: Sequence[Any]) -> None:
        holder[:] = values

    name = CHOICE
    state = State(lambda: tuple(holder), put, (name,), 1)
    sides = (lambda: put([then()]), lambda: put([otherwise()]))
    _Condition(as_condition("`if`", tensor), sides, state).run()
    return ld(holder[0])


class _Condition:
    """An `if` on a tensor: both blocks are traced, and their variables joined."""

    def __init__(self, test: Tensor, sides: Sequence[Callable[[], None]], state: State) -> None:
        self._test, self._sides, self._state = test, sides, state
        self._names = state.names[: state.results]
        self._initial = state.get()
        self._found: list[Parts] = []
        self._wanted: dict[int, list[Kind]] = {}
        """Types that the first block must result in, learned from the second."""
        self._joined: list[_Join] = []
        self._line = user_line()

    def run(self) -> None:
        """Trace the blocks and set the variables."""
        while True:
            try:
                results = cond(self._test, self._first, self._second)
            except _Again:
                continue
            finally:
                self._state.set(self._initial)
            break
        values, place = [], 0
        for join in self._joined:
            count = len(join.kinds)
            values.append(join.value(results[place : place + count]))
            place += count
        self._state.set([*values, *self._initial[self._state.results :]])

    def _traced(self, number: int) -> list[Parts]:
        self._state.set(self._initial)
        with self._state.guarded("an `if` on a tensor"):
            self._sides[number]()
        return [Parts.of(v) for v in self._state.get()[: self._state.results]]

    def _first(self) -> list[Any]:
        outputs: list[Any] = []
        self._found = self._traced(0)
        for number, parts in enumerate(self._found):
            kinds = self._wanted.get(number)
            if kinds is None:
                outputs += parts.tensors()
            elif not parts.is_defined:
                outputs += [zeros_of(k) for k in kinds]
            else:
                leaves = [parts.leaves[i] for i in parts.numbers]
                outputs += [converted_leaf(x, k) for x, k in zip(leaves, kinds, strict=True)]
        return outputs

    def _second(self) -> list[Any]:
        outputs: list[Any] = []
        again = False
        self._joined = []
        pairs = zip(self._found, self._traced(1), strict=True)
        for number, (first, second) in enumerate(pairs):
            name = self._names[number]
            wanted = self._wanted.get(number)
            if wanted is None:
                wanted = _wished(name, first, second)
                if wanted is not None:
                    self._wanted[number], again = wanted, True
                    continue
            join = _Join(name, first, second, wanted, str(self._line))
            self._joined.append(join)
            outputs += join.outputs()
        if again:
            raise _Again
        return outputs


def _wished(name: str, first: Parts, second: Parts) -> list[Kind] | None:
    """Return the types that the first block should have resulted in; None if it did."""
    if not first.is_defined:
        mixed = name == VALUE and second.is_defined and len(second.numbers) == len(second.leaves)
        return [kind_of(v) for v in second.leaves] if mixed and second.leaves else None
    if not second.is_defined or not _alike(first, second):
        return None
    kinds: list[Kind] = []
    changed = False
    for x, y in zip(first.leaves, second.leaves, strict=True):
        if not is_convertible(x):
            continue
        kind, other = kind_of(x), kind_of(y)
        if not fit(kind, other) and takes(x, other) and not takes(y, kind):
            assert isinstance(other, TensorType)
            kind, changed = TensorType(other.dtype, ()), True
        kinds.append(kind)
    return kinds if changed else None


def _alike(first: Parts, second: Parts) -> bool:
    """Return whether two values nest alike, with tensors in the same places."""
    return skeleton(first.value) == skeleton(second.value) and first.numbers == second.numbers


def _is_scalar(kind: Kind) -> bool:
    return isinstance(kind, TensorType) and kind.rank == 0


class _Join:
    """A variable that has got a value in each of two blocks."""

    def __init__(
        self, name: str, first: Parts, second: Parts, wanted: list[Kind] | None, line: str
    ) -> None:
        self._name, self._first, self._second, self._line = name, first, second, line
        own = [kind_of(first.leaves[i]) for i in first.numbers]
        self.kinds = own if wanted is None else wanted
        self._problem = self._find_problem()

    def _find_problem(self) -> str | None:
        """Return why the two do not go together."""
        first, second = self._first, self._second
        if not (first.is_defined or second.is_defined) or self._fills:
            return None
        if not (first.is_defined and second.is_defined):
            side = "holds" if first.is_defined else "does not hold"
            return (
                f"{spoken(self._name)} has a value only if the condition {side}; give it one "
                "before the `if`, or in both branches"
            )
        if not _alike(first, second) and not same(first.value, second.value):
            return self._differing()
        kinds = iter(self.kinds)
        for x, y in zip(first.leaves, second.leaves, strict=True):
            if not is_convertible(x):
                if not same(x, y):
                    return self._differing()
                continue
            kind = next(kinds)
            if not fit(kind, kind_of(y)) and not (takes(y, kind) and _is_scalar(kind)):
                return self._differing()
        return None

    def _differing(self) -> str:
        return (
            f"{spoken(self._name)} is {described(self._first.value)} if the condition holds, "
            f"{described(self._second.value)} otherwise; both branches must leave the same "
            "structure, dtype and number of dimensions"
        )

    @property
    def _fills(self) -> bool:
        """Whether zeros stand for what one side leaves without value, as nobody will read them."""
        known = [p for p in (self._first, self._second) if p.is_defined]
        return (
            self._name == VALUE
            and len(known) == 1
            and len(known[0].numbers) == len(known[0].leaves) > 0
        )

    def outputs(self) -> list[Any]:
        """Return what the second block results in."""
        if self._problem is not None or not self._second.is_defined:
            return [zeros_of(k) for k in self.kinds]
        leaves = [self._second.leaves[i] for i in self._second.numbers]
        return [
            converted_leaf(x, k) if takes(x, k) else as_tensor(x)
            for x, k in zip(leaves, self.kinds, strict=True)
        ]

    def value(self, tensors: Sequence[Any]) -> Any:
        """Return the variable's value after the condition, given the tensors of the graph."""
        first, second = self._first, self._second
        if self._problem is not None:
            both = first.is_defined and second.is_defined
            nothing = first.value is None or second.value is None
            error = DTypeError if both and not nothing else InvalidArgumentError
            return Undefined(self._name, f"{self._problem}\n  the `if` is at {self._line}", error)
        like = first if first.is_defined else second
        if not like.is_defined or same(first.value, second.value):
            return first.value
        leaves, given = list(like.leaves), iter(tensors)
        other = second.leaves if first.is_defined and second.is_defined else leaves
        for i in like.numbers:
            tensor = next(given)
            if not (first.is_defined and second.is_defined and same(leaves[i], other[i])):
                leaves[i] = tensor
        return like.packed(leaves)
