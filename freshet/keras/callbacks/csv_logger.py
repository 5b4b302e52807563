"""`CSVLogger`: a table of all epochs."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import IO, Any

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.io.files import file_errors
from freshet.keras.callbacks.callback import Callback


class CSVLogger(Callback):
    """Write the logs of each epoch as a line of a CSV file.

    The columns are those of the first epoch; what a later epoch lacks is ``NA``.

    Args:
        filename: The file; its folder is made if there is none.
        separator: Stands between columns; one character.
        append: Whether to go on in a file that exists rather than to write it anew.

    Raises:
        InvalidArgumentError: `separator` is not one character.
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        super().__init__()
        if len(separator) != 1:
            raise InvalidArgumentError(
                f"CSVLogger: separator must be one character, received {separator!r}"
            )
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self.keys: list[str] | None = None
        self.csv_file: IO[str] | None = None
        self._with_header = True

    def on_train_begin(self, logs: Any = None) -> None:
        """Open the file."""
        self._close()
        path = Path(self.filename)
        with file_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._with_header = not (self.append and path.exists() and path.stat().st_size > 0)
            mode = "a" if self.append else "w"
            self.csv_file = path.open(mode, encoding="utf-8", newline="")
        self.keys = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write a line."""
        assert self.csv_file is not None
        logs = logs or {}
        first = self.keys is None
        if self.keys is None:
            self.keys = sorted(logs)
            if not any(key.startswith("val_") for key in self.keys):
                self.keys += [f"val_{key}" for key in self.keys]
        rows = csv.DictWriter(self.csv_file, ["epoch", *self.keys], delimiter=self.sep)
        if first and self._with_header:
            rows.writeheader()
        rows.writerow({"epoch": epoch} | {key: _cell(logs.get(key, "NA")) for key in self.keys})
        self.csv_file.flush()

    def on_train_end(self, logs: Any = None) -> None:
        """Close the file."""
        self._close()

    def _on_abort(self) -> None:
        self._close()

    def _close(self) -> None:
        if self.csv_file is not None:
            self.csv_file.close()
            self.csv_file = None


def _cell(value: Any) -> Any:
    if isinstance(value, str) or np.ndim(value) == 0:
        return value
    return f"[{', '.join(map(str, value))}]"
