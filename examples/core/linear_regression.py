"""Linear regression by hand: a model, a loss, gradients and steps, without Keras.

It fits y = 3 x1 - 2 x2 + 1 to noisy points, with a variable of each kind that a model needs and
one compiled training step. Change the import to TensorFlow's, and it prints the same.

    python examples/core/linear_regression.py
"""

import numpy as np

import freshet as ft

POINTS, STEPS, RATE = 256, 200, 0.1


class LinearModel(ft.Module):
    """y = x @ weights + bias."""

    def __init__(self, inputs):
        super().__init__(name="linear_model")
        self.weights = ft.Variable(ft.zeros([inputs, 1]), name="weights")
        self.bias = ft.Variable(0.0, name="bias")

    def __call__(self, x):
        return ft.squeeze(ft.matmul(x, self.weights), axis=1) + self.bias


@ft.function
def train_step(model, x, y):
    """Take one step down the gradient; return the loss before it."""
    with ft.GradientTape() as tape:
        loss = ft.reduce_mean(ft.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    for variable, gradient in zip(model.trainable_variables, gradients):
        variable.assign_sub(RATE * gradient)
    return loss


def main():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (POINTS, 2)).astype(np.float32)
    noise = 0.1 * rng.standard_normal(POINTS)
    y = (x @ [3.0, -2.0] + 1 + noise).astype(np.float32)

    model = LinearModel(2)
    x, y = ft.constant(x), ft.constant(y)
    for step in range(STEPS + 1):
        loss = train_step(model, x, y)
        if step % 50 == 0:
            print(f"step {step:3}  loss {float(loss):.4f}")
    w = model.weights.numpy()[:, 0]
    print(f"weights {w[0]:.3f} {w[1]:.3f}  bias {model.bias.numpy():.3f}")
    names = [v.name.split(":")[0] for v in model.trainable_variables]
    print("variables:", ", ".join(sorted(n.split("/")[-1] for n in names)))

    # The same by the normal equations: the derivative of the loss is zero there.
    ones = ft.ones([POINTS, 1])
    design = ft.concat([x, ones], axis=1)
    exact = ft.linalg.lstsq(design, y[:, ft.newaxis])
    distance = ft.norm(exact[:, 0] - ft.concat([w, [model.bias.numpy()]], axis=0))
    print("close to the exact solution:", bool(distance < 1e-3))


if __name__ == "__main__":
    main()
