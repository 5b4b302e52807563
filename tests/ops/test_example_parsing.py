"""Parsing examples: `ft.io.parse_example` and its like. The results are TensorFlow 2.21's."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from database.formats import field, varint

import freshet as ft

io = ft.io
Fixed, Sequence, Var = io.FixedLenFeature, io.FixedLenSequenceFeature, io.VarLenFeature
Sparse, Ragged = io.SparseFeature, io.RaggedFeature
I64, F32, STR = ft.int64, ft.float32, ft.string


# --- writing examples -----------------------------------------------------------------------------


def feature(values: list[Any]) -> bytes:
    """Return a feature; an empty one is of integers."""
    if values and isinstance(values[0], bytes):
        return field(1, b"".join(field(1, v) for v in values))
    if values and isinstance(values[0], float):
        return field(2, field(1, b"".join(struct.pack("<f", v) for v in values)))
    return field(3, field(1, b"".join(varint(v & (1 << 64) - 1) for v in values)))


def features(values: dict[str, list[Any]]) -> bytes:
    entries = (field(1, key.encode()) + field(2, feature(v)) for key, v in values.items())
    return b"".join(field(1, entry) for entry in entries)


def example(**values: list[Any]) -> bytes:
    return field(1, features(values))


def steps(rows: list[list[Any]]) -> bytes:
    return b"".join(field(1, feature(row)) for row in rows)


def plain(value: Any) -> Any:
    """Return a result as lists: a sparse tensor's parts, a ragged one's values and row splits."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if hasattr(value, "nested_row_splits"):
        splits = [s.numpy().tolist() for s in value.nested_row_splits]
        return [value.flat_values.numpy().tolist(), *splits]
    if hasattr(value, "dense_shape"):
        return [np.asarray(p).tolist() for p in (value.indices, value.values, value.dense_shape)]
    found = value.numpy()
    return found if isinstance(found, bytes) else found.tolist()


# --- examples -------------------------------------------------------------------------------------

A = [
    example(a=[1, 2], s=[b"x"], f=[1.5], v=[1, -2, 3]),
    example(a=[3, 4], s=[b"y"], f=[2.5], v=[]),
]
B = [example(i=[3, 1], x=[1.0, 2.0]), example(i=[0], x=[5.0])]
PAIR = [example(i=[3, 1], j=[0, 1], x=[1.0, 2.0])]
ROWS = [
    example(v=[1, 2, 3], sp=[0, 1, 3], ln=[1, 2], st=[0, 1], lm=[1, 3], id=[0, 1, 1]),
    example(v=[4, 5], sp=[0, 2], ln=[2], st=[0], lm=[2], id=[0, 0]),
]
CUT = [[1, 2, 3, 4, 5], [0, 2, 3], [0, 1, 3, 5]]
CUT_ONE = [[1, 2, 3], [0, 1, 3]]
EXPECTED: dict[str, tuple[list[bytes], Any, Any, Any]] = {
    "vectors": (A, Fixed([2], I64), [[1, 2], [3, 4]], [1, 2]),
    "a matrix": (A, Fixed([2, 1], I64), [[[1], [2]], [[3], [4]]], [[1], [2]]),
    "a size": (A, Fixed(2, I64), [[1, 2], [3, 4]], [1, 2]),
    "strings": (A, Fixed([], STR), [b"x", b"y"], b"x"),
    "floats": (A, Fixed([], F32), [1.5, 2.5], 1.5),
    "defaults": (A, Fixed([2], I64, [7, 8]), [[7, 8], [7, 8]], [7, 8]),
    "a default string": (A, Fixed([], STR, "d"), [b"d", b"d"], b"d"),
    "any number": (A, Var(I64), [[[0, 0], [0, 1], [0, 2]], [1, -2, 3], [2, 3]],
                   [[[0], [1], [2]], [1, -2, 3], [3]]),
    "none": (A, Var(STR), [[], [], [2, 0]], [[], [], [0]]),
    "filled up": (A, Sequence([], I64, allow_missing=True), [[1, -2, 3], [0, 0, 0]], [1, -2, 3]),
    "filled with -1": (A, Sequence([], I64, allow_missing=True, default_value=-1),
                       [[1, -2, 3], [-1, -1, -1]], [1, -2, 3]),
    "parts": (A, Sequence([2], I64, allow_missing=True), [[[1, 2]], [[3, 4]]], [[1, 2]]),
    "no parts": (A, Sequence([], STR, allow_missing=True), [[], []], []),
    "sparse": (B, Sparse("i", "x", F32, 10), [[[0, 1], [0, 3], [1, 0]], [2.0, 1.0, 5.0], [2, 10]],
               [[[1], [3]], [2.0, 1.0], [10]]),
    "sparse, sorted": (B, Sparse("i", "x", F32, 10, already_sorted=True),
                       [[[0, 3], [0, 1], [1, 0]], [1.0, 2.0, 5.0], [2, 10]],
                       [[[3], [1]], [1.0, 2.0], [10]]),
    "sparse matrices": (PAIR, Sparse(["i", "j"], "x", F32, [10, 2]),
                        [[[0, 1, 1], [0, 3, 0]], [2.0, 1.0], [1, 10, 2]],
                        [[[1, 1], [3, 0]], [2.0, 1.0], [10, 2]]),
    "no sparse values": (A, Sparse("i", "x", F32, 2), [[], [], [2, 2]], [[], [], [2]]),
    "ragged": (A, Ragged(I64, value_key="v"), [[1, -2, 3], [0, 3, 3]], [1, -2, 3]),
    "no ragged values": (A, Ragged(I64), [[], [0, 0, 0]], []),
    "row splits": (ROWS, Ragged(I64, "v", [Ragged.RowSplits("sp")]), CUT, CUT_ONE),
    "row lengths": (ROWS, Ragged(I64, "v", [Ragged.RowLengths("ln")]), CUT, CUT_ONE),
    "row starts": (ROWS, Ragged(I64, "v", [Ragged.RowStarts("st")]), CUT, CUT_ONE),
    "row limits": (ROWS, Ragged(I64, "v", [Ragged.RowLimits("lm")]), CUT, CUT_ONE),
    "row ids": (ROWS, Ragged(I64, "v", [Ragged.ValueRowIds("id")]), CUT, CUT_ONE),
    "equal rows": (ROWS, Ragged(I64, "v", [Ragged.UniformRowLength(1)]),
                   [[[1], [2], [3], [4], [5]], [0, 3, 5]], [[1], [2], [3]]),
    "two levels": (ROWS, Ragged(I64, "v", [Ragged.RowSplits("sp"), Ragged.UniformRowLength(1)]),
                   [[[1], [2], [3], [4], [5]], [0, 2, 3], [0, 1, 3, 5]],
                   [[[1], [2], [3]], [0, 1, 3]]),
}  # fmt: skip
"""For each kind of feature: examples, specification, results of all and of the first."""
NAMES = {"strings": "s", "floats": "f", "any number": "v", "filled up": "v", "filled with -1": "v"}
MISSING = {"defaults", "a default string", "none", "no parts", "no ragged values"}


