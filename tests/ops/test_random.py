"""Random numbers: the bits are Philox's, and the distributions are what they say."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

import freshet as ft
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.ops.random import random_bits
from freshet.testing import ErrorSample, PrimitiveSuite, Sample

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox 4x32-10 in Python's whole numbers, after Salmon et al., SC 2011, section 3.3."""
    for turn in range(10):
        if turn:
            key = [(k + s) % 2**32 for k, s in zip(key, KEY_STEPS, strict=True)]
        high0, low0 = divmod(MULTIPLIERS[0] * counter[0], 2**32)
        high1, low1 = divmod(MULTIPLIERS[1] * counter[2], 2**32)
        counter = [high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0]
    return counter


def bits(key: np.ndarray, _: np.ndarray, *operand: np.ndarray, shape: Any) -> np.ndarray:
    """Element i is word ``(i >> 4) & 3`` of block ``(i >> 6 << 4) | (i & 15)``."""
    sizes = operand[0].tolist() if operand else shape
    words, blocks = [], {}
    for i in range(math.prod(sizes)):
        number = (i >> 6 << 4) | (i & 15)
        if number not in blocks:
            blocks[number] = philox([number, 0, 0, 0], key.tolist())
        words.append(blocks[number][(i >> 4) & 3])
    return np.array(words, np.uint32).reshape(sizes)


KEYS = [np.uint32([0, 0]), np.uint32([1, 2]), np.uint32([2**32 - 1, 2**31])]


