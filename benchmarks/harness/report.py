"""What is shown of the measurements: tables, and the same as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.harness.frameworks import FRAMEWORKS, FRESHET
from benchmarks.harness.rounds import Turn, best_peer, figures, quartiles, ratios


@dataclass(frozen=True)
class Start:
    """Seconds until a fresh process has trained its first step, and the memory it then needs.

    Attributes:
        imports: For importing the framework.
        cold: For building the model and the first step, with empty caches.
        warm: The same with the caches that the cold start has left.
        megabytes: The most memory that the process of the warm start holds in the steps that
            follow; None if unknown.
        added_megabytes: What of it is not there after the import.
    """

    imports: float
    cold: float
    warm: float
    megabytes: float | None = None
    added_megabytes: float | None = None


@dataclass
class Result:
    """What was measured of one model.

    Attributes:
        turns: Per framework, its turn in each round.
        forms: Per framework, the form it was measured in.
        starts: Per framework, how it starts.
        failures: Per framework that was left out, why.
    """

    model: str
    title: str
    batch: int
    turns: dict[str, list[Turn]] = field(default_factory=dict)
    forms: dict[str, str] = field(default_factory=dict)
    tried: dict[str, dict[str, float]] = field(default_factory=dict)
    """Per framework, milliseconds of each form in the trial that chose one."""
    starts: dict[str, Start] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def best_peer(self) -> str | None:
        """The fastest peer."""
        own = [name for name in self.turns if FRAMEWORKS[name].is_freshet]
        return best_peer(self.turns, own)

    def ratio(self) -> tuple[float, float, float] | None:
        """Return the quartiles of Freshet's time divided by the fastest peer's, by rounds."""
        peer = self.best_peer
        if peer is None or FRESHET not in self.turns:
            return None
        return quartiles(ratios(self.turns[FRESHET], self.turns[peer]))


def table(head: Sequence[str], rows: Sequence[Sequence[str]], alignment: str) -> str:
    """Return an aligned table.

    Args:
        head: Titles of the columns.
        rows: Their cells.
        alignment: For each column ``<`` for text or ``>`` for numbers.
    """
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        columns = zip(cells, alignment, widths, strict=True)
        return "  ".join(f"{cell:{side}{width}}" for cell, side, width in columns).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(head), rule, *(line(row) for row in rows)])


def result_text(result: Result) -> str:
    """Return the table of one model and the line that compares."""
    head = ["", "form", "median ms", "least ms", "quartiles", "cores"]
    head += ["import s", "first s", "again s", "MB", "+ MB"] if result.starts else []
    names = sorted(result.turns, key=lambda name: figures(result.turns[name]).median)
    names += [name for name in result.starts if name not in names]
    lines = [
        f"{result.title}, batch {result.batch}",
        "",
        table(head, [_row(result, name) for name in names], "<<" + ">" * (len(head) - 2)),
        "",
        *_comparison(result),
    ]
    lines += [f"{FRAMEWORKS[name].title}: {why}" for name, why in result.failures.items()]
    return "\n".join(lines)


def milliseconds(value: float) -> str:
    """Return a time with two digits after the point, or with what short ones need."""
    return f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"


def _row(result: Result, name: str) -> list[str]:
    cells = [FRAMEWORKS[name].title, result.forms.get(name, "")]
    turns, start = result.turns.get(name), result.starts.get(name)
    if turns:
        f = figures(turns)
        mark = "*" if f.disturbed else ""
        cells += [
            milliseconds(f.median) + mark, milliseconds(f.least),
            f"{milliseconds(f.low)}-{milliseconds(f.high)}", f"{f.cores:.1f}",
        ]  # fmt: skip
    else:
        cells += ["", "", "", ""]
    if start:
        cells += [f"{start.imports:.2f}", f"{start.cold:.2f}", f"{start.warm:.2f}"]
        held = (start.megabytes, start.added_megabytes)
        cells += ["" if megabytes is None else f"{megabytes:.0f}" for megabytes in held]
    elif result.starts:
        cells += ["", "", "", "", ""]
    return cells


def _comparison(result: Result) -> list[str]:
    lines = []
    ratio, peer = result.ratio(), result.best_peer
    if ratio is not None and peer is not None:
        low, median, high = ratio
        lines.append(
            f"Freshet / {FRAMEWORKS[peer].title}: {median:.2f} "
            f"(median of the rounds; quartiles {low:.2f}-{high:.2f})"
        )
    disturbed = sum(figures(turns).disturbed for turns in result.turns.values())
    if disturbed:
        total = sum(len(turns) for turns in result.turns.values())
        lines.append(
            f"* something else used the machine during {disturbed} of {total} turns; their "
            "times are too long"
        )
    return lines


def result_json(result: Result) -> dict[str, Any]:
    """Return everything that was measured of one model."""
    ratio = result.ratio()
    return {
        "title": result.title,
        "batch": result.batch,
        "best_peer": result.best_peer,
        "freshet_over_best_peer": ratio
        and dict(zip(("low", "median", "high"), ratio, strict=True)),
        "frameworks": {
            name: {
                "form": result.forms.get(name),
                "forms_ms": result.tried.get(name, {}),
                "step_ms": asdict(figures(turns)),
                "rounds_ms": [round(t.milliseconds, 4) for t in turns],
                "others_cores": [None if t.others is None else round(t.others, 3) for t in turns],
                "start": asdict(result.starts[name]) if name in result.starts else None,
            }
            for name, turns in result.turns.items()
        },
        "failures": result.failures,
    }


def result_from_json(model: str, data: Mapping[str, Any]) -> Result:
    """Return what `result_json` was made of, but for the losses."""
    found = Result(model, data["title"], data["batch"], failures=dict(data["failures"]))
    for name, own in data["frameworks"].items():
        cores = own["step_ms"]["cores"]
        pairs = zip(own["rounds_ms"], own["others_cores"], strict=True)
        found.turns[name] = [Turn(time, cores, others, math.nan) for time, others in pairs]
        found.forms[name], found.tried[name] = own["form"], own["forms_ms"]
        if own["start"] is not None:
            found.starts[name] = Start(**own["start"])
    return found


def versions_text(versions: Mapping[str, Mapping[str, str]]) -> str:
    """Return one line with the versions of everything that was measured."""
    found = {
        (name, version) for each in versions.values() for name, version in each.items()
    }  # fmt: skip
    return ", ".join(f"{name} {version}" for name, version in sorted(found))
