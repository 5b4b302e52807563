"""Random numbers: ``ft.random``."""

from freshet.ops.random import Generator as Generator
from freshet.ops.random import get_global_generator as get_global_generator
from freshet.ops.random import normal as normal
from freshet.ops.random import set_seed as set_seed
from freshet.ops.random import shuffle as shuffle
from freshet.ops.random import stateless_normal as stateless_normal
from freshet.ops.random import stateless_truncated_normal as stateless_truncated_normal
from freshet.ops.random import stateless_uniform as stateless_uniform
from freshet.ops.random import truncated_normal as truncated_normal
from freshet.ops.random import uniform as uniform
