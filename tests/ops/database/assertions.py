"""Assertions: their cases hold, their errors do not."""

from __future__ import annotations

from typing import Any

import numpy as np

from database.record import (
    Case,
    Failure,
    Operation,
    booleans,
    case,
    error,
    integers,
    normal,
    strings,
)

_NONE = "an assertion has no result"
_A = "InvalidArgumentError"


def _nothing(*args: Any, **kwargs: Any) -> None:
    return None


def _claim(name: str, *cases: Case, errors: list[Failure], **rest: Any) -> Operation:
    return Operation(
        name=name, reference=_nothing, cases=cases, errors=errors, no_gradient=_NONE, **rest
    )


_ONES = np.ones((2, 3), "f4")

OPERATIONS = [
    _claim(
        "debugging.Assert", case(np.array(True), [np.array([1, 2])]),
        case(np.array(True), [normal(2), "text"]), case(True, []),
        errors=[
            error(_A, np.array(False), [np.array([1, 2]), "abc"], message="abc"),
            error(_A, np.array(False), [integers(9)], message=r", \.\.\."),
            error(_A, np.array(False), [np.arange(5)], summarize=-1, message="0, 1, 2, 3, 4"),
        ],
    ),
    _claim(
        "debugging.assert_equal", case(normal(2), normal(2)), case(1, 1), case(_ONES, 1.0),
        case(strings("a"), strings("a")), case(booleans(3), booleans(3)),
        case(np.zeros(0, "f4"), 1.0),
        errors=[
            error(_A, [1, 2], [1, 3], message=r"x == y did not hold for 1 of 2 .*\[\[1\]\]"),
            error(_A, [1, 2], [1, 3], "hello", message="hello"),
            error(_A, [1, 2], [1, 2, 3], message="do not broadcast"),
            error(_A, strings("a"), strings("b"), message="x == y"),
        ],
    ),
    _claim(
        "debugging.assert_none_equal", case(normal(2), normal(2, seed=1)), case([1, 2], 3),
        errors=[error(_A, [1, 2], [3, 2], message="x != y")],
    ),
    _claim(
        "debugging.assert_less", case([1, 2], [2, 3]), case(_ONES, 2.0),
        errors=[error(_A, [1, 2], [1, 3], message="x < y")],
    ),
    _claim(
        "debugging.assert_less_equal", case([1, 2], [1, 3]),
        errors=[error(_A, [2.0], [1.0], message="x <= y")],
    ),
    _claim(
        "debugging.assert_greater", case([3, 4], [2, 3]),
        errors=[error(_A, [1.0], [2.0], message="x > y")],
    ),
    _claim(
        "debugging.assert_greater_equal", case([2, 4], [2, 3]),
        errors=[error(_A, [1.0], [2.0], message="x >= y")],
    ),
    _claim(
        "debugging.assert_near", case(normal(3), normal(3)), case([1.0], [1.0000001]),
        case([1.0], [1.1], rtol=0.2), case(normal(2, dtype="f8"), normal(2, dtype="f8") + 1e-17),
        case([0.0], [0.05], atol=0.1),
        errors=[
            error(_A, [1.0], [1.1], message="x - y"),
            error("ValueError", [1], [2], message="expected floating-point"),
        ],
    ),
    _claim(
        "debugging.assert_positive", case([1, 2]), case(np.zeros(0, "f4")),
        errors=[error(_A, [1, 0], message="x > 0")],
    ),
    _claim(
        "debugging.assert_negative", case([-1.0]), errors=[error(_A, [-1, 0], message="x < 0")],
    ),
    _claim(
        "debugging.assert_non_negative", case(np.array([0, 3], "i8")),
        errors=[error(_A, [1, -1], "text", message="text\nCondition x >= 0")],
    ),
    _claim(
        "debugging.assert_non_positive", case([0.0, -2.0]),
        errors=[error(_A, [1, -1], message="x <= 0")],
    ),
    _claim(
        "debugging.assert_integer", case(1), case(np.array([1], "u1")),
        errors=[error("TypeError", 1.5, message="integer type")],
    ),
    _claim(
        "debugging.assert_rank", case(_ONES, 2), case(1.0, 0), case(_ONES, np.array(2, "i4")),
        errors=[
            error("ValueError", [1], 2, message="must have rank 2"),
            error("ValueError", [1], [1, 2], message="must be a scalar"),
            error("TypeError", [1], 1.5, message="must be an integer"),
        ],
        # A rank is a number, not data.
        traced=False,
    ),
    _claim(
        "debugging.assert_rank_at_least", case(_ONES, 1), case(1.0, 0),
        errors=[error("ValueError", [1], 2, message="must have rank at least 2")],
    ),
    _claim(
        "debugging.assert_rank_in", case(_ONES, [1, 2]), case(_ONES, (2,)),
        errors=[error("ValueError", [1], [0, 2], "text", message="text\nTensor must have rank in")],
    ),
    _claim(
        "debugging.assert_type", case(_ONES, np.dtype("float32")), case(strings("a"), "string"),
        errors=[error("TypeError", _ONES, "int32", message="must be of type int32; got float32")],
    ),
    _claim(
        "debugging.assert_shapes", case([(_ONES, ("N", "Q")), (normal(3), ("Q",))]),
        case([(_ONES, (2, None))]), case([(_ONES, ("...", 3))]), case([(_ONES, ("N", "."))]),
        case([(np.array(1.0), ())]), case([(_ONES, "NQ"), (_ONES, ["N", "Q"])]),
        case([(_ONES, (..., 3))]),
        errors=[
            error("ValueError", [(_ONES, ("N", "N"))], message="must have size 2"),
            error("ValueError", [(_ONES, (2, 4))], message="must have size 4"),
            error("ValueError", [(_ONES, (2, "*"))], message="only first"),
            error("ValueError", [(_ONES, ("N", "Q", "R"))], message="must have rank 3"),
        ],
    ),
    _claim(
        "debugging.assert_proper_iterable", case([1]), case((1, 2)), case({"a": 1}),
        errors=[
            error("TypeError", 5, message="iterable"), error("TypeError", "abc", message="str"),
            error("TypeError", np.array([1])),
        ],
    ),
    _claim(
        "debugging.assert_scalar", case(np.array(1)), case(2.5),
        errors=[error("ValueError", [1], message="scalar")],
    ),
    Operation(
        name="debugging.assert_same_float_dtype",
        reference=lambda tensors: np.dtype(
            tensors[0].dtype if tensors else "f4"
        ).name,
        cases=[
            case([normal(2), normal(1)]), case([normal(1, dtype="f8")]), case([]),
        ],
        no_gradient=_NONE,
        # Its result is a dtype, not a tensor.
        traced=False,
        errors=[
            error("ValueError", [normal(1), normal(1, dtype="f8")], message="float64"),
            error("ValueError", [integers(1)], message="floating-point"),
        ],
    ),
    Operation(
        name="debugging.check_numerics", reference=lambda tensor, message: tensor,
        cases=[
            case(normal(2, 3), "text"), case(normal(2, dtype="f8"), "text"),
            case(normal(3, dtype="f2"), "text"), case(np.zeros(0, "f4"), "text"),
        ],
        gradient=[case(normal(3, dtype="f8"), "text")],
        errors=[
            error(_A, [1.0, np.inf], "text", message="text : Tensor had Inf"),
            error(_A, [np.nan], "text", message="text : Tensor had NaN"),
            error(_A, [1], "text", message="floating-point"),
        ],
    ),
    Operation(
        name="debugging.assert_all_finite", reference=lambda x, message: x,
        cases=[case(normal(2, 3), "text"), case(np.array(1.5), "text")],
        gradient=[case(normal(3, dtype="f8"), "text")],
        errors=[error(_A, [1.0, np.nan], "text", message="text : Tensor had NaN")],
    ),
    Operation(
        name="debugging.is_numeric_tensor",
        reference=lambda tensor: isinstance(tensor, np.ndarray) and tensor.dtype.kind in "iufc",
        cases=[
            case(normal(2)), case(1.5), case(strings("a")), case(booleans(2)),
            case(integers(2)),
        ],
        no_gradient=_NONE,
        # Its result is no tensor.
        traced=False,
    ),
    Operation(
        name="is_tensor", reference=lambda x: isinstance(x, np.ndarray),
        cases=[case(normal(2)), case(1.5), case([1, 2])], no_gradient=_NONE,
        # Its result is no tensor.
        traced=False,
    ),
]  # fmt: skip
