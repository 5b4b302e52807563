"""Candidate sampling: a few classes drawn to stand for all of them in a loss.

Each sampler returns ``(sampled_candidates, true_expected_count, sampled_expected_count)``: class
numbers, and how often the true classes and the sampled ones are expected among the candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops import random, shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.lookup import gather_along
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.random.philox import philox
from freshet.ops.sizes import static_integer


class Candidates(NamedTuple):
    """What a sampler returns.

    Attributes:
        sampled_candidates: int64[num_sampled], class numbers.
        true_expected_count: float32[batch, num_true].
        sampled_expected_count: float32[num_sampled].
    """

    sampled_candidates: Tensor
    true_expected_count: Tensor
    sampled_expected_count: Tensor


# --- drawing --------------------------------------------------------------------------------------


def _draw_reference(key: Array, cumulative: Array, count: int, unique: bool) -> tuple[Array, Array]:
    """Return classes drawn by their cumulative probabilities, and how many draws that took."""
    found: list[int] = []
    seen: set[int] = set()
    tries, block = 0, 0
    while len(found) < count:
        words = philox(key.tolist(), np.arange(64, dtype=np.uint64) + np.uint64(64 * block), 1)
        unit = (words[0] + words[1] * 2.0**-32) * 2.0**-32
        drawn = np.searchsorted(cumulative, unit * cumulative[-1], side="right")
        for number in np.minimum(drawn, len(cumulative) - 1).tolist():
            if len(found) == count:
                break
            tries += 1
            if not unique or number not in seen:
                found.append(number)
                seen.add(number)
        block += 1
    return np.array(found, np.int64), np.asarray(tries, np.int64)


draw_classes_p: Primitive = Primitive(
    name="draw_classes",
    infer=lambda key, cumulative, count, unique: (
        TensorType(dtypes.int64, (count,)), TensorType(dtypes.int64, ()),
    ),
    reference=_draw_reference, gradient=NoGradient("classes are whole numbers"),
    lower=Host("it draws until it has enough"),
)  # fmt: skip


def _expected(share: Tensor, tries: Tensor, count: int, *, unique: bool) -> Tensor:
    """Return how often classes with these probabilities are expected among the candidates."""
    if not unique:
        return m.cast(share * float(count), dtypes.float32)
    # Drawn at least once in so many tries: 1 - (1 - p)**tries.
    times = m.cast(tries, dtypes.float64)
    return m.cast(-m.expm1(times * m.log1p(-share)), dtypes.float32)


def _sample(
    name: str, weights: Array, true_classes: TensorLike, num_true: int, num_sampled: Any,
    unique: bool, seed: int | None,
) -> Candidates:  # fmt: skip
    true = classes_of(name, true_classes, num_true)
    count = static_integer(name, "num_sampled", num_sampled)
    possible = int(np.count_nonzero(weights))
    if count < 1 or (unique and count > possible):
        raise InvalidArgumentError(
            f"{name}: cannot sample {count} {'different ' if unique else ''}classes of {possible}"
        )
    shares = weights / weights.sum()
    table = Tensor._of_array(np.cumsum(shares))
    options = {"count": count, "unique": bool(unique)}
    classes, tries = draw_classes_p.apply((random._key(seed), table), options)
    share = Tensor._of_array(shares)
    return Candidates(
        classes,
        _expected(gather_along(share, true, 0), tries, count, unique=unique),
        _expected(gather_along(share, classes, 0), tries, count, unique=unique),
    )


def classes_of(name: str, true_classes: TensorLike, num_true: Any) -> Tensor:
    """Return the true classes as int64[batch, num_true]."""
    true = convert_to_tensor(true_classes, dtype_hint=dtypes.int64)
    if not true.dtype.is_integer or true.ndim != 2 or true.shape[1] not in {None, int(num_true)}:
        raise InvalidArgumentError(
            f"{name}: true_classes must be integers[batch, {num_true}], received {true._type}"
        )
    return m.cast(true, dtypes.int64)


# --- samplers -------------------------------------------------------------------------------------


def uniform_candidate_sampler(
    true_classes: TensorLike, num_true: int, num_sampled: int, unique: bool, range_max: int,
    seed: int | None = None, name: str | None = None,
) -> Candidates:  # fmt: skip
    """Sample classes that are all equally likely.

    Args:
        true_classes: Integers[batch, num_true], the classes that are right.
        num_true: How many of them each example has.
        num_sampled: How many classes to draw.
        unique: Whether no class is drawn twice.
        range_max: How many classes there are.
        seed: Of this operation, beside the global one.
        name: Ignored.

    Returns:
        The candidates, and the expected counts of the true classes and of the candidates.

    Raises:
        InvalidArgumentError: There are fewer classes than different ones are asked for.

    Example:
        >>> sorted(uniform_candidate_sampler([[0]], 1, 3, True, 3)[0].numpy().tolist())
        [0, 1, 2]
    """
    weights = np.ones(int(range_max))
    caller = "uniform_candidate_sampler"
    return _sample(caller, weights, true_classes, num_true, num_sampled, unique, seed)


def log_uniform_candidate_sampler(
    true_classes: TensorLike, num_true: int, num_sampled: int, unique: bool, range_max: int,
    seed: int | None = None, name: str | None = None,
) -> Candidates:  # fmt: skip
    """Sample classes that are the rarer the larger their number, like words by their rank.

    ``P(c) = log((c + 2) / (c + 1)) / log(range_max + 1)``. Arguments and result are those of
    `uniform_candidate_sampler`.

    Example:
        >>> sorted(log_uniform_candidate_sampler([[0]], 1, 3, True, 3)[0].numpy().tolist())
        [0, 1, 2]
    """
    number = np.arange(int(range_max), dtype=np.float64)
    weights = np.log((number + 2) / (number + 1))
    caller = "log_uniform_candidate_sampler"
    return _sample(caller, weights, true_classes, num_true, num_sampled, unique, seed)


def learned_unigram_candidate_sampler(
    true_classes: TensorLike, num_true: int, num_sampled: int, unique: bool, range_max: int,
    seed: int | None = None, name: str | None = None,
) -> Candidates:  # fmt: skip
    """Sample classes as often as they were right so far.

    Each call starts without examples, so all classes are equally likely; arguments and result are
    those of `uniform_candidate_sampler`.

    Example:
        >>> sorted(learned_unigram_candidate_sampler([[0]], 1, 3, True, 3)[0].numpy().tolist())
        [0, 1, 2]
    """
    weights = np.ones(int(range_max))
    caller = "learned_unigram_candidate_sampler"
    return _sample(caller, weights, true_classes, num_true, num_sampled, unique, seed)


def fixed_unigram_candidate_sampler(
    true_classes: TensorLike, num_true: int, num_sampled: int, unique: bool, range_max: int,
    vocab_file: str = "", distortion: float = 1.0, num_reserved_ids: int = 0, num_shards: int = 1,
    shard: int = 0, unigrams: Sequence[float] = (), seed: int | None = None,
    name: str | None = None,
) -> Candidates:  # fmt: skip
    """Sample classes by given frequencies.

    Args:
        true_classes: Integers[batch, num_true], the classes that are right.
        num_true: How many of them each example has.
        num_sampled: How many classes to draw.
        unique: Whether no class is drawn twice.
        range_max: How many classes there are.
        vocab_file: A file with a line per class whose last field, after a comma, is its frequency.
        distortion: Power to which frequencies are raised: 0 makes all equal, 1 changes nothing.
        num_reserved_ids: First classes that are never drawn; frequencies begin after them.
        num_shards: Only every so many-th class is drawn,
        shard: from this one on.
        unigrams: The frequencies, instead of a file.
        seed: Of this operation, beside the global one.
        name: Ignored.

    Returns:
        The candidates, and the expected counts of the true classes and of the candidates.

    Raises:
        InvalidArgumentError: The frequencies are not given once, or are not `range_max` of them.

    Example:
        >>> draw = fixed_unigram_candidate_sampler([[0]], 1, 4, False, 3, unigrams=[0.0, 1.0, 0.0])
        >>> draw.sampled_candidates.numpy().tolist()
        [1, 1, 1, 1]
    """
    caller = "fixed_unigram_candidate_sampler"
    if bool(vocab_file) == bool(len(unigrams)):
        raise InvalidArgumentError(f"{caller}: give either vocab_file or unigrams")
    given = _frequencies(vocab_file) if vocab_file else [float(u) for u in unigrams]
    weights = np.concatenate([np.zeros(int(num_reserved_ids)), np.power(given, distortion)])
    if np.any(np.asarray(given) == 0):
        weights[int(num_reserved_ids) :][np.asarray(given) == 0] = 0
    if len(weights) != int(range_max):
        raise InvalidArgumentError(
            f"{caller}: there are {range_max} classes, but frequencies of {len(weights)}"
        )
    if not 0 <= shard < num_shards:
        raise InvalidArgumentError(
            f"{caller}: shard must be in [0, {num_shards}), received {shard}"
        )
    outside = np.arange(len(weights)) % num_shards != shard
    return _sample(
        caller, np.where(outside, 0, weights), true_classes, num_true, num_sampled, unique, seed
    )


def _frequencies(file: str) -> list[float]:
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    return [float(line.rsplit(",", 1)[-1]) for line in lines if line]


def all_candidate_sampler(
    true_classes: TensorLike, num_true: int, num_sampled: int, unique: bool,
    seed: int | None = None, name: str | None = None,
) -> Candidates:  # fmt: skip
    """Return all classes, each expected once: to compare the other samplers with.

    Arguments and result are those of `uniform_candidate_sampler`; `num_sampled` is the number of
    classes.

    Example:
        >>> all_candidate_sampler([[0]], 1, 3, True)[0].numpy().tolist()
        [0, 1, 2]
    """
    true = classes_of("all_candidate_sampler", true_classes, num_true)
    count = static_integer("all_candidate_sampler", "num_sampled", num_sampled)
    return Candidates(
        Tensor._of_array(np.arange(count, dtype=np.int64)),
        shaping.ones_like(true, dtypes.float32),
        Tensor._of_array(np.ones(count, np.float32)),
    )


# --- hits -----------------------------------------------------------------------------------------

IMPOSSIBLE: Final = -float(np.finfo(np.float32).max)
"""What is added to the logit of a class that must not count."""


def _hits_reference(true: Array, sampled: Array) -> tuple[Array, Array]:
    same = true[:, :, None] == sampled
    rows, _, columns = np.nonzero(same)
    return rows.astype(np.int32), columns.astype(np.int64)


accidental_hits_p: Primitive = Primitive(
    name="accidental_hits",
    infer=lambda true, sampled: (
        TensorType(dtypes.int32, (None,)), TensorType(dtypes.int64, (None,)),
    ),
    reference=_hits_reference, gradient=NoGradient("places are whole numbers"),
    lower=Host("how many there are depends on data"),
)  # fmt: skip


def compute_accidental_hits(
    true_classes: TensorLike, sampled_candidates: TensorLike, num_true: int,
    seed: int | None = None, name: str | None = None,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Return where a candidate is one of the true classes.

    Args:
        true_classes: Integers[batch, num_true].
        sampled_candidates: int64[num_sampled].
        num_true: How many true classes each example has.
        seed: Ignored.
        name: Ignored.

    Returns:
        For each hit the number of its example, int32, and the place of the candidate, int64, and a
        weight to add to its logit that makes it impossible.

    Example:
        >>> rows, places, weights = compute_accidental_hits([[5], [7]], [7, 1, 5], 1)
        >>> rows.numpy().tolist(), places.numpy().tolist()
        ([0, 1], [2, 0])
    """
    true = classes_of("compute_accidental_hits", true_classes, num_true)
    sampled = m.cast(convert_to_tensor(sampled_candidates), dtypes.int64)
    rows, places = accidental_hits_p.apply((true, sampled), {})
    weights = m.cast(shaping.zeros_like(rows), dtypes.float32) + IMPOSSIBLE
    return rows, places, weights
