"""Layers and cells within others: how they are built and called."""

from __future__ import annotations

import inspect
from typing import Any

from freshet.keras.layers.layer import Layer


def build_inner(owner: Layer, layer: Layer, shape: Any) -> None:
    """Make the weights of a layer within another, if it has none yet; let their paths name both."""
    layer._build(shape)
    for weight in layer.weights:
        weight.path = f"{owner.name}/{weight.path}"


def takes(layer: Any, argument: str) -> bool:
    """Return whether a layer's `call` has an argument."""
    return argument in inspect.signature(type(layer).call).parameters


def call_cell(cell: Any, inputs: Any, states: Any, training: bool) -> tuple[Any, Any]:
    """Return a cell's output and its new states for one step."""
    given = {"training": training} if takes(cell, "training") else {}
    output, after = (cell if callable(cell) else cell.call)(inputs, states, **given)
    return output, after
