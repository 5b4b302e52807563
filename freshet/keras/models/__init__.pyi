# The public names of freshet.keras.models: `freshet.core.lazy` imports each when first used.
from freshet.keras.models.model import Functional as Functional
from freshet.keras.models.model import Model as Model
from freshet.keras.models.sequential import Sequential as Sequential
from freshet.keras.saving import load_model as load_model
from freshet.keras.saving import model_from_json as model_from_json
from freshet.keras.saving import save_model as save_model

ALIASES: dict[str, type]
__all__: list[str]
