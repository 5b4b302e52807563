"""The measured limits of the machine."""

from __future__ import annotations

import pytest

from freshet.compiler.costs import Traffic
from freshet.core.config import config
from freshet.runtime.machine import (
    FAR_BYTES,
    Bandwidth,
    memory_bandwidth,
    peak_flops,
    rounded_size,
)


def test_the_peak_is_one_that_a_machine_can_have() -> None:
    # Between a slow core without vectors and a hundred cores with the widest.
    assert 1e8 < peak_flops(rounds=3) < 1e14


@pytest.mark.parametrize("size", [1, 100_000, 3_000_000])
def test_a_bandwidth_is_one_that_a_machine_can_have(size: int) -> None:
    found = memory_bandwidth(size, rounds=1)
    # Between a slow bus and a hundred cores that read their first-level caches.
    assert all(1e8 < rate < 1e14 for rate in (found.read, found.write, found.update))
    assert found.most == max(found.read, found.write, found.update)


def test_times_of_reading_writing_and_updating_add_up() -> None:
    rates = Bandwidth(read=1e9, write=2e9, update=4e9)
    assert rates.seconds(Traffic(10**9, 10**9, 10**9)) == pytest.approx(1.75)
    assert rates.or_better(Bandwidth(2e9, 1e9, 4e9)) == Bandwidth(2e9, 2e9, 4e9)


def test_many_threads_have_some_memory_each() -> None:
    config.num_threads = 200
    assert 1e8 < memory_bandwidth(1, rounds=1).read < 1e14


def test_sizes_are_rounded_up_within_limits() -> None:
    sizes = (0, 1, 65_536, 65_537, 1_000_000, 10**12)
    expected = [65_536, 65_536, 65_536, 131_072, 1_048_576, FAR_BYTES]
    assert [rounded_size(s) for s in sizes] == expected
