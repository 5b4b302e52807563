"""Results do not depend on the number of threads, nor on what ran before."""

from __future__ import annotations

import sys
import threading
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.core import dtypes
from freshet.core.config import config
from freshet.ops import scalar
from freshet.testing.primitives import threads

BATCH = 16


def images() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((BATCH, 12, 12, 3), np.float32), rng.integers(0, 10, BATCH)


class Training:
    """A small network with everything that a step of training has, and Adam written out."""

    def __init__(self) -> None:
        rng = np.random.default_rng(1)
        shapes = [(3, 3, 3, 16), (16,), (6 * 6 * 16, 10), (10,)]
        start = [rng.normal(0, 0.1, s).astype(np.float32) for s in shapes]
        self.weights = [ft.Variable(a) for a in start]
        self.first = [ft.Variable(np.zeros_like(a)) for a in start]
        self.second = [ft.Variable(np.zeros_like(a)) for a in start]
        self.count = ft.Variable(0.0)
        self.step = ft.function(self._step)

    def _loss(self, x: ft.Tensor, labels: ft.Tensor, seed: ft.Tensor) -> ft.Tensor:
        kernel, bias, dense, offset = self.weights
        y = ft.nn.relu(ft.nn.conv2d(x, kernel, strides=1, padding="SAME") + bias)
        y = ft.nn.max_pool2d(y, ksize=2, strides=2, padding="VALID")
        y = ft.reshape(y, [BATCH, -1])
        kept = ft.random.stateless_uniform([BATCH, 6 * 6 * 16], seed) < 0.8
        y = ft.where(kept, y / 0.8, 0.0)
        logits = y @ dense + offset
        losses = ft.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        return ft.reduce_mean(losses)

    def _step(self, x: ft.Tensor, labels: ft.Tensor, seed: ft.Tensor) -> ft.Tensor:
        with ft.GradientTape() as tape:
            loss = self._loss(x, labels, seed)
        gradients = tape.gradient(loss, self.weights)
        self.count.assign_add(1.0)
        rate = 0.01 * ft.sqrt(1.0 - ft.pow(0.999, self.count)) / (1.0 - ft.pow(0.9, self.count))
        for w, m, v, g in zip(self.weights, self.first, self.second, gradients, strict=True):
            m.assign(0.9 * m + 0.1 * g)
            v.assign(0.999 * v + 0.001 * g * g)
            w.assign_sub(rate * m / (ft.sqrt(v) + 1e-7))
        return loss

    def run(self, steps: int) -> list[float]:
        x, labels = images()
        return [float(self.step(x, labels, ft.constant([7, n]))) for n in range(steps)]

    def bits(self) -> list[bytes]:
        state = [*self.weights, *self.first, *self.second]
        return [v.numpy().tobytes() for v in state]


def test_training_has_the_same_bits_on_any_number_of_threads() -> None:
    results = []
    for count in (1, 2, 3, 5):
        with threads(count):
            training = Training()
            results.append((training.run(5), training.bits()))
    assert results[0][0][-1] < results[0][0][0], "it does not learn"
    assert all(r == results[0] for r in results[1:])


def test_training_has_the_same_bits_from_run_to_run() -> None:
    with threads(3):
        first, second = Training(), Training()
        assert first.run(3) == second.run(3)
        assert first.bits() == second.bits()
        # Changing the number of threads in the middle changes nothing either.
        losses = first.run(2)
    with threads(2):
        assert second.run(1) == losses[:1]


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_a_failed_check_leaves_the_threads_in_step(count: int) -> None:
    v = ft.Variable(np.zeros(50_000, np.float32))

    @ft.function
    def step(labels: ft.Tensor) -> ft.Tensor:
        losses = ft.nn.sparse_softmax_cross_entropy_with_logits(labels, ft.zeros([2, 4]))
        v.assign_add(ft.ones([50_000]))
        return ft.reduce_sum(v.value()) + 0.0 * ft.reduce_sum(losses)

    good, bad = ft.constant([0, 1]), ft.constant([0, 4])
    with threads(count):
        for number in range(1, 60):
            with pytest.raises(ft.errors.InvalidArgumentError, match="label 4"):
                step(bad)
            assert float(step(good)) == 50_000 * number


def test_several_python_threads_share_the_pool() -> None:
    v = ft.Variable(0)
    x = np.arange(30_000, dtype=np.float32)
    total = ft.function(lambda x, n: ft.reduce_sum(x * 0.0 + n))
    count = ft.function(lambda: v.assign_add(1).value())
    wrong: list[float] = []

    def work(number: int) -> None:
        for _ in range(50):
            found = float(total(x, np.float32(number)))
            count()
            if found != 30_000 * number:
                wrong.append(found)

    with threads(2):
        workers = [threading.Thread(target=work, args=(n,)) for n in range(1, 5)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
    assert not any(worker.is_alive() for worker in workers)
    assert not wrong
    assert int(v) == 200


def test_the_pool_changes_size_while_others_use_it() -> None:
    x = np.ones(20_000, np.float32)
    total = ft.function(lambda x: ft.reduce_sum(ft.exp(x - 1.0)))
    total(x)
    finished = threading.Event()
    found: list[float] = []

    def work() -> None:
        while not finished.is_set():
            found.append(float(total(x)))

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    for number in range(60):
        config.num_threads = 1 + number % 3
        found.append(float(total(x)))
    finished.set()
    worker.join(60)
    assert not worker.is_alive()
    assert set(found) == {20_000.0}


def test_expressions_made_by_several_threads_are_one_object() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-7)  # as unlucky as can be
    made: list[list[scalar.Expr]] = []

    def work(together: threading.Barrier) -> None:
        together.wait()
        made.append([scalar.result(f"shared{n}", dtypes.float32) for n in range(3000)])

    try:
        together = threading.Barrier(4)
        workers = [threading.Thread(target=work, args=(together,)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
    finally:
        sys.setswitchinterval(interval)
    assert [len(set(same)) for same in zip(*made, strict=True)] == [1] * 3000


def test_functions_are_compiled_by_several_threads_at_once() -> None:
    wrong: list[Any] = []

    def work(number: int) -> None:
        for size in range(3, 9):
            x = np.random.default_rng(size).random((size, 4 + number), np.float32)
            rows = ft.function(lambda x: ft.reduce_sum(ft.nn.softmax(ft.tanh(x)) * x, 1))
            e = np.exp(np.tanh(x.astype(np.float64)))
            expected = np.sum(e / e.sum(1, keepdims=True) * x, 1)
            if not np.allclose(rows(x).numpy(), expected, rtol=1e-5):
                wrong.append((number, size))

    workers = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert not any(worker.is_alive() for worker in workers)
    assert not wrong
