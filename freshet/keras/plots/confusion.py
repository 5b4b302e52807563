"""The confusion matrix."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Array
from freshet.keras.plots.style import (
    BLUE,
    INK,
    PALE,
    RED,
    RULE,
    TEXT_SIZE,
    finish,
    new_figure,
    write_titles,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def confusion_matrix(
    y_true: Any,
    y_pred: Any,
    class_names: Sequence[str] | None = None,
    *,
    title: str | None = None,
    path: str | os.PathLike[str] | None = None,
) -> Figure:
    """Draw which classes are taken for which.

    Args:
        y_true: The right classes, int[N].
        y_pred: The predicted classes, int[N], or their scores, float[N, classes].
        class_names: Names of the classes; their numbers by default.
        title: What the picture says; by default how many are right.
        path: Where to save it, as PNG, PDF or SVG.

    Raises:
        InvalidArgumentError: The lengths differ, there are no examples, or a class has no name.
        FailedPreconditionError: matplotlib is not installed.
    """
    counts = count_confusions(y_true, y_pred, len(class_names) if class_names else None)
    names = [str(n) for n in class_names or range(len(counts))]
    right, total = int(np.trace(counts)), int(counts.sum())
    side = max(0.52 * len(counts), 3.6)  # inches
    label = 0.55 + 0.085 * max(map(len, names))
    figure = new_figure(side + label + 0.6, side + label + 1.25)
    given = f"{right} of {total} right ({100 * right / total:.1f} %)"
    write_titles(figure, given if title is None else title, _worst_confusion(counts, names))
    wide, high = figure.get_figwidth(), figure.get_figheight()
    axes = figure.add_axes(((label + 0.25) / wide, 0.35 / high, side / wide, side / high))
    _matrix(axes, counts, names)
    return finish(figure, path)


def count_confusions(y_true: Any, y_pred: Any, classes: int | None = None) -> Array:
    """Return int64[true class, predicted class]: how often each pair occurs.

    Args:
        y_true: The right classes, int[N].
        y_pred: The predicted classes, int[N], or their scores, float[N, classes].
        classes: How many there are; one more than the largest by default.

    Raises:
        InvalidArgumentError: The lengths differ, there are no examples, or a class is too large.

    Example:
        >>> count_confusions([0, 1, 1], [0, 1, 0]).tolist()
        [[1, 0], [1, 1]]
    """
    true = np.asarray(y_true).reshape(-1).astype(np.int64)
    scores = np.asarray(y_pred)
    predicted = scores.argmax(-1) if scores.ndim > 1 and scores.shape[-1] > 1 else scores
    predicted = predicted.reshape(-1).astype(np.int64)
    if len(true) != len(predicted) or not len(true):
        raise InvalidArgumentError(
            f"a confusion matrix needs a prediction for each label, received {len(true)} labels "
            f"and {len(predicted)} predictions"
        )
    largest = int(max(true.max(), predicted.max(), (scores.shape[-1] - 1) * (scores.ndim > 1)))
    size = largest + 1 if classes is None else classes
    if min(true.min(), predicted.min()) < 0 or largest >= size:
        raise InvalidArgumentError(f"classes must be from 0 to {size - 1}, there is {largest}")
    return np.bincount(true * size + predicted, minlength=size * size).reshape(size, size)


def _worst_confusion(counts: Array, names: Sequence[str]) -> str:
    wrong = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    if not wrong.any():
        return "No class was taken for another"
    true, predicted = divmod(int(wrong.argmax()), len(wrong))
    times = int(wrong.max())
    if times == 1 and wrong.sum() > 1:
        return f"{wrong.sum()} were taken for another class, no pair of classes more than once"
    often = "once" if times == 1 else f"{times} times"
    return f"Most often {names[true]} was taken for {names[predicted]}: {often}"


def _matrix(axes: Axes, counts: Array, names: Sequence[str]) -> None:
    """Draw the counts: blue on the diagonal, red beside it, darker the larger in its row."""
    size = len(counts)
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    right, wrong = _shades(BLUE), _shades(RED)
    pixels = np.ones((size, size, 3))
    for row in range(size):
        for column in range(size):
            shades = right if row == column else wrong
            strength = (
                share[row, column] if row == column else min(0.3 + 4 * share[row, column], 1.0)
            )
            if counts[row, column]:
                pixels[row, column] = shades(0.18 + 0.82 * strength)
                dark = strength > 0.45
                axes.text(
                    column, row, f"{counts[row, column]}", ha="center", va="center_baseline",
                    fontsize=TEXT_SIZE, color="white" if dark else INK,
                )  # fmt: skip
            else:
                axes.plot(column, row, ".", color=RULE, markersize=3)
    axes.imshow(pixels)
    axes.set_xticks(range(size), names, rotation=0 if max(map(len, names)) <= 4 else 60)
    axes.set_yticks(range(size), names)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("predicted", fontsize=TEXT_SIZE, color=PALE, labelpad=8)
    axes.set_ylabel("true", fontsize=TEXT_SIZE, color=PALE, labelpad=8)
    axes.tick_params(labelsize=TEXT_SIZE, colors=INK, length=0)
    axes.set_xticks(np.arange(size + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(size + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=RULE, linewidth=1.0)
    axes.tick_params(which="minor", length=0)
    for spine in axes.spines.values():
        spine.set_color(RULE)


def _shades(colour: str) -> Any:
    from matplotlib.colors import to_rgb  # noqa: PLC0415

    full = np.asarray(to_rgb(colour))
    return lambda strength: 1.0 - strength * (1.0 - full)
