"""Large products and convolutions of eager programs, compiled: a program of one operation each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from freshet.core import context
from freshet.core.config import config
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array
from freshet.graph.trace import GraphTracer
from freshet.ops.primitive import Primitive
from freshet.runtime.execute import NativeExecutor

SMALL: Final = 1 << 22
"""Operations and bytes of an eager operation up to which no other thread is woken for it: between
two operations Python takes its time, and the threads sleep."""


def compiled_operation(
    primitive: Primitive, types: Sequence[TensorType], params: Mapping[str, Any]
) -> Callable[..., Array]:
    """Return a function of arrays that does what a primitive does to operands of some types.

    Where another backend is asked for, it runs the primitive's reference.
    """
    tracer = GraphTracer(primitive.name)
    with context.tracing(tracer), context.recording(()):
        operands = tuple(tracer.argument(t, "x") for t in types)
        graph, _ = tracer.finish(primitive.apply(operands, params))
    outputs = [v.type for v in graph.outputs]
    run = NativeExecutor(graph, small=SMALL)

    def operation(*arrays: Array) -> Array:
        if config.backend == "native":
            return run(arrays, ())[0]
        return primitive.evaluate(arrays, params, outputs)[0]

    return operation
