"""Exceptions: TensorFlow's names, built-in parents, and the line they name."""

from __future__ import annotations

import traceback
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.core.config import config
from freshet.core.errors import DTypeError, did_you_mean
from freshet.core.traceback import short_traceback

PARENTS: dict[str, type[BaseException]] = {
    "AbortedError": RuntimeError, "AlreadyExistsError": FileExistsError,
    "CancelledError": Exception, "DataLossError": ValueError, "DeadlineExceededError": TimeoutError,
    "FailedPreconditionError": RuntimeError, "InternalError": RuntimeError,
    "InvalidArgumentError": ValueError, "NotFoundError": LookupError,
    "OperatorNotAllowedInGraphError": TypeError, "OutOfRangeError": IndexError,
    "PermissionDeniedError": PermissionError, "ResourceExhaustedError": MemoryError,
    "UnauthenticatedError": PermissionError, "UnavailableError": ConnectionError,
    "UnimplementedError": NotImplementedError, "UnknownError": RuntimeError,
}  # fmt: skip


@pytest.mark.parametrize("name", PARENTS)
def test_names_and_parents(name: str) -> None:
    kind = getattr(ft.errors, name)
    assert issubclass(kind, ft.errors.OpError)
    assert issubclass(kind, PARENTS[name])
    error = kind("who: what is wrong")
    assert error.message == "who: what is wrong"
    assert str(error).startswith("who: what is wrong\n  at ")


def test_every_error_is_in_the_list() -> None:
    public = {n for n in vars(ft.errors) if n.endswith("Error")}
    assert public == {*PARENTS, "OpError"}


def test_a_wrong_dtype_is_also_a_type_error() -> None:
    assert issubclass(DTypeError, ft.errors.InvalidArgumentError)
    assert issubclass(DTypeError, TypeError)


def test_an_error_names_the_users_line() -> None:
    def wrong() -> Any:
        return ft.reshape(ft.ones([2]), [3])

    with pytest.raises(ft.errors.InvalidArgumentError) as caught:
        wrong()
    line = wrong.__code__.co_firstlineno + 1
    source = caught.value.source
    assert source is not None
    assert (source.file, source.line, source.function) == (__file__, line, "wrong")
    assert str(caught.value).endswith(
        f"\n  at {__file__}:{line} in wrong: return ft.reshape(ft.ones([2]), [3])"
    )


def test_a_line_without_a_file() -> None:
    names: dict[str, Any] = {"ft": ft}
    with pytest.raises(ft.errors.InvalidArgumentError, match=r"at <prompt>:2 in <module>$"):
        exec(compile("\nft.ones([-1])", "<prompt>", "exec"), names)


def test_tensorflows_constructor() -> None:
    for error in (
        ft.errors.NotFoundError(None, None, "gone"),
        ft.errors.NotFoundError(node_def=None, op=None, message="gone"),
        ft.errors.NotFoundError("gone"),
    ):
        assert (error.message, error.op, error.node_def) == ("gone", None, None)
        assert error.error_code == ft.errors.NOT_FOUND == 5
    assert ft.errors.OpError(None, None, "x", ft.errors.ABORTED).error_code == 10


def test_values_of_symbolic_tensors_are_what_tensorflow_raises() -> None:
    for use, kind in (
        (lambda x: x.numpy(), AttributeError),
        (lambda x: np.sin(x), NotImplementedError),
    ):
        with pytest.raises(kind, match="symbolic"):
            ft.function(use)(ft.ones(2))


def test_suggestions() -> None:
    assert did_you_mean("adm", ["adam", "sgd"]) == "; did you mean 'adam'?"
    assert did_you_mean("zzz", ["adam", "sgd"]) == ""


class TestShortTracebacks:
    def files(self) -> list[str]:
        guarded = short_traceback(ft.reshape)
        with pytest.raises(ft.errors.InvalidArgumentError) as caught:
            guarded(ft.ones([2]), [3])
        return [f.filename for f in traceback.extract_tb(caught.value.__traceback__)]

    def test_only_the_users_frames_are_shown(self) -> None:
        assert [f for f in self.files() if "shaping" in f] == []

    def test_all_are_on_request(self) -> None:
        config.full_traceback = True
        assert [f for f in self.files() if "shaping" in f] != []
