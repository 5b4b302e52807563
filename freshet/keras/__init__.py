"""Keras-style models: ``ft.keras``. ``__init__.pyi`` lists the names."""

from freshet.core.lazy import attach

__getattr__, __dir__ = attach(__name__, __file__)
