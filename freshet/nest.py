"""Nested structures: ``ft.nest``."""

from freshet.core.nest import assert_same_structure as assert_same_structure
from freshet.core.nest import flatten as flatten
from freshet.core.nest import is_nested as is_nested
from freshet.core.nest import map_structure as map_structure
from freshet.core.nest import pack_sequence_as as pack_sequence_as
