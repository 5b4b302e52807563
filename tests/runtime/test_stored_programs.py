"""Programs kept on disk: what a second process runs without the compiler."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import freshet as ft
from freshet.compiler.calls import HostCall
from freshet.core.config import config
from freshet.graph.text import fingerprint
from freshet.ops.elementwise_rules import FLOATS, elementwise
from freshet.ops.primitive import PRIMITIVES, NoGradient, Primitive
from freshet.ops.scalar import Expr
from freshet.runtime import cache, stored_programs
from freshet.runtime.execute import Executable, NativeExecutor
from freshet.testing.primitives import trace

PROGRAM = """
import sys
import numpy as np
import freshet as ft

total = ft.Variable(np.zeros(3, np.float32))
table = np.arange(60, dtype=np.float32).reshape(20, 3) - 30.0

@ft.function
def steps(x, count):
    total.assign_add(ft.reduce_sum(x @ table, axis=0))
    for i in ft.range(count):
        if ft.reduce_sum(x) > 3.0:
            x = x * 0.75 + ft.cast(i, ft.float32)
        else:
            x = x - ft.sin(x)
    scanned = ft.scan(lambda s, e: 0.5 * s + e, x)
    rows = ft.gather(ft.constant(table), ft.constant([3, 1, 4]))
    return x, scanned, rows + total

x = np.linspace(-1, 1, 80, dtype=np.float32).reshape(4, 20)
for count in (0, 5):
    for found in steps(x, ft.constant(count)):
        sys.stdout.buffer.write(found.numpy().tobytes())
sys.stdout.buffer.write(total.numpy().tobytes())
try:
    ft.function(lambda x: ft.debugging.assert_positive(x, message="no debts"))(x)
except ft.errors.InvalidArgumentError as error:
    print(str(error).partition("File")[0])
