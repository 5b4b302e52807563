"""The progress bar: its text on every kind of screen, and its arithmetic."""

from __future__ import annotations

import io
import re

import pytest

from freshet.core.errors import InvalidArgumentError
from freshet.keras.training import progress
from freshet.keras.training.progress import Progbar, close_unfinished, print_message


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of 100 columns without colours."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    return Terminal()


def screen(text: str) -> list[str]:
    """Return what a terminal shows after `text`: carriage returns go back, characters overwrite."""
    lines: list[list[str]] = [[]]
    column = 0
    for character in re.sub(r"\x1b\[[0-9;]*m", "", text):
        if character == "\n":
            lines.append([])
            column = 0
        elif character == "\r":
            column = 0
        else:
            lines[-1][column : column + 1] = [character]
            column += 1
    return ["".join(line).rstrip() for line in lines]


def drawings(text: str) -> int:
    return text.count("\r")


def test_a_bar_shows_count_times_speed_and_metrics(terminal, clock):
    bar = Progbar(113, stream=terminal, clock=clock, title="Epoch 3/20", stateless_metrics=())
    clock.now = 0.1  # the first step compiles: it does not count for the speed
    bar.update(1, [("loss", 2.0)])
    clock.now = 0.6
    bar.update(51, [("accuracy", 0.9432), ("loss", 0.21345)])
    assert screen(terminal.getvalue()) == [
        "Epoch 3/20",
        " 51/113 ━━━━━━━━━─────────── 0.6s, 0.6s left - 100 steps/s - loss: 0.2135"
        " - accuracy: 0.9432",
    ]


def test_the_last_step_leaves_the_line_behind(terminal, clock):
    bar = Progbar(2, stream=terminal, clock=clock)
    for step in (1, 2):
        clock.now += 1.0
        bar.update(step, [("loss", 0.5)])
    bar_line, rest = screen(terminal.getvalue())
    assert bar_line == "2/2 ━━━━━━━━━━━━━━━━━━━━ 2.0s - 1.0 steps/s - loss: 0.5000"
    assert rest == ""


def test_a_shorter_line_covers_a_longer_one(terminal, clock):
    bar = Progbar(9, stream=terminal, clock=clock, interval=0.0, stateless_metrics=())
    bar.update(1, [("loss", 123456.0)])
    bar.update(2, [("loss", 1.0)])
    (line,) = screen(terminal.getvalue())
    assert line.endswith("loss: 1.0000")


def test_it_is_drawn_at_most_once_an_interval(terminal, clock):
    bar = Progbar(10_000, stream=terminal, clock=clock, interval=0.1)
    for step in range(1, 1001):
        clock.now += 0.001
        bar.update(step)
    assert drawings(terminal.getvalue()) == 10


