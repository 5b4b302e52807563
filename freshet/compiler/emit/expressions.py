"""Scalar expressions to vector code: loads, arithmetic, stores at one point of the loops."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from freshet.compiler.emit.builder import (
    Builder,
    Int,
    Value,
    element_type,
    memory_type,
    split_type,
    vector_type,
)
from freshet.compiler.emit.math import Math
from freshet.compiler.emit.random import BLOCKS, SHARED, philox, philox_block, word_of
from freshet.compiler.kernel import Buffer, Kernel, Store
from freshet.compiler.target import Target
from freshet.core.dtypes import DType
from freshet.core.errors import InternalError
from freshet.ops import scalar
from freshet.ops.index import Affine, Index, Position, combine, strides_of
from freshet.ops.scalar import COMPARISONS, MATH, Expr, topological

_FLOAT_OPS: Final = {
    "add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv", "remainder": "frem",
}  # fmt: skip
_INTEGER_OPS: Final = {
    "add": "add", "sub": "sub", "mul": "mul", "shift_left": "shl", "bit_and": "and",
    "bit_or": "or", "bit_xor": "xor",
}  # fmt: skip
_FLOAT_COMPARE: Final = {
    "lt": "olt",
    "le": "ole",
    "gt": "ogt",
    "ge": "oge",
    "eq": "oeq",
    "ne": "une",
}


@dataclass
class Point:
    """Where the loops are: the value of each axis, one of them possibly spread over lanes.

    Attributes:
        axes: Value of each axis; of the vector axis, that of lane 0.
        vector: The axis in lanes.
        lanes: How many; 0 for scalar code.
        mask: Which lanes are in use; None for all.
        known: Values of expressions that come from outside: results of reductions.
        ahead: Elements from the first of the vectors that are handled together.
        shared: What those have found out for each other, if the first begins at a multiple of
            `SHARED` along the vector axis.
    """

    axes: Mapping[str, Int]
    vector: str | None = None
    lanes: int = 0
    mask: Value | None = None
    known: dict[Expr, Value] = field(default_factory=dict)
    ahead: int = 0
    shared: dict[Any, list[Value]] | None = None


def _begins_block(expr: Expr, at: Point) -> bool:
    """Whether the index of random bits is a multiple of `SHARED` where the vector axis is."""
    index = expr.args[2]
    if index.op != "coordinate" or at.vector is None:
        return False
    where = index.attributes[0]
    others = [c for name, c in where.terms if name != at.vector]
    whole = all(c % SHARED == 0 for c in (*others, where.constant))
    return where.coefficient(at.vector) == 1 and whole


class Expressions:
    """Emits the expressions of one kernel."""

    def __init__(
        self, builder: Builder, kernel: Kernel, pointers: Mapping[str, Value], target: Target
    ) -> None:
        self.b = builder
        self.kernel = kernel
        self.pointers = pointers
        self.target = target
        self.math = Math(builder, target)

    # --- statements -------------------------------------------------------------------------------

    def evaluate(self, roots: Iterable[Expr], at: Point) -> dict[Expr, Value]:
        """Emit what `roots` need; return the value of every expression computed.

        A value that does not depend on the vector axis stays a scalar.
        """
        values = dict(at.known)
        for expr in topological(roots, values):
            values[expr] = self._expression(expr, values, at)
        return values

    def store(self, statement: Store, value: Value, at: Point, index: Value | None = None) -> None:
        """Write a value to its place, or add it to what is there; `index` is the data of one."""
        guards = self._guards(self.kernel.buffer(statement.buffer), statement.where)
        if not guards:
            self._store(statement, value, at, index)
            return
        inside = self._inside(guards, at)
        if not split_type(inside.type)[1]:
            with self.b.when(inside):
                self._store(statement, value, at, index)
            return
        if at.mask is not None:
            inside = self.b.emit(inside.type, f"and {inside}, {at.mask.text}")
        self._store(statement, value, replace(at, mask=inside), index)

    def _store(self, statement: Store, value: Value, at: Point, index: Value | None) -> None:
        buffer = self.kernel.buffer(statement.buffer)
        base, step = self._address(statement.where, buffer.shape, at)
        if index is not None:
            stride = strides_of(buffer.shape)[statement.dimension]
            base = self.b.add(base, self.b.mul(index, stride))
        if statement.adds:
            old = self._from_memory(self._read(buffer, base, step, at), buffer.dtype)
            both = [scalar.operand(i, buffer.dtype) for i in range(2)]
            total = scalar.binary("add", *both)
            lanes = max(split_type(v.type)[1] for v in (old, value))
            known = {e: self.b.splat(v, lanes) for e, v in zip(both, (old, value), strict=True)}
            value = self.evaluate([total], Point({}, known=known))[total]
        kind = memory_type(buffer.dtype)
        place = self.b.pointer(self.pointers[buffer.name], base, kind)
        if not at.lanes or step == 0:
            self.b.store(self._to_memory(value, buffer.dtype), place, _align(buffer.dtype))
            return
        value = self._to_memory(self.b.splat(value, at.lanes), buffer.dtype)
        self.store_vector(value, place, step, at)

    def store_vector(self, value: Value, place: Value, step: int, at: Point) -> None:
        """Write a vector whose lanes go `step` elements apart."""
        element, lanes = split_type(value.type)
        size = _size_of(element)
        if step == 1 and at.mask is None:
            self.b.store(value, place, size)
            return
        mask = at.mask or self.b.constant(True, vector_type("i1", lanes))
        if mask.text == _first_lanes(1, lanes):
            # LLVM makes of a truncation and a store of one lane a store of the wider number.
            one = self.b.emit(element, f"extractelement {value}, i64 0")
            self.b.store(one, place, size)
            return
        if step == 1:
            self.b.call(
                "void", f"llvm.masked.store.{_mangle(value.type)}.p0", value,
                Value("ptr", f"align {size} {place.text}"), mask,
            )  # fmt: skip
            return
        places = self._strided(place, step, element, lanes)
        aligned = Value(places.type, f"align {size} {places.text}")
        self.b.call(
            "void", f"llvm.masked.scatter.{_mangle(value.type)}.v{lanes}p0", value, aligned, mask
        )

    # --- expressions ------------------------------------------------------------------------------

    def _expression(self, expr: Expr, values: Mapping[Expr, Value], at: Point) -> Value:
        if expr.op == "load":
            buffer, where, fill = expr.attributes
            return self._load(self.kernel.buffer(buffer), where, fill, at)
        if expr.op == "lookup":
            return self._lookup(expr, values[expr.args[0]], at)
        if expr.op == "const":
            return self.b.constant(expr.attributes[0], element_type(expr.dtype))
        if expr.op == "coordinate":
            return self.cast_index(self._coordinate(expr.attributes[0], at), expr.dtype)
        if expr.op == "inside":
            return self._inside(expr.attributes, at)
        if expr.op == "result":
            raise InternalError(f"bug in freshet: {expr.attributes[0]} is used before it is known")
        args = [values[a] for a in expr.args]
        lanes = max(split_type(a.type)[1] for a in args)
        if expr.op == "random_bits" and at.shared is not None and _begins_block(expr, at):
            return self._random_bits(expr, [self.b.splat(a, lanes) for a in args], at, at.shared)
        return self._operation(expr, [self.b.splat(a, lanes) for a in args])

    def _random_bits(
        self, expr: Expr, args: list[Value], at: Point, shared: dict[Any, list[Value]]
    ) -> Value:
        """Take a word of the blocks that the vectors handled together are in."""
        key = expr, at.ahead // SHARED, at.ahead % BLOCKS
        if key not in shared:
            shared[key] = philox_block(self.b, args[0], args[1], args[2])
        return shared[key][word_of(at.ahead)]

    def _operation(self, expr: Expr, args: list[Value]) -> Value:
        op, kind = expr.op, args[0].type
        operand_type = expr.args[0].dtype
        if op == "select":
            return self.b.emit(args[1].type, f"select {args[0]}, {args[1]}, {args[2]}")
        if op == "cast":
            return self._cast(args[0], operand_type, expr.dtype)
        if op == "random_bits":
            return philox(self.b, args[0], args[1], args[2])
        if op in MATH:
            return self.math.apply(op, *args)
        if op in COMPARISONS:
            return self._compare(op, args, operand_type)
        if op in {"maximum", "minimum"} and operand_type.is_floating:
            return self._extreme(op, args, expr.args[1])
        if operand_type.is_floating:
            return self._float_operation(op, args, kind)
        return self._integer_operation(op, args, operand_type)

    def _float_operation(self, op: str, args: list[Value], kind: str) -> Value:
        if op in _FLOAT_OPS:
            return self.b.emit(kind, f"{_FLOAT_OPS[op]} {args[0]}, {args[1].text}")
        if op == "neg":
            return self.b.emit(kind, f"fneg {args[0]}")
        if op == "abs":
            return self.b.call(kind, f"llvm.fabs.{_mangle(kind)}", args[0])
        raise InternalError(f"bug in freshet: no code for the scalar operation {op!r} on floats")

    def _extreme(self, op: str, args: list[Value], second: Expr) -> Value:
        """NaN if either operand is; between 0 and -0, either."""
        # Written so that each compare and select is one instruction of the vector units, which
        # return their second operand where either is NaN.
        x, y = args
        flags = vector_type("i1", split_type(x.type)[1])
        y_wins = self.b.emit(flags, f"fcmp {'olt' if op == 'maximum' else 'ogt'} {x}, {y.text}")
        chosen = self.b.emit(x.type, f"select {y_wins}, {y}, {x}")
        if second.op == "const" and not math.isnan(second.attributes[0]):
            return chosen
        missing = self.b.emit(flags, f"fcmp uno {y}, {y.text}")
        return self.b.emit(x.type, f"select {missing}, {y}, {chosen}")

    def _integer_operation(self, op: str, args: list[Value], dtype: DType) -> Value:
        kind = args[0].type
        signed = "u" if dtype.is_unsigned or dtype.is_bool else "s"
        if op in _INTEGER_OPS:
            return self.b.emit(kind, f"{_INTEGER_OPS[op]} {args[0]}, {args[1].text}")
        if op == "neg":
            return self.b.emit(kind, f"sub {kind} {self.b.constant(0, kind).text}, {args[0].text}")
        if op == "bit_not":
            return self.b.emit(kind, f"xor {args[0]}, {self.b.constant(-1, kind).text}")
        if op == "shift_right":
            shift = "lshr" if signed == "u" else "ashr"
            return self.b.emit(kind, f"{shift} {args[0]}, {args[1].text}")
        if op in {"quotient", "remainder"}:
            return self._division(op, args, signed)
        if op == "abs":
            if signed == "u":
                return args[0]
            wrap = Value("i1", "false")
            return self.b.call(kind, f"llvm.abs.{_mangle(kind)}", args[0], wrap)
        if op in {"maximum", "minimum"}:
            name = f"llvm.{signed}{op[:3]}.{_mangle(kind)}"
            return self.b.call(kind, name, *args)
        raise InternalError(f"bug in freshet: no code for the scalar operation {op!r} on integers")

    def _division(self, op: str, args: list[Value], signed: str) -> Value:
        """Divide; 0 where the divisor is 0, and no trap where the quotient overflows."""
        x, y = args
        kind = x.type
        element, lanes = split_type(kind)
        flags = vector_type("i1", lanes)
        one, zero = self.b.constant(1, kind), self.b.constant(0, kind)
        unsafe = self.b.emit(flags, f"icmp eq {y}, {zero.text}")
        safe = self.b.emit(kind, f"select {unsafe}, {one}, {y}")
        if signed == "s":
            minus = self.b.emit(flags, f"icmp eq {y}, {self.b.constant(-1, kind).text}")
            safe = self.b.emit(kind, f"select {minus}, {one}, {safe}")
        name = {"quotient": "div", "remainder": "rem"}[op]
        result = self.b.emit(kind, f"{signed}{name} {x}, {safe.text}")
        if signed == "s" and op == "quotient":
            negated = self.b.emit(kind, f"sub {zero}, {x.text}")
            result = self.b.emit(kind, f"select {minus}, {negated}, {result}")
        del element
        return self.b.emit(kind, f"select {unsafe}, {zero}, {result}")

    def _compare(self, op: str, args: list[Value], dtype: DType) -> Value:
        flags = vector_type("i1", split_type(args[0].type)[1])
        if dtype.is_floating:
            return self.b.emit(flags, f"fcmp {_FLOAT_COMPARE[op]} {args[0]}, {args[1].text}")
        unsigned = dtype.is_unsigned or dtype.is_bool
        predicate = op if op in {"eq", "ne"} else ("u" if unsigned else "s") + op
        return self.b.emit(flags, f"icmp {predicate} {args[0]}, {args[1].text}")

    # --- conversion -------------------------------------------------------------------------------

    def _cast(self, value: Value, source: DType, to: DType) -> Value:
        kind = vector_type(element_type(to), split_type(value.type)[1])
        if to.is_bool:
            zero = self.b.constant(0, value.type).text
            compare = "fcmp une" if source.is_floating else "icmp ne"
            return self.b.emit(kind, f"{compare} {value}, {zero}")
        if source.is_floating and to.is_floating:
            return self._cast_float(value, to, kind)
        if source.is_floating:
            return self._float_to_integer(value, to, kind)
        unsigned = source.is_unsigned or source.is_bool
        if to.is_floating:
            as_float = self.b.emit(kind, f"{'u' if unsigned else 's'}itofp {value} to {kind}")
            return self._rounded(as_float, to)
        if kind == value.type:
            return value
        widen = "zext" if unsigned else "sext"
        op = "trunc" if to.bits < (1 if source.is_bool else source.bits) else widen
        return self.b.emit(kind, f"{op} {value} to {kind}")

    def _cast_float(self, value: Value, to: DType, kind: str) -> Value:
        if kind != value.type:
            op = "fptrunc" if split_type(kind)[0] == "float" else "fpext"
            value = self.b.emit(kind, f"{op} {value} to {kind}")
        return self._rounded(value, to)

    def _float_to_integer(self, value: Value, to: DType, kind: str) -> Value:
        """Truncate; out of range and NaN become what the hardware's widest conversion gives."""
        # Through i64 for narrow types, as NumPy does: then only the low bits are kept.
        wide = vector_type("i64", split_type(value.type)[1])
        if to.is_unsigned and to.bits == 64:
            return self.b.call(
                kind, f"llvm.fptoui.sat.{_mangle(kind)}.{_mangle(value.type)}", value
            )
        if to.bits == 64:
            return self.b.call(
                kind, f"llvm.fptosi.sat.{_mangle(kind)}.{_mangle(value.type)}", value
            )
        through = self.b.call(wide, f"llvm.fptosi.sat.{_mangle(wide)}.{_mangle(value.type)}", value)
        return self.b.emit(kind, f"trunc {through} to {kind}")

    def _rounded(self, value: Value, to: DType) -> Value:
        """Round a float32 that stands for a 16-bit float to one."""
        if to.bits != 16:
            return value
        stored = self._to_memory(value, to)
        return self._from_memory(stored, to)

    def _from_memory(self, value: Value, dtype: DType) -> Value:
        lanes = split_type(value.type)[1]
        kind = vector_type(element_type(dtype), lanes)
        if dtype.is_bool:
            return self.b.emit(kind, f"icmp ne {value}, {self.b.constant(0, value.type).text}")
        if dtype.name == "float16":
            return self.b.emit(kind, f"fpext {value} to {kind}")
        if dtype.name == "bfloat16":
            bits = vector_type("i32", lanes)
            wide = self.b.emit(bits, f"zext {value} to {bits}")
            high = self.b.emit(bits, f"shl {wide}, {self.b.constant(16, bits).text}")
            return self.b.emit(kind, f"bitcast {high} to {kind}")
        return value

    def _to_memory(self, value: Value, dtype: DType) -> Value:
        lanes = split_type(value.type)[1]
        kind = vector_type(memory_type(dtype), lanes)
        if dtype.is_bool:
            return self.b.emit(kind, f"zext {value} to {kind}")
        if dtype.name == "float16":
            return self.b.emit(kind, f"fptrunc {value} to {kind}")
        if dtype.name == "bfloat16":
            return self._to_bfloat16(value, kind, lanes)
        return value

    def _to_bfloat16(self, value: Value, kind: str, lanes: int) -> Value:
        """Round to nearest even by adding just under half of the dropped bits; NaN stays NaN."""
        bits_type = vector_type("i32", lanes)

        def number(n: int) -> str:
            return self.b.constant(n, bits_type).text

        bits = self.b.emit(bits_type, f"bitcast {value} to {bits_type}")
        shifted = self.b.emit(bits_type, f"lshr {bits}, {number(16)}")
        odd = self.b.emit(bits_type, f"and {shifted}, {number(1)}")
        bump = self.b.emit(bits_type, f"add {odd}, {number(0x7FFF)}")
        rounded = self.b.emit(bits_type, f"add {bits}, {bump.text}")
        high = self.b.emit(bits_type, f"lshr {rounded}, {number(16)}")
        quiet = self.b.emit(bits_type, f"or {shifted}, {number(0x40)}")
        flags = vector_type("i1", lanes)
        missing = self.b.emit(flags, f"fcmp uno {value}, {value.text}")
        chosen = self.b.emit(bits_type, f"select {missing}, {quiet}, {high}")
        return self.b.emit(kind, f"trunc {chosen} to {kind}")

    def cast_index(self, value: Value, to: DType) -> Value:
        """Convert an i64 index to any dtype."""
        lanes = split_type(value.type)[1]
        kind = vector_type(element_type(to), lanes)
        if to.is_floating:
            return self._rounded(self.b.emit(kind, f"sitofp {value} to {kind}"), to)
        return value if to.bits == 64 else self.b.emit(kind, f"trunc {value} to {kind}")

    # --- places -----------------------------------------------------------------------------------

    def affine(self, where: Affine, at: Point) -> Int:
        """Return an affine function's value at lane 0."""
        total: Int = where.constant
        for name, c in where.terms:
            total = self.b.add(total, self.b.mul(at.axes[name], c))
        return total

    def _coordinate(self, where: Affine, at: Point) -> Value:
        base = self.b.int64(self.affine(where, at))
        step = where.coefficient(at.vector) if at.vector else 0
        if not at.lanes or step == 0:
            return base
        wide = self.b.splat(base, at.lanes)
        numbers = self.b.lane_numbers("i64", at.lanes, step)
        return self.b.emit(wide.type, f"add {wide}, {numbers.text}")

    def _inside(self, conditions: Iterable[tuple[Index, int]], at: Point) -> Value:
        result: Value | None = None
        for index, size in conditions:
            for one in self._one_inside(index, size, at):
                if result is None:
                    result = one
                    continue
                lanes = max(split_type(result.type)[1], split_type(one.type)[1])
                left, right = self.b.splat(result, lanes), self.b.splat(one, lanes)
                result = self.b.emit(left.type, f"and {left}, {right.text}")
        return result or self.b.constant(True, "i1")

    def _one_inside(self, index: Index, size: int, at: Point) -> list[Value]:
        where = self._coordinate(index.numerator, at)
        flags = vector_type("i1", split_type(where.type)[1])
        limit = self.b.constant(size * index.divisor, where.type).text
        # Unsigned: a negative number is larger than any size.
        found = [self.b.emit(flags, f"icmp ult {where}, {limit}")]
        if index.divisor != 1:
            divisor = self.b.constant(index.divisor, where.type).text
            rest = self.b.emit(where.type, f"urem {where}, {divisor}")
            zero = self.b.constant(0, where.type).text
            found.append(self.b.emit(flags, f"icmp eq {rest}, {zero}"))
        return found

    def _address(self, where: Position, shape: tuple[int, ...], at: Point) -> tuple[Int, int]:
        """Return the offset of lane 0 and the step from lane to lane; every index exact."""
        whole = combine((s, i.numerator) for s, i in zip(strides_of(shape), where, strict=True))
        return self.affine(whole, at), whole.coefficient(at.vector) if at.vector else 0

    def _load(self, buffer: Buffer, where: Position, fill: Expr, at: Point) -> Value:
        guarded = [
            not index.always_inside(size, self.kernel.extents)
            for index, size in zip(where, buffer.shape, strict=True)
        ]
        return self.read(buffer, where, guarded, fill, at)

    def _guards(self, buffer: Buffer, where: Position) -> list[tuple[Index, int]]:
        """Return the indices that may be outside of their dimension, and its size."""
        return [
            (index, size)
            for index, size in zip(where, buffer.shape, strict=True)
            if not index.always_inside(size, self.kernel.extents)
        ]

    def read(
        self, buffer: Buffer, where: Position, guarded: Sequence[bool], fill: Expr, at: Point
    ) -> Value:
        """Read an element, or `fill` where an index marked as guarded is outside or not exact."""
        guards = [
            (index, size)
            for index, size, check in zip(where, buffer.shape, guarded, strict=True)
            if check
        ]
        if not guards:
            base, step = self._address(where, buffer.shape, at)
            return self._from_memory(self._read(buffer, base, step, at), buffer.dtype)
        return self._guarded_load(buffer, where, guards, fill, at)

    def _lookup(self, expr: Expr, index: Value, at: Point) -> Value:
        """Read an element whose index along one dimension is data: a number or one per lane."""
        name, where, dimension = expr.attributes
        buffer = self.kernel.buffer(name)
        base, step = self._address(where, buffer.shape, at)
        stride = strides_of(buffer.shape)[dimension]
        lanes = split_type(index.type)[1]
        if lanes == 0:
            base = self.b.add(base, self.b.mul(index, stride))
            return self._from_memory(self._read(buffer, base, step, at), buffer.dtype)
        kind = memory_type(buffer.dtype)
        factor = self.b.constant(stride, index.type).text
        offsets = self.b.emit(index.type, f"mul {index}, {factor}")
        if step:
            numbers = self.b.lane_numbers("i64", lanes, step)
            offsets = self.b.emit(index.type, f"add {offsets}, {numbers.text}")
        first = self.b.pointer(self.pointers[name], base, kind)
        places = self.b.emit(
            vector_type("ptr", lanes), f"getelementptr inbounds {kind}, {first}, {offsets}"
        )
        mask = at.mask or self.b.constant(True, vector_type("i1", lanes))
        vector = vector_type(kind, lanes)
        found = self._gather(vector, places, mask, self.b.constant(0, vector))
        return self._from_memory(found, buffer.dtype)

    def _read(self, buffer: Buffer, base: Int, step: int, at: Point) -> Value:
        kind = memory_type(buffer.dtype)
        place = self.b.pointer(self.pointers[buffer.name], base, kind)
        if not at.lanes or step == 0:
            return self.b.load(kind, place, _align(buffer.dtype))
        vector = vector_type(kind, at.lanes)
        if step == 1 and at.mask is None:
            return self.b.load(vector, place, _align(buffer.dtype))
        mask = at.mask or self.b.constant(True, vector_type("i1", at.lanes))
        if step == 1:
            return self.masked_load(vector, place, mask, self.b.constant(0, vector))
        places = self._strided(place, step, kind, at.lanes)
        return self._gather(vector, places, mask, self.b.constant(0, vector))

    def _guarded_load(
        self,
        buffer: Buffer,
        where: Position,
        guards: list[tuple[Index, int]],
        fill: Expr,
        at: Point,
    ) -> Value:
        condition = self._inside(guards, at)
        kind = memory_type(buffer.dtype)
        default = self._to_memory(
            self.b.constant(fill.attributes[0], element_type(buffer.dtype)), buffer.dtype
        )
        if at.vector is None or not any(i.numerator.coefficient(at.vector) for i in where):
            return self._guarded_scalar(buffer, where, condition, default, at)
        vector = vector_type(kind, at.lanes)
        mask = self.b.splat(condition, at.lanes)
        if at.mask is not None:
            mask = self.b.emit(mask.type, f"and {mask}, {at.mask.text}")
        default = self.b.splat(default, at.lanes)
        exact = all(i.divisor == 1 for i in where)
        base, step = self._address(where, buffer.shape, at) if exact else (0, 0)
        if exact and step == 1:
            place = self.b.pointer(self.pointers[buffer.name], base, kind)
            loaded = self.masked_load(vector, place, mask, default)
        else:
            offsets = self._offsets(where, buffer.shape, at)
            places = self.b.emit(
                vector_type("ptr", at.lanes),
                f"getelementptr {kind}, ptr {self.pointers[buffer.name].text}, {offsets}",
            )
            loaded = self._gather(vector, places, mask, default)
        return self._from_memory(loaded, buffer.dtype)

    def _guarded_scalar(
        self, buffer: Buffer, where: Position, condition: Value, default: Value, at: Point
    ) -> Value:
        """Read where the condition holds; elsewhere read the default from the stack."""
        spare = self.b.stack_slot(default.type)
        self.b.store(default, spare, 1)
        offset = self._offsets(where, buffer.shape, Point(at.axes))
        base = self.pointers[buffer.name]
        place = self.b.emit("ptr", f"getelementptr {default.type}, {base}, {offset}")
        safe = self.b.emit("ptr", f"select {condition}, {place}, {spare}")
        return self._from_memory(self.b.load(default.type, safe, 1), buffer.dtype)

    def _offsets(self, where: Position, shape: tuple[int, ...], at: Point) -> Value:
        """Return the offset in each lane; meaningless where an index is outside or not exact."""
        total: Value | None = None
        for stride, index in zip(strides_of(shape), where, strict=True):
            part = self._coordinate(index.numerator, at)
            if index.divisor != 1:
                divisor = self.b.constant(index.divisor, part.type).text
                part = self.b.emit(part.type, f"sdiv {part}, {divisor}")
            part = self.b.emit(part.type, f"mul {part}, {self.b.constant(stride, part.type).text}")
            if total is None:
                total = part
                continue
            lanes = max(split_type(total.type)[1], split_type(part.type)[1])
            left, right = self.b.splat(total, lanes), self.b.splat(part, lanes)
            total = self.b.emit(left.type, f"add {left}, {right.text}")
        return total or Value("i64", "0")

    def _strided(self, place: Value, step: int, element: str, lanes: int) -> Value:
        numbers = self.b.lane_numbers("i64", lanes, step)
        return self.b.emit(
            vector_type("ptr", lanes), f"getelementptr {element}, {place}, {numbers}"
        )

    def masked_load(self, kind: str, place: Value, mask: Value, default: Value) -> Value:
        """Read a vector where the mask is set; elsewhere take the default, touching nothing."""
        size = _size_of(split_type(kind)[0])
        return self.b.call(
            kind, f"llvm.masked.load.{_mangle(kind)}.p0",
            Value("ptr", f"align {size} {place.text}"), mask, default,
        )  # fmt: skip

    def _gather(self, kind: str, places: Value, mask: Value, default: Value) -> Value:
        element, lanes = split_type(kind)
        aligned = Value(places.type, f"align {_size_of(element)} {places.text}")
        name = f"llvm.masked.gather.{_mangle(kind)}.v{lanes}p0"
        return self.b.call(kind, name, aligned, mask, default)


def _mangle(kind: str) -> str:
    element, lanes = split_type(kind)
    short = {"float": "f32", "double": "f64", "half": "f16"}.get(element, element)
    return f"v{lanes}{short}" if lanes else short


def _size_of(element: str) -> int:
    sizes: dict[str, int] = {"float": 4, "double": 8, "half": 2, "ptr": 8, "i1": 1}
    return sizes.get(element) or int(element[1:]) // 8


def _align(dtype: DType) -> int:
    return max(dtype.size, 1)


def axis_mask(builder: Builder, remaining: Int, lanes: int) -> Value:
    """Return the mask of the first `remaining` lanes."""
    if isinstance(remaining, int):
        return Value(vector_type("i1", lanes), _first_lanes(remaining, lanes))
    limit = builder.splat(builder.int64(remaining), lanes)
    numbers: Any = builder.lane_numbers("i64", lanes)
    return builder.emit(vector_type("i1", lanes), f"icmp slt {numbers}, {limit.text}")


def _first_lanes(count: int, lanes: int) -> str:
    return f"<{', '.join(f'i1 {str(i < count).lower()}' for i in range(lanes))}>"
