"""``bayes-frontier watch`` and ``score``: another table against what a fit expects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_frontier.cli import options as given
from bayes_frontier.cli.output import Answer, Column, draw, form_of, load, load_converged, note, records, show, titled
from bayes_frontier.files import make_folder, replace_file
from bayes_frontier.text import count, flops_words, listed, probability_words, share_words

if TYPE_CHECKING:
    import xarray as xr

    from bayes_frontier.evaluations import Evaluations
    from bayes_frontier.posterior.frontier import Frontier

RESCORED, DRIFT = 1, 3

app = typer.Typer()


@app.command("watch", rich_help_panel=given.COMPARE)
@given.unfolded
def watch(
    fit: given.FitFile,
    table: given.Table,
    reading: given.Reading,
    task: given.AskedTasks = None,
    flops: Annotated[
        float | None,
        given.option(
            "FLOPS",
            "Compute at which changes are stated.",
            show_default="median of the table",
            parser=given.parser(given.one_flops, "--flops"),
        ),
    ] = None,
    delta: given.Delta = 0.02,
    prob: given.VerdictProb = 0.95,
    against: Annotated[
        str,
        given.option(
            "WHAT",
            "What a change is counted from: fit, the boundary of the last fitted scores; or forecast, where the "
            "fit expected it to be by now.",
        ),
    ] = "fit",
    seed: given.Seed = 1,
    out: Annotated[Path | None, given.picture_option("a picture, watch.png")] = None,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Compare a newer table with a fit: whether boundaries have moved since.

    Example, for a job that runs each week: fit anew only when something has changed.

        bayes-frontier watch fit.nc oll-today.csv || bayes-frontier fit oll-today.csv --out fit.nc

    Only records that the fit has not seen count; those it has tell whether a task was re-scored, which is no drift. New
    models are compared with the boundary of their own base model, and a new base model with what base models of its
    compute reach. forecast: the change that the fit itself expected by now.

    Exit status: 0 no drift is established; 1 none is, but a task was re-scored, so that the fit no longer speaks of it;
    3 drift is established on some task; 2 the call, the fit or the table is wrong, or the fit did not converge.
    """
    from bayes_frontier.analysis.watch import established
    from bayes_frontier.analysis.watch import watch as compare

    form = form_of(as_json, as_csv)
    make_folder(out, "--out")
    frontier = load_converged(fit)
    newer = reading.read(table, registry=frontier.evaluations.registry)
    changes = compare(frontier, newer, tasks=task, flops=flops, delta=delta, prob=prob, against=against, seed=seed)
    moved = established(changes["verdict"])
    rescored = changes["verdict"].to_numpy() == "re-scored"
    about = {
        "tau": frontier.tau,
        "source": frontier.evaluations.source,
        "fingerprint": frontier.evaluations.fingerprint,
        "table": newer.source,
        **{name: changes.attrs[name] for name in ("new", "shared", "delta", "prob", "against", "flops")},
        "drift": bool(moved.any()),
        "rescored": [str(name) for name in changes["task"].to_numpy()[rescored]],
    }
    said = _said(frontier, newer, changes)
    signed = "{:+.3f}".format
    columns = [
        Column("task", "task"),
        *titled("{:.0f}".format, n_models="new", n_base_models="bases", n_known="known"),
        *titled(
            signed,
            median="change",
            lower="lower",
            upper="upper",
            forecast="forecast",
            forecast_lower="from",
            forecast_upper="to",
        ),
        *titled(probability_words, advance=f"P(> {delta:g})", retreat=f"P(< {-delta:g})"),
        Column("still", ""),
        Column("surprise", "surprise", probability_words),
        Column("verdict", "verdict"),
    ]
    since = "the last fitted scores" if changes.attrs["against"] == "fit" else "what the fit forecast"
    attrs = changes.attrs
    header = [
        f"{count(attrs['new'], 'new record')} of {attrs['source']} against {fit}: change since {since}, at "
        f"{flops_words(attrs['flops'])} FLOPs.",
        f"change: posterior median, in scores; lower, upper and from, to: {share_words(attrs['prob'])} credible "
        "intervals; surprise: how rarely the fit would expect a change so far out.",
    ]
    show(Answer(about, columns, records(changes), [*said, "", *header]), form)
    if form != "text":
        for line in said:
            note(line)
    draw(out, "watch.png", lambda plots: plots.plot_watch(changes).figure)
    if moved.any():
        raise typer.Exit(DRIFT)
    if rescored.any():
        raise typer.Exit(RESCORED)


