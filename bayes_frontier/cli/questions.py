"""``bayes-frontier saturation``, ``emergence`` and ``portfolio``: what is left, how abruptly, and all at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayes_frontier.cli import options as given
from bayes_frontier.cli.options import names_list, one_flops, period_of
from bayes_frontier.cli.output import (
    PARTS,
    Answer,
    Column,
    Value,
    about,
    columns,
    draw,
    form_of,
    load,
    note,
    question,
    records,
    rows_of,
    searched_words,
    show,
    spelled,
    titled,
    whose_models,
)
from bayes_frontier.errors import QueryError
from bayes_frontier.files import make_folder
from bayes_frontier.text import flops_words, probability_words, share_words

if TYPE_CHECKING:
    from bayes_frontier.analysis.portfolio import Portfolio
    from bayes_frontier.analysis.saturation import Saturation

app = typer.Typer()


def _amounts(text: str, option: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise QueryError(f"{option}: cannot read {text[:40]!r} as numbers; write 8e9, say.") from None


@app.command("saturation", rich_help_panel=given.ASK)
def saturation(
    fit: given.FitFile,
    flops: Annotated[
        Sequence[float] | None,
        given.flops_option("Compute at which headroom and gain are asked for:", "median of the models"),
    ] = None,
    params: Annotated[
        Sequence[float] | None,
        given.option(
            "N",
            "Number of parameters in place of --flops, such as 8e9, several with commas. A fit whose axis is "
            "compute needs --tokens too.",
            parser=given.parser(_amounts, "--params"),
        ),
    ] = None,
    tokens: Annotated[
        Sequence[float] | None,
        given.option(
            "D",
            "Tokens that models of these --params are trained on, such as 15e12.",
            parser=given.parser(_amounts, "--tokens"),
        ),
    ] = None,
    gain: Annotated[
        float,
        given.option(
            "SCORE",
            "Smallest gain of a tenfold of compute that matters, in scores.",
            parser=given.parser(given.one_score, "--gain"),
        ),
    ] = 0.02,
    delta: given.Delta = 0.02,
    since: Annotated[
        str | None,
        given.option(
            "PERIOD[@FLOPS]",
            "Where progress is counted from: a period, or a period and a compute, such as 2024-05-01@1e23.",
            show_default="the first period, at its models' median compute",
        ),
    ] = None,
    until: Annotated[
        str | None,
        given.option("PERIOD[@FLOPS]", "And to.", show_default="the last period, at its models' median compute"),
    ] = None,
    task: given.AskedTasks = None,
    period: given.Period = None,
    base_model: given.BaseModel = None,
    prob: given.Prob = 0.9,
    out: Annotated[Path | None, given.picture_option("two pictures, saturation.png and progress.png")] = None,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Show what is left below each ceiling, and whether progress was scale or time.

    Example: what is left at 1e24 FLOPs, and where does a tenfold of compute buy less than 0.03?

        bayes-frontier saturation fit.nc --flops 1e24 --gain 0.03

    headroom: ceiling less boundary. gain: what the next tenfold of compute buys. saturates: the compute from which on
    every tenfold buys less than --gain; "below" or "beyond" the range of the models where it lies outside. Progress
    between two settings (--since, --until) is divided into scale, that of compute in the same period, and time, that of
    everything else at the same compute, as the mean over the two orders in which they can change:

        bayes-frontier saturation fit.nc --since 2024-05-01@1e23 --until 2025-01-15@1e24

    A verdict needs its credible interval on one side; otherwise it is unknown. Ceilings above the largest models fitted
    are extrapolated, and the answer says so.
    """
    form = form_of(as_json, as_csv)
    asked = question(task, period, base_model, prob)
    if flops is not None and params is not None:
        raise QueryError("--flops and --params: give one of them.")
    if tokens is not None and (params is None or len(tokens) > 1):
        raise QueryError("--tokens: give one number, together with --params.")
    settings: dict[str, Any] = {"since": _setting(since, "--since"), "until": _setting(until, "--until")}
    make_folder(out, "--out")

    from bayes_frontier.analysis.saturation import flops_of_size
    from bayes_frontier.analysis.saturation import saturation as answer

    frontier = load(fit)
    if params is not None:
        flops = flops_of_size(frontier, list(params), None if tokens is None else tokens[0])
    for name in asked.tasks or ():
        # refuses an unknown task before the work
        frontier.boundary(1e22, task=name)
    result = answer(frontier, flops, gain=gain, delta=delta, **asked.options, **settings)
    if asked.tasks is not None:
        result = result.only(asked.tasks)
    rows = rows_of(result.summary, ("task", "flops"))
    for i, row in enumerate(rows):
        row["params"] = None if params is None else params[i % len(params)]
    facts = about(frontier, asked, [{"period": result.period}]) | {
        "gain": result.gain,
        "delta": result.delta,
        "since": {"period": result.settings[0][0], "flops": result.settings[0][1]},
        "until": {"period": result.settings[1][0], "flops": result.settings[1][1]},
        "flops_range": list(result.flops_range),
    }
    if form == "text":
        _show_text(result, rows, facts, params is not None)
    else:
        show(Answer(facts, _columns(form, params is not None), rows), form)
    base = asked.base_model
    draw(out, "saturation.png", lambda plots: plots.plot_saturation(frontier, result, base_model=base)[0].figure)
    draw(out, "progress.png", lambda plots: plots.plot_progress(result).figure)


