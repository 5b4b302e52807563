"""Every rewrite rule by its own example, and how patterns match."""

from __future__ import annotations

import pytest

from freshet.core.shapes import TensorSpec
from freshet.graph.interpret import interpret
from freshet.graph.ir import Graph, verify
from freshet.graph.parsing import parse
from freshet.graph.passes.rewriting import Rule, apply_rules
from freshet.graph.passes.simplify_algebra import RULES
from freshet.testing.compare import assert_agree
from freshet.testing.samples import random_array


@pytest.mark.parametrize("rule", RULES, ids=[r.match for r in RULES])
class TestEachRule:
    def test_its_example_is_what_it_does(self, rule: Rule) -> None:
        before, after = rule.example
        assert str(parse(before)) == before
        assert str(parse(after)) == after
        assert str(apply_rules(parse(before), [rule])) == after

    def test_both_sides_mean_the_same(self, rule: Rule) -> None:
        before, after = map(parse, rule.example)
        verify(after)
        for number in range(3):
            inputs = [
                random_array(TensorSpec(v.type.shape, v.type.dtype), number) for v in before.inputs
            ]
            for x, y in zip(interpret(after, inputs), interpret(before, inputs), strict=True):
                assert_agree(x, y, what=rule.match)


def graph(*lines: str) -> Graph:
    body = "".join(f"  {line}\n" for line in lines)
    return parse(f"graph f(%x: f32[4], %y: f32[4]) {{\n{body}}}\n")


def first(match: str) -> Rule:
    """Return a rule that replaces what it matches by the value called x."""
    return Rule(match, lambda rewriter, node, x, **_: x, ("", ""))


def test_a_name_used_twice_stands_for_one_value() -> None:
    rule = first("maximum(x, x)")
    same = graph("%0: f32[4] = maximum(%x, %x)", "return %0")
    other = graph("%0: f32[4] = maximum(%x, %y)", "return %0")
    assert apply_rules(same, [rule]).outputs[0].name == "x"
    assert str(apply_rules(other, [rule])) == str(other)


def test_the_first_rule_that_applies_wins() -> None:
    never = Rule("add(x, y)", lambda rewriter, node, x, y: None, ("", ""))
    second = Rule("add(x, y)", lambda rewriter, node, x, y: y, ("", ""))
    g = graph("%0: f32[4] = add(%x, %y)", "return %0")
    assert apply_rules(g, [never, second, first("add(x, z)")]).outputs[0].name == "y"


def test_a_replacement_of_another_type_is_not_taken() -> None:
    g = graph("%0: f32[] = reduce_sum(%x, axes=(0,))", "return %0")
    assert str(apply_rules(g, [first("reduce_sum(x)")])) == str(g)


def test_a_rule_sees_what_earlier_ones_made_of_the_operands() -> None:
    g = graph(
        "%0: f32[4] = negative(%x)", "%1: f32[4] = negative(%0)", "%2: f32[4] = negative(%1)",
        "%3: f32[4] = negative(%2)", "return %3",
    )  # fmt: skip
    assert apply_rules(g, RULES).outputs[0].name == "x"
