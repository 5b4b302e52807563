"""realize: decide which values are kept in memory; everything else is computed where it is read.

In memory are: what the outside sees; what the host or a loop over time makes or needs; results of
reductions; operands of large contractions, which read each element many times; and values that
several kernels read, or one reads many times over, unless they cost no more to compute than to
load, from what is in memory anyway or from one value that several of them come from.

A reshape of a value in memory is the same memory (`Memory.root`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from freshet.compiler.fusion.elements import nest_of, scalar_constant
from freshet.core import dtypes
from freshet.core.shapes import TensorType
from freshet.graph.ir import Graph, Node, Value
from freshet.ops import scalar
from freshet.ops.array import expand_dims_p, squeeze_p, transpose_p
from freshet.ops.nest import Check, Host, Nested, Reshape, is_contraction

CHEAP: Final = 2
"""Scalar operations that may be repeated in every reader rather than stored."""
COSTLY: Final = 4
"""From this many on, a value is not recomputed for each element of a larger result."""
WEIGHTS: Final = {
    "div": 4, "sqrt": 4, "rsqrt": 8, "exp": 15, "expm1": 20, "log": 20, "log1p": 25, "tanh": 25,
    "sigmoid": 20, "sin": 30, "cos": 30, "erf": 40, "pow": 60, "random_bits": 60, "quotient": 10,
    "remainder": 10, "const": 0, "operand": 0, "coordinate": 0, "inside": 0,
}  # fmt: skip
"""Rough cost of a scalar operation; 1 for those not listed."""
LONGEST: Final = 64
"""Operations one after the other that a reader repeats; the value in between is kept in memory."""


@dataclass(frozen=True)
class Memory:
    """Which values are in memory, and which share it."""

    held: frozenset[Value]

    def has(self, value: Value) -> bool:
        """Return whether a value is in memory, possibly as a reshape of another one."""
        return self.root(value) is not None

    def root(self, value: Value) -> Value | None:
        """Return the value whose memory this one's is, None if it has none."""
        if value in self.held:
            return value
        if value.node is not None and is_alias(value.node):
            return self.root(value.node.operands[0])
        return None


def is_alias(node: Node) -> bool:
    """Return whether a node's output has the elements of its first operand in the same order."""
    if isinstance(node.lower, (Reshape, Check)):
        return True
    return node.primitive in {expand_dims_p, squeeze_p} and not isinstance(node.lower, Host)


class _Costs:
    """Scalar operations below a value, down to what is in memory for certain."""

    def __init__(self, forced: set[Value]) -> None:
        self._forced = forced
        self._known: dict[Value, tuple[int, frozenset[Value]]] = {}

    def of(self, value: Value) -> tuple[int, frozenset[Value]]:
        """Return the operations, and the values that would be loaded."""
        if value not in self._known:
            self._known[value] = self._compute(value)
        return self._known[value]

    def forget(self, value: Value, cost: int, loads: frozenset[Value]) -> None:
        """Note that a value is not in memory after all, but computed."""
        self._known[value] = cost, loads

    def _compute(self, value: Value) -> tuple[int, frozenset[Value]]:
        if scalar_constant(value) is not None:
            return 0, frozenset()
        if value.node is None or value in self._forced:
            return 0, frozenset([value])
        return self.recompute(value)

    def recompute(self, value: Value) -> tuple[int, frozenset[Value]]:
        """Return the same for computing a value that may be in memory itself."""
        assert value.node is not None
        cost, loads = own_cost(value.node), frozenset[Value]()
        for operand in value.node.operands:
            below, more = self.of(operand)
            cost, loads = cost + below, loads | more
        return min(cost, 10_000), loads


def _is_wider(value: Value, than: Value) -> bool:
    """Return whether a value takes more bytes than another: a mask is smaller than its source."""
    return value.type.dtype.size > than.type.dtype.size


def _is_elementwise(node: Node) -> bool:
    """Return whether each element of a node's output comes of one element of each operand."""
    if isinstance(node.lower, (Reshape, Nested, Host, Check)):
        return False
    nest = nest_of(node)
    return nest.body is not None and not (nest.reduced or nest.lookups or nest.scatter)


def own_cost(node: Node) -> int:
    """Return the weight of a node's scalar operations."""
    if isinstance(node.lower, (Reshape, Nested, Host, Check)):
        return 0
    nest = nest_of(node)
    if nest.body is None:
        return 0
    holes = [scalar.operand(i, v.type.dtype) for i, v in enumerate(node.operands)]
    found = nest.body(*holes)
    roots = found if isinstance(found, tuple) else (found,)
    return sum(WEIGHTS.get(e.op, 1) for e in scalar.topological(roots))


