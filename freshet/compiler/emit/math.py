"""Mathematical functions as branch-free vector code.

Every function works on scalars and on vectors of any width, in float32 and float64, and gives the
same bits in both. Errors, measured against mpmath over the whole range, are in
`tests/compiler/test_math_accuracy.py`: at most 4 ULP in float32.

Notation: `fma(a, b, c)` is ``a*b + c``. Constants named `_HIGH` and `_LOW` add up to a number more
precisely than one float can hold; the high part has trailing zero bits, so that its product with a
small integer is exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from freshet.compiler.emit.builder import Builder, Value, split_type, vector_type
from freshet.compiler.target import Target


@dataclass(frozen=True)
class Format:
    """A floating-point format and how many series terms its precision asks for."""

    element: str
    bits: int
    mantissa: int
    """Stored bits of the significand."""
    ln2_high: float
    exp_terms: int
    log_terms: int
    exp_low: float
    """Below this exp is 0, also as a subnormal."""
    exp_high: float
    """Above this exp is infinite."""

    @property
    def integer(self) -> str:
        """The integer type of the same width."""
        return f"i{self.bits}"

    @property
    def bias(self) -> int:
        """Exponent bias."""
        return 127 if self.bits == 32 else 1023

    @property
    def rounding_shift(self) -> float:
        """Adding this rounds to a whole number, which the low bits then hold."""
        return 1.5 * 2.0**self.mantissa

    @property
    def smallest_normal(self) -> float:
        """Smallest positive number of full precision."""
        return 2.0 ** (1 - self.bias)


FLOAT: Final = Format("float", 32, 23, 0.693359375, 8, 5, -104.0, 88.8)
DOUBLE: Final = Format("double", 64, 52, 0.693147180369123816490, 14, 11, -746.0, 709.8)
LN2: Final = 0.6931471805599453094172321214581766
LN2_LOW: Final = {FLOAT: -2.12194440054690583e-4, DOUBLE: 1.90821492927058770002e-10}

# erf(x) = x + x * P(x^2) for |x| < 1; erf(x) = 1 - exp(P(x)) from there to 4.05. tools/minimax.py.
ERF_SMALL: Final = (
    0.128379167063, -0.376126384838, 0.112837827473, -0.0268654458252, 0.00522107488889,
    -0.000848471160644, 0.000112705456297, -9.68013964305e-6,
)  # fmt: skip
ERF_LARGE: Final = (
    0.000175578565591, -1.12951381371, -0.633363773804, -0.108238949886, 0.025070829457,
    -0.00413861788126, 0.000421963851555, -1.85024193183e-5, -2.2418687142e-7,
)  # fmt: skip

PI_HALF: Final = (1.57079632679489655800, 6.12323399573676603587e-17)
PI_HALF_SHORT: Final = (1.5707963109016418, 1.5893254712295857e-08, 6.123233995736766e-17)
"""The same where products are rounded: multiples of the short parts are exact."""
TWO_OVER_PI: Final = 0.636619772367581343076
LARGEST_REDUCED: Final = 1.0e8
"""Beyond it the two-part pi/2 no longer reduces an angle exactly enough."""


class Vector:
    """A floating-point value (scalar or vector) with Python's operators."""

    def __init__(self, math_: Math, value: Value) -> None:
        self.math, self.value = math_, value

    def _binary(self, op: str, other: Vector | float, *, swap: bool = False) -> Vector:
        a, b = self, self.math.like(other, self)
        if swap:
            a, b = b, a
        kind = self.value.type
        result = self.math.b.emit(kind, f"{op} {kind} {a.value.text}, {b.value.text}")
        return Vector(self.math, result)

    def __add__(self, other: Vector | float) -> Vector:
        return self._binary("fadd", other)

    def __sub__(self, other: Vector | float) -> Vector:
        return self._binary("fsub", other)

    def __rsub__(self, other: float) -> Vector:
        return self._binary("fsub", other, swap=True)

    def __mul__(self, other: Vector | float) -> Vector:
        return self._binary("fmul", other)

    def __truediv__(self, other: Vector | float) -> Vector:
        return self._binary("fdiv", other)

    def __rtruediv__(self, other: float) -> Vector:
        return self._binary("fdiv", other, swap=True)

    def __neg__(self) -> Vector:
        return Vector(self.math, self.math.b.emit(self.value.type, f"fneg {self.value}"))


