"""Every Eval Ever records (schema versions 0.2.0 to 0.3.0), one or a folder of them.

A record holds results of one model. The range of a metric and its direction are stated, and scores are brought to
[0, 1] by them. Records are read leniently: real ones of every version deviate from the schema, and how is listed.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from statistics import NormalDist

from bayes_frontier.evaluations.lines import Request
from bayes_frontier.evaluations.measures import Measure, shots_of
from bayes_frontier.evaluations.metrics import Metric
from bayes_frontier.evaluations.sources.lm_eval import model_of
from bayes_frontier.evaluations.sources.scores import LONGEST, Score, day, number, table, text
from bayes_frontier.text import count, listed

FEW_ITEMS = 30
VERSIONS = ("0.2.0", "0.2.1", "0.2.2", "0.3.0")
_REQUIRED: dict[str, tuple[str, ...]] = {
    "": (
        *("schema_version", "evaluation_id", "retrieved_timestamp", "source_metadata", "model_info"),
        *("eval_library", "evaluation_results"),
    ),
    "source_metadata": ("source_type", "source_organization_name", "evaluator_relationship"),
    "model_info": ("name", "id", "additional_details"),
    "eval_library": ("name", "version"),
}
_KNOWN = frozenset((*_REQUIRED[""], "evaluation_timestamp", "detailed_evaluation_results"))
_CHOICES = {
    ("source_metadata", "source_type"): ("documentation", "evaluation_run"),
    ("source_metadata", "evaluator_relationship"): ("first_party", "third_party", "collaborative", "other"),
}
_RESULT = ("evaluation_name", "source_data", "metric_config", "score_details")
# What the leaderboard's own records call its six tasks; other sources score tasks of these names otherwise.
_LEADERBOARD = {
    "IFEval": "ifeval",
    "BBH": "bbh",
    "MATH Level 5": "math_lvl_5",
    "GPQA": "gpqa",
    "MUSR": "musr",
    "MMLU-PRO": "mmlu_pro",
}
_SHARES = ("accuracy", "exact_match", "pass_rate", "f1", "win_rate")
_PERCENT = Metric(ceiling=100.0)


def recognises(content: object) -> bool:
    """Tell whether a document is a record of aggregate results."""
    found = table(content)
    return "evaluation_results" in found and ("model_info" in found or "schema_version" in found)


def scores(content: object, file: str, request: Request) -> list[Score]:
    """Return the scores of a record."""
    record = table(content)
    info = table(record.get("model_info"))
    details = table(info.get("additional_details"))
    results = record.get("evaluation_results")
    results = results if isinstance(results, list) else []
    model = text(info.get("id")) or text(info.get("name"))
    metrics = _metrics(results)
    size = _number(details.get("params_billions"))
    arguments = details.get("model_args")
    # the converter of lm-evaluation-harness names the base model of an adapter, which only the arguments tell
    adapter, base, revision = model_of(arguments, model) if isinstance(arguments, str | dict) else (model, "", "")
    made = []
    for result, metric_name in zip(map(table, results), metrics, strict=True):
        value = number(table(result.get("score_details")).get("score"))
        metric, reason = _metric(table(result.get("metric_config")))
        if reason == "" and table(result.get("metric_config")).get("has_unknown_level") is True and value == -1:
            value = math.nan
        n_items = number(table(table(result.get("score_details")).get("uncertainty")).get("num_samples"))
        source = table(result.get("source_data"))
        # private data sets state it as text, among the details
        there = _number(source.get("samples_number", table(source.get("additional_details")).get("samples_number")))
        limited = n_items < there and not request.limited
        stamp = result.get("evaluation_timestamp") or record.get("evaluation_timestamp")
        reason = "no score" if math.isnan(value) else "run with a limit" if limited else ""
        made.append(
            Score(
                file=file,
                model=adapter,
                task=_task(record, result),
                value=value,
                metric=metric,
                n_items=n_items if n_items > 0 else math.nan,
                standard_error=_standard_error(table(table(result.get("score_details")).get("uncertainty"))),
                base_field=text(details.get("base_model")) or base,
                architecture=text(details.get("architecture")),
                params_b=size if size > 0 else math.nan,
                released=day(details.get("release_date"), request.today) or day(stamp, request.today),
                reason=reason,
                detail=f"{n_items:,.0f} of {there:,.0f} samples" if limited and reason != "no score" else "",
                measure=Measure(metric_name or _described(result), shots=_shots(result)),
                parts=(("metric", metric_name),),
                revision=text(details.get("revision")) or revision,
            )
        )
    return made or [Score(file, model, reason="no result in the file")]


def _standard_error(uncertainty: dict[str, object]) -> float:
    """Return the standard error as stated, else by the interval or the spread of the samples; NaN unknown."""
    value = number(table(uncertainty.get("standard_error")).get("value"))
    if value > 0:
        return value
    interval = table(uncertainty.get("confidence_interval"))
    low, high, level = (number(interval.get(name)) for name in ("lower", "upper", "confidence_level"))
    if low < high and (0 < level < 1 or math.isnan(level)):
        return (high - low) / (2 * NormalDist().inv_cdf(0.5 + (0.95 if math.isnan(level) else level) / 2))
    spread, n = number(uncertainty.get("standard_deviation")), number(uncertainty.get("num_samples"))
    return spread / math.sqrt(n) if spread > 0 and n > 0 else math.nan


def _metrics(results: list[object]) -> list[str]:
    """Name the metric of each result; where a record has one twice for an evaluation, by what tells them apart."""
    evaluations = [text(table(r).get("evaluation_name")) for r in results]
    names = [_metric_name(table(table(r).get("metric_config"))) for r in results]
    for further in (_metric_label, lambda result: text(result.get("evaluation_result_id"))):
        seen = Counter(zip(evaluations, names, strict=True))
        names = [
            further(table(r)) or name if name and seen[evaluation, name] > 1 else name
            for r, evaluation, name in zip(results, evaluations, names, strict=True)
        ]
    return names


def _metric_name(config: dict[str, object]) -> str:
    name = text(config.get("metric_id")) or text(config.get("metric_name"))
    given = table(config.get("metric_parameters"))
    words = [f"{text(key)}={value:g}" for key, value in sorted(given.items()) if isinstance(value, int | float)]
    words += [f"{text(key)}={text(value)}" for key, value in sorted(given.items()) if isinstance(value, str)]
    return f"{name}[{', '.join(words)}]"[:LONGEST] if words else name


def _metric_label(result: dict[str, object]) -> str:
    return text(table(result.get("metric_config")).get("metric_name"))


def _described(result: dict[str, object]) -> str:
    """Return the words that describe a metric without a name: for people, not to tell metrics apart."""
    return text(table(result.get("metric_config")).get("evaluation_description"))[:80]


def _shots(result: dict[str, object]) -> str:
    config = table(result.get("generation_config"))
    places = (table(config.get("generation_args")), table(config.get("additional_details")))
    return next((shots for place in places if (shots := shots_of(place.get("num_fewshot", "")))), "")


def note_few_items(scores: list[Score], notes: list[str]) -> None:
    """Note results on so few items that a limit is likely: converted records may have lost that there was one."""
    few = [s for s in scores if not s.reason and s.n_items < FEW_ITEMS]
    if few:
        tasks = listed(dict.fromkeys(s.task for s in few), 3)
        notes.append(
            f"{count(len(few), 'result')} on fewer than {FEW_ITEMS} items ({tasks}): records converted from a run with "
            "a limit do not always say so"
        )


def deviations(content: object) -> Iterator[str]:
    """List how a record deviates from schema 0.3.0, each kind once."""
    record = table(content)
    version = text(record.get("schema_version"))
    if version not in VERSIONS:
        yield f"schema version {version or 'missing'} is not one of {VERSIONS[0]} to {VERSIONS[-1]}"
    for part, keys in _REQUIRED.items():
        if part and part not in record:
            continue
        inner = table(record.get(part)) if part else record
        for key in keys:
            if key not in inner:
                yield f"no {part + '.' if part else ''}{key}"
    for (part, key), choices in _CHOICES.items():
        value = table(record.get(part)).get(key)
        if value is not None and value not in choices:
            yield f"{part}.{key} is none of those known"
    if spare := sorted(str(key)[:40] for key in record if key not in _KNOWN):
        yield f"unknown keys: {', '.join(spare[:3])}"
    for part in ("source_metadata", "model_info", "eval_library"):
        yield from _not_text(table(table(record.get(part)).get("additional_details")), f"{part}.additional_details")
    results = record.get("evaluation_results")
    yield from dict.fromkeys(found for r in (results if isinstance(results, list) else []) for found in _of_result(r))


def _of_result(result: object) -> Iterator[str]:
    if not isinstance(result, dict):
        yield "a result that is no object"
    for key in _RESULT:
        if key not in table(result):
            yield f"no evaluation_results.{key}"
    if not isinstance(table(table(result).get("metric_config")).get("lower_is_better"), bool):
        yield "no metric_config.lower_is_better"
    score = table(table(result).get("score_details")).get("score")
    if math.isnan(number(score)):
        yield "a score that is no number"
    yield from _not_text(table(table(table(result).get("score_details")).get("details")), "score_details.details")


def _not_text(values: dict[str, object], where: str) -> Iterator[str]:
    if any(not isinstance(value, str) for value in values.values()):
        yield f"{where} holds other things than text"


def _number(value: object) -> float:
    """Return a number that may be written as text, as additional details are."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,20})?", value.strip()):
        return float(value)
    return number(value)


