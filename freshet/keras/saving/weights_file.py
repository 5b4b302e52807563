"""The weights of a model in an HDF5 file, where Keras 3 puts them.

    layers/<class>[_n]/vars/<i>     of each layer of a Sequential or functional model
    <attribute>/vars/<i>            of each layer in an attribute of any other layer
    <attribute>/<class>[_n]/...     of layers in lists and dicts
    optimizer/vars/<i>              of the optimizer
    freshet/...                     what Keras has no place for: random state, progress

A file is read as a whole and checked against the model before any weight is changed. Only numbers
stored in the file itself are read: links to other files are refused.
"""

from __future__ import annotations

import io
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from freshet.core.errors import (
    AlreadyExistsError,
    DataLossError,
    InvalidArgumentError,
    NotFoundError,
)
from freshet.core.module import to_snake_case
from freshet.core.nest import flatten, is_nested
from freshet.core.tensor import Array
from freshet.core.variable import Variable
from freshet.keras.layers.layer import Layer
from freshet.keras.saving.atomic import write_atomically

OWN: Final = "freshet"

# --- where variables are --------------------------------------------------------------------------


def saved_parts(model: Any) -> Iterator[tuple[str, str, list[Variable]]]:
    """Yield (path, name, variables) of the model, its layers and its optimizer."""
    yield from _parts_of(model, "", set())
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None:
        yield "optimizer", optimizer.name, list(optimizer.variables)


def _parts_of(layer: Layer, path: str, seen: set[int]) -> Iterator[tuple[str, str, list[Variable]]]:
    if id(layer) in seen:
        return
    seen.add(id(layer))
    trained, fixed = layer._own_variables()
    yield path, layer.name, [*trained, *fixed]
    if getattr(layer, "_graph", None) is not None or hasattr(layer, "_chain"):
        yield from _container(layer.layers, _join(path, "layers"), seen)  # type: ignore[attr-defined]
    for name, value in sorted(vars(layer).items(), key=lambda item: _private_last(item[0])):
        if name in _framework_attributes():
            continue
        if isinstance(value, Layer):
            yield from _parts_of(value, _join(path, name), seen)
        elif is_nested(value) and any(isinstance(v, Layer) for v in flatten(value)):
            items = list(value.values()) if isinstance(value, dict) else value
            yield from _container(items, _join(path, name), seen)


def _container(items: Any, path: str, seen: set[int]) -> Iterator[tuple[str, str, list[Variable]]]:
    used: Counter[str] = Counter()
    for item in items:
        if isinstance(item, Layer):
            base = to_snake_case(type(item).__name__)
            name = f"{base}_{used[base]}" if used[base] else base
            used[base] += 1
            yield from _parts_of(item, _join(path, name), seen)
        elif is_nested(item):
            yield from _container(item.values() if isinstance(item, dict) else item, path, seen)


def _framework_attributes() -> frozenset[str]:
    """Return the attributes that Freshet itself sets on layers and models."""
    from freshet.keras.models.model import Model  # noqa: PLC0415
    from freshet.keras.models.sequential import Sequential  # noqa: PLC0415

    global _known_attributes  # noqa: PLW0603
    if _known_attributes is None:
        found = {*vars(Model(name="reference")), *vars(Sequential(name="reference"))}
        _known_attributes = frozenset({*found, "_graph_layers", "_chain"})
    return _known_attributes


_known_attributes: frozenset[str] | None = None


def _private_last(name: str) -> str:
    return f"~{name}" if name.startswith("_") else name


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


# --- writing --------------------------------------------------------------------------------------


def weights_bytes(model: Any) -> bytes:
    """Return the HDF5 file of a model's variables."""
    import h5py  # noqa: PLC0415 (80 ms; few programs save)

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for path, name, variables in saved_parts(model):
            group = file.create_group(_join(path, "vars"))
            group.attrs["name"] = name
            for number, variable in enumerate(variables):
                group.create_dataset(str(number), data=_stored(variable))
        own = file.create_group(OWN)
        for number, generator in enumerate(model.seed_generators()):
            own.create_dataset(
                f"seed_generators/{number}", data=np.asarray(generator.state.numpy())
            )
        own.attrs["epochs_seen"] = model._epochs_seen
        if model._shuffle_seed is not None:
            own.attrs["shuffle_seed"] = np.uint64(model._shuffle_seed)
    return buffer.getvalue()


