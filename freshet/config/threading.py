"""How many threads run a program: ``ft.config.threading``."""

from freshet.core.accepted import (
    get_inter_op_parallelism_threads as get_inter_op_parallelism_threads,
)
from freshet.core.accepted import (
    get_intra_op_parallelism_threads as get_intra_op_parallelism_threads,
)
from freshet.core.accepted import (
    set_inter_op_parallelism_threads as set_inter_op_parallelism_threads,
)
from freshet.core.accepted import (
    set_intra_op_parallelism_threads as set_intra_op_parallelism_threads,
)