class Realizer:
    """Decides for one graph. `force` adds values that turned out to be needed in memory."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._uses = graph.uses()
        self._extra: set[Value] = set()

    def force(self, value: Value) -> None:
        """Keep one more value in memory; a reshape is kept by what it reshapes."""
        self._extra.add(_source(value))

    def decide(self) -> Memory:
        """Return the values in memory."""
        forced = self._forced()
        costs = _Costs(forced)
        held = set(forced)
        readers: dict[Value, set[Node]] = {}
        for node in reversed(self._graph.nodes):
            for value in node.outputs:
                own: set[Node] = set()
                for user in self._uses.get(value, ()):
                    inlined = [v for v in user.outputs if v not in held]
                    if inlined and not isinstance(user.lower, (Host, Nested)):
                        own |= {r for v in inlined for r in readers.get(v, set())}
                    if len(inlined) < len(user.outputs) or isinstance(user.lower, Check):
                        own.add(user)
                readers[value] = own
                if value not in held and self._worth_memory(value, own, costs):
                    held.add(value)
        return Memory(frozenset(self._without_copies(held | self._bases(held - forced), forced)))

    def _bases(self, held: set[Value]) -> set[Value]:
        """Return values of which several that are held are next to nothing: ``x`` of ``2 * x``."""
        counts: dict[Value, int] = {}
        for value in held:
            node, cost = value.node, 0
            while node is not None and _is_elementwise(node):
                changing = [v for v in node.operands if scalar_constant(v) is None]
                cost += own_cost(node)
                base = _source(changing[0]) if len(changing) == 1 else None
                if base is None or cost > CHEAP or _is_wider(base, value):
                    break
                counts[base] = counts.get(base, 0) + 1
                node = base.node
        return {base for base, count in counts.items() if count > 1}

    def _without_copies(self, held: set[Value], forced: set[Value]) -> set[Value]:
        """Drop what is cheaply computed from one other value in memory."""
        costs = _Costs(held)
        kept = set(held)
        for node in self._graph.nodes:
            for value in node.outputs:
                if value in forced or value not in held or not _is_elementwise(node):
                    continue
                cost, loads = costs.recompute(value)
                wider = any(_is_wider(v, value) for v in loads)
                if cost <= CHEAP and len(loads) == 1 and not wider:
                    kept.discard(value)
                    costs.forget(value, cost, loads)
        return kept

    def _worth_memory(self, value: Value, readers: set[Node], costs: _Costs) -> bool:
        node = value.node
        assert node is not None
        if scalar_constant(value) is not None or is_alias(node):
            return False
        cost, loads = costs.of(value)
        if len(readers) > 1 and (cost > CHEAP or len(loads) > 1):
            return True
        return cost >= COSTLY and any(_visits(r) > 1.5 * value.type.num_elements for r in readers)

    def _forced(self) -> set[Value]:
        forced = set(self._graph.inputs) | self._extra
        for node in self._graph.nodes:
            lower = node.lower
            if isinstance(lower, (Host, Nested)):
                if scalar_constant(node.outputs[0]) is None:
                    forced |= set(node.outputs)
                forced |= {_source(v) for v in node.operands}
                continue
            if isinstance(lower, Check):
                # If it fails, the message shows the elements.
                forced |= {_source(v) for v in node.operands[: None if lower.shown else 1]}
            if isinstance(lower, (Reshape, Check)):
                continue
            nest = nest_of(node)
            if nest.reduced or nest.scatter is not None:
                forced |= set(node.outputs)
            forced |= {_source(node.operands[number]) for number, _ in nest.lookups}
            if nest.keeps is not None:
                # What goes into it must be read from the old array before the new one is written.
                kept = node.operands[nest.keeps]
                old = _kept_through(kept)
                forced |= {_source(v) for v in node.operands if v is not kept and _needs(v, old)}
            if nest.reduced and is_contraction(nest, node.outputs[0].type):
                forced |= {_source(v, transposed=True) for v in node.operands}
        forced |= {_source(v) for v in self._graph.results}
        return forced | self._milestones(forced)

    def _milestones(self, forced: set[Value]) -> set[Value]:
        """Return further values so that no chain of operations between those in memory is long."""
        lengths: dict[Value, int] = {}
        found: set[Value] = set()
        for node in self._graph.nodes:
            length = 1 + max((lengths.get(v, 0) for v in node.operands), default=0)
            for value in node.outputs:
                if value in forced:
                    continue
                if length >= LONGEST and not is_alias(node):
                    found.add(value)
                else:
                    lengths[value] = length
        return found


def _source(value: Value, *, transposed: bool = False) -> Value:
    """Return the value whose memory would serve: behind reshapes and, if allowed, transposes."""
    while value.node is not None and (
        is_alias(value.node) or (transposed and value.node.primitive is transpose_p)
    ):
        value = value.node.operands[0]
    return value


def _kept_through(value: Value) -> Value:
    """Return the value of which a chain of nodes keeps most elements."""
    while True:
        value = _source(value)
        node = value.node
        if node is None or isinstance(node.lower, (Host, Nested)):
            return value
        keeps = nest_of(node).keeps
        if keeps is None:
            return value
        value = node.operands[keeps]


def _needs(value: Value, other: Value) -> bool:
    """Return whether a value is computed from another one."""
    waiting, seen = [value], set[Value]()
    while waiting:
        v = waiting.pop()
        if v is other:
            return True
        if v not in seen and v.node is not None:
            seen.add(v)
            waiting += v.node.operands
    return False


def _visits(node: Node) -> int:
    """Return how many points a node's loop nest has."""
    if isinstance(node.lower, (Reshape, Nested, Host, Check)):
        return 0
    reduced = math.prod(nest_of(node).reduced)
    return node.outputs[0].type.num_elements * reduced
