"""What a kernel reads, vector by vector, out of memory that the second-level cache does not hold.

Such memory is asked for before it is needed.
"""

from __future__ import annotations

import math

from freshet.compiler.kernel import Buffer, Kernel, Stage
from freshet.compiler.target import Target
from freshet.ops.index import Affine, combine, strides_of


def is_far(buffer: Buffer, target: Target) -> bool:
    """Whether a buffer is too large to be found in the second-level cache."""
    return math.prod(buffer.shape) * buffer.dtype.size > target.l2_bytes


def far_reads(
    kernel: Kernel, stage: Stage, axis: str, target: Target
) -> list[tuple[Buffer, Affine]]:
    """Return the buffers that a stage reads along an axis, and the elements' numbers in them."""
    found: dict[tuple[str, Affine], Buffer] = {}
    for load in stage.loads():
        if load.op == "lookup":
            continue
        name, where, _ = load.attributes
        buffer = kernel.buffer(name)
        inside = all(
            i.always_inside(size, kernel.extents)
            for i, size in zip(where, buffer.shape, strict=True)
        )
        address = combine(
            (s, i.numerator) for s, i in zip(strides_of(buffer.shape), where, strict=True)
        )
        if inside and is_far(buffer, target) and address.coefficient(axis) == 1:
            found[name, address] = buffer
    return [(buffer, address) for (_, address), buffer in found.items()]
