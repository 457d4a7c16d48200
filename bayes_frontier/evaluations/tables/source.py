"""A `Source`: what a path or a frame holds, before its format is known. Nothing is evaluated or unpickled."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.tables.parse import (
    LARGEST,
    LARGEST_UNPACKED,
    MOST_TABLES,
    MOST_UNPACKED_CELLS,
    files_below,
    is_table_name,
    member,
    parse_delimited,
    parse_json,
    plain_name,
    read_bytes,
    tables_in_archive,
    unpacked,
)
from bayes_frontier.evaluations.tables.records import ENDINGS, load_records
from bayes_frontier.evaluations.tables.sheet import Sheet, first_line, make_sheet, quote, unique
from bayes_frontier.text import count

LOG_MEMBERS = ("header.json", "_journal/start.json")
"""Members of a zipped Inspect log that describe it: the second alone in one that never ended."""


RUN_FILES = ("run_spec.json", "stats.json")
"""Files that describe a run of HELM, in a folder of its own."""


@dataclass(frozen=True)
class Document:
    """One JSON document.

    * name: its path within the source
    * content: what it holds
    * problem: why it cannot be read; "" where it can
    * path: the file
    """

    name: str
    content: Any = None
    problem: str = ""
    path: Path | None = None


@dataclass(frozen=True)
class Source:
    """What was given.

    * name: file or folder name, or "DataFrame"
    * sheets: tables: one, or those of a folder
    * files: JSON documents and zipped logs, not yet read
    * folder: the folder where one was given
    * path: the file where one was given
    * others: files of the folder that are neither
    """

    name: str
    sheets: tuple[Sheet, ...] = ()
    files: tuple[Path, ...] = ()
    folder: Path | None = None
    path: Path | None = None
    others: int = 0

    def documents(self) -> Iterator[Document]:
        """Read the documents one by one; the two of a run of HELM as one, without what stands beside them."""
        runs = {
            p.parent for p in self.files if p.name in RUN_FILES and all((p.parent / n).is_file() for n in RUN_FILES)
        }
        for path in self.files:
            if path.parent in runs and self.folder is not None and path.name != RUN_FILES[1]:
                continue
            name = path.name if self.folder is None else path.relative_to(self.folder).as_posix()
            shown = str(path) if self.folder is None else name
            try:
                if path.parent in runs:
                    both = [read_document(path.parent / part, shown) for part in RUN_FILES]
                    yield Document(name, dict(zip(("run_spec", "stats"), both, strict=True)), path=path)
                    continue
                yield Document(name, read_document(path, shown), path=path)
            except DataError as error:
                if self.folder is None:
                    raise
                yield Document(name, problem=str(error), path=path)


def read_document(path: Path, shown: str) -> Any:  # noqa: ANN401 - whatever the document is
    """Read a JSON file, or the description of a zipped log."""
    if read_start(path, shown).startswith(b"PK"):
        found = member(path, LOG_MEMBERS, shown)
        if found is None:
            raise DataError(
                f"{shown} is not a table: it is a zip archive or a spreadsheet, and no Inspect log (it has no "
                "header.json); unpack it, or save the sheet as CSV."
            )
        return parse_json(found[1], f"{shown}, {found[0]}")
    return parse_json(read_bytes(path, LARGEST, shown), shown)


def read_start(path: Path, shown: str, size: int = 4096) -> bytes:
    """Read the first bytes of a file."""
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"{shown} is not an ordinary file: give a file or a folder.")
        with path.open("rb") as file:
            return file.read(size)
    except FileNotFoundError:
        raise DataError(f"{shown} does not exist: check the path of the evaluations file.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{shown} cannot be read: {getattr(error, 'strerror', None) or error}.") from error


# Load a file, a folder or a frame as a `Source`. Nothing here evaluates or unpickles anything, or writes a file.

LARGEST_TABLE = 2**30
_DOCUMENTS = (".json", ".eval")


def load(source: object) -> Source:
    """Load a file, a folder of files, or a data frame.

    Parameters
    ----------
    source : str, pathlib.Path or data frame
        A path; or a pandas frame, or any frame that hands its columns over as Arrow (polars, pyarrow, duckdb) or
        has a ``to_pandas`` method.

    Returns
    -------
    Source
        Its tables as they were found, its documents by their paths.

    Raises
    ------
    DataError
        If it cannot be read: no such file, not a table of at least two columns and one row, no JSON.
    """
    if isinstance(source, pd.DataFrame):
        return Source("DataFrame", (make_sheet(source.copy(deep=False), "row", "DataFrame"),))
    if isinstance(source, str | Path):
        return _load_path(source)
    frame = _as_pandas(source)
    if frame is None:
        raise DataError(
            f"Cannot read evaluations from {type(source).__name__}: give the path of a file or a folder, or a "
            "DataFrame."
        )
    return Source("DataFrame", (make_sheet(frame, "row", "DataFrame"),))


def load_table(path: Path, shown: str) -> Sheet:
    """Load a CSV or Parquet file, compressed or not, or a file of records."""
    packed = read_bytes(path, LARGEST_TABLE, shown)
    data = unpacked(packed, shown)
    if path.suffix.lower() in ENDINGS:
        return load_records(data, shown, path.name)
    return _table(data, shown, plain_name(path.name), None if data is packed else MOST_UNPACKED_CELLS)


def _table(data: bytes, shown: str, name: str, most: int | None = MOST_UNPACKED_CELLS) -> Sheet:
    if not data.strip():
        raise DataError(f"{shown} is empty: expected evaluations, such as a CSV or Parquet table of them.")
    if data.startswith(b"PAR1"):
        return make_sheet(_parquet(data, shown), "row", name)
    return parse_delimited(data, shown, name, most)


def _as_pandas(source: Any) -> pd.DataFrame | None:  # noqa: ANN401 - any library's frame
    try:
        if hasattr(source, "__arrow_c_stream__"):
            made = pa.table(source).to_pandas(ignore_metadata=True)
        elif hasattr(source, "to_pandas"):
            made = source.to_pandas()
        else:
            return None
    except (pa.ArrowException, TypeError, ValueError, NotImplementedError, ImportError) as error:
        raise DataError(f"{type(source).__name__} cannot be read as a table ({first_line(error)}).") from error
    return made if isinstance(made, pd.DataFrame) else None


def _load_path(source: str | Path) -> Source:
    shown = str(source) if len(str(source)) <= 300 else str(source)[:300] + "..."
    if shown.startswith(("http://", "https://")):
        raise DataError(f"{shown} is an address: download the file and give its path.")
    path = Path(source)
    try:
        folder = path.is_dir()
    except (OSError, ValueError) as error:
        raise DataError(f"{shown} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    if folder:
        return _load_folder(path, shown)
    start = read_start(path, shown)
    if start.startswith(b"\x89HDF"):
        raise DataError(
            f"{shown} is a NetCDF file, such as a saved fit, where a table of evaluations is expected. "
            f"Give the table; a fit is asked with `bayes-frontier attain {path.name} --flops 1e24` or `bf.load`."
        )
    if start.startswith(b"PK\x03\x04"):
        tables = tables_in_archive(path, shown)
        if tables:
            inside = shown if len(tables) == 1 else f"{shown}, {{}}"
            sheets = tuple(_table(data, inside.replace("{}", name), name) for name, data in tables)
            return Source(path.name, sheets, path=path)
        read_document(path, shown)
        return Source(path.name, files=(path,), path=path)
    if start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[") and path.suffix.lower() not in ENDINGS:
        # within a JSON text no object follows another without a comma
        if b"}\n{" in start.replace(b"\r", b""):
            sheet = load_records(read_bytes(path, LARGEST, shown), shown, path.name)
            return Source(path.name, (sheet,), path=path)
        return Source(path.name, files=(path,), path=path)
    return Source(path.name, (load_table(path, shown),), path=path)


def _load_folder(path: Path, shown: str) -> Source:
    """List a folder: documents are read later, tables at once where there is no document."""
    found = list(files_below(path, shown))
    documents = tuple(file for file in found if file.suffix.lower() in _DOCUMENTS)
    tables = [file for file in found if is_table_name(file.name)]
    if not documents and not tables:
        tables = [file for file in found if file.suffix.lower() in ENDINGS[:-2]]
    name = path.resolve().name or shown
    if documents:
        return Source(name, files=documents, folder=path, others=len(found) - len(documents))
    if not tables:
        raise DataError(
            f"{shown} is a directory without evaluations ({count(len(found), 'file')}, none of them .json, .eval, "
            ".csv, .parquet, .jsonl or .yml): give a file, or the folder of the results."
        )
    if len(tables) > MOST_TABLES:
        raise DataError(f"{shown} is a directory with {len(tables):,} tables: give one of them.")
    sheets = tuple(load_table(file, str(file)) for file in tables)
    return Source(name, sheets, folder=path, others=len(found) - len(tables))


def _parquet(data: bytes, shown: str) -> pd.DataFrame:
    """Read the flat columns of a Parquet file; nested ones hold no field."""
    try:
        about = pa.parquet.read_metadata(pa.BufferReader(data))
        schema = about.schema.to_arrow_schema()
        flat = [k for k, column in enumerate(schema) if not pa.types.is_nested(column.type)]
        unique([str(name) for name in schema.names], shown)
        if _rows(about) * max(len(flat), 1) > MOST_UNPACKED_CELLS:
            raise DataError(
                f"{shown} has {_rows(about):,} rows x {len(flat):,} columns: too large to be read whole; "
                "keep the columns needed."
            )
        texts = [schema.names[k] for k in flat if _is_text(schema.types[k])]
        table = pa.parquet.read_table(
            pa.BufferReader(data), columns=[schema.names[k] for k in flat], read_dictionary=texts
        )
        table.validate(full=True)
        frame: pd.DataFrame = _spelt_out(table, shown).to_pandas(ignore_metadata=True)
        return frame
    except (pa.ArrowException, OSError, ValueError, NotImplementedError, OverflowError, KeyError) as error:
        raise DataError(
            f"{shown} starts like a Parquet file but cannot be read ({first_line(error)}): it may be cut "
            "short; export or download it again."
        ) from error


def _rows(about: pa.parquet.FileMetaData) -> int:
    """Return the largest number of rows the file's own description admits: its parts may disagree."""
    groups = [about.row_group(k) for k in range(about.num_row_groups)]
    values = [max((g.column(j).num_values for j in range(g.num_columns)), default=0) for g in groups]
    return int(max(about.num_rows, sum(g.num_rows for g in groups), sum(values)))


def _spelt_out(table: pa.Table, shown: str) -> pa.Table:
    """Replace dictionaries by their texts, unless a few long texts repeated would fill the memory."""
    size = 0
    for k, column in enumerate(table.schema):
        if not pa.types.is_dictionary(column.type):
            continue
        size += sum(_length(chunk) for chunk in table.column(k).chunks)
        if size > LARGEST_UNPACKED:
            raise DataError(
                f"{shown}, column {quote(column.name)}: {size:,} bytes of text: too large to be read whole."
            )
        table = table.set_column(k, column.name, table.column(k).cast(column.type.value_type))
    return table


def _length(chunk: pa.DictionaryArray) -> int:
    texts = chunk.dictionary
    if not _is_text(texts.type):
        return 0
    return int(pa.compute.sum(pa.compute.binary_length(texts).take(chunk.indices), min_count=0).as_py())


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind))
