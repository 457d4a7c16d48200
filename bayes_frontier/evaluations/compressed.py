"""Compressed tables: gzip, bzip2, xz, and a zip archive of one table; unpacked in memory, within bounds."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Any

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.documents import open_archive

TABLES = (".csv", ".tsv", ".parquet")
"""Endings of tables."""

PACKED = (".gz", ".bz2", ".xz")
"""Endings that a compressed table has behind its own."""

LARGEST_UNPACKED = 2**28
"""Largest table unpacked, in bytes: what is unpacked can be a thousand times as large as its file."""

_CHUNK = 2**20
_OPENERS: dict[bytes, tuple[str, Callable[..., Any]]] = {
    b"\x1f\x8b": ("gzip", gzip.open),
    b"BZh": ("bzip2", bz2.open),
    b"\xfd7zXZ\x00": ("xz", lzma.open),
}


def is_table_name(name: str) -> bool:
    """Say whether a file's name ends as those of tables do, compressed ones included.

    Parameters
    ----------
    name : str
        Name of a file.

    Returns
    -------
    bool
        Whether it is that of a table.
    """
    return plain_name(name).lower().endswith(TABLES)


def plain_name(name: str) -> str:
    """Give the name of a table without the ending of its compression.

    Parameters
    ----------
    name : str
        Name of a file, such as ``oll.csv.gz``.

    Returns
    -------
    str
        The name, ``oll.csv``.
    """
    path = PurePosixPath(name)
    return path.stem if path.suffix.lower() in PACKED and path.stem.lower().endswith(TABLES) else name


def unpacked(data: bytes, shown: str) -> bytes:
    """Unpack what is compressed with gzip, bzip2 or xz; everything else is returned as it is.

    Parameters
    ----------
    data : bytes
        Content of a file.
    shown : str
        Its path, for messages.

    Returns
    -------
    bytes
        Its content unpacked, once.

    Raises
    ------
    DataError
        If it is damaged, or larger than `LARGEST_UNPACKED` when unpacked.
    """
    found = next((entry for magic, entry in _OPENERS.items() if data.startswith(magic)), None)
    if found is None:
        return data
    kind, opener = found
    try:
        with opener(io.BytesIO(data)) as file:
            return _bounded(file, shown)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, MemoryError) as error:
        raise DataError(
            f"{shown} is compressed with {kind} and cannot be unpacked ({str(error)[:200]}): it may be cut short; "
            "copy it again."
        ) from None


def table_in_archive(path: Path, shown: str) -> tuple[str, bytes] | None:
    """Read the table of a zip archive that holds one, and no JSON.

    Parameters
    ----------
    path : pathlib.Path
        The archive.
    shown : str
        Its path, for messages.

    Returns
    -------
    tuple of str and bytes, or None
        File name and content of the table; None where the archive holds none or several, or JSON, as a log does.

    Raises
    ------
    DataError
        If the archive is damaged, or the table larger than `LARGEST_UNPACKED` when unpacked.
    """
    with open_archive(path, shown) as archive:
        # what macOS adds to an archive repeats the names of its files
        files = [entry for entry in archive.infolist() if not entry.filename.startswith("__MACOSX/")]
        tables = [entry for entry in files if entry.filename.lower().endswith(TABLES)]
        if len(tables) != 1 or any(entry.filename.lower().endswith(".json") for entry in files):
            return None
        with archive.open(tables[0]) as file:
            return PurePosixPath(tables[0].filename).name, _bounded(file, shown)


def _bounded(file: IO[bytes], shown: str) -> bytes:
    out = bytearray()
    while chunk := file.read(_CHUNK):
        out += chunk
        if len(out) > LARGEST_UNPACKED:
            raise DataError(f"{shown} is larger than {LARGEST_UNPACKED // 2**20:,} MiB unpacked: too large; split it.")
    return bytes(out)
