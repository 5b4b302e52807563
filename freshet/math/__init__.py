"""Mathematics: ``ft.math``. Its names are in the stub beside this file."""

from freshet.core.lazy import attach

__getattr__, __dir__ = attach(__name__, __file__)