class TestRandomBits(PrimitiveSuite):
    samples = {
        "random_bits": [
            *(
                Sample(inputs=(key, key), params={"shape": shape}, expected=bits)
                for key in KEYS
                for shape in ((), (0,), (1,), (17,), (7, 13), (64,), (3, 1, 65))
            ),
            Sample(inputs=(KEYS[1], KEYS[1]), params={"shape": (2_003, 5)}, expected=bits),
            Sample(inputs=(KEYS[1], KEYS[1]), params={"shape": (1000, 137)}),
            Sample(inputs=(KEYS[1], KEYS[1], np.int32([3, 4])), params={"shape": (None, None)},
                   expected=bits, constants=(2,)),
        ]
    }  # fmt: skip
    errors = {
        "random_bits": [
            ErrorSample(
                inputs=(np.int32([1, 2]), np.int32([1, 2])), params={"shape": (3,)},
                message=r"random_bits: the key must be u32\[2\], received i32\[2\]",
                exception=DTypeError,
            )
        ]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([2**32 - 1] * 4, [2**32 - 1] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)  # fmt: skip
def test_the_oracle_itself_gives_the_published_vectors(
    counter: list[int], key: list[int], expected: list[int]
) -> None:
    # Known answers of Random123, file kat_vectors.
    assert philox(counter, key) == expected


# --- distributions --------------------------------------------------------------------------------

COUNT = 200_000
SEED = (3, 4)


def both_modes(draw: Callable[[], ft.Tensor]) -> np.ndarray:
    """Return eager numbers after comparing them with those of compiled code."""
    eager, traced = draw().numpy(), ft.function(draw)().numpy()
    np.testing.assert_allclose(eager, traced, rtol=2e-5, atol=2e-6)
    return eager


def test_uniform_is_uniform_and_below_its_end() -> None:
    x = both_modes(lambda: ft.random.stateless_uniform([COUNT], SEED))
    assert 0 <= x.min() < 1e-4
    assert 1 - 1e-4 < x.max() < 1
    assert stats.kstest(x, "uniform").pvalue > 0.01


def test_uniform_in_a_range_and_float64() -> None:
    x = both_modes(lambda: ft.random.stateless_uniform([COUNT], SEED, -2.0, 3.0, ft.float64))
    assert x.dtype == np.float64
    assert stats.kstest(x, "uniform", (-2, 5)).pvalue > 0.01
    assert len(np.unique(x)) == COUNT


def test_uniform_integers_reach_both_ends_equally_often() -> None:
    x = both_modes(lambda: ft.random.stateless_uniform([COUNT], SEED, -3, 4, ft.int32))
    counts = np.bincount(x + 3)
    assert counts.size == 7
    assert stats.chisquare(counts).pvalue > 0.01


def test_normal_is_normal() -> None:
    x = both_modes(lambda: ft.random.stateless_normal([COUNT], SEED, 2.0, 3.0))
    assert stats.kstest(x, "norm", (2, 3)).pvalue > 0.01
    assert np.isfinite(x).all()


def test_truncated_normal_is_truncated_at_two_deviations() -> None:
    x = both_modes(lambda: ft.random.stateless_truncated_normal([COUNT], SEED, 1.0, 0.5))
    assert 0 <= x.min() < 0.01
    assert 1.99 < x.max() <= 2
    assert stats.kstest((x - 1) / 0.5, stats.truncnorm(-2, 2).cdf).pvalue > 0.01


def test_neighbouring_numbers_are_independent() -> None:
    x = ft.random.stateless_uniform([COUNT], SEED).numpy()
    for distance in (1, 15, 16, 17, 63, 64):
        assert abs(np.corrcoef(x[:-distance], x[distance:])[0, 1]) < 4 / math.sqrt(COUNT)


# --- state ----------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_numbers_eagerly_and_traced() -> None:
    @ft.function
    def draw() -> ft.Tensor:
        return ft.random.uniform([1000])

    ft.random.set_seed(7)
    eager = [ft.random.uniform([1000]).numpy() for _ in range(2)]
    ft.random.set_seed(7)
    traced = [draw().numpy() for _ in range(2)]
    assert np.array_equal(eager[0], traced[0])
    assert np.array_equal(eager[1], traced[1])
    assert not np.array_equal(eager[0], eager[1])


def test_a_generator_resumes_from_its_saved_state() -> None:
    one = ft.random.Generator.from_seed(5)
    one.normal([3])
    saved = one.state.numpy()
    ahead = [one.normal([4]).numpy() for _ in range(3)]
    other = ft.random.Generator.from_seed(99)
    other.state.assign(saved)
    assert [other.normal([4]).numpy().tolist() for _ in range(3)] == [a.tolist() for a in ahead]


def test_operation_seeds_give_different_numbers() -> None:
    ft.random.set_seed(1)
    first = ft.random.uniform([100], seed=1).numpy()
    ft.random.set_seed(1)
    second = ft.random.uniform([100], seed=2).numpy()
    assert not np.array_equal(first, second)


def test_generators_of_large_seeds_differ() -> None:
    low, high = (ft.random.Generator.from_seed(s).uniform([10]).numpy() for s in (1, 1 + 2**32))
    assert not np.array_equal(low, high)


def test_shuffle_keeps_every_slice() -> None:
    ft.random.set_seed(3)
    x = ft.reshape(ft.range(40), [20, 2])
    shuffled = ft.random.shuffle(x).numpy()
    assert sorted(shuffled[:, 0].tolist()) == x[:, 0].numpy().tolist()
    assert (shuffled[:, 1] == shuffled[:, 0] + 1).all()
    assert not np.array_equal(shuffled, x.numpy())


def test_bits_of_a_shape_that_is_known_only_at_the_run() -> None:
    key = ft.constant(np.uint32([1, 2]))

    @ft.function(input_signature=[ft.TensorSpec([None, 3])])
    def draw(x: ft.Tensor) -> ft.Tensor:
        return random_bits(key, ft.shape(x))

    for rows in (2, 5):
        found = draw(np.zeros((rows, 3), np.float32)).numpy()
        assert np.array_equal(found, bits(KEYS[1], KEYS[1], shape=(rows, 3)))


def test_dropout_keeps_the_share_and_the_mean() -> None:
    ft.random.set_seed(2)
    x = both_dropped = ft.nn.dropout(ft.ones([COUNT]), 0.3).numpy()
    assert set(np.unique(x).tolist()) == {0.0, float(np.float32(1 / 0.7))}
    assert abs(float((both_dropped == 0).mean()) - 0.3) < 4 * math.sqrt(0.21 / COUNT)


def test_dropout_noise_shape_is_shared() -> None:
    ft.random.set_seed(2)
    x = ft.nn.dropout(ft.ones([50, 8]), 0.5, noise_shape=[None, 1]).numpy()
    assert (x == x[:, :1]).all()
    assert 10 < (x[:, 0] == 0).sum() < 40


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: ft.random.uniform([2], dtype=ft.int32),
            "uniform: integers of int32 need a maxval",
        ),
        (lambda: ft.nn.dropout(ft.ones([2]), 1.0), r"dropout: rate must be in \[0, 1\), received"),
        (
            lambda: ft.random.stateless_uniform([2], [1, 2, 3]),
            r"a stateless seed must be two integers, received i32\[3\]",
        ),
    ],
)
def test_wrong_arguments(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        call()
