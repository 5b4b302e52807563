"""`Builder`: LLVM text, instruction by instruction, with loops as `with` blocks."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from freshet.core.dtypes import DType


@dataclass(frozen=True, slots=True)
class Value:
    """An LLVM value: its type and how it is written."""

    type: str
    text: str

    def __str__(self) -> str:
        return f"{self.type} {self.text}"


Int = int | Value
"""A whole number known now, or an i64 known when the kernel runs."""


def vector_type(element: str, lanes: int) -> str:
    """Return the type of `lanes` elements; the element itself for 0 (scalar code)."""
    return f"<{lanes} x {element}>" if lanes else element


def element_type(dtype: DType) -> str:
    """Return the LLVM type that an element is computed in."""
    if dtype.is_bool:
        return "i1"
    if dtype.is_floating:
        return "double" if dtype.bits == 64 else "float"
    return f"i{dtype.bits}"


def memory_type(dtype: DType) -> str:
    """Return the LLVM type that an element is stored in."""
    if dtype.name == "float16":
        return "half"
    if dtype.name == "bfloat16":
        return "i16"
    return "i8" if dtype.is_bool else element_type(dtype)


def split_type(kind: str) -> tuple[str, int]:
    """Return a type's element type and lanes, 0 for a scalar."""
    if not kind.startswith("<"):
        return kind, 0
    lanes, _, element = kind[1:-1].partition(" x ")
    return element, int(lanes)


def literal(value: float | bool, element: str) -> str:
    """Return a number as LLVM writes it: floats by their bits, so that none is rounded."""
    if element == "i1":
        return "true" if value else "false"
    if element in {"float", "double"}:
        # LLVM writes a float32 constant as the double of the same value.
        number = float(value)
        if element == "float" and math.isfinite(number):
            try:
                number = struct.unpack("f", struct.pack("f", number))[0]
            except OverflowError:
                number = math.copysign(math.inf, number)
        return f"0x{struct.unpack('<Q', struct.pack('<d', number))[0]:016X}"
    if element == "half":
        return f"0xH{struct.unpack('<H', struct.pack('<e', value))[0]:04X}"
    bits = int(element[1:])
    return str(int(value) % 2**bits - (2**bits if int(value) % 2**bits >= 2 ** (bits - 1) else 0))


