"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bayes_frontier.errors import FrontierError, QueryError
from bayes_frontier.text import without_controls

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 150
# Begins the name of the folder that a run has beside its results while they are not finished.
_UNFINISHED = ".bayes-frontier-"


def replace_file(path: Path, content: bytes, what: str, error_type: type[FrontierError] = QueryError) -> None:
    """Write a file whole or not at all."""
    with replacing(path, what, error_type) as part:
        part.write_bytes(content)


@contextlib.contextmanager
def run_folder(place: Path) -> Iterator[Path]:
    """Make a folder for the unfinished files of this run in a place, and first remove those of runs that are dead."""
    before = _lock(place)
    try:
        for left in place.glob(f"{_UNFINISHED}*"):
            if (dead := _lock(left, wait=False)) is not None:
                shutil.rmtree(left, ignore_errors=True)
                os.close(dead)
        folder = Path(tempfile.mkdtemp(dir=place, prefix=_UNFINISHED))
        # the system lets go of it however this process ends: so others know whether it is alive
        alive = _lock(folder)
    finally:
        if before is not None:
            os.close(before)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if alive is not None:
            os.close(alive)


def _lock(folder: Path, *, wait: bool = True) -> int | None:
    """Lock a folder until what is returned is closed; None where another has it, or the file system has no locks."""
    handle = None
    try:
        handle = os.open(folder, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        if handle is not None:
            os.close(handle)
        return None
    return handle


@contextlib.contextmanager
def _part(path: Path, what: str, error_type: type[FrontierError]) -> Iterator[tuple[Path, Path]]:
    """Give a file to write to and the one it is for: beside what a link points at, which stays a link."""
    try:
        if path.is_dir():
            raise error_type(f"{what}: {path} is a folder; name a file.")
        if path.exists() and not path.is_file():
            raise error_type(f"{what}: {path} is no ordinary file; name one.")
        target = Path(os.path.realpath(path))
        with run_folder(target.parent) as folder:
            yield folder / target.name, target
    except OSError as error:
        raise error_type(f"{what}: {path} cannot be written ({error.strerror or error}).") from None


@contextlib.contextmanager
def replacing(path: Path, what: str, error_type: type[FrontierError] = QueryError) -> Iterator[Path]:
    """Give a file beside its place to write to, and rename it when that went well: no reader meets half of it."""
    with _part(path, what, error_type) as (part, target):
        yield part
        os.replace(part, target)


def check_target(path: Path | None, what: str, *suffixes: str) -> None:
    """Refuse a file that could not be written, before work begins; it may have one of some suffixes."""
    if path is None:
        return
    if suffixes and path.suffix not in suffixes:
        ends = f"does not end in {suffixes[0]}" if len(suffixes) == 1 else f"ends in none of {', '.join(suffixes)}"
        raise QueryError(f"{what}: {path} {ends}; name a file such as {path.stem or 'result'}{suffixes[0]}.")
    if not path.parent.is_dir() and not path.is_symlink():
        raise QueryError(f"{what}: there is no folder {path.parent}; create it first.")
    with _part(path, what, QueryError) as (part, _):
        part.touch()


def write_picture(figure: Figure, path: Path, what: str) -> None:
    """Write a figure as PNG, whole or not at all; the same figure gives the same file."""
    replace_file(path, png(figure), what)


def png(figure: Figure, dpi: float = DPI) -> bytes:
    """Draw a figure as a PNG of at most 256 colours, a third of the size of one with all."""
    from PIL import Image

    _show_controls(figure)
    drawn = io.BytesIO()
    # decoded again at once: not worth compressing
    figure.savefig(drawn, format="png", dpi=dpi, metadata={"Software": None}, pil_kwargs={"compress_level": 0})
    with Image.open(drawn) as opened:
        whole = opened.convert("RGB")
    # of the ways to choose colours the one that keeps those of large areas as they are, white and light greys too
    reduced = whole.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small = io.BytesIO()
    reduced.save(small, format="png")
    return small.getvalue()


def _show_controls(figure: Figure) -> None:
    """Replace control characters in the words of a figure by their codes: names come from the internet."""
    from matplotlib.text import Text
    from matplotlib.ticker import FuncFormatter

    for text in figure.findobj(Text):
        text.set_text(without_controls(text.get_text()))
    for axis in (axis for panel in figure.axes for axis in (panel.xaxis, panel.yaxis)):
        # labels of ticks are made anew whenever they are drawn
        if isinstance(named := axis.get_major_formatter(), FuncFormatter):
            named.func = partial(_without_controls, named.func)


def _without_controls(label: Callable[[float, int | None], str], value: float, place: int | None = None) -> str:
    return without_controls(label(value, place))


def svg(figure: Figure) -> str:
    """Draw a figure as SVG whose words stay words; the same figure gives the same text."""
    import matplotlib as mpl

    _show_controls(figure)
    drawn = io.StringIO()
    # ids are a hash, of a random salt where none is given
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "bayes_frontier", "savefig.transparent": True}):
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    # two decimals of a point are a 7,000th of an inch; numbers between elements are words, and stay as they are
    return re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d+\.\d{2})\d+", r"\1", tag[0]), drawn.getvalue())


def make_folder(path: Path | None, what: str) -> None:
    """Make the folder for results, if one was asked for and is not there, and see that files can be put into it."""
    if path is None:
        return
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise QueryError(f"{what}: no folder can be made at {path} ({error.strerror}).") from None
    check_target(path / "file", what)
