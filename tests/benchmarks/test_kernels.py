"""Profiles of small programs, and the table made of them."""

from __future__ import annotations

import numpy as np
import pytest

import freshet as ft
from benchmarks import kernels
from benchmarks.models import PROBLEMS
from freshet.runtime.profile import Profile, profile_function


@ft.function
def network(x: ft.Tensor, w: ft.Tensor) -> ft.Tensor:
    return ft.reduce_sum(ft.nn.relu(ft.matmul(x, w)) * 2.0)


def matrices() -> list[ft.Tensor]:
    return [ft.constant(np.ones(shape, np.float32)) for shape in ((64, 32), (32, 48))]


@pytest.fixture(scope="module")
def profile() -> Profile:
    return profile_function(network, *matrices(), rounds=3)


def test_every_kernel_of_the_program_has_a_time(profile: Profile) -> None:
    concrete = network.get_concrete_function(*matrices())
    program = concrete.executor.executable([t.numpy() for t in matrices()], ()).program
    assert [call.call for call in profile.calls] == list(program.calls)
    assert all(call.seconds >= 0 for call in profile.calls)
    assert profile.seconds >= 0


def test_a_product_is_a_contraction_and_a_sum_is_none(profile: Profile) -> None:
    product, *sums = profile.calls
    assert product.is_contraction
    assert 2 * 64 * 48 * 32 <= product.flops <= 2 * 64 * 48 * (32 + 2)  # and relu, and the factor
    assert not any(call.is_contraction for call in sums)


def test_bytes_are_those_of_the_buffers(profile: Profile) -> None:
    first = profile.calls[0]
    assert first.kernel is not None
    assert first.bytes == sum(b.type.num_bytes for b in first.kernel.buffers)


def test_a_kernel_knows_the_line_it_comes_from(profile: Profile) -> None:
    assert "ft.matmul" in profile.calls[0].sources[0].text


def test_profiling_runs_the_program_as_usual() -> None:
    total = ft.Variable(0.0)

    @ft.function
    def add(x: ft.Tensor) -> ft.Tensor:
        total.assign_add(x)
        return total * 2.0

    profile_function(add, ft.constant(1.0), rounds=2)
    assert float(total) == 2 * 2 + 3
    assert float(add(ft.constant(1.0))) == 2 * 8


def test_a_call_to_the_host_is_timed_among_the_kernels() -> None:
    sums = ft.function(lambda x: ft.cumsum(x * 2.0) + 1.0)
    found = profile_function(sums, ft.constant([1.0, 2.0]), rounds=2)
    assert [call.name for call in found.calls] == ["multiply", "host:cumsum", "add"]
    assert [call.bytes > 0 for call in found.calls] == [True, False, True]
    assert all(call.seconds >= 0 for call in found.calls)


def test_weak_contractions_are_listed_after_the_table(profile: Profile) -> None:
    text = kernels.profile_text(PROBLEMS["mlp"], profile, peak=1e15, others=0.0)
    assert "contractions below 80% of the peak:" in text
    assert "[i0=64 i1=48 k0=32]" in text
    text = kernels.profile_text(PROBLEMS["mlp"], profile, peak=1.0, others=0.0)
    assert "every contraction reaches 80% of the peak" in text


def test_disturbance_is_said(profile: Profile) -> None:
    text = kernels.profile_text(PROBLEMS["mlp"], profile, peak=1e12, others=0.5)
    assert "something else used 0.5 processors" in text
