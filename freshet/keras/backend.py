"""What Keras programs ask the backend for: ``ft.keras.backend``."""

from freshet.core import lazy as _lazy
from freshet.keras.dtype_policies import floatx as floatx
from freshet.keras.dtype_policies import set_floatx as set_floatx
from freshet.keras.names import clear_session as clear_session


def backend() -> str:
    """Return the name of the backend."""
    return "freshet"


def epsilon() -> float:
    """Return the small number that keeps logarithms and divisions finite."""
    return 1e-7


def image_data_format() -> str:
    """Return where images have their channels."""
    return "channels_last"


_lazy.advise(__name__)
