"""Layers: ``ft.keras.layers``. ``__init__.pyi`` lists the names."""

from freshet.core.lazy import attach

ALIASES: dict[str, type] = {}

__getattr__, __dir__ = attach(__name__, __file__)
