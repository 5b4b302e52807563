"""`BackupAndRestore`: go on after an interruption where `fit` was."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any, Final

from freshet.core.errors import (
    DataLossError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
)
from freshet.keras.callbacks.callback import Callback, warn
from freshet.keras.callbacks.model_checkpoint import BatchCounter
from freshet.keras.saving.atomic import write_atomically

LATEST: Final = "training_metadata.json"
PREVIOUS: Final = "training_metadata.previous.json"


class BackupAndRestore(Callback):
    """Back up the training state, and restore it when `fit` begins.

    The state is the weights, the optimizer's state, the random state and the number of the epoch:
    a program that is ended at any time and run again goes on with the epoch that it was in. The
    model and the arguments of `compile` and `fit` must be the same, and the model must be built.

    Args:
        backup_dir: A folder of its own, made when there is something to write.
        save_freq: "epoch", or a number of batches (the epoch then starts again, with the weights of
            the backup).
        double_checkpoint: Whether to keep the last but one backup too, for the case that the last
            turns out to be damaged.
        delete_checkpoint: Whether to delete the folder when training has come to its end.

    Raises:
        InvalidArgumentError: `backup_dir` is empty, or `save_freq` is neither "epoch" nor a number.
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int | bool = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not os.fspath(backup_dir):
            raise InvalidArgumentError("BackupAndRestore: backup_dir must name a folder, it is ''")
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = save_freq
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._folder = Path(self.backup_dir)
        self._counter = BatchCounter("BackupAndRestore", save_freq)
        self.ignored_hooks = self._counter.ignored_hooks
        self._current_epoch = 0
        self._number = 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Restore the newest backup that is whole, if there is one.

        Raises:
            FailedPreconditionError: The model has no weights yet.
            DataLossError: There is a backup, but none that can be read.
        """
        if not self.model.built:
            raise FailedPreconditionError(
                f"BackupAndRestore: model {self.model.name!r} has no weights to restore yet; call "
                "build(input_shape), or call it on a batch, before fit"
            )
        found = [name for name in (LATEST, PREVIOUS) if (self._folder / name).exists()]
        for name in found:
            try:
                self._restore(self._folder / name)
            except (DataLossError, NotFoundError) as error:
                if name == found[-1]:
                    raise
                warn(f"BackupAndRestore: {error.message}; the backup before it is used")
            else:
                return

    def _restore(self, metadata: Path) -> None:
        try:
            state = json.loads(metadata.read_text(encoding="utf-8"))
            epoch, number, weights = int(state["epoch"]), int(state["number"]), state["weights"]
        except (ValueError, KeyError, TypeError) as error:
            raise DataLossError(f"{metadata} is damaged: {error}") from None
        self.model.load_weights(self._folder / Path(str(weights)).name)
        self.model._initial_epoch = epoch
        self._current_epoch = epoch
        self._number = number + 1

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Back up every `save_freq` batches."""
        if self._counter.is_due(batch):
            self._save(batch)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Learn the number of the epoch."""
        self._current_epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Back up, unless `save_freq` counts batches."""
        self._current_epoch = epoch + 1
        if self.save_freq == "epoch":
            self._save(0)

    def _save(self, batch: int) -> None:
        """Write the weights to a new file, then the metadata that names it, then tidy up."""
        self._folder.mkdir(parents=True, exist_ok=True)
        weights = f"backup-{self._number}.weights.h5"
        self.model.save_weights(self._folder / weights)
        latest = self._folder / LATEST
        if self.double_checkpoint and latest.exists():
            latest.replace(self._folder / PREVIOUS)
        state = {
            "epoch": self._current_epoch,
            "batch": batch,
            "number": self._number,
            "weights": weights,
        }
        write_atomically(latest, json.dumps(state).encode())
        self._forget(self._number - (2 if self.double_checkpoint else 1))
        self._number += 1

    def _forget(self, number: int) -> None:
        (self._folder / f"backup-{number}.weights.h5").unlink(missing_ok=True)

    def on_train_end(self, logs: Any = None) -> None:
        """Delete the backups: training is complete."""
        if self.delete_checkpoint:
            shutil.rmtree(self._folder, ignore_errors=True)
