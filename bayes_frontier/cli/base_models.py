"""``bayes-frontier base-models``: base models above and below what their compute predicts."""

from typing import Annotated

import typer

from bayes_frontier.cli import arguments as given
from bayes_frontier.cli.asking import load, question, records
from bayes_frontier.cli.output import Answer, Column, form_of, show
from bayes_frontier.errors import QueryError
from bayes_frontier.report.wording import flops_words, probability_words, share_words

app = typer.Typer()


@app.command("base-models")
def base_models(
    fit: given.FitFile,
    task: given.AskedTasks = None,
    period: given.Period = None,
    prob: given.Prob = "0.9",
    at_least: Annotated[
        int, typer.Option(min=1, metavar="N", help="Show base models with at least this many models fitted.")
    ] = 1,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Rank base models by how far they sit above or below what their compute predicts.

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
    found = ranked[[str(v) for v in ranked if str(v).startswith("overall_")]]
    found = found.rename({str(v): str(v).removeprefix("overall_") for v in found})
    if name is not None:
        found = ranked[list(map(str, found))].sel(task=name).sortby("mean", ascending=False)
    table = found.to_dataframe().reset_index()
    rows = records(table[table["n_models"] >= at_least])
    facts: dict[str, object] = {
        "tau": frontier.tau,
        "prob": asked.prob,
        "task": name,
        "period": str(found["period"].item()),
        "source": frontier.evaluations.source,
        "fingerprint": frontier.evaluations.fingerprint,
        "converged": frontier.converged,
    }
    columns = [
        Column("base_model", "base model"),
        Column("flops", "FLOPs", flops_words),
        Column("n_models", "models", "{:,}".format),
        Column("mean", "above typical", "{:+.3f}".format),
        Column("lower", "lower", "{:+.3f}".format),
        Column("upper", "upper", "{:+.3f}".format),
        Column("above", "P(above)", probability_words),
    ]
    when = "" if facts["period"] == "all" else f"; period {facts['period']}"
    header = [
        f"Boundary of models on each base model less that on a typical one with the same compute (tau = "
        f"{frontier.tau:g}), {name or 'mean over all tasks'}{when}.",
        f"above typical: posterior mean, in scores; lower, upper: {share_words(asked.prob)} credible interval.",
    ]
    show(Answer(facts, columns, rows, header), form)
