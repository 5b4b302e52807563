"""A cell over all steps of a sequence: one `scan`.

Everything is time-major here. What depends on the inputs alone is computed for all steps before
the loop, what depends on the weights alone is computed once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.nest import flatten, is_nested, map_structure, pack_sequence_as
from freshet.core.tensor import Tensor
from freshet.graph.scan import scan
from freshet.keras.layers.layer import Layer
from freshet.keras.layers.recurrent.cell import RecurrentCell, zero_states
from freshet.keras.layers.recurrent.inner import call_cell
from freshet.keras.layers.recurrent.stacked_cells import StackedRNNCells, output_size_of
from freshet.ops import shaping
from freshet.ops.math import cast, where

Step = Callable[[Any, Any], tuple[Any, Any]]


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a sequence is gone through.

    Attributes:
        reverse: From the last step to the first.
        every: Whether the outputs of all steps are wanted, not that of the last one alone.
        mask: bool[steps, batch, 1]; where it is False the states stay, and the output is the one
            before. None for no mask.
        zeros: Whether the output is 0 instead where the mask is False.
        training: Whether dropout acts.
    """

    reverse: bool
    every: bool
    mask: Tensor | None
    zeros: bool
    training: bool


def run(cell: Any, x: Tensor, states: Any, manner: Manner) -> tuple[Tensor, Any]:
    """Go through a sequence.

    Args:
        cell: One of Freshet's, a stack of cells, or anything with a `call`.
        x: float[steps, batch, ...].
        states: What the first step begins with.
        manner: Direction, mask and what is wanted.

    Returns:
        The outputs, float[steps, batch, ...] in the order of the inputs, or the last one alone; and
        the states after the last step.
    """
    if isinstance(cell, RecurrentCell):
        return _run_own(cell, x, states, manner)
    if type(cell) is StackedRNNCells:
        return _run_stack(cell, x, states, manner)
    return _run_any(cell, x, states, manner)


def _run_own(cell: RecurrentCell, x: Tensor, states: Any, manner: Manner) -> tuple[Tensor, Any]:
    """Go through a sequence with a cell whose output is its first state."""
    part = cell.project(cast(x, cell.compute_dtype), manner.training)
    first = [cast(state, cell.compute_dtype) for state in flatten(states)]
    masks = cell.recurrent_masks(first[0], manner.training)

    def step(before: list[Tensor], row: Any) -> tuple[list[Tensor], Tensor | None]:
        part, mask = row if isinstance(row, tuple) else (row, None)
        _, after = cell.advance(part, before, masks)
        after = _kept(mask, after, before)
        output = _zeroed(mask, after[0]) if manner.zeros else after[0]
        return after, output if manner.every else None

    rows = part if manner.mask is None else (part, manner.mask)
    last, outputs = scan(step, first, rows, reverse=manner.reverse)
    return _chosen(outputs, last[0], manner), pack_sequence_as(states, last)


def _run_stack(cell: StackedRNNCells, x: Tensor, states: Any, manner: Manner) -> tuple[Tensor, Any]:
    """Go through a sequence with one cell after the other: each has all inputs at once then."""
    after = []
    for number, (inner, own) in enumerate(zip(cell.cells, states, strict=True)):
        below = number < len(cell.cells) - 1
        every, zeros = manner.every or below, manner.zeros and not below
        x, new = run(inner, x, own, replace(manner, every=every, zeros=zeros))
        after.append(new)
    return x, after


def _run_any(cell: Any, x: Tensor, states: Any, manner: Manner) -> tuple[Tensor, Any]:
    """Go through a sequence with a cell of the caller's."""
    dtype = getattr(cell, "compute_dtype", flatten(states)[0].dtype.name)
    states = map_structure(lambda state: cast(state, dtype), states)
    batch = x.shape[1] if x.shape[1] is not None else shaping.shape(x)[1]
    nothing = zero_states(output_size_of(cell), batch, dtype)

    def step(before: Any, row: Any) -> tuple[Any, Tensor | None]:
        previous, old = before
        inputs, mask = row if isinstance(row, tuple) else (row, None)
        given = old if is_nested(old) else [old]
        output, new = call_cell(cell, inputs, given, manner.training)
        new = _kept(mask, pack_sequence_as(old, flatten(new)), old)
        output = cast(output, dtype)
        output = _zeroed(mask, output) if manner.zeros else _kept(mask, output, previous)
        return (output, new), output if manner.every else None

    rows = x if manner.mask is None else (x, manner.mask)
    # A step of a scan changes no variable; random generators of a cell's own would have to.
    draws = isinstance(cell, Layer) and bool(cell.seed_generators())
    go = _unrolled if draws and manner.training else scan
    (last, after), outputs = go(step, (nothing, states), rows, reverse=manner.reverse)
    return _chosen(outputs, last, manner), after


def _unrolled(step: Step, carry: Any, rows: Any, reverse: bool) -> tuple[Any, Any]:
    """Do what `scan` does, one step after the other."""
    steps = flatten(rows)[0].shape[0]
    if steps is None:
        raise InvalidArgumentError(
            "RNN: a cell with random state of its own needs a known number of steps"
        )
    outputs: dict[int, Any] = {}
    for t in range(steps - 1, -1, -1) if reverse else range(steps):
        carry, outputs[t] = step(carry, map_structure(lambda r, t=t: r[t], rows))
    if outputs[0] is None:
        return carry, None
    return carry, shaping.stack([outputs[t] for t in range(steps)])


def _kept(mask: Tensor | None, after: Any, before: Any) -> Any:
    """Return what is new where a step counts, and elsewhere what was before."""
    if mask is None:
        return after
    return map_structure(lambda a, b: where(_spread(mask, a), a, b), after, before)


def _zeroed(mask: Tensor | None, output: Tensor) -> Tensor:
    if mask is None:
        return output
    return where(_spread(mask, output), output, shaping.zeros_like(output))


def _spread(mask: Tensor, like: Tensor) -> Tensor:
    """Return a mask, bool[batch, 1], with dimensions for those of another tensor."""
    for _ in range(like.ndim - mask.ndim):
        mask = shaping.expand_dims(mask, -1)
    return mask


def _chosen(outputs: Tensor | None, last: Tensor, manner: Manner) -> Tensor:
    """Return what is wanted of the outputs."""
    if outputs is not None:
        return outputs
    if manner.mask is None or not manner.zeros:
        return last
    return _zeroed(manner.mask[0 if manner.reverse else -1], last)
