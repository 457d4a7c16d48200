"""Load a file or a frame as a `Sheet`. Nothing here evaluates or unpickles anything."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.delimited import parse_delimited
from bayes_frontier.evaluations.sheet import Sheet, first_line, make_sheet, unique


def load(source: object) -> Sheet:
    """Load a CSV or Parquet file, or a data frame, as a `Sheet`.

    Parameters
    ----------
    source : str, pathlib.Path or data frame
        A path; or a pandas frame, or any frame with a ``to_pandas`` method (polars, pyarrow).

    Returns
    -------
    Sheet
        The table as it was found.

    Raises
    ------
    DataError
        If it cannot be read as a table of at least two columns and one row.
    """
    if isinstance(source, pd.DataFrame):
        return make_sheet(source.copy(deep=False), "row", "DataFrame")
    if isinstance(source, str | Path):
        return _load_path(source)
    if hasattr(source, "to_pandas"):
        frame = source.to_pandas()
        if isinstance(frame, pd.DataFrame):
            return make_sheet(frame, "row", "DataFrame")
    raise DataError(
        f"Cannot read evaluations from {type(source).__name__}: give the path of a CSV or Parquet file, or a DataFrame."
    )


def _load_path(source: str | Path) -> Sheet:
    shown = str(source) if len(str(source)) <= 300 else str(source)[:300] + "..."
    if shown.startswith(("http://", "https://")):
        raise DataError(f"{shown} is an address: download the file and give its path.")
    path = Path(source)
    try:
        if path.is_dir():
            raise DataError(f"{shown} is a directory: give one CSV or Parquet file.")
        data = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{shown} does not exist: check the path of the evaluations file.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{shown} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    if not data.strip():
        raise DataError(f"{shown} is empty: expected a CSV or Parquet table of evaluations.")
    if data.startswith(b"PAR1"):
        return make_sheet(_parquet(data, shown), "row", path.name)
    return parse_delimited(data, shown, path.name)


def _parquet(data: bytes, shown: str) -> pd.DataFrame:
    try:
        table = pa.parquet.read_table(pa.BufferReader(data))
        unique([str(name) for name in table.column_names], shown)
        table.validate(full=True)
        frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
        return frame
    except (pa.ArrowException, OSError, ValueError, NotImplementedError, OverflowError) as error:
        raise DataError(
            f"{shown} starts like a Parquet file but cannot be read ({first_line(error)}): it may be cut "
            "short; export or download it again."
        ) from error
