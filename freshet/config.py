"""Settings at run time: ``ft.config``. `freshet.core.config` says what each setting is."""

from freshet.core.config import config as _config
from freshet.core.errors import InvalidArgumentError
from freshet.graph.function import functions_run_eagerly as functions_run_eagerly
from freshet.graph.function import run_functions_eagerly as run_functions_eagerly


class threading:  # noqa: N801 (TensorFlow's name)
    """How many threads run a program."""

    @staticmethod
    def get_intra_op_parallelism_threads() -> int:
        """Return the number of threads."""
        return _config.num_threads

    @staticmethod
    def set_intra_op_parallelism_threads(num_threads: int) -> None:
        """Use another number of threads from now on; results do not depend on it."""
        if num_threads < 1:
            raise InvalidArgumentError(f"the number of threads must be positive: {num_threads}")
        _config.num_threads = int(num_threads)