def _task(record: dict[str, object], result: dict[str, object]) -> str:
    """Name a task by benchmark and evaluation, once where the evaluation is called after the benchmark."""
    name = text(result.get("evaluation_name"))
    benchmark = text(record.get("evaluation_id")).partition("/")[0]
    source = text(table(record.get("source_metadata")).get("source_name"))
    if benchmark == "hfopenllm_v2" or source == "HF Open LLM v2":
        return _LEADERBOARD.get(name, name)
    first = benchmark or source
    if name == first or name.startswith(f"{first}/"):
        return name
    return "/".join(part for part in (first, name) if part)


def _metric(config: dict[str, object]) -> tuple[Metric | None, str]:
    """Return the metric a result states, None where its range is not finite or not given."""
    low, high = config.get("min_score"), config.get("max_score")
    floor, ceiling = number(low), number(high)
    direction = "lower" if config.get("lower_is_better") is True else "higher"
    levels = config.get("level_names")
    if config.get("score_type") == "levels" and isinstance(levels, list) and len(levels) > 1:
        floor, ceiling = 0.0, float(len(levels) - 1)
    if config.get("score_type") == "binary" and low is None and high is None:
        floor, ceiling = 0.0, 1.0
    if low is None and high is None and math.isnan(floor):
        unit = text(config.get("metric_unit")).casefold()
        if unit == "percent":
            return Metric(direction, 0.0, _PERCENT.ceiling), ""
        if unit == "proportion" or text(config.get("metric_kind")).casefold() in _SHARES:
            floor, ceiling = 0.0, 1.0
    if not (floor < ceiling) or abs(floor) > 1e300 or abs(ceiling) > 1e300:
        return None, "metric without known bounds"
    return Metric(direction, floor, ceiling), ""