print("with compiler:", "freshet.compiler.pipeline" in sys.modules, file=sys.stderr)
"""


def run(folder: Path, program: str = PROGRAM) -> tuple[bytes, str]:
    """Run a program in a process of its own; return what it wrote to both streams."""
    file = folder / "program.py"
    file.write_text(program)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(file)], capture_output=True, check=False,
        env=os.environ | {"FRESHET_CACHE": str(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout, done.stderr.decode()


def without_failure(program: str) -> str:
    head, _, rest = program.partition("try:")
    return head + rest[rest.index('print("with') :]


def test_a_second_process_computes_the_same(tmp_path: Path) -> None:
    first, _ = run(tmp_path)
    second, _ = run(tmp_path)
    assert b"no debts" in first
    assert second == first


def test_it_needs_no_compiler(tmp_path: Path) -> None:
    program = without_failure(PROGRAM)
    assert "with compiler: True" in run(tmp_path, program)[1]
    assert "with compiler: False" in run(tmp_path, program)[1]


def test_a_failed_check_compiles_to_say_what_was_found(tmp_path: Path) -> None:
    (first, _), (second, said) = run(tmp_path), run(tmp_path)
    assert "with compiler: True" in said
    assert second == first


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    config.cache = tmp_path
    return tmp_path / "kernels"


def program(x: ft.Tensor) -> list[ft.Tensor]:
    return [ft.tanh(x) @ ft.ones([4, 2]) + 0.25, ft.reduce_sum(x)]


X = np.arange(12, dtype=np.float32).reshape(3, 4)


def executable(function: object = program) -> Executable:
    return NativeExecutor(trace("program", function, [X])).executable([X], ())


def kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("*-program.o"))


def test_what_was_kept_is_found(folder: Path) -> None:
    first, second = executable(), executable()
    assert len(kept(folder)) == 1
    assert second.outline is not first.outline
    assert second.outline == first.outline
    for a, b in zip(first.run([X], ()), second.run([X], ()), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_kernels_are_there_when_asked_for(folder: Path) -> None:
    first, second = executable(), executable()
    assert kept(folder)
    assert list(map(str, second.program.kernels)) == list(map(str, first.program.kernels))


def test_damage_means_compiling_again(folder: Path) -> None:
    executable()
    (entry,) = kept(folder)
    good = entry.read_bytes()
    for damaged in (b"", good[:-3], good + b" ", good.replace(b"input", b"inbut")):
        entry.write_bytes(damaged)
        np.testing.assert_allclose(executable().run([X], ())[1], X.sum())
        assert entry.read_bytes() == good


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}\n", b'{"constants":[["f32",[2]]]}', b"\xff", b'{"constants":3}']
)
def test_an_entry_of_another_form_is_missing(folder: Path, content: bytes) -> None:
    cache.store("key-program", content)
    assert folder.exists()
    assert stored_programs.find("key-program") is None


def test_without_its_code_it_is_compiled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable()
    for entry in folder.iterdir():
        if entry not in kept(folder):
            entry.unlink()
    monkeypatch.setattr("freshet.runtime.code._addresses", {})
    np.testing.assert_allclose(executable().run([X], ())[1], X.sum())


def test_another_compiler_finds_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable()
    monkeypatch.setattr(stored_programs, "_compiler", lambda: "another")
    executable()
    assert len(kept(folder)) == 2


def test_where_files_cannot_be_told_apart_nothing_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_programs, "_compiler", lambda: None)
    executable()
    assert not kept(folder)


def test_programs_that_call_python_are_not_kept(folder: Path) -> None:
    values = executable(lambda x: [ft.linalg.eigvalsh(ft.matmul(x, x, transpose_b=True))])
    assert any(isinstance(call, HostCall) for call in values.outline.calls)
    assert not kept(folder)


def test_programs_with_primitives_of_the_users_own_are_not_kept(folder: Path) -> None:
    def twice(name: str, lower: Callable[[Expr], Expr]) -> Primitive:
        never = NoGradient("not needed")
        return elementwise(name, FLOATS, reference=np.add, gradient=never, lower=lower)

    mine = PRIMITIVES.get("mine_twice") or twice("mine_twice", lambda x: x + x)
    assert not mine.is_own
    assert PRIMITIVES["exp"].is_own
    executable(lambda x: [ft.tanh(mine(x))])
    executable(lambda x: [ft.cond(x[0, 0] > 0, lambda: mine(x), lambda: x)])
    assert not kept(folder)


def test_large_constants_are_not_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_programs, "LARGEST_CONSTANTS", 100)
    table = np.arange(52, dtype=np.float32).reshape(4, 13)
    executable(lambda x: [ft.tanh(x) @ table])
    assert not kept(folder)


def test_nothing_is_found_while_schedules_are_looked_for(folder: Path) -> None:
    executable()
    config.tune = True
    try:
        assert stored_programs.key_of(trace("program", program, [X]), []) is None
    finally:
        config.tune = False
    stored_programs.forget_all()
    assert not kept(folder)


def text(function: object) -> str:
    return fingerprint(trace("program", function, [X]))


def test_fingerprints_tell_what_is_computed() -> None:
    zeros, changed = np.zeros(100, np.float32), np.zeros(100, np.float32)
    changed[57] = -0.0
    assert text(lambda x: [x + 1.0]) == text(
        lambda x: [x + 1.0]  # another line
    )
    different = {
        text(lambda x: [x + 1.0]),
        text(lambda x: [x + 1.5]),
        text(lambda x: [1.0 + x]),
        text(lambda x: [x + 1.0, x]),
        text(lambda x: [ft.reduce_sum(x) + zeros]),
        text(lambda x: [ft.reduce_sum(x) + changed]),
        text(lambda x: [ft.cond(x[0, 0] > 0, lambda: x, lambda: x + 1.0)]),
        text(lambda x: [ft.cond(x[0, 0] > 0, lambda: x, lambda: x + 2.0)]),
    }
    assert len(different) == 8
