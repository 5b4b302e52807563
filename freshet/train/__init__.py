"""Examples of data sets, as files hold them: ``ft.train``.

Optimizers are in ``ft.keras.optimizers``; a model saves and loads itself.
"""

from freshet.core.lazy import attach

__getattr__, __dir__ = attach(__name__, __file__)
