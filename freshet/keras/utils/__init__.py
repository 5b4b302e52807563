"""Odds and ends that Keras programs expect under ``ft.keras.utils``."""

from freshet.core import lazy as _lazy
from freshet.keras.registry import custom_object_scope as custom_object_scope
from freshet.keras.registry import register_keras_serializable as register_keras_serializable
from freshet.keras.training.data import pack_x_y_sample_weight as pack_x_y_sample_weight
from freshet.keras.training.data import unpack_x_y_sample_weight as unpack_x_y_sample_weight
from freshet.keras.training.progress import Progbar as Progbar
from freshet.keras.utils.labels import normalize as normalize
from freshet.keras.utils.labels import to_categorical as to_categorical
from freshet.keras.utils.seed import set_random_seed as set_random_seed

_lazy.advise(__name__)
