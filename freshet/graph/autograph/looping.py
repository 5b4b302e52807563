"""`while` and `for`: Python's own for Python's values, a loop in the graph for tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from freshet.core import context
from freshet.core.composite import CompositeTensor
from freshet.core.errors import DTypeError, InvalidArgumentError, OpError
from freshet.core.nest import skeleton
from freshet.core.shapes import TensorShape, TensorType
from freshet.core.source import user_line
from freshet.core.tensor import Tensor
from freshet.graph.autograph.branching import State, if_stmt
from freshet.graph.autograph.iterables import Iterable, iterable, over_dataset
from freshet.graph.autograph.undefined import Undefined, spoken
from freshet.graph.autograph.values import (
    Kind,
    Parts,
    as_condition,
    as_tensor,
    converted_leaf,
    described,
    fit,
    is_convertible,
    is_weak,
    kind_of,
    same,
    staged,
    takes,
    zeros_of,
)
from freshet.graph.while_loop import traced_loop
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import logical_and

Options = dict[str, Any]


def loop_options(
    parallel_iterations: Any = None,
    swap_memory: Any = None,
    maximum_iterations: Any = None,
    shape_invariants: Any = None,
) -> Options:
    """Return what `set_loop_options` says of the loop around it."""
    del parallel_iterations, swap_memory
    return {"most": maximum_iterations, "shapes": list(shape_invariants or ())}


def while_stmt(
    test: Callable[[], Any],
    body: Callable[[], None],
    state: State,
    options: Callable[[], Options] | None,
) -> None:
    """Repeat a block while a condition holds."""
    while True:
        held = test()
        if staged(held) is not None:
            break
        if not held:
            return
        body()
    _Loop(test, lambda _: body(), state, options).run()


def for_stmt(
    value: Any,
    extra: Callable[[], Any] | None,
    body: Callable[[Any], None],
    state: State,
    options: Callable[[], Options] | None,
) -> None:
    """Repeat a block for each element.

    Args:
        value: What has the elements.
        extra: What must hold before each step: that the loop was not left.
        body: Takes the element.
        state: The variables that it changes.
        options: See `loop_options`.
    """
    found = iterable(value)
    if found is not None:
        _Loop(extra, body, state, options, found).run()
        return
    if isinstance(value, Iterable):
        value = value.plain()
    reduce = over_dataset(value)
    if reduce is not None and context.state.tracer is not None:
        _Reduction(extra, body, state, options, reduce).run()
        return
    for element in value:
        held = True if extra is None else extra()
        if staged(held) is not None:
            every = State(state.get, state.set, state.names, len(state.names), state.lists)
            if_stmt(held, lambda: body(element), lambda: None, every)  # noqa: B023 (called at once)
        elif held:
            body(element)
        else:
            break


class _Again(Exception):  # noqa: N818 (it is caught where the loop is traced)
    """The loop must be traced again, from other initial values."""

    def __init__(self, values: list[Any], shapes: dict[tuple[int, int], Kind]) -> None:
        super().__init__()
        self.values, self.shapes = values, shapes


class _Loop:
    """A loop of the graph: its body is traced, and its variables go from step to step."""

    def __init__(
        self,
        test: Callable[[], Any] | None,
        body: Callable[[Any], None],
        state: State,
        options: Callable[[], Options] | None,
        elements: Iterable | None = None,
    ) -> None:
        self._test, self._body, self._state = test, body, state
        self._elements = elements
        self._options = loop_options() if options is None else options()
        self._what = "while" if elements is None else "for"
        self._open: dict[tuple[int, int], Kind] = {}
        """Types of leaves, by variable and leaf, whose shapes may change."""
        self._line = user_line()

    def run(self) -> None:
        """Trace the loop and set the variables to what they are in the end."""
        initial = self._state.get()
        values = list(initial)
        while True:
            try:
                results = self._run(values)
                break
            except _Again as again:
                values = [v.made() if isinstance(v, _Initial) else v for v in again.values]
                self._open |= again.shapes
            finally:
                self._state.set(initial)
        self._state.set(results)

    def _run(self, values: list[Any]) -> list[Any]:
        self._given = list(values)
        self._parts = [Parts.of(v) for v in values]
        tensors = [t for p in self._parts for t in p.tensors()]
        count = len(tensors)
        length: int | Tensor | None = None
        if self._elements is not None or not tensors:
            length = None if self._elements is None else self._elements.length()
            kind = length.dtype if isinstance(length, Tensor) else None
            tensors.append(convert_to_tensor(0, dtype=kind))

        def test(*now: Tensor) -> Tensor:
            self._state.set(self._assembled(now[:count]))
            held = None if self._test is None else as_condition(f"`{self._what}`", self._test())
            if length is None:
                assert held is not None
                return held
            within = now[count] < length
            return within if held is None else logical_and(within, held)

        def step(*now: Tensor) -> list[Any]:
            new = self._step(now[:count], now[count] if length is not None else None)
            return [*new, *(n + 1 for n in now[count:])]

        found = traced_loop(
            test, step, tensors, self._shapes(tensors), most=self._options["most"], bound=length
        )
        return self._assembled(found[:count])

    def _assembled(self, tensors: Sequence[Any]) -> list[Any]:
        """Return the variables' values, given the tensors among their leaves."""
        given = iter(tensors)
        values = []
        for parts in self._parts:
            if not parts.is_defined:
                values.append(parts.value)
                continue
            leaves = list(parts.leaves)
            for i in parts.numbers:
                leaves[i] = next(given)
            values.append(parts.packed(leaves))
        return values

    # --- shapes -----------------------------------------------------------------------------------

    def _shapes(self, tensors: Sequence[Any]) -> list[Any] | None:
        """Return a shape for each loop variable, open where the user or a first look says so."""
        declared = [(v, TensorShape(s)) for v, s in self._options["shapes"]]
        if not declared and not self._open:
            return None
        shapes: list[Any] = [None if isinstance(t, CompositeTensor) else t.shape for t in tensors]
        position = 0
        for number, parts in enumerate(self._parts):
            for i in parts.numbers:
                for value, shape in declared:
                    if same(value, parts.leaves[i]) or same(value, self._given[number]):
                        shapes[position] = shape
                kind = self._open.get((number, i))
                if isinstance(kind, TensorType):
                    shapes[position] = TensorShape(kind.shape)
                position += 1
        return shapes

    # --- a step -----------------------------------------------------------------------------------

    def _step(self, tensors: Sequence[Any], number: Tensor | None) -> list[Any]:
        before = self._assembled(tensors)
        self._state.set(before)
        with self._state.guarded(f"a `{self._what}` on a tensor"):
            try:
                self._body(None if self._elements is None else self._elements.element(number))  # type: ignore[arg-type]
            except OpError as error:
                self._explain(error)
                raise
        after = [Parts.of(v) for v in self._state.get()]
        self._fill(after)
        outputs = []
        taken = iter(tensors)
        for place, (parts, new) in enumerate(zip(self._parts, after, strict=True)):
            own = [next(taken) for _ in parts.numbers]
            outputs += self._carried(place, parts, own, new)
        return outputs

    def _explain(self, error: OpError) -> None:
        """Say which Python numbers have become tensors, where dtypes do not go together."""
        numbers = [
            f"{name} = {v!r}"
            for name, v in zip(self._state.names, self._given, strict=True)
            if is_weak(v) and str(kind_of(v)) in error.message
        ]
        if isinstance(error, DTypeError) and numbers and not hasattr(error, "explained"):
            error.explained = True  # type: ignore[attr-defined]
            error.message += (
                f" (within the loop, what was a Python number before it is a tensor: "
                f"{', '.join(numbers)}; begin with a number of the right kind, such as 0.0, or "
                "with a tensor)"
            )

    def _fill(self, after: list[Parts]) -> None:
        """Begin again with zeros for variables that get their first value within the loop.

        They stand for it until then, and where the loop takes no step at all.
        """
        values = list(self._given)
        shapes: dict[tuple[int, int], Kind] = {}
        found = False
        for place, (old, new) in enumerate(zip(self._parts, after, strict=True)):
            name = self._state.names[place]
            empty = not old.is_defined or (old.value is None and name in self._state.fresh)
            if not (empty and new.is_defined and new.numbers):
                continue
            if len(new.numbers) < len(new.leaves):
                continue
            found = True
            kinds = [kind_of(v) for v in new.leaves]
            values[place] = _Initial(new, dict(enumerate(kinds)), zeros=True)
            shapes |= {(place, i): k for i, k in enumerate(kinds)}
        if found:
            raise _Again(values, shapes)

    def _carried(self, place: int, parts: Parts, own: Sequence[Any], new: Parts) -> list[Any]:
        """Return the tensors of a variable after a step; raise if they are not of the same kind."""
        name = spoken(self._state.names[place])
        if not parts.is_defined:
            # What is no tensor gets no value from the graph.
            return []
        if not new.is_defined:
            if new.value.reason is not None:
                new.value.fail()
            raise InvalidArgumentError(
                f"{name} has a value before the `{self._what}`, and none after a step"
            )
        nests = [skeleton(p.value) for p in (parts, new)]
        fixed = [i for i, leaf in enumerate(parts.leaves) if not is_convertible(leaf)]
        if nests[0] != nests[1] or any(not same(parts.leaves[i], new.leaves[i]) for i in fixed):
            raise InvalidArgumentError(
                f"{name} is {described(parts.value)} before the `{self._what}` and "
                f"{described(new.value)} after a step; a loop on tensors keeps the structure of "
                "its variables, and changes nothing but tensors"
            )
        pairs = zip(parts.numbers, own, strict=True)
        return [self._checked(place, i, t, new.leaves[i]) for i, t in pairs]

    def _checked(self, place: int, leaf: int, old: Any, value: Any) -> Any:
        name = spoken(self._state.names[place])
        if not is_convertible(value):
            raise InvalidArgumentError(
                f"{name} is {old._type} before the `{self._what}` and {described(value)} after a "
                "step; it must stay a tensor"
            )
        if isinstance(old, CompositeTensor) or isinstance(value, CompositeTensor):
            if fit(kind_of(old), kind_of(value)):
                return value
            raise InvalidArgumentError(
                f"{name} is {described(old)} before the `{self._what}` and {described(value)} "
                "after a step; it must stay of the same kind"
            )
        new = converted_leaf(value, old._type) if takes(value, old._type) else as_tensor(value)
        if new.dtype != old.dtype:
            self._widen(place, leaf, new._type)
            raise DTypeError(
                f"{name} is {old._type} before the `{self._what}` and {new._type} after a step; "
                f"it must keep its dtype: begin with one of {new.dtype.name}, or use ft.cast"
            )
        fits = len(new.shape) == len(old.shape) and all(
            n is None or n == m for n, m in zip(old.shape, new.shape, strict=True)
        )
        if not fits:
            raise InvalidArgumentError(
                f"{name} is {old._type} before the `{self._what}` and {new._type} after a step; "
                "if it may change its shape, say so in the loop: "
                "ft.autograph.experimental.set_loop_options(shape_invariants="
                f"[({self._state.names[place]}, ft.TensorShape({_opened(old, new)}))])"
            )
        return new

    def _widen(self, place: int, leaf: int, kind: TensorType) -> None:
        """Begin again with a Python number in the dtype that a step gives it, if it can have it."""
        parts = self._parts[place]
        if takes(parts.leaves[leaf], kind):
            values = list(self._given)
            values[place] = _Initial(parts, {leaf: kind}, zeros=False)
            raise _Again(values, {})


