"""Sharing the emitter's and LLVM's work among processes, and doing without those that fail."""

from __future__ import annotations

import functools
import sys
import textwrap

import pytest

from freshet.compiler.assemble import assemble
from freshet.compiler.emit.module import emit
from freshet.compiler.kernel import Kernel
from freshet.compiler.kernel_text import parse
from freshet.compiler.target import host
from freshet.runtime import assembling, cache
from freshet.testing.primitives import threads

COUNT = 4 * assembling.SHARE


def kernel(number: int) -> Kernel:
    size = number + 1
    text = f"""
        kernel add
          in in0: f32[{size}]
          out out0: f32[{size}]
          outer i0={size}
          stage
            %0: f32 = load in0[i0]
            %1: f32 = add %0 1.5:f32
            store out0[i0] %1
          schedule loops vector=i0 unroll=1 block=16
    """
    return parse(textwrap.dedent(text).strip())


def kernels() -> dict[str, Kernel]:
    return {f"f{n}": kernel(n) for n in range(2, 2 + COUNT)}


@functools.cache
def expected() -> dict[str, bytes]:
    return {
        key: assemble(emit(k, host(), cache.symbol_of(key)), host(), few_passes=True)
        for key, k in kernels().items()
    }


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_code_does_not_depend_on_who_makes_it(count: int) -> None:
    with threads(count):
        assert assembling.assemble_all(kernels(), host()) == expected()


@pytest.mark.parametrize("early", [0, 1])
def test_a_helper_takes_part(early: int, monkeypatch: pytest.MonkeyPatch) -> None:
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
    wanted = expected()
    made: list[str] = []
    monkeypatch.setattr(assembling, "assemble", lambda text, *a, **k: made.append(text) or b"")
    with threads(2), assembling.helpers(early) as ready:
        found = assembling.assemble_all(kernels(), host(), ready)
    assert not made
    assert found == wanted


def test_as_many_helpers_as_there_are_processors_and_work_for() -> None:
    with threads(4):
        wanted = [assembling.helpers_for(n * assembling.SHARE) for n in (0, 1, 2, 3, 9)]
        assert wanted == [0, 0, 1, 2, 3]


def test_helpers_end_with_the_block() -> None:
    with assembling.helpers(2) as ready:
        processes = [helper._process for helper in ready]
        assert all(p is not None and p.poll() is None for p in processes)
    assert all(p is not None and p.poll() is not None for p in processes)


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
        assert assembling.assemble_all(kernels(), host()) == expected()


def test_no_interpreter_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with threads(2):
        assert assembling.assemble_all(kernels(), host()) == expected()


def test_a_text_that_llvm_rejects_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembling, "emit", lambda kernel, target, symbol: "define nonsense")
    with threads(2), pytest.raises(RuntimeError, match="LLVM IR parsing error"):
        assembling.assemble_all(dict(list(kernels().items())[:2]), host())
