"""What training calls at its turning points: ``ft.keras.callbacks``. ``__init__.pyi`` lists it."""

from freshet.core.lazy import attach

ALIASES: dict[str, type] = {}

__getattr__, __dir__ = attach(__name__, __file__)
