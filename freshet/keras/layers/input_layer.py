"""`Input` and `InputLayer`: where a functional model begins."""

from __future__ import annotations

from typing import Any

from freshet.core.dtypes import as_dtype
from freshet.core.errors import InvalidArgumentError, UnimplementedError
from freshet.keras.dtype_policies import floatx
from freshet.keras.layers.keras_tensor import KerasTensor, Node
from freshet.keras.layers.layer import Layer


class InputLayer(Layer):
    """The place of an input in a model. `Input` makes one and returns its tensor.

    Args:
        shape: Shape without the batch; None for sizes that may differ.
        batch_size: Size of the batch, if it is always the same.
        dtype: Inputs are converted to it; `floatx()` by default.
        sparse: Only None or False.
        ragged: Only None or False.
        batch_shape: Shape with the batch, instead of `shape` and `batch_size`.
        optional: Only False.
        name: Name of the input, by which `fit` takes data from a dict.
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Any = None,
        optional: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if sparse or ragged or optional:
            raise UnimplementedError("Input: sparse, ragged and optional inputs are not there yet")
        if (shape is None) == (batch_shape is None):
            raise InvalidArgumentError("Input: give either shape or batch_shape")
        self.batch_shape = tuple(batch_shape) if shape is None else (batch_size, *_sizes(shape))
        self._input_dtype = as_dtype(dtype or floatx()).name
        tensor = KerasTensor(self.batch_shape, self._input_dtype, name=self.name)
        self.built = True
        Node(self, (), {}, tensor)

    @property
    def dtype(self) -> str:
        """Dtype of the input."""
        return self._input_dtype

    def call(self) -> None:
        """Never called: the model puts the input here."""

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON values."""
        return {
            "batch_shape": list(self.batch_shape),
            "dtype": self.dtype,
            "sparse": False,
            "ragged": False,
            "name": self.name,
            "optional": False,
        }


def _sizes(shape: Any) -> tuple[Any, ...]:
    return (shape,) if isinstance(shape, int) else tuple(shape)


def Input(  # noqa: N802 (Keras's name)
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> KerasTensor:
    """Return the symbolic input of a functional model.

    Args:
        shape: Shape without the batch; None for sizes that may differ.
        batch_size: Size of the batch, if it is always the same.
        dtype: Inputs are converted to it; float32 by default.
        sparse: Only None or False.
        batch_shape: Shape with the batch, instead of `shape` and `batch_size`.
        name: Name of the input.
        tensor: Only None.
        optional: Only False.

    Example:
        >>> Input((28, 28, 1)).shape
        TensorShape([None, 28, 28, 1])
    """
    if tensor is not None:
        raise UnimplementedError("Input: an input around an existing tensor is not there")
    layer = InputLayer(shape, batch_size, dtype, sparse, None, batch_shape, optional, name)
    found: KerasTensor = layer.output
    return found
