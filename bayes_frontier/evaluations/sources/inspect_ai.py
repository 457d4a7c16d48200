"""Inspect AI logs (``.eval`` and ``.json``), one or a folder of them.

A zipped log is read from its ``header.json``; one that never ended has none, and is refused as the cancelled, failed
and invalidated ones are. Only JSON is read; nothing is unpacked to disk.
"""

import math

from bayes_frontier.evaluations.lines import Request
from bayes_frontier.evaluations.metrics import Metric
from bayes_frontier.evaluations.sources.scores import Score, day, number, refused, table, text

UNIT = Metric()
MAIN = ("accuracy", "mean", "exact_match", "pass_at_1", "f1")
_SHARES = frozenset({"accuracy", "exact_match", "f1", "pass_at_1"})
_SPREAD = frozenset({"stderr", "std", "var", "bootstrap_stderr"})
# Providers that put another maker's name after theirs, as in "hf/meta-llama/Llama-3.1-8B" or "openai/azure/gpt-4o".
_HOSTS = frozenset(
    {
        *("hf", "vllm", "sglang", "together", "hf-inference-providers", "openrouter", "fireworks", "groq", "bedrock"),
        *(
            "azureai",
            "cloudflare",
            "ollama",
            "llama-cpp-python",
            "transformer_lens",
            "nnterp",
            "openai-api",
            "perplexity",
        ),
        *("goodfire", "sambanova", "litellm"),
    }
)


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
    made: list[Score] = []
    for number_of, entry in enumerate(listed):
        scorer = text(entry.get("name")) or f"scorer {number_of + 1}"
        for name, value, metric in _values(entry, task if number_of == 0 else f"{task}/{scorer}", request):
            made.append(
                Score(
                    file=file,
                    model=model,
                    task=name,
                    value=value,
                    metric=metric,
                    n_items=_items(log, entry),
                    released=day(described.get("created"), request.today),
                )
            )
    made = made or [Score(file, model, task, reason="" if _refusal(log) else "no result in the file")]
    reason, detail = _refusal(log) or ("", "")
    if not reason and not request.limited:
        reason, detail = _partial(log)
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


def _partial(log: dict[str, object]) -> tuple[str, str]:
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
    if done < total:
        return "samples without a result", f"{done:,.0f} of {total:,.0f} samples completed"
    return "", ""


def _items(log: dict[str, object], entry: dict[str, object]) -> float:
    described = table(log.get("eval"))
    epochs = number(table(described.get("config")).get("epochs"))
    scored = number(entry.get("scored_samples"))
    done = number(table(log.get("results")).get("completed_samples"))
    seen = scored if not math.isnan(scored) else done / (epochs if epochs >= 1 else 1.0)
    return seen if seen > 0 else math.nan


def _values(entry: dict[str, object], task: str, request: Request) -> list[tuple[str, float, Metric | None]]:
    """Return the main metric of a scorer under the task's name, and those asked for as ``task/metric``."""
    found: dict[str, float] = {}
    for name, metric in table(entry.get("metrics")).items():
        if isinstance(metric, dict):
            found[text(name)] = number(metric.get("value"))
    named = [name for name in found if name not in _SPREAD and not name.endswith(("_stderr", "_std"))]
    if not named:
        return []
    main = min(named, key=lambda name: MAIN.index(name) if name in MAIN else len(MAIN))
    asked = request.tasks or ()
    pairs = [(task, main), *((f"{task}/{name}", name) for name in named if f"{task}/{name}" in asked)]
    return [(as_task, found[name], UNIT if name in _SHARES else None) for as_task, name in pairs]


def _model(name: str) -> str:
    parts = name.split("/")
    if len(parts) > 2 and parts[0] in _HOSTS:
        return "/".join(parts[1:] if len(parts) == 3 else parts[-2:])
    return name
