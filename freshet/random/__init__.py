"""Random numbers: ``ft.random``."""

from freshet.core import lazy as _lazy
from freshet.ops.candidate_sampling import all_candidate_sampler as all_candidate_sampler
from freshet.ops.candidate_sampling import (
    fixed_unigram_candidate_sampler as fixed_unigram_candidate_sampler,
)
from freshet.ops.candidate_sampling import (
    learned_unigram_candidate_sampler as learned_unigram_candidate_sampler,
)
from freshet.ops.candidate_sampling import (
    log_uniform_candidate_sampler as log_uniform_candidate_sampler,
)
from freshet.ops.candidate_sampling import uniform_candidate_sampler as uniform_candidate_sampler
from freshet.ops.random.generator import Algorithm as Algorithm
from freshet.ops.random.generator import Generator as Generator
from freshet.ops.random.generator import create_rng_state as create_rng_state
from freshet.ops.random.generator import get_global_generator as get_global_generator
from freshet.ops.random.generator import set_global_generator as set_global_generator
from freshet.ops.random.generator import set_seed as set_seed
from freshet.ops.random.keys import fold_in as fold_in
from freshet.ops.random.keys import split as split
from freshet.ops.random.shuffling import shuffle as shuffle
from freshet.ops.random.stateful import categorical as categorical
from freshet.ops.random.stateful import gamma as gamma
from freshet.ops.random.stateful import normal as normal
from freshet.ops.random.stateful import poisson as poisson
from freshet.ops.random.stateful import truncated_normal as truncated_normal
from freshet.ops.random.stateful import uniform as uniform
from freshet.ops.random.stateless import stateless_binomial as stateless_binomial
from freshet.ops.random.stateless import stateless_categorical as stateless_categorical
from freshet.ops.random.stateless import stateless_gamma as stateless_gamma
from freshet.ops.random.stateless import stateless_normal as stateless_normal
from freshet.ops.random.stateless import (
    stateless_parameterized_truncated_normal as stateless_parameterized_truncated_normal,
)
from freshet.ops.random.stateless import stateless_poisson as stateless_poisson
from freshet.ops.random.stateless import stateless_truncated_normal as stateless_truncated_normal
from freshet.ops.random.stateless import stateless_uniform as stateless_uniform
from freshet.random import experimental as experimental

_lazy.advise(__name__)
