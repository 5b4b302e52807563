"""Run the database of operations through TensorFlow, and keep what comes out in a file.

Run by `make conformance` in the environment of `make peers`, which has no Freshet:

    PYTHONPATH=tests/ops python tests/conformance/with_tensorflow.py RESULTS [NAME ...]
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
import tensorflow as tf
from database import load
from database.record import Case, Dtype, Operation, Ragged, Sparse, Variable, over


def given(value: Any) -> Any:
    """Return what a call gets for a value of the database."""
    if isinstance(value, np.ndarray):
        return tf.constant(value)
    if isinstance(value, Ragged):
        splits = [tf.constant(s) for s in value.splits]
        return tf.RaggedTensor.from_nested_row_splits(tf.constant(value.values), splits)
    if isinstance(value, Sparse):
        return tf.SparseTensor(value.indices, tf.constant(value.values), value.shape)
    if isinstance(value, Variable):
        return tf.Variable(value.value)
    if isinstance(value, Dtype):
        return tf.as_dtype(str(value))
    return over(given, value)


def plain(value: Any) -> Any:
    """Return a result as the database's references give it."""
    if isinstance(value, tf.RaggedTensor):
        splits = tuple(s.numpy() for s in value.nested_row_splits)
        return Ragged(np.asarray(value.flat_values.numpy()), splits)
    if isinstance(value, tf.SparseTensor):
        shape = tuple(int(n) for n in value.dense_shape.numpy())
        return Sparse(value.indices.numpy(), value.values.numpy(), shape)
    if isinstance(value, tf.IndexedSlices):
        return tf.convert_to_tensor(value).numpy()
    if isinstance(value, (tf.Tensor, tf.Variable)):
        found = value.numpy()
        if isinstance(found, (bytes, str)):
            array = np.empty((), object)
            array[()] = found.encode() if isinstance(found, str) else found
            return array
        return np.asarray(found)
    if isinstance(value, tf.DType):
        return value.name
    if isinstance(value, tf.TensorShape):
        return tuple(value.as_list())
    return over(plain, value)


def function_of(operation: Operation) -> Callable[..., Any]:
    """Return TensorFlow's function."""
    found: Any = tf
    for part in (operation.tensorflow or operation.name).split("."):
        found = getattr(found, part)
    return found


def outcome(operation: Operation, c: Case) -> tuple[str, Any]:
    """Return ("result", what came out) or ("error", names of the exception's classes)."""
    try:
        function = function_of(operation)
        return "result", plain(function(*given(list(c.args)), **given(dict(c.kwargs))))
    except Exception as error:
        names = [kind.__name__ for kind in type(error).__mro__]
        return "error", (names, str(error)[:300])


def main() -> None:
    """Write a pickle: for each operation, the outcomes of its cases and then of its errors."""
    file, *names = sys.argv[1:]
    found = {}
    for name, operation in load().items():
        if names and not any(part in name for part in names):
            continue
        cases = [*operation.cases, *(failure.case for failure in operation.errors)]
        found[name] = [outcome(operation, c) for c in cases]
    Path(file).write_bytes(pickle.dumps(found))


if __name__ == "__main__":
    main()
