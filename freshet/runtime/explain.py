"""What a compiled program consists of, as text: `Function.explain`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from freshet.compiler.calls import HostCall
from freshet.compiler.costs import kernel_bytes, kernel_flops
from freshet.compiler.program import KernelCall, Program
from freshet.core.errors import FailedPreconditionError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Tensor
from freshet.graph.function import ConcreteFunction
from freshet.runtime.execute import NativeExecutor
from freshet.runtime.profile import name_of, reason_of, sources_of
from freshet.runtime.roofline import grouped

_HEAD: Final = ("calls", "FLOP", "bytes", "kernel", "part", "line")
_NUMBERS: Final = 3
"""Columns to the left that are numbers."""


def explain(concrete: ConcreteFunction, tensors: Sequence[Tensor]) -> str:
    """Return what a call with these tensors runs.

    Raises:
        FailedPreconditionError: It is not compiled.
    """
    executor = concrete.executor
    if not isinstance(executor, NativeExecutor):
        raise FailedPreconditionError(
            f"{concrete.name}: only compiled functions can be explained; this one runs on NumPy, "
            "because FRESHET_BACKEND asks for it or because it works on strings"
        )
    arrays = [t._value for t in tensors]
    program = executor.executable(arrays, concrete.captured_variables).program
    return program_text(program, len(arrays))


def program_text(program: Program, arguments: int) -> str:
    """Return a program as text; so many of its inputs are arguments, the rest variables."""
    given, variables = program.inputs[:arguments], program.inputs[arguments:]
    kernels = [c.kernel for c in program.work if isinstance(c, KernelCall)]
    hosts = [c for c in program.work if isinstance(c, HostCall)]
    updated = {target for target, _ in program.graph.updates}
    in_place = sum(v in updated for v in program.graph.inputs)
    groups = grouped(program.work)
    different = sum(isinstance(program.work[g[0]], KernelCall) for g in groups)
    rows = [
        ("arguments", _values(given)),
        ("variables", f"{_values(variables)}, {in_place} updated" if variables else "none"),
        ("outputs", _values(program.outputs)),
        ("constants", _counted(len(program.constants), _constant_bytes(program))),
        ("intermediates", f"{_bytes(program.arena_bytes)} at the peak"),
        ("kernels", f"{different}, called {_times(len(kernels))}"),
        ("host calls", str(len(hosts))),
        *([("jumps", _jumps(program))] if program.has_jumps else []),
        ("FLOP", f"{sum(map(kernel_flops, kernels)):,} a run"),
        ("bytes moved", f"{sum(map(kernel_bytes, kernels)):,} a run, at least"),
    ]
    types = ", ".join(map(str, given))
    lines = [f"{program.name}({types})", *(f"  {name:<14}{text}" for name, text in rows)]
    if hosts:
        lines += ["", "  the program goes back to Python for"]
        lines += [f"    {text}" for text in dict.fromkeys(map(_host_text, hosts))]
    return "\n".join([*lines, "", *_table(program, groups)])


def _host_text(call: HostCall) -> str:
    source = call.node.source
    where = f"   {source.short}  {source.text}" if source else ""
    return f"{call.node.primitive.name}: {reason_of(call)}{where}"


def _table(program: Program, groups: Sequence[tuple[int, ...]]) -> list[str]:
    rows = [_HEAD, *(_row(program, numbers) for numbers in groups)]
    if not any(row[_HEAD.index("part")] for row in rows[1:]):
        rows = [(*row[: _HEAD.index("part")], row[-1]) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  "
        + "  ".join(
            cell.rjust(width) if n < _NUMBERS else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _row(program: Program, numbers: tuple[int, ...]) -> tuple[str, ...]:
    call = program.work[numbers[0]]
    sources = sources_of(call)
    line = f"{sources[0].short}  {sources[0].text}" if sources else ""
    parts = ", ".join(dict.fromkeys(s.part for s in sources if s.part))
    flops = moved = ""
    if isinstance(call, KernelCall):
        flops = f"{kernel_flops(call.kernel) * len(numbers):,}"
        moved = f"{kernel_bytes(call.kernel) * len(numbers):,}"
    return str(len(numbers)), flops, moved, name_of(call), parts, line


def _values(types: Sequence[TensorType]) -> str:
    return _counted(len(types), sum(t.num_bytes for t in types))


def _jumps(program: Program) -> str:
    count = len(program.calls) - len(program.work)
    return f"{count}: data decides which kernels run, and how often; below, each counts once"


def _counted(number: int, size: int) -> str:
    return f"{number}, {_bytes(size)}" if number else "none"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def _constant_bytes(program: Program) -> int:
    return sum(c.nbytes for c in program.constants)


def _bytes(count: int) -> str:
    return f"{count:,} byte{'' if count == 1 else 's'}"
