"""What the runtime executes, as data: calls in order, and where their arguments are.

An `Outline` is a program without its kernels: it names their object code. It is all that a run
needs, so a program whose outline and code are in the cache runs without the compiler.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from freshet.core.shapes import TensorType

if TYPE_CHECKING:
    from freshet.graph.ir import Node


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value is.

    Attributes:
        space: ``input``, ``output``, ``constant`` or ``arena``; ``status`` for a check's outcome,
            ``scratch`` for the threads' private memory.
        number: Which input, output, constant or check; the byte offset in the arena.
        offset: Bytes after its beginning, of an input, output or constant.
    """

    space: str
    number: int
    offset: int = 0


@dataclass(frozen=True)
class HostCall:
    """One run of a primitive's reference, in Python."""

    node: Node
    operands: tuple[Place, ...]
    results: tuple[Place, ...]


@dataclass
class Jump:
    """Go on with another call.

    Attributes:
        target: Its number; the number after the last call's ends the program.
        unless: Where a boolean is; only if it is false. Without it, always.
    """

    target: int
    unless: Place | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """A kernel, as the runtime knows it.

    Attributes:
        key: Name of its object code in the kernel cache.
        work: Operations and bytes of one run.
        scratch_bytes: Memory that each thread needs for itself.
    """

    key: str
    work: int
    scratch_bytes: int


@dataclass(frozen=True, slots=True)
class CodeCall:
    """One run of a kernel: where each of its buffers is.

    Attributes:
        code: Number of its code among the outline's.
        check: Number of the check that the kernel is for; the program stops if it found something.
    """

    code: int
    arguments: tuple[Place, ...]
    check: int | None = None


@dataclass(frozen=True)
class Outline:
    """A program without its kernels.

    Attributes:
        codes: The code of its kernels, each once.
        calls: In order.
        inputs: Types of the graph's inputs.
        outputs: Types of its outputs.
        constants: Values of the constants.
        arena_bytes: Memory for everything in between.
        checks: How many checks there are.
        updated: Numbers of the inputs that it writes: variables.
    """

    name: str
    codes: tuple[Code, ...]
    calls: tuple[CodeCall | HostCall | Jump, ...]
    inputs: tuple[TensorType, ...]
    outputs: tuple[TensorType, ...]
    constants: tuple[Any, ...]
    arena_bytes: int
    checks: int
    updated: tuple[int, ...]

    @property
    def has_jumps(self) -> bool:
        """Whether data decides which calls run, and how often."""
        return any(isinstance(c, Jump) for c in self.calls)
