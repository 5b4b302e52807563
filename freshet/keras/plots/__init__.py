"""Pictures of how training went: ``ft.keras.plots``. They need matplotlib."""

from freshet.keras.plots.confusion import confusion_matrix as confusion_matrix
from freshet.keras.plots.confusion import count_confusions as count_confusions
from freshet.keras.plots.curves import learning_curves as learning_curves
from freshet.keras.plots.images import image_grid as image_grid
from freshet.keras.plots.style import is_available as is_available
