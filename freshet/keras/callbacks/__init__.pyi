# The public names of freshet.keras.callbacks: `freshet.core.lazy` imports each when first used.
from freshet.keras.callbacks.backup_and_restore import BackupAndRestore as BackupAndRestore
from freshet.keras.callbacks.callback import Callback as Callback
from freshet.keras.callbacks.callback_list import CallbackList as CallbackList
from freshet.keras.callbacks.csv_logger import CSVLogger as CSVLogger
from freshet.keras.callbacks.early_stopping import EarlyStopping as EarlyStopping
from freshet.keras.callbacks.history import History as History
from freshet.keras.callbacks.lambda_callback import LambdaCallback as LambdaCallback
from freshet.keras.callbacks.learning_rate_scheduler import (
    LearningRateScheduler as LearningRateScheduler,
)
from freshet.keras.callbacks.model_checkpoint import ModelCheckpoint as ModelCheckpoint
from freshet.keras.callbacks.monitor_callback import MonitorCallback as MonitorCallback
from freshet.keras.callbacks.progbar_logger import ProgbarLogger as ProgbarLogger
from freshet.keras.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau as ReduceLROnPlateau
from freshet.keras.callbacks.tensorboard import TensorBoard as TensorBoard
from freshet.keras.callbacks.terminate_on_nan import TerminateOnNaN as TerminateOnNaN

ALIASES: dict[str, type]
__all__: list[str]
