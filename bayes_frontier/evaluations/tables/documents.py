"""JSON documents and members of zip archives, read within bounds: typed errors, no unpickling, nothing unpacked."""

import contextlib
import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from bayes_frontier.errors import DataError

LARGEST = 100 * 1024 * 1024
"""Largest JSON text read, in bytes: parsed it can take 24 times as much memory."""

LARGEST_MEMBER = 64 * 1024 * 1024
"""Largest unpacked member of an archive read, in bytes."""

_ZSTD = 93
_LOCAL_HEADER = struct.Struct("<4s22xHH")
MOST_MEMBERS = 200_000
MOST_FILES = 100_000


def read_bytes(path: Path, largest: int, shown: str) -> bytes:
    """Read a file of at most `largest` bytes."""
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"{shown} is not an ordinary file: give a file or a folder.")
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except FileNotFoundError:
        raise DataError(f"{shown} does not exist: check the path of the evaluations file.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{shown} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    if len(data) > largest:
        raise DataError(f"{shown} is larger than {largest // 2**20:,} MiB: too large to be read whole; split it.")
    return data


def parse_json(data: bytes, shown: str) -> Any:  # noqa: ANN401 - whatever the document is
    """Parse a JSON text."""
    if len(data) > LARGEST:
        raise DataError(f"{shown} holds more than {LARGEST // 2**20:,} MiB of JSON: too large to be read whole.")
    try:
        return json.loads(data[3:] if data.startswith(b"\xef\xbb\xbf") else data)
    except RecursionError:
        raise DataError(f"{shown} is JSON nested too deeply to be evaluations: check the file.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{shown} is not UTF-8 text (byte 0x{data[error.start]:02x}): save it again.") from None
    except ValueError as error:
        if getattr(error, "msg", "") == "Extra data":
            raise DataError(
                f"{shown} holds several JSON texts, one after the other, as .jsonl files do: give result files of one "
                "document each, or export a table as CSV or Parquet."
            ) from None
        raise DataError(
            f"{shown} is not complete JSON ({str(error)[:200]}): it may be cut short; copy it again."
        ) from None


def member(path: Path, names: tuple[str, ...], shown: str) -> tuple[str, bytes] | None:
    """Read the first of some members that a zip archive has; nothing is written."""
    with open_archive(path, shown) as archive:
        there = {entry.filename: entry for entry in archive.infolist()}
        name = next((name for name in names if name in there), None)
        if name is None:
            return None
        # the size an archive states may be a lie: what is read is bounded instead
        if there[name].compress_type == _ZSTD:
            data = _zstd(path, there[name])
        else:
            with archive.open(there[name]) as file:
                data = file.read(LARGEST_MEMBER + 1)
    if len(data) > LARGEST_MEMBER:
        raise DataError(f"{shown}: {name} is larger than {LARGEST_MEMBER // 2**20:,} MiB unpacked; no log header is.")
    return name, data


def _zstd(path: Path, entry: zipfile.ZipInfo) -> bytes:
    """Read a member compressed with zstd, as current logs are, which `zipfile` unpacks from Python 3.14 on only."""
    with path.open("rb") as file:
        file.seek(entry.header_offset)
        head = file.read(_LOCAL_HEADER.size)
        if len(head) < _LOCAL_HEADER.size or not head.startswith(b"PK\x03\x04"):
            raise zipfile.BadZipFile(f"{entry.filename} is not where the archive says")
        *_, name, extra = _LOCAL_HEADER.unpack(head)
        file.seek(name + extra, 1)
        packed = file.read(min(entry.compress_size, LARGEST_MEMBER))
    try:
        with pa.CompressedInputStream(pa.BufferReader(packed), "zstd") as stream:
            data = bytes(stream.read(LARGEST_MEMBER + 1))
    except pa.ArrowException as error:
        raise zipfile.BadZipFile(str(error)) from None
    if len(data) <= LARGEST_MEMBER and zlib.crc32(data) != entry.CRC:
        raise zipfile.BadZipFile(f"{entry.filename} is damaged")
    return data


@contextlib.contextmanager
def open_archive(path: Path, shown: str) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive to read from it."""
    try:
        with zipfile.ZipFile(path) as archive:
            n = len(archive.infolist())
            if n > MOST_MEMBERS:
                raise DataError(f"{shown} is a zip archive of {n:,} files, more than any log has; check the file.")
            yield archive
    except (NotImplementedError, RuntimeError) as error:
        raise DataError(f"{shown}: a file in this zip archive cannot be unpacked ({str(error)[:200]}).") from None
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, OverflowError) as error:
        raise DataError(
            f"{shown} starts like a zip archive but cannot be read ({str(error)[:200]}): it may be cut short; "
            "save a spreadsheet as CSV."
        ) from None


def files_below(folder: Path, shown: str) -> Iterator[Path]:
    """Iterate over the files of a folder and its subfolders, in the order of their paths.

    Links to files are followed, since download caches are made of them; links to folders are not. Names that
    start with a dot are left out.
    """
    n = 0
    try:
        for parent, folders, names in folder.walk(on_error=_raise):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                if name.startswith(".") or not (parent / name).is_file():
                    continue
                n += 1
                if n > MOST_FILES:
                    raise DataError(f"{shown} holds more than {MOST_FILES:,} files: give a folder of results.")
                yield parent / name
    except OSError as error:
        raise DataError(f"{shown} cannot be listed: {error.strerror or error}.") from error


def _raise(error: OSError) -> None:
    raise error
