"""``bayes-frontier stages``: what post-training adds to pre-training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from bayes_frontier.cli import arguments as given
from bayes_frontier.cli.asking import load, records
from bayes_frontier.cli.fit import check_target
from bayes_frontier.cli.output import Answer, Column, form_of, note, show
from bayes_frontier.cli.values import fields_map, flops_list, names_list, one_score, probability
from bayes_frontier.errors import QueryError
from bayes_frontier.report.files import make_folder, write_picture
from bayes_frontier.report.wording import flops_words, probability_words, share_words

if TYPE_CHECKING:
    pass

# Computes of the picture's curves.
_POINTS = 40

app = typer.Typer()


@app.command("stages")
def stages(
    table: Annotated[
        Path,
        typer.Argument(
            metavar="TABLE",
            help="Evaluations of pretrained and post-trained models (column stage; Type in an Open LLM Leaderboard "
            "export), or a fit of both that --save has written.",
        ),
    ],
    flops: Annotated[
        str, typer.Option(metavar="FLOPS", help="Where to look: 1e24, several as 1e22,1e24, or 1e22:1e26:5.")
    ] = "1e22,1e23,1e24",
    delta: given.Delta = "0.02",
    prob: given.VerdictProb = "0.9",
    tasks: given.Tasks = None,
    format: given.Format = None,
    column: given.Columns = None,
    metrics: given.Metrics = None,
    registry: given.RegistryFile = None,
    tau: given.Tau = "0.98",
    seed: given.Seed = 1,
    draws: given.Draws = 1000,
    tune: given.Tune = 300,
    chains: given.Chains = 4,
    cores: given.Cores = None,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE.nc", help="Keep the fit of both stages, to ask it again.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for a picture, stages.png; made if it is not there.")
    ] = None,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Compare pretrained with post-trained models: the lift by task and compute, and which stage is more predictable.

    Example: fit both stages, then look at more computes.

        bayes-frontier stages oll.csv --save stages.nc

        bayes-frontier stages stages.nc --flops 1e22:1e25:7 --out lift

    lift: how much higher the boundary of post-trained models is than that of pretrained ones of the same compute.
    unlocked: probability that post-trained models attain there what pretrained ones do not at any compute there is.
    Then by stage: how often, among base models in the order of compute, the next one has a lower boundary, and the
    range within which the middle 80% of scores scatter around a typical base model's boundary.
    """
    import bayes_frontier as bf

    form = form_of(as_json, as_csv)
    computes, smallest, share = flops_list(flops), one_score(delta, "--delta"), probability(prob, "--prob")
    level = probability(tau, "--tau")
    if out is not None:
        make_folder(out, "--out")
    if table.suffix == ".nc":
        if save is not None:
            raise QueryError("--save: this is a fit already; give a table to fit anew.")
        frontier = load(table)
    else:
        if save is not None:
            check_target(save)
        evaluations = bf.read(
            table,
            tasks=names_list(tasks),
            format=format,
            columns=fields_map(column),
            metrics=metrics,
            registry=registry,
        )
        frontier = bf.fit(
            bf.by_stage(evaluations), tau=level, seed=seed, draws=draws, tune=tune, chains=chains, cores=cores
        )
        if save is not None:
            frontier.save(save)
            note(f"Saved {save}.")
    found = bf.stages(frontier, flops=computes, delta=smallest, prob=share)
    by_stage = records(found, ("task", "stage"))
    about = {
        "tau": frontier.tau,
        "prob": share,
        "delta": smallest,
        "source": frontier.evaluations.source,
        "fingerprint": frontier.evaluations.fingerprint,
        "converged": frontier.converged,
        "stages": by_stage,
    }
    header = [
        f"Boundary of post-trained models less that of pretrained ones (tau = {frontier.tau:g}), on new base models.",
        f"lift: posterior median, in scores; lower, upper: {share_words(share)} credible interval.",
    ]
    show(Answer(about, _columns(smallest), records(found, ("task", "flops")), header), form)
    if form == "text":
        typer.echo()
        show(Answer({}, _STAGE_COLUMNS, by_stage), form)
    if out is not None:
        from bayes_frontier.plots import plot_stages

        models = frontier.evaluations.models["flops"]
        grid = np.geomspace(float(models.min()), float(models.max()), _POINTS).tolist()
        curves = bf.stages(frontier, flops=grid, delta=smallest, prob=share)
        write_picture(plot_stages(curves)[0].figure, out / "stages.png", "--out")
        note(f"Wrote {out / 'stages.png'}")


def _columns(delta: float) -> list[Column]:
    number, signed = "{:.3f}".format, "{:+.3f}".format
    return [
        Column("task", "task"),
        Column("flops", "FLOPs", flops_words),
        Column("pretrained", "pretrained", number),
        Column("post_trained", "post-trained", number),
        Column("lift", "lift", signed),
        Column("lift_lower", "lower", signed),
        Column("lift_upper", "upper", signed),
        Column("above", f"P(> {delta:g})", probability_words),
        Column("below", ""),
        Column("still", ""),
        Column("unlocked", "unlocked", probability_words),
        Column("verdict", "verdict"),
    ]


_STAGE_COLUMNS = [
    Column("task", "task"),
    Column("stage", "stage"),
    Column("models", "models", "{:,.0f}".format),
    Column("pairs", "pairs", "{:,.0f}".format),
    Column("decreases", "decreases", "{:.0%}".format),
    Column("decreases_lower", "lower", "{:.0%}".format),
    Column("decreases_upper", "upper", "{:.0%}".format),
    Column("spread", "spread", "{:.3f}".format),
    Column("spread_lower", "lower", "{:.3f}".format),
    Column("spread_upper", "upper", "{:.3f}".format),
]
