"""The tables of the Open LLM Leaderboard, v1 and v2, and the six scores of v2 from the metrics of its tasks."""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.fields import apart, place
from bayes_frontier.evaluations.lines import Lines, Request
from bayes_frontier.evaluations.measures import SHARE, Measure, normal
from bayes_frontier.evaluations.metrics import Metric, filled_items, unit_scores
from bayes_frontier.evaluations.registry.identify import identify
from bayes_frontier.evaluations.tables import sheet as cells
from bayes_frontier.evaluations.tables.sheet import Sheet, check_scores
from bayes_frontier.text import count, listed

Floats = npt.NDArray[np.float64]
Values = Callable[[str, str], Floats | None]
"""Gives the values of a task's metric, shape (n,), or None where there are none."""

PREFIX = "leaderboard_"
BBH = tuple(
    f"leaderboard_bbh_{name}"
    for name in (
        *("boolean_expressions", "causal_judgement", "date_understanding", "disambiguation_qa", "formal_fallacies"),
        *("geometric_shapes", "hyperbaton", "logical_deduction_five_objects", "logical_deduction_seven_objects"),
        *("logical_deduction_three_objects", "movie_recommendation", "navigate", "object_counting"),
        *("penguins_in_a_table", "reasoning_about_colored_objects", "ruin_names"),
        *("salient_translation_error_detection", "snarks", "sports_understanding", "temporal_sequences"),
        *("tracking_shuffled_objects_five_objects", "tracking_shuffled_objects_seven_objects"),
        *("tracking_shuffled_objects_three_objects", "web_of_lies"),
    )
)
MUSR = tuple(f"leaderboard_musr_{name}" for name in ("murder_mysteries", "object_placements", "team_allocation"))
# Items of each subtask, as the harness counts them.
GPQA = {f"leaderboard_gpqa_{name}": n for name, n in (("diamond", 198), ("extended", 546), ("main", 448))}
MATH = {
    f"leaderboard_math_{name}_hard": n
    for name, n in (
        *(("algebra", 307), ("counting_and_prob", 123), ("geometry", 132), ("intermediate_algebra", 280)),
        *(("num_theory", 154), ("prealgebra", 193), ("precalculus", 135)),
    )
}
IFEVAL, MMLU_PRO = "leaderboard_ifeval", "leaderboard_mmlu_pro"
STRICT = ("prompt_level_strict_acc", "inst_level_strict_acc")
PARTS: dict[str, tuple[str, ...]] = {
    "ifeval": (IFEVAL,),
    "bbh": BBH,
    "math_lvl_5": tuple(MATH),
    "gpqa": tuple(GPQA),
    "musr": MUSR,
    "mmlu_pro": (MMLU_PRO,),
}
"""Tasks of the harness behind each of the six."""
ITEMS = {"ifeval": 541, "bbh": 5761, "math_lvl_5": 1324, "gpqa": 1192, "musr": 756, "mmlu_pro": 12032}
"""Items of each, by the counts (``n-samples``) in the harness's result files of two full leaderboard runs."""


MEASURES = {
    "ifeval": Measure("mean of prompt and instruction strict accuracy", shots="0"),
    "bbh": Measure("acc_norm", shots="3", detail="mean of 24 subtasks"),
    "math_lvl_5": Measure("exact_match", shots="4", detail="over the items of 7 subtasks"),
    "gpqa": Measure("acc_norm", shots="0", detail="over the items of 3 subsets"),
    "musr": Measure("acc_norm", shots="0", detail="mean of 3 subtasks"),
    "mmlu_pro": Measure("acc", shots="5"),
}
"""What each of the six is."""


def six(values: Values, n: int) -> dict[str, Floats]:
    """Compute the six scores."""

    def get(task: str, metric: str) -> Floats:
        found = values(task, metric)
        return np.full(n, np.nan) if found is None else found

    def mean(tasks: tuple[str, ...]) -> Floats:
        return np.stack([get(task, "acc_norm") for task in tasks]).mean(axis=0)

    def pooled(group: str, sizes: dict[str, int], metric: str) -> Floats:
        parts = np.stack([get(task, metric) for task in sizes])
        over_items = np.average(parts, axis=0, weights=np.array(list(sizes.values()), dtype=np.float64))
        stated = get(group, metric)
        return np.where(np.isnan(stated), over_items, stated)

    return {
        "ifeval": (get(IFEVAL, STRICT[0]) + get(IFEVAL, STRICT[1])) / 2,
        "bbh": mean(BBH),
        "math_lvl_5": pooled("leaderboard_math_hard", MATH, "exact_match"),
        "gpqa": pooled("leaderboard_gpqa", GPQA, "acc_norm"),
        "musr": mean(MUSR),
        "mmlu_pro": get(MMLU_PRO, "acc"),
    }


def is_part(task: str) -> bool:
    """Tell whether a task of the harness is one of the leaderboard's groups or their parts."""
    groups = ("leaderboard", "leaderboard_bbh", "leaderboard_gpqa", "leaderboard_math_hard", "leaderboard_musr")
    return task in groups or any(task in parts for parts in PARTS.values())


# The table of the retired Open LLM Leaderboard v1: six tasks in percent.

