"""A tour of differentiation: higher orders, Jacobians, Hessians, forward mode, own gradients.

Every result is a number that can be checked by hand. Change the import to TensorFlow's, and it
prints the same.

    python examples/core/differentiation_tour.py
"""

import numpy as np

import freshet as ft


def show(title, value):
    """Print a title and numbers, rounded."""
    array = np.round(np.asarray(value, np.float64), 4) + 0.0
    print(f"{title:<34}", " ".join(f"{v:.4f}" for v in array.reshape(-1)))


def higher_orders():
    """x**4 has the derivatives 4 x**3, 12 x**2, 24 x, 24."""
    x = ft.Variable(2.0)
    with ft.GradientTape() as third:
        with ft.GradientTape() as second:
            with ft.GradientTape() as first:
                y = x**4
            dy = first.gradient(y, x)
        ddy = second.gradient(dy, x)
    dddy = third.gradient(ddy, x)
    show("x**4 at 2: three derivatives", [dy, ddy, dddy])


def jacobians():
    """A function of a vector with a vector's values, and one example at a time in a batch."""
    x = ft.constant([1.0, 2.0, 3.0])
    with ft.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = ft.stack([x[0] * x[1], x[1] ** 2 + x[2]])
    show("jacobian", tape.jacobian(y, x))

    batch = ft.constant([[1.0, 2.0], [3.0, 4.0]])
    with ft.GradientTape() as tape:
        tape.watch(batch)
        rows = batch * ft.reduce_sum(batch, axis=1, keepdims=True)
    show("batch jacobian", tape.batch_jacobian(rows, batch))


def hessian():
    """The Hessian of sum(x**3) is diagonal: 6 x."""
    x = ft.constant([1.0, -2.0])
    with ft.GradientTape() as outer:
        outer.watch(x)
        with ft.GradientTape() as inner:
            inner.watch(x)
            y = ft.reduce_sum(x**3)
        gradient = inner.gradient(y, x)
    show("hessian", outer.jacobian(gradient, x))


def forward_mode():
    """A directional derivative in one pass, and a Hessian times a vector, forward over reverse."""
    x = ft.constant([0.5, 1.0])
    direction = ft.constant([1.0, -1.0])
    with ft.autodiff.ForwardAccumulator(x, direction) as accumulator:
        y = ft.reduce_sum(ft.sin(x))
    show("directional derivative", accumulator.jvp(y))

    with ft.autodiff.ForwardAccumulator(x, direction) as accumulator:
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = ft.reduce_sum(ft.exp(x) * x)
        gradient = tape.gradient(y, x)
    show("hessian times vector", accumulator.jvp(gradient))


@ft.custom_gradient
def log1pexp(x):
    """log(1 + exp(x)), whose derivative does not overflow."""
    e = ft.exp(x)

    def gradient(upstream):
        return upstream * (1 - 1 / (1 + e))

    return ft.math.log(1 + e), gradient


@ft.custom_gradient
def clipped(x):
    """The identity, through which gradients of at most 0.5 pass."""
    return x, lambda upstream: ft.clip_by_value(upstream, -0.5, 0.5)


def own_gradients():
    """Gradients that a program defines itself."""
    x = ft.constant(100.0)
    with ft.GradientTape() as tape:
        tape.watch(x)
        y = log1pexp(x)
    show("stable derivative", tape.gradient(y, x))
    v = ft.Variable([1.0, 2.0])
    with ft.GradientTape() as tape:
        y = ft.reduce_sum(clipped(v) * [3.0, 0.25])
    show("clipped gradient", tape.gradient(y, v))


def controls():
    """What a tape sees: stopped gradients, stopped recording, what is not connected."""
    x, unused = ft.Variable(3.0), ft.Variable(1.0)
    with ft.GradientTape(persistent=True) as tape:
        y = x * ft.stop_gradient(x)
        with tape.stop_recording():
            hidden = x * x
        z = y + hidden
    show("through stop_gradient", tape.gradient(z, x))
    print(f"{'not connected':<34}", tape.gradient(z, unused))
    zero = tape.gradient(z, unused, unconnected_gradients=ft.UnconnectedGradients.ZERO)
    show("not connected, as zero", zero)


@ft.function
def compiled_derivative(x):
    """A derivative through a loop whose length is data, in one compiled program."""
    with ft.GradientTape() as tape:
        tape.watch(x)
        _, y = ft.while_loop(
            lambda i, y: i < 3, lambda i, y: (i + 1, ft.sin(y) * x), [ft.constant(0), x]
        )
    return tape.gradient(y, x)


def main():
    higher_orders()
    jacobians()
    hessian()
    forward_mode()
    own_gradients()
    controls()
    show("derivative of a compiled loop", compiled_derivative(ft.constant(0.7)))


if __name__ == "__main__":
    main()