def _stored(variable: Variable) -> Array:
    array = np.asarray(variable.numpy())
    # HDF5 has no bfloat16; Keras stores its bits the same way.
    return array.astype(np.float32) if variable.dtype.name == "bfloat16" else array


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Write a ``.weights.h5`` file."""
    path = Path(filepath)
    if not path.name.endswith(".weights.h5"):
        raise InvalidArgumentError(
            f"save_weights: the file's name must end in '.weights.h5', received {str(path)!r}"
        )
    if path.exists() and not overwrite:
        raise AlreadyExistsError(f"save_weights: {path} exists; give overwrite=True to replace it")
    write_atomically(path, weights_bytes(model))


# --- reading --------------------------------------------------------------------------------------


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False) -> None:
    """Read weights from a ``.weights.h5`` or ``.keras`` file; all of them or none."""
    path = Path(filepath)
    if not path.exists():
        raise NotFoundError(f"load_weights: there is no file {path}")
    if path.suffix == ".keras":
        from freshet.keras.saving.keras_file import read_archive  # noqa: PLC0415

        data = read_archive(path)["model.weights.h5"]
    else:
        data = path.read_bytes()
    assign_weights(model, data, str(path), skip_mismatch=skip_mismatch)


def assign_weights(model: Any, data: bytes, source: str, *, skip_mismatch: bool = False) -> None:
    """Assign what an HDF5 file holds to a model's variables.

    Raises:
        DataLossError: The file is damaged or does not fit the model; nothing is assigned then.
    """
    import h5py  # noqa: PLC0415

    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            pairs = list(_matched(model, file, source, skip_mismatch))
            progress = _own_state(model, file)
    except (OSError, RuntimeError, KeyError) as error:
        raise DataLossError(f"{source}: the weights are damaged: {error}") from None
    for variable, array in pairs:
        variable.assign(array.astype(variable.dtype.as_numpy_dtype))
    for name, value in progress.items():
        setattr(model, name, value)


def _matched(
    model: Any, file: Any, source: str, skip_mismatch: bool
) -> Iterator[tuple[Variable, Array]]:
    for path, name, variables in saved_parts(model):
        found = _read_group(file, _join(path, "vars"), source)
        if path == "optimizer" and len(found) != len(variables):
            if found:
                warnings.warn(
                    f"{source}: the state of optimizer {name!r} is left as it is: it has "
                    f"{len(variables)} variables, the file {len(found)}",
                    stacklevel=2,
                )
            continue
        if len(found) != len(variables):
            if skip_mismatch:
                continue
            raise DataLossError(
                f"{source}: layer {name!r} ({path or 'the model itself'}) has {len(variables)} "
                f"variables, the file {len(found)}"
            )
        for variable, array in zip(variables, found, strict=True):
            if tuple(variable.shape) == array.shape:
                yield variable, array
            elif not skip_mismatch:
                raise DataLossError(
                    f"{source}: {variable.path} of layer {name!r} has shape {variable.shape}, in "
                    f"the file {array.shape}"
                )


def _read_group(file: Any, path: str, source: str) -> list[Array]:
    """Return the numbered arrays of a group; an empty list if there is no such group."""
    if path not in file:
        return []
    group = file[path]
    if sorted(group) != sorted(map(str, range(len(group)))):
        raise DataLossError(f"{source}: {path} holds {sorted(group)}, expected numbered arrays")
    return [_read_array(group, str(number), source) for number in range(len(group))]


def _read_array(group: Any, name: str, source: str) -> Array:
    import h5py  # noqa: PLC0415

    link, item = group.get(name, getlink=True), group.get(name)
    inside = isinstance(link, h5py.HardLink) and isinstance(item, h5py.Dataset)
    # External and virtual data would make the file read others.
    if not inside or item.external or item.is_virtual or item.dtype.kind not in "biuf":
        raise DataLossError(f"{source}: {group.name}/{name} is not an array of numbers")
    return np.asarray(item[()])


def _own_state(model: Any, file: Any) -> dict[str, Any]:
    """Return the model's attributes that a file of Freshet's sets; assign its random state."""
    if OWN not in file:
        return {}
    own = file[OWN]
    generators = model.seed_generators()
    states = [own.get(f"seed_generators/{n}") for n in range(len(generators))]
    if all(s is not None and s.shape == (3,) for s in states):
        for generator, state in zip(generators, states, strict=True):
            generator.state.assign(np.asarray(state, np.uint32))
    found: dict[str, Any] = {"_epochs_seen": int(own.attrs.get("epochs_seen", 0))}
    if "shuffle_seed" in own.attrs:
        found["_shuffle_seed"] = int(own.attrs["shuffle_seed"])
    return found
