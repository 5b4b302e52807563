"""The scalar language: what one element costs to compute.

An operation says what it does to elements with these expressions; the compiler puts them into loops
and turns them into vector code. The vocabulary is closed: `SCALAR_OPS` and the leaves below.

Expressions are hash-consed: two equal expressions are one object, so common subexpressions are
found by identity.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from freshet.core import dtypes
from freshet.core.dtypes import DType
from freshet.ops.index import Affine, Index, Position

ARITHMETIC: Final = frozenset({
    "add", "sub", "mul", "div", "neg", "abs", "minimum", "maximum", "quotient", "remainder",
    "shift_left", "shift_right", "bit_and", "bit_or", "bit_xor", "bit_not",
})  # fmt: skip
"""Result has the operands' dtype. `quotient` (of integers) and `remainder` (also of floats) are
division towards zero."""
MATH: Final = frozenset({
    "sqrt", "rsqrt", "exp", "expm1", "log", "log1p", "tanh", "sigmoid", "sin", "cos", "erf", "pow",
    "floor", "ceil", "rint", "trunc", "multiply_add",
})  # fmt: skip
"""Floating-point functions of the operands' dtype; `rint` rounds halves to even, and `multiply_add`
rounds once where the machine has an instruction for it."""
COMPARISONS: Final = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})
"""Result is bool; ordered, except `ne`: NaN differs from everything."""
OTHER: Final = frozenset({"select", "cast", "random_bits"})
SCALAR_OPS: Final = ARITHMETIC | MATH | COMPARISONS | OTHER


@dataclass(frozen=True, eq=False)
class Expr:
    """One scalar value. Make it with the functions of this module and Python's operators."""

    op: str
    args: tuple[Expr, ...]
    dtype: DType
    attributes: tuple[Any, ...] = ()
    """What the leaves carry: the number, the index, the buffer's name."""

    def __add__(self, other: Expr | float) -> Expr:
        return binary("add", self, other)

    def __radd__(self, other: float) -> Expr:
        return binary("add", constant(other, self.dtype), self)

    def __sub__(self, other: Expr | float) -> Expr:
        return binary("sub", self, other)

    def __rsub__(self, other: float) -> Expr:
        return binary("sub", constant(other, self.dtype), self)

    def __mul__(self, other: Expr | float) -> Expr:
        return binary("mul", self, other)

    def __rmul__(self, other: float) -> Expr:
        return binary("mul", constant(other, self.dtype), self)

    def __truediv__(self, other: Expr | float) -> Expr:
        return binary("div", self, other)

    def __rtruediv__(self, other: float) -> Expr:
        return binary("div", constant(other, self.dtype), self)

    def __neg__(self) -> Expr:
        return unary("neg", self)

    def __lt__(self, other: Expr | float) -> Expr:
        return compare("lt", self, other)

    def __gt__(self, other: Expr | float) -> Expr:
        return compare("gt", self, other)

    def __le__(self, other: Expr | float) -> Expr:
        return compare("le", self, other)

    def __ge__(self, other: Expr | float) -> Expr:
        return compare("ge", self, other)


_INTERNED: Final[weakref.WeakValueDictionary[Any, Expr]] = weakref.WeakValueDictionary()
_LOCK: Final = threading.RLock()
"""Two threads that compile at once must not make the same expression twice."""


def make(op: str, args: Iterable[Expr], dtype: DType, attributes: tuple[Any, ...] = ()) -> Expr:
    """Return the one expression with these parts."""
    args = tuple(args)
    # repr tells 0.0 from -0.0 and 1 from True, which == does not.
    key = (op, tuple(map(id, args)), dtype.name, repr(attributes) if op == "const" else attributes)
    found = _INTERNED.get(key)
    if found is None:
        with _LOCK:
            found = _INTERNED.get(key)
            if found is None:
                found = _INTERNED[key] = Expr(op, args, dtype, attributes)
    return found


# --- leaves ---------------------------------------------------------------------------------------


def constant(value: float, dtype: DType) -> Expr:
    """Return a number."""
    if dtype.is_bool:
        value = bool(value)
    elif dtype.is_integer:
        value = int(value)
    else:
        value = float(value)
    return make("const", (), dtype, (value,))


def operand(number: int, dtype: DType) -> Expr:
    """Return the element of a primitive's input that its index map picks; lives in `Nest.body`."""
    return make("operand", (), dtype, (number,))