def _setting(text: str | None, option: str) -> int | str | tuple[int | str, float] | None:
    if text is None:
        return None
    period, at, compute = text.rpartition("@") if "@" in text else (text, "", "")
    named = period_of(period)
    if named is None or not str(named).strip():
        raise QueryError(f"{option}: {text!r} names no period; write PERIOD@FLOPS, such as 2024-05-01@1e23.")
    if not at:
        return named
    return named, one_flops(compute, option)


def _columns(form: str, sized: bool) -> list[Column]:
    shown = [*titled(str, task="task", flops="FLOPs"), *([Column("params", "params")] if sized else [])]
    for key in ("ceiling", "headroom", "gain", "saturation", "progress", "scale", "time", "share_scale", "beyond"):
        shown += columns(key, "", form)
    names = ["everywhere", "nowhere", "saturated", "grows", "still_to_come", "verdict", "outside", "ceiling_outside"]
    names += ["advance", "retreat", "still", "scale_larger", "source"]
    return shown + [Column(name, "") for name in names]


def _show_text(result: Saturation, rows: list[dict[str, Value]], facts: dict[str, object], sized: bool) -> None:
    low, high = result.flops_range

    def place(value: float) -> str:
        # 0 and infinity stand for the whole range
        return "below" if value <= 0.0 else "beyond" if math.isinf(value) else flops_words(value)

    share = share_words(result.prob)
    whose = whose_models(facts["base_model"])
    rows = spelled(
        rows,
        ceiling="{:.3f}".format,
        headroom="{:.3f}".format,
        gain="{:+.3f}".format,
        saturation=place,
        progress="{:+.3f}".format,
        scale="{:+.3f}".format,
        time="{:+.3f}".format,
        share_scale="{:.0%}".format,
    )
    for row in rows:
        row["at"] = flops_words(float(row["flops"] or 0.0)) + ("*" if row["outside"] else "")
        row["ceiling_words"] = f"{row['ceiling_words']}{'*' if row['ceiling_outside'] else ''}"
    first = [
        Column("task", "task"),
        *([Column("params", "parameters", "{:.3g}".format)] if sized else []),
        *titled(
            str,
            at="FLOPs",
            ceiling_words="ceiling",
            headroom_words="headroom",
            gain_words="gain of a tenfold",
            saturation_words="saturates at",
        ),
        Column("grows", f"P(gain >= {result.gain:g})", probability_words),
        Column("verdict", "verdict"),
    ]
    header = [
        f"Saturation of the boundary of {whose} in the period '{result.period}'.",
        f"Median ({share} credible interval), in scores; saturates at: from there on a tenfold of compute buys less "
        f"than {result.gain:g}, looked for from {flops_words(low)} to {flops_words(high)} FLOPs.",
    ]
    show(Answer({}, first, rows, header, ["", *result.notes, ""]), "text")
    second = [
        *titled(
            str,
            task="task",
            progress_words="progress",
            scale_words="by scale",
            time_words="by time",
            share_scale_words="share of scale",
        ),
        Column("scale_larger", "P(scale > time)", probability_words),
        Column("source", "verdict"),
    ]
    (before, low), (after, high) = result.settings
    if result.settings[0] == result.settings[1]:
        note("No progress to divide: both settings are the same. Name others with --since and --until.")
        return
    header = [
        f"Progress from '{before}' at {flops_words(low)} FLOPs to '{after}' at {flops_words(high)} FLOPs: by scale, "
        "more compute in the same period, and by time, all else at the same compute."
    ]
    once = list({row["task"]: row for row in rows}.values())
    show(Answer({}, second, once, header), "text")


