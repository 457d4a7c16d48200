"""Text tables, compressed or not, parsed into a `Sheet` whose cells stay as they were written."""

import bz2
import csv
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.tables.documents import open_archive
from bayes_frontier.evaluations.tables.sheet import Sheet, first_line, make_sheet, quote, unique

MOST_CELLS = 100_000_000
DELIMITERS = (",", ";", "\t", "|")
_FOREIGN = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive or a spreadsheet; unpack it, or save the sheet as CSV"),
    (b"\x1f\x8b", "compressed twice; decompress it first"),
    (b"ARROW1", "an Arrow (Feather) file; save it as Parquet"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd; decompress it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it"),
    (b"\x89HDF", "an HDF5 or NetCDF file; a saved fit is opened with load()"),
    (b"CDF\x01", "a NetCDF file; a saved fit is opened with load()"),
    (b"\x80", "a Python pickle or other binary file; pickles are never opened"),
    (b"SQLite format 3", "an SQLite database"),
)


def parse_delimited(data: bytes, shown: str, name: str) -> Sheet:
    """Parse the bytes of a text table."""
    text = _decode(data, shown)
    start = text.lstrip("\r\n \t")[:200].lower()
    if start.startswith("<"):
        raise DataError(f"{shown} is an HTML or XML page, not a table: download the raw CSV or Parquet file.")
    if start.startswith(("{", "[")):
        raise DataError(f"{shown} looks like JSON, not a table: export it as CSV or Parquet.")
    body = text.lstrip("\n")
    delimiter = _delimiter(body)
    header, used = _header(body, delimiter, shown)
    first = len(text) - len(body) + used + 1
    rows = body.split("\n", used)[used:]
    if not rows or not rows[0].strip():
        raise DataError(f"{shown} has a header ({len(header)} columns) but no rows: nothing to read.")
    if rows[0].count("\n") * len(header) > MOST_CELLS:
        raise DataError(f"{shown} has more than {MOST_CELLS:,} cells: too large to be read whole; split it.")
    frame = _parse(rows[0].rstrip("\n"), header, delimiter, first, shown)
    breaks = np.zeros(len(frame), dtype=np.int64)
    if rows[0].rstrip("\n").count("\n") >= len(frame):
        for column in frame.columns:
            breaks += frame[column].str.count("\n").to_numpy(dtype=np.int64)
    lines = np.arange(first, first + len(frame)) + np.concatenate([[0], np.cumsum(breaks)[:-1]])
    frame.columns = pd.Index(header)
    sheet = make_sheet(frame, "line", name)
    return Sheet(sheet.frame, lines.astype(np.int64), sheet.unit, sheet.source)


