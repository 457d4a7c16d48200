"""The table of the retired Open LLM Leaderboard v1: six tasks in percent.

Its traps: ``date`` is the day of the evaluation; ``params_b`` is a whole number, sometimes rounded and sometimes cut,
and 0 where unknown; ``flagged`` and ``moe`` are inverted (nearly every row is "flagged", and the few that are not
are the ones the leaderboard had flagged).
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import cells
from bayes_frontier.evaluations.lines import Lines
from bayes_frontier.evaluations.metrics import Metric, filled_items, unit_scores
from bayes_frontier.evaluations.request import Request
from bayes_frontier.evaluations.sheet import Sheet
from bayes_frontier.evaluations.sources.placed import place
from bayes_frontier.wording import count, listed

TASKS = ("arc", "hellaswag", "mmlu", "truthfulqa", "winogrande", "gsm8k")
NEEDED = ("architecture", "params_b", "date", "flagged")
EXACT = {
    ("Mistral", 7): 7.242,
    ("Mixtral", 12): 12.879,
    ("Mixtral", 46): 46.703,
    ("Mixtral", 60): 60.814,
    ("Mixtral", 140): 140.62,
    ("Gemma", 2): 2.506,
    ("Gemma", 8): 8.538,
    ("Phi", 2): 2.78,
    ("Phi3", 3): 3.821,
    ("Phi3", 13): 13.96,
}
"""Exact parameters (1e9) by architecture and whole number, where of the rows whose name tells their base model at least
92% agree with the base model this size leads to (Mistral 7: 730 of 744)."""
ITEMS = {"arc": 1172, "hellaswag": 10042, "mmlu": 14042, "truthfulqa": 817, "winogrande": 1267, "gsm8k": 1319}
"""Items of each task: the splits the leaderboard scored, as published (ARC-Challenge test, HellaSwag validation, MMLU
test, TruthfulQA generation's 817 questions, WinoGrande validation, GSM8K test)."""
PERCENT = Metric(ceiling=100.0)
ARCHIVE = {
    "Architecture": "architecture",
    "#Params (B)": "params_b",
    "Flagged": "flagged",
    "Type": "type",
    "ARC": "arc",
    "HellaSwag": "hellaswag",
    "MMLU": "mmlu",
    "TruthfulQA": "truthfulqa",
    "Winogrande": "winogrande",
    "GSM8K": "gsm8k",
}
"""Columns of the archive on the hub, by which the table is downloaded, and what they are called here."""


def recognises(sheet: Sheet) -> bool:
    """Tell whether the columns are those of the v1 table.

    Parameters
    ----------
    sheet : Sheet
        The table.

    Returns
    -------
    bool
        Whether `parse` should read it.
    """
    names = {ARCHIVE.get(name, name) for name in sheet.frame.columns}
    return {"fullname", "flagged", "architecture"} <= names and sum(t in names for t in TASKS) >= 3


def parse(sheet: Sheet, request: Request) -> Lines:
    """Parse the table.

    Parameters
    ----------
    sheet : Sheet
        The table.
    request : Request
        Options.

    Returns
    -------
    Lines
        The rows, with reasons for those not usable.

    Raises
    ------
    DataError
        If columns are missing or cells are not what they should be.
    """
    if not set(ARCHIVE.values()) & set(sheet.frame.columns):
        sheet = replace(sheet, frame=sheet.frame.rename(columns=ARCHIVE))
    missing = [name for name in ("fullname", *NEEDED, *TASKS) if name not in sheet.frame]
    if missing:
        raise DataError(
            f"{sheet.source} is not the table of the Open LLM Leaderboard v1, or lacks the columns {listed(missing)}: "
            "export it again with all columns."
        )
    if request.columns:
        raise DataError(
            "columns: the Open LLM Leaderboard v1 has its own; leave the mapping out, or read "
            f"{sheet.source} with format 'wide'."
        )
    notes: list[str] = []
    tasks = tuple(request.choose(sheet, TASKS))
    columns = [
        unit_scores(sheet, task, cells.numbers(sheet, task), task, request.metrics, notes, usual=PERCENT)
        for task in tasks
    ]
    scores = np.column_stack(columns)
    architecture = cells.text(sheet, "architecture")
    size = cells.numbers(sheet, "params_b")
    if unknown := int((~(size > 0)).sum()):
        notes.append(f"{count(unknown, 'row')} without a parameter count")
    given = pd.DataFrame(
        {
            "model": cells.text(sheet, "fullname"),
            "architecture": architecture,
            "params_b": widened(architecture, size),
            "type": _kind(sheet),
            "released": cells.dates(sheet, "date", request.today),
        }
    )
    placed = place(given, request, notes, dates="evaluation")
    lines = Lines(
        sheet=sheet,
        fields=placed.fields,
        tasks=tasks,
        scores=scores,
        source_format="open_llm_v1",
        n_items=filled_items(None, scores, tasks, request.metrics, None, ITEMS),
        notes=notes,
        placed=placed.table,
    )
    lines.leave_out(_flagged(sheet, notes), "flagged by the leaderboard")
    placed.leave_out(lines)
    return lines


def widened(architecture: pd.Series, size: np.ndarray) -> np.ndarray:
    """Replace whole parameter counts by exact ones where the architecture leaves one base model.

    Parameters
    ----------
    architecture : pandas.Series
        Class names, shape (n_lines,).
    size : numpy.ndarray
        Whole parameter counts, 1e9, shape (n_lines,).

    Returns
    -------
    numpy.ndarray
        Parameter counts, shape (n_lines,); NaN where they are 0 or less.
    """
    out = np.where(size > 0, size, np.nan)
    core = architecture.str.replace(r"(?:For|LMHead|Model).*$", "", regex=True).to_numpy(dtype=object)
    for (kind, whole), exact in EXACT.items():
        out[(core == kind) & (size == whole)] = exact
    return out


def _kind(sheet: Sheet) -> pd.Series:
    if "type" not in sheet.frame:
        return pd.Series([""] * len(sheet.frame), dtype="str")
    words = cells.text(sheet, "type").str.casefold()
    return words.mask(words.str.contains("pretrained", regex=False), "pretrained")


def _flagged(sheet: Sheet, notes: list[str]) -> np.ndarray:
    """Return the rows the leaderboard had flagged: the rarer value, as flagged models were few."""
    words = cells.text(sheet, "flagged").str.casefold()
    true = words.isin(["true", "1", "1.0"]).to_numpy(dtype=bool)
    false = words.isin(["false", "0", "0.0"]).to_numpy(dtype=bool)
    if true.sum() > false.sum():
        notes.append(f"column 'flagged' is inverted: the {count(int(false.sum()), 'row')} marked FALSE are left out")
        return false
    return true
