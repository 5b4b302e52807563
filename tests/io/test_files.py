"""The system's errors under Freshet's names."""

from __future__ import annotations

import pytest

from freshet.core import errors
from freshet.io.files import file_errors


@pytest.mark.parametrize(
    ("system", "ours", "message"),
    [
        (FileNotFoundError, errors.NotFoundError, "a/b: no such file or folder"),
        (PermissionError, errors.PermissionDeniedError, "a/b: permission denied"),
        (IsADirectoryError, errors.FailedPreconditionError, "a/b: is a folder, expected a file"),
        (
            NotADirectoryError,
            errors.FailedPreconditionError,
            "a/b: a file stands where a folder is needed",
        ),
    ],
)
def test_the_systems_errors_get_freshets_names(system, ours, message):
    with pytest.raises(ours) as caught, file_errors("a/b"):
        raise system
    assert caught.value.message == message


def test_other_errors_pass():
    with pytest.raises(OSError, match="disk full"), file_errors("a/b"):
        raise OSError("disk full")
