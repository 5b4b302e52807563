"""Names, devices and order around operations."""

from __future__ import annotations

from typing import Any

import pytest

import freshet as ft


class TestNames:
    def test_variables_get_the_scopes_names(self) -> None:
        with ft.name_scope("a") as outer:
            first = ft.Variable(1.0, name="v")
            with ft.name_scope("b") as inner, ft.name_scope("c/"):
                third = ft.Variable(1.0)
            second = ft.Variable(1.0, name="w")
        assert (outer, inner) == ("a/", "a/b/")
        assert [v.name for v in (first, second, third)] == ["a/v:0", "a/w:0", "c/Variable:0"]
        assert ft.Variable(1.0, name="x").name == "x:0"

    def test_a_scope_is_left_after_an_error_and_can_be_used_again(self) -> None:
        scope = ft.name_scope("a")
        with pytest.raises(KeyError), scope:
            raise KeyError
        with scope, scope:
            assert ft.Variable(1.0, name="v").name == "a/a/v:0"
        assert ft.Variable(1.0, name="v").name == "v:0"

    def test_operations_belong_to_the_scope(self) -> None:
        @ft.function
        def f(x: Any) -> Any:
            with ft.name_scope("block"), ft.name_scope("inner"):
                return x + 1

        graph = f.get_concrete_function(ft.constant(1)).graph
        assert graph.nodes[-1].source.part == "block/inner"

    def test_only_strings_are_names(self) -> None:
        with pytest.raises(ValueError, match="must be a string, received 3"):
            ft.name_scope(3)  # type: ignore[arg-type]


class TestDevices:
    @pytest.mark.parametrize(
        "name",
        [
            "/CPU:0", "CPU:0", "cpu", "/GPU:1", "/device:GPU:*", None, "", "/job:worker/task:1",
            "/job:localhost/replica:0/task:0/device:CPU:0",
        ],
    )  # fmt: skip
    def test_names_of_devices(self, name: Any) -> None:
        with ft.device(name):
            assert ft.constant(1.0).device.endswith("CPU:0")
        for device in ft.config.list_logical_devices():
            with ft.device(device):
                pass

    @pytest.mark.parametrize("name", ["nonsense", "/CPU:x", "/job:a/b", 3])
    def test_other_names(self, name: Any) -> None:
        with pytest.raises(ValueError, match="device: "):
            ft.device(name)


def test_order_is_kept() -> None:
    v = ft.Variable(1.0)

    @ft.function
    def f() -> Any:
        with ft.control_dependencies([v.assign(5.0)]):
            return v.read_value()

    assert float(f()) == 5
    with ft.control_dependencies(None):
        pass


def test_whether_a_function_is_traced() -> None:
    assert not ft.inside_function()
    seen: list[bool] = []

    def f() -> None:
        seen.append(ft.inside_function())
        with ft.init_scope():
            seen.append(ft.inside_function())

    ft.function(f)()
    assert seen == [True, False]


def test_the_time() -> None:
    f = ft.function(lambda: ft.timestamp())
    first, second, third = float(ft.timestamp()), float(f()), float(f())
    assert first < second < third < first + 60
    assert f().dtype == ft.float64
