"""``.keras`` files: Keras 3's format, a ZIP archive of configuration and weights.

    metadata.json       which version wrote it, and when
    config.json         the model's class and configuration, and what `compile` was given
    model.weights.h5    the variables (see `weights_file`)

Nothing in a file is run: classes come from Freshet and from the caller.
"""

from __future__ import annotations

import datetime
import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any, Final

import freshet
from freshet.core.errors import (
    AlreadyExistsError,
    DataLossError,
    InvalidArgumentError,
    NotFoundError,
    OpError,
)
from freshet.core.traceback import short_traceback
from freshet.keras.configurable import deserialize_object
from freshet.keras.layers.allowance import weights_within
from freshet.keras.registry import custom_object_scope
from freshet.keras.saving.atomic import write_atomically
from freshet.keras.saving.weights_file import assign_weights, weights_bytes

KERAS_VERSION: Final = "3.15.0"
"""The version of Keras whose format this is."""
ENTRIES: Final = ("metadata.json", "config.json", "model.weights.h5")
LARGEST_JSON: Final = 256 * 1024 * 1024


def save_model(model: Any, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
    """Write a model to a ``.keras`` file; see `Model.save`."""
    kwargs.pop("zipped", None)
    if kwargs.pop("save_format", "keras") not in {"keras", None} or kwargs:
        raise InvalidArgumentError("save: only the .keras format is there")
    path = Path(filepath)
    if path.suffix != ".keras":
        raise InvalidArgumentError(
            f"save: the file's name must end in '.keras', received {str(path)!r}; to write the "
            "weights alone use save_weights('....weights.h5')"
        )
    if path.exists() and not overwrite:
        raise AlreadyExistsError(f"save: {path} exists; give overwrite=True to replace it")
    write_atomically(path, archive_bytes(model))


def archive_bytes(model: Any) -> bytes:
    """Return a model as the bytes of a ``.keras`` file."""
    from freshet.keras.models.model import serialize_with_build  # noqa: PLC0415

    config = serialize_with_build(model)
    compiled = model.get_compile_config()
    if compiled is not None:
        config["compile_config"] = compiled
    now = datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")
    metadata = {
        "keras_version": KERAS_VERSION,
        "date_saved": now,
        "freshet_version": freshet.__version__,
    }
    parts = (json.dumps(metadata).encode(), json.dumps(config).encode(), weights_bytes(model))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in zip(ENTRIES, parts, strict=True):
            # A fixed date: the same model gives the same bytes.
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


@short_traceback
def load_model(
    filepath: Any, custom_objects: Any = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """Read a model from a ``.keras`` file, written by Freshet or by Keras 3.

    Args:
        filepath: The file.
        custom_objects: Classes and functions of the caller's that the model uses, by name.
        compile: Whether to compile the model as the saved one was.
        safe_mode: Must be True: nothing in a file is ever run.

    Returns:
        The model, with its weights; complete, or an error is raised.

    Raises:
        NotFoundError: There is no such file.
        DataLossError: The file is truncated or edited.
        InvalidArgumentError: The model uses a class that neither Freshet nor the caller has.
    """
    if not safe_mode:
        raise InvalidArgumentError("load_model: safe_mode=False is not there: files are never run")
    path = Path(filepath)
    if not path.exists():
        raise NotFoundError(f"load_model: there is no file {path}")
    if path.suffix != ".keras":
        raise InvalidArgumentError(f"load_model: expected a '.keras' file, received {str(path)!r}")
    entries = read_archive(path)
    config = _parsed(entries["config.json"], path)
    weights = entries["model.weights.h5"]
    with custom_object_scope(custom_objects or {}), weights_within(len(weights)):
        model = _made(config, compile, path)
    assign_weights(model, weights, str(path))
    return model


def read_archive(path: Path) -> dict[str, bytes]:
    """Return the parts of a ``.keras`` file, their checksums verified."""
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            missing = [name for name in ENTRIES if name not in sizes]
            if missing:
                raise DataLossError(f"{path}: the file has no {missing[0]}")
            # A few bytes can claim to unpack to anything: real weights do not compress so well.
            limit = 64 * path.stat().st_size + 1024 * 1024
            large = [
                n for n in ENTRIES if sizes[n] > limit or ("json" in n and sizes[n] > LARGEST_JSON)
            ]
            if large:
                raise DataLossError(f"{path}: {large[0]} claims an impossible size")
            return {name: archive.read(name) for name in ENTRIES}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        if isinstance(error, OpError):
            raise
        raise DataLossError(f"{path}: the file is truncated or damaged: {error}") from None


def _parsed(data: bytes, path: Path) -> dict[str, Any]:
    try:
        config = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DataLossError(f"{path}: config.json is damaged: {error}") from None
    if not isinstance(config, dict):
        raise DataLossError(f"{path}: config.json does not describe a model")
    return config


def _made(config: dict[str, Any], compile: bool, path: Path) -> Any:
    from freshet.keras.models.model import Model  # noqa: PLC0415

    try:
        model = deserialize_object(config)
        if not isinstance(model, Model):
            raise DataLossError(f"{path}: config.json describes {model!r}, which is no model")
        if compile and config.get("compile_config"):
            model.compile_from_config(config["compile_config"])
    except OpError:
        raise
    except Exception as error:  # any value can be of a wrong type, deep within any constructor
        raise DataLossError(
            f"{path}: config.json does not describe a model: {type(error).__name__}: {error}"
        ) from error
    return model
