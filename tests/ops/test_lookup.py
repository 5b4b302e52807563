"""Samples of gather, scatter and segments: defined by loops over the elements."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet import TensorSpec
from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.testing import ErrorSample, PrimitiveSuite, Sample
from freshet.testing.samples import extremes

Place = tuple[int, ...]
ALL = [
    dtypes.as_dtype(name)
    for name in (
        "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
        "float16", "bfloat16", "float32", "float64",
    )
]  # fmt: skip

# --- definitions ----------------------------------------------------------------------------------


def gathered(x: np.ndarray, indices: np.ndarray, axis: int) -> np.ndarray:
    shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    result = np.zeros(shape, x.dtype)
    for place in itertools.product(*map(range, shape)):
        chosen = indices[place[axis : axis + indices.ndim]]
        result[place] = x[(*place[:axis], int(chosen), *place[axis + indices.ndim :])]
    return result


def spread(
    grad: np.ndarray, indices: np.ndarray, *operand: np.ndarray, axis: int, shape: Place
) -> np.ndarray:
    result = np.zeros(operand[0].tolist() if operand else shape, grad.dtype)
    for place in itertools.product(*map(range, grad.shape)):
        chosen = indices[place[axis : axis + indices.ndim]]
        result[(*place[:axis], int(chosen), *place[axis + indices.ndim :])] += grad[place]
    return result


def places(indices: np.ndarray, batch_dims: int = 0) -> list[tuple[Place, Place]]:
    """Return where each index is, and which place it names."""
    return [
        (at, (*at[:batch_dims], *map(int, indices[at])))
        for at in itertools.product(*map(range, indices.shape[:-1]))
    ]


def gathered_nd(x: np.ndarray, indices: np.ndarray, batch_dims: int) -> np.ndarray:
    inner = x.shape[batch_dims + indices.shape[-1] :]
    result = np.zeros((*indices.shape[:-1], *inner), x.dtype)
    for at, place in places(indices, batch_dims):
        result[at] = x[place]
    return result


def scattered_nd(
    indices: np.ndarray, updates: np.ndarray, *operand: np.ndarray, shape: Place, batch_dims: int
) -> np.ndarray:
    result = np.zeros(operand[0].tolist() if operand else shape, updates.dtype)
    for at, place in places(indices, batch_dims):
        result[place] += updates[at]
    return result


CHOOSE = {"update": lambda old, new: new, "min": np.minimum, "max": np.maximum}


def scattered(x: np.ndarray, indices: np.ndarray, updates: np.ndarray, op: str) -> np.ndarray:
    result = x.copy()
    for at, place in places(indices):
        result[place] = CHOOSE[op](result[place], updates[at])
    return result


def segments(x: np.ndarray, ids: np.ndarray, op: str, count: int) -> np.ndarray:
    combine = {"sum": np.add, **CHOOSE}[op]
    kind = dtypes.of_array(x)
    start = {"sum": 0, "min": kind.max, "max": kind.min}[op]
    result = np.full((count, *x.shape[ids.ndim :]), start, x.dtype)
    for at in itertools.product(*map(range, ids.shape)):
        if ids[at] >= 0:
            result[int(ids[at])] = combine(result[int(ids[at])], x[at])
    return result


# --- samples --------------------------------------------------------------------------------------


def whole_numbers(*shape: int, dtype: str = "float32", seed: int = 5) -> np.ndarray:
    """Return small whole numbers, whose sums are exact in any order."""
    return np.random.default_rng(seed).integers(-8, 9, shape).astype(dtype)


def index(*shape: int, below: int, dtype: str = "int32", least: int = 0) -> np.ndarray:
    return np.random.default_rng(9).integers(least, below, shape).astype(dtype)


def crowded(count: int, below: int) -> np.ndarray:
    """Return places of which some come up far more often than others, as words do."""
    rng = np.random.default_rng(3)
    return np.minimum(rng.zipf(1.3, count) - 1, below - 1).astype(np.int32)


def pairs(*rows: tuple[int, ...]) -> np.ndarray:
    return np.array(rows, np.int32)


GATHER = {
    "gather": [
        *(Sample(inputs=(extremes(d), index(4, below=2)), params={"axis": 0}, expected=gathered)
          for d in ALL),
        *(Sample(inputs=(TensorSpec([7, 3]), index(5, below=7, dtype=d.name)), params={"axis": 0},
                 expected=gathered, gradient=(0,)) for d in ALL if d.is_integer),
        Sample(inputs=(TensorSpec([4, 5]), np.int64(2)), params={"axis": 1}, expected=gathered,
               gradient=(0,)),
        Sample(inputs=(TensorSpec([2, 5, 3]), index(2, 2, below=5)), params={"axis": 1},
               expected=gathered, gradient=(0,), second=True),
        Sample(inputs=(TensorSpec([5]), np.int32([])), params={"axis": 0}, expected=gathered),
        Sample(inputs=(TensorSpec([1000, 37]), index(513, below=1000)), params={"axis": 0}),
    ],
    "gather_adjoint": [
        Sample(inputs=(whole_numbers(6, 3), index(6, below=4)), params={"axis": 0, "shape": (4, 3)},
               expected=spread, gradient=(0,)),
        Sample(inputs=(whole_numbers(2, 2, 2, 3, dtype="int32"), index(2, 2, below=5)),
               params={"axis": 1, "shape": (2, 5, 3)}, expected=spread),
        Sample(inputs=(whole_numbers(4), np.int64(2)), params={"axis": 1, "shape": (4, 5)},
               expected=spread, gradient=(0,)),
        Sample(inputs=(TensorSpec([6]), index(6, below=3), np.int32([3])), constants=(2,),
               params={"axis": 0, "shape": (None,)}, expected=spread, expected_ulp=1,
               gradient=(0,)),
        # Wide rows, added in blocks; the order is still that of the indices, to the last bit.
        Sample(inputs=(TensorSpec([700, 20]), crowded(700, below=300)), expected=spread,
               params={"axis": 0, "shape": (300, 20)}),
        Sample(inputs=(TensorSpec([17, 700]), index(700, below=90)), expected=spread,
               params={"axis": 1, "shape": (17, 90)}),
        Sample(inputs=(TensorSpec([700, 20]), index(700, below=3, dtype="uint8")), expected=spread,
               params={"axis": 0, "shape": (5, 20)}),
        Sample(inputs=(whole_numbers(700, 20, dtype="int8"), crowded(700, below=300)),
               expected=spread, params={"axis": 0, "shape": (300, 20)}),
        Sample(inputs=(TensorSpec([0, 20]), np.int32([])), params={"axis": 0, "shape": (3, 20)},
               expected=spread),
    ],
    "gather_nd": [
        *(Sample(inputs=(np.stack([extremes(d)] * 2), pairs((0, 1), (1, 0), (1, 2 % d.size + 1))),
                 params={"batch_dims": 0}, expected=gathered_nd) for d in ALL if not d.is_bool),
        *(Sample(inputs=(TensorSpec([2, 3, 4]), i), params={"batch_dims": b}, expected=gathered_nd,
                 gradient=(0,))
          for i, b in ((pairs((1,), (0,), (1,)), 0), (pairs((1, 2), (0, 0), (1, 2)), 0),
                       (pairs((1, 2, 3), (0, 0, 0)), 0), (index(2, 5, 1, below=3), 1),
                       (index(2, 2, below=3), 1), (index(2, 3, 2, 1, below=4), 2),
                       (np.zeros((2, 0), np.int64), 0), (np.zeros((0, 2), np.int64), 0))),
        Sample(inputs=(TensorSpec([2, 3, 4]), index(2, 5, 1, below=3)), params={"batch_dims": 1},
               expected=gathered_nd, gradient=(0,), second=True),
        Sample(inputs=(TensorSpec([1000, 37]), index(513, 1, below=1000)), params={"batch_dims": 0},
               expected=gathered_nd),
    ],
}  # fmt: skip

SCATTER = {
    "scatter_nd": [
        *(Sample(inputs=(pairs((1,), (0,), (1,)), whole_numbers(3, 2, dtype=d.name)),
                 params={"shape": (3, 2), "batch_dims": 0}, expected=scattered_nd)
          for d in ALL if d.is_integer and not d.is_unsigned),
        *(Sample(inputs=(i, whole_numbers(*u)), params={"shape": s, "batch_dims": b},
                 expected=scattered_nd, gradient=(1,))
          for i, u, s, b in (
              (pairs((1,), (0,), (1,)), (3, 4), (3, 4), 0),
              (pairs((1, 2), (0, 0), (1, 2)), (3,), (2, 3), 0),
              (index(2, 5, 1, below=3), (2, 5, 4), (2, 3, 4), 1),
              (np.zeros((0, 1), np.int64), (0, 3), (2, 3), 0),
              (np.zeros((2, 0), np.int64), (2, 3), (3,), 0))),
        Sample(inputs=(pairs((1,), (0,)), TensorSpec([2, 3]), np.int32([4, 3])), constants=(2,),
               params={"shape": (None, None), "batch_dims": 0}, expected=scattered_nd,
               gradient=(1,), second=True),
        Sample(inputs=(crowded(900, below=400)[:, None], TensorSpec([900, 33])),
               params={"shape": (400, 33), "batch_dims": 0}, expected=scattered_nd),
    ],
    "tensor_scatter": [
        *(Sample(inputs=(extremes(d), pairs((1,), (0,)), extremes(d)[:2].copy()),
                 params={"op": "update"}, expected=scattered) for d in ALL),
        *(Sample(inputs=(whole_numbers(4, 3, dtype=d), pairs((2,), (0,), (2,)),
                         whole_numbers(3, 3, dtype=d, seed=6)), params={"op": op},
                 expected=scattered)
          for op in ("update", "min", "max") for d in ("int32", "float16", "bfloat16", "float64")),
        *(Sample(inputs=(TensorSpec([3, 4]), pairs((2, 1), (0, 0)), TensorSpec([2])),
                 params={"op": op}, expected=scattered, gradient=(0, 2), second=True)
          for op in ("update", "min", "max")),
        *(Sample(inputs=(TensorSpec([5, 2]), pairs((3,), (1,), (3,)), TensorSpec([3, 2])),
                 params={"op": op}, expected=scattered, gradient=(0, 2)) for op in ("min", "max")),
    ],
}  # fmt: skip

SEGMENTS = {
    "segment": [
        *(Sample(inputs=(whole_numbers(6, 2, dtype=d.name), np.int32([0, 2, -1, 2, 0, 4])),
                 params={"op": op, "count": 5}, expected=segments)
          for op in ("sum", "min", "max") for d in ALL if d.is_numeric and not d.is_unsigned),
        *(Sample(inputs=(TensorSpec([2, 3, 4]), index(2, 3, below=3, least=-1)),
                 params={"op": op, "count": 3}, expected=segments, gradient=(0,), second=True)
          for op in ("sum", "min", "max")),
        Sample(inputs=(TensorSpec([6]), np.int64([1, 1, 1, 0, 0, 0])), expected=segments,
               params={"op": "max", "count": 2}, gradient=(0,)),
        Sample(inputs=(TensorSpec([0, 3]), np.int32([])), params={"op": "sum", "count": 2},
               expected=segments),
        Sample(inputs=(TensorSpec([800, 24]), crowded(800, below=100)), expected=segments,
               params={"op": "sum", "count": 100}),
    ],
}  # fmt: skip

CHECKS = {
    "check_indices": [
        Sample(inputs=(i, TensorSpec([4, 3])), params={"axis": 1}, expected=lambda i, x, axis: i)
        for i in (np.int32([[0, 2], [1, 1]]), np.uint8(2), np.zeros((0, 3), np.int64))
    ],
    "check_places": [
        Sample(inputs=(i, np.int64([4, 3])), params={"caller": "gather_nd"},
               expected=lambda i, named, caller: i)
        for i in (np.int32([[0, 2], [3, 1]]), np.uint8([3, 2]), np.zeros((0, 2), np.int64))
    ],
}  # fmt: skip

ERRORS = {
    "gather": [
        ErrorSample(inputs=(TensorSpec([3]), np.float32([1])), params={"axis": 0},
                    message=r"gather: indices must be integers, received f32\[1\]",
                    exception=DTypeError),
    ],
    "check_indices": [
        ErrorSample(inputs=(np.int32([0, 3, 1]), TensorSpec([4, 3])), params={"axis": 1},
                    message=r"gather: index 3 is outside \[0, 3\) of axis 1"),
        ErrorSample(inputs=(np.int32([-1]), TensorSpec([4])), params={"axis": 0},
                    message=r"gather: index -1 is outside \[0, 4\) of axis 0"),
    ],
    "check_places": [
        ErrorSample(inputs=(pairs((0, 1), (1, 3)), np.int64([4, 3])), params={"caller": "who"},
                    message=r"who: the index \[1, 3\] at position \[1\] is outside the dimensions "
                            r"\[4, 3\]"),
        ErrorSample(inputs=(pairs((-1, 1)), np.int64([4, 3])), params={"caller": "who"},
                    message=r"who: the index \[-1, 1\] at position \[0\] is outside the dimensions "
                            r"\[4, 3\]"),
    ],
    "gather_nd": [
        ErrorSample(inputs=(TensorSpec([3]), np.float32([[1]])), params={"batch_dims": 0},
                    message=r"gather_nd: indices must be integers, received f32\[1,1\]",
                    exception=DTypeError),
        ErrorSample(inputs=(TensorSpec([3]), pairs((0, 1))), params={"batch_dims": 0},
                    message=r"gather_nd: the last dimension of indices must be the number of "
                            r"dimensions that they name, of 1, received indices i32\[1,2\]"),
        ErrorSample(inputs=(TensorSpec([3, 2]), pairs((0,), (1,))), params={"batch_dims": 1},
                    message=r"gather_nd: the first 1 dimensions of indices must be those of "
                            r"\[3,2\], received indices i32\[2,1\]"),
        ErrorSample(inputs=(TensorSpec([3, 2]), pairs((0, 1), (1, 2))), params={"batch_dims": 0},
                    message=r"gather_nd: the index \[1, 2\] at position \[1\] is outside the "
                            r"dimensions \[3, 2\]"),
    ],
    "scatter_nd": [
        ErrorSample(inputs=(pairs((0,), (-1,)), TensorSpec([2])),
                    params={"shape": (3,), "batch_dims": 0},
                    message=r"scatter_nd: the index \[-1\] at position \[1\] is outside the "
                            r"dimensions \[3\]"),
        ErrorSample(inputs=(pairs((0,), (1,)), TensorSpec([2, 5])),
                    params={"shape": (3, 4), "batch_dims": 0},
                    message=r"scatter_nd: indices i32\[2,1\] name parts of \[3,4\], so updates "
                            r"must have shape \[2,4\], received f32\[2,5\]"),
    ],
    "tensor_scatter": [
        ErrorSample(inputs=(TensorSpec([3]), pairs((3,)), TensorSpec([1])), params={"op": "max"},
                    message=r"tensor_scatter_nd_max: the index \[3\] at position \[0\] is outside "
                            r"the dimensions \[3\]"),
        ErrorSample(inputs=(TensorSpec([3]), pairs((1,)), TensorSpec([1], "int32")),
                    params={"op": "update"}, exception=DTypeError,
                    message=r"tensor_scatter_nd_update: updates must have the tensor's dtype, "
                            r"received f32\[3\] and i32\[1\]"),
    ],
    "segment": [
        ErrorSample(inputs=(TensorSpec([3]), np.int32([0, 2, 1])), params={"op": "sum", "count": 2},
                    message=r"unsorted_segment_sum: the segment id 2 at position 1 is outside "
                            r"\[0, 2\)"),
        ErrorSample(inputs=(TensorSpec([3]), np.int32([0, 2])), params={"op": "max", "count": 3},
                    message=r"unsorted_segment_max: the shape of segment_ids must begin that of "
                            r"data, received data f32\[3\] and segment_ids i32\[2\]"),
    ],
}  # fmt: skip


class TestLookup(PrimitiveSuite):
    samples = {**CHECKS, **GATHER, **SCATTER, **SEGMENTS}
    errors = ERRORS


# --- the public functions -------------------------------------------------------------------------


def batched_gather(x: np.ndarray, indices: np.ndarray, axis: int, batch_dims: int) -> np.ndarray:
    shape = (*x.shape[:axis], *indices.shape[batch_dims:], *x.shape[axis + 1 :])
    result = np.zeros(shape, x.dtype)
    count = indices.ndim - batch_dims
    for place in itertools.product(*map(range, shape)):
        chosen = indices[(*place[:batch_dims], *place[axis : axis + count])]
        result[place] = x[(*place[:axis], int(chosen), *place[axis + count :])]
    return result


@pytest.mark.parametrize(("axis", "batch_dims", "shape"), [
    (0, 0, (2, 2)), (1, 1, (2, 5)), (2, 1, (2, 5, 2)), (3, 1, (2, 4)), (2, 2, (2, 3)),
    (3, 2, (2, 3, 4)), (-1, -1, (2, 3)), (None, 1, (2, 1)), (None, 0, ()),
])  # fmt: skip
def test_gather_takes_batches(axis: int | None, batch_dims: int, shape: Place) -> None:
    x = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    indices = index(*shape, below=2)
    batch = batch_dims + len(shape) if batch_dims < 0 else batch_dims
    where = batch if axis is None else axis % 4
    found = ft.gather(x, indices, axis=axis, batch_dims=batch_dims)
    expected = batched_gather(x, indices, where, batch)
    assert found.shape == expected.shape
    assert found.numpy().tolist() == expected.tolist()


@pytest.mark.parametrize(("axis", "batch_dims"), [(0, 1), (None, 3), (1, -4)])
def test_gather_refuses_batches_that_there_are_not(axis: int | None, batch_dims: int) -> None:
    with pytest.raises(InvalidArgumentError, match=f"gather: batch_dims={batch_dims} must not be"):
        ft.gather(np.zeros((2, 3, 4)), np.zeros((2, 3), np.int32), axis=axis, batch_dims=batch_dims)


def test_gather_of_batches_of_unknown_size() -> None:
    @ft.function(input_signature=[
        TensorSpec([None, 4, 2]), TensorSpec([None, 3], "int32")
    ])  # fmt: skip
    def f(x: Any, i: Any) -> Any:
        return ft.gather(x, i, batch_dims=1)

    for size in (1, 3):
        x, i = np.random.default_rng(0).random((size, 4, 2), np.float32), index(size, 3, below=4)
        np.testing.assert_array_equal(f(x, i).numpy(), np.take_along_axis(x, i[..., None], 1))


def test_an_embedding_is_trained_by_adding_up_what_its_rows_get() -> None:
    table = ft.Variable(np.arange(8, dtype=np.float32).reshape(4, 2))
    with ft.GradientTape() as tape:
        rows = ft.nn.embedding_lookup(table, [[1, 3], [1, 0]])
        loss = ft.reduce_sum(rows * np.arange(1, 9, dtype=np.float32).reshape(2, 2, 2))
    assert rows.numpy().tolist() == [[[2, 3], [6, 7]], [[2, 3], [0, 1]]]
    assert tape.gradient(loss, table).numpy().tolist() == [[7, 8], [6, 8], [0, 0], [3, 4]]


def test_embedding_lookup_of_parts_and_with_a_largest_norm() -> None:
    parts = [np.float32([[3, 4], [0, 1]]), np.float32([[6, 8]])]
    found = ft.nn.embedding_lookup(parts, [2, 1, 0], max_norm=5.0)
    np.testing.assert_allclose(found.numpy(), [[3, 4], [0, 1], [3, 4]], rtol=1e-6)


def test_scatter_add_and_sub_add_up() -> None:
    tensor, places, updates = [10, 20, 30], [[2], [0], [2]], [1, 2, 3]
    assert ft.tensor_scatter_nd_add(tensor, places, updates).numpy().tolist() == [12, 20, 34]
    assert ft.tensor_scatter_nd_sub(tensor, places, updates).numpy().tolist() == [8, 20, 26]


def test_ties_share_the_gradient_of_an_extreme() -> None:
    x = ft.constant([1.0, 1.0, 1.0, 0.0])
    with ft.GradientTape() as tape:
        tape.watch(x)
        y = ft.math.unsorted_segment_max(x, [0, 0, 1, 1], 2)
    assert tape.gradient(y, x).numpy().tolist() == [0.5, 0.5, 1.0, 0.0]
    updates = ft.constant([1.0, 1.0])
    with ft.GradientTape() as tape:
        tape.watch([x, updates])
        y = ft.tensor_scatter_nd_max(x, [[0], [3]], updates)
    for_x, for_updates = tape.gradient(y, [x, updates])
    assert for_x.numpy().tolist() == [0.5, 1.0, 1.0, 0.0]
    assert for_updates.numpy().tolist() == [0.5, 1.0]


def test_means_of_segments() -> None:
    data = np.float32([[1, 2], [3, 6], [5, 5], [7, 7]])
    mean = ft.math.unsorted_segment_mean(data, [2, 2, -1, 0], 3)
    assert mean.numpy().tolist() == [[7, 7], [0, 0], [2, 4]]
    root = ft.math.unsorted_segment_sqrt_n(data, [2, 2, -1, 0], 3)
    np.testing.assert_allclose(root.numpy()[2], np.float32([4, 8]) / np.sqrt(2), rtol=1e-6)


def test_sorted_segments() -> None:
    data, ids = np.int32([4, -3, 5, 9]), [0, 0, 2, 2]
    assert ft.math.segment_sum(data, ids).numpy().tolist() == [1, 0, 14]
    assert ft.math.segment_mean(data, ids).numpy().tolist() == [0, 0, 7]
    assert ft.math.segment_max(data, ids).numpy().tolist() == [4, 0, 9]
    assert ft.math.segment_min(data, ids).numpy().tolist() == [-3, 0, 5]


@pytest.mark.parametrize("ids", [[1, 0], [-1, 0], [[0, 1]]])
def test_sorted_segments_refuse_other_numbers(ids: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"segment_sum: segment_ids must"):
        ft.math.segment_sum([1, 2], ids)


def test_data_decides_how_many_sorted_segments_there_are() -> None:
    @ft.function
    def f(ids: Any) -> Any:
        return ft.math.segment_sum(ft.ones([3]), ids)

    assert f(ft.constant([0, 0, 1])).numpy().tolist() == [2, 1]
    assert f(ft.constant([0, 2, 2])).numpy().tolist() == [1, 0, 2]
    with pytest.raises(InvalidArgumentError, match="never fall"):
        f(ft.constant([1, 0, 0]))


@pytest.mark.parametrize("count", [-1, 1.5, [2]])
def test_the_number_of_segments_is_a_whole_number(count: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="num_segments must be a whole number"):
        ft.math.unsorted_segment_sum([1], [0], count)
