"""Kernels as text: what cannot be read is refused, and the message says which line and why."""

from __future__ import annotations

import re

import pytest

from freshet.compiler import kernel_text
from freshet.compiler.kernel import Loop, Loops, Rounds, Tiles

GOOD = """\
kernel row_roots
  in in0: f32[50,70], in1: u8[]
  out out0: f32[50]
  outer i0=50
  stage k0=70
    %0: f32 = load in0[i0, 2*k0 - 1] else -inf
    %1: f32 = sub %0 -0.0:f32
    %acc0: f32 = sum %1
    %acc1: i64 = argmax %1 at 3*k0 + 1
  stage
    %0: bool = inside (i0 - 1)/2 < 20
    %1: f32 = sqrt %acc0
    %2: f32 = select %0 %1 nan:f32
    store out0[i0] %2
  schedule loops vector=k0 unroll=4 block=0
"""
TILES = (
    "tiles units=i0:1,i1:7 loops=k2:16 rows=i0:1,i1:1,i2:14 column=i3x2 depth=k0,k1,k2 "
    "swap=True pack_scalar=2 pack_vector=None accumulate=2"
)


def test_every_part_of_a_kernel_parses_back() -> None:
    kernel = kernel_text.parse(GOOD)
    assert str(kernel) == GOOD
    assert kernel.outer == ("i0",)
    assert kernel.extents == {"i0": 50, "k0": 70}
    assert kernel.schedule == Loops("k0", 4, 0)
    assert [len(s.statements) for s in kernel.stages] == [2, 1]


def test_rounds_parse_back() -> None:
    text = GOOD.replace("  outer", "  rounds 3 of in0, out0\n  outer", 1)
    kernel = kernel_text.parse(text)
    assert str(kernel) == text
    assert kernel.rounds == Rounds(3, frozenset({"in0", "out0"}))


def test_notes_blank_lines_and_indents_do_not_count() -> None:
    text = GOOD.replace("\n  ", "\n\n").replace("i0=50\n", "i0=50  # rows\n# a note\n")
    assert str(kernel_text.parse(text)) == GOOD


def test_a_tiled_schedule_parses_back() -> None:
    schedule = kernel_text.parse_schedule(TILES)
    assert isinstance(schedule, Tiles)
    assert schedule.units == (Loop("i0", 1), Loop("i1", 7))
    assert (schedule.pack_scalar, schedule.pack_vector, schedule.accumulate) == (2, None, 2)
    assert kernel_text.schedule_text(schedule) == TILES


def test_a_schedule_with_nothing_in_a_list_parses_back() -> None:
    text = (
        "tiles units=- loops=- rows=- column=i3x4 depth=- "
        "swap=False pack_scalar=None pack_vector=None accumulate=None"
    )
    assert kernel_text.schedule_text(kernel_text.parse_schedule(text)) == text
    assert kernel_text.parse_schedule(text) == Tiles((), (), (), "i3", 4, ())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("f32[50]", "f33[50]", "unknown dtype 'f33'"),
        ("in0: f32", "in0 f32", "expected: name: dtype[size,...], ..."),
        ("f32[50,70]", "f32[50,x]", "expected: name: dtype[size,...], ..."),
        ("in1: u8[]", "in0: u8[]", "there are two buffers 'in0'"),
        ("outer i0=50", "outer i0", "expected: axis=extent ..."),
        ("outer i0=50", "outer i0=-1", "expected: axis=extent ..."),
        ("sub %0", "sub %9", "%9 is not known here"),
        ("sqrt %acc0", "sqrt %acc7", "%acc7 is not known here"),
        ("sub %0 -0.0:f32", "sub %0", "sub has 2 operands, not 1"),
        ("select %0 %1 nan:f32", "select %0 %1", "select has 3 operands, not 2"),
        ("sub %0", "minus %0", "unknown operation 'minus'"),
        ("-0.0:f32", "zero:f32", "could not convert string to float: 'zero'"),
        ("-0.0:f32", "0.0", "unknown dtype '0.0'"),
        ("load in0[i0, 2*k0 - 1]", "load in0[i0, 2*k0 - 1", "expected: load buffer[index, ...]"),
        ("load in0", "load in7", "there is no buffer 'in7'"),
        ("load in0[i0, 2*k0 - 1]", "load in0[i0]", "in0 has 2 dimensions, not 1"),
        ("2*k0 - 1]", "2*z0 - 1]", "there is no axis 'z0'"),
        ("2*k0 - 1]", "2* - 1]", "cannot read the index ' 2* - 1'"),
        ("(i0 - 1)/2", "(i0 - 1)/0", "cannot divide by 0"),
        ("at 3*k0", "at 3*k1", "there is no axis 'k1'"),
        ("store out0[i0] %2", "store out0[i0]", "expected: store or add, buffer[index, ...]"),
        ("store out0[i0] %2", "put out0[i0] %2", "expected: %name: dtype = operation operands"),
        ("stage k0=70", "# stage", "expected a stage before the first statement"),
        ("vector=k0", "vector=k9", "there is no axis 'k9'"),
        ("unroll=4", "unroll=x", "invalid literal for int() with base 10: 'x'"),
        (" unroll=4", "", "expected: schedule loops vector=... unroll=... block=..., or tiles"),
        ("schedule loops", "schedule spiral", "expected: schedule loops"),
        ("kernel row_roots", "", "a text is one kernel, and starts with: kernel name"),
        ("  schedule", "kernel second\n  schedule", "a text is one kernel"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_named_with_the_reason(
    old: str, new: str, message: str
) -> None:
    assert old in GOOD
    broken = GOOD.replace(old, new, 1)
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        kernel_text.parse(broken)
    line = re.fullmatch(r"cannot read the kernel line '(.*)': .*", str(error.value))
    assert line is not None
    assert line[1] in broken


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n"])
def test_an_empty_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cannot read an empty text as a kernel"):
        kernel_text.parse(text)
