"""The bar chart of a comparison."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.harness.frameworks import FRAMEWORKS
from benchmarks.harness.report import Result, milliseconds
from benchmarks.harness.rounds import figures

COLUMNS: Final = 4
"""Panels beside each other."""


def draw(results: Sequence[Result], caption: str, path: Path) -> None:
    """Write a PNG with one panel for each model.

    Raises:
        ImportError: matplotlib is not installed.
    """
    import matplotlib as mpl  # noqa: PLC0415 (slow, and optional)

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    shown = [r for r in results if r.turns]
    columns = min(len(shown), COLUMNS)
    rows = -(-len(shown) // columns)
    figure, panels = plt.subplots(
        rows, columns, figsize=(4.2 * columns + 0.4, 4.4 * rows), layout="constrained",
        squeeze=False,
    )  # fmt: skip
    for panel, result in zip(panels.flat, shown, strict=False):
        _panel(panel, result)
    for panel in panels.flat[len(shown) :]:
        panel.set_axis_off()
    for row in panels:
        row[0].set_ylabel("milliseconds per step")
    wrapped = textwrap.fill(caption, 68 * columns)
    figure.suptitle(wrapped, fontsize=9, color="#555555", y=-0.02, va="top")
    figure.savefig(path, dpi=150, bbox_inches="tight", facecolor="white")
    plt.close(figure)


def _panel(panel: Any, result: Result) -> None:
    names = sorted(result.turns, key=lambda name: figures(result.turns[name]).median)
    found = [figures(result.turns[name]) for name in names]
    medians = [f.median for f in found]
    spread = [[f.median - f.low for f in found], [f.high - f.median for f in found]]
    bars = panel.bar(
        range(len(names)), medians, yerr=spread, capsize=3, width=0.72,
        color=[FRAMEWORKS[name].color for name in names], error_kw={"elinewidth": 1},
    )  # fmt: skip
    panel.bar_label(bars, fmt=_label, padding=3, fontsize=9)
    panel.set_xticks(range(len(names)), [FRAMEWORKS[n].title for n in names], rotation=35,
                     ha="right", rotation_mode="anchor", fontsize=9)  # fmt: skip
    rounds = max(len(turns) for turns in result.turns.values())
    panel.set_title(f"{result.title}, batch {result.batch} ({rounds} rounds)", fontsize=11)
    panel.margins(y=0.14)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
    ratio, peer = result.ratio(), result.best_peer
    if ratio is not None and peer is not None:
        text = f"Freshet takes {ratio[1]:.2f} x\nthe time of {FRAMEWORKS[peer].title}"
        panel.text(
            0.03, 0.97, text, transform=panel.transAxes, ha="left", va="top", fontsize=10,
            color=FRAMEWORKS["freshet"].color, fontweight="bold",
        )  # fmt: skip


def _label(value: float) -> str:
    if value < 10:
        return milliseconds(value)
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"