def _decode(data: bytes, shown: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    else:
        for magic, what in _FOREIGN:
            if data.startswith(magic):
                raise DataError(f"{shown} is not a table: it is {what}. Give a CSV or Parquet file.")
        encoding = "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        if b"\x00" in data:
            raise DataError(f"{shown} is not a table: it is a binary file. Give a CSV or Parquet file.") from None
        raise DataError(
            f"{shown} is not {encoding.removesuffix('-sig').upper()} text (byte 0x{data[error.start]:02x} on "
            f"line {line}): "
            "save it again with UTF-8 encoding."
        ) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    if "\x00" in text:
        raise DataError(
            f"{shown} is not a table: it contains NUL characters, as binary files do. Give a CSV or Parquet file."
        )
    return text


def _delimiter(body: str) -> str:
    """Pick the delimiter that splits the header into most fields, better if it splits all lines alike."""
    lines = body.split("\n", 20)[:20]

    def merit(delimiter: str) -> tuple[bool, int]:
        counts = [
            len(next(csv.reader([line], delimiter=delimiter), []))
            for line in lines
            if line.strip() and len(line) < 100_000
        ]
        return len(set(counts[:-1] or counts)) == 1 and max(counts, default=0) > 1, max(counts[:1], default=0)

    return max(DELIMITERS, key=merit)


def _header(body: str, delimiter: str, shown: str) -> tuple[list[str], int]:
    """Return the column names and the number of lines they take."""
    reader = csv.reader(io.StringIO(body[:1_000_000], newline=""), delimiter=delimiter)
    try:
        names = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise DataError(f"{shown} has a header that cannot be read ({error}): save the table again as CSV.") from error
    if len(names) < 2:
        found = quote(names[0]) if names else "nothing"
        raise DataError(
            f"{shown} is not a table: its first line holds a single column ({found}). Expected columns such "
            "as model, base_model, flops and one a task."
        )
    unique(names, shown)
    return names, reader.line_num


def _parse(rows: str, header: list[str], delimiter: str, first: int, shown: str) -> pd.DataFrame:
    """Parse the rows below the header, the first of which is line `first`, into text columns "0", "1", ..."""
    ragged: list[pa.csv.InvalidRow] = []

    def note(row: pa.csv.InvalidRow) -> str:
        ragged.append(row)
        return "skip"

    data = rows.encode()
    names = [str(i) for i in range(len(header))]
    try:
        table = pa.csv.read_csv(
            pa.BufferReader(data),
            read_options=pa.csv.ReadOptions(
                use_threads=False, block_size=min(len(data) + 1, 1 << 28), column_names=names
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=note,
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{shown} cannot be read as a table with delimiter {delimiter!r} ({first_line(error)}): save it "
            "again as CSV."
        ) from error
    if ragged:
        row = ragged[0]
        if row.actual_columns < row.expected_columns and len(ragged) == 1 and rows.endswith(row.text):
            raise DataError(
                f"{shown} ends within line {row.number + first - 1}, which has {row.actual_columns} of "
                f"{row.expected_columns} fields ({quote(row.text)}): it may be cut short; copy or download it again."
            )
        others = f", and so on in {len(ragged) - 1:,} more" if len(ragged) > 1 else ""
        raise DataError(
            f"{shown} is not a regular table: line {row.number + first - 1} has {row.actual_columns} fields "
            "where "
            f"the header has {row.expected_columns} ({quote(row.text)}){others}. Quote cells that contain "
            f"{delimiter!r}, or save the table again as CSV."
        )
    frame: pd.DataFrame = table.to_pandas()
    return frame


# Compressed tables: gzip, bzip2, xz, and a zip archive of one table; unpacked in memory, within bounds.

TABLES = (".csv", ".tsv", ".parquet")
"""Endings of tables."""

MOST_TABLES = 200
"""Most tables of a folder or an archive read at once."""

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
    """Say whether a file's name ends as those of tables do, compressed ones included."""
    return plain_name(name).lower().endswith(TABLES)


def plain_name(name: str) -> str:
    """Give the name of a table without the ending of its compression."""
    path = PurePosixPath(name)
    return path.stem if path.suffix.lower() in PACKED and path.stem.lower().endswith(TABLES) else name


def unpacked(data: bytes, shown: str) -> bytes:
    """Unpack what is compressed with gzip, bzip2 or xz; everything else is returned as it is."""
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


def tables_in_archive(path: Path, shown: str) -> list[tuple[str, bytes]]:
    """Read the tables of a zip archive that holds any, and no JSON: names and bytes, by their paths."""
    with open_archive(path, shown) as archive:
        # what macOS adds to an archive repeats the names of its files
        files = [entry for entry in archive.infolist() if not entry.filename.startswith("__MACOSX/")]
        tables = [entry for entry in files if entry.filename.lower().endswith(TABLES)]
        if any(entry.filename.lower().endswith((".json", ".eval")) for entry in files):
            return []
        if len(tables) > MOST_TABLES:
            raise DataError(f"{shown} is a zip archive with {len(tables):,} tables: give one of them.")
        found, size = [], 0
        for entry in sorted(tables, key=lambda entry: entry.filename):
            with archive.open(entry) as file:
                data = _bounded(file, shown)
            size += len(data)
            if size > LARGEST_UNPACKED:
                raise DataError(
                    f"{shown} is larger than {LARGEST_UNPACKED // 2**20:,} MiB unpacked: too large; split it."
                )
            found.append((PurePosixPath(entry.filename).name, data))
        return found


def _bounded(file: IO[bytes], shown: str) -> bytes:
    out = bytearray()
    while chunk := file.read(_CHUNK):
        out += chunk
        if len(out) > LARGEST_UNPACKED:
            raise DataError(f"{shown} is larger than {LARGEST_UNPACKED // 2**20:,} MiB unpacked: too large; split it.")
    return bytes(out)
