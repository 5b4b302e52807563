"""Tables, JSON and the chart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.harness.chart import draw
from benchmarks.harness.report import Result, Start, result_json, result_text, table
from benchmarks.harness.rounds import Turn


def turns(*milliseconds: float, others: float = 0.0) -> list[Turn]:
    return [Turn(m, cores=2.0, others=others, loss=1.0) for m in milliseconds]


def result() -> Result:
    return Result(
        "mlp", "MLP", 128,
        turns={"freshet": turns(2.0, 2.2, 2.1), "tf": turns(4.0, 4.0, 4.2), "jax": turns(8, 8, 8)},
        forms={"freshet": "function", "tf": "layers", "jax": "window"},
        starts={"freshet": Start(0.25, 1.5, 0.5, megabytes=141.7, added_megabytes=41.7)},
    )  # fmt: skip


def test_a_table_is_aligned_by_column() -> None:
    found = table(["name", "ms"], [["a", "1.25"], ["bcdef", "100.00"]], "<>")
    assert found.splitlines() == [
        "name       ms",
        "-----  ------",
        "a        1.25",
        "bcdef  100.00",
    ]


def test_rows_are_sorted_by_time_and_the_best_peer_is_compared_with() -> None:
    lines = result_text(result()).splitlines()
    assert lines[0] == "MLP, batch 128"
    assert [line.split("  ")[0] for line in lines[4:7]] == ["Freshet", "TF graph", "JAX jit"]
    assert lines[4].split() == [
        "Freshet", "function", "2.10", "2.00", "2.05-2.15", "2.0",
        "0.25", "1.50", "0.50", "142", "42",
    ]  # fmt: skip
    assert "Freshet / TF graph: 0.50 (median of the rounds; quartiles 0.50-0.53)" in lines


def test_very_short_steps_keep_their_digits() -> None:
    found = Result("mlp", "MLP", 1, turns={"freshet": turns(0.0151)})
    assert "0.0151-0.0151" in result_text(found)


def test_disturbed_turns_are_marked() -> None:
    found = result()
    found.turns["tf"] = turns(4.0, 4.0, 4.2, others=1.0)
    text = result_text(found)
    assert "4.00*" in text
    assert "something else used the machine during 3 of 9 turns" in text


def test_without_peers_nothing_is_compared() -> None:
    found = Result("mlp", "MLP", 128, turns={"freshet": turns(1.0)})
    assert found.ratio() is None
    assert "Freshet /" not in result_text(found)


def test_what_failed_is_said() -> None:
    found = Result("mlp", "MLP", 128, failures={"torch": "it ended: out of memory"})
    assert "torch eager: it ended: out of memory" in result_text(found)


def test_json_holds_every_round_and_can_be_read_back() -> None:
    content = json.loads(json.dumps(result_json(result())))
    assert content["best_peer"] == "tf"
    assert content["frameworks"]["freshet"]["rounds_ms"] == [2.0, 2.2, 2.1]
    assert content["frameworks"]["freshet"]["start"]["warm"] == 0.5
    assert content["frameworks"]["freshet"]["start"]["megabytes"] == 141.7
    assert content["frameworks"]["jax"]["start"] is None


def test_memory_that_is_unknown_is_left_blank() -> None:
    found = result()
    found.starts["freshet"] = Start(imports=0.25, cold=1.5, warm=0.5)
    assert result_text(found).splitlines()[4].endswith("0.50")


@pytest.mark.parametrize("models", [1, 5])
def test_the_chart_is_a_png(tmp_path: Path, models: int) -> None:
    path = tmp_path / "chart.png"
    draw([result()] * models, "a machine", path)
    assert path.read_bytes().startswith(b"\x89PNG")
