"""Whole files: reading, writing, finding."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.strings.host import (
    check_strings,
    filled,
    host_primitive,
    single_string,
    string_tensor,
)


def _path(name: Array) -> Path:
    return Path(single_string(name).decode())


def _read(filename: Array) -> Array:
    from freshet.io.files import file_errors  # noqa: PLC0415 (io stands above operations)

    path = _path(filename)
    with file_errors(path):
        return filled((), [path.read_bytes()])


def _write(filename: Array, contents: Array) -> Array:
    from freshet.io.files import file_errors  # noqa: PLC0415 (io stands above operations)

    path = _path(filename)
    with file_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        size = path.write_bytes(single_string(contents))
    return np.asarray(size)


def _matching(pattern: Array) -> Array:
    names = {n for p in pattern.reshape(-1) for n in glob.glob(p.decode())}  # noqa: PTH207 (a text)
    return filled((len(names),), [name.encode() for name in sorted(names)])


def _matching_infer(pattern: TensorType) -> TensorType:
    check_strings("io.matching_files", pattern)
    return TensorType(dtypes.string, (None,))


read_file_p = host_primitive(
    "read_file", lambda filename: TensorType(dtypes.string, ()), _read, effect=True
)
write_file_p = host_primitive(
    "write_file", lambda filename, contents: TensorType(dtypes.int64, ()), _write, effect=True
)
matching_files_p = host_primitive("matching_files", _matching_infer, _matching, effect=True)


def _single(name: str, what: str, value: Any) -> Tensor:
    tensor = string_tensor(name, value)
    if tensor.ndim:
        raise InvalidArgumentError(f"{name}: {what} must be a single string, got {tensor._type}")
    return tensor


def read_file(filename: Any, name: str | None = None) -> Tensor:
    """Return what is in a file, as one string.

    Args:
        filename: The file.
        name: Ignored.

    Raises:
        NotFoundError: There is no such file.
    """
    del name
    return read_file_p(_single("io.read_file", "filename", filename))


def write_file(filename: Any, contents: Any, name: str | None = None) -> None:
    """Write a string to a file, in place of what is there; folders are made.

    Args:
        filename: The file.
        contents: A single string.
        name: Ignored.

    Raises:
        PermissionDeniedError: The file may not be written.
    """
    del name
    caller = "io.write_file"
    write_file_p(_single(caller, "filename", filename), _single(caller, "contents", contents))


def matching_files(pattern: Any, name: str | None = None) -> Tensor:
    """Return the names of the files that patterns fit, in alphabetical order.

    Args:
        pattern: Strings, one or several: ``*`` stands for any characters within a name, ``?`` for
            one, ``[ab]`` for one of some.
        name: Ignored.
    """
    del name
    return matching_files_p(string_tensor("io.matching_files", pattern))
