"""Seeds from seeds, orders, generators: ``ft.random.experimental``."""

from freshet.ops.random.generator import Algorithm as Algorithm
from freshet.ops.random.generator import Generator as Generator
from freshet.ops.random.generator import create_rng_state as create_rng_state
from freshet.ops.random.generator import get_global_generator as get_global_generator
from freshet.ops.random.generator import set_global_generator as set_global_generator
from freshet.ops.random.keys import fold_in as stateless_fold_in
from freshet.ops.random.keys import split as stateless_split
from freshet.ops.random.shuffling import index_shuffle as index_shuffle
from freshet.ops.random.shuffling import stateless_shuffle as stateless_shuffle
