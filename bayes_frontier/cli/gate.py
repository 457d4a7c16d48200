"""``bayes-frontier gate``: whether new models are what their compute and base model predict."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from bayes_frontier.cli import options as given
from bayes_frontier.cli.output import (
    Answer,
    Column,
    Value,
    draw,
    form_of,
    load_converged,
    note,
    plain,
    records,
    show,
    titled,
)
from bayes_frontier.files import make_folder
from bayes_frontier.text import count, flops_words, listed, probability_words, share_words

if TYPE_CHECKING:
    import xarray as xr

    from bayes_frontier.evaluations import Evaluations
    from bayes_frontier.posterior.frontier import Frontier

FLAGGED = 1
_FLAGS = ("below", "above")

app = typer.Typer()


@app.command("gate", rich_help_panel=given.COMPARE)
@given.unfolded
def gate(
    fit: given.FitFile,
    results: Annotated[
        Path,
        typer.Argument(
            metavar="RESULTS",
            help="Scores of the new models: results of lm-evaluation-harness, a CSV, anything `bayes-frontier fit` "
            "reads.",
        ),
    ],
    reading: given.Source,
    base_model: Annotated[
        str | None, given.option("NAME", "Base model of the models, such as llama-3.1-8b.", show_default="the file's")
    ] = None,
    flops: Annotated[
        float | None,
        given.option(
            "FLOPS",
            "Pre-training FLOPs, for a base model that fit and registry do not know.",
            parser=given.parser(given.one_flops, "--flops"),
        ),
    ] = None,
    released: Annotated[
        dt.date | None,
        given.option(
            "DATE",
            "Day of release, yyyy-mm-dd.",
            show_default="the file's, or soon after the fit",
            parser=given.parser(given.day_of, "--released"),
        ),
    ] = None,
    task: given.AskedTasks = None,
    alpha: Annotated[
        float,
        given.option(
            "P",
            "Probability that a model which is as expected is flagged all the same.",
            parser=given.parser(given.probability, "--alpha"),
        ),
    ] = 0.05,
    correction: Annotated[
        str,
        given.option(
            "NAME",
            "How p-values are adjusted: holm over the tasks of each model; bh over all models (a share --alpha of "
            "the flags is false); none.",
        ),
    ] = "holm",
    fail_on: Annotated[
        str, given.option("SIDE", "Which flags count for the exit status: either, below or above.")
    ] = "either",
    prob: given.Prob = 0.9,
    seed: given.Seed = 1,
    allow_limited: given.AllowLimited = False,
    out: Annotated[Path | None, given.picture_option("a picture, gate.png")] = None,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Compare new models with what their compute and base model predict.

    Example: stop the release of a model fine-tuned from Llama 3.1 8B that does worse.

        bayes-frontier gate fit.nc results.json --base-model llama-3.1-8b --fail-on below && ./release

    percentile: of 100 post-trained models of today on the same base model (or, on a new one, of that compute), how many
    score lower; lower, upper: its credible interval. expected: the middle 90% of their scores. A task is below or above
    where its adjusted p-value is at most --alpha. "above" is no praise: look for contamination too.

    Exit status: 0 as expected; 1 a model is flagged; 2 the call, the fit or the results are wrong, or the fit did not
    converge so that nothing can be said.
    """
    from bayes_frontier.analysis.gate import flagged, read_results
    from bayes_frontier.analysis.gate import gate as compare

    form = form_of(as_json, as_csv)
    flagged([], fail_on)
    make_folder(out, "--out")
    frontier = load_converged(fit)
    models = read_results(
        results,
        frontier,
        base_model=base_model,
        flops=flops,
        released=released,
        limited=allow_limited,
        **reading.arguments(),
    )
    gated = compare(frontier, models, tasks=task, alpha=alpha, prob=prob, correction=correction, seed=seed)
    stopped = flagged(gated["model_verdict"], fail_on)
    about = {
        "tau": frontier.tau,
        "source": frontier.evaluations.source,
        "fingerprint": frontier.evaluations.fingerprint,
        "results": models.source,
        "alpha": alpha,
        "prob": prob,
        "correction": correction,
        "fail_on": fail_on,
        "flagged": bool(stopped.any()),
        "models": _by_model(gated, "model", "base_model", "flops", "known", "outside", "model_verdict"),
    }
    remarks = _remarks(frontier, models, gated)
    one = gated.sizes["model"] == 1
    detailed = [
        *(Column(key, "") for key in ("model", "base_model", "flops", "known")),
        Column("task", "task"),
        *titled("{:.3f}".format, score="score", expected_lower="expected"),
        Column("expected_median", ""),
        Column("expected_upper", "to", "{:.3f}".format),
        *titled(_percent, percentile="percentile", lower="lower", upper="upper"),
        Column("p_value", ""),
        Column("adjusted", "adjusted p", probability_words),
        Column("verdict", "verdict"),
    ]
    columns, rows = (detailed, _rows(gated)) if form != "text" or one else (_MODEL_COLUMNS, _models(gated))
    show(Answer(about, columns, rows, _header(fit, models, gated), ["", *_said(gated), *remarks]), form)
    for line in (*models.notes, *(remarks if form != "text" else ())):
        note(line)
    draw(out, "gate.png", lambda plots: plots.plot_gate(gated).figure)
    if stopped.any():
        raise typer.Exit(FLAGGED)


