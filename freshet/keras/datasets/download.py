"""Fetching a file from the first of several mirrors that has it."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from typing import Final

import freshet
from freshet.core.errors import DataLossError, UnavailableError
from freshet.keras.training.progress import Progbar

TIMEOUT: Final = 20.0
"""Seconds that a mirror may be silent."""
CHUNK: Final = 64 * 1024
KILOBYTE: Final = 1000


class UnreachableError(Exception):
    """No mirror has the file; `reasons` holds one for each."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)

    def of(self, what: str, advice: str) -> UnavailableError:
        """Return the error for the user.

        Args:
            what: What could not be fetched.
            advice: What to do without a network.
        """
        return UnavailableError(f"{what} cannot be fetched ({self}); {advice}")


def fetch_first(urls: Sequence[str], most_bytes: int, check: Callable[[bytes, str], None]) -> bytes:
    """Return the contents of the first address that serves what `check` accepts.

    Args:
        urls: Addresses, in the order to try.
        most_bytes: No more is read.
        check: Takes the contents and the address; raises `DataLossError` for wrong contents.

    Raises:
        UnreachableError: There is none.
    """
    reasons = []
    for url in urls:
        host = urllib.parse.urlsplit(url).netloc
        try:
            data = fetch(url, most_bytes)
            check(data, url)
        except DataLossError as error:
            reasons.append(f"{host}: wrong contents, {error.message}")
        except (OSError, http.client.HTTPException, ValueError) as error:
            reasons.append(f"{host}: {_reason(error)}")
        else:
            return data
    raise UnreachableError(reasons)


def fetch(url: str, most_bytes: int) -> bytes:
    """Return what an address serves, showing progress.

    Raises:
        OSError: The address cannot be reached, or serves more than `most_bytes`.
    """
    agent = {"User-Agent": f"freshet/{freshet.__version__}"}
    request = urllib.request.Request(url, headers=agent)
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        length = response.headers.get("Content-Length")
        total = int(length) if length and length.isdigit() else None
        if total is not None and total > most_bytes:
            raise OSError(f"it serves {total} bytes, expected at most {most_bytes}")
        bar = Progbar(
            None if total is None else max(total // KILOBYTE, 1),
            unit_name="kB",
            title=f"Fetching {url}",
        )
        try:
            data = _read(response, most_bytes, bar)
        finally:
            bar.close()
    if total is not None and len(data) < total:
        raise OSError(f"the connection ended after {len(data)} of {total} bytes")
    return data


def _read(response: http.client.HTTPResponse, most_bytes: int, bar: Progbar) -> bytes:
    parts: list[bytes] = []
    size = 0
    while chunk := response.read(CHUNK):
        parts.append(chunk)
        size += len(chunk)
        if size > most_bytes:
            raise OSError(f"it serves more than {most_bytes} bytes")
        bar.update(size // KILOBYTE, finalize=False)
    bar.update(bar.target or size // KILOBYTE, finalize=True)
    return b"".join(parts)


def _reason(error: Exception) -> str:
    """Return why an address could not be read, in few words."""
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP status {error.code}"
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    return str(error) or type(error).__name__
