"""What public operations do with ragged tensors; imported when one is first given to them.

Those that look at rows are in modules of their own; those of every element are listed here, by the
names under which programs know them.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any, Final

from freshet.ops.dispatch import overload
from freshet.ops.operators import OPERATORS
from freshet.ops.ragged import gathering as gathering
from freshet.ops.ragged import joining as joining
from freshet.ops.ragged import products as products
from freshet.ops.ragged import reduction as reduction
from freshet.ops.ragged.elementwise import elementwise, elementwise_list
from freshet.ops.ragged.mapping import map_rows
from freshet.ops.ragged.ragged_tensor import RaggedTensor

UNARY: Final = """
    cast clip_by_value identity ones_like saturate_cast stop_gradient zeros_like bitcast one_hot
    math.abs math.acos math.acosh math.angle math.asin math.asinh math.atan math.atanh math.ceil
    math.conj math.cos math.cosh math.digamma math.erf math.erfc math.erfcinv math.erfinv math.exp
    math.expm1 math.floor math.imag math.is_finite math.is_inf math.is_nan math.lgamma math.log
    math.log1p math.log_sigmoid math.logical_not math.ndtri math.negative math.real
    math.reciprocal math.reciprocal_no_nan math.rint math.round math.rsqrt math.sigmoid math.sign
    math.sin math.sinh math.softplus math.softsign math.sqrt math.square math.tan math.tanh
    math.bessel_i0 math.bessel_i0e math.bessel_i1 math.bessel_i1e
    bitwise.invert
    nn.crelu nn.dropout nn.elu nn.gelu nn.leaky_relu nn.relu nn.relu6 nn.selu nn.silu
    strings.as_string strings.length strings.lower strings.regex_full_match strings.regex_replace
    strings.strip strings.substr strings.to_hash_bucket strings.to_hash_bucket_fast
    strings.to_hash_bucket_strong strings.to_number strings.unicode_script
    strings.unicode_transcode strings.upper
    io.decode_base64 io.decode_raw io.encode_base64 debugging.check_numerics
"""
BINARY: Final = """
    math.add math.atan2 math.divide math.divide_no_nan math.equal math.floordiv math.floormod
    math.greater math.greater_equal math.less math.less_equal math.logical_and math.logical_or
    math.logical_xor math.maximum math.minimum math.multiply math.multiply_no_nan math.nextafter
    math.not_equal math.pow math.squared_difference math.subtract math.truediv math.xdivy
    math.xlog1py math.xlogy math.zeta math.igamma math.igammac math.polygamma
    complex truncatediv truncatemod realdiv
    bitwise.bitwise_and bitwise.bitwise_or bitwise.bitwise_xor bitwise.left_shift
    bitwise.right_shift
"""
LISTS: Final = "add_n math.add_n strings.join"


def _public(name: str) -> Any:
    """Return a public function, None if there is none of the name."""
    found: Any = importlib.import_module("freshet")
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _register(names: str, operands: int) -> None:
    for name in names.split():
        function = _public(name)
        if function is not None:
            parameters = list(inspect.signature(function).parameters)
            if operands:
                elementwise(function, parameters[:operands])
            else:
                elementwise_list(function, parameters[0])


_register(UNARY, 1)
_register(BINARY, 2)
_register(LISTS, 0)
for _name in ("and", "or", "xor", "eq", "ne"):
    elementwise(OPERATORS[_name], ["x", "y"])
elementwise(OPERATORS["invert"], ["x"])
elementwise(_public("nn.embedding_lookup") or _public("identity"), ["ids", "input"])
overload(_public("map_fn"), RaggedTensor)(map_rows)