def key_of(name: str) -> str:
    return "absent" if name in MISSING else NAMES.get(name, "a")


@pytest.mark.parametrize("name", EXPECTED)
def test_features_of_every_kind(name: str) -> None:
    data, spec, of_all, of_first = EXPECTED[name]
    wanted = {key_of(name): spec}

    def parse(serialized: Any) -> Any:
        return io.parse_example(serialized, wanted)

    batch, single = ft.constant(data), ft.constant(data[0])
    open_batch = ft.function(parse, input_signature=[ft.TensorSpec([None], STR)])
    for run in (parse, ft.function(parse), open_batch):
        assert plain(run(batch)) == {key_of(name): of_all}

    def parse_one(serialized: Any) -> Any:
        return io.parse_single_example(serialized, wanted)

    for run in (parse_one, ft.function(parse_one), parse):
        assert plain(run(single)) == {key_of(name): of_first}


def test_several_features_at_once_and_their_dtypes() -> None:
    found = io.parse_example(
        A,
        {
            "s": Fixed([], STR), "a": Fixed([2], I64), "v": Var(I64),
            "r": Ragged(I64, value_key="a"), "wide": Ragged(I64, "a", row_splits_dtype=I64),
        },
    )  # fmt: skip
    assert list(found) == ["a", "r", "s", "v", "wide"]
    assert found["r"].row_splits.dtype == ft.int32
    assert found["wide"].row_splits.dtype == ft.int64
    assert found["v"].dtype == ft.int64
    assert found["a"].shape == (2, 2)


def test_no_examples() -> None:
    none = ft.constant([], STR)
    wanted = {"a": Fixed([2], I64), "v": Var(I64), "q": Sequence([], I64, allow_missing=True)}
    found = io.parse_example(none, wanted)
    assert found["a"].shape == (0, 2)
    assert found["q"].shape == (0, 0)
    assert plain(found["v"]) == [[], [], [0, 0]]
    assert plain(io.parse_example(none, {"r": Ragged(I64)})) == {"r": [[], [0]]}


