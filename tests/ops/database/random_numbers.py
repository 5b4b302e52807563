"""Random numbers: dtypes, shapes, refusals. test_random_distributions.py checks their laws."""

from __future__ import annotations

import numpy as np

from database.record import Operation, case, error

SEED = np.array([1, 2], np.int32)
WIDE = np.array([1, 2], np.int64)
RANDOM = "its numbers are random"


def _f(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


_SHAPES = [case(s) for s in ([], [0], [3], [2, 1, 5])]
_LOGITS = np.float32([[0, 1, 2], [3, -1, 0]])
OPERATIONS = [
    Operation(
        name="random.uniform", reference=None,
        cases=[
            *_SHAPES, case([3], -1.0, 2.5), case([2], dtype="float64"), case([2], dtype="float16"),
            case([4], 0, 9, "int32"), case([4], 0, 9, "int64", seed=3), case([2, 2], _f(1, 2), 5),
            case(np.array([2, 3])), case([3], minval=-3, maxval=3, dtype="int32"),
        ],
        errors=[
            error("ValueError", [2], dtype="int32", message="need a maxval"),
            error("InvalidArgumentError", [2], 5, 5, "int32", message="less than maxval"),
            error("InvalidArgumentError", [-2], message="size"),
        ],
        no_gradient=RANDOM, unknown_shapes=False,  # a shape's number of sizes is always known
    ),
    *(
        Operation(
            name=name, reference=None,
            cases=[
                case([], dtype="bfloat16"), case([2, 2], _f(1, 2), _f(3, 4), seed=1),
            ],
            errors=[
                error("TypeError", [2], dtype="int32", message="floating-point"),
                error("InvalidArgumentError", [-2], message="size"),
            ],
            no_gradient=RANDOM, unknown_shapes=False,  # as above
        )
        for name in ("random.normal", "random.truncated_normal")
    ),
    Operation(
        name="random.gamma", reference=None,
        cases=[
            case([], 2.0), case([3], _f(1, 2)), case([2, 1], _f(1, 2), np.float32([[1], [2]])),
            case([0], 1.0), case([2], 1.0, dtype="float64"), case([2], _f(0.5), 3.0, seed=4),
        ],
        no_gradient="checked beside SciPy's, with the law", unknown_shapes=False,  # as above
    ),
    Operation(
        name="random.poisson", reference=None,
        cases=[
            case([], 2.0), case([3], _f(1, 2)), case([2, 1], np.float32([[1], [2]])),
            case([2], 3.0, "int32"), case([2], _f(100), "int64", seed=4), case([0], 1.0),
        ],
        no_gradient=RANDOM,
    ),
    Operation(
        name="random.categorical", reference=None,
        cases=[
            case(_LOGITS, 5), case(_LOGITS, 0), case(_LOGITS.astype(np.float64), 2, "int32"),
            case(_LOGITS.astype(np.float16), 1, seed=3), case(np.zeros((0, 3), np.float32), 2),
        ],
        errors=[
            error("InvalidArgumentError", _f(1, 2), 3, message="logits must be float"),
            error("InvalidArgumentError", _LOGITS, -1, message="num_samples"),
        ],
        no_gradient=RANDOM,
    ),
    Operation(
        name="random.shuffle", reference=None,
        cases=[
            case(np.arange(5, dtype=np.int32)), case(_LOGITS, seed=3), case(_f()),
            case(np.zeros((3, 2, 2), bool)),
        ],
        no_gradient="the order is random",
    ),
    Operation(
        name="random.stateless_uniform", reference=None,
        cases=[
            case([], SEED), case([0], SEED), case([3, 2], WIDE, -1.0, 2.5),
            case([2], SEED, dtype="float64"), case([4], SEED, 0, 9, "int32"),
            case([4], SEED, None, None, "int32"), case([4], SEED, None, None, "uint64"),
            case([2], SEED, dtype="bfloat16"), case([4], WIDE, 0, 9, "int64"),
        ],
        errors=[
            error("ValueError", [2], SEED, dtype="int32", message="maxval"),
            error("InvalidArgumentError", [2], np.array([1, 2, 3]), message="two integers"),
        ],
        no_gradient=RANDOM,
    ),
    *(
        Operation(
            name=name, reference=None,
            cases=[
                case([], WIDE, -1.0, 2.5, "float64"), case([2, 2], SEED, _f(1, 2), _f(3, 4)),
            ],
            errors=[
                error("InvalidArgumentError", [2], np.array([1, 2, 3]), message="two integers"),
            ],
            no_gradient=RANDOM,
        )
        for name in ("random.stateless_normal", "random.stateless_truncated_normal")
    ),
    Operation(
        name="random.stateless_parameterized_truncated_normal", reference=None,
        cases=[
            case([], SEED), case([3], SEED, 1.0, 2.0, -1.0, 4.0),
            case([2, 2], WIDE, _f(1, 2), _f(3, 4), _f(0), _f(9)),
        ],
        no_gradient=RANDOM,
    ),
    Operation(
        name="random.stateless_gamma", reference=None,
        cases=[
            case([], SEED, 2.0), case([3, 2], SEED, _f(1, 2)),
            case([2, 2], WIDE, _f(1, 2), np.float32([[1], [2]])),
            case([0], SEED, 1.0), case([2], SEED, np.float64(1), dtype="float64"),
        ],
        no_gradient="checked beside SciPy's, with the law",
    ),
    Operation(
        name="random.stateless_poisson", reference=None,
        cases=[
            case([], SEED, 2.0), case([3, 2], SEED, _f(1, 2)), case([2], WIDE, 30.0, "float32"),
            case([2], SEED, _f(4, 5), "int64"),
        ],
        no_gradient=RANDOM,
    ),
    Operation(
        name="random.stateless_binomial", reference=None,
        cases=[
            case([], SEED, 5.0, 0.5), case([3, 2], SEED, _f(10, 200), 0.25),
            case([2, 2], WIDE, _f(7, 8), np.float32([[0.1], [0.9]]), "int64"),
            case([2], SEED, 5.0, 0.5, "float32"),
        ],
        no_gradient=RANDOM,
    ),
    Operation(
        name="random.stateless_categorical", reference=None,
        cases=[
            case(_LOGITS, 5, SEED), case(_LOGITS.astype(np.float64), 2, WIDE, "int32"),
            case(np.zeros((0, 3), np.float32), 2, SEED),
        ],
        errors=[
            error("InvalidArgumentError", _LOGITS, 3, np.array([1]), message="two integers"),
        ],
        no_gradient=RANDOM,
    ),
    *(
        Operation(
            name=name, reference=None,
            cases=[
                case(SEED), case(SEED, 5), case(WIDE, 1),
            ],
            errors=[error("InvalidArgumentError", np.array([1, 2, 3]), message="two integers")],
        )
        for name in ("random.split", "random.experimental.stateless_split")
    ),
    *(
        Operation(
            name=name, reference=None,
            cases=[
                case(SEED, 3), case(SEED, np.int64(5)), case(WIDE, np.array(7, np.int32)),
            ],
        )
        for name in ("random.fold_in", "random.experimental.stateless_fold_in")
    ),
    Operation(
        name="random.experimental.stateless_shuffle", reference=None,
        cases=[
            case(np.arange(5, dtype=np.int32), SEED), case(_LOGITS, WIDE), case(_f(), SEED),
        ],
        no_gradient="the order is random",
    ),
    Operation(
        name="random.experimental.index_shuffle", reference=None,
        cases=[
            case(3, SEED, 9),
            case(np.array([0, 1, 2], np.int32), SEED, 5),
            case(np.array([0, 1], np.int64), np.array([[1, 2], [4, 5]], np.int32),
                 np.array([5, 5], np.int64)),
        ],
        differs="TensorFlow takes only one seed for all", differs_in=[2],
        errors=[
            error("InvalidArgumentError", 3, np.array([1, 2, 3], np.int32), 9, message="two"),
        ],
    ),
]  # fmt: skip