def _percent(value: float) -> str:
    return f"{100.0 * value:.1f}"


# One row a model, where there are several: JSON and CSV have every task.
_MODEL_COLUMNS = [
    *titled(str, model="model", base_model="base model"),
    Column("flops", "FLOPs", flops_words),
    *titled(_percent, percentile="percentile", lower="lower", upper="upper"),
    *titled(str, verdict="verdict", where="flagged on"),
]


def _models(gated: xr.Dataset) -> list[dict[str, Value]]:
    tasks, words = gated["task"].to_numpy(), gated["verdict"].to_numpy()
    where = [", ".join(f"{tasks[k]} ({row[k]})" for k in np.flatnonzero(np.isin(row, _FLAGS))) for row in words]
    names = ("model", "base_model", "flops", "percentile", "lower", "upper", "model_verdict")
    rows = _by_model(gated.isel(task=-1), *names)
    return [{**row, "verdict": row["model_verdict"], "where": one} for row, one in zip(rows, where, strict=True)]


def _rows(gated: xr.Dataset) -> list[dict[str, Value]]:
    frame = gated.drop_vars("model_verdict").to_dataframe().reset_index()
    frame = frame[frame["score"].notna() | frame["percentile"].notna()]
    return records(frame)


def _by_model(gated: xr.Dataset, *names: str) -> list[dict[str, Value]]:
    columns = [gated[name].to_numpy() for name in names]
    return [{name: plain(value) for name, value in zip(names, row, strict=True)} for row in zip(*columns, strict=True)]


def _header(fit: Path, models: Evaluations, gated: xr.Dataset) -> list[str]:
    share = share_words(float(gated.attrs["prob"]))
    lines = [f"{count(gated.sizes['model'], 'model')} of {models.source} against {fit}."]
    if gated.sizes["model"] > 1:
        return [*lines, f"percentile: on {gated['task'].to_numpy()[-1]}; lower, upper: {share} credible interval."]
    if gated.sizes["model"] == 1:
        base, known = str(gated["base_model"].item()), bool(gated["known"].item())
        lines.append(
            f"{gated['model'].item()} on {base}, {flops_words(float(gated['flops'].item()))} FLOPs: percentiles are "
            + ("among models on this base model." if known else "among models on new base models of this compute.")
        )
    return [*lines, f"expected ... to: the middle {share} of such models; lower, upper: {share} credible interval."]


def _said(gated: xr.Dataset) -> list[str]:
    words = gated["model_verdict"].to_series().value_counts()
    if gated.sizes["model"] == 1:
        return [f"The model is {_sentence(str(gated['model_verdict'].item()))}."]
    return [", ".join(f"{n:,} {_sentence(str(word))}" for word, n in words.items()) + "."]


def _sentence(verdict: str) -> str:
    return {
        "below": "below what is expected",
        "above": "above what is expected",
        "mixed": "below on some tasks and above on others",
        "unknown": "without a verdict",
    }.get(verdict, verdict)


def _remarks(frontier: Frontier, models: Evaluations, gated: xr.Dataset) -> list[str]:
    fitted, said = frontier.evaluations, []
    ignored = [name for name in models.tasks if name not in frontier.tasks]
    missing = [name for name in frontier.tasks if name not in models.tasks]
    if ignored:
        said.append(f"Not in the fit, left out: {listed(ignored)}.")
    if missing:
        said.append(f"Of the fit, without a score here: {listed(missing)}.")
    again = [name for name in models.models["model"].unique() if name in set(fitted.models["model"])]
    if again:
        said.append(f"Part of the fit itself, so compared with themselves too: {listed(again, 3)}.")
    outside = int(gated["outside"].sum())
    if outside:
        said.append(f"Beyond the fitted compute, so expected from the prior's shape: {count(outside, 'model')}.")
    said += [f"Left out, {reason}: {n:,}." for reason, n in models.dropped_by_reason().items()]
    return said