def test_defaults_may_be_computed_in_the_function() -> None:
    @ft.function
    def parse(serialized: Any, default: Any) -> Any:
        return io.parse_example(serialized, {"q": Fixed([], F32, default * 2.0)})

    assert plain(parse(ft.constant(A), ft.constant(1.5))) == {"q": [3.0, 3.0]}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"q": Fixed([], I64)}, r"'q' \(int64\) is required but example 0 does not have it"),
        ({"q": Fixed([2], I64, 7)}, "default_value needs 2 values"),
        ({"q": Fixed([2], I64, [1.5, 2.5])}, "default_value must be int64"),
        ({"a": Fixed([3], I64)}, r"example 0 has 2 values, the shape \(3,\) needs 3"),
        ({"a": Fixed([2], F32)}, "'a' holds int64, expected float32"),
        ({"a": Fixed([2], ft.int32)}, "dtype must be float32, int64 or string, received int32"),
        ({"a": Fixed([None], I64)}, "use FixedLenSequenceFeature"),
        ({"v": Fixed([], I64, 3)}, "example 0 has 3 values"),
        ({"v": Var(STR)}, "'v' holds int64, expected string"),
        ({"v": Sequence([2], I64, allow_missing=True)}, "no multiple of the 2"),
        ({"v": Sequence([], I64)}, "needs allow_missing=True"),
        ({"a": 3}, "expected a FixedLenFeature, .* received 3"),
        ({"a": Sparse(["a", "v"], "f", F32, 3)}, "2 index keys and 1 sizes"),
        ({"a": Sparse("v", "f", F32, 3)}, r"has 1 values and \[3\] indices"),
        ({"a": Ragged(I64, "v", [Ragged.RowSplits("a")])}, "do not cut 3 values into rows"),
        ({"a": Ragged(I64, "v", [Ragged.UniformRowLength(2)])}, "cannot be cut into rows of 2"),
        ({"a": Ragged(I64, "v", ["rows"])}, "a partition is one of"),
        ({"a": Ragged(I64, "v", row_splits_dtype=F32)}, "row_splits_dtype must be"),
        ({}, "nothing would be parsed"),
    ],
)
def test_what_examples_may_not_be(spec: Any, message: str) -> None:
    with pytest.raises(ft.errors.InvalidArgumentError, match=message):
        io.parse_example(A, spec)
    with pytest.raises(ft.errors.InvalidArgumentError, match=message):
        ft.function(lambda x: io.parse_example(x, spec))(ft.constant(A))


def test_what_strings_may_not_be() -> None:
    spec = {"a": Fixed([2], I64)}
    with pytest.raises(ft.errors.InvalidArgumentError, match="are no Example"):
        io.parse_example([b"abc"], spec)
    with pytest.raises(ft.errors.InvalidArgumentError, match="a vector of strings"):
        io.parse_example([[A[0]]], spec)
    with pytest.raises(ft.errors.InvalidArgumentError, match="a single string"):
        io.parse_single_example([A[0]], spec)


def test_json_is_parsed_like_what_it_stands_for() -> None:
    text = '{"features": {"feature": {"a": {"int64List": {"value": ["5", -6]}}}}}'
    found = io.parse_single_example(io.decode_json_example(text), {"a": Fixed([2], I64)})
    assert plain(found) == {"a": [5, -6]}


# --- sequence examples ----------------------------------------------------------------------------


def sequence_example(context: dict[str, list[Any]], lists: dict[str, list[list[Any]]]) -> bytes:
    entries = (field(1, key.encode()) + field(2, steps(rows)) for key, rows in lists.items())
    return field(1, features(context)) + field(2, b"".join(field(1, e) for e in entries))


S = sequence_example(
    {"c": [9]},
    {
        "x": [[1], [2], [3]],
        "w": [[b"a"], [b"b", b"c"]],
        "y": [[1.0, 2.0], [3.0, 4.0]],
    },
)


@pytest.mark.parametrize(
    ("context", "sequences", "expected"),
    [
        ({"c": Fixed([], I64)}, {"x": Sequence([], I64), "y": Sequence([2], F32)},
         ({"c": 9}, {"x": [1, 2, 3], "y": [[1.0, 2.0], [3.0, 4.0]]})),
        ({"c": Var(I64)}, {"x": Var(I64)},
         ({"c": [[[0]], [9], [1]]}, {"x": [[[0, 0], [1, 0], [2, 0]], [1, 2, 3], [3, 1]]})),
        ({"c": Fixed([1], I64), "d": Fixed([], STR, "q")}, None, ({"c": [9], "d": b"q"}, {})),
        (None, {"nope": Sequence([], I64, allow_missing=True)}, ({}, {"nope": []})),
        (None, {"nope": Var(I64)}, ({}, {"nope": [[], [], [0, 0]]})),
        (None, {"x": Ragged(I64)}, ({}, {"x": [[1, 2, 3], [0, 1, 2, 3]]})),
    ],
)  # fmt: skip
def test_sequence_examples(context: Any, sequences: Any, expected: Any) -> None:
    def parse(serialized: Any) -> Any:
        return io.parse_single_sequence_example(serialized, context, sequences)

    for run in (parse, ft.function(parse)):
        found = run(ft.constant(S))
        assert (plain(found[0]), plain(found[1])) == expected


