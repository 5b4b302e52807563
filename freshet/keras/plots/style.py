"""What the pictures have in common: colours, letters, titles, files.

The colours are those of Okabe and Ito, which people with any kind of colour vision can tell apart;
what a colour says stands in words beside it too.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from freshet.core.errors import FailedPreconditionError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
INK, PALE, RULE = "#222222", "#6B6B6B", "#E4E4E4"
TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 15, 11, 9.5
DPI: Final = 150


def is_available() -> bool:
    """Return whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, in inches, that does not need a display.

    Raises:
        FailedPreconditionError: matplotlib is not installed.
    """
    if not is_available():
        raise FailedPreconditionError(
            "pictures need matplotlib, which is not installed: pip install 'freshet[plot]'"
        )
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 (0.2 s to import)
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def finish(figure: Figure, path: str | os.PathLike[str] | None) -> Figure:
    """Save a figure if there is a path to; return it."""
    if path is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
    return figure


def write_titles(figure: Figure, title: str, subtitle: str) -> float:
    """Write the title and what stands below it; return the share of the height they take."""
    height = figure.get_figheight()
    figure.text(
        0.3 / figure.get_figwidth(), 1 - 0.22 / height, title,
        fontsize=TITLE_SIZE, fontweight="bold", color=INK, va="top",
    )  # fmt: skip
    figure.text(
        0.3 / figure.get_figwidth(), 1 - 0.56 / height, subtitle,
        fontsize=TEXT_SIZE, color=PALE, va="top",
    )  # fmt: skip
    return (0.9 if subtitle else 0.62) / height
