"""Proteus-2k: models evaluated after the Open LLM Leaderboard v2 retired, as metrics of lm-evaluation-harness.

A table of scores with columns such as ``leaderboard_gpqa_acc_norm_none``, and a table of the models beside it, named
``<scores>_models``, with each one's base model, compute (1e21 FLOPs), size and the day it was last modified. Either
file finds the other; without the second, base models are identified by name alone.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.fields import place
from bayes_frontier.evaluations.lines import Lines, Request
from bayes_frontier.evaluations.metrics import filled_items, unit_scores
from bayes_frontier.evaluations.sources import open_llm as board
from bayes_frontier.evaluations.tables import sheet as cells
from bayes_frontier.evaluations.tables.parse import plain_name
from bayes_frontier.evaluations.tables.sheet import Sheet
from bayes_frontier.evaluations.tables.source import Source, load_table
from bayes_frontier.text import count, listed

ID = "model_id"
BASE, COMPUTE, SIZE, MODIFIED = "mapped_base_model", "pretrain_compute_zflops", "num_params_B", "last_modified"
_SUFFIX = "_models"


def recognises(source: Source) -> bool:
    """Tell whether one of the tables is that of the scores or of the models."""
    return any(_is_scores(sheet) or _is_models(sheet) for sheet in source.sheets)


def parse(source: Source, request: Request) -> Lines:
    """Parse the tables."""
    sheets = [sheet for sheet in (*source.sheets, *_beside(source)) if _is_scores(sheet) or _is_models(sheet)]
    found = [sheet for sheet in sheets if _is_scores(sheet)]
    about = [sheet for sheet in sheets if _is_models(sheet)]
    if len(found) != 1 or len(about) > 1:
        raise DataError(
            f"{source.name}: expected one table of Proteus-2k's scores and at most one of its models, found "
            f"{len(found)} and {len(about)}: give the table of scores."
        )
    if request.columns:
        raise DataError("columns: Proteus-2k has its own; leave the mapping out.")
    sheet = found[0]
    notes: list[str] = []
    scores_of = board.six(lambda task, metric: _values(sheet, task, metric), len(sheet.frame))
    tasks = tuple(request.choose(sheet, list(scores_of)))
    scores = np.column_stack(
        [unit_scores(sheet, t, scores_of[t], t, request.metrics, notes, usual=None) for t in tasks]
    )
    given = _models(sheet, about[0] if about else None, request, notes)
    placed = place(given, request, notes, dates="modification")
    lines = Lines(
        sheet=sheet,
        fields=placed.fields,
        tasks=tasks,
        scores=scores,
        source_format="proteus_2k",
        n_items=filled_items(None, scores, tasks, request.metrics, None, board.ITEMS),
        notes=notes,
        placed=placed.table,
        measures={t: board.MEASURES[t].scaled_as((request.metrics.get(t) or board.UNIT).scale) for t in tasks},
        uploads=True,
    )
    placed.leave_out(lines)
    return lines


def _is_scores(sheet: Sheet) -> bool:
    names = set(sheet.frame.columns)
    parts = [f"{part}_acc_norm_none" for part in board.BBH]
    return ID in names and sum(part in names for part in parts) >= len(parts) / 2


def _is_models(sheet: Sheet) -> bool:
    return {ID, BASE, COMPUTE} <= set(sheet.frame.columns) and not _is_scores(sheet)


def _beside(source: Source) -> list[Sheet]:
    """Load the other half of a table given alone, where it is."""
    path = source.path
    if path is None or len(source.sheets) != 1:
        return []
    plain = Path(plain_name(path.name))
    packed = path.name.removeprefix(plain.name)
    stem = plain.stem.removesuffix(_SUFFIX) if _is_models(source.sheets[0]) else plain.stem + _SUFFIX
    endings = dict.fromkeys((plain.suffix + packed, ".csv", ".parquet"))
    others: list[Path] = [path.with_name(stem + ending) for ending in endings]
    there = next((other for other in others if other != path and other.is_file()), None)
    return [] if there is None else [load_table(there, str(there))]


def _values(sheet: Sheet, task: str, metric: str) -> np.ndarray | None:
    column = f"{task}_{metric}_none"
    if column not in sheet.frame:
        return None
    values = cells.numbers(sheet, column)
    cells.check_scores(sheet, column, values)
    return values


def _models(sheet: Sheet, about: Sheet | None, request: Request, notes: list[str]) -> pd.DataFrame:
    model = cells.text(sheet, ID)
    if about is None:
        notes.append("no table of the models beside it (<name>_models.csv): base models by name alone, no dates")
        return pd.DataFrame({"model": model})
    flops = cells.numbers(about, COMPUTE) * 1e21
    cells.check_flops(about, COMPUTE, flops)
    columns = {
        "model": cells.text(about, ID),
        "mapped": cells.text(about, BASE),
        "flops": flops,
        "own": cells.text(about, BASE),
        "params_b": cells.numbers(about, SIZE) if SIZE in about.frame else np.nan,
        "released": cells.dates(about, MODIFIED, request.today) if MODIFIED in about.frame else pd.NaT,
    }
    table = pd.DataFrame(columns)
    twice = table["model"].duplicated() & (table["model"] != "")
    if twice.any():
        names = listed(table["model"][twice].unique(), 3)
        notes.append(f"{about.source}: {count(int(twice.sum()), 'model')} listed again ({names}); the first is used")
    table = table[~table["model"].duplicated()].set_index("model")
    lacking = ~model.isin(table.index)
    if lacking.any():
        notes.append(f"{count(int(lacking.sum()), 'model')} not in {about.source}")
    return table.reindex(model.to_numpy(dtype=object)).reset_index(names="model")