def _said(frontier: Frontier, newer: Evaluations, changes: xr.Dataset) -> list[str]:
    from bayes_frontier.analysis.watch import ESTABLISHED

    words = changes["verdict"].to_series()
    said = [
        f"{word}: {listed(words.index[words == word])}."
        for word in ("advanced", "retreated", "re-scored")
        if (words == word).any()
    ]
    if not words.isin(ESTABLISHED).any():
        said.append("No drift is established.")
    if not changes.attrs["shared"]:
        said.append(
            "No record of the fit is in this table, so whether a task was re-scored cannot be told: a change may be "
            "that of the marking."
        )
    ignored = [name for name in newer.tasks if name not in frontier.tasks]
    if ignored:
        said.append(f"Not in the fit, left out: {listed(ignored)}.")
    said += [f"Left out, {reason}: {n:,}." for reason, n in newer.dropped_by_reason().items()]
    return said


@app.command("score", rich_help_panel=given.COMPARE)
@given.unfolded
def score(
    fit: given.FitFile,
    table: given.Table,
    reading: given.Reading,
    bridge: Annotated[
        str,
        given.option(
            "CHOICE",
            "How scores marked otherwise are brought to the fit's marking: mean (less the mean shift of the "
            "models that both tables have), upper (less that of the upper half of these), or none.",
        ),
    ] = "mean",
    prob: given.Prob = 0.9,
    out: Annotated[Path | None, given.picture_option("README.md, scores.csv and bridge.csv")] = None,
    seed: given.Seed = 1,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Judge a fit by models it has not seen: pinball loss and signed coverage.

    Example: models evaluated after the leaderboard retired, by a fit of the leaderboard.

        bayes-frontier score fit.nc proteus_2k.csv --out scored

    Models that the fit has too are left out; they measure whether the table marks its tasks otherwise than the fit's.
    Such a shift is taken off the new scores (--bridge), with its uncertainty, and raw scores are judged beside it.
    """
    import bayes_frontier as bf
    from bayes_frontier.report.backtest import score_sentences, scoring_files

    form = form_of(as_json, as_csv)
    make_folder(out, "--out")
    frontier = load(fit)
    evaluations = reading.read(table, registry=frontier.evaluations.registry)
    scored = bf.score(frontier, evaluations, bridge=bridge, prob=prob, seed=seed)
    if out is not None:
        for name, content in scoring_files(scored).items():
            replace_file(out / name, content, "--out")
    rows = records(scored.table)
    columns = [
        *titled(str, scores="scores", group="base models", task="task"),
        *titled("{:,}".format, n="n", base_models="of"),
        Column("pinball", "pinball x 1e3", _thousandths),
        *titled(str, pinball_lower="", pinball_upper=""),
        Column("constant", "constant x 1e3", _thousandths),
        *titled(str, constant_lower="", constant_upper=""),
        *titled("{:+.4f}".format, error="coverage error", error_lower="lower", error_upper="upper"),
    ]
    shifts = records(scored.bridge)
    header = [
        *score_sentences(scored),
        "",
        "n: scores, on so many base models; constant: pinball loss of the last fitted period's quantile; coverage "
        f"error: positive where the boundary is too high, at most {1.0 - frontier.tau:.3g}, with {share_words(prob)} "
        "intervals.",
    ]
    shown = [row for row in rows if row["n"]]
    show(Answer({**scored.about, "left_out": scored.left_out, "bridge": shifts}, columns, shown, header), form)
    if out is not None:
        note(f"Wrote {out / 'README.md'}, scores.csv and bridge.csv")


def _thousandths(value: float) -> str:
    return f"{1e3 * value:.2f}"
