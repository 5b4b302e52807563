"""What public operations do with ragged tensors; imported when one is first given to them.

Those that look at rows are in modules of their own; those of every element are listed here by their
names, so that this imports no room that is not needed.
"""

from __future__ import annotations

from typing import Final

from freshet.ops.dispatch import overload, overload_named
from freshet.ops.operators import OPERATORS
from freshet.ops.ragged import cumulating as cumulating
from freshet.ops.ragged import gathering as gathering
from freshet.ops.ragged import joining as joining
from freshet.ops.ragged import products as products
from freshet.ops.ragged import reduction as reduction
from freshet.ops.ragged import segments as segments
from freshet.ops.ragged.elementwise import of_first, of_list, of_new_axis, of_operands, of_two
from freshet.ops.ragged.mapping import map_rows
from freshet.ops.ragged.ragged_tensor import RaggedTensor

UNARY: Final = """
    bitcast cast check_numerics clip_by_value identity ones_like saturate_cast
    stop_gradient zeros_like
    abs acos acosh angle asin asinh atan atanh bessel_i0 bessel_i0e bessel_i1 bessel_i1e ceil conj
    cos cosh digamma erf erfc erfcinv erfinv exp expm1 floor imag invert is_finite is_inf is_nan
    lgamma log log1p log_sigmoid logical_not ndtri negative real reciprocal reciprocal_no_nan rint
    round rsqrt sigmoid sign sin sinh softplus softsign sqrt square tan tanh
    crelu dropout elu gelu leaky_relu relu relu6 selu silu
    as_string length lower regex_full_match regex_replace strip substr to_hash_bucket
    to_hash_bucket_fast to_hash_bucket_strong to_number unicode_script unicode_transcode upper
    decode_base64 decode_raw encode_base64
"""
BINARY: Final = """
    add atan2 bitwise_and bitwise_or bitwise_xor complex divide divide_no_nan equal floordiv
    floormod greater greater_equal igamma igammac left_shift less less_equal logical_and logical_or
    logical_xor maximum minimum multiply multiply_no_nan nextafter not_equal polygamma pow realdiv
    right_shift sigmoid_cross_entropy_with_logits squared_difference subtract truediv truncatediv
    truncatemod xdivy xlog1py xlogy zeta
"""
LISTS: Final = "add_n join"

overload_named(UNARY, RaggedTensor, of_first)
overload_named(BINARY, RaggedTensor, of_two)
overload_named(LISTS, RaggedTensor, of_list)
overload_named("one_hot", RaggedTensor, of_new_axis)
overload_named("embedding_lookup", RaggedTensor, lambda function: of_operands(function, ["ids"]))
overload_named("map_fn", RaggedTensor, lambda function: map_rows)
for _name in ("and", "or", "xor", "eq", "ne"):
    overload(OPERATORS[_name], RaggedTensor)(of_two(OPERATORS[_name]))
overload(OPERATORS["invert"], RaggedTensor)(of_first(OPERATORS["invert"]))
