"""Result files of lm-evaluation-harness (``results_*.json``, versions 0.3 and 0.4), one or a folder of them.

Metrics stand under ``"metric,filter"`` (0.3: ``"metric"``). The ``leaderboard`` tasks become the six scores of the
Open LLM Leaderboard v2; of other tasks the main metric is read, others on request as ``task/metric/filter``. A group
with a value of its own stands for its subtasks. A run with ``--limit`` saw a part of the items and is refused.
"""

import datetime as dt
import math
import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from bayes_frontier.evaluations.lines import Request
from bayes_frontier.evaluations.measures import FILTERS, Measure, is_share, not_a_score, shots_of, shots_words
from bayes_frontier.evaluations.metrics import Metric
from bayes_frontier.evaluations.sources import open_llm as board
from bayes_frontier.evaluations.sources.scores import Score, day, number, table, text

UNIT = Metric()
_MARKS = ("configs", "config", "versions", "n-shot", "n-samples", "higher_is_better", "model_name", "group_subtasks")
_DASH = re.compile(r"( +)- ")
_STAMP = re.compile(
    r"results_(\d{4}-\d{2}-\d{2})(?:T\d{2}[-:]\d{2}[-:]\d{2}|\.json)|(?<!\d)(\d{4}-\d{2}-\d{2})T\d{2}[-:]\d{2}[-:]\d{2}"
)


def recognises(content: object) -> bool:
    """Tell whether a document is a result file of the harness."""
    results = table(content).get("results")
    if not isinstance(results, dict) or "eval" in table(content):
        return False
    return any(mark in table(content) for mark in _MARKS) and all(isinstance(v, dict) for v in results.values())


def scores(content: object, file: str, request: Request) -> list[Score]:
    """Return the scores of a result file."""
    document = table(content)
    config = table(document.get("config"))
    model, base, revision = model_of(config.get("model_args"), text(document.get("model_name")), file)
    size = number(config.get("model_num_parameters")) / 1e9
    run = day(document.get("date"), request.today) or run_day(file, request)
    found = _Results(document)
    made = []
    for value, metric, parts, score in [*_board(found), *_others(found, request.named)]:
        seen, all_items = found.items(parts)
        limited = found.limited(parts) and not request.limited
        made.append(
            replace(
                score,
                file=file,
                model=model,
                value=value,
                metric=metric,
                n_items=seen,
                base_field=base,
                params_b=size if size > 0 else math.nan,
                released=run,
                revision=revision,
                reason="run with --limit" if limited else "",
                detail=(f"{seen:,.0f} of {all_items:,.0f} items" if seen < all_items else "") if limited else "",
            )
        )
    return made or [Score(file, model, reason="no result in the file")]


def run_day(file: str, request: Request) -> dt.date | None:
    """Return the day that the name of a result file states."""
    stamp = _STAMP.search(file.rpartition("/")[2])
    return day(stamp[1] or stamp[2], request.today) if stamp else None


class _Results:
    """Values, sizes and groups of one result file."""

    def __init__(self, document: dict[str, object]) -> None:
        self.values: dict[str, dict[tuple[str, str], float]] = {}
        self.errors: dict[str, dict[tuple[str, str], float]] = {}
        rows = {task: table(row) for task, row in table(document.get("results")).items()}
        # from 0.4 on every metric names its filter, and what names none is a count or a label
        filters = any("," in key for row in rows.values() for key in row)
        for task, row in rows.items():
            self.values[task], self.errors[task] = {}, {}
            for key, value in row.items():
                metric, comma, filtered = key.partition(",")
                if not metric.strip() or isinstance(value, str | dict | list) or (filters and not comma):
                    continue
                if metric.endswith("_stderr"):
                    self.errors[task][metric.removesuffix("_stderr"), filtered or "none"] = number(value)
                if not_a_score(metric):
                    continue
                self.values[task][metric, filtered or "none"] = number(value)
        self.shots_by_task = table(document.get("n-shot"))
        self.configs = table(document.get("configs"))
        self.shots_of_all = shots_of(table(document.get("config")).get("num_fewshot"))
        self.samples = table(document.get("n-samples"))
        stated = table(document.get("group_subtasks"))
        self.groups = {k: [text(t) for t in v] for k, v in stated.items() if isinstance(v, list) and v}
        if not stated:
            self.groups = _indented(table(document.get("results")))
        self.better = table(document.get("higher_is_better"))
        limit = table(document.get("config")).get("limit")
        self.limit = limit is not None and number(limit) != 0

    def get(self, task: str, metric: str) -> np.ndarray | None:
        row = self.values.get(task, {})
        named = [f for m, f in row if m == metric]
        best = next((f for f in FILTERS if f in named), named[0] if named else None)
        return None if best is None else np.array([row[metric, best]])

    def error(self, task: str, metric: str) -> float:
        """Return the standard error of what `get` returns, NaN unknown."""
        row = self.values.get(task, {})
        filters = [f for m, f in row if m == metric]
        best = next((f for f in FILTERS if f in filters), filters[0] if filters else "")
        return self.errors.get(task, {}).get((metric, best), math.nan)

    def shots(self, task: str, parts: tuple[str, ...]) -> str:
        """Return the examples shown, those of the parts of a group where they agree."""

        def stated(name: str) -> str:
            own = shots_of(self.shots_by_task.get(name)) or shots_of(table(self.configs.get(name)).get("num_fewshot"))
            return own or self.shots_of_all

        inside = {stated(part) for part in parts}
        return inside.pop() if len(inside) == 1 else stated(task)

    def leaves(self, task: str) -> set[str]:
        """Return the subtasks of a group that are no groups, or the task itself; a group within itself ends."""
        out: set[str] = set()
        stack, seen = [task], {task}
        while stack:
            here = stack.pop()
            below = [t for t in self.groups.get(here, []) if t not in seen]
            seen.update(below)
            stack += below
            if here not in self.groups:
                out.add(here)
        return out

    def items(self, parts: tuple[str, ...]) -> tuple[float, float]:
        """Return the items evaluated and those there are, NaN unknown."""
        rows = [table(self.samples.get(t)) for t in parts]
        seen, there = (sum(number(row.get(key)) for row in rows) for key in ("effective", "original"))
        return (seen if seen > 0 else math.nan), (there if there > 0 else math.nan)

    def limited(self, parts: tuple[str, ...]) -> bool:
        rows = [table(self.samples.get(t)) for t in parts]
        known = [(number(row.get("effective")), number(row.get("original"))) for row in rows]
        if any(seen < there for seen, there in known):
            return True
        return self.limit and not all(seen >= there for seen, there in known)


