"""Operations on the bits of integers: ``ft.bitwise``."""

from freshet.core import lazy as _lazy
from freshet.ops.bits import bitwise_and as bitwise_and
from freshet.ops.bits import bitwise_or as bitwise_or
from freshet.ops.bits import bitwise_xor as bitwise_xor
from freshet.ops.bits import invert as invert
from freshet.ops.bits import left_shift as left_shift
from freshet.ops.bits import right_shift as right_shift

_lazy.advise(__name__)
