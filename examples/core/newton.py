"""A Newton solver: while loops and linear algebra in one compiled function.

It finds where two curves meet, for many starting points at once, and the square roots of numbers
by Heron's rule. Loops, conditions and the Jacobian are one program; Python sees its results only.
Change the import to TensorFlow's, and it prints the same.

    python examples/core/newton.py
"""

import freshet as ft

TOLERANCE, MOST = 1e-5, 50


def residual(p):
    """A circle of radius 2 and the curve y = exp(x) - 1: zero where they meet."""
    x, y = p[:, 0], p[:, 1]
    return ft.stack([x**2 + y**2 - 4.0, ft.exp(x) - 1.0 - y], axis=1)


@ft.function
def solve(start):
    """Return the solutions [n, 2] that Newton's method finds, and how many steps it took."""

    def go_on(p, error, steps):
        return ft.logical_and(error > TOLERANCE, steps < MOST)

    def step(p, error, steps):
        with ft.GradientTape() as tape:
            tape.watch(p)
            r = residual(p)
        jacobian = tape.batch_jacobian(r, p)
        change = ft.linalg.solve(jacobian, r[:, :, ft.newaxis])[:, :, 0]
        # A long step would leave the region in which the curve is nearly straight.
        length = ft.norm(change, axis=1, keepdims=True)
        change = change * ft.minimum(1.0, 1.0 / ft.maximum(length, 1e-12))
        p = p - change
        return p, ft.reduce_max(ft.abs(residual(p))), steps + 1

    error = ft.reduce_max(ft.abs(residual(start)))
    p, error, steps = ft.while_loop(go_on, step, [start, error, ft.constant(0)])
    return p, error, steps


@ft.function
def square_roots(numbers):
    """Return square roots by Heron's rule; of a negative number, NaN."""

    def root(number):
        def search():
            _, found = ft.while_loop(
                lambda old, new: ft.abs(new - old) > TOLERANCE * new,
                lambda old, new: (new, 0.5 * (new + number / new)),
                [number, 0.5 * (number + 1.0)],
            )
            return found

        return ft.cond(number >= 0.0, search, lambda: ft.constant(float("nan")))

    return ft.map_fn(root, numbers)


def main():
    start = ft.constant([[1.0, 1.0], [-1.0, -1.0], [2.0, 0.5], [-2.0, 0.0]])
    p, error, steps = solve(start)
    for (x, y), (x0, y0) in zip(p.numpy(), start.numpy()):
        print(f"from ({x0:4.1f}, {y0:4.1f}) to ({x:.4f}, {y:.4f})")
    print("steps:", int(steps), " converged:", bool(error <= TOLERANCE))
    numbers = [2.0, 9.0, 1e-2, 12345.0, -1.0]
    roots = square_roots(ft.constant(numbers)).numpy()
    print("square roots:", " ".join(f"{r:.4f}" for r in roots))


if __name__ == "__main__":
    main()
