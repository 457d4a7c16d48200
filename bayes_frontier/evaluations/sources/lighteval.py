"""Result files of lighteval (``results_*.json``), and those of the Open LLM Leaderboard v1 that an early version wrote.

Tasks stand under ``suite|task|shots|truncation`` or ``task|shots``. Rows of means ("all", "_average") are no tasks. A
run with ``max_samples`` saw a part of the items and is refused.
"""

import math
import re

from bayes_frontier.evaluations.lines import Request
from bayes_frontier.evaluations.measures import Measure, is_share, not_a_score, shots_of
from bayes_frontier.evaluations.metrics import Metric
from bayes_frontier.evaluations.sources.lm_eval import UNIT, run_day
from bayes_frontier.evaluations.sources.scores import Score, number, table, text

_MEANS = re.compile(r"all|.*[:_]_?average")


def recognises(content: object) -> bool:
    """Tell whether a document is a result file of lighteval."""
    found = table(content)
    results = found.get("results")
    return (
        "config_general" in found and isinstance(results, dict) and all(isinstance(v, dict) for v in results.values())
    )


def scores(content: object, file: str, request: Request) -> list[Score]:
    """Return the scores of a result file."""
    document = table(content)
    general = table(document.get("config_general"))
    config = table(general.get("model_config"))
    model = text(general.get("model_name")) or text(config.get("model_name")) or text(config.get("pretrained"))
    most = general.get("max_samples")
    made: list[Score] = []
    for key, row in table(document.get("results")).items():
        suite, task, shots = _parts(text(key))
        if not task or _MEANS.fullmatch(task.casefold()):
            continue
        about = _about(document, text(key))
        there, seen = (number(about.get(name)) for name in ("original_num_docs", "effective_num_docs"))
        limited = (most is not None or 0 < seen < there) and not request.limited
        for name, value in table(row).items():
            if isinstance(value, str | dict | list) or not_a_score(text(name)):
                continue
            made.append(
                Score(
                    file=file,
                    model=model,
                    task=task,
                    value=number(value),
                    metric=_metric(about, text(name)),
                    n_items=seen if seen > 0 else math.nan,
                    standard_error=number(table(row).get(f"{name}_stderr")),
                    released=run_day(file, request),
                    reason="run with a limit" if limited else "",
                    detail=f"max_samples {number(most):,.0f}" if limited and most is not None else "",
                    measure=Measure(text(name), shots=shots, detail=f"suite {suite}" if suite else ""),
                    parts=(("suite", suite),),
                    pick=True,
                    revision=text(config.get("revision")),
                )
            )
    return made or [Score(file, model, reason="no result in the file")]


def _parts(key: str) -> tuple[str, str, str]:
    """Return suite, task and shots of a key."""
    words = key.split("|")
    if len(words) == 1:
        return "", key, ""
    if len(words) == 2 and shots_of(words[1]):
        return "", words[0], shots_of(words[1])
    return words[0], words[1], shots_of(words[2]) if len(words) > 2 else ""


def _about(document: dict[str, object], key: str) -> dict[str, object]:
    """Return the description of a task, which some versions keep without its shots."""
    described = table(document.get("config_tasks"))
    for name in (key, "|".join(key.split("|")[:2]), key.rpartition("|")[0]):
        if isinstance(described.get(name), dict):
            return table(described[name])
    return {}


def _metric(about: dict[str, object], name: str) -> Metric | None:
    listed = about.get("metrics")
    for metric in map(table, listed if isinstance(listed, list) else []):
        if metric.get("metric_name") == name and metric.get("higher_is_better") is False:
            return None
    return UNIT if is_share(name) else None
