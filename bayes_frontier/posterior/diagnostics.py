"""Convergence of the boundaries: R-hat, effective sample sizes, and the gate that refuses to report without it.

The numbers are ArviZ's, to rounding (a test holds them against it). They are computed here because a fit has thousands
of quantities, of which ArviZ takes one after the other: 13.9 s of processor time against 1.4 for 1,026 quantities of
4,000 draws (arviz-stats 1.x), every time a new fit is tried for convergence.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy import fft, stats
from scipy.special import ndtri

Floats = npt.NDArray[np.float64]

TAILS = (0.05, 0.95)
# Quantities at a time: their arrays stay in the processor's cache, more or less.
_BLOCK = 16
# Blom's offset for normal scores.
_BLOM = 0.375
_LEAST_DRAWS, _LEAST_CHAINS = 4, 2


def chain_diagnostics(draws: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Rank-normalised split R-hat, bulk and tail effective sample size."""
    values = np.asarray(draws, dtype=np.float64)
    numbers = np.full((3, len(values)), np.nan)
    if values.shape[1] < _LEAST_CHAINS or values.shape[2] < _LEAST_DRAWS:
        return numbers[0], numbers[1], numbers[2]
    finite = np.flatnonzero(np.isfinite(values).all(axis=(1, 2)))
    for first in range(0, len(finite), _BLOCK):
        block = finite[first : first + _BLOCK]
        numbers[:, block] = _block(values[block])
    return numbers[0], numbers[1], numbers[2]


def _block(values: Floats) -> Floats:
    halves = _split(values)
    centre = np.median(halves, axis=(1, 2), keepdims=True)
    scores = _normal_scores(halves)
    quantiles = np.quantile(values, TAILS, axis=(1, 2))
    tails = [effective_size(_split(values <= level[:, None, None])) for level in quantiles]
    r_hat = np.maximum(_r_hat(scores), _r_hat(_normal_scores(np.abs(halves - centre))))
    return np.stack([r_hat, effective_size(scores), np.minimum(*tails)])


def _split(values: npt.NDArray[np.generic]) -> Floats:
    """Cut each chain in two; the draw in the middle of an odd number is left out."""
    half = values.shape[2] // 2
    return np.concatenate([values[:, :, :half], values[:, :, -half:]], axis=1).astype(np.float64)


def _normal_scores(values: Floats) -> Floats:
    flat = values.reshape(len(values), -1)
    n = flat.shape[1]
    # ranks of ties are averaged, so twice a rank is an integer
    table = ndtri((np.arange(2 * n + 1) / 2.0 - _BLOM) / (n - 2.0 * _BLOM + 1.0))
    order = np.argsort(flat, axis=1)
    ranks = np.empty(flat.shape, dtype=np.int64)
    np.put_along_axis(ranks, order, 2 * np.arange(1, n + 1)[None, :], axis=1)
    ordered = np.take_along_axis(flat, order, axis=1)
    for row in np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1)):
        ranks[row] = np.rint(2.0 * stats.rankdata(flat[row]))
    return np.asarray(table[ranks].reshape(values.shape))


def _r_hat(values: Floats) -> Floats:
    n = values.shape[2]
    within = values.var(axis=2, ddof=1).mean(axis=1)
    between = n * values.mean(axis=2).var(axis=1, ddof=1)
    # a quantity that does not vary is 0/0
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt((between / within + n - 1.0) / n))


