"""Records in JSON, JSON Lines, YAML and Markdown: found wherever they stand in a document, and laid out as a table.

A record has scores of one model: an object of a list, or what stands under the model's name. Objects within it are
spelt with points (``pass@1.humaneval``), or by their last part where that says it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.measures import is_share, normal
from bayes_frontier.evaluations.tables.columns import ALIASES
from bayes_frontier.evaluations.tables.parse import decode, parse_json, parse_yaml
from bayes_frontier.evaluations.tables.sheet import LONGEST_NAME, MISSING, Sheet, make_sheet, quote
from bayes_frontier.text import count, listed

ENDINGS = (".jsonl", ".ndjson", ".yml", ".yaml", ".md", ".markdown")
"""Endings of files of records; JSON is told from result files by its content."""

MOST_COLUMNS, MOST_CELLS, MOST_NODES = 2_000, 5_000_000, 20_000
LEVELS = 4
"""Levels of a document in which records are looked for, and of objects within a record."""

_FAR = 1e300
_KEY, _MODEL = "(key)", "model"
"""What the name is called under which a record stands, before and after it is laid out."""
_VALUES = ("score", "value", "mean", "accuracy", "acc")
_ERRORS = ("stderr", "std_err", "standard_error", "se")
_RULE = re.compile(r"\|?[ \t]*:?-{3,}:?[ \t]*(?:\|[ \t]*:?-{3,}:?[ \t]*)*\|?")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
_PERCENT = re.compile(r"[+-]?[0-9]{1,12}(?:\.[0-9]{1,20})? ?%")
Record = dict[str, Any]


def load_records(data: bytes, shown: str, name: str) -> Sheet:
    """Lay out the records of a JSON Lines, YAML or Markdown file."""
    ending = PurePosixPath(name).suffix.lower()
    if ending in (".md", ".markdown"):
        return _markdown(decode(data, shown), shown, name)
    if ending in (".yml", ".yaml"):
        return sheet_of(parse_yaml(data, shown), shown, name)
    return _lines(decode(data, shown), shown, name)


def sheet_of(content: object, shown: str, name: str, *, alone: bool = False) -> Sheet:
    """Lay out the records of a parsed document; `alone` takes also a single one that names no model."""
    found = list(_candidates(content))
    worth = [_worth(records, alone) for records in found]
    if not max(worth, default=0):
        single = (path for records in found if len(records) == 1 for path, v in _flat(records[0]) if _is_number(v))
        shares = any(is_share(path.rpartition(".")[2]) for path in single)
        raise DataError(
            f"{shown} holds no records of scores: expected a list of objects, or an object with one for each model, "
            "with numbers in them.",
            {"columns": {"model": f"={PurePosixPath(name).stem}"}} if shares and not alone else None,
        )
    best = found[worth.index(max(worth))]
    return _sheet(best, np.arange(1, len(best) + 1), "record", shown, name)


def _candidates(content: object) -> Iterator[list[Record]]:
    """Find what may be the records of a document, the outermost first."""
    # a JSON schema describes records and has none
    level, seen = [] if isinstance(content, dict) and {"properties", "type"} <= content.keys() else [content], 0
    for _ in range(LEVELS):
        for node in level:
            yield from _rows(node)
        level = [child for node in level for _, child in _children(node)]
        seen += len(level)
        if seen > MOST_NODES:
            return


def _rows(node: object) -> Iterator[list[Record]]:
    """Lay a part of a document out as records: its objects, those of its parts, or its columns."""
    children = _children(node)
    yield [_named(label, child) for label, child in children if isinstance(child, dict)]
    inner = []
    for label, child in children:
        scalars = {k: v for k, v in child.items() if not isinstance(v, dict | list)} if isinstance(child, dict) else {}
        outer = ({"group": label} if label else {}) | scalars
        for name, part in _children(child):
            whole = [(name, part)] if isinstance(part, dict) else [("", entry) for _, entry in _children(part)]
            inner += [outer | _named(key, entry) for key, entry in whole if isinstance(entry, dict)]
        if len(inner) > MOST_NODES:
            break
    yield inner
    if not isinstance(node, dict):
        return
    numbers = {key: value for key, value in node.items() if _is_number(value)}
    yield [{_KEY: key, "score": value} for key, value in numbers.items()] if 1 < len(numbers) == len(node) else [node]
    # tables as pandas writes them: names and rows, or column by column
    names, rows = node.get("columns", node.get("header")), node.get("data", node.get("rows"))
    if isinstance(names, list) and isinstance(rows, list) and all(isinstance(name, str) for name in names):
        yield [dict(zip(names, row, strict=True)) for row in rows if isinstance(row, list) and len(row) == len(names)]
    models: Any = next((node[alias] for alias in ALIASES["model"] if isinstance(node.get(alias), dict | list)), [])
    keys = list(models) if isinstance(models, dict) else range(len(models))
    columns = {c: v for c, v in node.items() if type(v) is type(models) and len(v) == len(models)}
    if all(isinstance(values, list) or set(values) == set(keys) for values in columns.values()):
        yield [{column: values[key] for column, values in columns.items()} for key in keys]


def _children(node: object) -> list[tuple[str, Any]]:
    """Return the objects and lists within one, with the names they stand under."""
    pairs = node.items() if isinstance(node, dict) else [("", v) for v in node] if isinstance(node, list) else []
    return [(str(key), value) for key, value in pairs if isinstance(value, dict | list)]


def _named(key: str, record: Record) -> Record:
    """Give a record the name it stands under, unless it names its model itself."""
    own = any(isinstance(value, str) and normal(str(name)) in ALIASES["model"] for name, value in record.items())
    return record if own or not key else {_KEY: key, **record}


def _worth(records: list[Record], alone: bool) -> int:
    """Count the numbers that records have in common, thrice where they name models of their own."""
    filled: Counter[str] = Counter()
    start, empty = records[:2_000], 0
    for record in start:
        numbers = [path for path, value in _flat(record) if _is_number(value)]
        filled.update(numbers)
        empty += not numbers
        if len(filled) > MOST_COLUMNS or 2 * empty > len(start):
            return 0
    named = {v for r in start for k, v in r.items() if isinstance(v, str) and normal(str(k)) in ALIASES["model"]}
    if len(records) == 1 and not named and not alone:
        return 0
    return sum(2 * n if n > 1 else 1 for n in filled.values()) * (3 if 2 * len(named) > len(start) else 1)


def _is_number(value: object) -> bool:
    return (isinstance(value, int | float) and not isinstance(value, bool)) or (
        isinstance(value, str) and bool(_PERCENT.fullmatch(value) or re.fullmatch(r"-?[0-9]{1,12}\.[0-9]{1,20}", value))
    )


def _flat(record: Record, before: str = "", level: int = 0) -> Iterator[tuple[str, Any]]:
    """Iterate over the values of a record that are text or numbers, with where they stand."""
    for key, value in record.items():
        name = f"{before}.{key}" if before else str(key)
        if isinstance(value, dict) and level < LEVELS:
            yield from _flat(value, name, level + 1)
        elif isinstance(value, str | int | float):
            yield name, value


def _sheet(records: list[Record], rows: np.ndarray, unit: str, shown: str, name: str) -> Sheet:
    flat = [dict(_flat(record)) for record in records]
    paths = list(dict.fromkeys(path for record in flat for path in record))
    if len(paths) > MOST_COLUMNS or len(paths) * len(flat) > MOST_CELLS:
        raise DataError(
            f"{shown}: {count(len(flat), unit)} with {len(paths):,} fields are too many: keep those needed, or is the "
            "model what stands inside the records?"
        )
    names = _short(paths)
    columns = {names[path]: _column([record.get(path) for record in flat]) for path in paths if names[path]}
    sheet = make_sheet(pd.DataFrame(columns), unit, name)
    shares = [
        f"{column} ({quote(next((v for v in sheet.frame[column] if pd.notna(v)), ''))})" for column in sheet.frame
    ]
    more = f" and {len(shares) - 30:,} more" if len(shares) > 30 else ""
    about = f"{count(len(flat), unit)} with the fields {', '.join(shares[:30])}{more}"
    return replace(sheet, rows=rows.astype(np.int64), about=about)


def _short(paths: list[str]) -> dict[str, str]:
    """Name the fields by their last part where no other has it; what only says "score" by the part before."""
    names = {}
    for path in paths:
        first, _, last = path.rpartition(".")
        kind = normal(last) if first else ""
        names[path] = first if kind in _VALUES else f"{first}_stderr" if kind in _ERRORS else path
    ends = Counter(name.rpartition(".")[2] for name in names.values())
    for path, name in names.items():
        last = name.rpartition(".")[2]
        names[path] = _MODEL if path == _KEY else clean(last if ends[last] == 1 else name)[:LONGEST_NAME]
    twice = Counter(names.values())
    return {path: name if twice[name] == 1 else clean(path)[:LONGEST_NAME] for path, name in names.items()}


def clean(words: str) -> str:
    """Return text that can be written as UTF-8, in one line."""
    return " ".join(words.encode("utf-8", "replace").decode().split())


def _column(values: list[Any]) -> pd.Series:
    """Return a column: numbers where all are, percentages as shares of one, else text."""
    here = [v is not None and not (isinstance(v, str) and v.strip().casefold() in MISSING) for v in values]
    given = [v for v, there in zip(values, here, strict=True) if there]
    if given and all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < _FAR for v in given):
        return pd.Series(
            [float(v) if there else np.nan for v, there in zip(values, here, strict=True)], dtype=np.float64
        )
    if given and all(isinstance(v, str) and _PERCENT.fullmatch(v.strip()) for v in given):
        shares = [float(v.strip("% ")) / 100 if there else np.nan for v, there in zip(values, here, strict=True)]
        return pd.Series(shares, dtype=np.float64)
    words = ["" if v is None else clean(v) if isinstance(v, str) else str(v)[:50] for v in values]
    return pd.Series(words, dtype="str")


def _lines(text: str, shown: str, name: str) -> Sheet:
    """Lay out a file with one JSON object on each line."""
    records: list[Record] = []
    rows: list[int] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        if len(records) * 2 > MOST_CELLS:
            raise DataError(f"{shown} has more than {len(records):,} lines of JSON: too large; split it.")
        try:
            found = parse_json(line.encode(), f"{shown}, line {number},")
        except DataError as error:
            raise DataError(f"{error} Files of JSON Lines have one whole object on each line.") from None
        if not isinstance(found, dict):
            raise DataError(f"{shown}, line {number}: {quote(line)} is no JSON object: give one on each line.")
        records.append(found)
        rows.append(number)
    if not records:
        raise DataError(f"{shown} is empty: expected one JSON object on each line.")
    if len(records) == 1:
        return sheet_of(records[0], shown, name)
    return _sheet(records, np.array(rows), "line", shown, name)


def _markdown(text: str, shown: str, name: str) -> Sheet:
    """Lay out the table of a Markdown page; of several with one header, all of them."""
    lines = text.split("\n")
    tables: dict[tuple[str, ...], list[tuple[int, list[str]]]] = {}
    k = 1
    while k < len(lines):
        header = tuple(_cells(lines[k - 1]))
        if len(header) < 2 or "|" not in lines[k] or not _RULE.fullmatch(lines[k].strip()):
            k += 1
            continue
        rows = tables.setdefault(header, [])
        k += 1
        while k < len(lines) and "|" in lines[k]:
            cells = _cells(lines[k])
            if len(cells) != len(header):
                found = f"{len(cells)} cells where the table's header has {len(header)}"
                raise DataError(f"{shown}, line {k + 1}: {found}: write a bar within a cell as \\|.")
            rows.append((k + 1, cells))
            k += 1
    tables = {header: rows for header, rows in tables.items() if rows}
    if not tables:
        raise DataError(f"{shown} holds no table: expected a Markdown table, with bars and a row of dashes.")
    if len(tables) > 1:
        said = "; ".join(f"line {rows[0][0] - 2}: {listed(h, 4)}" for h, rows in [*tables.items()][:5])
        raise DataError(f"{shown} holds {len(tables)} tables with different headers ({said}): keep one in a file.")
    ((header, body),) = tables.items()
    records = [dict(zip(header, cells, strict=True)) for _, cells in body]
    if len(set(header)) < len(header):
        raise DataError(f"{shown}, line {body[0][0] - 2}: two columns of one name: rename or remove one of them.")
    return _sheet(records, np.array([row for row, _ in body]), "line", shown, name)


def _cells(line: str) -> list[str]:
    """Return the cells of a line of a Markdown table, without its links and emphasis."""
    if "|" not in line or len(line) > 100_000:
        return []
    inner = line.strip().replace("\\|", "\x00").removeprefix("|").removesuffix("|")
    plain = (_LINK.sub(r"\1", cell).replace("\x00", "|").strip() for cell in inner.split("|"))
    return [re.sub(r"^(\*\*|__|`|\*)(.*)\1$", r"\2", cell).strip() for cell in plain]
