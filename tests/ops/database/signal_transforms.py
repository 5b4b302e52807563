"""Fourier and cosine transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.fft

from database.record import Operation, case, complexes, error, integers, normal

F8, C16 = np.float64, np.complex128
LOOSE = {"float32": 1e-4, "complex64": 1e-4, "float64": 1e-11, "complex128": 1e-11}
_NO_KERNEL = "TensorFlow has no kernel of it on CPU"


def _axes(rank: int, count: int) -> tuple[int, ...]:
    return tuple(range(rank - count, rank))


def _fft(count: int, inverse: bool) -> Callable[..., np.ndarray]:
    function = scipy.fft.ifftn if inverse else scipy.fft.fftn
    return lambda x: np.asarray(function(x, axes=_axes(x.ndim, count)))


def _rfft(count: int) -> Callable[..., np.ndarray]:
    return lambda x, fft_length=None: np.asarray(
        scipy.fft.rfftn(x, fft_length, _axes(x.ndim, count))
    )


def _irfft(count: int) -> Callable[..., np.ndarray]:
    return lambda x, fft_length=None: np.asarray(
        scipy.fft.irfftn(x, fft_length, _axes(x.ndim, count))
    )


def _nd(function: Callable[..., Any]) -> Callable[..., np.ndarray]:
    def reference(x: np.ndarray, fft_length: Any = None, axes: Any = None, norm: Any = None) -> Any:
        return np.asarray(function(x, fft_length, axes, norm))

    return reference


def _dct(x: np.ndarray, type: int = 2, n: Any = None, norm: Any = None) -> np.ndarray:
    return np.asarray(scipy.fft.dct(x, type, n, norm=norm))


def _idct(x: np.ndarray, type: int = 2, n: Any = None, norm: Any = None) -> np.ndarray:
    # Without a norm, TensorFlow leaves out the scale that SciPy divides by.
    return _dct(x, {1: 1, 2: 3, 3: 2, 4: 4}[type], n, norm)


def _complex_operations() -> list[Operation]:
    found = []
    for count, name in ((1, ""), (2, "2d"), (3, "3d")):
        for inverse in (False, True):
            full = f"{'i' if inverse else ''}fft{name}"
            found.append(
                Operation(
                    name=f"signal.{full}", reference=_fft(count, inverse), tolerance=LOOSE,
                    cases=[
                        case(complexes(*(4, 3, 5)[-count:])),
                        case(complexes(2, 3, 4, dtype=C16)), case(complexes(2, 1, 2, 1)),
                    ],
                    gradient=[case(complexes(*(2, 3, 4)[-count:], dtype=C16))],
                    errors=[
                        error("InvalidArgumentError", complexes(*(2, 2)[: count - 1]),
                              message=f"{full}: expected rank {count}"),
                        error("InvalidArgumentError", normal(2, 2, 2), message=f"{full}: .*f32"),
                    ],
                )
            )  # fmt: skip
    return found


def _real_operations() -> list[Operation]:
    found = []
    for count, name in ((1, ""), (2, "2d"), (3, "3d")):
        shape, longer, shorter = (2, 3, 5)[-count:], [3, 4, 8][-count:], [2, 2, 3][-count:]
        found.append(
            Operation(
                name=f"signal.rfft{name}", reference=_rfft(count), tolerance=LOOSE,
                cases=[
                    case(normal(*shape)), case(normal(2, 2, 3, 4, dtype=F8)),
                    case(normal(*shape), fft_length=longer),
                    case(normal(*shape, dtype=F8), fft_length=shorter),
                ],
                gradient=[
                    case(normal(*shape, dtype=F8)), case(normal(*shape, dtype=F8), longer),
                    case(normal(*shape, dtype=F8), shorter),
                ],
                errors=[
                    error("ValueError", normal(*(2, 2)[: count - 1]),
                          message=f"rfft{name}: expected rank {count}"),
                    error("InvalidArgumentError", normal(2, 2, 2), [2] * (count + 1),
                          message=f"rfft{name}: fft_length"),
                ],
            )
        )  # fmt: skip
        found.append(
            Operation(
                name=f"signal.irfft{name}", reference=_irfft(count), tolerance=LOOSE,
                cases=[
                    case(complexes(*shape)), case(complexes(2, 2, 3, 4, dtype=C16)),
                    case(complexes(*shape), fft_length=longer),
                    case(complexes(*shape, dtype=C16), fft_length=shorter),
                ],
                gradient=[
                    case(complexes(*shape, dtype=C16)), case(complexes(*shape, dtype=C16), longer),
                    case(complexes(*shape, dtype=C16), shorter),
                ],
                errors=[
                    error("ValueError", complexes(*(2, 2)[: count - 1]),
                          message=f"irfft{name}: expected rank {count}"),
                ],
            )
        )  # fmt: skip
    return found


def _shift(function: Callable[..., np.ndarray]) -> dict[str, Any]:
    return {
        "reference": lambda x, axes=None: function(x, axes),
        "cases": [
            case(normal(5)), case(integers(2, 4), axes=[1]), case(normal(3, 5, dtype=F8)),
            case(complexes(3, 4), axes=-2),
        ],
        "gradient": [case(normal(3, 4, dtype=F8))],
    }  # fmt: skip


OPERATIONS = [
    *_complex_operations(),
    *_real_operations(),
    Operation(
        name="signal.fftnd", reference=_nd(scipy.fft.fftn), tolerance=LOOSE, differs=_NO_KERNEL,
        cases=[
            case(complexes(2, 3)), case(complexes(2, 3), axes=[0]),
            case(complexes(2, 3, 4, dtype=C16), fft_length=[2, 5], axes=[2, 0], norm="ortho"),
            case(complexes(2, 3), fft_length=[4], axes=[-1], norm="forward"),
        ],
        gradient=[case(complexes(2, 3, dtype=C16), [3], [0], "ortho")],
        errors=[error("InvalidArgumentError", complexes(2), norm="x", message="fftnd: norm")],
    ),
    Operation(
        name="signal.ifftnd", reference=_nd(scipy.fft.ifftn), tolerance=LOOSE, differs=_NO_KERNEL,
        cases=[
            case(complexes(2, 3)), case(complexes(2, 3), axes=[0], norm="backward"),
            case(complexes(2, 3, dtype=C16), norm="forward"),
        ],
        gradient=[case(complexes(2, 3, dtype=C16), axes=[0])],
    ),
    Operation(
        name="signal.rfftnd", reference=_nd(scipy.fft.rfftn), tolerance=LOOSE, differs=_NO_KERNEL,
        cases=[
            case(normal(2, 3)), case(normal(2, 3), axes=[0]), case(normal(2, 3), axes=[1, 0]),
            case(normal(2, 3, dtype=F8), fft_length=[2, 6], axes=[0, 1], norm="ortho"),
        ],
        gradient=[case(normal(4, 3, dtype=F8), axes=[1, 0], norm="forward")],
    ),
    Operation(
        name="signal.irfftnd", reference=_nd(scipy.fft.irfftn), tolerance=LOOSE, differs=_NO_KERNEL,
        cases=[
            case(complexes(2, 3)), case(complexes(4, 2), axes=[0]),
            case(complexes(2, 3, dtype=C16), fft_length=[2, 5], axes=[0, 1], norm="ortho"),
        ],
        gradient=[case(complexes(2, 3, dtype=C16), axes=[1, 0], norm="ortho")],
    ),
    Operation(name="signal.fftshift", **_shift(np.fft.fftshift)),
    Operation(name="signal.ifftshift", **_shift(np.fft.ifftshift)),
    Operation(
        name="signal.dct", reference=_dct, tolerance=LOOSE,
        cases=[
            case(normal(5), type=1), case(normal(2, 5)), case(normal(4, dtype=F8), type=3),
            case(normal(5), type=4), case(normal(5), norm="ortho"),
            case(normal(4, dtype=F8), type=3, norm="ortho"), case(normal(3), type=4, norm="ortho"),
            case(normal(5), n=3), case(normal(3), n=6), case(normal(1)),
        ],
        gradient=[
            *(case(normal(4, dtype=F8), type=t) for t in (1, 2, 3, 4)),
            *(case(normal(4, dtype=F8), type=t, norm="ortho") for t in (2, 3, 4)),
            case(normal(4, dtype=F8), n=6),
        ],
        errors=[
            error("ValueError", normal(4), type=5, message="dct: type"),
            error("ValueError", normal(4), type=1, norm="ortho", message="type 1"),
            error("ValueError", normal(4), norm="a", message="dct: norm"),
            error("ValueError", normal(4), n=0, message="dct: n"),
            error("ValueError", normal(1), type=1, message="two elements"),
            error("NotImplementedError", normal(2, 2), axis=0, message="axis"),
            error("TypeError", integers(3), message="dct: .*i32"),
        ],
    ),
    Operation(
        name="signal.idct", reference=_idct, tolerance=LOOSE,
        cases=[
            case(normal(5), type=1), case(normal(2, 5)), case(normal(4, dtype=F8), type=3),
            case(normal(5), type=4), case(normal(5), norm="ortho"), case(normal(5), n=3),
        ],
        gradient=[case(normal(4, dtype=F8), type=2)],
        errors=[error("ValueError", normal(4), type=5, message="idct: type")],
    ),
]  # fmt: skip
