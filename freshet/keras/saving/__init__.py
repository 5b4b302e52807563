"""Saving and loading: ``ft.keras.saving``."""

from __future__ import annotations

import json
from typing import Any

from freshet.keras.configurable import deserialize_object
from freshet.keras.registry import custom_object_scope as custom_object_scope
from freshet.keras.registry import register_keras_serializable as register_keras_serializable
from freshet.keras.saving.keras_file import load_model as load_model
from freshet.keras.saving.keras_file import save_model as save_model

CustomObjectScope = custom_object_scope


def deserialize_keras_object(config: Any, custom_objects: Any = None) -> Any:
    """Make the object that `serialize_keras_object` described."""
    with custom_object_scope(custom_objects or {}):
        return deserialize_object(config)


def serialize_keras_object(obj: Any) -> Any:
    """Return an object's class and configuration as JSON values."""
    from freshet.keras.configurable import serialize  # noqa: PLC0415
    from freshet.keras.layers.layer import Layer  # noqa: PLC0415
    from freshet.keras.models.model import serialize_with_build  # noqa: PLC0415

    return serialize_with_build(obj) if isinstance(obj, Layer) else serialize(obj)


def model_from_json(json_string: str, custom_objects: Any = None) -> Any:
    """Make the model that `Model.to_json` described, with fresh weights."""
    return deserialize_keras_object(json.loads(json_string), custom_objects)
