"""Freshet: TensorFlow's programming model, rebuilt small and fast on a compiler of its own.

``import freshet as ft`` reads like ``import tensorflow as tf``. Names are imported when they are
first used; ``__init__.pyi`` lists them.
"""

from freshet.core.lazy import attach

__version__ = "0.1.0"

__getattr__, __dir__ = attach(__name__, __file__)
