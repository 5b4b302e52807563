"""Strings to numbers of buckets, by hashing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Array
from freshet.ops.dispatch import dispatched
from freshet.ops.strings.hashes import fingerprints, murmurs, siphashes
from freshet.ops.strings.host import (
    count_argument,
    host_primitive,
    on_strings,
    same_shape,
)


def _numbers(hashes: Array, x: Array, count: int) -> Array:
    """Return the buckets of hashes, in the shape of the strings."""
    return (hashes % np.uint64(count)).astype(np.int64).reshape(x.shape)


def _bucket(x: Array, count: int) -> Array:
    return _numbers(murmurs(x.reshape(-1).tolist()), x, count)


def _bucket_fast(x: Array, count: int) -> Array:
    return _numbers(fingerprints(x.reshape(-1).tolist()), x, count)


def _bucket_strong(x: Array, count: int, key: tuple[int, int]) -> Array:
    return _numbers(siphashes(x.reshape(-1).tolist(), key), x, count)


hash_bucket_p = host_primitive(
    "hash_bucket", same_shape("strings.to_hash_bucket", dtypes.int64), _bucket
)
hash_bucket_fast_p = host_primitive(
    "hash_bucket_fast", same_shape("strings.to_hash_bucket_fast", dtypes.int64), _bucket_fast
)
hash_bucket_strong_p = host_primitive(
    "hash_bucket_strong", same_shape("strings.to_hash_bucket_strong", dtypes.int64), _bucket_strong
)


@dispatched
def to_hash_bucket(input: Any, num_buckets: int, name: str | None = None) -> Any:
    """Return the number of each string's bucket, by MurmurHash.

    It exists for programs that used it before; prefer `to_hash_bucket_fast`.

    Args:
        input: Strings, a tensor or ragged tensor.
        num_buckets: How many buckets there are, at least 1.
        name: Ignored.

    Returns:
        int64, of the input's shape: whole numbers from 0 to ``num_buckets - 1``.

    Raises:
        InvalidArgumentError: `num_buckets` is below 1.

    Example:
        >>> to_hash_bucket(["a", "b"], 10).numpy().tolist()
        [8, 0]
    """
    del name
    caller = "strings.to_hash_bucket"
    count = count_argument(caller, "num_buckets", num_buckets)
    return on_strings(caller, input, lambda x: hash_bucket_p(x, count=count))


@dispatched
def to_hash_bucket_fast(input: Any, num_buckets: int, name: str | None = None) -> Any:
    """Return the number of each string's bucket, by FarmHash's fingerprint, which never changes.

    Arguments as for `to_hash_bucket`. Someone who knows the hash can choose strings that all fall
    into one bucket; `to_hash_bucket_strong` prevents it.

    Example:
        >>> to_hash_bucket_fast(["Hello", "TensorFlow", "2.x"], 3).numpy().tolist()
        [0, 2, 2]
    """
    del name
    caller = "strings.to_hash_bucket_fast"
    count = count_argument(caller, "num_buckets", num_buckets)
    return on_strings(caller, input, lambda x: hash_bucket_fast_p(x, count=count))


@dispatched
def to_hash_bucket_strong(
    input: Any, num_buckets: int, key: Sequence[int], name: str | None = None
) -> Any:
    """Return the number of each string's bucket, by SipHash with a secret key.

    Args:
        input: Strings, a tensor or ragged tensor.
        num_buckets: How many buckets there are, at least 1.
        key: Two whole numbers.
        name: Ignored.

    Raises:
        InvalidArgumentError: `num_buckets` is below 1, or the key is no pair.

    Example:
        >>> to_hash_bucket_strong(["Hello", "TF"], 3, [1, 2]).numpy().tolist()
        [2, 0]
    """
    del name
    caller = "strings.to_hash_bucket_strong"
    if len(key) != 2:
        raise InvalidArgumentError(f"{caller}: key must be two whole numbers, received {key!r}")
    first, second = (int(k) & 0xFFFFFFFFFFFFFFFF for k in key)
    count = count_argument(caller, "num_buckets", num_buckets)
    return on_strings(
        caller, input, lambda x: hash_bucket_strong_p(x, count=count, key=(first, second))
    )
