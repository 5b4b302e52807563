"""fuse: put the nodes of a graph into kernels.

Every node whose result is in memory joins a kernel it reads from, or one that reads what it reads,
if their loops agree and no value would have to be known before it is made; otherwise it starts a
kernel of its own. Exact, but for the order of sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from freshet.compiler.fusion.draft import Draft, NotHereError
from freshet.compiler.fusion.elements import NeedsMemoryError
from freshet.compiler.fusion.realize import Memory, Realizer, is_alias
from freshet.compiler.kernel import Kernel
from freshet.compiler.ordering import dependencies_first
from freshet.core.source import SourceLine
from freshet.graph.ir import Graph, Node, Value
from freshet.graph.trace import static_value
from freshet.ops.nest import Check, Host, Nested

if TYPE_CHECKING:
    from freshet.compiler.program import Planned


@dataclass(frozen=True, eq=False)
class Step:
    """One thing that a program does: run a kernel, or call the host.

    Attributes:
        reads: Values (roots of memory) it needs.
        writes: Values it makes.
        kernel: The kernel; None for a call to the host.
        buffers: For each buffer of the kernel, the value it holds.
        node: The node that the host runs or that is a loop, or the check that the kernel is for.
        bodies: The graphs that its node runs, once they are planned.
        over: For the results that its node makes of an operand by changing it in place, their
            number and the operand's.
        sources: The user's lines it comes from.
    """

    reads: tuple[Value, ...]
    writes: tuple[Value, ...]
    kernel: Kernel | None = None
    buffers: dict[str, Value] | None = None
    node: Node | None = None
    sources: tuple[SourceLine, ...] = ()
    bodies: tuple[Planned, ...] = ()
    over: tuple[tuple[int, int], ...] = ()

    @property
    def is_check(self) -> bool:
        """Whether the program stops if the kernel finds something."""
        return self.kernel is not None and self.node is not None

    @property
    def may_fail(self) -> bool:
        """Whether it is a check, or a call to the host, which may raise an error."""
        if self.bodies:
            return any(s.may_fail for body in self.bodies for s in body.layout.steps)
        return self.node is not None


@dataclass(frozen=True)
class Fused:
    """A graph as steps, in the graph's order, and where its values are."""

    steps: tuple[Step, ...]
    memory: Memory


def fuse(graph: Graph) -> Fused:
    """Return the steps that compute a graph whose shapes are all known."""
    realizer = Realizer(graph)
    while True:
        memory = realizer.decide()
        try:
            return _Fuser(graph, memory).run()
        except NeedsMemoryError as error:
            realizer.force(error.value)


