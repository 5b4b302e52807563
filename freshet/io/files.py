"""Opening files: the system's errors under Freshet's names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from freshet.core.errors import FailedPreconditionError, NotFoundError, PermissionDeniedError


@contextmanager
def file_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn what the system says about `path` within the block into errors of `ft.errors`.

    Raises:
        NotFoundError: There is no such file, or no folder to make it in.
        PermissionDeniedError: The user may not open it.
        FailedPreconditionError: A folder is where a file is needed, or the other way round.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise NotFoundError(f"{path}: no such file or folder") from error
    except PermissionError as error:
        raise PermissionDeniedError(f"{path}: permission denied") from error
    except IsADirectoryError as error:
        raise FailedPreconditionError(f"{path}: is a folder, expected a file") from error
    except (NotADirectoryError, FileExistsError) as error:
        raise FailedPreconditionError(f"{path}: a file stands where a folder is needed") from error


def read_lines(path: str | os.PathLike[str]) -> list[bytes]:
    """Return the lines of a file, without what ends them.

    Raises:
        NotFoundError: There is no such file; and what else `file_errors` makes.
    """
    with file_errors(path):
        data = Path(path).read_bytes()
    lines = data.split(b"\n")
    return [line.removesuffix(b"\r") for line in (lines if lines[-1] else lines[:-1])]