class Math:
    """Emits the functions; `functions` is the table of them."""

    def __init__(self, builder: Builder, target: Target) -> None:
        self.b = builder
        self.fused = target.fused_multiply_add
        self.scales = target.scale_instruction

    # --- building blocks --------------------------------------------------------------------------

    def like(self, value: Vector | float, model: Vector) -> Vector:
        """Return `value`, a number in every lane of `model`'s type."""
        if isinstance(value, Vector):
            return value
        return Vector(self, self.b.constant(value, model.value.type))

    def fma(self, a: Vector, b: Vector | float, c: Vector | float) -> Vector:
        """Return ``a*b + c``, rounded once where the target can."""
        b, c = self.like(b, a), self.like(c, a)
        if not self.fused:
            return a * b + c
        kind = a.value.type
        return Vector(
            self, self.b.call(kind, f"llvm.fma.{_suffix(kind)}", a.value, b.value, c.value)
        )

    def polynomial(self, x: Vector, coefficients: Sequence[float]) -> Vector:
        """Return ``c[0] + c[1]*x + c[2]*x^2 + ...`` by Horner's rule."""
        total = self.like(coefficients[-1], x)
        for c in reversed(coefficients[:-1]):
            total = self.fma(total, x, c)
        return total

    def intrinsic(self, name: str, *args: Vector) -> Vector:
        """Apply an LLVM intrinsic of one type."""
        kind = args[0].value.type
        return Vector(
            self, self.b.call(kind, f"llvm.{name}.{_suffix(kind)}", *(a.value for a in args))
        )

    def compare(self, predicate: str, a: Vector, b: Vector | float) -> Value:
        """Return where the predicate (``olt``: ordered and less, ...) holds."""
        lanes = split_type(a.value.type)[1]
        right = self.like(b, a).value.text
        return self.b.emit(vector_type("i1", lanes), f"fcmp {predicate} {a.value}, {right}")

    def select(self, condition: Value, yes: Vector | float, no: Vector) -> Vector:
        """Return `yes` where the condition holds, else `no`."""
        yes = self.like(yes, no)
        return Vector(
            self,
            self.b.emit(no.value.type, f"select {condition}, {yes.value}, {no.value}"),
        )

    def _bits(self, x: Vector, form: Format) -> Value:
        kind = vector_type(form.integer, split_type(x.value.type)[1])
        return self.b.emit(kind, f"bitcast {x.value} to {kind}")

    def _float(self, bits: Value, form: Format) -> Vector:
        kind = vector_type(form.element, split_type(bits.type)[1])
        return Vector(self, self.b.emit(kind, f"bitcast {bits} to {kind}"))

    def _integer(self, op: str, a: Value, b: int) -> Value:
        return self.b.emit(a.type, f"{op} {a}, {self.b.constant(b, a.type).text}")

    def _round(self, x: Vector, form: Format) -> tuple[Vector, Value]:
        """Return x rounded to a whole number, as a float and as an integer; any bits for NaN."""
        return self._unshift(x + form.rounding_shift, form)

    def _unshift(self, shifted: Vector, form: Format) -> tuple[Vector, Value]:
        base = int(_bits_of(form.rounding_shift, form))
        return shifted - form.rounding_shift, self._integer("sub", self._bits(shifted, form), base)

    def _power_of_two(self, n: Value, form: Format) -> Vector:
        """Return ``2^n`` for n in the range of normal exponents."""
        biased = self._integer("add", n, form.bias)
        return self._float(self._integer("shl", biased, form.mantissa), form)

    def _scale(self, x: Vector, n_float: Vector, n: Value, form: Format) -> Vector:
        """Return ``x * 2^n``.

        Without an instruction for it, in two steps, so that neither factor leaves the range.
        """
        kind = x.value.type
        lanes = split_type(kind)[1]
        if self.scales and lanes is not None and lanes * form.bits == 512:
            name = f"llvm.x86.avx512.mask.scalef.{'ps' if form.bits == 32 else 'pd'}.512"
            every = Value(f"i{lanes}", "-1")
            rounding = Value("i32", "4")  # as set for everything else
            return Vector(
                self, self.b.call(kind, name, x.value, n_float.value, x.value, every, rounding)
            )
        half = self._integer("ashr", n, 1)
        rest = self.b.emit(n.type, f"sub {n}, {half.text}")
        return x * self._power_of_two(half, form) * self._power_of_two(rest, form)

    def _reduce_exp(self, x: Vector, form: Format) -> tuple[Vector, Vector, Value]:
        """Return r and n, as a float and as an integer: ``x = n*ln2 + r`` and ``|r| <= ln2/2``."""
        n_float, n = self._unshift(self.fma(x, 1 / LN2, form.rounding_shift), form)
        r = self.fma(n_float, -form.ln2_high, x)
        return self.fma(n_float, -LN2_LOW[form], r), n_float, n

    # --- functions --------------------------------------------------------------------------------

    def exp(self, x: Vector, form: Format) -> Vector:
        """``e^x = 2^n * e^r``; e^r by its Taylor series.

        Where the result is infinite, or 0 anyway, x is clamped, so that n stays in range.
        """
        clamped = self.select(self.compare("ogt", x, form.exp_high), form.exp_high, x)
        clamped = self.select(self.compare("olt", clamped, form.exp_low), form.exp_low, clamped)
        r, n_float, n = self._reduce_exp(clamped, form)
        series = [1 / math.factorial(k) for k in range(form.exp_terms)]
        return self._scale(self.polynomial(r, series), n_float, n, form)

    def expm1(self, x: Vector, form: Format) -> Vector:
        """``e^x - 1 = 2^n * (e^r - 1) + (2^n - 1)``, exact in the second term."""
        low = -(form.mantissa + 4) * LN2
        clamped = self.select(self.compare("ogt", x, form.exp_high), form.exp_high, x)
        clamped = self.select(self.compare("olt", x, low), low, clamped)
        r, _, n = self._reduce_exp(clamped, form)
        series = [1 / math.factorial(k) for k in range(2, form.exp_terms + 1)]
        small = self.fma(r * r, self.polynomial(r, series), r)
        # 2^n overflows before 2^n * e^r does, so both are computed at half scale.
        half = self._power_of_two(self._integer("sub", n, 1), form)
        result = self.fma(small, half, half - 0.5) * 2.0
        result = self.select(self.compare("ogt", x, form.exp_high), math.inf, result)
        # Keeps the sign of -0 and the value of subnormals.
        tiny = self.compare("olt", self.intrinsic("fabs", x), 2.0 ** -(form.mantissa + 2))
        return self.select(tiny, x, result)

    def _log_parts(self, x: Vector, form: Format) -> tuple[Vector, Vector]:
        """Return f and k with ``x = 2^k * (1 + f)`` and ``sqrt(1/2) <= 1 + f < sqrt(2)``."""
        subnormal = self.compare("olt", x, form.smallest_normal)
        scaled = self.select(subnormal, x * 2.0**form.mantissa, x)
        bits = self._bits(scaled, form)
        root = int(_bits_of(math.sqrt(0.5), form))
        above = self._integer("sub", bits, root)
        exponent = self._integer("ashr", above, form.mantissa)
        cleared = self._integer("and", above, 2**form.mantissa - 1)
        f = self._float(self._integer("add", cleared, root), form) - 1.0
        kind = vector_type(form.element, split_type(exponent.type)[1])
        k = Vector(self, self.b.emit(kind, f"sitofp {exponent} to {kind}"))
        return f, self.select(subnormal, k - float(form.mantissa), k)

    def _log1p_series(self, f: Vector, form: Format) -> tuple[Vector, Vector]:
        """Return (half, tail) with ``log(1+f) = f - (half - tail)``.

        With s = f/(2+f), log(1+f) = 2 atanh(s) = f - s*(f - R), R = 2s^2/3 + 2s^4/5 + ...;
        written through half = f^2/2 it loses no bit of f.
        """
        s = f / (f + 2.0)
        z = s * s
        series = [2 / (2 * k + 1) for k in range(1, form.log_terms + 1)]
        half = f * f * 0.5
        tail = s * (half + z * self.polynomial(z, series))
        return half, tail

    def log(self, x: Vector, form: Format) -> Vector:
        """Return the natural logarithm: that of the power of two plus that of the rest."""
        f, k = self._log_parts(x, form)
        half, tail = self._log1p_series(f, form)
        low = self.fma(k, LN2_LOW[form], tail)
        result = self.fma(k, form.ln2_high, f - (half - low))
        return self._log_limits(x, result)

    def _log_limits(self, x: Vector, result: Vector) -> Vector:
        """Set log's values at 0 and infinity, below 0 and at NaN."""
        infinite = self.compare("oeq", x, math.inf)
        result = self.select(infinite, math.inf, result)
        result = self.select(self.compare("oeq", x, 0.0), -math.inf, result)
        return self.select(self.compare("ult", x, 0.0), math.nan, result)

    def log1p(self, x: Vector, form: Format) -> Vector:
        """``log(1+x) = log(u) + (x - (u - 1))/u`` with u = 1+x rounded.

        The second term is what rounding dropped.
        """
        u = x + 1.0
        correction = (x - (u - 1.0)) / u
        result = self.log(u, form) + correction
        # At infinity the correction is inf - inf; near 0 log1p(x) is x, and keeps -0.
        result = self.select(self.compare("oeq", x, math.inf), math.inf, result)
        result = self.select(self.compare("oeq", x, -1.0), -math.inf, result)
        tiny = self.compare("olt", self.intrinsic("fabs", x), 2.0 ** -(form.mantissa + 2))
        return self.select(tiny, x, result)

    def tanh(self, x: Vector, form: Format) -> Vector:
        """Return tanh: ``tanh|x| = -t/(2+t)`` with ``t = e^(-2|x|) - 1``, which never overflows."""
        t = self.expm1(self.intrinsic("fabs", x) * -2.0, form)
        return self.intrinsic("copysign", -t / (t + 2.0), x)

    def sigmoid(self, x: Vector, form: Format) -> Vector:
        """``1/(1+e)`` for x >= 0 and ``e/(1+e)`` below, with ``e = e^(-|x|)``."""
        e = self.exp(-self.intrinsic("fabs", x), form)
        numerator = self.select(self.compare("olt", x, 0.0), e, self.like(1.0, x))
        return numerator / (e + 1.0)

    def sqrt(self, x: Vector, form: Format) -> Vector:
        """Correctly rounded by the hardware."""
        del form
        return self.intrinsic("sqrt", x)

    def rsqrt(self, x: Vector, form: Format) -> Vector:
        """``1/sqrt(x)``, two roundings."""
        return 1.0 / self.sqrt(x, form)

    def erf(self, x: Vector, form: Format) -> Vector:
        """A polynomial below 1, ``1 - exp(polynomial)`` above; float64 calls the C library."""
        if form is DOUBLE:
            return self._library("erf", x)
        size = self.intrinsic("fabs", x)
        near = self.fma(self.polynomial(x * x, ERF_SMALL), x, x)
        bounded = self.select(self.compare("ogt", size, 4.05), 4.05, size)
        far = 1.0 - self.exp(self.polynomial(bounded, ERF_LARGE), form)
        far = self.intrinsic("copysign", far, x)
        return self.select(self.compare("ogt", size, 1.0), far, near)

    def sin(self, x: Vector, form: Format) -> Vector:
        """See `_sine`."""
        return self._sine(x, form, 0)

    def cos(self, x: Vector, form: Format) -> Vector:
        """``cos(x) = sin(x + pi/2)``: one quadrant on."""
        return self._sine(x, form, 1)

    def _sine(self, x: Vector, form: Format, quadrant: int) -> Vector:
        """Reduce the angle in float64 to ``|r| <= pi/4`` and its quadrant, then sum the series.

        float64 itself, and float32 angles above `LARGEST_REDUCED`, go to the C library.
        """
        name = ("sin", "cos")[quadrant]
        if form is DOUBLE:
            return self._library(name, x)
        lanes = split_type(x.value.type)[1]
        wide = vector_type("double", lanes)
        angle = Vector(self, self.b.emit(wide, f"fpext {x.value} to {wide}"))
        large = self.compare("uge", self.intrinsic("fabs", angle), LARGEST_REDUCED)
        n_float, n = self._round(self.select(large, 0.0, angle) * TWO_OVER_PI, DOUBLE)
        r = angle
        for part in PI_HALF if self.fused else PI_HALF_SHORT:
            r = self.fma(n_float, -part, r)
        near = Vector(self, self.b.emit(x.value.type, f"fptrunc {r.value} to {x.value.type}"))
        square = near * near
        sine = [(-1) ** k / math.factorial(2 * k + 1) for k in range(1, 6)]
        odd = self.fma(near * square, self.polynomial(square, sine), near)
        # Near 0 the sine is the angle, -0 included.
        odd = self.select(self.compare("olt", square, 2.0**-26), near, odd)
        cosine = [(-1) ** k / math.factorial(2 * k) for k in range(6)]
        even = self.polynomial(square, cosine)
        turn = self._integer("add", n, quadrant)
        flags = vector_type("i1", lanes)
        swapped = self._integer("and", turn, 1)
        use_even = self.b.emit(flags, f"trunc {swapped} to {flags}")
        negative = self._integer("and", self._integer("lshr", turn, 1), 1)
        flip = self.b.emit(flags, f"trunc {negative} to {flags}")
        result = self.select(use_even, even, odd)
        result = self.select(flip, -result, result)
        return self._far_angles(name, angle, large, result)

    def _far_angles(self, name: str, angle: Vector, large: Value, result: Vector) -> Vector:
        """Replace the lanes where the angle is too large; the branch is all but never taken."""
        lanes = split_type(large.type)[1]
        some = large
        if lanes:
            some = self.b.call("i1", f"llvm.vector.reduce.or.v{lanes}i1", large)
        kind = result.value.type
        slot = self.b.stack_slot(kind)
        self.b.store(result.value, slot, 4)
        with self.b.when(some):
            exact = self._library(name, angle).value
            narrow = Vector(self, self.b.emit(kind, f"fptrunc {exact} to {kind}"))
            self.b.store(self.select(large, narrow, result).value, slot, 4)
        return Vector(self, self.b.load(kind, slot, 4))

    def pow(self, x: Vector, y: Vector, form: Format) -> Vector:
        """``x^y = e^(y*log|x|)`` in float64, with the sign of an odd power.

        float64 itself calls the C library.
        """
        if form is DOUBLE:
            return self._library("pow", x, y)
        lanes = split_type(x.value.type)[1]
        wide = vector_type("double", lanes)
        base = Vector(self, self.b.emit(wide, f"fpext {x.value} to {wide}"))
        power = Vector(self, self.b.emit(wide, f"fpext {y.value} to {wide}"))
        size = self.exp(power * self.log(self.intrinsic("fabs", base), DOUBLE), DOUBLE)
        whole = self.compare("oeq", self.intrinsic("trunc", power), power)
        half = power * 0.5
        odd = self.compare("one", self.intrinsic("trunc", half), half)
        odd = self.b.emit(odd.type, f"and {odd}, {whole.text}")
        signed = self.select(odd, self.intrinsic("copysign", size, base), size)
        # A negative finite base has real powers only for whole exponents.
        negative = self.compare("olt", base, 0.0)
        finite = self.compare("ogt", base, -math.inf)
        finite_power = self.compare("olt", self.intrinsic("fabs", power), math.inf)
        fraction = self.b.emit(whole.type, f"xor {whole}, {self.b.constant(True, whole.type).text}")
        for condition in (negative, finite, finite_power):
            fraction = self.b.emit(whole.type, f"and {fraction}, {condition.text}")
        result = self.select(fraction, math.nan, signed)
        # x^0 and 1^y are 1 for every x and y, NaN included; (-1)^inf too.
        ones = self.compare("oeq", power, 0.0)
        for condition in (
            self.compare("oeq", base, 1.0),
            self._both(
                self.compare("oeq", base, -1.0),
                self.compare("oeq", self.intrinsic("fabs", power), math.inf),
            ),
        ):
            ones = self.b.emit(ones.type, f"or {ones}, {condition.text}")
        result = self.select(ones, 1.0, result)
        return Vector(self, self.b.emit(x.value.type, f"fptrunc {result.value} to {x.value.type}"))

    def _both(self, a: Value, b: Value) -> Value:
        return self.b.emit(a.type, f"and {a}, {b.text}")

    def floor(self, x: Vector, form: Format) -> Vector:
        """Largest whole number not above x."""
        del form
        return self.intrinsic("floor", x)

    def ceil(self, x: Vector, form: Format) -> Vector:
        """Smallest whole number not below x."""
        del form
        return self.intrinsic("ceil", x)

    def rint(self, x: Vector, form: Format) -> Vector:
        """Nearest whole number, halves to even."""
        del form
        return self.intrinsic("roundeven", x)

    def trunc(self, x: Vector, form: Format) -> Vector:
        """Whole part."""
        del form
        return self.intrinsic("trunc", x)

    def _library(self, name: str, *args: Vector) -> Vector:
        """Call the C library's float64 function for each lane."""
        kind = args[0].value.type
        lanes = split_type(kind)[1]
        if not lanes:
            return Vector(self, self.b.call(kind, name, *(a.value for a in args)))
        total = Value(kind, "poison")
        for lane in range(lanes):
            scalars = [self.b.emit("double", f"extractelement {a.value}, i64 {lane}") for a in args]
            one = self.b.call("double", name, *scalars)
            total = self.b.emit(kind, f"insertelement {total}, {one}, i64 {lane}")
        return Vector(self, total)

    def multiply_add(self, x: Vector, y: Vector, z: Vector, form: Format) -> Vector:
        """Return ``x*y + z``."""
        del form
        return self.fma(x, y, z)

    def apply(self, name: str, *args: Value) -> Value:
        """Emit the function called `name`."""
        form = FLOAT if split_type(args[0].type)[0] == "float" else DOUBLE
        function: Callable[..., Vector] = getattr(self, name)
        return function(*(Vector(self, a) for a in args), form).value


def _suffix(kind: str) -> str:
    element, lanes = split_type(kind)
    short = {"float": "f32", "double": "f64"}.get(element, element)
    return f"v{lanes}{short}" if lanes else short


def _bits_of(value: float, form: Format) -> int:
    import struct  # noqa: PLC0415

    code = ("<f", "<I") if form.bits == 32 else ("<d", "<Q")
    return int(struct.unpack(code[1], struct.pack(code[0], value))[0])
