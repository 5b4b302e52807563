"""Keras's weights and batches in PyTorch's layouts."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from benchmarks.models import Data, Problem
from benchmarks.models.weights import Array


def load(model: nn.Module, problem: Problem, data: Data) -> None:
    """Give the model's trainable parameters their initial values.

    A model whose parameters are not one for one Keras's has a method `arrange` that makes them so.
    """
    arrays = [
        array
        for weight, value in zip(problem.weights, data.weights, strict=True)
        for array in _arrays(weight.kind, value)
    ]
    tensors = [torch.from_numpy(array.copy()) for array in arrays]
    tensors = getattr(model, "arrange", list)(tensors)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    with torch.no_grad():
        for parameter, tensor in zip(parameters, tensors, strict=True):
            parameter.copy_(tensor)


def batch(arrays: tuple[Array, ...], layout: torch.memory_format) -> tuple[torch.Tensor, ...]:
    """Return a batch as PyTorch takes it."""
    return tuple(_tensor(array, layout) for array in arrays)


def _tensor(array: Array, layout: torch.memory_format) -> torch.Tensor:
    if array.ndim == 4:
        images = torch.from_numpy(_turn(array, 1).copy()).permute(0, 3, 1, 2)
        return images.contiguous(memory_format=layout)
    tensor = torch.from_numpy(array)
    return tensor if tensor.is_floating_point() else tensor.long()


def _turn(array: Array, axis: int) -> Array:
    """Turn images, or the windows of their convolutions, by 180 degrees.

    Where padding on both sides cannot be equal, PyTorch begins with the larger one and Keras ends
    with it. A network is the same if its images and its windows are both turned.
    """
    return np.flip(array, (axis, axis + 1))


def _arrays(kind: str, value: Array) -> list[Array]:
    """Return the parameters that a weight becomes; `models.weights` explains the kinds."""
    match kind:
        case "dense":
            return [value.T]
        case "convolution" | "transposed_convolution":
            axes = range(value.ndim)
            window = _turn(value, 0) if value.ndim == 4 else value
            return [window.transpose(*axes[:-3:-1], *axes[:-2])]
        case "heads":
            return [value.reshape(len(value), -1).T]
        case "joined_heads":
            return [value.reshape(-1, value.shape[-1]).T]
        case "gru":
            return [_reset_first(value).T]
        case "gru_bias":
            return list(_reset_first(value))
        case "bias":
            return [value.ravel()]
        case _:
            return [value]


def _reset_first(value: Array) -> Array:
    update, reset, candidate = np.split(value, 3, axis=-1)
    return np.concatenate([reset, update, candidate], axis=-1)


def turned(weight: torch.Tensor, axis: int, image: tuple[int, int]) -> torch.Tensor:
    """Turn by 180 degrees the images that lie flat along an axis, pixels before channels.

    For `arrange`: what is dense between images and vectors has to follow.
    """
    return weight.unflatten(axis, (*image, -1)).flip(axis, axis + 1).flatten(axis, axis + 2)
