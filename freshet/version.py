"""The version: ``ft.version``."""

from typing import Final

from freshet import __version__

VERSION: Final = __version__
GIT_VERSION: Final = f"v{__version__}"
COMPILER_VERSION: Final = "freshet"
GRAPH_DEF_VERSION: Final = 2474
"""TensorFlow's number of the graphs that are exchanged with it."""
GRAPH_DEF_VERSION_MIN_CONSUMER: Final = 0
GRAPH_DEF_VERSION_MIN_PRODUCER: Final = 0
