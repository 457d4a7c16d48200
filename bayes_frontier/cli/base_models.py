"""``bayes-frontier base-models`` and ``factors``: which base models are strong, and on what together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_frontier.cli import options as given
from bayes_frontier.cli.output import Answer, Column, draw, form_of, load, question, records, show, titled
from bayes_frontier.errors import QueryError
from bayes_frontier.files import make_folder
from bayes_frontier.text import count, flops_words, probability_words, share_words

if TYPE_CHECKING:
    import xarray as xr

app = typer.Typer()


@app.command("base-models", rich_help_panel=given.ASK)
def base_models(
    fit: given.FitFile,
    task: given.AskedTasks = None,
    period: given.Period = None,
    prob: given.Prob = 0.9,
    at_least: Annotated[int, given.option("N", "Show base models with at least this many models fitted.", min=1)] = 1,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Rank base models by how far they lie above what their compute predicts.

    Example: which base models with 10 models or more are strong for their compute on math_lvl_5?

        bayes-frontier base-models fit.nc --task math_lvl_5 --at-least 10

    Without --task the mean over all tasks is shown. Differences are in scores, against a typical base model with the
    same compute: posterior mean, credible interval, and the probability that the base model sits above.
    """
    form = form_of(as_json, as_csv)
    asked = question(task, period, None, prob)
    if asked.tasks is not None and len(asked.tasks) > 1:
        raise QueryError("--task: name one task; leave it out for the mean over all.")
    frontier = load(fit)
    name = asked.tasks[0] if asked.tasks else None
    if name is not None:
        # refuses an unknown task in the words that every command has for it
        frontier.boundary(1e22, task=name)
    ranked = frontier.base_models(asked.period, asked.prob)
    overall = ranked[[str(v) for v in ranked if str(v).startswith("overall_")]]
    summary = overall.rename({str(v): str(v).removeprefix("overall_") for v in overall})
    if name is not None:
        summary = ranked[list(map(str, summary))].sel(task=name).sortby("mean", ascending=False)
    table = summary.to_dataframe().reset_index()
    rows = records(table[table["n_models"] >= at_least])
    facts: dict[str, object] = {
        "tau": frontier.tau,
        "prob": asked.prob,
        "task": name,
        "period": str(summary["period"].item()),
        "source": frontier.evaluations.source,
        "fingerprint": frontier.evaluations.fingerprint,
        "converged": frontier.converged,
    }
    columns = [
        Column("base_model", "base model"),
        Column("flops", "FLOPs", flops_words),
        Column("n_models", "models", "{:,}".format),
        *titled("{:+.3f}".format, mean="above typical", lower="lower", upper="upper"),
        Column("above", "P(above)", probability_words),
    ]
    when = "" if facts["period"] == "all" else f"; period {facts['period']}"
    header = [
        f"Boundary of models on each base model less that on a typical one with the same compute (tau = "
        f"{frontier.tau:g}), {name or 'mean over all tasks'}{when}.",
        f"above typical: posterior mean, in scores; lower, upper: {share_words(asked.prob)} credible interval.",
    ]
    show(Answer(facts, columns, rows, header), form)


@app.command("factors", rich_help_panel=given.ASK)
@given.unfolded
def factors(
    fit: given.FitFile,
    reading: given.Reading,
    rank: Annotated[int, given.option("N", "Number of factors, 1 to 3.", min=1, max=3)] = 1,
    later: Annotated[
        Path | None,
        given.option(
            "TABLE",
            "A newer table: its new records on fitted base models say whether boundaries with 1, 2 or 3 factors "
            "predict better than each task by itself.",
            "--next",
        ),
    ] = None,
    prob: given.Prob = 0.9,
    seed: given.Seed = 1,
    out: Annotated[Path | None, given.picture_option("a picture, factors.png")] = None,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Show how far base models are strong for their compute on all tasks together.

    Example: does one factor do, and does it predict the next period?

        bayes-frontier factors fit.nc --rank 1 --next newer.csv

    loading: what one unit of a factor adds to a base model's effect, in units of the task's spread of effects. shared:
    the part of a task's variance that is the factors'. foretold: by how much the other tasks' scores reduce the squared
    error of a base model's effect on a task it has no scores on (0%: no better than the curve). Intervals resample base
    models.
    """
    import bayes_frontier as bf

    form = form_of(as_json, as_csv)
    make_folder(out, "--out")
    frontier = load(fit)
    factored = bf.factors(frontier, rank, prob=prob, seed=seed)
    about: dict[str, object] = {
        "source": frontier.evaluations.source,
        "fingerprint": frontier.evaluations.fingerprint,
        "rank": rank,
        "prob": prob,
        "base_models": factored.attrs["base_models"],
        **{name: float(factored[name]) for name in ("explained", "explained_lower", "explained_upper")},
    }
    footer = []
    if later is not None:
        from bayes_frontier.analysis.factors import compare

        compared = compare(frontier, reading.read(later))
        about["next"] = {**compared.attrs, "ranks": _ranks(compared)}
        footer = ["", *_said(compared)]
    how = "mostly" if float(factored["explained"]) >= 0.5 else "only partly"
    header = [
        f"Base models strong for their compute on one task are {how} strong on all.",
        f"{count(rank, 'factor')} behind the effects of {count(factored.attrs['base_models'], 'base model')}: "
        f"{float(factored['explained']):.0%} of their variance ({float(factored['explained_lower']):.0%} to "
        f"{float(factored['explained_upper']):.0%}, {share_words(prob)} interval).",
    ]
    percent, signed = "{:.0%}".format, "{:+.2f}".format
    columns = [
        Column("task", "task"),
        *(Column(f"loading_{j}", f"loading {j}" if rank > 1 else "loading", signed) for j in range(1, rank + 1)),
        *titled(
            percent,
            shared="shared",
            shared_lower="lower",
            shared_upper="upper",
            gain="foretold",
            gain_lower="lower",
            gain_upper="upper",
        ),
    ]
    loading = factored["loading"].to_numpy()
    rows = [
        row | {f"loading_{j + 1}": float(loading[i, j]) for j in range(loading.shape[1])}
        for i, row in enumerate(records(factored, ("task",)))
    ]
    show(Answer(about, columns, rows, header, footer), form)
    draw(out, "factors.png", lambda plots: plots.plot_factors(factored).figure)


def _ranks(compared: xr.Dataset) -> list[dict[str, float]]:
    means = compared[["loss", "coverage"]].mean("task").merge(compared[["change", "lower", "upper"]])
    frame = means.to_dataframe().reset_index()
    return [{str(key): float(value) for key, value in row.items()} for row in frame.to_dict("records")]


def _said(compared: xr.Dataset) -> list[str]:
    lines = [f"On {count(compared.attrs['records'], 'new record')} of {compared.attrs['source']}, mean pinball loss:"]
    rows = _ranks(compared)
    lines.append(f"  each task by itself: {rows[0]['loss']:.5f}")
    for row in rows[1:]:
        lines.append(
            f"  {count(int(row['rank']), 'factor')}: {row['loss']:.5f}, a change of {row['change']:+.5f} "
            f"({row['lower']:+.5f} to {row['upper']:+.5f})"
        )
    better = [str(int(row["rank"])) for row in rows[1:] if row["upper"] < 0.0]
    worse = [str(int(row["rank"])) for row in rows[1:] if row["lower"] > 0.0]
    if better:
        return [*lines, f"Better than each task by itself: with {', '.join(better)}."]
    tail = f"; worse with {', '.join(worse)}" if worse else ""
    return [*lines, f"No number of factors predicts better than each task by itself, as far as can be told{tail}."]
