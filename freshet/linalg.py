"""Linear algebra: ``ft.linalg``."""

from freshet.ops.contraction import einsum as einsum
from freshet.ops.contraction import matmul as matmul
from freshet.ops.contraction import norm as norm
from freshet.ops.contraction import tensordot as tensordot
from freshet.ops.nn import l2_normalize as l2_normalize
from freshet.ops.shaping import eye as eye
