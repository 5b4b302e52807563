"""Loops over time: what they mean, their gradients, and that they are one native program."""

from __future__ import annotations

import numpy as np
import pytest

import freshet as ft
from freshet.compiler.calls import HostCall
from freshet.core.config import config
from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.graph.interpret import interpret
from freshet.graph.parsing import parse
from freshet.graph.scan import scan
from freshet.graph.text import to_text

STEPS, BATCH, UNITS = 5, 3, 17


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


X = ft.constant(normal(STEPS, BATCH, UNITS))
START = ft.constant(normal(BATCH, UNITS, seed=1))


@pytest.fixture
def cell():
    """A recurrent cell with weights, as one step."""
    u = ft.Variable(normal(UNITS, UNITS, seed=2) * 0.3)
    b = ft.Variable(normal(UNITS, seed=3))

    def step(state, x):
        new = ft.tanh(x + ft.matmul(state, u) + b)
        return new, new

    return step, [u, b]


def unrolled(step, carry, sequence, reverse=False):
    """Return what a loop in Python gives."""
    rows = [None] * len(sequence)
    for t in reversed(range(len(rows))) if reverse else range(len(rows)):
        carry, rows[t] = step(carry, sequence[t])
    return carry, ft.stack(rows)


def close(found, expected):
    for a, b in zip(ft.nest.flatten(found), ft.nest.flatten(expected), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("reverse", [False, True])
def test_it_is_the_loop_in_python(cell, reverse):
    step, _ = cell
    expected = unrolled(step, START, X, reverse)
    close(scan(step, START, X, reverse=reverse), expected)
    close(ft.function(lambda x, c: scan(step, c, x, reverse=reverse))(X, START), expected)


def gradients(loop, sources, x, start):
    with ft.GradientTape() as tape:
        tape.watch([x, start])
        last, rows = loop(x, start)
        loss = ft.reduce_sum(last * last) + ft.reduce_sum(ft.sin(rows))
    return tape.gradient(loss, [x, start, *sources])


@pytest.mark.parametrize("reverse", [False, True])
def test_gradients_are_those_of_the_loop_in_python(cell, reverse):
    step, weights = cell
    expected = gradients(lambda x, c: unrolled(step, c, x, reverse), weights, X, START)

    def found(x, c):
        return gradients(lambda x, c: scan(step, c, x, reverse=reverse), weights, x, c)

    close(found(X, START), expected)
    close(ft.function(found)(X, START), expected)


def test_the_last_carry_alone_has_a_gradient(cell):
    step, weights = cell

    def loss(loop):
        with ft.GradientTape() as tape:
            value = ft.reduce_sum(loop() ** 2)
        return tape.gradient(value, weights)

    close(
        loss(lambda: scan(lambda c, x: (step(c, x)[0], None), START, X)[0]),
        loss(lambda: unrolled(step, START, X)[0]),
    )


def test_second_derivatives(cell):
    step, (u, _) = cell

    def second(loop):
        with ft.GradientTape() as outer:
            with ft.GradientTape() as inner:
                value = ft.reduce_sum(loop(step, START, X)[0])
            first = inner.gradient(value, u)
            total = ft.reduce_sum(first * first)
        return outer.gradient(total, u)

    close(second(scan), second(unrolled))


def test_the_gradient_of_a_function_that_takes_gradients(cell):
    step, (u, _) = cell

    def make(loop):
        @ft.function
        def slope(start):
            with ft.GradientTape() as tape:
                value = ft.reduce_sum(loop(step, start, X)[0])
            return tape.gradient(value, u)

        return slope

    def of(function):
        with ft.GradientTape() as tape:
            tape.watch(START)
            total = ft.reduce_sum(function(START) ** 2)
        return tape.gradient(total, START)

    close(of(make(scan)), of(make(unrolled)))


def test_the_number_of_steps_may_be_unknown_while_tracing(cell):
    step, weights = cell

    @ft.function(input_signature=[ft.TensorSpec((None, None, UNITS)), ft.TensorSpec((None, UNITS))])
    def found(x, c):
        return gradients(lambda x, c: scan(step, c, x), weights, x, c)

    for steps, batch in ((5, 3), (2, 1), (1, 4)):
        x, c = ft.constant(normal(steps, batch, UNITS)), ft.constant(normal(batch, UNITS))
        close(found(x, c), gradients(lambda x, c: unrolled(step, c, x), weights, x, c))


def test_no_steps_leave_the_carry():
    empty = ft.zeros((0, 2))

    @ft.function
    def run(carry):
        return scan(lambda c, x: (c + x, c * x), carry, empty)

    for last, rows in (run(ft.ones((2,))), scan(lambda c, x: (c + x, c * x), ft.ones((2,)), empty)):
        assert last.numpy().tolist() == [1.0, 1.0]
        assert rows.shape == (0, 2)


def test_structures_and_counters():
    def step(carry, element):
        total, count = carry["total"], carry["count"]
        return {"total": total + element[0] * element[1], "count": count + 1}, (total, count)

    carry = {"total": ft.constant(0.0), "count": ft.constant(10)}
    sequences = (ft.constant([1.0, 2.0, 3.0]), ft.constant([2.0, 2.0, 2.0]))
    for run in (scan, ft.function(lambda *a: scan(step, *a[1:]))):
        last, (totals, counts) = run(step, carry, sequences)
        assert (float(last["total"]), int(last["count"])) == (12.0, 13)
        assert totals.numpy().tolist() == [0.0, 2.0, 6.0]
        assert counts.numpy().tolist() == [10, 11, 12]


def test_without_sequences_the_length_counts():
    run = ft.function(lambda c: scan(lambda c, _: (c * 2.0, c), c, None, length=4))
    last, rows = run(ft.constant(1.0))
    assert float(last) == 16.0
    assert rows.numpy().tolist() == [1.0, 2.0, 4.0, 8.0]


def test_a_carry_that_passes_through_and_one_that_is_exchanged():
    run = ft.function(lambda x: scan(lambda c, v: ((c[1], c[0], c[2]), c[0]), (x, -x, x * 3.0), x))
    (a, b, c), rows = run(ft.constant([1.0, 2.0, 3.0]))
    assert a.numpy().tolist() == [-1.0, -2.0, -3.0]
    assert b.numpy().tolist() == [1.0, 2.0, 3.0]
    assert c.numpy().tolist() == [3.0, 6.0, 9.0]
    assert rows.numpy()[:, 0].tolist() == [1.0, -1.0, 1.0]


def test_a_loop_in_a_loop():
    def inner(total, x):
        return scan(lambda c, v: (c * 0.5 + v, c), total, x)

    def step(total, row):
        last, rows = inner(total, row)
        return last, ft.reduce_sum(rows)

    x = ft.constant(normal(4, 3, 2))
    start = ft.constant([0.5, -0.5])

    def found(x, start):
        with ft.GradientTape() as tape:
            tape.watch([x, start])
            last, rows = scan(step, start, x)
            value = ft.reduce_sum(last**2) + ft.reduce_sum(rows**2)
        return [last, rows, *tape.gradient(value, [x, start])]

    def expected():
        with ft.GradientTape() as tape:
            tape.watch([x, start])
            total, rows = start, []
            for row in range(4):
                kept = []
                for t in range(3):
                    kept.append(total)
                    total = total * 0.5 + x[row, t]
                rows.append(ft.reduce_sum(ft.stack(kept)))
            value = ft.reduce_sum(total**2) + ft.reduce_sum(ft.stack(rows) ** 2)
        return [total, ft.stack(rows), *tape.gradient(value, [x, start])]

    close(found(x, start), expected())
    close(ft.function(found)(x, start), expected())


def test_the_host_may_run_a_part_of_a_step():
    strange = ft.constant([[2.0, 0.0], [1.0, 3.0]])

    def step(c, x):
        return c + x, ft.sort(c + x) if hasattr(ft, "sort") else ft.reverse(c + x, [0])

    expected = unrolled(step, ft.constant([0.0, 5.0]), strange)
    close(ft.function(lambda c: scan(step, c, strange))(ft.constant([0.0, 5.0])), expected)


def test_a_failing_check_stops_the_loop():
    def step(c, label):
        losses = ft.nn.sparse_softmax_cross_entropy_with_logits(label, ft.ones((1, 3)))
        return c + ft.reduce_sum(losses), None

    run = ft.function(lambda labels: scan(step, 0.0, labels)[0])
    assert float(run(ft.constant([[0], [2]]))) == pytest.approx(2 * np.log(3))
    with pytest.raises(InvalidArgumentError, match="7"):
        run(ft.constant([[0], [7]]))
    assert float(run(ft.constant([[1], [1]]))) == pytest.approx(2 * np.log(3))


def test_it_runs_without_the_host_and_with_the_kernels_of_one_step(cell):
    step, weights = cell
    function = ft.function(lambda x, c: gradients(lambda x, c: scan(step, c, x), weights, x, c))
    concrete = function.get_concrete_function(X, START)
    executor = concrete.executor
    program = executor.executable([X.numpy(), START.numpy()], concrete.captured_variables).program
    assert not any(isinstance(call, HostCall) for call in program.calls)
    assert len({id(k) for k in program.kernels}) < len(program.kernels)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_any_number_of_threads_gives_the_same_bits(cell, threads):
    step, weights = cell
    function = ft.function(lambda x, c: gradients(lambda x, c: scan(step, c, x), weights, x, c))
    x = ft.constant(normal(STEPS, 64, UNITS))
    start = ft.constant(normal(64, UNITS))
    expected = [g.numpy() for g in function(x, start)]
    config.num_threads = threads
    for a, b in zip(function(x, start), expected, strict=True):
        np.testing.assert_array_equal(a.numpy(), b)


def test_text_parses_back_and_means_the_same(cell):
    step, weights = cell
    function = ft.function(lambda x, c: gradients(lambda x, c: scan(step, c, x), weights, x, c))
    graph = function.get_concrete_function(X, START).graph
    again = parse(to_text(graph))
    assert to_text(parse(to_text(again))) == to_text(again)
    inputs = [X.numpy(), START.numpy(), *(w.numpy() for w in weights)]
    for a, b in zip(interpret(again, inputs), interpret(graph, inputs), strict=True):
        np.testing.assert_array_equal(a, b)


class TestErrors:
    def test_a_step_must_keep_the_carry(self):
        with pytest.raises(
            InvalidArgumentError, match=r"carry 0 is f32\[\] before a step and f32\[2\]"
        ):
            scan(lambda c, x: (x, None), 0.0, ft.ones((3, 2)))
        with pytest.raises(
            InvalidArgumentError, match="carry has 1 tensors before a step, 2 after"
        ):
            scan(lambda c, x: ((c, c), None), 0.0, ft.ones((3,)))

    def test_sequences_must_agree(self):
        with pytest.raises(InvalidArgumentError, match="expected 3 steps"):
            scan(lambda c, x: (c, None), 0.0, (ft.ones((3,)), ft.ones((4,))))

    def test_the_number_of_steps_must_be_given(self):
        with pytest.raises(InvalidArgumentError, match="`length`"):
            scan(lambda c, x: (c, None), 0.0, None)

    def test_a_variable_that_a_step_assigns_is_carried(self):
        v = ft.Variable(1.0, name="total")

        def step(c, x):
            v.assign_add(x * v)
            return c + v, v.value()

        for run in (scan, ft.function(scan)):
            v.assign(1.0)
            last, outputs = run(step, ft.constant(0.0), ft.constant([1.0, 2.0, 3.0]))
            assert outputs.numpy().tolist() == [2.0, 6.0, 24.0]
            assert (float(last), float(v)) == (32.0, 24.0)

    def test_tensors_do_not_leave_a_step(self):
        kept = []

        def step(c, x):
            kept.append(x)
            return c, None

        scan(step, 0.0, ft.ones((3,)))
        with pytest.raises(FailedPreconditionError, match="has no value"):
            ft.add(kept[0], 1.0)
