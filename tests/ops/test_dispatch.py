"""Public functions with overloads for other kinds of tensor."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import freshet as ft
from freshet.core.composite import CompositeTensorError
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import composites, dispatched, overload, overload_named


@dispatched
def doubled(x: Any, *, times: int = 2) -> Any:
    """Return a multiple."""
    return convert_to_tensor(x) * times


@dispatched
def tripled(x: Any) -> Any:
    return convert_to_tensor(x) * 3


def ragged() -> Any:
    return ft.ragged.constant([[1], [2, 3]])


def test_a_plain_tensor_runs_the_function() -> None:
    assert int(doubled(2, times=5)) == 10
    assert inspect.signature(doubled).parameters.keys() == {"x", "times"}
    assert doubled.__doc__ == "Return a multiple."


def test_without_an_overload_the_refusal_stays() -> None:
    @dispatched
    def nothing(x: Any) -> Any:
        return convert_to_tensor(x)

    with pytest.raises(CompositeTensorError, match="RaggedTensor is not a plain tensor"):
        nothing(ragged())


def test_an_overload_takes_its_kind() -> None:
    @overload(doubled, ft.RaggedTensor)
    def of_ragged(x: Any, *, times: int = 2) -> Any:
        return x.with_flat_values(doubled(x.flat_values, times=times))

    assert doubled(ragged(), times=3).to_list() == [[3], [6, 9]]
    assert doubled(x=ragged()).to_list() == [[2], [4, 6]]


def test_an_overload_may_be_made_when_it_is_needed() -> None:
    made = []

    def maker(function: Any) -> Any:
        made.append(function)
        return lambda x: x.with_flat_values(function(x.flat_values))

    overload_named("tripled other", ft.RaggedTensor, maker)
    assert tripled(ragged()).to_list() == tripled(ragged()).to_list() == [[3], [6, 9]]
    assert made == [tripled]


def test_composites_are_found_in_structures() -> None:
    x = ragged()
    assert [c is x for c in composites([1, [x, (x,)], {"a": x}])] == [True, True, True]


def test_primitives_refuse_what_is_no_tensor() -> None:
    from freshet.ops.elementwise import negative_p

    with pytest.raises(CompositeTensorError):
        negative_p(ragged())
