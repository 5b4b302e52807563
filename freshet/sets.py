"""Sets in rows of tensors: ``ft.sets``."""

from freshet.core import lazy as _lazy
from freshet.ops.sets import difference as difference
from freshet.ops.sets import intersection as intersection
from freshet.ops.sets import size as size
from freshet.ops.sets import union as union

_lazy.advise(__name__)
