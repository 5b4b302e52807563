"""The weights of a model in an HDF5 file, where Keras 3 puts them.

    layers/<class>[_n]/vars/<i>     of each layer of a Sequential or functional model
    layers/... and <attribute>/...  of a subclassed model: see `_members`
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
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from ml_dtypes import bfloat16

from freshet.core.errors import (
    AlreadyExistsError,
    DataLossError,
    InvalidArgumentError,
    NotFoundError,
    OpError,
)
from freshet.core.module import to_snake_case
from freshet.core.nest import flatten, is_nested
from freshet.core.tensor import Array
from freshet.core.variable import Variable
from freshet.keras.layers.layer import Layer
from freshet.keras.saving.atomic import write_atomically
from freshet.keras.saving.uninterrupted import uninterrupted

OWN: Final = "freshet"
CHECKSUM: Final = "crc32"

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
    for name, value in _members(layer):
        if isinstance(value, Layer):
            yield from _parts_of(value, _join(path, name), seen)
        elif is_nested(value) and any(isinstance(v, Layer) for v in flatten(value)):
            items = list(value.values()) if isinstance(value, dict) else value
            yield from _container(items, _join(path, name), seen)


def _members(layer: Layer) -> Iterator[tuple[str, Any]]:
    """Yield the attributes in which there may be layers, in Keras's order.

    A model's list of layers is one of them. In a subclassed model its place is by its name, so that
    a layer in an attribute behind it in the alphabet is found, and written, in the list.
    """
    from freshet.keras.models.model import Model  # noqa: PLC0415 (built on this module)

    found = {k: v for k, v in vars(layer).items() if k not in _framework_attributes()}
    if isinstance(layer, Model):
        if layer._graph is not None or hasattr(layer, "_chain"):
            yield "layers", layer.layers
        else:
            found["layers"] = layer.layers
    yield from sorted(found.items(), key=lambda item: _private_last(item[0]))


def _container(items: Any, path: str, seen: set[int]) -> Iterator[tuple[str, str, list[Variable]]]:
    used: Counter[str] = Counter()

    def unique(base: str) -> str:
        used[base] += 1
        return _join(path, f"{base}_{used[base] - 1}" if used[base] > 1 else base)

    for item in items:
        if isinstance(item, Layer):
            yield from _parts_of(item, unique(to_snake_case(type(item).__name__)), seen)
        elif is_nested(item):
            inner = item.values() if isinstance(item, dict) else item
            yield from _container(inner, unique("container"), seen)


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
    with uninterrupted(), h5py.File(buffer, "w") as file:
        for path, name, variables in saved_parts(model):
            group = file.create_group(_join(path, "vars"))
            group.attrs["name"] = name
            _write_arrays(group, [np.asarray(v.numpy()) for v in variables])
        own = file.create_group(OWN)
        generators = model.seed_generators()
        if generators:
            states = [np.asarray(g.state.numpy()) for g in generators]
            _write_arrays(own.create_group("seed_generators"), states)
        own.attrs["epochs_seen"] = model._epochs_seen
        if model._shuffle_seed is not None:
            own.attrs["shuffle_seed"] = np.uint64(model._shuffle_seed)
    return buffer.getvalue()


def _write_arrays(group: Any, arrays: Sequence[Array]) -> None:
    """Put arrays into a group as "0", "1", ...; their checksum, which HDF5 lacks, beside them."""
    for number, array in enumerate(arrays):
        if array.dtype == bfloat16:  # HDF5 does not know it; Keras writes its bits, and says so
            item = group.create_dataset(str(number), data=array.view("V2"))
            item.attrs["dtype"] = "bfloat16"
        else:
            group.create_dataset(str(number), data=array)
    group.attrs[CHECKSUM] = _checksum(arrays)


def _checksum(arrays: Sequence[Array]) -> int:
    found = 0
    for array in arrays:
        # A damaged dtype reads the same bytes as other numbers.
        found = zlib.crc32(array.dtype.name.encode(), found)
        same_order = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        found = zlib.crc32(same_order.reshape(-1).view(np.uint8).data, found)
    return found


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
        with uninterrupted(), h5py.File(io.BytesIO(data), "r") as file:
            unfit, pairs = _matched(model, file, source, skip_mismatch)
            if not skip_mismatch:
                _check_all_taken(model, file, source)
            pairs += _random_states(model, file, source)
            progress = _progress(file)
    except OpError:
        raise
    except Exception as error:  # what HDF5 raises for a damaged file is not bounded
        raise DataLossError(f"{source}: the weights are damaged: {error}") from None
    for variable, array in pairs:
        variable.assign(array.astype(variable.dtype.as_numpy_dtype))
    for name, value in progress.items():
        setattr(model, name, value)
    if unfit:
        warnings.warn(unfit, stacklevel=2)


Pairs = list[tuple[Variable, Array]]


def _matched(model: Any, file: Any, source: str, skip_mismatch: bool) -> tuple[str, Pairs]:
    """Return what to warn of, and each variable with its value."""
    unfit = ""
    pairs: Pairs = []
    for path, name, variables in saved_parts(model):
        place = _join(path, "vars")
        found = _items_of(file, place, source)
        if path == "optimizer" and len(found) != len(variables):
            if found:
                unfit = (
                    f"{source}: the state of optimizer {name!r} is left as it is: it has "
                    f"{len(variables)} variables, the file {len(found)}"
                )
            continue
        if len(found) != len(variables):
            if skip_mismatch:
                continue
            raise DataLossError(
                f"{source}: layer {name!r} ({path or 'the model itself'}) has {len(variables)} "
                f"variables, the file {len(found)}"
            )
        # Shapes come first: a damaged one can claim any amount of memory.
        fits = [tuple(v.shape) == i.shape for v, i in zip(variables, found, strict=True)]
        if not all(fits):
            wrong = fits.index(False)
            if skip_mismatch:
                continue
            raise DataLossError(
                f"{source}: {variables[wrong].path} of layer {name!r} has shape "
                f"{variables[wrong].shape}, in the file {found[wrong].shape}"
            )
        pairs += zip(variables, _read(file, place, found, source), strict=True)
    return unfit, pairs


def _check_all_taken(model: Any, file: Any, source: str) -> None:
    """Refuse a file with variables of a layer that the model does not have."""
    known = {_join(path, "vars") for path, _, _ in saved_parts(model)} | {"optimizer/vars"}

    def check(path: str) -> None:
        place, _, last = path.rpartition("/")
        if last == "0" and place.rpartition("/")[2] == "vars" and place not in known:
            raise DataLossError(f"{source}: the model has no layer for the file's {place}")

    file.visit(check)


def _items_of(file: Any, path: str, source: str) -> list[Any]:
    """Return the numbered arrays of a group, not read yet; an empty list if there is no group."""
    if path not in file:
        return []
    group = file[path]
    if sorted(group) != sorted(map(str, range(len(group)))):
        raise DataLossError(f"{source}: {path} holds {sorted(group)}, expected numbered arrays")
    return [_item(group, str(number), source) for number in range(len(group))]


def _item(group: Any, name: str, source: str) -> Any:
    import h5py  # noqa: PLC0415

    link, item = group.get(name, getlink=True), group.get(name)
    inside = isinstance(link, h5py.HardLink) and isinstance(item, h5py.Dataset)
    # External and virtual data would make the file read others.
    if not inside or item.external or item.is_virtual:
        raise DataLossError(f"{source}: {group.name}/{name} is not an array in this file")
    if item.dtype.kind not in "biuf" and not _is_bfloat16(item):
        raise DataLossError(f"{source}: {group.name}/{name} is not an array of numbers")
    return item


def _is_bfloat16(item: Any) -> bool:
    return item.dtype == np.dtype("V2") and item.attrs.get("dtype") == "bfloat16"


def _read(file: Any, path: str, items: Sequence[Any], source: str) -> list[Array]:
    """Return the values of a group's arrays.

    Raises:
        DataLossError: They are not those that were written.
    """
    found = [np.asarray(item[()]) for item in items]
    arrays = [a.view(bfloat16) if _is_bfloat16(i) else a for i, a in zip(items, found, strict=True)]
    written = file[path].attrs.get(CHECKSUM) if path in file else None
    if written is not None and int(written) != _checksum(arrays):
        raise DataLossError(f"{source}: {path} is damaged: its checksum is wrong")
    return arrays


def _random_states(model: Any, file: Any, source: str) -> Pairs:
    """Return the states of the random generators, if the file is Freshet's and has them all."""
    path = f"{OWN}/seed_generators"
    items = _items_of(file, path, source)
    states = [generator.state for generator in model.seed_generators()]
    if [i.shape for i in items] != [tuple(s.shape) for s in states]:
        return []
    return list(zip(states, _read(file, path, items, source), strict=True))


def _progress(file: Any) -> dict[str, int]:
    """Return the attributes of a model that say how far it was trained."""
    if OWN not in file:
        return {}
    attributes = file[OWN].attrs
    found = {"_epochs_seen": int(attributes.get("epochs_seen", 0))}
    if "shuffle_seed" in attributes:
        found["_shuffle_seed"] = int(attributes["shuffle_seed"])
    return found
