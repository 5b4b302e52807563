"""A web server of the test's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from freshet.core.config import config


@dataclass
class Server:
    """Serves `files`; counts what is asked for."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    cut: int = 0
    """How many bytes fewer than announced are sent."""
    announce: bool = True
    """Whether the length is announced."""


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = state.files.get(self.path)
            state.asked.append(self.path)
            self.send_response(404 if found is None else 200)
            if found is not None and state.announce:
                self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            if found is not None:
                self.wfile.write(found[: len(found) - state.cut])

        def log_message(self, *arguments: object) -> None:
            """Stay silent."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = Server(f"http://127.0.0.1:{http.server_port}/")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def _own_folders(tmp_path):
    """Neither the user's data nor an earlier test's."""
    config.cache = tmp_path / "cache"
    config.data_dir = None
