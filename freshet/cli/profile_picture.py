"""The roofline of a program as a picture: every kernel under what the machine allows."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from freshet.cli.profile_report import ProgramReport, Report, cut, line_text, size_text, time_text
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
from freshet.runtime.roofline import FAR_BELOW, MUCH, KernelTime

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from freshet.runtime.roofline import Machine

_WIDTH, _HEIGHT, _PLOT, _LEFT, _BOTTOM = 12.4, 6.6, 7.2, 0.85, 0.8
"""Inches: the picture, its plot, what is to the left of and below the plot."""
_NAMED: Final = 8
_LARGEST: Final = 2200.0
"""Area of a dot that stands for all of the time, in square points."""
_SMALLEST: Final = 14.0
_DIGIT: Final = 5.0
"""Radius of a number, in points."""
_VISIBLE: Final = 0.005
"""Part of the time from which a kernel has a dot."""
_OTHER: Final = 1.15
"""Far memory has a line of its own if it is slower than this by what holds the data."""


def draw_roofline(report: Report, path: Path | None = None) -> Figure:
    """Draw the kernels of the program that took most time.

    Args:
        report: The profile.
        path: Where to save it.
    """
    program = report.programs[0]
    shown = [k for k in program.kernels if k.flops and k.bytes and k.share >= _VISIBLE]
    figure = new_figure(_WIDTH, _HEIGHT)
    top = write_titles(figure, _title(program), _subtitle(program, shown))
    box = (_LEFT / _WIDTH, _BOTTOM / _HEIGHT, _PLOT / _WIDTH, 1 - top - (_BOTTOM + 0.15) / _HEIGHT)
    axes = figure.add_axes(box)
    _frame(axes, program, shown)
    _roofs(axes, program, report.machine)
    numbers = {id(k): n for n, k in enumerate(shown[:_NAMED], 1)}
    _dots(axes, shown, numbers)
    _names(figure, shown[:_NAMED], 1 - top)
    _key(axes)
    return finish(figure, path)


def _title(program: ProgramReport) -> str:
    weak = sum(k.share for k in program.kernels if k.is_weak)
    name = f"{program.record.name}, {time_text(program.kernel_seconds)} in kernels"
    if weak < MUCH:
        return f"{name}: none that matters is far below the roof"
    return f"{name}: {weak:.0%} of it far below the roof"


def _subtitle(program: ProgramReport, shown: list[KernelTime]) -> str:
    said = "A dot is a kernel, its area the part of the time. On the roof it could not be faster."
    missing = 1.0 - sum(k.share for k in shown)
    if missing < 0.005:
        return said
    return f"{said} Not shown: {missing:.0%} in copies and trifles."


def _frame(axes: Axes, program: ProgramReport, shown: list[KernelTime]) -> None:
    from matplotlib.ticker import FuncFormatter, NullLocator  # noqa: PLC0415

    roof = program.roof
    ridge = roof.peak_flops / roof.bandwidth.most
    intensities = [k.flops / k.bytes for k in shown] or [ridge]
    low, high = min(*intensities, ridge / 16), max(*intensities, ridge * 16)
    rates = [k.flop_rate / 1e9 for k in shown] or [1.0]
    top = roof.peak_flops / 1e9
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(low / 1.8, high * 1.8)
    axes.set_ylim(min(*rates, top / 100) / 2.5, max(*rates, top) * 2.5)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.10g}"))
        axis.set_minor_locator(NullLocator())
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.grid(color=RULE, linewidth=0.9)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=SMALL_SIZE, colors=PALE, length=0, pad=6)
    axes.set_xlabel("operations for each byte moved  (FLOP/byte)", fontsize=TEXT_SIZE, color=PALE)
    axes.set_ylabel("GFLOP/s", fontsize=TEXT_SIZE, color=PALE)


def _roofs(axes: Axes, program: ProgramReport, machine: Machine) -> None:
    """Draw the limits: a slope for each memory, the level of the arithmetic."""
    roof = program.roof
    peak = roof.peak_flops / 1e9
    left, right = axes.get_xlim()
    ridge = roof.peak_flops / roof.bandwidth.most
    data = size_text(program.record.working_set)
    if roof.bandwidth.most > _OTHER * machine.far_bandwidth.most:
        far = machine.far_bandwidth.most / 1e9
        end = peak / far
        axes.plot([left, end], [left * far, peak], color=PALE, linewidth=1.3, linestyle=(0, (4, 3)))
        _along(axes, end, peak, f"{far:.0f} GB/s from far memory", PALE, below=True)
    axes.plot([left, ridge, right], [left * peak / ridge, peak, peak], color=INK, linewidth=2.2)
    near = roof.bandwidth.most / 1e9
    _along(axes, ridge, peak, f"{near:.0f} GB/s at most for {data} of data", INK)
    axes.annotate(
        f"{peak:.0f} GFLOP/s, the most that {machine.threads} threads compute"
        if machine.threads > 1 else f"{peak:.0f} GFLOP/s, the most that a thread computes",
        (right, peak), xytext=(-4, 5), textcoords="offset points", ha="right",
        fontsize=SMALL_SIZE, color=INK,
    )  # fmt: skip


def _along(axes: Axes, x: float, y: float, text: str, colour: str, *, below: bool = False) -> None:
    """Write a text along a slope of 1 that ends at a point."""
    angle = _angle(axes)
    away = -5.0 if below else 5.0  # points, at a right angle to the slope
    back = 22.0
    left = -back * math.cos(angle) - away * math.sin(angle)
    up = -back * math.sin(angle) + away * math.cos(angle)
    axes.annotate(
        text, (x, y), xytext=(left, up), textcoords="offset points", color=colour,
        fontsize=SMALL_SIZE, ha="right", va="top" if below else "baseline",
        rotation=math.degrees(angle), rotation_mode="anchor",
    )  # fmt: skip


def _angle(axes: Axes) -> float:
    """Return the angle in the picture, in radians, of a line along which both numbers double."""
    (x0, y0), (x1, y1) = axes.transData.transform([(1.0, 1.0), (2.0, 2.0)])
    return math.atan2(y1 - y0, x1 - x0)


def _dots(axes: Axes, shown: list[KernelTime], numbers: dict[int, int]) -> None:
    from matplotlib.patheffects import withStroke  # noqa: PLC0415

    discs = []
    for k in shown:  # the slowest first, so that small ones are drawn over large ones
        area = max(_LARGEST * k.share, _SMALLEST)
        place = k.flops / k.bytes, k.flop_rate / 1e9
        axes.scatter(
            *place, s=area, color=_colour(k), alpha=0.72, linewidth=0.9, edgecolor="white", zorder=3
        )
        x, y = axes.transData.transform(place) * 72.0 / axes.figure.dpi
        discs.append((x, y, math.sqrt(area / math.pi)))
    taken = list(discs)
    for k, disc in zip(shown, discs, strict=True):
        if id(k) not in numbers:
            continue
        left, up = _free_place(disc, taken)
        taken.append((disc[0] + left, disc[1] + up, _DIGIT))
        axes.annotate(
            str(numbers[id(k)]), (k.flops / k.bytes, k.flop_rate / 1e9), xytext=(left, up),
            textcoords="offset points", ha="center", va="center", fontsize=SMALL_SIZE,
            color=_colour(k), fontweight="bold", zorder=4,
            path_effects=[withStroke(linewidth=3, foreground="white")],
        )  # fmt: skip


Disc = tuple[float, float, float]
"""Where a dot or a number is, and its radius, in points."""


def _free_place(disc: Disc, taken: list[Disc]) -> tuple[float, float]:
    """Return where a dot's number can stand, from its middle: close to it, and on nothing else."""
    x, y, radius = disc
    for further in range(0, 60, 4):
        for degrees in (0, 180, 90, 270, 45, 135, 225, 315):
            away = radius + _DIGIT + 3.0 + further
            left = away * math.cos(math.radians(degrees))
            up = away * math.sin(math.radians(degrees))
            if all(math.hypot(x + left - a, y + up - b) >= r + _DIGIT for a, b, r in taken):
                return left, up
    return radius + _DIGIT, 0.0


