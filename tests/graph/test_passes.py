"""Every pass from graph to graph, by pages that show before and after.

A page in ``golden/`` is a row of cases: a title, a graph, and what the pass makes of it. To add a
case write title and graph, run ``pytest --update-golden`` and read what it added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from freshet.compiler.pipeline import GRAPH_PASSES
from freshet.core.shapes import TensorSpec, TensorType
from freshet.graph.interpret import interpret
from freshet.graph.ir import Graph, verify
from freshet.graph.parsing import parse
from freshet.graph.passes.simplify import simplify
from freshet.graph.passes.specialize import specialize
from freshet.testing.compare import assert_agree
from freshet.testing.samples import random_array

PAGES = Path(__file__).parent / "golden"
UNKNOWN = 3
"""What every unknown size turns out to be."""


def known(types: Sequence[TensorType]) -> list[TensorType]:
    return [TensorType(t.dtype, tuple(UNKNOWN if d is None else d for d in t.shape)) for t in types]


def specialized(graph: Graph) -> Graph:
    return specialize(graph, known([v.type for v in graph.inputs]))


PASSES: dict[str, Callable[[Graph], Graph]] = {
    "specialize": specialized,
    **{name: p for name, p in GRAPH_PASSES.items() if not name.endswith(("_again", "_twice"))},
}


def cases(name: str) -> list[tuple[str, Graph]]:
    """Return the titles and graphs of a page."""
    parts = (PAGES / f"{name}.txt").read_text(encoding="utf-8").split("## ")[1:]
    pairs = [part.split("\n", 1) for part in parts]
    return [(title, parse(body.split("-->")[0])) for title, body in pairs]


@pytest.mark.parametrize("name", PASSES)
def test_the_page_shows_what_the_pass_does(name: str, golden: Callable[[Path, str], None]) -> None:
    page = [f"## {title}\n\n{g}\n-->\n\n{PASSES[name](g)}" for title, g in cases(name)]
    golden(PAGES / f"{name}.txt", "\n".join(page))


def inputs_of(graph: Graph) -> list[np.ndarray]:
    types = known([v.type for v in graph.inputs])
    return [random_array(TensorSpec(t.shape, t.dtype), i) for i, t in enumerate(types)]


@pytest.mark.parametrize("name", PASSES)
def test_before_and_after_mean_the_same(name: str) -> None:
    for title, before in cases(name):
        after = PASSES[name](before)
        verify(after)
        inputs = inputs_of(before)
        # A matrix product may add up in another order if a factor is turned.
        slack = 1e-5 if name == "hoist_transposes" else 0.0
        for x, y in zip(interpret(after, inputs), interpret(before, inputs), strict=True):
            assert_agree(x, y, slack=slack, signed_zeros=False, what=title)


@pytest.mark.parametrize("name", PASSES)
def test_a_second_time_changes_nothing(name: str) -> None:
    for title, before in cases(name):
        once = PASSES[name](before)
        assert str(PASSES[name](once)) == str(once), title


def test_a_pass_leaves_its_argument_as_it_is() -> None:
    for name, change in PASSES.items():
        for title, graph in cases(name):
            text = str(graph)
            change(graph)
            assert str(graph) == text, title


def test_the_stages_together() -> None:
    graph = parse(
        "graph f(%x: f32[4]) {\n"
        "  %0: f32[] = constant(value=2.0)\n"
        "  %1: f32[] = constant(value=-2.0)\n"
        "  %2: f32[] = add(%0, %1)\n"
        "  %3: f32[4] = add(%x, %2)\n"
        "  %4: f32[4] = exp(%3)\n"
        "  %5: f32[4] = exp(%x)\n"
        "  %6: f32[4] = add(%4, %5)\n"
        "  return %6\n}\n"
    )
    assert str(simplify(graph)) == (
        "graph f(%x: f32[4]) {\n"
        "  %0: f32[4] = exp(%x)\n"
        "  %1: f32[4] = add(%0, %0)\n"
        "  return %1\n}\n"
    )
