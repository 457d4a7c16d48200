"""`contamination`: whether a task is shifted for models released after a date, given other tasks of the same models.

The logit of the score is regressed on the logits of reference tasks (and their squares), an indicator of release after
the date, and effects of base models, see `contamination_model`. The shift is stated in scores: how much higher models
released after the date score than they would have before, on average. It is no proof of contamination, so it comes
with what it depends on: other dates, a trend in time beside the step, base models with models on both sides only,
references that are noisy measures of one quality (see `contamination_quality`); how large an unmeasured difference
would explain it; and its robustness value (Cinelli & Hazlett 2020, JRSS B 82, 39), the share of what is left of both
date and score that something unmeasured would have to explain.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit, logit

from bayes_frontier.analysis.contamination_model import KEPT, regress
from bayes_frontier.analysis.contamination_quality import expected_quality
from bayes_frontier.analysis.contamination_verdicts import BOTH_SIDES, DELTA, NOISY, PROB, TREND, settled, verdict
from bayes_frontier.analysis.verdicts import check_settings
from bayes_frontier.errors import DataError, QueryError
from bayes_frontier.wording import count, listed, suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bayes_frontier.evaluations.container import Evaluations
    from bayes_frontier.model.pinball import FloatArray

# Items behind a score where they are not known: what keeps the logit of 0 and 1 finite.
_ITEMS = 1000.0
# Fewest models on each side of the date, and base models in all.
FEWEST = 20
_FEWEST_BASES = 5
# Other dates tried: these shares of the models were released before them.
_SHARES = (0.2, 0.35, 0.5, 0.65, 0.8)
# Draws of the quality behind references.
_IMPUTED = 5


def contamination(
    evaluations: Evaluations,
    after: dt.date | str,
    *,
    tasks: Sequence[str] | str | None = None,
    references: Sequence[str] | str | None = None,
    delta: float = DELTA,
    prob: float = PROB,
    sensitivity: bool = True,
    seed: int = 1,
) -> xr.Dataset:
    """Ask whether tasks are shifted after a date, given references.

    Parameters
    ----------
    evaluations : Evaluations
        Scores with release dates; models known to be pretrained only are left out.
    after : date or str
        The date, as yyyy-mm-dd; models released on it count as before.
    tasks : str or sequence of str, optional
        Tasks asked about; none: all.
    references : str or sequence of str, optional
        Tasks that say how good a model is; none: all others.
    delta : float
        Smallest shift that matters, in scores.
    prob : float
        Probability that a verdict asks for, and of the equal-tailed intervals; above 0.5.
    sensitivity : bool
        Whether to try other dates and models too.
    seed : int
        Seed of the draws.

    Returns
    -------
    xarray.Dataset
        Dim task: before, after (models), base_models, both (those with models on both sides), median, lower, upper
        (shift in scores), up, down, still, positive (probabilities that the shift is above delta, below -delta,
        between, above 0), logit_shift, tipping (end of the logit shift's interval nearest zero, 0 where it holds zero),
        explained (difference between the models after and before that the references explain, logit scale), robustness
        (robustness value) and verdict; draws of the shift as shift (chain, draw, task). With sensitivity: dim analysis,
        its other_median, other_lower, other_upper, other_up, other_verdict (by task; NaN and "" where it could not be
        made).

    Raises
    ------
    QueryError
        If a task is not there, a reference is the task itself, or a setting is out of range.
    DataError
        If too few models lie on one side of the date, such as for one before the first model.
    """
    check_settings(delta, prob)
    day = _day(after)
    asked = _names(evaluations, tasks, "tasks")
    given = None if references is None else _names(evaluations, references, "references")
    parts = []
    for number, task in enumerate(asked):
        used = [name for name in (given or evaluations.tasks) if given is not None or name != task]
        if task in used or not used:
            raise QueryError(f"references: {task!r} cannot be its own reference; name other tasks.")
        parts.append(_ask(evaluations, task, used, day, (delta, prob, seed + 1000 * number), sensitivity))
    found = xr.concat(parts, dim=pd.Index(asked, name="task"), join="outer", fill_value=_FILL)
    return found.assign_attrs(
        after=day.isoformat(), delta=delta, prob=prob, references=", ".join(given or ["all others"])
    )


_OTHER = ("median", "lower", "upper", "up", "positive", "verdict")
_FILL = {f"other_{part}": "" if part == "verdict" else np.nan for part in _OTHER}


def _day(after: dt.date | str) -> dt.date:
    try:
        return after if isinstance(after, dt.date) else dt.date.fromisoformat(after.strip())
    except ValueError:
        raise QueryError(f"after: cannot read {after!r} as a date; write it as 2024-07-01.") from None


def _names(evaluations: Evaluations, names: Sequence[str] | str | None, what: str) -> list[str]:
    wanted = [names] if isinstance(names, str) else list(evaluations.tasks if names is None else names)
    for name in wanted:
        if name not in evaluations.tasks:
            raise QueryError(
                f"{what}: no task {name!r} in {evaluations.source}.{suggestion(name, evaluations.tasks)} "
                f"There: {listed(evaluations.tasks)}."
            )
    return list(dict.fromkeys(wanted))


def _rows(evaluations: Evaluations, task: str, references: list[str]) -> pd.DataFrame:
    """Gather the records that have everything: y and a column a reference (logits), base_model, day (a number)."""
    models, table = evaluations.models, evaluations.table
    stated = table.pivot_table(index="row", columns="task", values="n_items", aggfunc="first")
    stated = stated.reindex(index=range(len(models)), columns=[task, *references])
    items = stated.fillna(_ITEMS).to_numpy(float)
    scores = models[[task, *references]].to_numpy(float)
    rows = pd.DataFrame(logit((scores * items + 0.5) / (items + 1.0)), columns=["y", *references])
    rows["base_model"] = models["base_model"].to_numpy(dtype=object)
    rows["day"] = (models["released"] - pd.Timestamp("2020-01-01")).dt.total_seconds().to_numpy() / 86400.0
    keep = rows.notna().all(axis=1) & (models["stage"] != "pretrained").to_numpy()
    if not keep.any():
        raise DataError(
            f"{evaluations.source}: no post-trained model has a date and scores on {task} and {listed(references)}."
        )
    return rows[keep].reset_index(drop=True)


def _number(day: dt.date) -> float:
    # the whole day counts as before
    return float((day - dt.date(2020, 1, 1)).days + 1)


def _check_sides(rows: pd.DataFrame, cut: float, day: dt.date, source: str) -> None:
    late = rows["day"] >= cut
    for n, side in ((int((~late).sum()), "up to"), (int(late.sum()), "after")):
        if n < FEWEST:
            first, last = (
                pd.Timestamp("2020-01-01") + pd.Timedelta(days=float(rows["day"].quantile(q))) for q in (0.0, 1.0)
            )
            raise DataError(
                f"{source}: {count(n, 'model')} {side} {day}, at least {FEWEST} are needed on both sides. The models "
                f"are from {first:%Y-%m-%d} to {last:%Y-%m-%d}; choose a date between."
            )
    if rows["base_model"].nunique() < _FEWEST_BASES:
        raise DataError(
            f"{source}: {count(rows['base_model'].nunique(), 'base model')}; at least {_FEWEST_BASES} are needed."
        )


def _ask(
    evaluations: Evaluations,
    task: str,
    references: list[str],
    day: dt.date,
    settings: tuple[float, float, int],
    sensitivity: bool,
) -> xr.Dataset:
    delta, prob, seed = settings
    rows = _rows(evaluations, task, references)
    cut = _number(day)
    _check_sides(rows, cut, day, evaluations.source)
    late = (rows["day"] >= cut).to_numpy()
    sides = rows.assign(late=late).groupby("base_model")["late"].nunique()
    shift, step, explained = _shift(rows, references, late, seed)
    found = {key: ((), value) for key, value in _summary(shift, delta, prob).items()}
    low, high = np.quantile(step, [0.5 - prob / 2.0, 0.5 + prob / 2.0])
    freedom = max(rows["base_model"].nunique() - 2 * len(references) - 2, 1)
    f = abs(float(step.mean() / step.std())) / np.sqrt(freedom)
    facts = {
        "before": int((~late).sum()),
        "after": int(late.sum()),
        "base_models": len(sides),
        "both": int((sides == 2).sum()),
        "logit_shift": float(np.median(step)),
        "tipping": float(low if low > 0 else high if high < 0 else 0.0),
        "explained": explained,
        "robustness": 0.5 * (np.sqrt(f**4 + 4.0 * f**2) - f**2),
    }
    made = xr.Dataset({**found, **{key: ((), value) for key, value in facts.items()}})
    made["shift"] = (("chain", "draw"), shift)
    if sensitivity:
        others = _others(rows, references, day, settings)
        words = dict(zip(others["analysis"].to_numpy(), others["other_verdict"].to_numpy(), strict=True))
        above = dict(zip(others["analysis"].to_numpy(), others["other_positive"].to_numpy(), strict=True))
        made = made.merge(others).assign(verdict=((), settled(str(made["verdict"].item()), words, above, prob)))
    return made


def _summary(shift: FloatArray, delta: float, prob: float) -> dict[str, object]:
    median, lower, upper = np.quantile(shift, [0.5, 0.5 - prob / 2.0, 0.5 + prob / 2.0])
    chances = [float(part.mean()) for part in (shift > delta, shift < -delta, np.abs(shift) <= delta)]
    return {
        "median": float(median),
        "lower": float(lower),
        "upper": float(upper),
        **dict(zip(("up", "down", "still"), chances, strict=True)),
        "positive": float((shift > 0.0).mean()),
        "verdict": verdict((chances[0], chances[1], chances[2]), prob),
    }


def _shift(
    rows: pd.DataFrame, references: list[str], late: np.ndarray, seed: int, *, trend: bool = False
) -> tuple[FloatArray, FloatArray, float]:
    """Draws of the shift in scores and on the logit scale, and what the references explain on the latter."""
    return _stepped(rows, rows[references].to_numpy(float), late, seed, trend=trend)


def _noisy_shift(rows: pd.DataFrame, references: list[str], late: np.ndarray, seed: int) -> FloatArray:
    """Draws of the shift given the quality behind the references; empty where they do not show one."""
    rng = np.random.default_rng(seed)
    given = rows[references].to_numpy(float)
    code = pd.factorize(rows["base_model"], sort=True)[0].astype(np.int64)
    parts = []
    for number in range(_IMPUTED):
        quality = expected_quality(given, code, late.astype(np.int64), rng)
        if len(quality) == 0:
            return np.empty(0)
        parts.append(_stepped(rows, quality[:, None], late, seed + number, kept=KEPT // 2)[0])
    return np.concatenate(parts, axis=1)


def _stepped(
    rows: pd.DataFrame, given: FloatArray, late: np.ndarray, seed: int, *, trend: bool = False, kept: int | None = None
) -> tuple[FloatArray, FloatArray, float]:
    z = (given - given.mean(axis=0)) / np.maximum(given.std(axis=0), 1e-9)
    columns = [np.ones(len(rows)), *z.T, *(z**2).T, late.astype(float)]
    if trend:
        days = rows["day"].to_numpy(float)
        columns.append((days - days.mean()) / max(float(days.std()), 1e-9))
    x = np.column_stack(columns)
    code, _ = pd.factorize(rows["base_model"], sort=True)
    fitted = regress(rows["y"].to_numpy(float), x, code.astype(np.int64), late.astype(np.int64), seed, kept=kept)
    place = 1 + 2 * z.shape[1]
    step = fitted.coefficients[..., place]
    after = x[late]
    # where the later models would have been without the step, and where they are with it
    level = (
        after @ np.moveaxis(fitted.coefficients, -1, 0).reshape(x.shape[1], -1) + fitted.effects[code[late], 1][:, None]
    )
    moved = (expit(level) - expit(level - step.ravel())).mean(axis=0).reshape(step.shape)
    mean = fitted.coefficients.mean(axis=(0, 1))
    parts = x[:, 1:place] @ mean[1:place]
    return moved, step, float(parts[late].mean() - parts[~late].mean())


def _others(rows: pd.DataFrame, references: list[str], day: dt.date, settings: tuple[float, float, int]) -> xr.Dataset:
    """Other dates, and what else could look like a shift: see `EXPLANATIONS`."""
    delta, prob, seed = settings
    start = pd.Timestamp("2020-01-01")
    dates = [(start + pd.Timedelta(days=float(rows["day"].quantile(share)))).date() for share in _SHARES]
    tried = {f"date {other.isoformat()}": (rows, _number(other)) for other in dict.fromkeys(dates) if other != day}
    cut = _number(day)
    sides = rows.assign(late=rows["day"] >= cut).groupby("base_model")["late"].transform("nunique")
    tried[TREND] = (rows, cut)
    tried[BOTH_SIDES] = (rows[(sides == 2).to_numpy()].reset_index(drop=True), cut)
    if len(references) > 1:
        tried[NOISY] = (rows, cut)
    found: dict[str, list[object]] = {key: [] for key in _OTHER}
    for number, (name, (used, at)) in enumerate(tried.items()):
        late = (used["day"] >= at).to_numpy()
        shift = np.empty(0)
        if min(late.sum(), (~late).sum()) >= FEWEST and used["base_model"].nunique() >= 2:
            shift = (
                _noisy_shift(used, references, late, seed + number + 1)
                if name == NOISY
                else _shift(used, references, late, seed + number + 1, trend=name == TREND)[0]
            )
        one = _summary(shift, delta, prob) if shift.size else {**dict.fromkeys(_OTHER, np.nan), "verdict": ""}
        for key, values in found.items():
            values.append(one[key])
    return xr.Dataset(
        {f"other_{key}": ("analysis", np.array(values)) for key, values in found.items()},
        coords={"analysis": list(tried)},
    )
