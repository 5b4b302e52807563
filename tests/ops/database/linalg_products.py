"""Products of matrices and vectors, Einstein's notation, and norms."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from database.record import Operation, case, complexes, error, integers, normal, uniform

F8, C16 = np.float64, np.complex128


def _turned(x: np.ndarray, transpose: bool, adjoint: bool) -> np.ndarray:
    if not transpose and not adjoint:
        return x
    turned = np.swapaxes(x, -1, -2)
    return np.conj(turned) if adjoint else turned


def _matmul(a: np.ndarray, b: np.ndarray, output_type: Any = None, **how: bool) -> np.ndarray:
    if output_type is not None:
        a, b = a.astype(output_type), b.astype(output_type)
    wide = np.float32 if a.dtype == np.float16 else a.dtype
    left, right = (
        _turned(x.astype(wide), how.get(f"transpose_{n}", False), how.get(f"adjoint_{n}", False))
        for n, x in (("a", a), ("b", b))
    )
    return np.asarray(left @ right).astype(a.dtype)


def _matvec(
    a: np.ndarray, b: np.ndarray, transpose_a: bool = False, adjoint_a: bool = False
) -> Any:
    return (_turned(a, transpose_a, adjoint_a) @ b[..., None])[..., 0]


def _einsum(equation: str, *operands: np.ndarray) -> np.ndarray:
    return np.asarray(np.einsum(equation, *operands)).astype(operands[0].dtype)


def _norm(
    x: np.ndarray, ord: Any = "euclidean", axis: Any = None, keepdims: bool = False
) -> np.ndarray:
    # The square root of a sum of products with the conjugate stays complex.
    kind = x.dtype if ord in {"euclidean", "fro", 2} else np.abs(x).dtype
    if axis is None:
        x = x.reshape(-1)
    order = {"euclidean": None, "fro": "fro"}.get(ord, ord)
    found = np.linalg.norm(x, order, axis if axis is None else tuple(np.atleast_1d(axis))
                           if np.ndim(axis) else axis, keepdims)  # fmt: skip
    return np.asarray(found).astype(kind)


def _normalize(x: np.ndarray, ord: Any = "euclidean", axis: Any = None) -> Any:
    whole = axis is None
    size = _norm(x, ord).reshape((1,) * x.ndim) if whole else _norm(x, ord, axis, True)
    return (x / size).astype(x.dtype), size


OPERATIONS = [
    Operation(
        name="linalg.matmul", reference=_matmul,
        cases=[
            case(normal(2, 3), normal(3, 4)), case(normal(3, 2, dtype=F8), normal(4, 3, dtype=F8),
                 transpose_a=True, transpose_b=True),
            case(normal(2, 1, 2, 3), normal(5, 3, 4)), case(integers(2, 3), integers(3, 2)),
            case(complexes(3, 2), complexes(3, 2), adjoint_a=True),
            case(complexes(2, 3, dtype=C16), complexes(2, 3, dtype=C16), adjoint_b=True),
            case(normal(2, 3, dtype="f2"), normal(3, 2, dtype="f2")),
            case(normal(0, 3), normal(3, 2)), case(normal(2, 0), normal(0, 3)),
            case(
                integers(2, 3, dtype="i1"), integers(3, 2, dtype="i1"), output_type="int32",
            ),
            case(normal(2, 3), normal(3, 4), a_is_sparse=True),
        ],
        gradient=[
            case(normal(2, 3, dtype=F8), normal(3, 2, dtype=F8)),
            case(normal(3, 2, dtype=F8), normal(2, 3, dtype=F8), transpose_a=True, adjoint_b=True),
            case(complexes(2, 3, dtype=C16), complexes(2, 3, dtype=C16), adjoint_b=True),
            case(complexes(2, 2, dtype=C16), complexes(2, 3, dtype=C16), transpose_a=True),
        ],
        errors=[
            error("InvalidArgumentError", normal(3, 3), normal(2, 3), message="inner sizes"),
            error("InvalidArgumentError", normal(3), normal(3, 3), message="rank 2"),
            error("ValueError", normal(3, 3), normal(3, 3), transpose_a=True, adjoint_a=True,
                  message="only one of transpose_a"),
            error("InvalidArgumentError", np.ones((1, 1), bool), np.ones((1, 1), bool)),
        ],
    ),
    Operation(
        name="linalg.matvec", reference=_matvec,
        cases=[
            case(normal(2, 3), normal(3)), case(normal(3, 2, dtype=F8), normal(3, dtype=F8),
                 transpose_a=True),
            case(normal(4, 2, 3), normal(3)), case(integers(2, 2), integers(2)),
            case(complexes(3, 2), complexes(3), adjoint_a=True),
            case(normal(3, 2, 3), normal(3, 3)),
        ],
        gradient=[
            case(normal(2, 3, dtype=F8), normal(3, dtype=F8)),
            case(complexes(3, 2, dtype=C16), complexes(3, dtype=C16), adjoint_a=True),
        ],
        errors=[
            error("InvalidArgumentError", normal(3, 3), normal(2), message="inner sizes"),
        ],
    ),
    Operation(
        name="linalg.cross", reference=np.cross,
        cases=[
            case(normal(3), normal(3)), case(integers(2, 3), integers(2, 3, seed=1)),
            case(normal(2, 2, 3, dtype=F8), normal(2, 2, 3, dtype=F8, seed=1)),
        ],
        gradient=[case(normal(2, 3, dtype=F8), normal(2, 3, dtype=F8, seed=1))],
        errors=[
            error("FailedPreconditionError", normal(2), normal(2), message="three elements"),
            error("InvalidArgumentError", normal(2, 3), normal(3), message="one shape"),
        ],
    ),
    Operation(
        name="tensordot", reference=lambda a, b, axes: np.asarray(np.tensordot(a, b, axes)),
        cases=[
            case(normal(2, 3), normal(3, 4), 1), case(normal(2), normal(3), 0),
            case(normal(2, 3, dtype=F8), normal(2, 3, dtype=F8, seed=1), [[0, 1], [0, 1]]),
            case(normal(2, 3, 4), normal(4, 3, 5), [[1, -1], [1, 0]]),
            case(integers(2, 3), integers(2), [0, 0]), case(complexes(2, 3), complexes(3), 1),
        ],
        gradient=[case(normal(2, 3, 2, dtype=F8), normal(2, 3, dtype=F8), [[1, 2], [1, 0]])],
        errors=[
            error("InvalidArgumentError", normal(3, 3), normal(2, 3), 1, message="size"),
            error("ValueError", normal(3, 3), normal(3, 3), [[0, 1], [1]], message="as many"),
            error("ValueError", normal(3, 3), normal(3, 3), 3, message="axes=3"),
        ],
    ),
    Operation(
        name="einsum", reference=_einsum,
        cases=[
            case("ij,jk->ik", normal(2, 3), normal(3, 4)), case("ij->ji", integers(2, 3)),
            case("ii", normal(3, 3)), case("ii->i", normal(3, 3, dtype=F8)),
            case("iij->j", normal(2, 2, 3)), case("ij->", normal(2, 3)),
            case("i,j,k->ijk", normal(2), normal(3), normal(2)),
            case("ij,jk,kl,lm->im", normal(2, 3), normal(3, 4), normal(4, 2), normal(2, 3)),
            case("...ij,...jk->...ik", normal(2, 1, 3, 4), normal(5, 4, 2)),
            case("...ij,jk", normal(2, 3, 4), normal(4, 5)),
            case("ba,ac", normal(2, 3), normal(3, 2)),
            case(" i j , j -> i ", integers(2, 3), integers(3)),
            case("bij,bjk->bik", complexes(2, 2, 3), complexes(2, 3, 2)),
            case("...->...", normal(2, 3)), case("ij,ij->", normal(2, 3), normal(2, 3)),
            case("i...,i->...", normal(3, 2, 2), normal(3)),
        ],
        gradient=[
            case("ij,jk->ki", normal(2, 3, dtype=F8), normal(3, 2, dtype=F8)),
            case("iij,j->i", normal(2, 2, 3, dtype=F8), normal(3, dtype=F8)),
            case("ij,j", complexes(2, 3, dtype=C16), complexes(3, dtype=C16)),
            case("...i,ij->...j", normal(2, 2, 3, dtype=F8), normal(3, 2, dtype=F8)),
        ],
        errors=[
            error("InvalidArgumentError", "ij,jk->ik", normal(3, 3), normal(4, 2), message="size"),
            error("ValueError", "ij->ik", normal(3, 3), message="letters k"),
            error("InvalidArgumentError", "ijk->ik", normal(3, 3), message="does not fit"),
            error("ValueError", "ij,jk->ik", normal(3, 3), message="has 2 operands"),
            error("InvalidArgumentError", "ij,jk->ik", normal(2, 1), normal(3, 2), message="size"),
            error("ValueError", "ij->iij", normal(3, 3), message="repeats in the output"),
            error("InvalidArgumentError", "...ij->ij", normal(2, 3, 4), message="'\\.\\.\\.'"),
        ],
    ),
    Operation(
        name="norm", reference=_norm, tolerance={"float32": 1e-5},
        cases=[
            case(normal(2, 3)), case(normal(2, 3, dtype=F8), ord=1), case(normal(3), ord=np.inf),
            case(normal(2, 3), ord=3.5, axis=0), case(normal(2, 3), ord=2, axis=1, keepdims=True),
            case(normal(3, 4), ord="fro", axis=(0, 1)), case(normal(2, 3, 4), axis=[-2, -1]),
            case(normal(2, 3, 4, dtype=F8), ord=1, axis=[-2, -1]),
            case(normal(2, 3, 4), ord=np.inf, axis=(0, 2), keepdims=True),
            case(normal(2, 3, 4, dtype=F8), ord=2, axis=(2, 1), keepdims=True),
            case(complexes(2, 3), axis=1), case(normal(3, 3), ord=2, axis=(0, 1)),
        ],
        gradient=[
            case(normal(2, 3, dtype=F8), axis=1), case(normal(2, 3, dtype=F8), ord=3),
            case(normal(3, 3, dtype=F8), ord=2, axis=(0, 1)),
            case(normal(2, 3, dtype=F8), ord=1, axis=(0, 1)),
            case(complexes(2, 3, dtype=C16), axis=1),
        ],
        errors=[
            error("ValueError", normal(2, 3), ord="fro", message="norm: ord of vectors"),
            error("ValueError", normal(2, 3), ord=3, axis=(0, 1), message="ord of matrices"),
            error("ValueError", normal(3), ord=0, message="norm: ord"),
            error("ValueError", normal(2, 3, 4), axis=[0, 1, 2], message="norm: axis"),
            error("InvalidArgumentError", integers(3), message="sqrt: "),
        ],
    ),
    Operation(
        name="linalg.normalize", reference=_normalize, tolerance={"float32": 1e-5},
        cases=[
            case(normal(2, 3)), case(normal(2, 3, dtype=F8), axis=0), case(normal(2, 3), ord=1,
            axis=1), case(normal(2, 3, 4), ord="fro", axis=(1, 2)),
        ],
        gradient=[case(normal(2, 3, dtype=F8), axis=1)],
        errors=[error("ValueError", normal(3), ord=-1, message="norm: ord")],
    ),
    Operation(
        name="linalg.global_norm", tolerance={"float32": 1e-5},
        reference=lambda ts: np.sqrt(
            sum((np.sum(t * t) for t in ts if t is not None), np.float32(0))
        ),
        cases=[
            case([normal(2, 3), None, normal(2)]), case([normal(3, dtype=F8)]), case([None]),
            case([]),
        ],
        gradient=[case([normal(2, dtype=F8), normal(3, dtype=F8)])],
    ),
    Operation(
        name="linalg.expm", tolerance={"float32": 2e-5, "complex64": 2e-5},
        reference=lambda x: np.asarray(scipy.linalg.expm(x.astype(np.result_type(x, "f8")))).astype(
            x.dtype
        ),
        cases=[
            case(normal(3, 3)), case(normal(2, 2, 2, dtype=F8)), case(complexes(2, 2)),
            case(uniform(3, 3, low=-9.0, high=9.0, dtype=F8)), case(np.zeros((2, 2), F8)),
        ],
        gradient=[case(normal(3, 3, dtype=F8)), case(complexes(2, 2, dtype=C16))],
        errors=[
            error("ValueError", integers(2, 2), message="expm: .*i32"),
            error("InvalidArgumentError", normal(2, 3), message="expm: .*square"),
        ],
    ),
]  # fmt: skip
