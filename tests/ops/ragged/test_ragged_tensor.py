"""Ragged tensors as values: in functions, tapes and structures, printed, refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.core.composite import CompositeTensorError
from freshet.ops.dispatch import _MAKERS

ROWS = [[3, 1], [], [4, 1, 5]]


def rows() -> ft.RaggedTensor:
    return ft.ragged.constant(ROWS)


def floats() -> ft.RaggedTensor:
    return ft.ragged.constant([[3.0, 1.0], [], [4.0, 1.0, 5.0]])


def test_it_is_printed_as_nested_lists() -> None:
    assert repr(rows()) == str(rows()) == "<ft.RaggedTensor [[3, 1], [], [4, 1, 5]]>"
    many = repr(ft.ragged.constant([list(range(2000)), [1]]))
    assert "..." in many
    assert len(many) < 100


def test_long_rows_are_printed_below_each_other() -> None:
    short = [list(range(n)) for n in range(10)]
    assert str(ft.ragged.constant(short)).splitlines() == [
        "<ft.RaggedTensor [[], [0], [0, 1], [0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 3, 4],",
        " [0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 5, 6, 7],",
        " [0, 1, 2, 3, 4, 5, 6, 7, 8]]>",
    ]
    long = [[[10**9] * 7, [2]], [[3]]]
    assert str(ft.ragged.constant(long)).splitlines() == [
        f"<ft.RaggedTensor [[[{', '.join(['1000000000'] * 6)},",
        "   1000000000],",
        "  [2]],",
        " [[3]]]>",
    ]


def test_it_has_no_truth_value_no_length_and_no_hash() -> None:
    for function in (bool, len, hash):
        with pytest.raises(TypeError):
            function(rows())


def test_it_is_made_by_its_methods_only() -> None:
    with pytest.raises(TypeError, match="from_row_splits"):
        ft.RaggedTensor()


def test_iterating_gives_the_rows() -> None:
    assert [row.numpy().tolist() for row in rows()] == ROWS


def test_an_array_of_it_has_rows_or_is_one() -> None:
    assert [row.tolist() for row in rows().numpy()] == ROWS
    even = ft.ragged.constant([[1, 2], [3, 4]]).numpy()
    assert even.tolist() == [[1, 2], [3, 4]]
    assert even.dtype == np.int32


def test_nest_takes_it_apart_and_puts_it_together() -> None:
    structure = {"a": rows(), "b": 1}
    flat = ft.nest.flatten(structure, expand_composites=True)
    assert [np.asarray(v).tolist() for v in flat] == [[3, 1, 4, 1, 5], [0, 2, 2, 5], 1]
    again = ft.nest.pack_sequence_as(structure, flat, expand_composites=True)
    assert again["a"].to_list() == ROWS
    assert ft.nest.flatten(structure)[0] is structure["a"]


# --- in functions ---------------------------------------------------------------------------------


def test_a_function_takes_and_returns_it() -> None:
    traces = []

    @ft.function
    def double(x: Any, scale: Any) -> Any:
        traces.append(x)
        return {"x": x * scale, "rows": ft.reduce_sum(x, axis=1)}

    found = double(rows(), ft.constant(2))
    assert found["x"].to_list() == [[6, 2], [], [8, 2, 10]]
    assert found["rows"].numpy().tolist() == [4, 0, 10]
    again = double(ft.ragged.constant([[1, 2, 3], [], [4, 5]]), ft.constant(3))
    assert again["x"].to_list() == [[3, 6, 9], [], [12, 15]]
    assert len(traces) == 1
    assert "RaggedTensor(values=" in repr(traces[0])


def test_a_spec_leaves_its_sizes_open() -> None:
    traces = []

    @ft.function(input_signature=[ft.RaggedTensorSpec([None, None], ft.int32)])
    def total(x: Any) -> Any:
        traces.append(x.shape)
        return ft.reduce_sum(x, axis=1), x.to_tensor()

    assert total(rows())[0].numpy().tolist() == [4, 0, 10]
    even = ft.RaggedTensor.from_tensor([[1, 2], [3, 4]])
    assert total(even)[1].numpy().tolist() == [[1, 2], [3, 4]]
    assert traces == [(None, None)]
    with pytest.raises(ValueError, match="RaggedTensorSpec"):
        total(floats())
    with pytest.raises(ValueError, match="ragged"):
        total(ft.constant([[1]]))


def test_specs_tell_what_fits() -> None:
    spec = ft.RaggedTensorSpec.from_value(rows())
    assert spec == ft.RaggedTensorSpec([3, None], ft.int32)
    assert spec.is_compatible_with(rows())
    assert not spec.is_compatible_with(floats())
    assert ft.RaggedTensorSpec(ragged_rank=2).shape == [None, None, None]
    assert repr(spec) == "RaggedTensorSpec(TensorShape([3, None]), ft.int32, 1, ft.int64)"
    with pytest.raises(ValueError, match="shape or ragged_rank"):
        ft.RaggedTensorSpec()
    with pytest.raises(ValueError, match="ragged_rank must be"):
        ft.RaggedTensorSpec([None], ragged_rank=1)


def test_one_row_length_is_known_in_a_function() -> None:
    shapes = []

    @ft.function
    def shape_of(x: Any) -> Any:
        shapes.append(tuple(x.shape))
        return x[:, 0]

    assert shape_of(ft.RaggedTensor.from_tensor([[1, 2], [3, 4]])).numpy().tolist() == [1, 3]
    assert shapes == [(2, 2)]


def test_a_row_number_may_be_computed() -> None:
    @ft.function
    def row(x: Any, i: Any) -> Any:
        return x[i]

    assert row(rows(), ft.constant(2)).numpy().tolist() == [4, 1, 5]
    assert row(rows(), ft.constant(-3)).numpy().tolist() == [3, 1]


# --- gradients ------------------------------------------------------------------------------------


def test_a_gradient_comes_back_ragged() -> None:
    x = floats()
    with ft.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        total = ft.reduce_sum(ft.reduce_max(x, axis=1)[0::2])
    assert tape.gradient(y, x).to_list() == [[6.0, 2.0], [], [8.0, 2.0, 10.0]]
    assert tape.gradient(total, x).to_list() == [[1.0, 0.0], [], [0.0, 0.0, 1.0]]
    assert tape.gradient(y, x, output_gradients=y).to_list()[0] == [54.0, 2.0]
    unconnected = tape.gradient(ft.constant(1.0), x, unconnected_gradients="zero")
    assert unconnected.to_list() == [[0.0, 0.0], [], [0.0, 0.0, 0.0]]
    assert tape.gradient(ft.constant(1.0), x) is None


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ft.reduce_sum(x, axis=0), lambda x: ft.reduce_prod(x, axis=1),
        lambda x: ft.reduce_mean(x, axis=0), lambda x: ft.concat([x, x], 1),
        lambda x: ft.gather(x, [2, 0, 2]), lambda x: x[:, 1:], lambda x: x.to_tensor(),
        lambda x: ft.nn.softmax(x), lambda x: ft.stack([x, x], axis=1),
        lambda x: x + ft.constant([[1.0], [2.0], [3.0]], ft.float64), lambda x: ft.reverse(x, [1]),
        lambda x: ft.reduce_min(x, axis=1)[::2], lambda x: ft.math.cumsum(x, axis=1),
    ],
)  # fmt: skip
def test_gradients_are_limits_of_differences(function: Any) -> None:
    splits = [0, 2, 2, 5]
    values = np.array([0.3, 1.2, -0.7, 2.0, 0.9])

    def value(array: Any) -> tuple[Any, Any]:
        x = ft.RaggedTensor.from_row_splits(ft.constant(array), splits)
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
            flat = y.flat_values if isinstance(y, ft.RaggedTensor) else y
            weights = ft.cast(ft.range(ft.size(flat)) + 1, ft.float64)
            kept = ft.boolean_mask(
                ft.reshape(flat, [-1]), ft.math.is_finite(ft.reshape(flat, [-1]))
            )
            total = ft.reduce_sum(kept * weights[: ft.size(kept)])
        return float(total), tape.gradient(total, x)

    gradient = value(values)[1].flat_values.numpy()
    for i in range(5):
        step = np.eye(5)[i] * 1e-6
        slope = (value(values + step)[0] - value(values - step)[0]) / 2e-6
        assert abs(gradient[i] - slope) < 1e-6


def test_a_compiled_gradient_is_the_same() -> None:
    @ft.function
    def gradient(x: Any) -> Any:
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = ft.reduce_sum(ft.nn.softmax(x) * x)
        return tape.gradient(y, x)

    x = floats()
    with ft.GradientTape() as tape:
        tape.watch(x)
        y = ft.reduce_sum(ft.nn.softmax(x) * x)
    eager = tape.gradient(y, x)
    np.testing.assert_allclose(
        gradient(x).flat_values.numpy(), eager.flat_values.numpy(), atol=1e-6
    )


# --- refused --------------------------------------------------------------------------------------


def test_only_equal_rows_have_a_shape_as_a_tensor() -> None:
    equal = ft.RaggedTensor.from_uniform_row_length(ft.range(8), 2)
    for function in (ft.shape, ft.function(ft.shape)):
        assert function(equal).numpy().tolist() == [4, 2]
        with pytest.raises(
            CompositeTensorError, match=r"x\.nrows\(\), x\.row_lengths\(\), or x\.b"
        ):
            function(ft.ragged.constant([[1, 2], [3]]))
    assert ft.shape(equal, ft.int64).dtype == ft.int64


def test_what_takes_no_ragged_tensors_says_so() -> None:
    with pytest.raises(CompositeTensorError, match=r"RaggedTensor is not a plain.*to_tensor"):
        ft.argmax(rows(), 1)
    with pytest.raises(ValueError, match="is not a plain tensor"):
        ft.convert_to_tensor(rows())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: x[9], "Row key 9 out of bounds"), (lambda x: x[:, 0], "inner ragged dimension"),
        (lambda x: x[0, 0, 0], "3 indices"), (lambda x: x[..., ...], "only one"),
        (lambda x: x[::0], "step"), (lambda x: ft.concat([x, floats()], 0), "one rank and dtype"),
        (lambda x: ft.concat([x, x[:1]], 1), "as many rows"),
        (lambda x: x + ft.ragged.constant([[1], [2, 3], []]), "do not broadcast"),
        (lambda x: ft.gather(x, ft.ragged.constant([[5], [], [0]]), batch_dims=1), "outside row 0"),
        (lambda x: ft.squeeze(x, 1), "same lengths"), (lambda x: ft.tile(x, [2]), "2 multiples"),
        (lambda x: ft.split(x, 2, axis=1), "ragged or not known"),
        (lambda x: x.with_values([1]), "expected 5 values"),
        (lambda x: ft.map_fn(lambda r: r, x[:0]), "no rows"),
        (lambda x: ft.one_hot(x, 3, axis=1), "axis must be -1 or above 1"),
    ],
)  # fmt: skip
def test_errors_say_what_is_wrong(call: Any, message: str) -> None:
    with pytest.raises((ValueError, IndexError), match=message):
        call(rows())


def test_map_fn_without_a_signature_gives_rows_like_the_elements() -> None:
    for given in ([[3, 1, 4], [], [5]], [[1, 2], [3, 4]]):
        found = ft.map_fn(ft.square, ft.ragged.constant(given))
        assert found.to_list() == [[n * n for n in row] for row in given]


def test_map_fn_gives_each_row() -> None:
    found = ft.map_fn(ft.reduce_sum, rows(), fn_output_signature=ft.int32)
    assert found.numpy().tolist() == [4, 0, 10]
    doubled = ft.map_fn(
        lambda r: r * 2, rows(), fn_output_signature=ft.RaggedTensorSpec([None], ft.int32)
    )
    assert doubled.to_list() == [[6, 2], [], [8, 2, 10]]


def test_every_name_with_an_overload_is_that_of_a_function() -> None:
    import freshet.ops.ragged.overloads  # noqa: F401

    found = set()
    for space in (ft, ft.math, ft.nn, ft.strings, ft.io, ft.bitwise, ft.debugging, ft.dtypes):
        for name in dir(space):
            found.add(getattr(getattr(space, name, None), "__wrapped__", object).__name__)
    missing = {name for name, kind in _MAKERS if kind is ft.RaggedTensor} - found
    assert missing <= {"bitcast", "realdiv", "saturate_cast", "truncatediv", "truncatemod"}