class Builder:
    """Writes the body of one function.

    Integers that are known when the kernel is emitted stay Python integers, so index arithmetic
    folds as it is written.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._entry: list[str] = []
        self._names = 0
        self._block = "entry"
        self.declarations: set[str] = set()
        self._known: dict[str, Value] = {}

    def text(self) -> str:
        """Return the blocks written so far, stack slots first."""
        return "\n".join(["entry:", *self._entry, *self._lines])

    # --- plumbing ---------------------------------------------------------------------------------

    def fresh(self, hint: str = "v") -> str:
        """Return a name not used before."""
        self._names += 1
        return f"{hint}{self._names}"

    def line(self, text: str) -> None:
        """Write an instruction without a result."""
        self._lines.append(f"  {text}")

    def emit(self, kind: str, instruction: str) -> Value:
        """Write an instruction whose result has type `kind`.

        One that stands in this block already, and reads no memory, is not written again: it spares
        LLVM more than it costs here.
        """
        known = self._known.get(instruction)
        if known is not None:
            return known
        result = Value(kind, f"%{self.fresh()}")
        self._lines.append(f"  {result.text} = {instruction}")
        if not instruction.startswith(("load ", "call ")):
            self._known[instruction] = result
        return result

    def start_block(self, name: str) -> None:
        """Begin a basic block."""
        self._lines.append(f"{name}:")
        self._block = name
        self._known.clear()

    def stack_slot(self, kind: str, align: int = 64) -> Value:
        """Return memory for one value of `kind`, which LLVM keeps in a register if it can."""
        name = f"%{self.fresh('slot')}"
        self._entry.append(f"  {name} = alloca {kind}, align {align}")
        return Value("ptr", name)

    def call(self, kind: str, function: str, *args: Value) -> Value:
        """Call an external function or intrinsic, declaring it."""
        self.declarations.add(f"declare {kind} @{function}({', '.join(a.type for a in args)})")
        written = ", ".join(map(str, args))
        if kind == "void":
            self.line(f"call void @{function}({written})")
            return Value("void", "")
        return self.emit(kind, f"call {kind} @{function}({written})")

    # --- whole numbers ----------------------------------------------------------------------------

    def int64(self, value: Int) -> Value:
        """Return `value` as an LLVM value."""
        return value if isinstance(value, Value) else Value("i64", str(value))

    def _integer(self, op: str, a: Int, b: Int) -> Value:
        return self.emit("i64", f"{op} i64 {self.int64(a).text}, {self.int64(b).text}")

    def add(self, a: Int, b: Int) -> Int:
        """Return ``a + b``."""
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if a == 0:
            return b
        return a if b == 0 else self._integer("add nsw", a, b)

    def sub(self, a: Int, b: Int) -> Int:
        """Return ``a - b``."""
        if isinstance(a, int) and isinstance(b, int):
            return a - b
        return a if b == 0 else self._integer("sub nsw", a, b)

    def mul(self, a: Int, b: Int) -> Int:
        """Return ``a * b``."""
        if isinstance(a, int) and isinstance(b, int):
            return a * b
        if a == 0 or b == 0:
            return 0
        if a == 1:
            return b
        return a if b == 1 else self._integer("mul nsw", a, b)

    def divide(self, a: Int, b: Int) -> Int:
        """Return ``a // b`` of numbers that are not negative."""
        if isinstance(a, int) and isinstance(b, int):
            return a // b
        return a if b == 1 else self._integer("udiv", a, b)

    def modulo(self, a: Int, b: Int) -> Int:
        """Return ``a % b`` of numbers that are not negative."""
        if isinstance(a, int) and isinstance(b, int):
            return a % b
        return 0 if b == 1 else self._integer("urem", a, b)

    def minimum(self, a: Int, b: Int) -> Int:
        """Return the smaller."""
        if isinstance(a, int) and isinstance(b, int):
            return min(a, b)
        return self.call("i64", "llvm.smin.i64", self.int64(a), self.int64(b))

    def less(self, a: Int, b: Int) -> bool | Value:
        """Return whether ``a < b``."""
        if isinstance(a, int) and isinstance(b, int):
            return a < b
        return self.emit("i1", f"icmp slt i64 {self.int64(a).text}, {self.int64(b).text}")

    # --- memory -----------------------------------------------------------------------------------

    def select(self, condition: bool | Value, yes: Value, no: Value) -> Value:
        """Return `yes` where the condition holds, else `no`."""
        if isinstance(condition, bool):
            return yes if condition else no
        return self.emit(yes.type, f"select {condition}, {yes}, {no}")

    def pointer(self, base: Value, offset: Int, element: str) -> Value:
        """Return the address `offset` elements after `base`."""
        if offset == 0:
            return base
        return self.emit(
            "ptr",
            f"getelementptr inbounds {element}, ptr {base.text}, {self.int64(offset)}",
        )

    def load(self, kind: str, address: Value, align: int) -> Value:
        """Read a value of type `kind`."""
        return self.emit(kind, f"load {kind}, ptr {address.text}, align {align}")

    def store(self, value: Value, address: Value, align: int) -> None:
        """Write a value."""
        self.line(f"store {value}, ptr {address.text}, align {align}")

    # --- vectors ----------------------------------------------------------------------------------

    def prefetch(self, address: Value, level: int) -> None:
        """Ask for a cache line in the cache of a level, without waiting for it."""
        read, locality, data = Value("i32", "0"), Value("i32", str(4 - level)), Value("i32", "1")
        self.call("void", "llvm.prefetch.p0", address, read, locality, data)

    def constant(self, value: float | bool, kind: str) -> Value:
        """Return a number, in every lane if `kind` is a vector."""
        element, lanes = split_type(kind)
        text = literal(value, element)
        return Value(kind, f"splat ({element} {text})" if lanes else text)

    def lane_numbers(self, element: str, lanes: int, step: int = 1) -> Value:
        """Return the vector 0, step, 2*step, ..."""
        items = ", ".join(f"{element} {i * step}" for i in range(lanes))
        return Value(vector_type(element, lanes), f"<{items}>")

    def splat(self, value: Value, lanes: int) -> Value:
        """Return `value` in every lane; `value` itself for scalar code or if it is a vector."""
        if not lanes or value.type.startswith("<"):
            return value
        kind = vector_type(value.type, lanes)
        if not value.text.startswith("%"):
            return Value(kind, f"splat ({value})")
        one = self.emit(kind, f"insertelement {kind} poison, {value}, i64 0")
        return self.emit(
            kind, f"shufflevector {one}, {kind} poison, <{lanes} x i32> zeroinitializer"
        )

    # --- control ----------------------------------------------------------------------------------

    @contextmanager
    def loop(self, low: Int, high: Int, step: int = 1, name: str = "i") -> Iterator[Int]:
        """Emit ``for i in range(low, high, step)``; the body is what the block emits."""
        if isinstance(low, int) and isinstance(high, int) and high - low <= step:
            if low < high:
                yield low
            else:
                with self._discarded():
                    yield low
            return
        head, body, done = (self.fresh(f"{name}.{part}") for part in ("head", "body", "done"))
        before, start = self._block, self.int64(low).text
        index, following = f"%{self.fresh(name)}", f"%{self.fresh(name + '.next')}"
        self.line(f"br label %{head}")
        self.start_block(head)
        phi_at = len(self._lines)
        self._lines.append("")
        again = self.emit("i1", f"icmp slt i64 {index}, {self.int64(high).text}")
        self.line(f"br {again}, label %{body}, label %{done}")
        self.start_block(body)
        yield Value("i64", index)
        self.line(f"{following} = add nsw i64 {index}, {step}")
        self.line(f"br label %{head}")
        self._lines[phi_at] = (
            f"  {index} = phi i64 [{start}, %{before}], [{following}, %{self._block}]"
        )
        self.start_block(done)

    @contextmanager
    def when(self, condition: bool | Value) -> Iterator[None]:
        """Emit ``if condition:``."""
        if condition is True:
            yield
            return
        if condition is False:
            with self._discarded():
                yield
            return
        yes, done = self.fresh("then"), self.fresh("endif")
        self.line(f"br {condition}, label %{yes}, label %{done}")
        self.start_block(yes)
        yield
        self.line(f"br label %{done}")
        self.start_block(done)

    @contextmanager
    def _discarded(self) -> Iterator[None]:
        """Drop what the block emits: it never runs."""
        length, block, known = len(self._lines), self._block, self._known
        self._known = dict(known)
        yield
        del self._lines[length:]
        self._block, self._known = block, known