TASKS = ("arc", "hellaswag", "mmlu", "truthfulqa", "winogrande", "gsm8k")
NEEDED_V1 = ("architecture", "params_b", "date", "flagged")
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
ITEMS_V1 = {"arc": 1172, "hellaswag": 10042, "mmlu": 14042, "truthfulqa": 817, "winogrande": 1267, "gsm8k": 1319}
"""Items of each task: the splits the leaderboard scored, as published (ARC-Challenge test, HellaSwag validation, MMLU
test, TruthfulQA generation's 817 questions, WinoGrande validation, GSM8K test)."""
UNIT = Metric()
PERCENT = Metric(ceiling=100.0)
MEASURES_V1 = {
    "arc": Measure("acc_norm", shots="25", detail="ARC-Challenge"),
    "hellaswag": Measure("acc_norm", shots="10"),
    "mmlu": Measure("acc", shots="5", detail="mean of 57 subjects"),
    "truthfulqa": Measure("mc2", shots="0"),
    "winogrande": Measure("acc", shots="5"),
    "gsm8k": Measure("acc", shots="5"),
}
"""What each of the six of v1 is, as the leaderboard's page said."""
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


def recognises_v1(sheet: Sheet) -> bool:
    """Tell whether the columns are those of the v1 table."""
    names = {ARCHIVE.get(name, name) for name in sheet.frame.columns}
    return {"fullname", "flagged", "architecture"} <= names and sum(t in names for t in TASKS) >= 3


def parse_v1(sheet: Sheet, request: Request) -> Lines:
    """Parse the table."""
    if not set(ARCHIVE.values()) & set(sheet.frame.columns):
        sheet = replace(sheet, frame=sheet.frame.rename(columns=ARCHIVE))
    missing = [name for name in ("fullname", *NEEDED_V1, *TASKS) if name not in sheet.frame]
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
        n_items=filled_items(None, scores, tasks, request.metrics, None, ITEMS_V1),
        notes=notes,
        placed=placed.table,
        measures={task: MEASURES_V1[task].scaled_as((request.metrics.get(task) or PERCENT).scale) for task in tasks},
        uploads=True,
    )
    lines.leave_out(_flagged(sheet, "flagged", notes), "flagged by the leaderboard")
    placed.leave_out(lines)
    return lines


def widened(architecture: pd.Series, size: np.ndarray) -> np.ndarray:
    """Replace whole parameter counts by exact ones where the architecture leaves one base model."""
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


def _flagged(sheet: Sheet, column: str, notes: list[str]) -> np.ndarray:
    """Return the rows the leaderboard had flagged: the rarer value, as flagged models were few."""
    words = cells.text(sheet, column).str.casefold()
    true = words.isin(["true", "1", "1.0"]).to_numpy(dtype=bool)
    false = words.isin(["false", "0", "0.0"]).to_numpy(dtype=bool)
    if true.sum() > false.sum():
        notes.append(f"column {column!r} is inverted: the {count(int(false.sum()), 'row')} marked FALSE are left out")
        return false
    return true


# The official export of the Open LLM Leaderboard v2, and its daily snapshots with other column names.

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
NEEDED_V2 = ("model", "architecture", "params_b", "uploaded", "submitted")
_MODELS = ("fullname", "model", "eval_name")
"""Names of the column of models, normal, in exports and in what the leaderboard's page offered for download."""
_LINK = re.compile(r"<[^>]*>")


def recognises_v2(sheet: Sheet) -> bool:
    """Tell whether the columns are those of an export or a snapshot: the model and half of the tasks."""
    return _layout(sheet) is not None


def parse_v2(sheet: Sheet, request: Request) -> Lines:
    """Parse an export or a snapshot.

    Rows the leaderboard flagged are left out; models no longer on the hub are kept, since their scores were
    measured. The release date is the earlier one of upload and submission: a model cannot have been submitted
    before it existed, so a later upload date is that of a re-upload.
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
    if fields["model"] in sheet.frame:
        model = sheet.frame[fields["model"]]
        sheet = replace(sheet, frame=sheet.frame.assign(**{fields["model"]: _plain(model)}))
    missing = [
        column
        for column in (*(fields.get(name, EXPORT[name]) for name in NEEDED_V2), *task_columns.values())
        if column not in sheet.frame
    ]
    if missing:
        raise DataError(
            f"{sheet.source} looks like an Open LLM Leaderboard v2 export but lacks the columns "
            f"{listed(missing)}: export it again with all columns."
        )
    tasks = request.choose(sheet, list(task_columns))
    notes: list[str] = []
    scores = np.column_stack([_scores(sheet, task_columns[task]) for task in tasks])
    known = scores[~np.isnan(scores)]
    if len(known) and np.abs(known - np.round(known, 2)).max() < 1e-9:
        notes.append("scores are rounded to two decimals, as the leaderboard's page offered them")
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
        measures={task: MEASURES[task].scaled_as(SHARE) for task in tasks},
        uploads=True,
    )
    if fields.get("flagged") in sheet.frame:
        lines.leave_out(_flagged(sheet, fields["flagged"], notes), "flagged by the leaderboard")
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
    """Find the columns of the model's fields and of the tasks, by names that read alike."""
    names: dict[str, str] = {}
    for name in sheet.frame.columns:
        names.setdefault(normal(str(name)), str(name))
    for fields, tasks in ((EXPORT, EXPORT_TASKS), (SNAPSHOT, SNAPSHOT_TASKS)):
        there = {task: names.get(normal(column), column) for task, column in tasks.items()}
        if sum(column in sheet.frame for column in there.values()) < len(tasks) / 2:
            continue
        found = {field: names.get(normal(column), column) for field, column in fields.items()}
        if fields is EXPORT:
            found["model"] = next((names[name] for name in _MODELS if name in names), EXPORT["model"])
        if found["model"] in sheet.frame:
            return found, there
    return None


def _plain(cell: pd.Series) -> pd.Series:
    """Return names without the markup of a link."""
    return cell.map(lambda value: _LINK.sub("", value).strip() if isinstance(value, str) else value)


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
