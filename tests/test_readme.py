"""The README's program runs as it stands, on fewer digits."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from freshet.keras.datasets import digits, mnist

README = Path(__file__).parents[1] / "README.md"


def as_mnist(images):
    """Return images of 8x8 pixels in the form of MNIST's."""
    large = images.repeat(3, axis=1).repeat(3, axis=2) * 15
    return np.pad(large, ((0, 0), (2, 2), (2, 2))).astype(np.uint8)


def small_data():
    (x, y), (x_test, y_test) = digits.load_data()
    return (as_mnist(x[:512]), y[:512]), (as_mnist(x_test[:100]), y_test[:100])


def test_its_program_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mnist, "load_data", small_data)
    text = README.read_text(encoding="utf-8")
    program, loop, newton = re.findall(r"```python\n(.*?)```", text, re.S)
    names = {}
    exec(program, names)
    assert "val_accuracy" in capsys.readouterr().out
    assert (tmp_path / "lenet.keras").exists()
    exec(loop, names)
    images, labels = small_data()[0]
    inputs = (images[:128, ..., None] / 255.0).astype(np.float32)
    values = [float(names["train_step"](inputs, labels[:128])) for _ in range(10)]
    assert values[-1] < 0.8 * values[0]
    # AutoGraph reads a function's source, which has to be in a file.
    file = tmp_path / "newton.py"
    file.write_text(newton, encoding="utf-8")
    exec(compile(newton, file, "exec"), names)
    np.testing.assert_allclose(names["newton"](np.float32([2, 9])), [2**0.5, 3], rtol=1e-6)


def test_its_links_lead_somewhere():
    links = re.findall(r"\]\(([^)]+)\)", README.read_text(encoding="utf-8"))
    assert links
    for link in links:
        assert (README.parent / link).exists(), link
