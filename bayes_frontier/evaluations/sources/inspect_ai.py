"""Inspect AI logs (``.eval`` and ``.json``), one or a folder of them.

A zipped log is read from its ``header.json``; one that never ended has none, and is refused as the cancelled, failed
and invalidated ones are. Only JSON is read; nothing is unpacked to disk.
"""

import math
from dataclasses import replace

from bayes_frontier.evaluations.lines import Request
from bayes_frontier.evaluations.measures import Measure, is_share, not_a_score
from bayes_frontier.evaluations.metrics import Metric
from bayes_frontier.evaluations.sources.scores import Score, day, number, refused, table, text

UNIT = Metric()
# Providers that put another maker's name after theirs, as in "hf/meta-llama/Llama-3.1-8B" or "openai/azure/gpt-4o".
_HOST_NAMES = (
    "hf vllm sglang together hf-inference-providers openrouter fireworks groq bedrock azureai cloudflare ollama "
    "llama-cpp-python transformer_lens nnterp openai-api perplexity goodfire sambanova litellm"
)
_HOSTS = frozenset(_HOST_NAMES.split())


def recognises(content: object) -> bool:
    """Tell whether a document is an Inspect log."""
    found = table(content)
    described = table(found.get("eval"))
    return "task" in described and "model" in described and ("plan" in found or "status" in found or "version" in found)


def scores(content: object, file: str, request: Request) -> list[Score]:
    """Return the scores of a log."""
    log = table(content)
    described = table(log.get("eval"))
    model, task = _model(text(described.get("model"))), text(described.get("task"))
    results = table(log.get("results"))
    entries = results.get("scores")
    # the first version of the format had one scorer, at the top
    listed = [table(e) for e in entries] if isinstance(entries, list) else [results] if "metrics" in results else []
    arguments = table(described.get("model_args"))
    made = [
        replace(
            score,
            file=file,
            model=model,
            task=task,
            n_items=_items(log, entry),
            released=day(described.get("created"), request.today),
            revision=text(arguments.get("revision")),
            run=text(described.get("task_id")),
            moment=text(table(log.get("stats")).get("completed_at")) or text(described.get("created")),
        )
        for number_of, entry in enumerate(listed)
        for score in _values(log, entry, number_of, request)
    ]
    made = made or [Score(file, model, task, reason="" if _refusal(log) else "no result in the file")]
    reason, detail = _refusal(log) or ("", "")
    if not reason and not request.limited:
        reason, detail = _partial(log, listed)
    return refused(made, reason, detail) if reason else made


def _refusal(log: dict[str, object]) -> tuple[str, str] | None:
    status = text(log.get("status"))
    error = text(table(log.get("error")).get("message"))
    if log.get("invalidated") is True:
        return "log invalidated", ""
    if status == "success":
        return None
    if status == "cancelled":
        return "log of a cancelled evaluation", error
    if status == "error":
        return "log of a failed evaluation", error
    return "log of an evaluation that did not end", error


def _partial(log: dict[str, object], entries: list[dict[str, object]]) -> tuple[str, str]:
    """Return why a log is one of a part of the samples: a limit, a choice of samples, or failed ones."""
    described = table(log.get("eval"))
    config, dataset = table(described.get("config")), table(described.get("dataset"))
    there = number(dataset.get("samples"))
    ids = dataset.get("sample_ids")
    chosen = float(len(ids)) if isinstance(ids, list) and ids else there
    if chosen < there or (math.isnan(there) and config.get("limit") is not None):
        return "run with a limit", f"{chosen:,.0f} of {there:,.0f} samples"
    results = table(log.get("results"))
    total, done = number(results.get("total_samples")), number(results.get("completed_samples"))
    scored = [number(entry.get("scored_samples")) for entry in entries]
    # samples that failed may have been scored all the same, as wrong (score_on_error)
    every = config.get("score_on_error") is True and bool(scored) and all(n >= chosen for n in scored)
    if done < total and not every:
        return "samples without a result", f"{done:,.0f} of {total:,.0f} samples completed"
    return "", ""


def _items(log: dict[str, object], entry: dict[str, object]) -> float:
    described = table(log.get("eval"))
    epochs = number(table(described.get("config")).get("epochs"))
    scored = number(entry.get("scored_samples"))
    done = number(table(log.get("results")).get("completed_samples"))
    seen = scored if not math.isnan(scored) else done / (epochs if epochs >= 1 else 1.0)
    return seen if seen > 0 else math.nan


def _values(log: dict[str, object], entry: dict[str, object], number_of: int, request: Request) -> list[Score]:
    """Return what a scorer measured: its metrics, of which one is read; each group of samples where none is of all.

    Several scorers, and epoch reducers other than the mean, are tasks of their own.
    """
    scorer = text(entry.get("name")) or f"scorer {number_of + 1}"
    config = table(table(log.get("eval")).get("config"))
    reducers = config.get("epochs_reducer")
    only = text(reducers[0]) if isinstance(reducers, list) and len(reducers) == 1 else ""
    reducer = text(entry.get("reducer")) or only
    special = "" if reducer in ("", "mean") else reducer
    made: list[Score] = []
    groups: list[tuple[str, Score]] = []
    main, of_mean = _headline(log), ("accuracy", "mean")
    is_main = main.get("score") == entry.get("name") and main.get("scorer") in (None, entry.get("scorer"))
    errors = (
        number(table(table(entry.get("metrics")).get(name)).get("value")) for name in ("stderr", "bootstrap_stderr")
    )
    error = next((value for value in errors if value > 0), math.nan)
    for name, content in table(entry.get("metrics")).items():
        if not isinstance(content, dict) or not_a_score(text(name)):
            continue
        arguments = table(content.get("params"))
        grouped = bool(text(content.get("group"))) or "group_key" in arguments
        inner = text(table(arguments.get("metric")).get("name")).rpartition("/")[2] if grouped else ""
        metric = inner or text(name)
        detail = ", ".join(part for part in (reducer and f"{reducer} of epochs", f"scorer {scorer}") if part)
        score = Score(
            file="",
            model="",
            value=number(content.get("value")),
            metric=UNIT if is_share(metric) else None,
            measure=Measure(metric, detail=detail),
            parts=(("scorer", scorer),),
            mark=special,
            pick=True,
            headline=bool(main) and is_main and main.get("metric") == name,
            standard_error=error if name in of_mean and not special else math.nan,
        )
        if grouped and name != "all":
            groups.append((text(name), score))
        else:
            made.append(score)
    of_all = bool(made)
    for name, score in groups:
        detail = f"{score.measure.detail}, group {name}"
        if of_all:
            made.append(replace(score, measure=Measure(name, detail=detail)))
        else:
            mark = "/".join(part for part in (special, name) if part)
            made.append(replace(score, measure=replace(score.measure, detail=detail), mark=mark, pick=False))
    return made


def _headline(log: dict[str, object]) -> dict[str, object]:
    """Return which metric a task declares to be its main one; not what is merely the first of the first scorer.

    A declaration that fits nothing is recorded as that first metric too, so both have to agree.
    """
    declared = table(table(log.get("eval")).get("headline_metric"))
    found = table(table(log.get("results")).get("headline"))
    agree = all(found.get(key) == value for key, value in declared.items() if value is not None)
    return found if any(value is not None for value in declared.values()) and agree else {}


def _model(name: str) -> str:
    parts = name.split("/")
    if len(parts) > 2 and parts[0] in _HOSTS:
        return "/".join(parts[1:] if len(parts) == 3 else parts[-2:])
    return name
