"""What every test shares: a kernel cache of the session's own, and golden files."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from freshet.core.config import config

_CACHE = "FRESHET_CACHE"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files")


def pytest_configure(config: pytest.Config) -> None:
    # Tests neither use nor fill the user's cache; worker and child processes share this one.
    if not hasattr(config, "workerinput"):
        os.environ[_CACHE] = tempfile.mkdtemp(prefix="freshet-tests-")
    _set_cache(Path(os.environ[_CACHE]))
    if hasattr(config, "workerinput"):
        _share_processors(config.workerinput["workercount"])


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(_CACHE), ignore_errors=True)


def _set_cache(folder: Path) -> None:
    config.cache = folder


def _share_processors(workers: int) -> None:
    """Give each of the processes that test its own processors: threads that meet cannot share."""
    config.num_threads = max(config.num_threads // workers, 1)


@pytest.fixture(autouse=True)
def _same_settings() -> Iterator[None]:
    """Undo what a test changes in the settings."""
    before = dict(vars(config))
    yield
    vars(config).update(before)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compare a text with a file, or with --update-golden write the file."""

    def check(path: Path, actual: str) -> None:
        if request.config.getoption("--update-golden"):
            assert not os.environ.get("CI"), "golden files are never rewritten in CI"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(actual, encoding="utf-8")
        assert path.exists(), f"{path} is missing: run pytest --update-golden, then read the diff"
        assert actual == path.read_text(encoding="utf-8")

    return check
