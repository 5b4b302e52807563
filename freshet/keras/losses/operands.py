"""What the loss functions take: targets and predictions, of one dtype and shape."""

from __future__ import annotations

from typing import Any, Final

from freshet.core.dtypes import DType
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorShape
from freshet.core.tensor import Tensor
from freshet.keras.dtype_policies import floatx
from freshet.keras.losses.reduction import same_rank
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import cast
from freshet.ops.shaping import squeeze

_SPARSE: Final = {
    "categorical_crossentropy": "sparse_categorical_crossentropy",
    "binary_crossentropy": "sparse_categorical_crossentropy",
}


def floating(x: Any) -> Tensor:
    """Return a tensor of floating-point numbers; others become `floatx()`."""
    tensor = convert_to_tensor(x)
    return tensor if tensor.dtype.is_floating else cast(tensor, floatx())


def pair(caller: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Return targets and predictions as tensors of the predictions' dtype and of one shape.

    A last dimension of size 1 that only one of them has does not matter; a single number is the
    target of every prediction.

    Raises:
        InvalidArgumentError: The shapes differ otherwise.
    """
    pred = floating(y_pred)
    true = convert_to_tensor(y_true)
    given = true
    if true.dtype != pred.dtype:
        true = cast(true, pred.dtype)
    true, pred = same_rank(true, pred)
    if true.ndim and not true.shape.is_compatible_with(pred.shape):
        raise InvalidArgumentError(
            f"{caller}: targets and predictions must have one shape, received y_true "
            f"{given._type} and y_pred {pred._type}{_advice(caller, given, pred)}"
        )
    if not pred.ndim:
        raise InvalidArgumentError(
            f"{caller}: predictions need a batch dimension, received y_true {given._type} and "
            f"y_pred {pred._type}"
        )
    return true, pred


def _advice(caller: str, true: Tensor, pred: Tensor) -> str:
    """Say what to do about the likeliest mistake: class numbers for a loss that wants vectors."""
    classes = pred.shape[-1] if pred.ndim else None
    examples = TensorShape(pred.shape[:-1])
    numbers = examples.is_compatible_with(true.shape) or (
        true.ndim == pred.ndim
        and true.shape[-1] == 1
        and examples.is_compatible_with(true.shape[:-1])
    )
    if caller in _SPARSE and numbers and classes is not None and classes > 1:
        return (
            f"; if y_true holds class numbers, use {_SPARSE[caller]}, or ft.one_hot(y_true, "
            f"{classes})"
        )
    return ""


def class_numbers(caller: str, y_true: Any, y_pred: Tensor) -> Tensor:
    """Return targets as whole numbers, one for each row of the predictions.

    Raises:
        InvalidArgumentError: There is not one for each row.
    """
    label = convert_to_tensor(y_true)
    given = label._type
    if label.ndim == y_pred.ndim and label.shape[-1] == 1:
        label = squeeze(label, -1)
    if not label.shape.is_compatible_with(y_pred.shape[:-1]):
        advice = ""
        if label.ndim == y_pred.ndim and label.shape.is_compatible_with(y_pred.shape):
            advice = (
                "; if y_true is one-hot, use "
                f"{caller.removeprefix('sparse_')}, or ft.argmax(y_true, -1)"
            )
        raise InvalidArgumentError(
            f"{caller}: y_true must hold one class number for each row of y_pred, received y_true "
            f"{given} and y_pred {y_pred._type}{advice}"
        )
    return cast(label, _label_dtype(label.dtype))


def _label_dtype(given: DType) -> str:
    """Return a dtype that holds the labels and the number of classes."""
    return "int64" if given.name in {"int64", "uint64", "uint32"} else "int32"
