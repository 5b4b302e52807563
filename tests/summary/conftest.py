"""What tests of summaries share: TensorBoard's own reader, and a thread without a writer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto import event_pb2

from freshet.summary.state import state


@pytest.fixture(autouse=True)
def _no_default_writer() -> Iterator[None]:
    state.writer = state.step = state.condition = None
    yield
    state.writer = state.step = state.condition = None


@pytest.fixture
def read() -> Callable[[Path], list[Any]]:
    """Return a function that reads the events of a file, or of the only file of a folder."""

    def events(path: Path) -> list[Any]:
        if path.is_dir():
            (path,) = path.iterdir()
        return [event_pb2.Event.FromString(e) for e in RawEventFileLoader(str(path)).Load()]

    return events


@pytest.fixture
def values(read: Callable[[Path], list[Any]]) -> Callable[[Path], list[Any]]:
    """Return a function that reads the summary values of a file."""
    return lambda path: [value for event in read(path) for value in event.summary.value]
