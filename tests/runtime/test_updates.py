"""What a compiled program does to variables: in place, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.ops.nest import Host
from freshet.ops.primitive import PRIMITIVES, NoGradient, Primitive

LIMIT = 100


def _small_only(x: np.ndarray) -> np.ndarray:
    if np.any(x > LIMIT):
        raise ft.errors.InvalidArgumentError(f"tests.double: {x.max()} is above {LIMIT}")
    return 2 * x


@pytest.fixture
def calling() -> Iterator[Callable[..., Primitive]]:
    """Make a reference an operation that runs in Python."""

    def make(reference: Callable[[np.ndarray], np.ndarray]) -> Primitive:
        return Primitive(
            name="tests.calling", infer=lambda x: x, reference=reference,
            gradient=NoGradient("only tests use it"), lower=Host("it is a test"),
        )  # fmt: skip

    yield make
    del PRIMITIVES["tests.calling"]


@pytest.fixture
def double(calling: Callable[..., Primitive]) -> Primitive:
    """An operation that runs in Python, and may fail there."""
    return calling(_small_only)


def losses(labels: ft.Tensor) -> ft.Tensor:
    """Return a loss per label, which must be 0, 1 or 2: checked when the program runs."""
    return ft.nn.sparse_softmax_cross_entropy_with_logits(labels, ft.zeros([3, 3]))


def test_a_tensor_read_before_an_update_keeps_its_value() -> None:
    v = ft.Variable([1.0, 2.0])
    before, array = v.value(), v.numpy()

    @ft.function
    def step() -> ft.Tensor:
        old = v.value()
        v.assign(old * 10.0)
        return old

    old = step()
    assert v.numpy().tolist() == [10.0, 20.0]
    after = v.value()
    step()
    assert v.numpy().tolist() == [100.0, 200.0]
    assert before.numpy().tolist() == array.tolist() == old.numpy().tolist() == [1.0, 2.0]
    assert after.numpy().tolist() == [10.0, 20.0]


def test_an_update_is_written_over_the_old_value() -> None:
    v = ft.Variable(np.zeros(1000, np.float32))

    @ft.function
    def step(d: ft.Tensor) -> None:
        v.assign_add(d)

    step(np.float32(1))
    buffer = v._array
    step(np.float32(2))
    assert v._array is buffer
    assert np.all(buffer == 3)


def test_an_array_given_to_a_variable_is_never_written() -> None:
    mine = np.zeros(64, np.float32)
    given = ft.constant(mine)
    v = ft.Variable(given)
    v.assign(given)

    @ft.function
    def step() -> None:
        v.assign_add(ft.ones([64]))

    step()
    assert np.all(v.numpy() == 1)
    assert not np.any(mine)
    assert not np.any(given.numpy())


def test_variables_change_places() -> None:
    a, b, c = ft.Variable([1.0]), ft.Variable([2.0]), ft.Variable([3.0])

    @ft.function
    def turn() -> ft.Tensor:
        x, y, z = a.value(), b.value(), c.value()
        a.assign(y)
        b.assign(z)
        c.assign(x)
        return x + 10.0 * y + 100.0 * z

    assert turn().numpy() == [321.0]
    assert [v.numpy().item() for v in (a, b, c)] == [2.0, 3.0, 1.0]
    assert turn().numpy() == [132.0]


def test_a_reader_of_the_old_value_comes_before_the_update() -> None:
    v = ft.Variable(np.arange(6, dtype=np.float32).reshape(2, 3))

    @ft.function
    def step() -> ft.Tensor:
        turned = ft.transpose(v.value())
        v.assign(v.value() * 2.0)
        return turned @ v.value()

    old = v.numpy()
    np.testing.assert_allclose(step().numpy(), old.T @ (2 * old))
    np.testing.assert_array_equal(v.numpy(), 2 * old)


def test_an_update_that_moves_elements_reads_all_before_it_writes() -> None:
    v = ft.Variable(np.arange(5000, dtype=np.float32))

    @ft.function
    def step() -> None:
        v.assign(ft.reverse(v.value(), [0]) + 1.0)

    step()
    np.testing.assert_array_equal(v.numpy(), np.arange(5000)[::-1] + 1)


def test_the_last_of_several_assignments_counts() -> None:
    v = ft.Variable(1.0)

    @ft.function
    def step(x: ft.Tensor) -> ft.Tensor:
        v.assign(x)
        middle = v.value() * 2.0
        v.assign(middle + 1.0)
        return middle

    assert float(step(ft.constant(5.0))) == 10.0
    assert float(v) == 11.0


def test_a_failed_check_names_the_line_and_changes_no_variable() -> None:
    count, total = ft.Variable(0), ft.Variable(np.zeros(3, np.float32))

    @ft.function
    def step(labels: ft.Tensor) -> ft.Tensor:
        count.assign_add(1)
        total.assign_add(ft.ones([3]))
        return losses(labels)

    step(ft.constant([0, 1, 2]))
    with pytest.raises(ft.errors.InvalidArgumentError, match=r"label 7 is outside \[0, 3\)") as e:
        step(ft.constant([0, 7, 2]))
    assert "test_updates.py" in str(e.value)
    assert "ft.nn.sparse_softmax_cross_entropy_with_logits(labels" in str(e.value)
    assert int(count) == 1
    assert total.numpy().tolist() == [1.0, 1.0, 1.0]
    np.testing.assert_allclose(step(ft.constant([0, 0, 0])).numpy(), np.log([3.0, 3, 3]), rtol=1e-6)
    assert int(count) == 2


def test_a_failed_check_of_a_new_value_leaves_the_old_one() -> None:
    labels, total = ft.Variable([0, 1, 2]), ft.Variable(0.0)

    @ft.function
    def step(d: ft.Tensor) -> None:
        labels.assign_add(d)
        total.assign_add(ft.reduce_sum(losses(labels.value())))

    with pytest.raises(ft.errors.InvalidArgumentError, match="label 3 is outside"):
        step(ft.constant([0, 1, 1]))
    assert labels.numpy().tolist() == [0, 1, 2]
    assert float(total) == 0
    step(ft.constant([1, 1, 0]))
    assert labels.numpy().tolist() == [1, 2, 2]
    np.testing.assert_allclose(float(total), 3 * np.log(3), rtol=1e-6)


def test_of_two_checks_the_one_that_fails_is_reported() -> None:
    @ft.function
    def step(a: ft.Tensor, b: ft.Tensor) -> ft.Tensor:
        narrow = ft.nn.sparse_softmax_cross_entropy_with_logits(a, ft.zeros([2, 3]))
        wide = ft.nn.sparse_softmax_cross_entropy_with_logits(b, ft.zeros([2, 4]))
        return narrow + wide

    with pytest.raises(ft.errors.InvalidArgumentError, match=r"label 3 is outside \[0, 3\)"):
        step(ft.constant([0, 3]), ft.constant([0, 3]))
    with pytest.raises(ft.errors.InvalidArgumentError, match=r"label -1 is outside \[0, 4\)"):
        step(ft.constant([0, 2]), ft.constant([-1, 3]))
    found = step(ft.constant([0, 2]), ft.constant([0, 3])).numpy()
    np.testing.assert_allclose(found, [np.log(12)] * 2, rtol=1e-6)


def test_operations_in_python_run_between_kernels(double: Primitive) -> None:
    v = ft.Variable([1.0, 2.0])

    @ft.function
    def step(x: ft.Tensor) -> ft.Tensor:
        y = double(x + 1.0) * 3.0
        v.assign_add(y)
        return double(double(y) + v) - 1.0

    result = step(ft.constant([0.0, 1.0]))
    y, updated = np.float32([6.0, 12.0]), np.float32([7.0, 14.0])
    np.testing.assert_array_equal(v.numpy(), updated)
    np.testing.assert_array_equal(result.numpy(), 2 * (2 * y + updated) - 1)


def test_a_function_of_nothing_but_python_operations(double: Primitive) -> None:
    run = ft.function(lambda x: (double(x), x))
    doubled, same = run(ft.constant([3.0]))
    assert doubled.numpy() == [6.0]
    assert same.numpy() == [3.0]


def test_python_between_kernels_may_run_another_program(calling: Callable[..., Any]) -> None:
    inner = ft.function(lambda x: ft.reduce_sum(x) + x)
    back = calling(lambda x: inner(x).numpy())
    outer = ft.function(lambda x: back(x * 2.0) - 1.0)
    for _ in range(3):
        assert outer(ft.constant([1.0, 2.0])).numpy().tolist() == [7.0, 9.0]


def test_python_between_kernels_may_not_run_the_same_program(calling: Callable[..., Any]) -> None:
    back = calling(lambda x: outer(x).numpy())
    outer = ft.function(lambda x: back(x * 2.0) - 1.0)
    for _ in range(2):
        with pytest.raises(ft.errors.FailedPreconditionError, match="called again by Python code"):
            outer(ft.constant([1.0, 2.0]))


@pytest.mark.parametrize("which", ["what came before", "the update itself"])
def test_a_failure_in_python_changes_no_variable(double: Primitive, which: str) -> None:
    before, after = ft.Variable([1.0]), ft.Variable([1.0])

    @ft.function
    def step(x: ft.Tensor) -> ft.Tensor:
        before.assign_add(x)
        y = double(x if which == "what came before" else before.value())
        after.assign_add(y)
        return y

    step(ft.constant([1.0]))
    kept = before.numpy().item(), after.numpy().item()
    with pytest.raises(ft.errors.InvalidArgumentError, match="is above 100") as e:
        step(ft.constant([200.0]))
    assert "y = double(" in str(e.value)
    assert (before.numpy().item(), after.numpy().item()) == kept
    step(ft.constant([1.0]))
    assert before.numpy().item() == kept[0] + 1
