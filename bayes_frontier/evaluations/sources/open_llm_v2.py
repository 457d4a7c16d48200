"""The official export of the Open LLM Leaderboard v2, and its daily snapshots with other column names.

Scores are the raw ones: the normalised columns are clipped at chance level. The base model is identified from
the base-model field, the name, the architecture and the size, since the field is often missing, names the
model itself, or a merge.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import cells
from bayes_frontier.evaluations.checks import check_scores
from bayes_frontier.evaluations.fields import apart
from bayes_frontier.evaluations.identify import identify
from bayes_frontier.evaluations.lines import Lines
from bayes_frontier.evaluations.metrics import filled_items
from bayes_frontier.evaluations.request import Request
from bayes_frontier.evaluations.sheet import Sheet
from bayes_frontier.evaluations.sources.leaderboard_tasks import ITEMS
from bayes_frontier.wording import count, listed

EXPORT = {
    "model": "fullname",
    "base_field": "Base Model",
    "architecture": "Architecture",
    "params_b": "#Params (B)",
    "type": "Type",
    "precision": "Precision",
    "uploaded": "Upload To Hub Date",
    "submitted": "Submission Date",
    "flagged": "Flagged",
    "available": "Available on the hub",
}
EXPORT_TASKS = {
    "ifeval": "IFEval Raw",
    "bbh": "BBH Raw",
    "math_lvl_5": "MATH Lvl 5 Raw",
    "gpqa": "GPQA Raw",
    "musr": "MUSR Raw",
    "mmlu_pro": "MMLU-PRO Raw",
}
SNAPSHOT = {
    "model": "model_name",
    "base_field": "metadata_base_model",
    "architecture": "model_architecture",
    "params_b": "metadata_params_billions",
    "type": "model_type",
    "precision": "model_precision",
    "uploaded": "metadata_upload_date",
    "submitted": "metadata_submission_date",
    "flagged": "features_is_flagged",
    "unavailable": "features_is_not_available_on_hub",
}
SNAPSHOT_TASKS = {
    "ifeval": "evaluations_ifeval_value",
    "bbh": "evaluations_bbh_value",
    "math_lvl_5": "evaluations_math_value",
    "gpqa": "evaluations_gpqa_value",
    "musr": "evaluations_musr_value",
    "mmlu_pro": "evaluations_mmlu_pro_value",
}
NEEDED = ("model", "base_field", "architecture", "params_b", "uploaded", "submitted")


def recognises(sheet: Sheet) -> bool:
    """Tell whether the columns are those of an export or a snapshot: the model and half of the tasks.

    Parameters
    ----------
    sheet : Sheet
        The table.

    Returns
    -------
    bool
        Whether `parse` should read it.
    """
    return _layout(sheet) is not None


def parse(sheet: Sheet, request: Request) -> Lines:
    """Parse an export or a snapshot.

    Rows the leaderboard flagged are left out; models no longer on the hub are kept, since their scores were
    measured. The release date is the earlier one of upload and submission: a model cannot have been submitted
    before it existed, so a later upload date is that of a re-upload.

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
        If columns of the export are missing or cells are not what they should be.
    """
    layout = _layout(sheet)
    if layout is None:
        raise DataError(
            f"{sheet.source} is not an Open LLM Leaderboard v2 export: expected columns such as "
            f"{listed([EXPORT['model'], *EXPORT_TASKS.values()])}; "
            f"found {listed(sheet.frame.columns)}. Leave the format out to have it recognised."
        )
    if request.columns:
        raise DataError(
            "columns: the Open LLM Leaderboard v2 export has its own; leave the mapping out, or read "
            f"{sheet.source} with format 'wide'."
        )
    fields, task_columns = layout
    missing = [fields[name] for name in NEEDED if fields[name] not in sheet.frame] + [
        c for c in task_columns.values() if c not in sheet.frame
    ]
    if missing:
        raise DataError(
            f"{sheet.source} looks like an Open LLM Leaderboard v2 export but lacks the columns "
            f"{listed(missing)}: export it again with all columns."
        )
    tasks = request.choose(sheet, list(task_columns))
    notes: list[str] = []
    scores = np.column_stack([_scores(sheet, task_columns[task]) for task in tasks])
    released = _released(sheet, fields, request, notes)
    placed = identify(_models(sheet, fields).assign(released=released), request.registry)
    base = placed["base_model"].astype("str").where(placed["base_model"].notna(), "")
    frame = pd.DataFrame(
        {
            "model": cells.text(sheet, fields["model"]),
            "base_model": apart(base, released, request.registry, notes).to_numpy(),
            "stage": _stage(sheet, fields),
            "flops": placed["flops"].to_numpy(dtype=np.float64, na_value=np.nan),
            "params_b": placed["params_b"].to_numpy(dtype=np.float64, na_value=np.nan),
            "tokens_t": placed["tokens_t"].to_numpy(dtype=np.float64, na_value=np.nan),
            "released": released,
        }
    )
    lines = Lines(
        sheet=sheet,
        fields=frame,
        tasks=tuple(tasks),
        scores=scores,
        source_format="open_llm_v2",
        n_items=filled_items(None, scores, tuple(tasks), request.metrics, None, ITEMS),
        notes=notes,
        placed=placed,
    )
    lines.leave_out(_flag(sheet, fields, "flagged"), "flagged by the leaderboard")
    gone = ~_flag(sheet, fields, "available") if "available" in fields else _flag(sheet, fields, "unavailable")
    if gone.any():
        notes.append(f"{count(int(gone.sum()), 'model')} no longer on the hub: the scores are kept")
    unplaced = (base == "").to_numpy(dtype=bool)
    why = placed["reason"].astype("str").where(placed["reason"].notna(), "").to_numpy(dtype=object)
    lines.leave_out(unplaced, "no base model", why)
    rules = placed["rule"][~unplaced].value_counts()
    notes.append("base models identified by " + ", ".join(f"{rule} ({n:,})" for rule, n in rules.items()))
    return lines


def _layout(sheet: Sheet) -> tuple[dict[str, str], dict[str, str]] | None:
    for fields, tasks in ((EXPORT, EXPORT_TASKS), (SNAPSHOT, SNAPSHOT_TASKS)):
        if fields["model"] in sheet.frame and sum(c in sheet.frame for c in tasks.values()) >= len(tasks) / 2:
            return fields, tasks
    return None


def _scores(sheet: Sheet, column: str) -> npt.NDArray[np.float64]:
    values = cells.numbers(sheet, column)
    check_scores(sheet, column, values)
    return values


def _models(sheet: Sheet, fields: dict[str, str]) -> pd.DataFrame:
    table = {
        name: cells.text(sheet, fields[name])
        for name in ("model", "base_field", "architecture", "type", "precision")
        if fields[name] in sheet.frame
    }
    return pd.DataFrame(table | {"params_b": cells.numbers(sheet, fields["params_b"])})


def _stage(sheet: Sheet, fields: dict[str, str]) -> pd.Series:
    if fields["type"] not in sheet.frame:
        return pd.Series([""] * len(sheet.frame), dtype="str")
    kind = cells.text(sheet, fields["type"]).str.casefold().str.replace(r"[^a-z]", "", regex=True)
    pretrained = kind.isin(["pretrained", "continuouslypretrained"])
    return pd.Series(np.where(pretrained, "pretrained", np.where(kind == "", "", "post-trained")), dtype="str")


def _released(sheet: Sheet, fields: dict[str, str], request: Request, notes: list[str]) -> pd.Series:
    uploaded = cells.dates(sheet, fields["uploaded"], request.today)
    submitted = cells.dates(sheet, fields["submitted"], request.today)
    blank = uploaded.isna() & submitted.notna()
    if blank.any():
        notes.append(f"{count(int(blank.sum()), 'row')} without an upload date: dated by their submission")
    late = uploaded > submitted
    if late.any():
        notes.append(f"{count(int(late.sum()), 'row')} uploaded after submission: dated by their submission")
    return uploaded.mask(late | uploaded.isna(), submitted)


def _flag(sheet: Sheet, fields: dict[str, str], name: str) -> npt.NDArray[np.bool_]:
    if fields[name] not in sheet.frame:
        return np.full(len(sheet.frame), name == "available")
    words = cells.text(sheet, fields[name]).str.casefold()
    return words.isin(["true", "1", "1.0", "yes"]).to_numpy(dtype=bool)
