"""Whether elements rise, the largest elements, Sobol's points."""

from __future__ import annotations

from typing import Any

import numpy as np

from database.record import Operation, case, error, integers, normal, strings

TRUTH = "truth values do not vary smoothly"


def _top(x: Any, k: int, reduction_dimension: int = -1) -> Any:
    order = np.argsort(-x, axis=reduction_dimension, kind="stable")
    chosen = np.take(order, np.arange(k), axis=reduction_dimension)
    return np.take_along_axis(x, chosen, reduction_dimension), chosen.astype(np.int32)


def _bottom(x: Any, k: int) -> Any:
    values, places = _top(-x, k)
    return -values, places


def _sobol(dim: int, num_results: int, skip: int = 0, dtype: str = "float32") -> Any:
    from scipy.stats.qmc import Sobol

    sampler = Sobol(dim, scramble=False, bits=32)
    sampler.fast_forward(skip + 1)
    return np.stack([sampler.random(1)[0] for _ in range(num_results)]).astype(dtype)


ROWS = [case(np.int32([1, 1, 2])), case(np.float32([1, 2, 3])), case(np.int32([3, 1])),
        case(np.float32([])), case(np.float32([5])), case(np.int32([[1, 2], [3, 4]])),
        case(np.float32([1, np.nan, 3]))]  # fmt: skip

OPERATIONS = [
    Operation(
        name="math.is_non_decreasing", no_gradient=TRUTH, cases=ROWS,
        reference=lambda x: np.all(x.reshape(-1)[:-1] <= x.reshape(-1)[1:]),
        errors=[error("TypeError", strings("a"), message="numbers")],
    ),
    Operation(
        name="math.is_strictly_increasing", no_gradient=TRUTH, cases=ROWS,
        reference=lambda x: np.all(x.reshape(-1)[:-1] < x.reshape(-1)[1:]),
        errors=[error("TypeError", strings("a"), message="numbers")],
    ),
    Operation(
        name="math.approx_max_k", reference=_top,
        cases=[case(normal(7), 3), case(normal(2, 5), 2), case(normal(3, 4), k=4)],
        gradient=[case(normal(2, 5, dtype="f8"), 2)],
        errors=[error("InvalidArgumentError", integers(4), 2, message="approx_max_k")],
        # TensorFlow has it for bfloat16, float16 and float32 only.
    ),
    Operation(
        name="math.approx_min_k", reference=_bottom,
        cases=[case(normal(7), 3), case(normal(2, 5), 2)],
        gradient=[case(normal(2, 5, dtype="f8"), 2)],
        differs="TensorFlow has no kernel for it on CPUs",
    ),
    Operation(
        name="math.sobol_sample", reference=_sobol,
        cases=[case(3, 5), case(2, 4, skip=3), case(1, 8), case(10, 6, dtype="float64"),
               case(64, 9, 100)],
        errors=[error("InvalidArgumentError", 0, 4, message="dim"),
                error("InvalidArgumentError", 2, 0, message="num_results")],
    ),
]  # fmt: skip
