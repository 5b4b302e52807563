"""Files and the formats in them: ``ft.io``."""

from freshet.core.lazy import attach

__getattr__, __dir__ = attach(__name__, __file__)
