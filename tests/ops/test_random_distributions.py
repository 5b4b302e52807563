"""Distributions, generators and orders, beside SciPy: each has the law that it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

import freshet as ft
from freshet.core.errors import InvalidArgumentError, UnimplementedError

COUNT = 20_000
SEED = (5, 6)


def both_modes(draw: Callable[[], ft.Tensor]) -> np.ndarray:
    """Return eager numbers, which those of compiled code must equal."""
    eager, traced = draw().numpy(), ft.function(draw)().numpy()
    assert eager.dtype == traced.dtype
    np.testing.assert_allclose(eager, traced, rtol=1e-6)
    return np.asarray(eager)


def follows(x: np.ndarray, law: Any) -> None:
    """Check numbers against a continuous distribution."""
    assert stats.kstest(x.astype(np.float64), law.cdf).pvalue > 0.01
    assert abs(x.mean() - law.mean()) < 5 * law.std() / np.sqrt(x.size)


def counts_follow(x: np.ndarray, law: Any) -> None:
    """Check whole numbers against a discrete distribution, rare ones together."""
    values = np.arange(int(x.min()), int(x.max()) + 1)
    expected = law.pmf(values) * x.size
    observed = np.array([(x == v).sum() for v in values])
    often = expected >= 5
    rest = max(x.size - expected[often].sum(), 1e-9)
    pairs = np.append(observed[often], observed[~often].sum()), np.append(expected[often], rest)
    if rest < 5:
        pairs = pairs[0][:-1], pairs[1][:-1] * pairs[0][:-1].sum() / pairs[1][:-1].sum()
    assert stats.chisquare(*pairs).pvalue > 0.01
    assert abs(x.mean() - law.mean()) < 5 * law.std() / np.sqrt(x.size)


# --- gamma ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.1, 0.7, 1.0, 4.5, 300.0])
def test_gamma(alpha: float) -> None:
    x = both_modes(lambda: ft.random.stateless_gamma([COUNT], SEED, alpha, 2.0, ft.float64))
    follows(x, stats.gamma(alpha, scale=0.5))


def test_gamma_of_many_parameters_and_never_zero() -> None:
    x = ft.random.stateless_gamma([5000, 3], SEED, [0.01, 1.0, 9.0]).numpy()
    assert (x > 0).all()
    follows(x[:, 2], stats.gamma(9))
    assert ft.random.gamma([4], [1.0, 2.0], [[1.0], [2.0]]).shape == (4, 2, 2)


def test_an_element_of_gamma_does_not_depend_on_the_others() -> None:
    one = ft.random.stateless_gamma([4], SEED, [0.5, 0.5, 0.5, 0.5]).numpy()
    other = ft.random.stateless_gamma([4], SEED, [0.5, 80.0, 3.0, 0.5]).numpy()
    assert one[0] == other[0]
    assert one[3] == other[3]


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.0, 40.0])
def test_the_gradient_of_gamma_keeps_the_probability(alpha: float) -> None:
    a = ft.constant(np.full(50, alpha))
    with ft.GradientTape() as tape:
        tape.watch(a)
        x = ft.random.stateless_gamma([50], SEED, a, dtype=ft.float64)
    found = tape.gradient(x, a).numpy()
    p, h = special.gammainc(alpha, x.numpy()), 1e-5 * alpha
    expected = (special.gammaincinv(alpha + h, p) - special.gammaincinv(alpha - h, p)) / (2 * h)
    np.testing.assert_allclose(found, expected, rtol=2e-5)


# --- counts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.3, 4.0, 9.9, 10.0, 45.0, 3000.0])
def test_poisson(rate: float) -> None:
    counts_follow(
        both_modes(lambda: ft.random.stateless_poisson([COUNT], SEED, rate)), stats.poisson(rate)
    )


@pytest.mark.parametrize(
    ("trials", "share"),
    [(1, 0.3), (20, 0.1), (20, 0.5), (40, 0.95), (100, 0.4), (1000, 0.7), (10**6, 1e-6)],
)
def test_binomial(trials: int, share: float) -> None:
    x = both_modes(
        lambda: ft.random.stateless_binomial([COUNT], SEED, np.float64(trials), np.float64(share))
    )
    assert x.min() >= 0
    assert x.max() <= trials
    counts_follow(x, stats.binom(trials, share))


def test_counts_of_impossible_parameters_are_nan() -> None:
    x = ft.random.stateless_binomial([3], SEED, [5.0, 5.0, -1.0], [0.5, 1.5, 0.5], ft.float32)
    assert np.isnan(x.numpy()).tolist() == [False, True, True]
    assert np.isnan(ft.random.poisson([2], [-1.0, 0.0]).numpy()).tolist() == [[True, False]] * 2


def test_counts_of_edges_are_certain() -> None:
    x = ft.random.stateless_binomial([3], SEED, [7.0, 7.0, 0.0], [0.0, 1.0, 0.5])
    assert x.numpy().tolist() == [0, 7, 0]


# --- normal between bounds ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high"),
    [(-1, 2), (0.1, 0.3), (2, 9), (5, np.inf), (-np.inf, -4), (-3, 30), (-0.2, 0.1), (1, 1.5)],
)
def test_normal_between_bounds(low: float, high: float) -> None:
    x = both_modes(
        lambda: ft.random.stateless_parameterized_truncated_normal(
            [COUNT], SEED, np.float64(5), np.float64(2), np.float64(5 + 2 * low),
            np.float64(5 + 2 * high),
        )
    )  # fmt: skip
    follows((x - 5) / 2, stats.truncnorm(low, high))


# --- classes --------------------------------------------------------------------------------------


def test_categorical() -> None:
    logits = np.log(np.float32([[0.5, 0.25, 0.25], [0.9, 0.1, 1e-30]]))
    x = both_modes(lambda: ft.random.stateless_categorical(logits, COUNT, SEED))
    assert x.shape == (2, COUNT)
    assert x.dtype == np.int64
    for row, p in zip(x, np.exp(logits.astype(np.float64)), strict=True):
        counts_follow(row, stats.rv_discrete(values=([0, 1, 2], p / p.sum())))


def test_categorical_of_many_classes_with_infinite_logits() -> None:
    logits = np.full((1, 500), -np.inf, np.float32)
    logits[0, ::2] = 3.0
    x = ft.random.stateless_categorical(logits, 4000, SEED, ft.int32).numpy()
    assert (x % 2 == 0).all()
    assert x.dtype == np.int32
    counts = np.bincount(x[0] // 10, minlength=50)
    assert stats.chisquare(counts).pvalue > 0.01


# --- even -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint32", "uint64"])
def test_integers_of_the_whole_range(dtype: str) -> None:
    x = both_modes(lambda: ft.random.stateless_uniform([COUNT], SEED, None, None, dtype))
    info = np.iinfo(dtype)
    unit = (x.astype(np.float64) - info.min) / (float(info.max) - info.min)
    assert stats.kstest(unit, "uniform").pvalue > 0.01
    assert abs((x % 2).mean() - 0.5) < 0.02


@pytest.mark.parametrize("span", [2**33, 10**15, 3 * 2**50])
def test_integers_of_a_wide_range(span: int) -> None:
    x = both_modes(lambda: ft.random.stateless_uniform([COUNT], SEED, -5, span - 5, ft.int64))
    assert stats.kstest((x + 5) / span, "uniform").pvalue > 0.01


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_uniform_in_16_bits_stays_below_its_end(dtype: str) -> None:
    x = ft.cast(ft.random.stateless_uniform([COUNT * 5], SEED, dtype=dtype), ft.float32).numpy()
    assert x.min() >= 0
    assert 0.99 < x.max() < 1


# --- seeds ----------------------------------------------------------------------------------------


def test_an_operation_seed_alone_repeats_its_numbers() -> None:
    ft.random.set_seed(5)
    first = [ft.random.normal([4], seed=9).numpy() for _ in range(2)]
    ft.random.uniform([3])
    third = ft.random.normal([4], seed=9).numpy()
    ft.random.set_seed(5)
    ft.random.uniform([7])
    again = [ft.random.normal([4], seed=9).numpy() for _ in range(3)]
    np.testing.assert_array_equal(again, [*first, third])
    assert len({tuple(a) for a in again}) == 3


def test_a_traced_function_starts_again_with_the_seed() -> None:
    @ft.function
    def draw() -> ft.Tensor:
        return ft.random.uniform([3], seed=4) + ft.random.uniform([3])

    ft.random.set_seed(1)
    first = [draw().numpy() for _ in range(2)]
    ft.random.set_seed(1)
    np.testing.assert_array_equal([draw().numpy() for _ in range(2)], first)
    assert not np.array_equal(*first)


def test_split_and_fold_in_give_other_streams() -> None:
    seeds = ft.random.split([1, 2], 50).numpy()
    assert seeds.shape == (50, 2)
    assert seeds.dtype == np.int32
    drawn = {float(ft.random.stateless_uniform([], s)) for s in seeds}
    folded = [ft.random.fold_in([1, 2], np.int64(n)).numpy() for n in range(50)]
    drawn |= {float(ft.random.stateless_uniform([], s)) for s in folded}
    assert len(drawn) == 100
    assert folded[0].dtype == np.int64


def test_seeds_of_64_bits_count_whole() -> None:
    one, two = (ft.random.stateless_uniform([4], np.int64([s, 1])) for s in (3, 3 + 2**40))
    assert not np.array_equal(one, two)
    small = [ft.random.stateless_uniform([4], np.array([-3, 1], d)) for d in ("int32", "int64")]
    np.testing.assert_array_equal(*small)


# --- generators -----------------------------------------------------------------------------------


def test_a_generator_is_its_state() -> None:
    one = ft.random.Generator.from_seed(7)
    assert one.state.dtype == ft.int64
    assert int(one.key) == 7
    assert one.algorithm == 1
    one.normal([3])
    copies = [
        ft.random.Generator(copy_from=one),
        ft.random.Generator.from_state(one.state, "philox"),
        ft.random.Generator.from_key_counter(7, [1, 0], "philox"),
    ]
    expected = one.uniform([4]).numpy()
    for copy in copies:
        np.testing.assert_array_equal(copy.uniform([4]), expected)
    one.reset_from_key_counter(7, [1, 0])
    np.testing.assert_array_equal(one.uniform([4]), expected)
    one.reset([1, 0, 7])
    np.testing.assert_array_equal(one.uniform([4]), expected)
    one.reset_from_seed(7)
    one.skip(1)
    np.testing.assert_array_equal(one.uniform([4]), expected)


def test_a_generator_draws_anew_in_every_run_of_a_function() -> None:
    one, two = (ft.random.Generator.from_seed(3) for _ in range(2))
    draw = ft.function(lambda: one.normal([5]))
    for _ in range(3):
        np.testing.assert_allclose(draw(), two.normal([5]), rtol=1e-5, atol=1e-6)


def test_split_generators_and_seeds_differ() -> None:
    source = ft.random.Generator.from_seed(1)
    parts = source.split(3)
    drawn = [tuple(p.uniform([4]).numpy()) for p in [source, *parts]]
    assert len(set(drawn)) == 4
    seeds = source.make_seeds(5)
    assert seeds.shape == (2, 5)
    assert seeds.dtype == ft.int64
    assert len(np.unique(seeds.numpy()[0])) == 5


def test_every_distribution_of_a_generator() -> None:
    g = ft.random.Generator.from_seed(1)
    follows(g.uniform([COUNT], -1, 3).numpy(), stats.uniform(-1, 4))
    follows(g.truncated_normal([COUNT], 1.0, 2.0).numpy(), stats.truncnorm(-2, 2, 1, 2))
    counts_follow(g.binomial([COUNT], 30.0, 0.2).numpy(), stats.binom(30, 0.2))
    assert g.uniform_full_int([4]).dtype == ft.uint64
    assert g.uniform([3], 5, 6, ft.int32).numpy().tolist() == [5, 5, 5]


def test_the_global_generator_can_be_replaced() -> None:
    before = ft.random.get_global_generator()
    mine = ft.random.Generator.from_seed(11)
    expected = ft.random.Generator.from_seed(11).uniform([3]).numpy()
    try:
        ft.random.set_global_generator(mine)
        assert ft.random.get_global_generator() is mine
        np.testing.assert_array_equal(ft.random.uniform([3]), expected)
    finally:
        ft.random.set_global_generator(before)


def test_states_of_seeds() -> None:
    state = ft.random.create_rng_state
    assert state(1234, ft.random.Algorithm.PHILOX).numpy().tolist() == [0, 0, 1234]
    assert state([12, 34], "philox").numpy().tolist() == [0, 12, 34]
    assert state(2**64 - 1, 1).numpy().tolist() == [0, 0, -1]


# --- orders ---------------------------------------------------------------------------------------


def test_shuffle_draws_anew_in_every_run_of_a_function() -> None:
    ft.random.set_seed(1)
    shuffled = ft.function(ft.random.shuffle)
    orders = [tuple(shuffled(ft.range(30)).numpy()) for _ in range(3)]
    assert len(set(orders)) == 3
    assert all(sorted(o) == list(range(30)) for o in orders)
    assert float(ft.random.shuffle(3.0)) == 3


def test_stateless_shuffle_is_a_function_of_its_seed() -> None:
    x = ft.range(50)
    one = both_modes(lambda: ft.random.experimental.stateless_shuffle(x, SEED))
    assert sorted(one.tolist()) == list(range(50))
    other = ft.random.experimental.stateless_shuffle(x, (3, 5)).numpy()
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("largest", [0, 1, 2, 9, 100])
def test_index_shuffle_is_a_bijection(largest: int) -> None:
    index = ft.range(largest + 1)
    found = both_modes(lambda: ft.random.experimental.index_shuffle(index, [1, 2], largest))
    assert sorted(found.tolist()) == list(range(largest + 1))


def test_index_shuffle_puts_every_index_everywhere() -> None:
    seeds = np.stack([np.arange(800), np.ones(800)], 1).astype(np.int32)
    found = ft.random.experimental.index_shuffle(2, seeds, 7).numpy()
    assert stats.chisquare(np.bincount(found, minlength=8)).pvalue > 0.01


# --- wrong arguments ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ft.random.Generator(), "give a generator to copy or a state"),
        (lambda: ft.random.Generator(state=[1, 2]), r"a state must be int64\[3\]"),
        (lambda: ft.random.Generator.from_seed(1, "mersenne"), "alg must be 'philox'"),
        (lambda: ft.random.uniform([2], 5, 5, ft.int32), "minval must be less than maxval"),
        (lambda: ft.random.normal([2], dtype=ft.int32), "dtype must be floating-point"),
        (lambda: ft.random.categorical([1.0], 2), r"logits must be float\[batch, classes\]"),
        (lambda: ft.random.fold_in([1, 2], [3]), "data must be one integer"),
        (lambda: ft.random.stateless_uniform([2], [1, 2, 3]), "a stateless seed must be two"),
        (
            lambda: ft.random.experimental.index_shuffle(9, [1, 2], 5),
            r"index 9 is outside \[0, 5\]",
        ),
        (lambda: ft.random.experimental.index_shuffle(1, [1, 2, 3], 5), "a seed of two integers"),
    ],
)
def test_wrong_arguments(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        call()


def test_other_algorithms_are_not_there() -> None:
    with pytest.raises(UnimplementedError, match="Philox"):
        ft.random.Generator.from_seed(1, alg="threefry")
