"""Settings of TensorFlow's graph optimizer, which are kept: ``ft.config.optimizer``."""

from freshet.core.accepted import get_experimental_options as get_experimental_options
from freshet.core.accepted import get_jit as get_jit
from freshet.core.accepted import set_experimental_options as set_experimental_options
from freshet.core.accepted import set_jit as set_jit
