"""What Python's operators on tensors call; `freshet.core.tensor` finds this table by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from freshet.core.tensor import Tensor
from freshet.ops import comparison, contraction, gathering, math, shaping, variable_parts
from freshet.ops import elementwise as e
from freshet.ops.conversion import binary_operands, convert_to_tensor
from freshet.ops.dispatch import dispatched


def _bits(name: str, primitive: Any) -> Callable[..., Tensor]:
    return dispatched(lambda x, y: primitive(*binary_operands(name, x, y)))


OPERATORS: Final[dict[str, Callable[..., Any]]] = {
    "add": math.add,
    "subtract": math.subtract,
    "multiply": math.multiply,
    "divide": math.divide,
    "floordiv": math.floordiv,
    "floormod": math.floormod,
    "pow": math.pow,
    "matmul": contraction.matmul,
    "negative": math.negative,
    "abs": math.abs,
    "invert": dispatched(lambda x: e.invert_p(convert_to_tensor(x))),
    "and": _bits("and", e.bitwise_and_p),
    "or": _bits("or", e.bitwise_or_p),
    "xor": _bits("xor", e.bitwise_xor_p),
    "less": comparison.less,
    "less_equal": comparison.less_equal,
    "greater": comparison.greater,
    "greater_equal": comparison.greater_equal,
    "eq": comparison.python_equal,
    "ne": comparison.python_not_equal,
    "getitem": shaping.getitem,
    "assign_slice": variable_parts.assign_slice,
    "scatter": variable_parts.scatter,
    "batch_scatter_update": variable_parts.batch_scatter_update,
    "gather_nd": gathering.gather_nd,
    "gather": gathering.gather,
}