def _colour(k: KernelTime) -> str:
    return RED if k.is_weak else BLUE if k.share >= MUCH else PALE


def _names(figure: Figure, kernels: list[KernelTime], top: float) -> None:
    """List the numbered kernels to the right of the plot."""
    left = (_LEFT + _PLOT + 0.35) / _WIDTH
    y = top - 0.12 / _HEIGHT
    for number, k in enumerate(kernels, 1):
        where = ", ".join(k.parts) or line_text(k)
        said = f"{k.share:.0%} of the time, {k.roof or 0.0:.0%} of the roof"
        lines: list[tuple[str, dict[str, Any]]] = [
            (f"{number}  {cut(k.name, 34)}", {"color": _colour(k), "fontweight": "bold"}),
            (f"    {said}", {"color": INK}),
            (f"    {cut(where, 44)}", {"color": PALE}),
        ]
        for text, style in lines:
            figure.text(left, y, text, fontsize=SMALL_SIZE, va="top", **style)
            y -= 0.175 / _HEIGHT
        y -= 0.09 / _HEIGHT


def _key(axes: Axes) -> None:
    """Say in words what the colours say, where kernels never are: much to compute, slowly."""
    lines = (
        (f"less than {MUCH:.0%} of the time", PALE),
        (f"at least {FAR_BELOW:.0%} of the roof", BLUE),
        (f"less than {FAR_BELOW:.0%} of the roof", RED),
    )
    for row, (text, colour) in enumerate(lines):
        axes.annotate(
            f"● {text}", (1.0, 0.0), xycoords="axes fraction", xytext=(-142, 10 + 15 * row),
            textcoords="offset points", fontsize=SMALL_SIZE, color=colour,
        )  # fmt: skip
