"""Tables that change: ``ft.lookup.experimental``."""

from freshet.ops.tables.mutable import DenseHashTable as DenseHashTable
from freshet.ops.tables.mutable import MutableHashTable as MutableHashTable
