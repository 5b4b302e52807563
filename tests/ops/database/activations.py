"""Activations: functions of each element, and softmax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from database.record import Case, Operation, case, error, integers, normal

SHAPES = [(), (0,), (3,), (2, 1, 5)]
SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772


def wide(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compute 16-bit floats in float64 and round once."""

    def computed(x: np.ndarray, *args: Any, **kwargs: Any) -> Any:
        found = np.asarray(function(x.astype(np.float64), *args, **kwargs))
        return found.astype(x.dtype)

    return computed


def floats(*more: Case) -> list[Case]:
    cases = [case(normal(*s, dtype=d)) for s in SHAPES for d in ("f4", "f8")]
    return [*cases, case(normal(5, dtype="f2")), case(np.float32([-90, 90, 1e-6])), *more]


def away(*shape: int) -> np.ndarray:
    """Return float64 numbers that are not near 0."""
    x = normal(*shape, dtype="f8")
    return x + np.sign(x) * 0.1


def elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def gelu(x: np.ndarray, approximate: bool = False) -> np.ndarray:
    if approximate:
        return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return x * special.ndtr(x)


def crelu(x: np.ndarray, axis: int = -1) -> np.ndarray:
    return np.maximum(np.concatenate([x, -x], axis), 0)


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    e = np.exp(x - np.max(x, axis, keepdims=True, initial=-np.inf))
    return e / e.sum(axis, keepdims=True)


def log_softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    shifted = x - np.max(x, axis, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))


def leaky_relu(x: np.ndarray, alpha: float = 0.2) -> np.ndarray:
    x = x.astype(np.float32) if x.dtype.kind == "i" else x
    return wide(lambda v: np.where(v > 0, v, v * alpha))(x)


def whole_number(name: str, dtype: str = "i4") -> Any:
    return error("InvalidArgumentError", integers(3, dtype=dtype), message=f"{name}: .*int")


def along(*more: Case) -> list[Case]:
    return [
        *(case(normal(*s, dtype=d)) for s in [(3,), (2, 0), (2, 3, 4)] for d in ("f4", "f8")),
        case(normal(2, 3), axis=0), case(normal(2, 3, 2), axis=1), case(normal(4, dtype="f2")),
        case(np.float32([[1000, 0], [-1000, 1000]])), case(normal(3, 1), -2), *more,
    ]  # fmt: skip


HALF = {"float16": 4e-3}
OPERATIONS = [
    Operation(
        name="nn.relu", reference=lambda x: np.maximum(x, 0),
        cases=[
            *floats(), case(integers(4)), case(integers(4, dtype="i1")),
            case(np.float32([np.inf, -np.inf, -0.0])),
        ],
        gradient=[case(away(2, 3))],
        errors=[error("InvalidArgumentError", np.array([True]), message="relu: .*bool")],
    ),
    Operation(
        name="nn.relu6", reference=lambda x: np.clip(x, 0, 6).astype(x.dtype),
        cases=[*floats(case(np.float32([5, 6, 7, np.inf])))], gradient=[case(away(2, 3))],
    ),
    Operation(
        name="nn.leaky_relu", reference=leaky_relu,
        cases=[*floats(case(normal(4), 0.5), case(normal(4), alpha=0.0)), case(integers(5))],
        gradient=[case(away(2, 3)), case(away(3), alpha=0.7)],
        differs="TensorFlow holds alpha in float32", differs_in=[1, 5, 7],
    ),
    Operation(
        name="nn.elu", reference=wide(elu), cases=floats(), gradient=[case(away(2, 3))],
        errors=[whole_number("elu")], tolerance=HALF,
    ),
    Operation(
        name="nn.selu", reference=wide(lambda x: SCALE * elu(x, ALPHA)), cases=floats(),
        gradient=[case(away(2, 3))], errors=[whole_number("selu")], tolerance=HALF,
    ),
    *(
        Operation(
            name=f"nn.{name}", reference=wide(lambda x, beta=1.0: x * special.expit(beta * x)),
            cases=floats(case(normal(4), 2.0), case(normal(3, dtype="f8"), beta=0.0)),
            gradient=[case(normal(2, 3, dtype="f8")), case(normal(3, dtype="f8"), beta=2.0)],
            tolerance=HALF,
        )
        for name in ("silu", "swish")
    ),
    Operation(
        name="nn.gelu", reference=wide(gelu),
        cases=floats(case(normal(4), True), case(normal(2, 2, dtype="f8"), approximate=True)),
        gradient=[case(normal(2, 3, dtype="f8")), case(normal(3, dtype="f8"), approximate=True)],
        errors=[error("ValueError", integers(3), message="gelu: .*int")], tolerance=HALF,
        differs="TensorFlow holds the constants in float32", differs_in=[1, 5, 7, 11],
    ),
    Operation(
        name="nn.softsign", reference=wide(lambda x: x / (1 + np.abs(x))), cases=floats(),
        gradient=[case(away(2, 3))], errors=[whole_number("softsign")], tolerance=HALF,
    ),
    Operation(
        name="nn.softplus", reference=wide(lambda x: np.logaddexp(x, 0)), cases=floats(),
        gradient=[case(normal(2, 3, dtype="f8"))], errors=[whole_number("softplus")],
    ),
    Operation(
        name="nn.sigmoid", reference=wide(special.expit), cases=floats(),
        gradient=[case(normal(2, 3, dtype="f8"))], errors=[whole_number("sigmoid")],
    ),
    Operation(
        name="nn.tanh", reference=wide(np.tanh), cases=floats(),
        gradient=[case(normal(2, 3, dtype="f8"))], errors=[whole_number("tanh")],
    ),
    Operation(
        name="nn.crelu", reference=crelu,
        cases=[case(normal(3)), case(normal(2, 3), axis=0), case(normal(2, 0)),
               case(normal(2, 3, 2, dtype="f8"), axis=1), case(integers(2, 2))],
        gradient=[case(away(2, 3))],
        errors=[error("InvalidArgumentError", normal(2), axis=3, message="axis")],
    ),
    Operation(
        name="nn.softmax", reference=wide(softmax), cases=along(), tolerance=HALF,
        gradient=[case(normal(2, 3, dtype="f8")), case(normal(2, 3, dtype="f8"), axis=0)],
        errors=[
            whole_number("softmax"), error("InvalidArgumentError", normal(2), 2, message="axis"),
        ],
    ),
    Operation(
        name="nn.log_softmax", reference=wide(log_softmax), cases=along(), tolerance=HALF,
        gradient=[case(normal(2, 3, dtype="f8")), case(normal(2, 3, dtype="f8"), axis=0)],
        errors=[
            error("InvalidArgumentError", np.float32(1), message="rank 1 or more"),
            whole_number("log_softmax"),
        ],
    ),
]  # fmt: skip
