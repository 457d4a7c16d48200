"""HELM: run folders (``run_spec.json`` beside ``stats.json``), and tables of a release (``groups/*.json``).

HELM draws ``max_eval_instances`` at random from all splits together; 1,000 is what its leaderboards use, so that a run
is one with a limit where a smaller number was reached. Scores on perturbed inputs are not read.
"""

import math
import re
from collections.abc import Iterator

from bayes_frontier.evaluations.lines import Request
from bayes_frontier.evaluations.measures import Measure, is_share, not_a_score, shots_of
from bayes_frontier.evaluations.metrics import Metric
from bayes_frontier.evaluations.sources.scores import Score, number, table, text

USUAL = 1_000
_SPLITS = ("test", "valid")
_SHARES = re.compile(
    r"chain_of_thought_correctness|math_equiv(_chain_of_thought)?|exact_match(_indicator|@5)|.*_exact_match(@5)?"
    r"|f1_(score|set_match)|wildbench_score_rescaled|classification_(macro|micro)_f1|safety_score|pass"
)
# The main metric of groups of runs in the schemas of HELM's leaderboards (crfm-helm 0.5.16, static/schema_*.yaml).
_MAIN = {
    "exact_match": "mmlu hellaswag openbookqa blimp truthful_qa thai_exam",
    "quasi_exact_match": (
        "babi_qa bbq boolq civil_comments entity_data_imputation entity_matching imdb legal_support legalbench lsat_qa "
        "med_qa raft synthetic_reasoning wikifact"
    ),
    "f1_score": "narrative_qa natural_qa_closedbook natural_qa_openbook_longans quac",
    "final_number_exact_match": "gsm",
    "exact_match_indicator": "dyck_language gsm",
    "chain_of_thought_correctness": "gpqa mmlu_pro",
    "math_equiv_chain_of_thought": "math_chain_of_thought",
    "math_equiv": "math_regular",
    "ifeval_strict_accuracy": "ifeval",
    "omni_math_accuracy": "omni_math",
    "wildbench_score_rescaled": "wildbench",
}
_ABOUT_RUN = ("model", "method", "model_deployment", "data_augmentation", "groups", "stop", "max_train_instances")
_COUNTS = ("num_", "finish_reason", "prompt_truncated", "max_prob")
_SHOWN = re.compile(r"\s*\[([^\[\]]*)\]\s*$")


def recognises(content: object) -> bool:
    """Tell whether a document is a run with its scores, a list of such runs, or tables of a release."""
    if isinstance(content, list):
        return bool(content) and (_is_run(content[0]) or _is_table(content[0]))
    return _is_run(content) or _is_table(content)


def _is_run(content: object) -> bool:
    return "adapter_spec" in table(table(content).get("run_spec")) and isinstance(table(content).get("stats"), list)


def _is_table(content: object) -> bool:
    header = table(content).get("header")
    first = header[0] if isinstance(header, list) and header else None
    return text(table(first).get("value")) == "Model" and isinstance(table(content).get("rows"), list)


def lacks_its_run(content: object) -> bool:
    """Tell whether a document is the statistics of a run whose description, with the model, is not beside it."""
    first = table(content[0]) if isinstance(content, list) and content else {}
    return "name" in table(first.get("name")) and "count" in first and "sum_squared" in first


def scores(content: object, file: str, request: Request) -> list[Score]:
    """Return the scores of runs or tables."""
    made: list[Score] = []
    for entry in map(table, content if isinstance(content, list) else [content]):
        made += _of_run(entry, file, request) if _is_run(entry) else _of_table(entry, file) if _is_table(entry) else []
    return made or [Score(file, "", reason="no result in the file")]


def _of_run(run: dict[str, object], file: str, request: Request) -> list[Score]:
    spec = table(run.get("run_spec"))
    adapter = table(spec.get("adapter_spec"))
    model = text(adapter.get("model")) or text(adapter.get("model_deployment"))
    found: dict[str, dict[str, float]] = {}
    for stat in map(table, run["stats"] if isinstance(run["stats"], list) else []):
        name = table(stat.get("name"))
        if not name.keys() & {"sub_split", "perturbation"} and number(stat.get("count")) > 0:
            found.setdefault(text(name.get("split")), {})[text(name.get("name"))] = number(stat.get("mean"))
    drawn = sum(n for values in found.values() if (n := values.get("num_instances", 0.0)) > 0)
    most = number(adapter.get("max_eval_instances"))
    limited = 0 < most < USUAL and drawn >= most and not request.limited
    split = next((name for name in _SPLITS if name in found), "")
    values, groups, task = found.get(split, {}), spec.get("groups"), _task(text(spec.get("name")))
    own = {text(group) for group in groups} if isinstance(groups, list) else set()
    main = next((m for m, names in _MAIN.items() if m in values and own & set(names.split())), "")
    items = values.get("num_instances", math.nan)
    made = [
        Score(
            file=file,
            model=model,
            task=task,
            value=value,
            metric=Metric() if is_share(metric) or _SHARES.fullmatch(metric) else None,
            n_items=items if items > 0 else math.nan,
            reason="run with a limit" if limited else "",
            detail=f"{drawn:,.0f} of at most {most:,.0f} instances drawn" if limited else "",
            measure=Measure(metric, shots=shots_of(values.get("num_train_instances")), detail=f"split {split}"),
            pick=True,
            headline=metric == main,
        )
        for metric, value in values.items()
        if metric and not not_a_score(metric) and not metric.startswith(_COUNTS)
    ]
    return made or [Score(file, model, task, reason="no result in the file")]


def _task(name: str) -> str:
    """Name a run by its scenario and the scenario's arguments, without what is said of the model."""
    scenario, _, given = name.partition(":")
    pairs = [pair for pair in given.split(",") if pair and pair.partition("=")[0] not in _ABOUT_RUN]
    return f"{scenario}:{','.join(pairs)}" if pairs else scenario


def _of_table(content: dict[str, object], file: str) -> Iterator[Score]:
    """Read the columns that are metrics of a group; means over columns and win rates are none."""
    header = content["header"] if isinstance(content["header"], list) else []
    rows = content["rows"] if isinstance(content["rows"], list) else []
    names = [[text(table(cell).get("value")) for cell in row[:1]] if isinstance(row, list) else [] for row in rows]
    for k, head in enumerate(map(table, header)):
        about = table(head.get("metadata"))
        group, metric = text(about.get("run_group")), text(about.get("metric"))
        if not (group and metric) or "lower_is_better" not in head or "perturbation" in about:
            continue
        cells = [table(row[k]) if isinstance(row, list) and k < len(row) else {} for row in rows]
        values = [number(cell.get("value")) for cell in cells]
        share = head.get("lower_is_better") is False and all(math.isnan(v) or 0 <= v <= 1 for v in values)
        for name, value in zip(names, values, strict=True):
            model = name[0] if name else ""
            shown = _SHOWN.search(model)
            yield Score(
                file=file,
                model=_SHOWN.sub("", model),
                task=group,
                value=value,
                metric=Metric() if share else None,
                reason="no score" if math.isnan(value) else "",
                measure=Measure(metric, detail=text(content.get("title"))),
                parts=(("method", shown[1] if shown else ""),),
                pick=True,
            )
