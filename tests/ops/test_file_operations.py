"""Whole files inside and outside functions: `ft.io.read_file` and its like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import freshet as ft


def test_what_is_written_is_read(tmp_path: Path) -> None:
    name = str(tmp_path / "new" / "folder" / "file.bin")
    assert ft.io.write_file(name, b"\0\xffa") is None
    assert ft.io.read_file(name).numpy() == b"\0\xffa"
    ft.io.write_file(name, "")
    assert ft.io.read_file(name).numpy() == b""


def test_a_function_reads_and_writes_in_order_each_time(tmp_path: Path) -> None:
    @ft.function
    def exchange(name: Any, contents: Any) -> Any:
        before = ft.io.read_file(name)
        ft.io.write_file(name, contents)
        return before, ft.io.read_file(name)

    name = str(tmp_path / "file")
    ft.io.write_file(name, "first")
    found = [
        tuple(t.numpy() for t in exchange(ft.constant(name), ft.constant(text)))
        for text in ("second", "third")
    ]
    assert found == [(b"first", b"second"), (b"second", b"third")]


def test_files_that_patterns_fit(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "c.bin"):
        (tmp_path / name).touch()
    folder = str(tmp_path)
    texts = [f"{folder}/a.txt".encode(), f"{folder}/b.txt".encode()]
    assert ft.io.matching_files(f"{folder}/*.txt").numpy().tolist() == texts
    both = ft.io.matching_files([f"{folder}/[ab].txt", f"{folder}/b*", f"{folder}/none*"])
    assert both.numpy().tolist() == texts
    assert ft.io.matching_files(f"{folder}/q*").shape == (0,)
    count = ft.function(lambda p: ft.size(ft.io.matching_files(p)))
    assert int(count(ft.constant(f"{folder}/*.txt"))) == 2


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ft.errors.NotFoundError, match="no such file"):
        ft.io.read_file(str(tmp_path / "nothing"))
    with pytest.raises(ft.errors.FailedPreconditionError, match="is a folder"):
        ft.io.read_file(str(tmp_path))
    with pytest.raises(ft.errors.InvalidArgumentError, match="single string"):
        ft.io.read_file([str(tmp_path)])
    with pytest.raises(ft.errors.InvalidArgumentError, match="expected strings"):
        ft.io.write_file(3, "a")
    with pytest.raises(ft.errors.NotFoundError, match="no such file"):
        ft.function(ft.io.read_file)(ft.constant(str(tmp_path / "nothing")))
