"""A kernel as an LLVM module."""

from __future__ import annotations

from freshet.compiler.emit.builder import Builder, Value
from freshet.compiler.emit.expressions import Expressions
from freshet.compiler.emit.loops import LoopEmitter
from freshet.compiler.emit.tiles import TileEmitter
from freshet.compiler.kernel import Kernel, Loops
from freshet.compiler.target import Target
from freshet.compiler.tile_plan import scratch_bytes


def emit(kernel: Kernel, target: Target, symbol: str) -> str:
    """Return the LLVM text of a module with one function, ``void symbol(ptr, i64, i64)``.

    Its arguments are an array of pointers (the kernel's buffers in order, then scratch memory of
    `scratch_bytes` per thread), the number of this thread and the number of threads.
    """
    b = Builder()
    pointers = {buffer.name: Value("ptr", f"%buffer.{buffer.name}") for buffer in kernel.buffers}
    expressions = Expressions(b, kernel, pointers, target)
    thread, threads = Value("i64", "%thread"), Value("i64", "%threads")
    if isinstance(kernel.schedule, Loops):
        LoopEmitter(b, kernel, kernel.schedule, expressions, target).emit(thread, threads)
    else:
        TileEmitter(b, kernel, kernel.schedule, expressions, target).emit(thread, threads)
    b.line("ret void")
    return _module(b, kernel, target, symbol, scratch_bytes(kernel, target))


def _module(b: Builder, kernel: Kernel, target: Target, symbol: str, scratch: int) -> str:
    parameters = [f"ptr noalias %buffer.{buffer.name}" for buffer in kernel.buffers]
    parameters += ["ptr noalias %scratch", "i64 %thread", "i64 %threads"]
    loads, arguments = [], []
    for number, buffer in enumerate([*(x.name for x in kernel.buffers), "scratch"]):
        loads.append(f"  %p{number} = getelementptr ptr, ptr %args, i64 {number}")
        loads.append(f"  %a{number} = load ptr, ptr %p{number}")
        arguments.append(f"ptr %a{number}" if buffer != "scratch" else "ptr %own")
    last = len(kernel.buffers)
    loads.append(f"  %skip = mul i64 %thread, {scratch}")
    loads.append(f"  %own = getelementptr i8, ptr %a{last}, i64 %skip")
    call = ", ".join([*arguments, "i64 %thread", "i64 %threads"])
    # The buffers are parameters of an inner function so that LLVM knows they do not overlap.
    return "\n".join(
        [
            f'target triple = "{target.triple}"',
            *sorted(b.declarations),
            f"define internal void @body({', '.join(parameters)}) noinline nounwind {{",
            b.text(),
            "}",
            f"define void @{symbol}(ptr %args, i64 %thread, i64 %threads) nounwind {{",
            *loads,
            f"  call void @body({call})",
            "  ret void",
            "}",
            "",
        ]
    )
