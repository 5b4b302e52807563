"""The step and the condition of summaries."""

from __future__ import annotations

import pytest

import freshet as ft
from freshet.core.errors import DTypeError


@pytest.fixture
def writer(tmp_path):
    with ft.summary.create_file_writer(tmp_path).as_default() as writer:
        yield writer


@pytest.mark.usefixtures("writer")
@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (True, True),
        (False, False),
        (None, True),
        (lambda: False, False),
        (lambda: ft.constant(True), True),
        (ft.constant(False), False),
    ],
)
def test_a_condition_decides(condition, expected):
    with ft.summary.record_if(condition):
        assert ft.summary.should_record_summaries() is expected
        assert ft.summary.scalar("x", 1.0, step=1) is expected
    assert ft.summary.should_record_summaries() is True


@pytest.mark.usefixtures("writer")
def test_a_function_decides_for_every_summary():
    with ft.summary.record_if(lambda: ft.summary.experimental.get_step() % 2 == 0):
        written = []
        for step in range(4):
            ft.summary.experimental.set_step(step)
            written.append(ft.summary.scalar("x", 1.0))
    assert written == [True, False, True, False]


@pytest.mark.usefixtures("writer")
def test_conditions_nest():
    with ft.summary.record_if(False):
        with ft.summary.record_if(True):
            assert ft.summary.should_record_summaries()
        assert not ft.summary.should_record_summaries()


def test_a_true_condition_needs_a_writer():
    with ft.summary.record_if(True):
        assert not ft.summary.should_record_summaries()


@pytest.mark.usefixtures("writer")
def test_a_condition_must_be_a_bool():
    with ft.summary.record_if(3), pytest.raises(DTypeError, match="cannot convert 3 to bool"):
        ft.summary.should_record_summaries()


def test_the_step_is_kept_as_it_was_given():
    variable = ft.Variable(3)
    ft.summary.experimental.set_step(variable)
    assert ft.summary.experimental.get_step() is variable
    ft.summary.experimental.set_step(None)
    assert ft.summary.experimental.get_step() is None
