"""``freshet demo``: train a digit classifier, and leave behind what a real run would."""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from freshet.cli.options import count, new_folder

if TYPE_CHECKING:
    from freshet.core.tensor import Array

HELP: Final = "train a digit classifier on real data that comes with Freshet"
EPOCHS: Final = 8
BATCH_SIZE: Final = 64
LEARNING_RATE: Final = 3e-3
"""At the beginning; it falls to 0 along half a cosine, so that the last steps polish."""
SEED: Final = 0
EXAMPLES: Final = f"""\
examples:
  freshet demo                        {EPOCHS} epochs, a few seconds
  freshet demo --epochs 2             a shorter training, and a worse classifier
  freshet demo --seed 7               other first weights, another order of the examples
  freshet demo --out runs/first       choose the folder

The run's folder holds the model (model.keras), pictures of how it went, the metrics of each epoch
(history.json) and event files for TensorBoard (logs/).

The data are 1,797 handwritten digits of 8x8 pixels (Alpaydin & Kaynak 1998, CC BY 4.0). The network
learns from four fifths of them; the accuracy is that on the other fifth, which it has not seen.
"""
MISTAKES: Final = 24


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options to its parser."""
    parser.add_argument(
        "--epochs", type=count, default=EPOCHS, metavar="N",
        help="passes over the training data (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, metavar="DIR",
        help="new folder for the results (default: runs/digits-<date>-<time>)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=int, default=SEED, metavar="N",
        help="fixes every random choice: the same seed gives the same model (default: %(default)s)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Train, evaluate and save; return the exit status."""
    folder = new_folder(arguments.out, "digits")

    import freshet as ft  # noqa: PLC0415 (--help should not wait for it)
    from freshet.keras import plots  # noqa: PLC0415

    with_pictures = plots.is_available()
    if not with_pictures:
        print("No pictures: they need matplotlib (pip install 'freshet[plot]').\n")
    ft.keras.utils.set_random_seed(arguments.seed)
    (x_train, y_train), (x_test, y_test) = load_digits()
    x_shifted, y_shifted = with_shifts(x_train, y_train)
    model = build_model(steps=arguments.epochs * math.ceil(len(x_shifted) / BATCH_SIZE))
    print(
        f"Training a network with {model.count_params():,} weights on {len(x_train):,} handwritten "
        f"digits, testing on {len(x_test)} others\n"
    )
    started = time.monotonic()
    history = model.fit(
        x_shifted,
        y_shifted,
        batch_size=BATCH_SIZE,
        epochs=arguments.epochs,
        validation_data=(x_test, y_test),
        callbacks=[ft.keras.callbacks.TensorBoard(folder / "logs", write_steps_per_second=True)],
    )
    seconds = time.monotonic() - started
    probabilities = model.predict(x_test, verbose=0)
    wrong = int((probabilities.argmax(1) != y_test).sum())
    model.save(folder / "model.keras")
    (folder / "history.json").write_text(json.dumps(history.history, indent=1), encoding="utf-8")
    if with_pictures:
        draw(folder, history, x_test, y_test, probabilities)
    print(report(folder, seconds, wrong, len(y_test), with_pictures))
    return 0


def load_digits() -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return the digits as float32[N, 8, 8, 1] from 0 to 1, with their labels."""
    from freshet.keras.datasets import digits  # noqa: PLC0415

    (x_train, y_train), (x_test, y_test) = digits.load_data()
    return (scaled(x_train), y_train), (scaled(x_test), y_test)


def scaled(images: Array) -> Array:
    """Return images of 0 to 16 as float32[N, 8, 8, 1] from 0 to 1."""
    found: Array = (images[..., None] / 16.0).astype("float32")
    return found


def with_shifts(images: Array, labels: Array) -> tuple[Array, Array]:
    """Return images and, beside each, copies moved one pixel left, right, up and down.

    A digit in another place is the same digit; a classifier that has seen that errs less often.
    """
    import numpy as np  # noqa: PLC0415

    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    height, width = images.shape[1:3]
    corners = ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2))
    copies = [padded[:, top : top + height, left : left + width] for top, left in corners]
    return np.concatenate(copies), np.tile(labels, len(corners))


def build_model(steps: int) -> Any:
    """Return the network, ready to be trained for a number of steps."""
    from freshet import keras  # noqa: PLC0415
    from freshet.keras import layers  # noqa: PLC0415

    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.Activation("relu"),
            layers.Conv2D(32, 3, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.Activation("relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.Activation("relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy"],
    )
    return model


def draw(folder: Path, history: Any, images: Array, labels: Array, probabilities: Array) -> None:
    """Draw how training went and what the network gets wrong."""
    from freshet.keras import plots  # noqa: PLC0415

    plots.learning_curves(
        history,
        subtitle="Training: mean over each epoch, while the weights change. Validation: after it.",
        path=folder / "learning_curves.png",
    )
    plots.confusion_matrix(labels, probabilities, path=folder / "confusion_matrix.png")
    rows = hardest(labels, probabilities)[:MISTAKES]
    predicted = probabilities.argmax(1)
    captions = []
    for row in rows:
        taken = "" if predicted[row] == labels[row] else f", taken for {predicted[row]}"
        captions.append(f"{labels[row]}{taken}\n{100 * probabilities[row].max():.0f} % sure")
    wrong = int((predicted != labels).sum())
    plots.image_grid(
        images[rows],
        captions,
        marks=[bool(predicted[row] == labels[row]) for row in rows],
        columns=8,
        title=f"{wrong} of {len(labels)} test digits wrong" if wrong else "No test digit wrong",
        subtitle="First the mistakes, the surest first; then the right ones it was least sure of",
        cmap="gray_r",
        path=folder / "worst_mistakes.png",
    )


def hardest(labels: Array, probabilities: Array) -> Array:
    """Return the examples' numbers: mistakes, the surest first, then the least certain others."""
    import numpy as np  # noqa: PLC0415

    right = probabilities.argmax(1) == labels
    certainty = probabilities.max(1)
    order: Array = np.lexsort((np.where(right, certainty, -certainty), right))
    return order


def report(folder: Path, seconds: float, wrong: int, total: int, with_pictures: bool) -> str:
    """Return what the run came to, where its files are, and what to try next."""
    files = ["model.keras"]
    if with_pictures:
        files += ["learning_curves.png", "confusion_matrix.png", "worst_mistakes.png"]
    files += ["history.json", "logs/"]
    listed = "\n".join(f"  {folder / name}" for name in files)
    accuracy = (
        f"{100 * (total - wrong) / total:.1f} % of {total} held-out digits right ({wrong} wrong)"
    )
    return f"""
{accuracy} after {seconds:.1f} s of training.

{listed}

Try next:
  tensorboard --logdir {folder / "logs"}
  python -c "import freshet as ft; ft.keras.models.load_model('{folder / "model.keras"}').summary()"
  freshet demo --help
"""
