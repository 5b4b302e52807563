"""Writers: which one is the default, their life, and what makes one."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

import freshet as ft
from freshet.core.errors import (
    DTypeError,
    FailedPreconditionError,
    InvalidArgumentError,
    UnimplementedError,
)


def steps(path, read) -> list[int]:
    return [event.step for event in read(path) if event.summary.value]


def test_without_a_default_writer_nothing_is_written():
    assert ft.summary.scalar("x", 1.0, step=1) is False
    assert ft.summary.scalar("x", 1.0) is False
    assert ft.summary.should_record_summaries() is False


def test_the_block_makes_the_writer_default_and_flushes(tmp_path, read):
    writer = ft.summary.create_file_writer(tmp_path)
    with writer.as_default() as entered:
        assert entered is writer
        assert ft.summary.scalar("x", 1.0, step=1) is True
        assert steps(tmp_path, read) == []
    assert steps(tmp_path, read) == [1]
    assert ft.summary.scalar("x", 1.0, step=2) is False
    writer.close()


def test_blocks_nest_with_their_writers_and_steps(tmp_path, read):
    outer = ft.summary.create_file_writer(tmp_path / "outer")
    inner = ft.summary.create_file_writer(tmp_path / "inner")
    with outer.as_default(step=10):
        ft.summary.scalar("x", 1.0)
        with inner.as_default(step=20):
            ft.summary.scalar("x", 1.0)
        with inner.as_default():
            ft.summary.scalar("x", 1.0)
            ft.summary.experimental.set_step(11)
        ft.summary.scalar("x", 1.0)
    assert ft.summary.experimental.get_step() is None
    outer.close()
    inner.close()
    assert steps(tmp_path / "outer", read) == [10, 11]
    assert steps(tmp_path / "inner", read) == [20, 10]


def test_an_error_in_the_block_brings_back_what_was_before(tmp_path):
    writer = ft.summary.create_file_writer(tmp_path)
    with pytest.raises(InvalidArgumentError), writer.as_default(step=1):
        ft.summary.scalar("x", [1.0, 2.0])
    assert not ft.summary.should_record_summaries()
    assert ft.summary.experimental.get_step() is None
    writer.close()


def test_set_as_default_stays(tmp_path, read):
    writer = ft.summary.create_file_writer(str(tmp_path))
    writer.set_as_default(step=4)
    ft.summary.scalar("x", 1.0)
    writer.set_as_default()
    ft.summary.scalar("x", 1.0)
    ft.summary.flush()
    assert steps(tmp_path, read) == [4, 4]
    writer.close()


def test_each_thread_has_a_default_writer_of_its_own(tmp_path):
    found = []
    with ft.summary.create_file_writer(tmp_path).as_default(step=1):
        thread = threading.Thread(
            target=lambda: found.extend(
                [ft.summary.should_record_summaries(), ft.summary.experimental.get_step()]
            )
        )
        thread.start()
        thread.join()
    assert found == [False, None]


def test_a_closed_writer_is_no_default_any_more(tmp_path):
    writer = ft.summary.create_file_writer(tmp_path)
    assert writer.init() is None
    with writer.as_default():
        writer.close()
        with pytest.raises(FailedPreconditionError, match=r"summary 'x': the writer of .* closed"):
            ft.summary.scalar("x", 1.0, step=1)
    writer.close()
    writer.flush()
    for call in (writer.as_default, writer.set_as_default, writer.init):
        with pytest.raises(FailedPreconditionError, match=r"SummaryWriter of .* is closed"):
            call()


def test_a_dropped_writer_loses_nothing(tmp_path, read):
    writer = ft.summary.create_file_writer(tmp_path)
    writer.set_as_default()
    ft.summary.scalar("x", 1.0, step=3)
    other = ft.summary.create_noop_writer()
    with ft.summary.create_file_writer(tmp_path / "other").as_default():
        del writer
    ft.summary.flush(other)
    assert steps(next(tmp_path.glob("events*")), read) == []
    ft.summary.state.state.writer = None
    assert steps(next(tmp_path.glob("events*")), read) == [3]


def test_a_writer_that_does_nothing_changes_nothing(tmp_path):
    nothing = ft.summary.create_noop_writer()
    with nothing.as_default(step=3) as entered:
        assert entered is None
        assert not ft.summary.should_record_summaries()
        assert ft.summary.experimental.get_step() is None
    writer = ft.summary.create_file_writer(tmp_path)
    with writer.as_default():
        nothing.set_as_default(step=3)
        assert ft.summary.scalar("x", 1.0, step=1)
    nothing.init()
    nothing.flush()
    nothing.close()
    writer.close()


def test_flush_takes_a_writer_or_the_default(tmp_path, read):
    ft.summary.flush()
    writer = ft.summary.create_file_writer(tmp_path)
    with writer.as_default():
        for step, flush in enumerate((lambda: ft.summary.flush(writer), ft.summary.flush)):
            ft.summary.scalar("x", 1.0, step=step)
            flush()
            assert steps(tmp_path, read) == list(range(step + 1))
    with pytest.raises(InvalidArgumentError, match="writer must be a SummaryWriter, received 3"):
        ft.summary.flush(3)
    writer.close()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"logdir": None},
            InvalidArgumentError,
            "create_file_writer: logdir must be a folder, received None",
        ),
        (
            {"max_queue": -1},
            InvalidArgumentError,
            "create_file_writer: max_queue must be from 0 to 9223372036854775807, received -1",
        ),
        (
            {"flush_millis": 0.5},
            DTypeError,
            "create_file_writer: flush_millis must be one whole number, received 0.5",
        ),
    ],
)
def test_wrong_arguments_make_no_file(tmp_path, arguments, error, message):
    with pytest.raises(error) as caught:
        ft.summary.create_file_writer(**{"logdir": tmp_path, **arguments})
    assert caught.value.message == message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["scalar", "histogram", "image", "text", "write"])
def test_a_traced_function_writes_no_summaries(kind):
    @ft.function
    def step(x):
        getattr(ft.summary, kind)("name", x, step=1)
        return x

    with pytest.raises(UnimplementedError) as caught:
        step(ft.constant(1.0))
    assert caught.value.message == (
        f"ft.summary.{kind}: a summary cannot be written inside a function that ft.function "
        "traces: its values exist only when the compiled program runs. Return them from the "
        "function and write the summary outside of it"
    )
    assert caught.value.source.function == "step"


def test_protocol_buffers_and_pillow_are_imported_when_they_are_needed(tmp_path):
    program = (
        "import sys, freshet as ft\n"
        "heavy = lambda: {'google.protobuf', 'PIL'} & set(sys.modules)\n"
        "assert not {'freshet.io', 'freshet.summary'} & set(sys.modules)\n"
        "ft.summary.scalar('x', 1.0, step=1)\n"
        "ft.summary.image('x', ft.zeros([1, 2, 2, 1]), step=1)\n"
        "assert not heavy()\n"
        "with ft.summary.create_file_writer(sys.argv[1]).as_default():\n"
        "    assert heavy() == {'google.protobuf'}\n"
        "    ft.summary.image('x', ft.zeros([1, 2, 2, 1]), step=1)\n"
        "    assert heavy() == {'google.protobuf', 'PIL'}\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program, str(tmp_path)], check=True)
