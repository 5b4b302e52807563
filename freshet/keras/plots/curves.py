"""Learning curves."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Array
from freshet.keras.plots.style import (
    BLUE,
    INK,
    PALE,
    RED,
    RULE,
    SMALL_SIZE,
    TEXT_SIZE,
    finish,
    new_figure,
    write_titles,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOG_RATIO: Final = 50.0
"""A curve that falls to less than one part in this many is drawn on a logarithmic scale."""


def learning_curves(
    history: Any,
    metrics: Sequence[str] | None = None,
    *,
    title: str | None = None,
    subtitle: str = "",
    path: str | os.PathLike[str] | None = None,
) -> Figure:
    """Draw how metrics changed from epoch to epoch, training beside validation.

    Args:
        history: What `fit` returned, or its dict of lists.
        metrics: Names without ``val_``, one panel each; by default the loss and then the others.
        title: What the picture says; by default the result.
        subtitle: What else there is to say.
        path: Where to save it, as PNG, PDF or SVG.

    Raises:
        InvalidArgumentError: `history` holds no epochs, or a metric that is asked for is missing.
        FailedPreconditionError: matplotlib is not installed.
    """
    curves: Mapping[str, Sequence[float]] = getattr(history, "history", history)
    names = list(metrics) if metrics is not None else _metric_names(curves)
    missing = [name for name in names if not curves.get(name)]
    if missing or not names:
        raise InvalidArgumentError(
            f"learning_curves: there is no epoch of {missing[0] if missing else 'any metric'!r}; "
            f"the history has {', '.join(curves) or 'nothing'}"
        )
    ticks, panel, labels = 0.8, 3.7, 1.15  # inches: to the left of a panel, itself, to its right
    height = 4.6 if subtitle else 4.3
    figure = new_figure(len(names) * (ticks + panel + labels), height)
    top = write_titles(figure, _result(curves, names) if title is None else title, subtitle)
    for number, name in enumerate(names):
        left = number * (ticks + panel + labels) + ticks
        width = figure.get_figwidth()
        box = (left / width, 0.62 / height, panel / width, 1 - top - 1.15 / height)
        _curve(figure.add_axes(box), name, curves)
    return finish(figure, path)


def _metric_names(curves: Mapping[str, Any]) -> list[str]:
    names = [n for n in curves if not n.startswith("val_") and n != "learning_rate"]
    return sorted(names, key=lambda name: name != "loss")


def _result(curves: Mapping[str, Sequence[float]], names: Sequence[str]) -> str:
    """Return a title that says how training ended."""
    name = next((n for n in names if n != "loss"), names[0])
    validated = curves.get(f"val_{name}")
    final = validated or curves[name]
    where = "validation" if validated else "training"
    epochs = len(curves[name])
    count = f"{epochs} epoch{'s' if epochs != 1 else ''}"
    if _is_share(name, final):
        return f"{_value(name, final[-1])} {where} {_words(name).lower()} after {count}"
    return f"{where.capitalize()} {_words(name).lower()} {_value(name, final[-1])} after {count}"


def _curve(axes: Axes, name: str, curves: Mapping[str, Sequence[float]]) -> None:
    """Draw one panel: a metric in training and, if there is one, in validation."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    found = [("training", curves[name], BLUE)]
    if curves.get(f"val_{name}"):
        found.append(("validation", curves[f"val_{name}"], RED))
    values = np.concatenate([np.asarray(points, float) for _, points, _ in found])
    finite = values[np.isfinite(values)]
    _scale(axes, name, finite)
    for _, points, colour in found:
        epochs = np.arange(1, len(points) + 1)
        axes.plot(epochs, points, color=colour, linewidth=2.2, solid_capstyle="round", zorder=3)
        axes.plot(epochs[-1], points[-1], "o", color=colour, markersize=6, zorder=4, clip_on=False)
    longest = max(len(points) for _, points, _ in found)
    axes.set_xlim(1 - 0.02 * longest, max(longest, 1.5))
    _plain_axes(axes)
    axes.set_title(_words(name), loc="left", fontsize=TEXT_SIZE + 1, color=INK, pad=12)
    axes.set_xlabel("epoch", fontsize=TEXT_SIZE, color=PALE, loc="left")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    _label_ends(axes, name, found)


def _scale(axes: Axes, name: str, finite: Array) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: PLC0415

    if not finite.size:
        return
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    low, high = float(finite.min()), float(finite.max())
    if _is_share(name, finite):
        axes.set_ylim(min(low, 0.98) - 0.02 * (1 - min(low, 0.98)), 1.0)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:g} %"))
    elif low > 0.0 and high / low > LOG_RATIO:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
        axes.tick_params(which="minor", length=0)
    elif low >= 0.0:
        axes.set_ylim(0.0, 1.05 * high if high else 1.0)


def _plain_axes(axes: Axes) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(PALE)
    axes.grid(axis="y", color=RULE, linewidth=0.9)
    axes.set_axisbelow(True)
    axes.tick_params(axis="both", labelsize=SMALL_SIZE + 0.5, colors=PALE, length=0, pad=6)


def _label_ends(axes: Axes, name: str, curves: Sequence[tuple[str, Sequence[float], str]]) -> None:
    """Name each curve beside its last point, the labels pushed apart where they would overlap."""
    gap = 0.17  # of the panel's height, that a label of two lines takes
    heights = [float(axes.transAxes.inverted().transform(axes.transData.transform((1, p[-1])))[1])
               for _, p, _ in curves]  # fmt: skip
    if len(heights) == 2 and abs(heights[0] - heights[1]) < gap:
        middle = min(max(sum(heights) / 2, gap / 2), 1.0 - gap / 2)
        above = heights.index(max(heights))
        heights[above], heights[1 - above] = middle + gap / 2, middle - gap / 2
    for (label, points, colour), height in zip(curves, heights, strict=True):
        axes.annotate(
            f"{label}\n{_value(name, points[-1])}", (1.0, height), xycoords="axes fraction",
            xytext=(9, 0), textcoords="offset points", va="center", fontsize=SMALL_SIZE + 0.5,
            color=colour, fontweight="bold", annotation_clip=False,
        )  # fmt: skip


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _is_share(name: str, values: Any) -> bool:
    inside = bool(np.all((np.asarray(values) >= 0.0) & (np.asarray(values) <= 1.0)))
    return inside and any(part in name for part in ("acc", "auc", "precision", "recall"))


def _value(name: str, value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    return f"{100 * value:.1f} %" if _is_share(name, value) else f"{value:.3g}"