@app.command("emergence", rich_help_panel=given.ASK)
def emergence(
    fit: given.FitFile,
    decades: Annotated[
        str, given.option("DECADES", "A rise over fewer decades of compute than this is called abrupt.")
    ] = "2",
    period: given.Period = None,
    base_model: given.BaseModel = None,
    prob: given.Prob = 0.9,
    out: Annotated[Path | None, given.picture_option("a picture, emergence.png")] = None,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Show over how many decades of compute each boundary rises, task against task.

    Example: is any rise over within a tenfold of compute?

        bayes-frontier emergence fit.nc --decades 1

    width: decades of compute between 10% and 90% of the way from a boundary's floor to its ceiling. P(rank i): that the
    task is the i-th most abrupt. Verdicts need their credible interval on one side; otherwise: cannot tell. observed:
    the share of the rise within the compute of the fitted models; where it is small, the width is extrapolated. JSON
    also has each pair of tasks.
    """
    form = form_of(as_json, as_csv)
    asked = question(None, period, base_model, prob)
    try:
        border = float(decades)
    except ValueError:
        raise QueryError(f"--decades: cannot read {decades[:40]!r} as a number; 2 is a hundredfold.") from None
    make_folder(out, "--out")

    from bayes_frontier.analysis.emergence import emergence as answer

    frontier = load(fit)
    result = answer(frontier, decades=border, **asked.options)
    numbers = result.summary
    names = [str(task) for task in numbers["task"].to_numpy()]
    rows = spelled(rows_of(numbers, ("task",)), width="{:.1f}".format, observed="{:.0%}".format)
    chances = numbers["rank_probability"].transpose("task", "rank").to_numpy()
    for row, chance in zip(rows, chances, strict=True):
        row |= {f"rank_{i}": float(value) for i, value in enumerate(chance, start=1)}
    facts = about(frontier, asked, [{"period": result.period}]) | {"decades": result.decades}
    pairs = [
        {"task": a, "other": b, "more": float(numbers["more"].sel(task=a, other=b)), "verdict": str(order.item())}
        for a in names
        for b in names
        if a != b and (order := numbers["order"].sel(task=a, other=b)) is not None
    ]
    text = form == "text"
    shown = [Column("task", "task"), *columns("width", "decades", form), *columns("observed", "observed", form)]
    shown += [] if text else [*columns("start", "", form), *columns("end", "", form)]
    shown += [Column("abrupt", f"P(< {result.decades:g})", probability_words)]
    shown += [Column(f"rank_{i}", f"P(rank {i})", probability_words) for i in range(1, len(names) + 1)]
    shown.append(Column("verdict", "verdict"))
    whose = whose_models(asked.base_model)
    header = [
        f"Abruptness of the boundary of {whose} in the period '{result.period}', the most abrupt first.",
        "decades: of compute, from 10 to 90% of the rise; observed: share of the rise within the models' compute; "
        f"median ({share_words(result.prob)} credible interval).",
    ]
    show(Answer(facts | {"pairs": pairs}, shown, rows, [*result.sentences, "", *header]), form)
    draw(out, "emergence.png", lambda plots: plots.plot_emergence(result).figure)


@app.command("portfolio", rich_help_panel=given.ASK)
def portfolio(
    fit: given.FitFile,
    targets: Annotated[
        Path,
        typer.Argument(
            metavar="TARGETS.toml",
            help='A table [targets."task"] each, with score (0 to 1), and if wanted weight and cost.',
        ),
    ],
    flops: Annotated[
        Sequence[float] | None, given.flops_option("Compute asked about:", "the least that meets all targets")
    ] = None,
    prob: Annotated[
        float,
        given.option(
            "P",
            "Probability with which targets are to be met, above 0.5.",
            parser=given.parser(given.probability, "--prob"),
        ),
    ] = 0.9,
    trade_off: Annotated[
        str | None,
        given.option(
            "TASK,TASK",
            "Also the pairs of targets on these two tasks that are met together, at each compute asked about.",
        ),
    ] = None,
    period: given.Period = None,
    base_model: given.BaseModel = None,
    metrics: given.Metrics = None,
    out: Annotated[Path | None, given.picture_option("pictures, portfolio.png and trade-off.png")] = None,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Show whether several targets are attainable at once, and at which compute.

    Example: targets.toml

        price = 1e-19            # of a FLOP, in the unit of the costs

        [targets.bbh]
        score = 0.65

        [targets.math_lvl_5]
        score = 0.5
        weight = 2               # in the share of targets met
        cost = 250000            # of missing it

    and then

        bayes-frontier portfolio fit.nc targets.toml --flops 1e23,1e24

    A target stated as `value` in place of `score` is on the metric's own scale; give the --metrics that the fit was
    made with. The probability of all targets is taken from joint draws, not multiplied. At each compute the verdict is
    attainable, not attainable (P at least --prob), or open. In JSON, null stands for more compute than was searched.
    """
    form = form_of(as_json, as_csv)
    if fit.suffix == ".toml" and targets.suffix != ".toml":
        # the order of earlier versions
        fit, targets = targets, fit
    asked = question(None, period, base_model, prob)
    pair = names_list([trade_off]) if trade_off is not None else None
    if pair is not None and len(pair) != 2:
        raise QueryError(f"--trade-off: name two tasks, as bbh,gpqa; found {len(pair)}.")
    make_folder(out, "--out")

    from bayes_frontier.analysis.portfolio import portfolio as answer
    from bayes_frontier.analysis.portfolio import trade_off as trade

    frontier = load(fit)
    result = answer(frontier, targets, flops, metrics=metrics, **asked.options)
    shown = [float(value) for value in result.summary["flops"].to_numpy().reshape(-1)]
    pairs = None if pair is None else trade(frontier, pair[0], pair[1], shown, **asked.options)
    needed = rows_of(result.summary[["needed", "last"]], ("task",))
    for row, target in zip(needed, result.goals.targets, strict=True):
        row |= {"score": target.score, "weight": target.weight, "cost": target.cost}
    facts = about(frontier, asked, [{"period": result.period}]) | {
        "targets": needed,
        "least_flops": result.least_flops,
        "cheapest_flops": result.cheapest_flops,
        "unattainable": float(result.summary["unattainable"]),
        "flops_range": list(result.flops_range),
    }
    if pairs is not None:
        facts["trade_off"] = {"tasks": pair, "points": records(pairs)}
    _show(result, facts, needed, form)
    draw(out, "portfolio.png", lambda plots: plots.plot_portfolio(result).figure)
    if pairs is not None:
        draw(out, "trade-off.png", lambda plots: plots.plot_trade_off(pairs).figure)


def _show(result: Portfolio, facts: dict[str, object], needed: list[dict[str, Value]], form: str) -> None:
    tasks, numbers = result.goals.tasks, result.summary
    rows = rows_of(numbers.drop_vars("met"), ("flops",))
    met = numbers["met"].transpose("task", ...).to_numpy().reshape(len(tasks), -1)
    for i, row in enumerate(rows):
        row |= {f"met_{task}": float(met[k, i]) for k, task in enumerate(tasks)}
        row["at"] = flops_words(float(row["flops"] or 0.0)) + ("*" if row["outside"] else "")
    priced = not math.isnan(result.cheapest_flops)
    text = form == "text"
    columns = [Column("at", "FLOPs") if text else Column("flops", "FLOPs")]
    columns += [
        Column(f"met_{task}", f"P({task} >= {target.score:g})", probability_words)
        for task, target in zip(tasks, result.goals.targets, strict=True)
    ]
    columns += [
        Column("all_met", "P(all)", probability_words),
        Column("independent", ""),
        Column("share", "share met" if len(tasks) > 1 else "", "{:.2f}".format),
        *titled(
            "{:.4g}".format,
            miss_cost="cost of misses" if priced else "",
            total_cost="with compute" if priced and result.goals.price else "",
        ),
        *titled(str, outside="", verdict="verdict"),
    ]
    if not text:
        show(Answer(facts, columns, rows), form)
        return
    whose = whose_models(facts["base_model"])
    header = [
        f"Targets within the boundary of {whose} in the period '{result.period}': probabilities, from joint draws."
    ]
    show(Answer(facts, columns, rows, header, ["", *result.sentences, ""]), form)
    together = {f"needed_{part}": float(numbers["needed_all"].sel(statistic=part)) for part in PARTS}
    rows = [*needed, {"task": "all together", "score": None, "last": None, **together}]
    words = searched_words(*result.flops_range)
    columns = [
        Column("task", "target"),
        Column("score", "score", "{:g}".format),
        *titled(words, needed_median="FLOPs needed (median)", needed_lower="lower", needed_upper="upper"),
        Column("last", "P(last to be met)", probability_words),
    ]
    header = [f"Compute needed; lower, upper: {share_words(result.prob)} credible interval."]
    show(Answer({}, columns, rows, header), "text")
