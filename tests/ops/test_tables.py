"""Lookup tables: `ft.lookup`."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.ops.tables.table import _TABLES

KV = ft.lookup.KeyValueTensorInitializer
Index = ft.lookup.TextFileIndex


def words(*keys: str) -> Any:
    return KV(list(keys), ft.constant(list(range(len(keys))), ft.int64))


# --- StaticHashTable ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "values", "default", "asked", "expected"),
    [
        (["a", "b"], [1, 2], -1, ["b", "q"], [2, -1]),
        (["a"], [1.5], 0.0, ["a", "b"], [1.5, 0.0]),
        ([1, 2], [5, 6], -1, [[1, 3], [2, 2]], [[5, -1], [6, 6]]),
        ([1], ["x"], "?", [1, 2], [b"x", b"?"]),
        ([[1, 2]], [[5, 6]], 0, [2], [6]),
        (["a", "a"], [1, 1], 0, ["a"], [1]),
    ],
)
def test_a_static_table(keys: Any, values: Any, default: Any, asked: Any, expected: Any) -> None:
    table = ft.lookup.StaticHashTable(KV(keys, values), default)
    given = ft.constant(asked)
    assert table.lookup(given).numpy().tolist() == expected
    assert table[given].numpy().tolist() == expected
    assert ft.function(table.lookup)(given).numpy().tolist() == expected
    spec = ft.TensorSpec([None] * given.ndim, given.dtype)
    traced = ft.function(table.lookup, input_signature=[spec])
    assert traced(given).numpy().tolist() == expected
    assert table.lookup(given).dtype == table.value_dtype


def test_a_static_table_tells_what_it_holds() -> None:
    table = ft.lookup.StaticHashTable(words("a", "b"), -1, name="letters")
    keys, values = table.export()
    assert keys.numpy().tolist() == [b"a", b"b"]
    assert values.numpy().tolist() == [0, 1]
    assert int(table.size()) == 2
    assert table.size().dtype == ft.int64
    assert (table.key_dtype, table.value_dtype, table.name) == (ft.string, ft.int64, "letters")
    assert int(table.default_value) == -1


def test_ragged_and_sparse_keys() -> None:
    table = ft.lookup.StaticHashTable(KV(["a"], [5]), -1)
    ragged = ft.RaggedTensor.from_row_splits(ft.constant(["a", "b", "a"]), [0, 1, 3])
    assert table.lookup(ragged).to_list() == [[5], [-1, 5]]
    sparse = table.lookup(ft.SparseTensor([[0, 1]], ft.constant(["a"]), [2, 2]))
    assert sparse.values.numpy().tolist() == [5]
    assert sparse.indices.numpy().tolist() == [[0, 1]]


def test_what_a_static_table_refuses() -> None:
    with pytest.raises(ft.errors.FailedPreconditionError, match="b'a' has two values, 1 and 2"):
        ft.lookup.StaticHashTable(KV(["a", "a"], [1, 2]), -1)
    with pytest.raises(ft.errors.InvalidArgumentError, match="as many values as keys"):
        ft.lookup.StaticHashTable(KV(["a"], [1, 2]), -1)
    with pytest.raises(TypeError, match="received strings"):
        ft.lookup.StaticHashTable(KV(["a"], [1]), "x")
    with pytest.raises(ValueError, match="must be a single value"):
        ft.lookup.StaticHashTable(KV(["a"], [1]), [1])
    with pytest.raises(TypeError, match="keys must be string, received i32"):
        ft.lookup.StaticHashTable(KV(["a"], [1]), -1).lookup(ft.constant([1]))


def test_a_graph_keeps_its_table() -> None:
    def made() -> Any:
        table = ft.lookup.StaticHashTable(words("a"), -1)
        return ft.function(lambda k: table.lookup(k)), table.resource_handle

    function, handle = made()
    concrete = function.get_concrete_function(ft.TensorSpec([None], ft.string))
    del function
    gc.collect()
    assert str(handle) in _TABLES
    assert concrete(ft.constant(["a", "b"])).numpy().tolist() == [0, -1]
    assert str(handle) in str(concrete.graph)


def test_gradients_flow_past_a_table() -> None:
    table = ft.lookup.StaticHashTable(KV(["a", "b"], [0, 1]), 0)
    rows = ft.Variable([[1.0, 2.0], [3.0, 4.0]])

    @ft.function
    def step(keys: Any) -> Any:
        with ft.GradientTape() as tape:
            loss = ft.reduce_sum(ft.gather(rows, table.lookup(keys)) ** 2)
        return tape.gradient(loss, rows)

    found = ft.convert_to_tensor(step(ft.constant(["b", "b"])))
    assert found.numpy().tolist() == [[0.0, 0.0], [12.0, 16.0]]


# --- StaticVocabularyTable ------------------------------------------------------------------------


def test_other_words_get_numbers_by_hashing() -> None:
    table = ft.lookup.StaticVocabularyTable(words("a", "b"), 3)
    # The numbers that TensorFlow 2.21 gives.
    assert table.lookup(ft.constant(["a", "x", "y", "z"])).numpy().tolist() == [0, 4, 4, 3]
    assert int(table.size()) == 5
    bare = ft.lookup.StaticVocabularyTable(None, 3)
    assert bare.lookup(ft.constant(["a", "x", "y", "z"])).numpy().tolist() == [0, 2, 2, 1]
    traced = ft.function(table.lookup, input_signature=[ft.TensorSpec([None], ft.string)])
    assert traced(ft.constant(["b", "x"])).numpy().tolist() == [1, 4]


@pytest.mark.parametrize("kind", ["int64", "int32"])
def test_a_vocabulary_of_integers(kind: str) -> None:
    entries = KV(ft.constant([5, 6], ft.int64), ft.constant([0, 1], ft.int64))
    table = ft.lookup.StaticVocabularyTable(entries, 3, lookup_key_dtype=kind)
    assert table.lookup(ft.constant([5, 7, 8], kind)).numpy().tolist() == [0, 3, 3]
    assert table.key_dtype == kind


def test_what_a_vocabulary_refuses() -> None:
    make = ft.lookup.StaticVocabularyTable
    with pytest.raises(ValueError, match="num_oov_buckets must be at least 1"):
        make(words("a"), 0)
    with pytest.raises(TypeError, match="must be int64, received int32"):
        make(KV(["a"], [0]), 1)
    with pytest.raises(TypeError, match="lookup_key_dtype is int64"):
        make(words("a"), 1, lookup_key_dtype=ft.int64)
    with pytest.raises(TypeError, match="keys must be string"):
        make(words("a"), 1).lookup(ft.constant([1]))


# --- TextFileInitializer --------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "vocabulary.txt"
    path.write_text("emerson\t10\nlake\t20\npalmer\t30\n", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("key", "value", "options", "asked", "expected"),
    [
        ((ft.string, 0), (ft.int64, 1), {}, ["lake", "x"], [20, -1]),
        ((ft.string, Index.WHOLE_LINE), (ft.int64, Index.LINE_NUMBER), {}, ["lake\t20"], [1]),
        ((ft.string, 0), (ft.int64, Index.LINE_NUMBER), {"value_index_offset": 7}, ["lake"], [8]),
        ((ft.string, 0), (ft.int64, 1), {"vocab_size": 1}, ["emerson", "lake"], [10, -1]),
        ((ft.string, 0), (ft.int64, Index.LINE_NUMBER), {"delimiter": "a"}, ["l"], [1]),
        ((ft.string, 0), (ft.float32, 1), {}, ["palmer"], [30.0]),
    ],
)
def test_tables_from_files(
    file: str, key: Any, value: Any, options: Any, asked: Any, expected: Any
) -> None:
    entries = ft.lookup.TextFileInitializer(file, *key, *value, **options)
    table = ft.lookup.StaticHashTable(entries, -1 if value[0] == ft.int64 else -1.0)
    assert table.lookup(ft.constant(asked)).numpy().tolist() == expected


def test_what_files_may_not_be(file: str) -> None:
    make = ft.lookup.TextFileInitializer
    with pytest.raises(ft.errors.NotFoundError, match="no such file"):
        ft.lookup.StaticHashTable(make(f"{file}.not", ft.string, 0, ft.int64, 1), -1)
    for error, arguments, options in [
        ("2 columns, number 2", (ft.string, 0, ft.int64, 2), {}),
        ("'emerson' is no int64", (ft.string, 1, ft.int64, 0), {}),
        ("has 3 lines, vocab_size is 10", (ft.string, 0, ft.int64, 1), {"vocab_size": 10}),
    ]:
        with pytest.raises(ft.errors.InvalidArgumentError, match=error):
            ft.lookup.StaticHashTable(make(file, *arguments, **options), -1)
    for error, arguments in [
        ("a line's number is an integer", (ft.string, Index.LINE_NUMBER, ft.int64, 1)),
        ("a whole line is a string or", (ft.float32, Index.WHOLE_LINE, ft.int64, 1)),
        ("key_index must be a column", (ft.string, -3, ft.int64, 1)),
    ]:
        with pytest.raises(ValueError, match=error):
            make(file, *arguments)
    with pytest.raises(ValueError, match="filename is empty"):
        make("", ft.string, 0, ft.int64, 1)


# --- tables that change ---------------------------------------------------------------------------


def mutable() -> Any:
    table = ft.lookup.experimental.MutableHashTable(ft.string, ft.int64, -1)
    table.insert(["a", "b"], [1, 2])
    return table


def test_a_mutable_table() -> None:
    table = mutable()
    assert table.lookup(["a", "c"]).numpy().tolist() == [1, -1]
    table.insert(["a", "c"], [7, 8])
    assert table.lookup(["a", "b", "c"]).numpy().tolist() == [7, 2, 8]
    table.remove(["a", "q"])
    assert int(table.size()) == 2
    keys, values = table.export()
    assert dict(zip(keys.numpy(), values.numpy(), strict=True)) == {b"b": 2, b"c": 8}
    assert table[ft.constant(["b"])].numpy().tolist() == [2]


def test_defaults_given_with_the_keys() -> None:
    table = mutable()
    keys = ["a", "c", "d"]
    each = ft.constant([7, 8, 9], ft.int64)
    assert table.lookup(keys, dynamic_default_values=each).numpy().tolist() == [1, 8, 9]
    one = ft.constant(7, ft.int64)
    assert table.lookup(keys, dynamic_default_values=one).numpy().tolist() == [1, 7, 7]


def test_a_function_changes_a_table_in_the_order_of_the_program() -> None:
    table = ft.lookup.experimental.MutableHashTable(ft.string, ft.int64, -1)

    @ft.function
    def step(keys: Any) -> Any:
        before = table.lookup(keys)
        table.insert(keys, ft.constant([4, 5], ft.int64))
        between = table.lookup(keys)
        table.remove(keys[:1])
        return before, between, table.lookup(keys), table.size()

    found = [[t.numpy().tolist() for t in step(ft.constant(["x", second]))] for second in "yz"]
    assert found == [[[-1, -1], [4, 5], [-1, 5], 1], [[-1, -1], [4, 5], [-1, 5], 2]]


def test_values_of_any_shape() -> None:
    table = ft.lookup.experimental.DenseHashTable(
        ft.int64, ft.float32, [0.0, 0.0], empty_key=-1, deleted_key=-2
    )
    table.insert_or_assign([7, 8], [[1.0, 2.0], [3.0, 4.0]])
    table.erase([8])
    keys = ft.constant([[7, 8]], ft.int64)
    assert table.lookup(keys).numpy().tolist() == [[[1.0, 2.0], [0.0, 0.0]]]
    assert ft.function(table.lookup)(keys).numpy().tolist() == [[[1.0, 2.0], [0.0, 0.0]]]
    assert [np.asarray(t).tolist() for t in table.export()] == [[7], [[1.0, 2.0]]]


def test_what_tables_that_change_refuse() -> None:
    table = mutable()
    with pytest.raises(TypeError, match="cannot convert"):
        table.insert(["a"], [1.5])
    with pytest.raises(ft.errors.InvalidArgumentError, match="insert: keys of shape"):
        table.insert(["a"], [1, 2])
    with pytest.raises(ValueError, match="keys must be string"):
        table.lookup(ft.constant([1]))
    make = ft.lookup.experimental.DenseHashTable
    with pytest.raises(ft.errors.InvalidArgumentError, match="must differ"):
        make(ft.int64, ft.int64, -1, empty_key=0, deleted_key=0)
    dense = make(ft.int64, ft.int64, -1, empty_key=0, deleted_key=-1)
    for use in (dense.lookup, lambda k: dense.insert(k, k), dense.remove):
        for key, what in ((0, "empty_key"), (-1, "deleted_key")):
            with pytest.raises(ft.errors.InvalidArgumentError, match=what):
                use(ft.constant([key], ft.int64))
    with pytest.raises(TypeError, match="keys must be"):
        ft.lookup.experimental.MutableHashTable(ft.float32, ft.int64, -1)


def test_a_single_key() -> None:
    table = ft.lookup.StaticHashTable(KV(["a"], [5]), -1)
    assert table.lookup(ft.constant("a")).numpy() == 5
    assert table[ft.constant("b")].numpy() == -1
