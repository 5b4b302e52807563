"""Tensors of strings: what operations on all tensors do with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import freshet as ft

A = [["a", "bc"], ["d", "é"]]
B = [["a", "x"], ["d", "y"]]
MASK = [[True, False], [False, True]]

CASES: dict[str, tuple[Callable[[Any, Any], Any], Any]] = {
    "equal": (lambda a, b: a == b, [[True, False], [True, False]]),
    "not equal": (lambda a, b: a != b, [[False, True], [False, True]]),
    "equal to a literal": (lambda a, b: a == "a", [[True, False], [False, False]]),
    "equal, broadcast": (lambda a, b: ft.equal(a[:1], b), [[True, False], [False, False]]),
    "added": (lambda a, b: a[0] + b[0], ["aa", "bcx"]),
    "reshape": (lambda a, b: ft.reshape(a, [4]), ["a", "bc", "d", "é"]),
    "concat": (lambda a, b: ft.concat([a, b[:1]], 0), [*A, B[0]]),
    "stack": (lambda a, b: ft.stack([a, b]), [A, B]),
    "unstack": (lambda a, b: ft.unstack(a)[1], A[1]),
    "gather": (lambda a, b: ft.gather(a, [1, 0, 1]), [A[1], A[0], A[1]]),
    "gather_nd": (lambda a, b: ft.gather_nd(a, [[1, 0]]), ["d"]),
    "where": (lambda a, b: ft.where(MASK, a, b), [["a", "x"], ["d", "é"]]),
    "tile": (lambda a, b: ft.tile(a[0], [2]), ["a", "bc", "a", "bc"]),
    "transpose": (lambda a, b: ft.transpose(a), [["a", "d"], ["bc", "é"]]),
    "expand_dims": (lambda a, b: ft.expand_dims(a, 0), [A]),
    "one element": (lambda a, b: ft.reshape(a[1, 1], [1]), ["é"]),
    "pad": (lambda a, b: ft.pad(a[0], [[1, 0]]), ["", "a", "bc"]),
    "reverse": (lambda a, b: ft.reverse(a, [0]), [A[1], A[0]]),
    "zeros_like": (lambda a, b: ft.zeros_like(a[0]), ["", ""]),
    "broadcast_to": (lambda a, b: ft.broadcast_to(a[0], [2, 2]), [A[0], A[0]]),
    "repeat": (lambda a, b: ft.repeat(a[0], 2), ["a", "a", "bc", "bc"]),
    "split": (lambda a, b: ft.split(a, 2)[1], [A[1]]),
    "update": (lambda a, b: ft.tensor_scatter_nd_update(a[0], [[1]], ["z"]), ["a", "z"]),
    "counted": (lambda a, b: ft.reshape(ft.reduce_sum(ft.cast(a == b, ft.int32)), [1]), [2]),
}


def encoded(value: Any) -> Any:
    if isinstance(value, list):
        return [encoded(v) for v in value]
    return value.encode() if isinstance(value, str) else value


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("way", ["eager", "compiled", "unknown sizes"])
def test_operations_on_all_tensors_take_strings(name: str, way: str) -> None:
    function, expected = CASES[name]
    if way == "compiled":
        function = ft.function(function)
    if way == "unknown sizes":
        if name in {"unstack", "split"}:  # the number of results depends on the size
            return
        spec = ft.TensorSpec([None, None], ft.string)
        function = ft.function(function, input_signature=[spec, spec])
    found = function(ft.constant(A), ft.constant(B)).numpy().tolist()
    assert found == encoded(expected)


def test_constants() -> None:
    tensor = ft.constant([["a", b"\xff\0"], ["é", ""]])
    assert tensor.dtype == ft.string
    assert tensor.shape == (2, 2)
    assert tensor.numpy().tolist() == [[b"a", b"\xff\0"], ["é".encode(), b""]]
    assert ft.constant("a\0").numpy() == b"a\0"
    assert ft.constant("hi", shape=[2]).numpy().tolist() == [b"hi", b"hi"]
    assert ft.constant([], ft.string).shape == (0,)
    assert ft.zeros([2], ft.string).numpy().tolist() == [b"", b""]
    assert ft.fill([2], "q").numpy().tolist() == [b"q", b"q"]
    assert ft.constant(np.array(["ab", "c"])).numpy().tolist() == [b"ab", b"c"]


def test_what_tensors_print() -> None:
    assert repr(ft.constant("a")) == "<ft.Tensor: shape=(), dtype=string, numpy=b'a'>"
    assert str(ft.constant(["a"])) == "ft.Tensor([b'a'], shape=(1,), dtype=string)"


def test_variables_hold_strings() -> None:
    variable = ft.Variable(["a", "b"])
    variable.assign(["c", "d"])
    assert variable.numpy().tolist() == [b"c", b"d"]
    assert (variable == "c").numpy().tolist() == [True, False]


def test_arithmetic_and_mixtures_are_refused() -> None:
    with pytest.raises(ft.errors.InvalidArgumentError, match=r"subtract: expected .* str"):
        ft.constant("a") - ft.constant("b")
    with pytest.raises(TypeError, match="received strings"):
        ft.constant("a", ft.int32)
    with pytest.raises(TypeError, match="one dtype"):
        ft.equal(ft.constant("a"), ft.constant(1))


def test_operations_compose_inside_a_function() -> None:
    @ft.function(input_signature=[ft.TensorSpec([None], ft.string)])
    def clean(lines: Any) -> Any:
        words = ft.strings.split(ft.strings.regex_replace(ft.strings.lower(lines), "[^a-z ]", ""))
        return ft.strings.reduce_join(words, axis=-1, separator="_"), ft.strings.length(lines)

    joined, lengths = clean(ft.constant(["Hello, World!", "", "A b"]))
    assert joined.numpy().tolist() == [b"hello_world", b"", b"a_b"]
    assert lengths.numpy().tolist() == [13, 0, 3]
    assert clean(ft.constant(["One more"]))[0].numpy().tolist() == [b"one_more"]


def test_strings_in_branches_and_loops() -> None:
    @ft.function
    def grown(word: Any, count: Any) -> Any:
        word = ft.cond(count > 2, lambda: ft.strings.upper(word), lambda: word)
        return ft.while_loop(
            lambda i, text: i < count,
            lambda i, text: (i + 1, ft.strings.join([text, ft.strings.as_string(i)])),
            [ft.constant(0), word],
        )[1]

    assert grown(ft.constant("a"), ft.constant(3)).numpy() == b"A012"
    assert grown(ft.constant("a"), ft.constant(1)).numpy() == b"a0"
    mapped = ft.function(lambda x: ft.map_fn(ft.strings.upper, x))
    assert mapped(ft.constant(["a", "bc"])).numpy().tolist() == [b"A", b"BC"]


def test_a_traced_error_names_the_line() -> None:
    function = ft.function(lambda x: ft.strings.to_number(x))
    with pytest.raises(ft.errors.InvalidArgumentError, match="'x' is no float32"):
        function(ft.constant(["1", "x"]))
