"""Reports of EvalScope (``reports/MODEL/DATASET.json``, schema 1 and 2).

A report states the range and the direction of its metrics from schema 2 on, and which of them is the main one. It does
not state a limit: that stands in the run's ``configs/task_config*.yaml``, which is read where it is there.
"""

import math
import re
from dataclasses import replace
from pathlib import Path

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.lines import Request
from bayes_frontier.evaluations.measures import Measure, is_share, not_a_score
from bayes_frontier.evaluations.metrics import Metric
from bayes_frontier.evaluations.sources.scores import Score, day, number, refused, table, text
from bayes_frontier.evaluations.tables.parse import LARGEST_YAML, parse_yaml, read_bytes

_STAMP = re.compile(r"(?:^|/)(\d{4})(\d{2})(\d{2})_\d{6}(?:/|$)")
_MEAN = re.compile(r"^(mean_|Average|Weighted)")


def recognises(content: object) -> bool:
    """Tell whether a document is a report of EvalScope."""
    found = table(content)
    return "dataset_name" in found and "model_name" in found and isinstance(found.get("metrics"), list)


def scores(content: object, file: str, request: Request) -> list[Score]:
    """Return the scores of a report."""
    report = table(content)
    model, dataset = text(report.get("model_name")), text(report.get("dataset_name"))
    main = report.get("primary_metric_identity")
    entries = report["metrics"] if isinstance(report["metrics"], list) else []
    made = []
    for entry in map(table, entries):
        identity, semantics = table(entry.get("identity")), table(entry.get("semantics"))
        name = text(identity.get("name")) or _MEAN.sub("", text(entry.get("name"))).lower()
        if not name or not_a_score(name) or text(semantics.get("kind")) == "diagnostic":
            continue
        dimensions = table(identity.get("dimensions"))
        words = [f"{text(key)}={text(value) or number(value):}" for key, value in sorted(dimensions.items())]
        kind = text(identity.get("aggregation"))
        items = number(entry.get("num"))
        made.append(
            Score(
                file=file,
                model=model,
                task=dataset,
                value=number(entry.get("score")),
                metric=_metric(semantics, name),
                n_items=items if items > 0 else math.nan,
                measure=Measure(name, detail=f"{kind} over samples" if kind not in ("", "identity") else ""),
                parts=(("dimensions", ", ".join(words)),),
                mark="" if kind in ("", "mean", "identity") else kind,
                pick=True,
                headline=main is not None and entry.get("identity") == main,
            )
        )
    made = made or [Score(file, model, dataset, reason="no result in the file")]
    execution = table(report.get("execution_summary"))
    asked, done = number(execution.get("requested")), number(execution.get("succeeded"))
    if (execution.get("incomplete") is True or done < asked) and not request.limited:
        return refused(made, "samples without a result", f"{done:,.0f} of {asked:,.0f} samples completed")
    return made


def _metric(semantics: dict[str, object], name: str) -> Metric | None:
    """Return how a metric is to be read: as the report states, else as a share where its name says so."""
    bounds = table(semantics.get("value_range"))
    low, high = number(bounds.get("min")), number(bounds.get("max"))
    direction = "lower" if text(semantics.get("direction")) == "lower_is_better" else "higher"
    if -1e300 < low < high < 1e300:
        return Metric(direction, low, high)
    return Metric() if direction == "higher" and not bounds and is_share(name) else None


def with_run(made: list[Score], path: Path, request: Request) -> list[Score]:
    """Complete the scores of a report by its run's folder: when it was, and whether there was a limit."""
    stamp = _STAMP.search(path.as_posix())
    run = day("-".join(stamp.groups()), request.today) if stamp else None
    made = [replace(score, released=score.released or run) for score in made]
    folder = path.parent.parent.parent / "configs"
    try:
        configs = sorted(folder.glob("task_config*.yaml"))[:5] if folder.is_dir() else []
        limits = [table(parse_yaml(read_bytes(c, LARGEST_YAML, str(c)), str(c))).get("limit") for c in configs]
    except (DataError, OSError):
        return made
    if any(limit is not None for limit in limits) and not request.limited:
        return refused(made, "run with a limit", f"limit of {text(str(limits[0]))} in its configuration")
    return made
