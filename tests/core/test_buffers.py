"""Memory for kernels is aligned, and a copy is a copy."""

from __future__ import annotations

import numpy as np
import pytest

from freshet.core.buffers import ALIGNMENT, aligned_copy, aligned_empty
from freshet.core.dtypes import ALL


@pytest.mark.parametrize("dtype", ALL, ids=lambda d: d.name)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (7, 13), (2, 0, 3)])
def test_aligned(dtype: object, shape: tuple[int, ...]) -> None:
    kind = np.dtype(dtype.as_numpy_dtype)  # type: ignore[attr-defined]
    array = aligned_empty(shape, kind)
    assert (array.shape, array.dtype) == (shape, kind)
    assert array.flags.c_contiguous
    assert array.flags.writeable
    if array.size and not kind.hasobject:
        assert array.ctypes.data % ALIGNMENT == 0


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3).T,
        np.arange(12)[::-3],
        np.arange(5, dtype=">i4"),
        np.broadcast_to(np.float32(3), (2, 2)),
        np.array([b"a", b"b"], object),
        np.float32(2.5).reshape(()),
    ],
)
def test_a_copy_has_the_elements_in_native_order(array: np.ndarray) -> None:
    copy = aligned_copy(array)
    np.testing.assert_array_equal(copy, array)
    assert copy.flags.c_contiguous
    assert copy.dtype.isnative
    assert not np.shares_memory(copy, array)
