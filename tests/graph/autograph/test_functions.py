"""Functions that are called, defined within, methods, closures, arguments, decorators."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

import freshet as ft

LIMIT = 5


def clipped(x, limit=LIMIT, *more, scale=1, **others):
    """A function of a module, with every kind of argument."""
    if x > limit:
        x = x * 0 + limit
    for value in (*more, *others.values()):
        x = x + value
    return x * scale


def test_called_functions_are_converted(agree: Any) -> None:
    def program(x):
        return clipped(x) + clipped(x, 3, 1, 2, scale=10, z=4)

    agree(program, 4, expected=4 + 100)


def test_recursion(agree: Any) -> None:
    def grow(x, n):
        if n == 0:
            return x
        return grow(x * 2 if x > 3 else x + 1, n - 1)

    def program(x):
        return grow(x, 5)

    agree(program, 1, expected=16)


class Base:
    """A class with a private name and a method to be called by a subclass."""

    __secret = 3

    def __init__(self) -> None:
        self.limit = 2

    def run(self, x):
        return self.__secret + x if x > self.limit else x

    @classmethod
    def made(cls, x):
        return x if x > 0 else -x

    @staticmethod
    def plain(x):
        return x if x > 0 else x * 10

    def __call__(self, x):
        while x < 10:
            x = x * 2
        return x


class Derived(Base):
    """A subclass that calls the method of its base in a branch and in a comprehension."""

    def run(self, x):
        if x > 1:
            result = super().run(x)
        else:
            result = x
        return result + sum(super(Derived, self).run(k) for k in range(2))


def test_methods(agree: Any) -> None:
    agree(Base().run, 5, expected=8)
    agree(Derived().run, 5, expected=9)
    agree(Derived().run, 0, expected=1)
    agree(Base(), 3, expected=12)
    agree(lambda x: Base.made(x) + Base().plain(x), -3, expected=3 - 30)
    agree(lambda x: Base()(x), 3, expected=12)


def test_a_traced_method() -> None:
    class Model:
        def __init__(self) -> None:
            self.w = ft.Variable(2.0)

        @ft.function
        def step(self, x):
            if x > 0:
                self.w.assign_add(x)
            else:
                self.w.assign(0.0)
            return self.w * 1.0

    model = Model()
    assert float(model.step(ft.constant(3.0))) == 5.0
    assert float(model.step(ft.constant(-3.0))) == 0.0


def test_lambdas(agree: Any) -> None:
    def program(x):
        g = lambda v: v if v > 2 else -v  # noqa: E731
        return g(x), (lambda a, b=3: a * b)(x)

    agree(program, 1, expected=(-1, 3))
    agree(lambda x: x if x > 0 else -x, -4, expected=4)
    pair = (lambda x: x if x > 0 else 0), (lambda x: x if x < 0 else 0)
    agree(pair[0], -4, expected=0)
    agree(pair[1], -4, expected=-4)


def test_closures(agree: Any) -> None:
    count = [0]

    def program(x):
        offset = 10

        def shifted(y):
            count[0] += 1
            if y > 0:
                return y + offset
            return y - offset

        return shifted(x) + shifted(-x)

    agree(program, 3, expected=0)
    assert count == [6]


def test_nonlocal_variables(agree: Any) -> None:
    def program(n):
        total = 0

        def add(k):
            nonlocal total
            if k > 1:
                total = total + k
            return total

        for i in ft.range(n):
            add(i)
        return total

    agree(program, 5, expected=9)


def test_closures_see_the_functions_own_cells() -> None:
    state = 1

    def bump():
        nonlocal state
        state += 1
        return state

    traced = ft.function(lambda x: x + bump())
    assert int(traced(ft.constant(1))) == 3
    assert state == 2


def test_globals(agree: Any) -> None:
    def program(x):
        global LIMIT  # noqa: PLW0603
        if x > 0:
            LIMIT = x
        else:
            LIMIT = x * 2
        found, LIMIT = LIMIT, 5
        return found

    agree(program, -3, expected=-6)
    assert LIMIT == 5


def doubling(function):
    """A decorator whose wrapper looks at the result."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        result = function(*args, **kwargs)
        if result > 5:
            result = result * 100
        return result

    return wrapper


@doubling
def decorated(x):
    """Return the absolute value."""
    if x > 0:
        return x
    return -x


def test_decorators(agree: Any) -> None:
    agree(decorated, 4, expected=4)
    agree(decorated, -9, expected=900)
    traced = ft.function(decorated)
    assert traced.__name__ == "decorated"
    assert traced.__doc__ == "Return the absolute value."


def test_partial_functions(agree: Any) -> None:
    agree(functools.partial(clipped, limit=3), 9, expected=3)
    agree(functools.partial(Base().run), 5, expected=8)

    def program(x):
        return functools.partial(clipped, limit=2, scale=3)(x)

    agree(program, 9, expected=6)


def test_traced_functions_within_traced_functions(agree: Any) -> None:
    @ft.function
    def inner(x):
        if x > 0:
            return x
        return -x

    def program(x):
        total = x * 0
        for i in ft.range(3):
            total += inner(x - i)
        return total

    agree(program, 1, expected=2)


def test_functions_given_to_operations(agree: Any) -> None:
    def program(x):
        return ft.reduce_sum(ft.map_fn(lambda v: v if v > 0 else v * 10.0, x))

    agree(program, [1.0, -2.0], expected=-19.0)


def magnitude(x):
    if x > 0.0:
        return x
    return x * -10.0


def test_functions_of_a_module_given_to_operations() -> None:
    values = ft.constant([1.0, -2.0])
    traced = ft.function(
        lambda x: (
            ft.map_fn(magnitude, x),
            ft.scan(lambda a, v: a + magnitude(v), x, 0.0),
            ft.foldl(lambda a, v: a + magnitude(v), x, 0.0),
            ft.vectorized_map(magnitude, x),
        )
    )
    mapped, scanned, folded, vectorized = traced(values)
    np.testing.assert_allclose(mapped, [1.0, 20.0])
    np.testing.assert_allclose(scanned, [1.0, 21.0])
    assert float(folded) == 21.0
    np.testing.assert_allclose(vectorized, [1.0, 20.0])


def test_classes_within(agree: Any) -> None:
    def program(x):
        class Absolute:
            def of(self, y):
                if y > 0:
                    return y
                return -y

        return Absolute().of(x)

    agree(program, -3, expected=3)


def test_generators_are_left_alone(agree: Any) -> None:
    def numbers(x):
        for k in (1, 2, 3):
            if k != 2:
                yield x * k

    def program(x):
        total = 0
        for v in numbers(x):
            total += v
        return total

    agree(program, 2, expected=8)


def test_names_survive() -> None:
    names = []

    def outer(x):
        """Say something."""

        def inner(y):
            if y > 0:
                return y
            return -y

        names.append((inner.__name__, inner.__qualname__))
        return inner(x)

    ft.function(outer)(ft.constant(1))
    ft.function(outer, autograph=False).python_function(1)
    assert names[0] == names[1]


def test_arrays_pass_through() -> None:
    table = np.arange(3)
    traced = ft.function(lambda x: x + np.sum(table) + len(table.tolist()))
    assert int(traced(ft.constant(1))) == 7
