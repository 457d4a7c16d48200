"""A hub on this machine: serves files as the Hugging Face Hub does, and fails in the ways asked for."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """What is on the hub and how it behaves.

    Attributes
    ----------
    files : dict of str to bytes
        Content by ``repository/path``, or by path where that begins with a slash: not of the hub.
    breaks : int
        How many downloads end in the middle, with the connection closed.
    cut : int
        Bytes missing at the end of every download, whose length is stated accordingly.
    etag : str or None
        Stated in place of the right one.
    error : tuple of (int, str) or None
        Status and code to answer everything with.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.breaks = 0
        self.cut = 0
        self.etag: str | None = None
        self.error: tuple[int, str] | None = None
        self.requests: list[str] = []
        self.tokens: list[str] = []

    def tag(self, content: bytes) -> str:
        if self.etag is not None:
            return self.etag
        if len(content) > 10_000:
            return hashlib.sha256(content).hexdigest()
        return hashlib.sha1(b"blob %d\x00" % len(content) + content).hexdigest()


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            asked = self.headers.get("Range", "")
            hub.requests.append(f"{self.command} {self.path}" + (f" {asked}" if asked else ""))
            hub.tokens.append(self.headers.get("Authorization", ""))
            if hub.error is not None:
                return self.fail(*hub.error)
            listing = re.fullmatch(r"/api/datasets/([\w.-]+/[\w.-]+)(?:/revision/([\w.-]+))?(?:\?.*)?", self.path)
            if listing:
                return self.listing(listing[1])
            if self.path in hub.files:
                return self.file(hub.files[self.path], asked, body)
            named = re.fullmatch(r"/datasets/([\w.-]+/[\w.-]+)/resolve/([\w.-]+)/(.+)", self.path)
            if named is None or f"{named[1]}/{named[3]}" not in hub.files:
                return self.fail(404, "EntryNotFound")
            return self.file(hub.files[f"{named[1]}/{named[3]}"], asked, body)

        def fail(self, status: int, code: str) -> None:
            self.send_response(status)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def listing(self, repository: str) -> None:
            names = [name.removeprefix(repository + "/") for name in hub.files if name.startswith(repository + "/")]
            content = json.dumps(
                {"id": repository, "sha": COMMIT, "siblings": [{"rfilename": name} for name in names]}
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def file(self, content: bytes, asked: str, body: bool) -> None:
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
            part = content[start : len(content) - hub.cut] if body else content
            self.send_response(206 if asked else 200)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{hub.tag(content)}"')
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(len(part)))
            if asked:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.end_headers()
            if not body:
                return
            if hub.breaks > 0:
                hub.breaks -= 1
                self.wfile.write(part[: len(part) // 2])
                self.close_connection = True
                return
            self.wfile.write(part)

    return Handler


@contextmanager
def serving(hub: Hub) -> Iterator[str]:
    """Serve a hub on a free port of this machine, and yield its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
