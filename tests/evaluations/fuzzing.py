"""What the fuzz tests share: damage of every kind, and a watch over what reading does to memory and files."""

import contextlib
import copy
import json
import os
import re
import resource
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import Evaluations
from bayes_frontier.evaluations.read import survey

DEEP = 30_000
MEMORY = 1_000_000_000
_WRITES = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "shutil.rmtree")
_RUNS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "socket.connect", "pickle.find_class")

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        [
            *("", " ", "nan", "NaN", "Infinity", "-Infinity", "1e999", "N/A", "0.5", "100", "2024-01-01", "\ud800"),
            *("../../x", "/etc/passwd", "x" * 5000, "<script>", "é" * 50, "\x00", "llama-3.1-8b", "a/b/c/d/e"),
            *(
                0,
                -1,
                0.5,
                1.5,
                100,
                1e308,
                -1e308,
                5e-324,
                10**400,
                2**63,
                float("nan"),
                float("inf"),
                1e21,
                1741884380.5,
            ),
            *([], {}, [[]], {"": ""}, [None], {"a": [1]}, [1, "2", None], {"x": {"y": {"z": float("nan")}}}),
        ]
    ),
)
"""Values that do not belong where they are put."""

PLACES = st.integers(0, 10**6)
DAMAGE = st.lists(st.tuples(PLACES, st.sampled_from(["put", "drop", "rename", "repeat"]), JUNK), max_size=4)
"""Changes of a document: at which node, what, and with which value."""

BYTES = st.one_of(
    st.just(("keep", 0, b"")),
    st.tuples(st.sampled_from(["cut", "head", "tail"]), PLACES, st.just(b"")),
    st.tuples(st.sampled_from(["insert", "overwrite"]), PLACES, st.binary(min_size=1, max_size=6)),
    st.tuples(st.sampled_from(["utf-16", "utf-32", "utf-8-sig", "latin-1"]), st.just(0), st.just(b"")),
    st.tuples(st.just("deep"), PLACES, st.sampled_from([b"[", b'{"a":'])),
)
"""Changes of a file's bytes: what, where, with what."""


def damaged(document: Any, changes: list[tuple[int, str, object]]) -> Any:
    """Apply changes to a copy of a JSON document."""
    made = copy.deepcopy(document)
    for place, what, value in changes:
        nodes = list(_nodes(made))
        if not nodes:
            return value
        parent, key = nodes[place % len(nodes)]
        if what == "drop":
            del parent[key]
        elif what == "put":
            parent[key] = copy.deepcopy(value)
        elif what == "repeat" and isinstance(parent, list):
            parent.extend(copy.deepcopy(parent[key]) for _ in range(3))
        elif what == "rename" and isinstance(parent, dict):
            parent[str(value)] = parent.pop(key)
    return made


def _nodes(value: Any) -> Iterator[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(pairs):
        yield value, key
        yield from _nodes(inner)


def as_json(document: Any) -> bytes:
    """Write a document as JSON, whatever it holds."""
    return json.dumps(document, default=str).encode("utf-8", "surrogatepass")


def rewritten(data: bytes, change: tuple[str, int, bytes]) -> bytes:
    """Apply a change to the bytes of a file."""
    what, place, extra = change
    at = place % (len(data) + 1)
    if what in ("utf-16", "utf-32", "utf-8-sig", "latin-1"):
        return data.decode("utf-8", "replace").encode(what, "replace")
    return {
        "keep": data,
        "cut": data[:at],
        "head": data[at:],
        "tail": data + data[:at],
        "insert": data[:at] + extra + data[at:],
        "overwrite": data[:at] + extra + data[at + len(extra) :],
        "deep": data[:at] + extra * (DEEP if place % 7 == 0 else 50) + data[at:],
    }[what]


class Watch:
    """Notes every attempt to write, run or connect while it is on."""

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self._event)

    def _event(self, event: str, arguments: tuple) -> None:
        if not self.on:
            return
        written = event == "open" and _for_writing(*arguments[1:3])
        if "__pycache__" in str(arguments[0] if arguments else ""):
            return
        if written or event in _WRITES or event in _RUNS:
            self.seen.append(f"{event} {arguments!r}"[:300])

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Note what is done; and let no byte be written to a file, not by compiled code either, which tells nobody."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        self.on, self.seen = True, []
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        try:
            yield
        finally:
            self.on = False
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _for_writing(mode: object, flags: object) -> bool:
    if isinstance(mode, str):
        return bool(set(mode) & set("wax+"))
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC))


WATCH = Watch()
PEAK = [0]
COUNT = [0]


def peak() -> int:
    """Largest memory this process has taken so far, in bytes."""
    status = Path("/proc/self/status")
    if status.is_file():
        # getrusage also counts what the process had before it became this program
        return int(re.search(r"^VmHWM:\s*(\d+) kB", status.read_text(), re.MULTILINE)[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def only_a_survey_or_an_error(source: object, **options: Any) -> Evaluations | None:
    """Read, and require a sound survey or a short `DataError`; nothing written, nothing run, memory bounded."""
    PEAK[0] = PEAK[0] or peak()
    COUNT[0] += 1
    with WATCH.watching(), warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = survey(source, **options)
        except DataError as error:
            found, message = None, str(error)
    assert WATCH.seen == [], WATCH.seen
    assert peak() - PEAK[0] < MEMORY
    if found is None:
        assert 10 < len(message) < 4000, message
        return None
    assert found.n_used + len(found.left_out) == found.n_rows
    assert found.summary().encode("utf-8", "replace")
    e = found.evaluations
    if e is not None:
        assert e.table["score"].between(0, 1).all()
        assert (e.table["flops"] > 0).all()
        assert len(e.fingerprint) == 64
    return e
