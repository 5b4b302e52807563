"""Turns, rounds and the figures made of them, with workers that only pretend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.harness import rounds
from benchmarks.harness.rounds import (
    Patience,
    Turn,
    alternate,
    best_peer,
    disagreement,
    figures,
    quartiles,
    quiet_turn,
    ratios,
    rotated,
    steps_per_turn,
    take_turn,
)


def turn(milliseconds: float, others: float | None = 0.0) -> Turn:
    return Turn(milliseconds, cores=2.0, others=others, loss=1.0)


class Pretender:
    """A worker whose every step takes the same time, by its own account."""

    def __init__(self, step_seconds: float) -> None:
        self.step_seconds = step_seconds
        self.asked: list[dict[str, Any]] = []

    def ask(self, do: str, timeout: float = 900.0, **fields: Any) -> dict[str, Any]:
        self.asked.append({"do": do, **fields})
        return {
            "seconds": self.step_seconds * fields["steps"], "cores": 1.5, "loss": 0.25,
            "metric": 1.0,
        }  # fmt: skip

    def cpu_seconds(self) -> float:
        return 0.0


def test_everybody_takes_one_turn_in_each_round_and_the_order_rotates() -> None:
    log: list[str] = []

    def take(name: str) -> Callable[[], Turn]:
        return lambda: log.append(name) or turn(1.0)

    takes = {name: take(name) for name in "abc"}
    assert [name for name, _ in alternate(takes, 4)] == list("abcbcacababc")
    assert log == list("abcbcacababc")


def test_one_turn_is_over_before_the_next_begins() -> None:
    working: list[str] = []

    def take(name: str) -> Turn:
        assert not working
        working.append(name)
        working.remove(name)
        return turn(1.0)

    list(alternate({"a": lambda: take("a"), "b": lambda: take("b")}, 3))


def test_rotating_by_more_than_there_are_starts_again() -> None:
    assert rotated(["a", "b"], 3) == ["b", "a"]


def test_a_turn_divides_by_its_steps_and_warms_up_first() -> None:
    worker = Pretender(0.002)
    taken = take_turn(worker, 50)
    assert taken.milliseconds == pytest.approx(2.0)
    assert (taken.cores, taken.loss) == (1.5, 0.25)
    assert worker.asked == [{"do": "run", "warm": rounds.WARM_STEPS, "steps": 50}]


@pytest.mark.parametrize(("seconds", "steps"), [(0.001, 500), (0.02, 25), (0.2, 10)])
def test_short_steps_are_repeated_until_they_fill_a_turn(seconds: float, steps: int) -> None:
    assert steps_per_turn(Pretender(seconds), least=10) == steps


def test_a_disturbed_turn_is_taken_again_until_it_is_quiet() -> None:
    taken = iter([turn(9.0, 0.8), turn(8.0, 0.3), turn(5.0, 0.0), turn(1.0, 0.0)])
    pauses: list[float] = []
    assert quiet_turn(lambda: next(taken), Patience(100.0), pauses.append) == turn(5.0, 0.0)
    assert len(pauses) == 2


def test_without_patience_the_least_disturbed_turn_counts_not_the_fastest() -> None:
    taken = iter([turn(3.0, 0.8), turn(4.0, 0.3), turn(2.0, 0.9)])
    patience = Patience(2 * rounds.PAUSE)
    found = quiet_turn(lambda: next(taken), patience, lambda seconds: None)
    assert found == turn(4.0, 0.3)
    assert found.disturbed


def test_where_the_load_is_unknown_no_turn_is_repeated() -> None:
    taken = iter([turn(3.0, None)])
    assert quiet_turn(lambda: next(taken), Patience(9.0)) == turn(3.0, None)


def test_figures_are_robust_against_one_slow_round() -> None:
    found = figures([turn(2.0), turn(2.0), turn(90.0, 0.9), turn(1.0), turn(3.0)])
    assert (found.median, found.least, found.low, found.high) == (2.0, 1.0, 2.0, 3.0)
    assert found.disturbed == 1


def test_quartiles_of_one_value_are_that_value() -> None:
    assert quartiles([4.0]) == (4.0, 4.0, 4.0)


def test_the_best_peer_has_the_least_median_and_is_not_ours() -> None:
    turns = {
        "freshet": [turn(1.0)] * 3,
        "steady": [turn(5.0)] * 3,
        "lucky_once": [turn(2.0), turn(9.0), turn(9.0)],
    }
    assert best_peer(turns, own=["freshet"]) == "steady"
    assert best_peer({"freshet": [turn(1.0)]}, own=["freshet"]) is None


def test_ratios_compare_turns_of_the_same_round() -> None:
    ours, theirs = [turn(1.0), turn(6.0)], [turn(2.0), turn(3.0)]
    assert ratios(ours, theirs) == [0.5, 2.0]


def test_equal_losses_agree() -> None:
    assert disagreement({"a": [2.3, 9.0, 1.0], "b": [2.3001, 5.0, 1.0009]}) is None


def test_large_losses_are_compared_relative_to_their_size() -> None:
    assert disagreement({"a": [100.0], "b": [100.05]}) is None


@pytest.mark.parametrize("last", [1.002, float("nan")])
def test_a_different_last_loss_is_named(last: float) -> None:
    found = disagreement({"a": [2.0, 1.0], "b": [2.0, last]})
    assert found is not None
    assert "after 1 steps" in found
    assert "in b" in found
