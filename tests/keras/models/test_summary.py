"""What `Model.summary` prints."""

from __future__ import annotations

from freshet import keras
from freshet.keras import layers


def text(model: keras.Model, **options) -> str:
    found: list[str] = []
    model.summary(print_fn=found.append, **options)
    return "\n".join(found)


def cells(summary: str) -> list[list[str]]:
    rows = [line for line in summary.splitlines() if line.startswith(("│", "┃"))]
    return [[cell.strip() for cell in row[1:-1].replace("┃", "│").split("│")] for row in rows]


def test_a_row_of_layers() -> None:
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Conv2D(4, 3, name="conv"),
         layers.BatchNormalization(name="norm"), layers.Flatten(name="flat"),
         layers.Dense(10, name="out")], name="small",
    )  # fmt: skip
    summary = text(model)
    assert summary.startswith('Model: "small"\n')
    assert cells(summary) == [
        ["Layer (type)", "Output Shape", "Param #"],
        ["conv (Conv2D)", "(None, 6, 6, 4)", "40"],
        ["norm (BatchNormalization)", "(None, 6, 6, 4)", "16"],
        ["flat (Flatten)", "(None, 144)", "0"],
        ["out (Dense)", "(None, 10)", "1,450"],
    ]
    assert summary.endswith(
        " Total params: 1,506 (5.88 KB)\n"
        " Trainable params: 1,498 (5.85 KB)\n"
        " Non-trainable params: 8 (32.00 B)"
    )
    assert {len(line) for line in summary.splitlines()[1:-3]} == {80}


def test_branches_show_what_they_are_connected_to() -> None:
    x = keras.Input((3,), name="x")
    a = layers.Dense(3, name="a")(x)
    model = keras.Model(x, layers.Add(name="sum")([x, a]))
    assert cells(text(model))[1:] == [
        ["x (InputLayer)", "(None, 3)", "0", "-"],
        ["a (Dense)", "(None, 3)", "12", "x"],
        ["sum (Add)", "(None, 3)", "0", "x, a"],
    ]


def test_inner_models_can_be_shown() -> None:
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(2, name="in")], name="inner")
    model = keras.Sequential([keras.Input((3,)), inner, layers.Dense(1, name="out")])
    assert [row[0] for row in cells(text(model))[1:]] == ["inner (Sequential)", "out (Dense)"]
    assert [row[0] for row in cells(text(model, expand_nested=True))[1:]] == [
        "inner (Sequential)", "in (Dense)", "out (Dense)",
    ]  # fmt: skip


def test_trained_layers_and_a_range_of_them() -> None:
    model = keras.Sequential([keras.Input((3,)), *(layers.Dense(3, name=n) for n in "abc")])
    model.get_layer("b").trainable = False
    rows = cells(text(model, show_trainable=True, layer_range=["b", "c"]))[1:]
    assert [(row[0], row[3]) for row in rows] == [("b (Dense)", "no"), ("c (Dense)", "yes")]


def test_the_optimizers_state_is_counted_once_it_exists() -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    model.compile("adam", "mse")
    assert "Optimizer" not in text(model)
    model.optimizer.build(model.trainable_weights)
    assert " Optimizer params: 10 (40.00 B)" in text(model)


def test_a_model_that_is_not_built() -> None:
    summary = text(keras.Sequential([layers.Dense(1, name="d")]))
    assert cells(summary)[1] == ["d (Dense)", "?", "not built"]
    assert "The model has no weights yet" in summary
