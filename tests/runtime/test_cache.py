"""The kernel cache on disk, as processes see it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import freshet as ft
from freshet.core.config import config
from freshet.runtime import cache

PROGRAM = """
import numpy as np
import freshet as ft
from freshet.runtime import assembling, code

compiled = []
assemble = code.assemble
code.assemble = assembling.assemble = lambda *a, **k: compiled.append(1) or assemble(*a, **k)

x = np.arange(12, dtype=np.float32).reshape(3, 4)
run = ft.function(lambda x: (ft.exp(x * 0.1) @ ft.ones([4, 2]), ft.reduce_sum(ft.sin(x))))
product, total = run(x)
np.testing.assert_allclose(product.numpy(), np.exp(x * 0.1) @ np.ones((4, 2)), rtol=1e-5)
np.testing.assert_allclose(total.numpy(), np.sin(x).sum(), rtol=1e-5)
print(len(compiled))
"""
"""Prints how many modules it had to compile."""


def start(folder: Path | str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        env=os.environ | {"FRESHET_CACHE": str(folder)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def compiled_by(process: subprocess.Popen[str]) -> int:
    """Wait for a process and return how many modules it compiled."""
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert not errors
    return int(output)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache that one run of the program leaves, made by two at once."""
    folder = tmp_path_factory.mktemp("cache") / "new" / "folder"
    found = [compiled_by(process) for process in [start(folder), start(folder)]]
    assert max(found) > 0
    return folder


def entries(folder: Path) -> list[Path]:
    return sorted((folder / "kernels").iterdir())


@pytest.fixture
def copied(filled: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    (folder / "kernels").mkdir(parents=True, mode=0o700)
    for entry in entries(filled):
        (folder / "kernels" / entry.name).write_bytes(entry.read_bytes())
    return folder


def test_two_processes_fill_one_cache_and_the_third_compiles_nothing(filled: Path) -> None:
    assert {e.suffix for e in entries(filled)} == {".o"}
    assert compiled_by(start(filled)) == 0


def test_entries_are_private_to_the_user(filled: Path) -> None:
    assert stat.S_IMODE((filled / "kernels").stat().st_mode) == 0o700
    assert {stat.S_IMODE(e.stat().st_mode) for e in entries(filled)} == {0o600}


def test_a_folder_that_others_can_write_is_closed(tmp_path: Path) -> None:
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels").chmod(0o777)
    config.cache = tmp_path
    cache.store("a", b"code")
    assert stat.S_IMODE((tmp_path / "kernels").stat().st_mode) == 0o700


def bit_flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "truncated": lambda data: data[:-100],
    "only the header": lambda data: data[:40],
    "one bit": bit_flipped,
    "longer": lambda data: data + b"\0",
    "another format": lambda data: b"\x7fELF" + data,
    "text": lambda data: b"no object code at all\n" * 100,
}


def test_damaged_entries_are_rebuilt_without_a_word(copied: Path) -> None:
    good = {e: e.read_bytes() for e in entries(copied)}
    damage = list(DAMAGE.values())
    for number, (entry, data) in enumerate(good.items()):
        entry.write_bytes(damage[number % len(damage)](data))
    kernels = [e for e in good if not e.stem.endswith("-program")]
    assert 0 < len(kernels) < len(good)
    assert compiled_by(start(copied)) == len(kernels)
    assert {e: e.read_bytes() for e in entries(copied)} == good


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_entry_is_missing(how: str, tmp_path: Path) -> None:
    config.cache = tmp_path
    code = bytes(range(256)) * 4
    cache.store("key", code)
    path = tmp_path / "kernels" / "key.o"
    assert cache.load("key") == code
    path.write_bytes(DAMAGE[how](path.read_bytes()))
    assert cache.load("key") is None
    cache.store("key", code)
    assert cache.load("key") == code


def test_an_entry_that_cannot_be_read_is_missing(tmp_path: Path) -> None:
    config.cache = tmp_path
    cache.store("key", b"code")
    (tmp_path / "kernels" / "key.o").unlink()
    (tmp_path / "kernels" / "key.o").mkdir()
    assert cache.load("key") is None
    cache.store("key", b"code")


def test_an_entry_under_another_name_is_missing(tmp_path: Path) -> None:
    config.cache = tmp_path
    cache.store("key", b"code")
    (tmp_path / "kernels" / "key.o").rename(tmp_path / "kernels" / "other.o")
    assert cache.load("other") is None


@pytest.mark.parametrize("kind", ["a file", "below a file", "off"])
def test_without_a_folder_everything_is_compiled(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    folder = {"a file": str(file), "below a file": str(file / "cache"), "off": ""}[kind]
    assert compiled_by(start(folder)) > 0
    assert file.read_text() == "mine"


def test_what_was_not_used_for_longest_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.cache = tmp_path
    monkeypatch.setattr(cache, "LARGEST", 2500)
    for number, key in enumerate("abcd"):
        cache.store(key, bytes(1000))
        os.utime(tmp_path / "kernels" / f"{key}.o", (number, number))
    assert cache.load("a") == bytes(1000)  # it is used again
    cache.trim()
    assert [e.stem for e in entries(tmp_path)] == ["a", "d"]


def test_compiling_keeps_the_cache_within_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.cache = tmp_path
    monkeypatch.setattr(cache, "LARGEST", 10_000)
    for size in range(1, 9):
        run = ft.function(lambda x: ft.exp(x) - 0.123)
        run(np.zeros((size, 211), np.float32))
    sizes = [e.stat().st_size for e in entries(tmp_path)]
    assert sizes
    assert sum(sizes) <= 10_000
