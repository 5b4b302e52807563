"""Assertions and checks: ``ft.debugging``."""

from freshet.core import lazy as _lazy
from freshet.core.traceback import disable_traceback_filtering as disable_traceback_filtering
from freshet.core.traceback import enable_traceback_filtering as enable_traceback_filtering
from freshet.core.traceback import is_traceback_filtering_enabled as is_traceback_filtering_enabled
from freshet.ops.assertions import Assert as Assert
from freshet.ops.assertions import assert_equal as assert_equal
from freshet.ops.assertions import assert_greater as assert_greater
from freshet.ops.assertions import assert_greater_equal as assert_greater_equal
from freshet.ops.assertions import assert_less as assert_less
from freshet.ops.assertions import assert_less_equal as assert_less_equal
from freshet.ops.assertions import assert_near as assert_near
from freshet.ops.assertions import assert_negative as assert_negative
from freshet.ops.assertions import assert_non_negative as assert_non_negative
from freshet.ops.assertions import assert_non_positive as assert_non_positive
from freshet.ops.assertions import assert_none_equal as assert_none_equal
from freshet.ops.assertions import assert_positive as assert_positive
from freshet.ops.numerics import assert_all_finite as assert_all_finite
from freshet.ops.numerics import check_numerics as check_numerics
from freshet.ops.numerics_watch import disable_check_numerics as disable_check_numerics
from freshet.ops.numerics_watch import enable_check_numerics as enable_check_numerics
from freshet.ops.static_assertions import assert_integer as assert_integer
from freshet.ops.static_assertions import assert_proper_iterable as assert_proper_iterable
from freshet.ops.static_assertions import assert_rank as assert_rank
from freshet.ops.static_assertions import assert_rank_at_least as assert_rank_at_least
from freshet.ops.static_assertions import assert_rank_in as assert_rank_in
from freshet.ops.static_assertions import assert_same_float_dtype as assert_same_float_dtype
from freshet.ops.static_assertions import assert_scalar as assert_scalar
from freshet.ops.static_assertions import assert_shapes as assert_shapes
from freshet.ops.static_assertions import assert_type as assert_type
from freshet.ops.static_assertions import is_numeric_tensor as is_numeric_tensor


def set_log_device_placement(enabled: bool) -> None:
    """Do nothing: every operation runs on the one device there is, so there is nothing to log."""


def get_log_device_placement() -> bool:
    """Return False: placement is not logged."""
    return False


_lazy.advise(__name__)
