"""Sharing LLVM's work among processes, and doing without those that fail."""

from __future__ import annotations

import sys

import pytest

from freshet.compiler.assemble import assemble
from freshet.compiler.target import host
from freshet.runtime import assembling
from freshet.testing.primitives import threads

COUNT = 4 * assembling.SHARE


def text(number: int) -> str:
    return (
        f'target triple = "{host().triple}"\ndefine i64 @f{number}() {{\n  ret i64 {number}\n}}\n'
    )


def texts() -> assembling.Texts:
    return {f"f{n}": lambda n=n: text(n) for n in range(COUNT)}


def expected() -> dict[str, bytes]:
    return {f"f{n}": assemble(text(n), host()) for n in range(COUNT)}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_code_does_not_depend_on_who_makes_it(count: int) -> None:
    with threads(count):
        assert assembling.assemble_all(texts(), host()) == expected()


def test_a_helper_takes_part(monkeypatch: pytest.MonkeyPatch) -> None:
    here = assembling._Work.here
    # This process leaves all of it to the helper, at first.
    calls: list[int] = []

    def late(work: assembling._Work) -> None:
        calls.append(1)
        if len(calls) > 1:
            here(work)
        else:
            while work.waiting:
                pass

    monkeypatch.setattr(assembling._Work, "here", late)
    made: list[str] = []
    monkeypatch.setattr(assembling, "assemble", lambda text, target: made.append(text) or b"")
    with threads(2):
        found = assembling.assemble_all(texts(), host())
    assert not made
    assert found == expected()


@pytest.mark.parametrize(
    "code",
    [
        "raise SystemExit(1)", "import time; time.sleep(0.1)", "print('no frame')", "1 +",
        "print('noise in front', flush=True); " + assembling._CODE,
    ],
)  # fmt: skip
def test_a_helper_that_fails_is_replaced(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembling, "_CODE", code)
    with threads(2):
        assert assembling.assemble_all(texts(), host()) == expected()


def test_no_interpreter_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with threads(2):
        assert assembling.assemble_all(texts(), host()) == expected()


def test_a_text_that_llvm_rejects_is_an_error() -> None:
    wrong = dict(texts()) | {"bad": lambda: "define nonsense"}
    with threads(2), pytest.raises(RuntimeError, match="LLVM IR parsing error"):
        assembling.assemble_all(wrong, host())
