"""Where the files of a data set are: on disk, or on the web."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from freshet.core.config import config, variable_of
from freshet.core.errors import NotFoundError
from freshet.keras.saving.atomic import write_atomically


@dataclass(frozen=True)
class Source:
    """The files of a data set.

    Attributes:
        dataset: Its name, which is that of its folder.
        names: Of the files.
        mirrors: Addresses that end in a slash and are continued by a file's name, in the order to
            try.
    """

    dataset: str
    names: tuple[str, ...]
    mirrors: tuple[str, ...]

    def find(self, name: str, path: str | os.PathLike[str] | None) -> Path | None:
        """Return where a file is; None if it is not on disk.

        Args:
            name: Of the file; if it ends in ``.gz``, one without that, uncompressed, will do too.
            path: A folder to look in first.
        """
        for folder in self._folders(path):
            for candidate in (folder / name, folder / name.removesuffix(".gz")):
                if candidate.is_file():
                    return candidate
        return None

    def fetch(self, name: str, most_bytes: int, check: Callable[[bytes, str], None]) -> None:
        """Fetch a file and keep it; it is complete and right, or not there.

        Args:
            name: Of the file.
            most_bytes: No more is read.
            check: Takes the contents and where they are from; raises `DataLossError` if wrong.

        Raises:
            UnavailableError: No mirror can be reached, or none has the right file.
            NotFoundError: There is no folder to keep it in.
        """
        # urllib takes 30 ms, and most programs fetch nothing.
        from freshet.keras.datasets.download import UnreachableError, fetch_first  # noqa: PLC0415

        if config.cache is None:
            raise NotFoundError(
                f"{self.dataset}: {name} is not on disk, and there is no folder to fetch it into "
                f"as {variable_of('cache')} is empty: {self._advice}"
            )
        try:
            data = fetch_first([mirror + name for mirror in self.mirrors], most_bytes, check)
        except UnreachableError as error:
            raise error.of(f"{self.dataset}: {name}", self._advice) from None
        write_atomically(self._kept / name, data)

    def _folders(self, path: str | os.PathLike[str] | None) -> Iterator[Path]:
        if path is not None:
            yield Path(path).expanduser()
        if config.data_dir is not None:
            yield config.data_dir / self.dataset
        if config.cache is not None:
            yield self._kept

    @property
    def _kept(self) -> Path:
        assert config.cache is not None
        return config.cache / "datasets" / self.dataset

    @property
    def _advice(self) -> str:
        """What to do without a network."""
        into = f"into {self._kept}" if config.cache is not None else "into a folder"
        return (
            f"put {', '.join(self.names)} {into}, or set {variable_of('data_dir')} to a folder "
            f"whose {self.dataset}/ holds {'them' if len(self.names) > 1 else 'it'}"
        )


def given_folder(path: str | os.PathLike[str] | None) -> Path | None:
    """Return the folder that a `load_data` was given; None for a file of Keras's cache."""
    if path is None or Path(path).suffix == ".npz":
        return None
    return Path(path)