class _Initial:
    """An initial value that is made outside of the loop.

    Args:
        parts: What it is like.
        kinds: Types of leaves, by number.
        zeros: Whether these leaves are zeros; otherwise they are converted.
    """

    def __init__(self, parts: Parts, kinds: Mapping[int, Kind], *, zeros: bool) -> None:
        self._parts, self._kinds, self._zeros = parts, kinds, zeros

    def made(self) -> Any:
        """Return it."""
        leaves = list(self._parts.leaves)
        for i, kind in self._kinds.items():
            leaves[i] = zeros_of(kind) if self._zeros else converted_leaf(leaves[i], kind)
        return self._parts.packed(leaves)


class _Reduction(_Loop):
    """A loop over a dataset: its `reduce`, with the loop's variables as the state."""

    def __init__(
        self, test: Callable[[], Any] | None, body: Callable[[Any], None], state: State,
        options: Callable[[], Options] | None, reduce: Callable[..., Any],
    ) -> None:  # fmt: skip
        super().__init__(None, body, state, options)
        self._what, self._reduce, self._go_on = "for", reduce, test
        self._plain_body = body

    def _run(self, values: list[Any]) -> list[Any]:
        self._given = list(values)
        self._parts = [Parts.of(v) for v in values]
        tensors = [t for p in self._parts for t in p.tensors()]
        start = tuple(tensors) or (convert_to_tensor(0),)

        def step(now: Sequence[Any], element: Any) -> tuple[Tensor, ...]:
            self._body = lambda _: self._one(element)
            return tuple(self._step(now[: len(tensors)], None)) or tuple(now)

        found = self._reduce(start, step)
        return self._assembled(found[: len(tensors)])

    def _one(self, element: Any) -> None:
        """Run the block, unless the loop was left."""
        state = self._state
        if self._go_on is None:
            self._plain_body(element)
            return
        every = State(state.get, state.set, state.names, len(state.names), state.lists)
        if_stmt(self._go_on(), lambda: self._plain_body(element), lambda: None, every)


def _opened(old: Tensor, new: Tensor) -> list[int | None]:
    """Return the sizes of two shapes, None where they differ."""
    if len(old.shape) != len(new.shape):
        return [None] * len(new.shape)
    return [m if m == n else None for m, n in zip(old.shape, new.shape, strict=True)]
