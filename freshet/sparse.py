"""Sparse tensors: ``ft.sparse``."""

from freshet.core import lazy as _lazy
from freshet.ops.ragged.crossing import sparse_cross as cross
from freshet.ops.ragged.crossing import sparse_cross_hashed as cross_hashed
from freshet.ops.sparse.counting import bincount as bincount
from freshet.ops.sparse.dense import eye as eye
from freshet.ops.sparse.dense import from_dense as from_dense
from freshet.ops.sparse.dense import to_dense as to_dense
from freshet.ops.sparse.dense import to_indicator as to_indicator
from freshet.ops.sparse.elementwise import add as add
from freshet.ops.sparse.elementwise import fill_empty_rows as fill_empty_rows
from freshet.ops.sparse.elementwise import map_values as map_values
from freshet.ops.sparse.elementwise import mask as mask
from freshet.ops.sparse.elementwise import maximum as maximum
from freshet.ops.sparse.elementwise import minimum as minimum
from freshet.ops.sparse.reduction import reduce_max as reduce_max
from freshet.ops.sparse.reduction import reduce_sum as reduce_sum
from freshet.ops.sparse.reduction import segment_mean as segment_mean
from freshet.ops.sparse.reduction import segment_sqrt_n as segment_sqrt_n
from freshet.ops.sparse.reduction import segment_sum as segment_sum
from freshet.ops.sparse.reduction import softmax as softmax
from freshet.ops.sparse.reduction import sparse_dense_matmul as sparse_dense_matmul
from freshet.ops.sparse.shaping import concat as concat
from freshet.ops.sparse.shaping import expand_dims as expand_dims
from freshet.ops.sparse.shaping import reorder as reorder
from freshet.ops.sparse.shaping import reset_shape as reset_shape
from freshet.ops.sparse.shaping import reshape as reshape
from freshet.ops.sparse.shaping import retain as retain
from freshet.ops.sparse.shaping import slice as slice
from freshet.ops.sparse.shaping import split as split
from freshet.ops.sparse.shaping import transpose as transpose
from freshet.ops.sparse.sparse_tensor import SparseTensor as SparseTensor

_lazy.advise(__name__)