def test_steps_of_strings_of_different_numbers() -> None:
    for spec, expected in [
        (Var(STR), [[[0, 0], [1, 0], [1, 1]], [b"a", b"b", b"c"], [2, 2]]),
        (Ragged(STR), [[b"a", b"b", b"c"], [0, 1, 3]]),
    ]:
        found = io.parse_single_sequence_example(S, sequence_features={"w": spec})[1]
        assert plain(found) == {"w": expected}


@pytest.mark.parametrize(
    ("context", "sequences", "message"),
    [
        (None, {"nope": Sequence([], I64)}, "feature list 'nope' is required"),
        (None, {"w": Sequence([], STR)}, "step 1 has 2 values"),
        (None, {"x": Sequence([], STR)}, "holds int64, expected string"),
        ({"zz": Fixed([], I64)}, None, "'zz' .* is required"),
        (None, {"x": Fixed([], I64)}, "FixedLenFeature is not for sequences"),
        (None, None, "give context_features or sequence_features"),
    ],
)
def test_what_sequence_examples_may_not_be(context: Any, sequences: Any, message: str) -> None:
    with pytest.raises(ft.errors.InvalidArgumentError, match=message):
        io.parse_single_sequence_example(S, context, sequences)


def test_sequence_examples_are_read_one_by_one() -> None:
    with pytest.raises(ft.errors.InvalidArgumentError, match="a single string"):
        io.parse_single_sequence_example([S], {"c": Fixed([], I64)})
    with pytest.raises(ft.errors.InvalidArgumentError, match="are no SequenceExample"):
        io.parse_single_sequence_example(b"abc", {"c": Fixed([], I64)})


TWO = [S, sequence_example({}, {"x": [[5]], "w": [[b"z"]], "y": [[5.0, 6.0]]})]


@pytest.mark.parametrize(
    ("context", "sequences", "expected"),
    [
        ({"c": Fixed([], I64, 0)}, {"x": Sequence([], I64), "y": Sequence([2], F32)},
         ({"c": [9, 0]},
          {"x": [[1, 2, 3], [5, 0, 0]], "y": [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [0.0, 0.0]]]},
          {"x": [3, 1], "y": [2, 1]})),
        ({"c": Var(I64)}, {"w": Var(STR)},
         ({"c": [[[0, 0]], [9], [2, 1]]},
          {"w": [[[0, 0, 0], [0, 1, 0], [0, 1, 1], [1, 0, 0]], [b"a", b"b", b"c", b"z"],
                 [2, 2, 2]]}, {})),
        ({"c": Ragged(I64)}, {"w": Ragged(STR)},
         ({"c": [[9], [0, 1, 1]]}, {"w": [[b"a", b"b", b"c", b"z"], [0, 2, 3], [0, 1, 3, 4]]}, {})),
        (None, {"n": Sequence([], I64, allow_missing=True)}, ({}, {"n": [[], []]}, {"n": [0, 0]})),
        (None, {"n": Var(STR)}, ({}, {"n": [[], [], [2, 0, 0]]}, {})),
        (None, {"n": Ragged(STR)}, ({}, {"n": [[], [0, 0, 0], [0]]}, {})),
    ],
)  # fmt: skip
def test_several_sequence_examples(context: Any, sequences: Any, expected: Any) -> None:
    def parse(serialized: Any) -> Any:
        return io.parse_sequence_example(serialized, context, sequences)

    spec = [ft.TensorSpec([None], STR)]
    for run in (parse, ft.function(parse), ft.function(parse, input_signature=spec)):
        assert tuple(plain(part) for part in run(ft.constant(TWO))) == expected


def test_one_sequence_example_has_a_length_too() -> None:
    wanted = {"x": Sequence([], I64)}
    found = io.parse_sequence_example(S, sequence_features=wanted)
    assert [plain(part) for part in found] == [{}, {"x": [1, 2, 3]}, {"x": 3}]
    with pytest.raises(ft.errors.InvalidArgumentError, match="feature list 'n' is required"):
        io.parse_sequence_example(TWO, sequence_features={"n": Sequence([], I64)})
    with pytest.raises(ft.errors.InvalidArgumentError, match="nothing would be parsed"):
        io.parse_sequence_example(TWO)
