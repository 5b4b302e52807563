"""Ragged tensors: ``ft.ragged``."""

from freshet.core import lazy as _lazy
from freshet.ops.ragged.crossing import cross as cross
from freshet.ops.ragged.crossing import cross_hashed as cross_hashed
from freshet.ops.ragged.elementwise import map_flat_values as map_flat_values
from freshet.ops.ragged.gathering import boolean_mask as boolean_mask
from freshet.ops.ragged.joining import stack as stack
from freshet.ops.ragged.making import constant as constant
from freshet.ops.ragged.making import range_ as range
from freshet.ops.ragged.making import row_splits_to_segment_ids as row_splits_to_segment_ids
from freshet.ops.ragged.making import segment_ids_to_row_splits as segment_ids_to_row_splits
from freshet.ops.ragged.making import stack_dynamic_partitions as stack_dynamic_partitions

_lazy.advise(__name__)