@pytest.mark.parametrize("columns", [100, 79, 60, 40, 25, 10])
def test_no_line_is_wider_than_the_terminal_while_it_moves(terminal, clock, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    bar = Progbar(113, stream=terminal, clock=clock, interval=0.0, stateless_metrics=())
    for step in range(1, 100):
        clock.now += 0.01
        bar.update(step, [(name, 0.5) for name in ("loss", "accuracy", "top_k", "precision")])
    assert max(map(len, terminal.getvalue().split("\r"))) < columns


def test_what_matters_least_goes_first_on_a_narrow_terminal(terminal, clock, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    bar = Progbar(10, stream=terminal, clock=clock, interval=0.0, stateless_metrics=())
    for step in (1, 2):
        clock.now += 1.0
        bar.update(step, [("accuracy", 0.5), ("loss", 0.25)])
    (line,) = screen(terminal.getvalue())
    assert line == " 2/10 ━╸────── 8.0s left - accuracy: 0.5000 - loss: 0.2500"


def test_a_final_line_pairs_training_and_validation_where_room_is_short(terminal, clock):
    values = [("accuracy", 0.9), ("loss", 0.2), ("val_accuracy", 0.8), ("val_loss", 0.3)]
    bar = Progbar(113, stream=terminal, clock=clock)
    clock.now = 1.0
    bar.advance(113)
    bar.show(values, final=True)
    assert screen(terminal.getvalue())[0].endswith(
        "1.0s - 113 steps/s - accuracy: 0.9000 (val 0.8000) - loss: 0.2000 (val 0.3000)"
    )


def test_an_unknown_total_moves_a_piece_to_and_fro(terminal, clock):
    bar = Progbar(None, stream=terminal, clock=clock, interval=0.0)
    bar.update(1)
    clock.now = 1.0
    bar.update(3)
    (line,) = screen(terminal.getvalue())
    assert line == "3 steps ────────━━━━──────── 1.0s - 2.0 steps/s"


def test_elsewhere_than_in_a_terminal_an_epoch_is_one_line(clock):
    stream = io.StringIO()
    bar = Progbar(10, stream=stream, clock=clock, title="Epoch 1/3")
    for step in range(1, 11):
        clock.now += 0.1
        bar.update(step, [("loss", 1.0 / step)])
    assert stream.getvalue() == "Epoch 1/3 - 10/10 - 1.0s - 10 steps/s - loss: 0.2929\n"


def test_verbose_2_is_one_line_in_a_terminal_too(terminal, clock):
    bar = Progbar(2, verbose=2, stream=terminal, clock=clock)
    bar.update(1)
    assert terminal.getvalue() == ""
    clock.now = 1.0
    bar.update(2)
    assert terminal.getvalue() == "2/2 - 1.0s - 1.0 steps/s\n"


def test_verbose_0_is_silent(terminal, clock):
    bar = Progbar(2, verbose=0, stream=terminal, clock=clock)
    bar.update(2, [("loss", 1.0)])
    assert terminal.getvalue() == ""


def test_colours_are_for_terminals_that_want_them(terminal, clock, monkeypatch):
    monkeypatch.delenv("NO_COLOR")
    Progbar(4, stream=terminal, clock=clock).update(2)
    assert "\x1b[32m━━━━━━━━━━\x1b[0m\x1b[2m━━━━━━━━━━\x1b[0m" in terminal.getvalue()


@pytest.mark.parametrize("variable", ["NO_COLOR", "TERM"])
def test_no_escape_sequences_where_they_are_not_wanted(terminal, clock, monkeypatch, variable):
    monkeypatch.setenv(variable, "dumb")
    Progbar(4, stream=terminal, clock=clock).update(4)
    assert "\x1b" not in terminal.getvalue()


def test_a_terminal_without_unicode_gets_ascii(terminal, clock):
    terminal.encoding = "ascii"
    Progbar(4, stream=terminal, clock=clock, interval=0.0).update(1)
    assert screen(terminal.getvalue())[0].startswith("1/4 =====...............")


def test_a_notebook_draws_over_its_line(clock):
    names = {"__module__": "ipykernel.iostream", "encoding": "utf-8"}
    stream = type("OutStream", (io.StringIO,), names)()
    Progbar(4, stream=stream, clock=clock, interval=0.0).update(1)
    assert stream.getvalue().startswith("\r")


def test_metrics_are_averaged_over_the_steps_they_stand_for(clock):
    stream = io.StringIO()
    bar = Progbar(10, stream=stream, clock=clock, stateful_metrics=["as_is"])
    bar.update(2, [("mean", 1.0), ("as_is", 1.0)])
    bar.update(10, [("mean", 2.0), ("as_is", 5.0)])
    assert "mean: 1.8000 - as_is: 5.0000" in stream.getvalue()


def test_a_final_update_without_a_new_step_says_the_values(clock):
    stream = io.StringIO()
    bar = Progbar(None, stream=stream, clock=clock)
    bar.update(3, [("loss", 9.0)])
    bar.update(3, [("loss", 0.5)], finalize=True)
    assert "loss: 0.5000" in stream.getvalue()


def test_add_moves_on_by_a_number_of_steps(terminal, clock):
    bar = Progbar(10, stream=terminal, clock=clock, interval=0.0)
    bar.add(3)
    bar.add(4)
    assert screen(terminal.getvalue())[0].startswith(" 7/10 ")


def test_metrics_of_both_kinds_are_refused():
    with pytest.raises(InvalidArgumentError, match="not both"):
        Progbar(1, stateful_metrics=["a"], stateless_metrics=["b"])


def test_a_message_stands_above_a_bar_that_goes_on(terminal, clock, monkeypatch):
    monkeypatch.setattr("sys.stdout", terminal)
    bar = Progbar(10, stream=terminal, clock=clock, interval=5.0)
    clock.now = 1.0
    bar.update(5)
    print_message("saved model.keras")
    clock.now = 1.1
    bar.update(6)
    assert screen(terminal.getvalue()) == [
        "saved model.keras",
        " 6/10 ━━━━━━━━━━━━──────── 1.1s, 0.4s left - 10 steps/s",
    ]
    close_unfinished()


def test_an_unfinished_bar_is_left_with_a_fresh_line(terminal, clock):
    bar = Progbar(10, stream=terminal, clock=clock)
    bar.update(5)
    close_unfinished()
    bar.close()
    assert terminal.getvalue().count("\n") == 1
    assert terminal.getvalue().endswith("\n")
    assert progress._open == []


def test_a_finished_bar_needs_no_fresh_line(terminal, clock):
    bar = Progbar(1, stream=terminal, clock=clock)
    bar.update(1)
    bar.close()
    assert terminal.getvalue().count("\n") == 1


def test_a_program_without_a_console_is_silent(monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    Progbar(1).update(1, [("loss", 1.0)])
