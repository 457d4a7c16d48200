"""Which column of a plain table holds which field: recognised by name, or mapped by the user."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.measures import normal
from bayes_frontier.evaluations.tables.sheet import Sheet
from bayes_frontier.text import count, listed, suggestion

ALIASES: dict[str, tuple[str, ...]] = {
    field: tuple(names.split())
    for field, names in {
        "model": "model model_name model_id fullname full_name name",
        "base_model": "base_model base base_model_name base_name mapped_base_model",
        "flops": (
            "flops flop training_flops training_flop pretraining_flops pretrain_flops training_compute_flop "
            "compute_flops compute training_compute pretrain_compute pretraining_compute zflops flops_1e21 "
            "flops_zflops compute_1e21 compute_zflops training_compute_zflops pretrain_compute_zflops log10_flops "
            "log_flops log10_compute total_training_gflops throughput_total_training_gflops training_gflops"
        ),
        "params_b": "params_b base_params_b num_params_b parameters_b params_billions model_size_b",
        "tokens_t": "tokens_t training_tokens_t tokens_trillions pretraining_data_size_t",
        "released": "released release_date released_at date upload_to_hub_date upload_date publication_date",
        "stage": "stage training_stage",
        "revision": "revision model_revision checkpoint ckpt training_step train_step global_step step steps",
        "tokens_seen": "tokens_seen seen_tokens n_tokens_seen num_tokens_seen trained_tokens throughput_total_tokens",
        "metric": "metric metric_name",
        "filter": "filter filter_name",
        "split": "split dataset_split subset",
        "shots": (
            "n_shot n_shots num_fewshot num_fewshots fewshot fewshots few_shot shots shot num_shots k_shot nshot "
            "nshots n_fewshot"
        ),
        "task": "task task_name benchmark benchmark_name",
        "score": "score mean_score accuracy acc value",
        "n_items": "n_items num_items n_questions n_samples test_cases total_tests",
        "standard_error": "standard_error stderr std_err std_error score_stderr standard_error_of_score",
        "cost": "cost eval_cost evaluation_cost cost_usd total_cost",
    }.items()
}
IGNORED = frozenset(
    {"unnamed_0", "index", "level_0", "row", "source_row", "period", "rank", "index_level_0", "likes", "downloads"}
)


_STEPS = frozenset({"training_step", "train_step", "global_step", "step", "steps", "checkpoint", "ckpt"})


@dataclass(frozen=True)
class Columns:
    """Columns of a table by field, and the other columns in their order."""

    fields: Mapping[str, str]
    others: tuple[str, ...]

    @property
    def is_long(self) -> bool:
        """Whether the table has one row per score: a task and a score column."""
        return "task" in self.fields and "score" in self.fields


def flops_unit(column: str) -> str:
    """Return the unit a FLOPs column's name states: "zflops" (1e21), "gflops" (1e9), "log10" or "" (FLOPs)."""
    name = normal(column)
    if "zflop" in name or "1e21" in name:
        return "zflops"
    if "gflop" in name:
        return "gflops"
    return "log10" if name.startswith(("log10_", "log_")) else ""


def resolve(sheet: Sheet, mapping: Mapping[str, str] | None = None) -> Columns:
    """Find the columns of `sheet` that hold known fields."""
    names = list(sheet.frame.columns)
    fields = _mapped(sheet, names, dict(mapping or {}))
    by_name: dict[str, str] = {}
    for name in names:
        by_name.setdefault(normal(name), name)
    used = set(fields.values())
    spare: set[str] = set()
    for field, aliases in ALIASES.items():
        found = [by_name[a] for a in aliases if a in by_name and by_name[a] not in used]
        if field == "model" and not found and fields.get("base_model", "") in [by_name.get(a) for a in aliases]:
            # models that are their own base: one column may be both
            found = [fields["base_model"]]
        if field not in fields and found:
            fields[field] = found[0]
        # a second column for a field (fullname beside model) is no task; another name of a score may be
        if field != "score":
            spare.update(found)
    if "task" not in fields and "score" not in (mapping or {}):
        fields.pop("score", None)
    used = set(fields.values())
    others = tuple(n for n in names if n not in used and n not in spare and normal(n) not in IGNORED)
    return Columns(fields, others)


def with_fixed(sheet: Sheet, mapping: Mapping[str, str]) -> Sheet:
    """Add the fields that are said to be the same in every row: ``model==lab/one`` maps the model to "=lab/one"."""
    fixed = {c: c[1:].strip() for c in mapping.values() if c.startswith("=") and c not in sheet.frame.columns}
    return replace(sheet, frame=sheet.frame.assign(**fixed)) if fixed else sheet


def as_run(sheet: Sheet, mapping: Mapping[str, str]) -> Sheet:
    """Name the model of a training run, a row per step without any model, after its file."""
    names = {normal(name) for name in sheet.frame.columns}
    if "model" in mapping or names & {*ALIASES["model"], *ALIASES["base_model"]}:
        return sheet
    if not names & {*ALIASES["flops"], *ALIASES["tokens_seen"]} or not names & _STEPS:
        return sheet
    name = PurePosixPath(sheet.source).stem
    about = f"training run of one model with {count(len(sheet.frame), 'row')}, called {name!r} after its file"
    about += " (another name: --column model==NAME)"
    return replace(sheet, frame=sheet.frame.assign(model=name), about=about)


def _mapped(sheet: Sheet, names: list[str], mapping: dict[str, str]) -> dict[str, str]:
    for field, column in mapping.items():
        if field not in ALIASES:
            raise DataError(
                f"columns: unknown field {field!r}.{suggestion(str(field), list(ALIASES))} The fields are "
                f"{listed(ALIASES, 20)}."
            )
        if column not in names:
            raise DataError(
                f"{sheet.source} has no column {column!r} (mapped to "
                f"{field}).{suggestion(str(column), names)} Its columns are {listed(names, 20)}."
            )
    others = {field: column for field, column in mapping.items() if field != "base_model"}
    shared = mapping.get("base_model") in {column for field, column in others.items() if field != "model"}
    if len(set(others.values())) < len(others) or shared:
        raise DataError(
            f"columns: one column is mapped to two fields ({mapping}); give each field its own column. Only model and "
            "base_model may share one, of models that are their own base."
        )
    return mapping
