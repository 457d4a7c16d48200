"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bayes_frontier.errors import FrontierError, QueryError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 150


def replace_file(path: Path, content: bytes, what: str) -> None:
    """Write a file whole or not at all."""
    with replacing(path, what) as part:
        part.write_bytes(content)


@contextlib.contextmanager
def replacing(path: Path, what: str, error_type: type[FrontierError] = QueryError) -> Iterator[Path]:
    """Give a file beside its place to write to, and rename it when that went well: no reader meets half of it."""
    if path.is_dir():
        raise error_type(f"{what}: {path} is a folder; name a file.")
    part: str | None = None
    try:
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".part")
        os.close(handle)
        yield Path(part)
        # mkstemp makes private files; what is written for people gets the usual permissions
        os.umask(mask := os.umask(0))
        os.chmod(part, 0o666 & ~mask)
        os.replace(part, path)
    except OSError as error:
        raise error_type(f"{what}: {path} cannot be written ({error.strerror or error}).") from None
    finally:
        if part is not None:
            Path(part).unlink(missing_ok=True)


def write_picture(figure: Figure, path: Path, what: str) -> None:
    """Write a figure as PNG, whole or not at all; the same figure gives the same file."""
    replace_file(path, png(figure), what)


def png(figure: Figure, dpi: float = DPI) -> bytes:
    """Draw a figure as a PNG of at most 256 colours, a third of the size of one with all."""
    from PIL import Image

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


def svg(figure: Figure) -> str:
    """Draw a figure as SVG whose words stay words; the same figure gives the same text."""
    import matplotlib as mpl

    drawn = io.StringIO()
    # ids are a hash, of a random salt where none is given
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "bayes_frontier", "savefig.transparent": True}):
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    # two decimals of a point are a 7,000th of an inch
    return re.sub(r"(\d+\.\d{2})\d+", r"\1", drawn.getvalue())


def make_folder(path: Path | None, what: str) -> None:
    """Make the folder for results, if one was asked for and is not there."""
    if path is None:
        return
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise QueryError(f"{what}: no folder can be made at {path} ({error.strerror}).") from None