def effective_size(values: Floats) -> Floats:
    """Effective sample size of means of chains."""
    _, m, n = values.shape
    means = values.mean(axis=2)
    padded = fft.next_fast_len(2 * n, real=True)
    spectrum = fft.rfft(values - means[:, :, None], padded, axis=2)
    # the transform is linear: chains are averaged before it is undone
    power = (spectrum.real**2 + spectrum.imag**2).mean(axis=1)
    covariance = fft.irfft(power, padded, axis=1)[:, :n] / n
    total = covariance[:, :1] + means.var(axis=1, ddof=1)[:, None]
    varies = np.ptp(values, axis=(1, 2)) > np.finfo(float).resolution
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = 1.0 - (covariance[:, :1] * n / (n - 1.0) - covariance) / total
    rho[:, 0] = 1.0
    # the last lags rest on next to no draws
    n_pairs = 1 + max((n - 3) // 2, 0)
    even, odd = rho[:, 0 : 2 * n_pairs : 2], rho[:, 1 : 2 * n_pairs : 2]
    pairs = even + odd
    ends = pairs <= 0.0
    ends[:, -1] = True
    stop = ends.argmax(axis=1)
    kept = np.arange(pairs.shape[1])[None, :] < stop[:, None]
    summed = np.where(kept, np.minimum.accumulate(pairs, axis=1), 0.0).sum(axis=1)
    rest, pair = (np.take_along_axis(one, stop[:, None], axis=1)[:, 0] for one in (even, pairs))
    rest = np.where(pair < 0.0, np.maximum(rest, 0.0), rest)
    time = np.maximum(-1.0 + 2.0 * summed + rest, 1.0 / np.log10(m * n))
    return np.where(varies, m * n / time, float(m * n))


R_HAT_MAX = 1.01
ESS_MIN = 400.0
# Divergent transitions as a share of draws: more than a few, and more than any posterior can be trusted with.
FEW_DIVERGENT, MOST_DIVERGENT = 0.001, 0.02


def diagnose(boundaries: xr.Dataset) -> pd.DataFrame:
    """Rank-normalised split R-hat and effective sample sizes of boundary quantities."""
    rows = []
    for name, one in boundaries.items():
        cells = one.transpose("chain", "draw", ...)
        shape = (cells.sizes["chain"], cells.sizes["draw"], -1)
        numbers = chain_diagnostics(np.moveaxis(cells.to_numpy().reshape(shape), 2, 0))
        frame = pd.DataFrame(dict(zip(("r_hat", "ess_bulk", "ess_tail"), numbers, strict=True)))
        frame.insert(0, "quantity", _labels(str(name), cells.isel(chain=0, draw=0, drop=True)))
        rows.append(frame)
    table = pd.concat(rows, ignore_index=True)
    # A quantity that does not vary has no R-hat; in draws of a boundary that is a failure, not a pass.
    excess = np.maximum(table["r_hat"].fillna(np.inf) - 1.0, 0.0) / (R_HAT_MAX - 1.0)
    shortage = ESS_MIN / table["ess_bulk"].fillna(1.0).clip(lower=1.0)
    return table.iloc[np.argsort(-np.maximum(excess, shortage), kind="stable")].reset_index(drop=True)


def passes(table: pd.DataFrame) -> pd.Series:
    """Whether each quantity passes the gate."""
    return (table["r_hat"] <= R_HAT_MAX) & (table["ess_bulk"] >= ESS_MIN)


def divergent_share(stats: xr.Dataset) -> float:
    """Share of draws that are divergent transitions; none where they are no sampler's."""
    return float(stats["diverging"].mean()) if "diverging" in stats else 0.0


def transitions(stats: xr.Dataset) -> str:
    """Say how many transitions diverged, and how many used up the sampler's steps."""
    diverging, deepest = stats["diverging"], stats.get("reached_max_treedepth")
    text = f"{int(diverging.sum()):,} of {diverging.size:,} transitions diverged ({100 * divergent_share(stats):.2g}%)"
    return text if deepest is None else f"{text}, {int(deepest.sum()):,} reached the greatest tree depth"


def explain(table: pd.DataFrame, stats: xr.Dataset, limit: int = 5) -> str:
    """Convergence in words."""
    bad = table[~passes(table)]
    worst = f"R-hat at most {table['r_hat'].max():.3f}, bulk ESS at least {table['ess_bulk'].min():,.0f}"
    if bad.empty and divergent_share(stats) > MOST_DIVERGENT:
        return f"Not converged: {transitions(stats)}. Take smaller steps (--target-accept 0.95), or look at the priors."
    if bad.empty:
        return f"Converged: {worst} over {len(table):,} boundary quantities; {transitions(stats)}."
    lines = [
        f"Not converged: {len(bad):,} of {len(table):,} boundary quantities fail (R-hat <= {R_HAT_MAX}, bulk ESS >= "
        f"{ESS_MIN:.0f}). The worst:"
    ]
    lines += [
        f"  {row.quantity}: R-hat {row.r_hat:.3f}, bulk ESS {row.ess_bulk:,.0f}" for row in bad.head(limit).itertuples()
    ]
    lines.append(f"  {transitions(stats)}.")
    lines.append("Draw more (--draws, --tune), or look at these with --allow-unconverged.")
    return "\n".join(lines)


def _labels(name: str, values: xr.DataArray) -> list[str]:
    if not values.dims:
        return [name]
    index = values.stack(cell=values.dims)["cell"].to_index()  # noqa: PD013 - xarray
    parts = (key if isinstance(key, tuple) else (key,) for key in index)
    return [f"{name}[{', '.join(str(part) for part in key)}]" for key in parts]
