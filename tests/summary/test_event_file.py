"""Event files: names, first event, queue, threads, and processes that die or fork."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.io.tfrecord import tf_record_iterator
from freshet.summary.event_file import EventFile

ONE = np.ones((), np.float32)


def opened(folder, max_queue=10, flush_millis=120_000, suffix=".v2") -> EventFile:
    return EventFile(folder, max_queue, flush_millis, suffix)


def count(file: EventFile) -> int:
    """Return how many events the file holds after the first."""
    return sum(1 for _ in tf_record_iterator(file.path)) - 1


def test_names_are_tensorflows(tmp_path):
    before = int(time.time())
    files = [opened(tmp_path / "a" / "b"), opened(tmp_path / "a" / "b", suffix=".mine")]
    for file in files:
        file.close()
    names = [file.path.name for file in files]
    host = re.escape(socket.gethostname())
    found = [
        re.fullmatch(rf"events\.out\.tfevents\.(\d{{10}})\.{host}\.{os.getpid()}\.(\d+)(\..*)", n)
        for n in names
    ]
    assert all(before <= int(f[1]) <= time.time() for f in found)
    assert int(found[1][2]) == int(found[0][2]) + 1
    assert [f[3] for f in found] == [".v2", ".mine"]
    assert sorted(names) == sorted(path.name for path in (tmp_path / "a" / "b").iterdir())


def test_the_first_event_is_there_at_once(tmp_path, read):
    file = opened(tmp_path)
    (event,) = read(file.path)
    assert event.file_version == "brain.Event:2"
    assert event.source_metadata.writer == "freshet.summary"
    assert event.step == 0
    assert abs(event.wall_time - time.time()) < 60
    file.close()


def test_an_event_holds_time_step_tag_and_metadata(tmp_path, read):
    file = opened(tmp_path)
    before = time.time()
    file.add("a tag/é", ONE, -5, b"")
    file.add("other", ONE, 2**62, b"\x12\x01x")
    file.close()
    _, first, second = read(file.path)
    assert before <= first.wall_time <= second.wall_time <= time.time()
    assert (first.step, second.step) == (-5, 2**62)
    assert [e.summary.value[0].tag for e in (first, second)] == ["a tag/é", "other"]
    assert not first.summary.value[0].HasField("metadata")
    assert second.summary.value[0].metadata.display_name == "x"


def test_a_longer_queue_is_appended(tmp_path):
    file = opened(tmp_path, max_queue=2)
    counts = []
    for step in range(7):
        file.add("x", ONE, step, b"")
        counts.append(count(file))
    assert counts == [0, 0, 3, 3, 3, 6, 6]
    file.flush()
    assert count(file) == 7
    file.close()


def test_no_queue_appends_every_event(tmp_path):
    file = opened(tmp_path, max_queue=0)
    file.add("x", ONE, 0, b"")
    assert count(file) == 1
    file.close()


def test_an_event_that_comes_late_appends_the_queue(tmp_path):
    file = opened(tmp_path, flush_millis=30)
    file.add("x", ONE, 0, b"")
    time.sleep(0.04)
    file.add("x", ONE, 1, b"")
    assert count(file) == 2
    file.close()


def test_a_closed_file_takes_no_events(tmp_path):
    file = opened(tmp_path)
    file.add("x", ONE, 0, b"")
    file.close()
    file.close()
    file.flush()
    assert file.closed
    with pytest.raises(FailedPreconditionError, match=r"summary 'x': the writer of .* is closed"):
        file.add("x", ONE, 1, b"")
    assert count(file) == 1


def test_metadata_must_be_metadata(tmp_path):
    file = opened(tmp_path)
    with pytest.raises(InvalidArgumentError, match="metadata is not a serialized SummaryMetadata"):
        file.add("x", ONE, 0, b"\xff\xff")
    file.close()
    assert count(file) == 0


def test_a_file_in_the_place_of_the_folder_is_an_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FailedPreconditionError, match="a file stands where a folder is needed"):
        opened(tmp_path / "file")
    with pytest.raises(FailedPreconditionError, match="a file stands where a folder is needed"):
        opened(tmp_path / "file" / "below")


def test_threads_do_not_mix_their_events(tmp_path, read):
    file = opened(tmp_path, max_queue=3)

    def add(number: int) -> None:
        for step in range(100):
            file.add(f"thread {number}", ONE, step, b"")

    threads = [threading.Thread(target=add, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    file.close()
    found = [(e.summary.value[0].tag, e.step) for e in read(file.path)[1:]]
    assert sorted(found) == sorted((f"thread {n}", s) for n in range(8) for s in range(100))


PRELUDE = """
import os, signal, sys
from pathlib import Path
import freshet as ft
writer = ft.summary.create_file_writer(sys.argv[1], max_queue=2)
writer.set_as_default()
"""


def run(tmp_path, program: str) -> int:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRELUDE + program, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return done.returncode


def steps(path, read) -> list[int]:
    return [event.step for event in read(path) if event.summary.value]


def test_a_writer_still_open_when_python_ends_loses_nothing(tmp_path, read):
    assert run(tmp_path, "ft.summary.scalar('x', 1.0, step=7)") == 0
    assert steps(tmp_path, read) == [7]


def test_a_killed_process_loses_at_most_its_queue(tmp_path, read):
    program = (
        "for step in range(8):\n"
        "    ft.summary.scalar('x', 1.0, step=step)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert run(tmp_path, program) == -signal.SIGKILL
    assert steps(tmp_path, read) == [0, 1, 2, 3, 4, 5]


FORK = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: NumPy's threads may be running
ft.summary.scalar('x', 1.0, step=1)
child = os.fork()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_process_writes_a_file_of_its_own(tmp_path, read):
    program = FORK + (
        "ft.summary.scalar('x', 1.0, step=2 if child else 3)\nif child:\n    os.waitpid(child, 0)"
    )
    assert run(tmp_path, program) == 0
    assert sorted(steps(path, read) for path in tmp_path.iterdir()) == [[1, 2], [3]]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_process_that_writes_nothing_leaves_nothing(tmp_path, read):
    program = FORK + ("if child:\n    os.waitpid(child, 0)\nelse:\n    ft.summary.flush()")
    assert run(tmp_path, program) == 0
    assert steps(tmp_path, read) == [1]