def coordinate(where: Affine, dtype: DType = dtypes.int64) -> Expr:
    """Return an affine function of the loop's axes as a number."""
    return make("coordinate", (), dtype, (where,))


def inside(conditions: Iterable[tuple[Index, int]]) -> Expr:
    """Return whether every index is exact and in ``[0, size)``."""
    return make("inside", (), dtypes.bool_, tuple(conditions))


def load(buffer: str, dtype: DType, where: Position, fill: float = 0) -> Expr:
    """Return an element of a buffer, or `fill` where `where` is outside of it."""
    return make("load", (), dtype, (buffer, where, constant(fill, dtype)))


def lookup(buffer: str, dtype: DType, where: Position, dimension: int, index: Expr) -> Expr:
    """Return an element of a buffer whose index along one dimension is data."""
    return make("lookup", (index,), dtype, (buffer, where, dimension))


def clipped(index: Expr, size: int) -> Expr:
    """Return an index as int64, no less than 0 and less than `size`."""
    wide = cast(index, dtypes.int64)
    return minimum(maximum(wide, 0), size - 1)


def result(name: str, dtype: DType) -> Expr:
    """Return what a reduction of an earlier stage came to."""
    return make("result", (), dtype, (name,))


# --- operations -----------------------------------------------------------------------------------


def _as_expr(value: Expr | float, like: Expr) -> Expr:
    return value if isinstance(value, Expr) else constant(value, like.dtype)


def unary(op: str, x: Expr) -> Expr:
    """Apply an operation of one operand; the result has its dtype."""
    return make(op, (x,), x.dtype)


def binary(op: str, x: Expr, y: Expr | float) -> Expr:
    """Apply an operation of two operands of one dtype; the result has it too."""
    return make(op, (x, _as_expr(y, x)), x.dtype)


def compare(op: str, x: Expr, y: Expr | float) -> Expr:
    """Compare two operands of one dtype."""
    return make(op, (x, _as_expr(y, x)), dtypes.bool_)


def select(condition: Expr, yes: Expr | float, no: Expr | float) -> Expr:
    """Return `yes` where `condition` holds, else `no`; at least one is an expression."""
    like = yes if isinstance(yes, Expr) else no
    assert isinstance(like, Expr)
    return make("select", (condition, _as_expr(yes, like), _as_expr(no, like)), like.dtype)


def cast(x: Expr, dtype: DType) -> Expr:
    """Convert; float to integer truncates, to bool compares with 0."""
    return x if x.dtype is dtype else make("cast", (x,), dtype)


def random_bits(key0: Expr, key1: Expr, index: Expr) -> Expr:
    """Return 32 random bits, element `index` of the Philox stream with the given key."""
    return make("random_bits", (key0, key1, index), dtypes.uint32)


def multiply_add(x: Expr, y: Expr | float, z: Expr) -> Expr:
    """Return ``x * y + z``."""
    return make("multiply_add", (x, _as_expr(y, x), z), x.dtype)


def maximum(x: Expr, y: Expr | float) -> Expr:
    """Return the larger; NaN if either is."""
    return binary("maximum", x, y)


def minimum(x: Expr, y: Expr | float) -> Expr:
    """Return the smaller; NaN if either is."""
    return binary("minimum", x, y)


# --- walking --------------------------------------------------------------------------------------


def topological(roots: Iterable[Expr], known: Container[Expr] = ()) -> Iterator[Expr]:
    """Yield every expression below `roots` once, operands before users, but none that is known."""
    seen: set[Expr] = set()
    stack = [(root, False) for root in reversed(list(roots))]
    while stack:
        expr, ready = stack.pop()
        if expr in seen or expr in known:
            continue
        if ready:
            seen.add(expr)
            yield expr
        else:
            stack.append((expr, True))
            stack.extend((a, False) for a in reversed(expr.args) if a not in seen)


def rebuild(
    roots: Iterable[Expr],
    change: Callable[[Expr], tuple[Any, ...]],
    known: Mapping[Expr, Expr] | None = None,
) -> dict[Expr, Expr]:
    """Return, for every expression below `roots`, the one with changed attributes.

    Args:
        roots: Where to start.
        change: ``expression -> its new attributes``.
        known: Expressions to replace as a whole.
    """
    done = dict(known or {})
    for e in topological(roots):
        if e not in done:
            done[e] = make(e.op, [done[a] for a in e.args], e.dtype, change(e))
    return done
