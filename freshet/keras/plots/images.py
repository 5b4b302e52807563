"""Images in rows."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.keras.plots.style import (
    GREEN,
    INK,
    RED,
    RULE,
    SMALL_SIZE,
    finish,
    new_figure,
    write_titles,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def image_grid(
    images: Any,
    captions: Sequence[str] = (),
    *,
    marks: Sequence[bool | None] = (),
    columns: int = 6,
    title: str = "",
    subtitle: str = "",
    cmap: str = "gray",
    path: str | os.PathLike[str] | None = None,
) -> Figure:
    """Draw images in rows, each with a caption.

    Args:
        images: [N, H, W] grey, or [N, H, W, C] with 1, 3 or 4 channels; all on one scale.
        captions: A text below each image, of one line or more.
        marks: For each image True (the caption is green, with a tick), False (red, with a cross) or
            None.
        columns: Images of a row.
        title: What the picture says.
        subtitle: What else there is to say.
        cmap: Matplotlib's name of the colours of grey images: "gray" is white for large numbers,
            "gray_r" black.
        path: Where to save it, as PNG, PDF or SVG.

    Raises:
        InvalidArgumentError: `images` has another rank, or there are none.
        FailedPreconditionError: matplotlib is not installed.
    """
    array = np.asarray(images)
    if array.ndim == 4 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim not in {3, 4} or not len(array):
        raise InvalidArgumentError(
            "image_grid: images must be [N, H, W] or [N, H, W, channels] with N > 0, received "
            f"shape {array.shape}"
        )
    columns = min(columns, len(array))
    rows = math.ceil(len(array) / columns)
    lines = max((text.count("\n") + 1 for text in captions), default=0)
    side, below, margin = 1.25, 0.1 + 0.2 * lines, 0.3
    figure = new_figure(max(columns * (side + 0.2) + 2 * margin, 5.0), 1)
    top = 0.95 if title and subtitle else 0.7 if title else 0.3
    high = rows * (side + below + 0.16) + top
    figure.set_figheight(high)
    if title:
        write_titles(figure, title, subtitle)
    wide = figure.get_figwidth()
    low, large = float(array.min()), float(array.max())
    for number, image in enumerate(array):
        row, column = divmod(number, columns)
        left = margin + column * (side + 0.2)
        bottom = high - top - row * (side + below + 0.16) - side
        axes = figure.add_axes((left / wide, bottom / high, side / wide, side / high))
        axes.imshow(image, cmap=cmap, vmin=low, vmax=large, interpolation="nearest")
        axes.set_xticks([])
        axes.set_yticks([])
        mark = marks[number] if number < len(marks) else None
        colour = INK if mark is None else GREEN if mark else RED
        for spine in axes.spines.values():
            spine.set_color(RULE if mark is not False else RED)
            spine.set_linewidth(1.0 if mark is not False else 1.6)
        if number < len(captions):
            sign = "" if mark is None else "✓ " if mark else "✗ "
            axes.text(
                0.0, -0.06, sign + captions[number], transform=axes.transAxes, va="top",
                fontsize=SMALL_SIZE, color=colour, linespacing=1.35,
            )  # fmt: skip
    return finish(figure, path)
