"""Tables from keys to values: ``ft.lookup``."""

from freshet.core import lazy as _lazy
from freshet.lookup import experimental as experimental
from freshet.ops.tables.initializers import KeyValueTensorInitializer as KeyValueTensorInitializer
from freshet.ops.tables.initializers import TextFileIndex as TextFileIndex
from freshet.ops.tables.initializers import TextFileInitializer as TextFileInitializer
from freshet.ops.tables.static import StaticHashTable as StaticHashTable
from freshet.ops.tables.static import StaticVocabularyTable as StaticVocabularyTable

_lazy.advise(__name__)