class _Fuser:
    def __init__(self, graph: Graph, memory: Memory) -> None:
        self.graph, self.memory = graph, memory
        self.items: list[Draft | Node] = []
        self.maker: dict[Value, Draft | Node] = {}

    def run(self) -> Fused:
        for node in self.graph.nodes:
            lower = node.lower
            if isinstance(lower, (Host, Nested)):
                if static_value(node.outputs[0]) is None:
                    self._own(node, node)
            elif isinstance(lower, Check):
                draft = Draft(self.memory)
                draft.start_check(node)
                self.items.append(draft)
            elif not is_alias(node) and any(v in self.memory.held for v in node.outputs):
                self._place(node)
        needed = self._needed()
        items = [i for i in self._sorted() if self._is_needed(i, needed)]
        return Fused(tuple(self._step(item, needed) for item in items), self.memory)

    @staticmethod
    def _is_needed(item: Draft | Node, needed: dict[int, dict[Value, None]]) -> bool:
        """Whether anything comes of an item: a check may want no more than an operand's shape."""
        return isinstance(item, Node) or item.check is not None or bool(needed[id(item)])

    def _own(self, item: Draft | Node, node: Node) -> None:
        self.items.append(item)
        for value in node.outputs:
            self.maker[value] = item

    def _place(self, node: Node) -> None:
        own = Draft(self.memory)
        own.start(node)
        for draft in self._candidates(own):
            try:
                draft.join(node)
            except NotHereError:
                continue
            for value in node.outputs:
                self.maker[value] = draft
            return
        self._own(own, node)

    def _candidates(self, own: Draft) -> Iterator[Draft]:
        """Yield the kernels that a node may join: those it reads from, then those beside it.

        Args:
            own: The kernel that would be the node's alone.
        """
        reads = set(own.reads)
        makers = {id(m): m for v in reads if (m := self.maker.get(v)) is not None}
        beside = []
        for item in reversed(self.items):
            if not isinstance(item, Draft) or item.check is not None:
                continue
            if id(item) in makers:
                if not self._reaches(item, makers.values()):
                    yield item
            elif not item.contraction and reads & set(item.reads):
                # Loops that read the same thing can do so once.
                beside.append(item)
        above = self._sources(makers.values()) if beside else set()
        yield from (item for item in beside if id(item) not in above)

    def _reaches(self, start: Draft, others: Iterable[Draft | Node]) -> bool:
        """Whether one of `others` depends on `start` through something else."""
        return id(start) in self._sources(o for o in others if o is not start)

    def _sources(self, items: Iterable[Draft | Node]) -> set[int]:
        """Return the identities of items and of everything that they depend on."""
        waiting = list(items)
        seen: set[int] = set()
        while waiting:
            item = waiting.pop()
            if id(item) not in seen:
                seen.add(id(item))
                waiting += [m for v in self._reads(item) if (m := self.maker.get(v)) is not None]
        return seen

    def _reads(self, item: Draft | Node) -> list[Value]:
        if isinstance(item, Draft):
            # What a check's message shows must be there, also a constant that no kernel loads.
            shown = () if item.check is None else shown_operands(item.check)
            roots = (self.memory.root(v) for v in shown)
            return list(dict.fromkeys((*item.reads, *(v for v in roots if v is not None))))
        return [root for v in item.operands if (root := self.memory.root(v)) is not None]

    def _needed(self) -> dict[int, dict[Value, None]]:
        """Return, per item, the values that somebody else reads."""
        wanted: dict[Value, None] = {}
        for value in self.graph.results:
            root = self.memory.root(value)
            if root is not None:
                wanted[root] = None
        for item in self.items:
            wanted.update(dict.fromkeys(self._reads(item)))
        result: dict[int, dict[Value, None]] = {id(item): {} for item in self.items}
        for value in wanted:
            maker = self.maker.get(value)
            if maker is not None:
                result[id(maker)][value] = None
        return result

    def _sorted(self) -> list[Draft | Node]:
        """Return the items in an order in which everything is made before it is read.

        Checks come as soon as they can, so that they stop the program before it changes anything;
        effects keep their order;
        otherwise the order is the graph's.
        """
        ranked = sorted(
            range(len(self.items)),
            key=lambda i: (not _is_check(self.items[i]), i),
        )
        number = {id(item): i for i, item in enumerate(self.items)}
        effects = [i for i, item in enumerate(self.items) if _has_effect(item)]
        earlier = dict(zip(effects[1:], effects, strict=False))

        def before(i: int) -> list[int]:
            makers = (self.maker.get(value) for value in self._reads(self.items[i]))
            needed = [number[id(maker)] for maker in makers if maker is not None]
            return [*needed, earlier[i]] if i in earlier else needed

        return [self.items[i] for i in dependencies_first(ranked, before)]

    def _step(self, item: Draft | Node, needed: dict[int, dict[Value, None]]) -> Step:
        if isinstance(item, Node):
            reads = tuple(dict.fromkeys(self._reads(item)))
            own = (item.source,) if item.source else ()
            return Step(reads, item.outputs, node=item, sources=own)
        kernel, buffers = item.kernel(needed[id(item)])
        reads = tuple(
            dict.fromkeys(
                root
                for b in kernel.buffers
                if b.role == "in" and (root := self.memory.root(buffers[b.name])) is not None
            )
        )
        if item.check is not None:
            reads = tuple(dict.fromkeys((*reads, *self._reads(item))))
        sources = tuple(dict.fromkeys(n.source for n in item.nodes if n.source))
        writes = tuple(needed[id(item)])
        return Step(reads, writes, kernel, buffers, item.check, sources)


def _has_effect(item: Draft | Node) -> bool:
    return isinstance(item, Node) and item.has_effect


def shown_operands(check: Node) -> tuple[Value, ...]:
    """Return the operands of a check whose elements its message shows."""
    assert isinstance(check.lower, Check)
    return check.operands if check.lower.shown else check.operands[:1]


def _is_check(item: Draft | Node) -> bool:
    return isinstance(item, Draft) and item.check is not None