def _indented(results: dict[str, object]) -> dict[str, list[str]]:
    """Return the groups that the indented aliases of older versions show: " - part" under "group"."""
    groups: dict[str, list[str]] = {}
    above: list[tuple[str, int]] = []
    for task, row in results.items():
        dash = _DASH.match(str(table(row).get("alias"))[:50])
        depth = len(dash[1]) if dash else 0
        while above and above[-1][1] >= depth:
            above.pop()
        if above:
            groups.setdefault(above[-1][0], []).append(task)
        above.append((task, depth))
    return groups


_Found = tuple[float, Metric | None, tuple[str, ...], Score]


def _board(found: _Results) -> Iterator[_Found]:
    """Give the leaderboard's scores; runs with other shots than the leaderboard's are tasks of their own."""
    made = board.six(found.get, 1)
    for task, parts in board.PARTS.items():
        if any(part in found.values for part in parts) or not math.isnan(made[task][0]):
            shots, usual = found.shots(task, parts), board.MEASURES[task].shots
            measure = replace(board.MEASURES[task], shots="")
            mark = shots_words(shots) if shots not in ("", usual) else ""
            detail = ", ".join(part for part in (measure.detail, shots_words(shots)) if part)
            yield (
                float(made[task][0]),
                UNIT,
                parts,
                Score(
                    *("", "", task),
                    standard_error=_board_error(found, task, parts),
                    measure=replace(measure, detail=detail),
                    mark=mark,
                ),
            )


def _board_error(found: _Results, task: str, parts: tuple[str, ...]) -> float:
    """Give the standard error of one of the six, of independent subtasks or of two accuracies on the same prompts."""
    if task == "ifeval":
        # as if these were wholly correlated; that by instruction is not stated
        both = [found.error(board.IFEVAL, name) for name in board.STRICT]
        known = [error for error in both if not math.isnan(error)]
        return sum(known) / len(known) if known else math.nan
    metric = {"math_lvl_5": "exact_match", "mmlu_pro": "acc"}.get(task, "acc_norm")
    items = {"math_lvl_5": board.MATH, "gpqa": board.GPQA}.get(task, dict.fromkeys(parts, 1))
    return math.hypot(*(n * found.error(part, metric) for part, n in items.items())) / sum(items.values())


def _others(found: _Results, asked: tuple[str, ...]) -> Iterator[_Found]:
    inside = {
        part
        for group in found.groups
        if any(not math.isnan(v) for v in found.values.get(group, {}).values())
        for part in _below(found, group)
        if group not in _below(found, part)
    }
    for task, row in found.values.items():
        if board.is_part(task) or not row:
            continue
        wanted = any(name == task or name.startswith(f"{task}/") for name in asked)
        if task in inside and not wanted:
            continue
        parts = tuple(sorted(found.leaves(task)))
        shots = found.shots(task, parts)
        for (metric, filtered), value in row.items():
            measure = Measure(text(metric), text(filtered), shots)
            error = found.errors[task].get((metric, filtered), math.nan)
            score = Score("", "", text(task), standard_error=error, measure=measure, pick=True)
            yield value, _metric(found, task, metric), parts, score


def _below(found: _Results, group: str) -> set[str]:
    out: set[str] = set()
    stack = [group]
    while stack:
        new = [t for t in found.groups.get(stack.pop(), []) if t not in out and t != group]
        out.update(new)
        stack += new
    return out


def _metric(found: _Results, task: str, metric: str) -> Metric | None:
    if table(found.better.get(task)).get(metric) is False or not is_share(metric):
        return None
    return UNIT


def model_of(given: object, name: str, file: str = "") -> tuple[str, str, str]:
    """Return the model's name, for an adapter its base, and the revision, from the harness's arguments."""
    if isinstance(given, str):
        pairs = (part.partition("=") for part in given.split(","))
        given = {key.strip(): value for key, _, value in pairs}
    arguments = table(given)
    whole = text(arguments.get("pretrained")) or text(arguments.get("model")) or text(arguments.get("path"))
    adapter = text(arguments.get("peft")) or text(arguments.get("delta"))
    if adapter:
        return adapter, whole, ""
    folder = file.split("/")[-2] if "/" in file else file.partition("__results")[0] if "__results" in file else ""
    return name or whole or folder.replace("__", "/", 1), "", text(arguments.get("revision"))


def note_scorings(runs: list[dt.date], notes: list[str]) -> None:
    """Note runs from before MATH was re-scored, which differ from the leaderboard's later scores of it."""
    old = sum(run < RESCORED for run in runs)
    if old:
        notes.append(
            f"math_lvl_5 of {old:,} of {len(runs):,} runs is from before {RESCORED}, when the leaderboard re-scored "
            "MATH: do not mix them with later ones"
        )


RESCORED = dt.date(2025, 2, 14)
"""Day on which the Open LLM Leaderboard v2 replaced its MATH scores by those of another answer checker."""
