"""`contamination`: whether a task is shifted for models released after a date, given other tasks of the same models."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit, logit

from bayes_frontier.errors import DataError, QueryError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.model.likelihood import FloatArray, IntArray
from bayes_frontier.posterior.drift import DELTA, chances_of_change, check_settings, choose_statement
from bayes_frontier.text import count, listed, suggestion

FRAGILE = ", fragile"
OPEN = "cannot tell"
VERDICTS = ("shifted up", "shifted down", "shifted up" + FRAGILE, "shifted down" + FRAGILE, "no shift", OPEN)
"""Scores of later models against what the references lead to expect, given their base models; fragile: less than half
of the other analyses come to the same, or one of `EXPLANATIONS` leaves its direction open."""
TREND, BOTH_SIDES, NOISY = "with a trend in time", "base models on both sides", "references as noisy measures"
EXPLANATIONS = {
    TREND: "a gradual change",
    BOTH_SIDES: "other base models",
    NOISY: "references that measure quality badly",
}
"""Analyses that let something else than a shift explain the scores, and what that is."""
PROB = 0.95
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
    """Gather the records that have everything: y and one column per reference (logits), base_model, day (a number)."""
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
    shift, step, explained = _stepped(rows, rows[references].to_numpy(float), late, seed)
    low, high = np.quantile(step, [0.5 - prob / 2.0, 0.5 + prob / 2.0])
    freedom = max(rows["base_model"].nunique() - 2 * len(references) - 2, 1)
    f = abs(float(step.mean() / step.std())) / np.sqrt(freedom)
    numbers = {
        **_summary(shift, delta, prob),
        "before": int((~late).sum()),
        "after": int(late.sum()),
        "base_models": len(sides),
        "both": int((sides == 2).sum()),
        "logit_shift": float(np.median(step)),
        "tipping": float(low if low > 0 else high if high < 0 else 0.0),
        "explained": explained,
        "robustness": 0.5 * (np.sqrt(f**4 + 4.0 * f**2) - f**2),
    }
    made = xr.Dataset({key: ((), value) for key, value in numbers.items()})
    made["shift"] = (("chain", "draw"), shift)
    if sensitivity:
        others = _others(rows, references, day, settings)
        words = dict(zip(others["analysis"].to_numpy(), others["other_verdict"].to_numpy(), strict=True))
        above = dict(zip(others["analysis"].to_numpy(), others["other_positive"].to_numpy(), strict=True))
        made = made.merge(others).assign(verdict=((), settled(str(made["verdict"].item()), words, above, prob)))
    return made


def _summary(shift: FloatArray, delta: float, prob: float) -> dict[str, object]:
    median, lower, upper = np.quantile(shift, [0.5, 0.5 - prob / 2.0, 0.5 + prob / 2.0])
    chances = chances_of_change(xr.DataArray(shift, dims=("chain", "draw")), delta)
    verdict = choose_statement(dict(zip(("shifted up", "shifted down", "no shift"), chances, strict=True)), prob, OPEN)
    return {
        "median": float(median),
        "lower": float(lower),
        "upper": float(upper),
        **dict(zip(("up", "down", "still"), map(float, chances), strict=True)),
        "positive": float((shift > 0.0).mean()),
        "verdict": str(verdict.item()),
    }


def _noisy_shift(rows: pd.DataFrame, given: FloatArray, late: np.ndarray, seed: int) -> FloatArray:
    """Draws of the shift given the quality behind the references; empty where they do not show one."""
    rng = np.random.default_rng(seed)
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
    """Draws of the shift in scores and on the logit scale, and what the references explain on the latter."""
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
            given = used[references].to_numpy(float)
            shift = (
                _noisy_shift(used, given, late, seed + number + 1)
                if name == NOISY
                else _stepped(used, given, late, seed + number + 1, trend=name == TREND)[0]
            )
        one = _summary(shift, delta, prob) if shift.size else {**dict.fromkeys(_OTHER, np.nan), "verdict": ""}
        for key, values in found.items():
            values.append(one[key])
    return xr.Dataset(
        {f"other_{key}": ("analysis", np.array(values)) for key, values in found.items()},
        coords={"analysis": list(tried)},
    )


def settled(word: str, others: Mapping[str, str], positive: Mapping[str, float], prob: float) -> str:
    """Weigh a verdict by what other analyses come to."""
    made = [other for other in others.values() if other]
    if not word.startswith("shifted") or not made:
        return word
    # other dates see less of a shift than its own, so half of all analyses will do; but what could explain the shift
    # away has to leave its direction standing, each by itself
    fragile = 2 * made.count(word) < len(made) or explained_away(word, others, positive, prob)
    return word + FRAGILE if fragile else word


def explained_away(word: str, others: Mapping[str, str], positive: Mapping[str, float], prob: float) -> list[str]:
    """Name what could explain a shift away."""
    if not word.startswith("shifted"):
        return []
    up = word.startswith("shifted up")
    return [
        words
        for name, words in EXPLANATIONS.items()
        if others.get(name) and (positive[name] if up else 1.0 - positive[name]) < prob
    ]


def meaning(
    task: str,
    references: str,
    word: str,
    others: Sequence[str],
    tipping: float,
    explained: float,
    instead: Sequence[str] = (),
) -> str:
    """Say what a verdict means."""
    bare = word.removesuffix(FRAGILE)
    same = f"Of {len(others)} other analyses {list(others).count(bare)} come to the same." if others else ""
    if bare == "no shift":
        return f"{task}: after the date as before, given {references}. {same}"
    if bare == OPEN:
        return f"{task}: the data do not tell whether it shifted, given {references}. {same}"
    side = "higher" if bare == "shifted up" else "lower"
    other = (
        "Contamination would look like this; so would training aimed at the task, a new marking, or references on "
        "which later models fall behind."
        if side == "higher"
        else "A harder marking would look like this, or references that leaked or were aimed at."
    )
    size = f" ({abs(tipping / explained):.1f} times what is explained)" if abs(explained) > 0.02 else ""
    weak = " That is not enough to speak of a shift at this date." if word != bare else ""
    if instead:
        weak = f" {' or '.join(instead).capitalize()} would explain it as well:{weak.lower().removesuffix('.')}."
    return (
        f"{task}: {side} after the date than expected from {references}. {same}{weak} {other} It would vanish if later "
        f"models differed by {tipping:+.2f} on its logit scale{size} in a way that is not measured here."
    )


# Robust regression of the scores, with an effect of each base model and of its side of the date, by Gibbs sampling.

FREEDOM = 4.0
_PRIOR_SD = 10.0
CHAINS, BURN, KEPT = 2, 150, 500


@dataclass(frozen=True)
class Fitted:
    """Draws of the regression."""

    coefficients: FloatArray  # (n_chains, n_draws, n_columns): b
    sigma: FloatArray  # sigma, tau, eta (n_chains, n_draws): scales of residuals, of base models, and of their sides
    tau: FloatArray
    eta: FloatArray
    effects: FloatArray  # (n_base_models, 2): posterior means of u + v, by side


def regress(
    y: FloatArray, x: FloatArray, base: IntArray, side: IntArray, seed: int, *, kept: int | None = None
) -> Fitted:
    """Draw from the posterior. Shapes: y (n,), x (n, n_columns), base (n,), side (n,)."""
    kept = KEPT if kept is None else kept
    rng = np.random.default_rng(seed)
    n_bases, columns = int(base.max()) + 1, x.shape[1]
    cell = 2 * base + side
    # records of a cell stand together, so that sums by cell are cheap; cells without records keep sums of zero
    order = np.argsort(cell, kind="stable")
    y, x, cell = y[order], x[order], cell[order]
    present, first = np.unique(cell, return_index=True)
    shape = (CHAINS, kept)
    coefficients, sigma, tau, eta = np.empty((*shape, columns)), *(np.empty(shape) for _ in range(3))
    effects = np.zeros(2 * n_bases)
    with_y = np.column_stack([x, y, np.ones(len(y))])
    for chain in range(CHAINS):
        s2, t2, h2 = float(np.var(y)) * np.exp(rng.normal(0.0, 0.5)), 0.05, 0.01
        mixed, weight = np.ones(3), np.ones(len(y))
        for step in range(BURN + kept):
            heavy = with_y * weight[:, None]
            sums = np.zeros((2 * n_bases, columns + 2))
            sums[present] = np.add.reduceat(heavy, first, axis=0)
            sums = sums.reshape(n_bases, 2, columns + 2)
            known, total = sums[..., :-1], sums[..., -1]
            inner = _inverse(total, s2, t2, h2)
            # X'WX and X'Wy in one, less what the effects take
            gram = x.T @ heavy[:, :-1] - np.einsum("bik,bij,bjl->kl", known[..., :-1], inner, known)
            precision = gram[:, :-1] / s2 + np.eye(columns) / _PRIOR_SD**2
            mean = np.linalg.solve(precision, gram[:, -1] / s2)
            b = mean + np.linalg.solve(np.linalg.cholesky(precision).T, rng.standard_normal(columns))
            r = np.einsum("bij,bj->bi", inner, known[..., -1] - known[..., :-1] @ b)
            r += np.einsum("bij,bj->bi", np.linalg.cholesky(inner * s2), rng.standard_normal((n_bases, 2)))
            # the part of both sides' effects that is the base model's
            share = 1.0 / (1.0 / t2 + 2.0 / h2)
            u = share * r.sum(axis=1) / h2 + np.sqrt(share) * rng.standard_normal(n_bases)
            residual = y - x @ b - r.ravel()[cell]
            weight = rng.gamma(0.5 * (FREEDOM + 1.0), 2.0 / (FREEDOM + residual**2 / s2))
            squares = (weight @ residual**2, u @ u, ((r - u[:, None]) ** 2).sum())
            counts = (len(y), n_bases, 2 * n_bases)
            s2, t2, h2 = (
                (1.0 / mix + 0.5 * float(square)) / rng.gamma(0.5 * (count + 1.0))
                for mix, square, count in zip(mixed, squares, counts, strict=True)
            )
            mixed = (1.0 + 1.0 / np.array([s2, t2, h2])) / rng.gamma(1.0, size=3)
            if step >= BURN:
                k = step - BURN
                coefficients[chain, k] = b
                sigma[chain, k], tau[chain, k], eta[chain, k] = np.sqrt([s2, t2, h2])
                effects += r.ravel() / (CHAINS * kept)
    return Fitted(coefficients, sigma, tau, eta, effects.reshape(n_bases, 2))


def _inverse(total: FloatArray, s2: float, t2: float, h2: float) -> FloatArray:
    """Inverse of ``s2 * Sigma**-1 + diag(total)`` by base model, Sigma = t2 + h2 I; shape (n_base_models, 2, 2)."""
    outside = s2 / h2 * t2 / (2.0 * t2 + h2)
    a, d = (s2 / h2 - outside + total[:, i] for i in (0, 1))
    determinant = a * d - outside**2
    found = np.empty((len(total), 2, 2))
    found[:, 0, 0], found[:, 1, 1] = d / determinant, a / determinant
    found[:, 0, 1] = found[:, 1, 0] = outside / determinant
    return found


# Quality behind references that measure it badly: one factor, and what is left of each reference is noise.

# Deviations beyond this many robust standard deviations are those of broken models.
_CLIP = 4.0
# Below this share of a reference's variation in common, on average, there is no factor to speak of.
_LEAST = 0.1
_STEPS = 60


def expected_quality(references: FloatArray, base: IntArray, side: IntArray, rng: np.random.Generator) -> FloatArray:
    """Draw the references' factor and return what it lets expect, (n,). Shapes: references (n, n_references)."""
    cell = 2 * base + side
    size = np.bincount(cell, minlength=cell.max() + 1).astype(float)
    sums = np.stack([np.bincount(cell, one, minlength=len(size)) for one in references.T], axis=1)
    mean = (sums / np.maximum(size, 1.0)[:, None])[cell]
    away = references - mean
    several = size[cell] > 1
    own = (away * np.sqrt(size / np.maximum(size - 1.0, 1.0))[cell, None])[several]
    spread = 1.4826 * np.median(np.abs(own), axis=0)
    if len(own) < 2 or not (spread > 0.0).all():
        return np.empty(0)
    own = np.clip(own, -_CLIP * spread, _CLIP * spread)
    weight = rng.exponential(size=int(base.max()) + 1)[base[several]]
    covariance = np.einsum("i,ij,ik->jk", weight, own, own) / weight.sum()
    loading = one_factor(covariance)
    noise = np.diag(covariance) - loading**2
    if (loading**2 / np.diag(covariance)).mean() < _LEAST:
        return np.empty(0)
    between = loading / noise / (loading**2 / noise).sum()
    return np.asarray(mean @ between + away @ np.linalg.solve(covariance, loading))


def one_factor(covariance: FloatArray) -> FloatArray:
    """Fit one common factor by iterated principal axes. Shapes: covariance (n, n), returns (n,)."""
    scale = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(scale, scale)
    off = np.abs(correlation - np.eye(len(scale)))
    common = off.max(axis=1)
    loading = np.zeros(len(scale))
    for _ in range(_STEPS):
        values, vectors = np.linalg.eigh(correlation - np.eye(len(scale)) + np.diag(common))
        first = vectors[:, -1] * np.sign(vectors[:, -1].sum() or 1.0)
        loading = np.clip(np.sqrt(max(float(values[-1]), 0.0)) * first, 0.0, 0.99)
        common = loading**2
    return np.asarray(loading * scale)
