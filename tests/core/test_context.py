"""What operations must know of is kept per thread."""

from __future__ import annotations

import threading

import freshet as ft


def test_each_thread_traces_and_records_on_its_own() -> None:
    seen: list[bool] = []
    entered, leave = threading.Event(), threading.Event()

    def traced(x: ft.Tensor) -> ft.Tensor:
        entered.set()
        leave.wait(10)
        seen.append(ft.executing_eagerly())
        return x * 2

    found: list[ft.Tensor] = []
    thread = threading.Thread(target=lambda: found.append(ft.function(traced)(ft.constant(1.0))))
    thread.start()
    assert entered.wait(10)
    assert ft.executing_eagerly()
    with ft.GradientTape() as tape:
        v = ft.Variable(3.0)
        y = v * v
    leave.set()
    thread.join()
    assert float(tape.gradient(y, v)) == 6
    assert float(found[0]) == 2
    assert seen == [False]


def test_one_function_from_many_threads_traces_once() -> None:
    count = 0

    @ft.function
    def f(x: ft.Tensor) -> ft.Tensor:
        nonlocal count
        count += 1
        return x + 1

    start = threading.Barrier(4)
    results: list[float] = []

    def work(n: int) -> None:
        start.wait()
        results.append(float(f(ft.constant(float(n)))))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [1, 2, 3, 4]
    assert count == 1
