"""What commands' options have in common: numbers, and the folder of a run."""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

from freshet.core.errors import AlreadyExistsError


def count(text: str) -> int:
    """Return an option's value as a number of 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of 1 or more, received {text!r}")
    return int(text)


def new_folder(chosen: Path | None, kind: str) -> Path:
    """Make and return the folder of a run: the chosen one, or ``runs/<kind>-<date>-<time>``.

    Raises:
        AlreadyExistsError: There is something in it already.
    """
    if chosen is None:
        stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
        chosen = Path("runs", f"{kind}-{stamp}")
        number = 1
        while chosen.exists():
            number += 1
            chosen = chosen.with_name(f"{kind}-{stamp}-{number}")
    if chosen.exists() and (not chosen.is_dir() or any(chosen.iterdir())):
        raise AlreadyExistsError(
            f"{chosen} exists and is not empty; choose another folder for --out"
        )
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen
