"""Bytes to documents and sheets within bounds: JSON, archives, compressed files, text tables; nothing is unpickled."""

import bz2
import contextlib
import csv
import gzip
import io
import json
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import yaml

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.tables.sheet import Sheet, first_line, make_sheet, quote, unique

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


# YAML: bounded before a library opens it, then built from its events, so that no tag or reference is ever resolved.

LARGEST_YAML = 4 * 1024 * 1024
DEEPEST = 60
"""Levels of nesting that documents may have."""
MOST_REFERENCES = 100
_OPENED = re.compile(rf"(?:[\[{{][^\[\]{{}}]*){{{DEEPEST + 1}}}")
_INDENTED = re.compile(rf"(?m)^(?: {{{4 * DEEPEST},}}\S|[ \t]*(?:[-?:][ \t]+){{{DEEPEST + 1}}})")
_REFERENCE = re.compile(r"(?m)(?:^|[-:?,\[{])[ \t]*[*&!][^\s*&!]")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_WORDS: dict[str, object] = dict.fromkeys(("", "~", "null", "Null", "NULL", ".nan", ".NaN", ".NAN"))
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_PLAIN_TAGS = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "seq", "map"))


def parse_yaml(data: bytes, shown: str) -> Any:  # noqa: ANN401 - whatever the document is
    """Parse a YAML text of lists, mappings, text and numbers; several documents are a list."""
    if len(data) > LARGEST_YAML:
        raise DataError(f"{shown} holds more than {LARGEST_YAML // 2**20} MiB of YAML: give it as JSON or CSV.")
    text = decode(data, shown)
    for pattern, what in ((_OPENED, "nested too deeply"), (_INDENTED, "indented too deeply")):
        if found := pattern.search(text):
            line = text.count("\n", 0, found.start()) + 1
            raise DataError(f"{shown}, line {line}: YAML {what} to be evaluations: check the file.")
    if sum(1 for _ in _REFERENCE.finditer(text)) > MOST_REFERENCES:
        raise DataError(f"{shown}: YAML with more than {MOST_REFERENCES} tags or references: write the values out.")
    documents: list[Any] = []
    # open collections, innermost last, and the key of each mapping that waits for its value
    stack: list[Any] = [documents]
    keys: list[Any] = [None]
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            where = f"{shown}, line {event.start_mark.line + 1}"
            if isinstance(event, yaml.AliasEvent):
                raise DataError(f"{where}: a YAML reference (*{str(event.anchor)[:40]}): write the value out.")
            if isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None) not in (None, "!", *_PLAIN_TAGS):
                raise DataError(f"{where}: a YAML tag ({quote(getattr(event, 'tag', ''))}): leave tags out.")
            if isinstance(event, yaml.CollectionEndEvent):
                made = stack.pop()
                keys.pop()
            elif isinstance(event, yaml.CollectionStartEvent):
                stack.append([] if isinstance(event, yaml.SequenceStartEvent) else {})
                keys.append(None)
                if len(stack) > DEEPEST:
                    raise DataError(f"{where}: YAML nested too deeply to be evaluations: check the file.")
                continue
            elif isinstance(event, yaml.ScalarEvent):
                made = event.value if event.style or event.tag else _scalar(event.value)
            else:
                continue
            into = stack[-1]
            if isinstance(into, list):
                into.append(made)
            elif keys[-1] is not None:
                into[keys[-1]] = made
                keys[-1] = None
            elif not isinstance(event, yaml.ScalarEvent):
                raise DataError(f"{where}: a YAML key that is no text: write it as text.")
            elif event.value in into:
                raise DataError(f"{where}: {quote(event.value)} is given twice: leave one out.")
            else:
                keys[-1] = event.value
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = "" if mark is None else f", line {mark.line + 1}"
        said = getattr(error, "problem", None) or first_line(error)
        raise DataError(f"{shown}{place}: not complete YAML ({str(said)[:200]}): correct it there.") from None
    return documents[0] if len(documents) == 1 else documents


def _scalar(value: str) -> object:
    """Return the number, truth value or text that a plain scalar is; dates stay text."""
    if value in _WORDS:
        return _WORDS[value]
    return float(value) if len(value) < 40 and _NUMBER.fullmatch(value) else value


# Text tables, compressed or not, parsed into a `Sheet` whose cells stay as they were written.

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


def parse_delimited(data: bytes, shown: str, name: str, most: int | None = None) -> Sheet:
    """Parse the bytes of a text table of at most so many cells."""
    most = MOST_CELLS if most is None else most
    text = decode(data, shown)
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
    if rows[0].count("\n") * len(header) > most:
        hint = "split it" if most == MOST_CELLS else "unpack or split it"
        raise DataError(f"{shown} has more than {most:,} cells: too large to be read whole; {hint}.")
    frame = _parse(rows[0].rstrip("\n"), header, delimiter, first, shown)
    breaks = np.zeros(len(frame), dtype=np.int64)
    if rows[0].rstrip("\n").count("\n") >= len(frame):
        for column in frame.columns:
            breaks += frame[column].str.count("\n").to_numpy(dtype=np.int64)
    lines = np.arange(first, first + len(frame)) + np.concatenate([[0], np.cumsum(breaks)[:-1]])
    for row in np.flatnonzero((frame.iloc[:, -1] == header[-1]).to_numpy(dtype=bool) & (header[-1] != "")):
        if list(frame.iloc[row].str.strip()) == header:
            raise DataError(
                f"{shown}, line {lines[row]}: the header stands here again, so two tables were put into one file: "
                "remove the line if both are of one kind, else give them one by one."
            )
    frame.columns = pd.Index(header)
    sheet = make_sheet(frame, "line", name)
    return Sheet(sheet.frame, lines.astype(np.int64), sheet.unit, sheet.source)


def decode(data: bytes, shown: str) -> str:
    """Decode UTF-8 or UTF-16 text, refusing what is none."""
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
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=note
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

LARGEST_UNPACKED, MOST_UNPACKED_CELLS = 2**27, 12_500_000
"""Largest table unpacked, in bytes and in cells: a thousand times as large as its file, and 150 bytes a score in the
end. Reading one takes 2.5 GB at most (docs/limits.md)."""

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
