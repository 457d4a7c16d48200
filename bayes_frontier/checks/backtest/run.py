"""`backtest`: fit on the past, predict the next period, compare with baselines; what is finished is kept on disk."""

from __future__ import annotations

import hashlib
import inspect
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
import xarray as xr

from bayes_frontier.checks.backtest.axis import on_axis
from bayes_frontier.checks.backtest.baselines import Baseline, Rows, choose
from bayes_frontier.checks.backtest.comparison import OURS, Backtest
from bayes_frontier.errors import ConvergenceError, DataError, QueryError, StoreError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.files import replace_file
from bayes_frontier.model.curve import log_flops
from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.parallel import Workers
from bayes_frontier.posterior.store import check_seal, sealed
from bayes_frontier.provenance import __version__, code_digest, versions

if TYPE_CHECKING:
    from bayes_frontier.model.spec import ModelSpec

CACHE = "cache"
_LIBRARIES = ("pymc", "nutpie", "numpy", "scipy", "scikit-learn")


@dataclass(frozen=True)
class Levels:
    """Levels one boundary predicts for one split.

    * values (n_models, n_tasks): scores, missing where there is no prediction
    * facts: seconds it took; of a posterior also whether it converged
    """

    values: FloatArray
    facts: Mapping[str, object]


class LevelStore:
    """Finished levels in a folder, each with a key of everything it depends on.

    * folder: where ``cache/`` is or will be; None keeps nothing
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = None if folder is None else folder / CACHE
        if self.folder is not None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreError(f"{self.folder}: no folder can be made there ({error.strerror}).") from None

    def load(self, name: str, key: str) -> Levels | None:
        """Return finished levels."""
        if self.folder is None or not (path := self.folder / f"{name}.nc").is_file():
            return None
        try:
            check_seal(path)
            with xr.open_dataset(path, engine="h5netcdf") as opened:
                found = opened.load()
            if found.attrs["key"] != key:
                return None
            return Levels(found["level"].to_numpy(), json.loads(found.attrs["facts"]))
        except (OSError, ValueError, KeyError, RuntimeError, TypeError, StoreError):
            return None

    def save(self, name: str, key: str, levels: Levels) -> None:
        """Keep finished levels, whole or not at all."""
        if self.folder is None:
            return
        attrs = {"key": key, "facts": json.dumps(dict(levels.facts))}
        data = xr.Dataset({"level": (("record", "task"), levels.values)}, attrs=attrs)
        content = sealed(data.to_netcdf(engine="h5netcdf"))
        replace_file(self.folder / f"{name}.nc", content, "Finished levels", StoreError)


def make_key(parts: Mapping[str, object]) -> str:
    """Digest what levels depend on, library versions included."""
    return hashlib.sha256(json.dumps([parts, versions(_LIBRARIES)], sort_keys=True, default=str).encode()).hexdigest()


# `backtest`: fit on the past, predict the next period, compare with baselines.

ASKED = ["model", "base_model", "flops", "released"]


@dataclass(frozen=True)
class Split:
    """One period to predict, and what came before.

    * number: from 1
    * label: label of the period predicted
    * past, last, next: all periods before it, the last of these, and the period itself
    """

    number: int
    label: str
    past: Evaluations
    last: Evaluations
    next: Evaluations

    def window(self, name: str) -> Evaluations:
        """Return the evaluations of a window."""
        return {"past": self.past, "last": self.last, "next": self.next}[name]


def rolling(evaluations: Evaluations) -> tuple[Split, ...]:
    """Split at every period but the first."""
    n = evaluations.n_periods
    if n < 2:
        raise DataError(
            f"{evaluations.source}: a backtest predicts a period from those before it, and there is only one. Close "
            "periods with dates: --periods 2024-06-30,2024-12-31."
        )
    return tuple(
        Split(
            number=t,
            label=evaluations.period_labels[t],
            past=evaluations.select(periods=list(range(t))),
            last=evaluations.select(periods=t - 1),
            next=evaluations.select(periods=t),
        )
        for t in range(1, n)
    )


def baseline_levels(baseline: Baseline, split: Split, tau: float) -> FloatArray:
    """Predict a split's period by a baseline. Shapes: returns (n_models, n_tasks)."""
    fitted, asked = split.window(baseline.window).models, split.next.models
    levels = np.full((len(asked), len(split.next.tasks)), np.nan)
    for k, task in enumerate(split.next.tasks):
        if task in fitted and fitted[task].notna().any():
            # the oracle is scored where it was fitted: a record without a score is predicted all the same
            levels[:, k] = baseline.levels(_rows(fitted[fitted[task].notna()], task), _rows(asked, task), tau)
    return levels


def _rows(models: pd.DataFrame, task: str) -> Rows:
    return Rows(
        z=log_flops(models["flops"]),
        base_model=models["base_model"].to_numpy(dtype=object),
        score=models[task].to_numpy(dtype=np.float64),
    )


def split_key(split: Split, window: str) -> str:
    """Identify what is fitted and what is predicted, periods and the order of the predicted records included."""
    fitted, asked = split.window(window), split.next
    rows = pd.util.hash_pandas_object(asked.models[[*ASKED, *asked.tasks]], index=False).to_numpy()
    digest = hashlib.sha256(rows.tobytes())
    digest.update(json.dumps([fitted.fingerprint, fitted.period_labels, fitted.tasks, asked.tasks]).encode())
    return digest.hexdigest()


# `backtest`: fit on the past, predict the next period, compare with baselines.

# What levels depend on beside data and settings.
_OUR_CODE = ("model", "posterior")
_BASELINE_CODE = ("checks/backtest/baselines.py", "checks/backtest/run.py")
# Settings of `fit` that do not change its result.
_IDLE = ("cores", "progress")


class Predictor(Protocol):
    """What a fit has to offer: `Frontier` does."""

    def predict(self, models: pd.DataFrame) -> xr.DataArray:
        """Predict the boundary of models of the next period."""
        ...


Fit = Callable[..., Predictor]


def backtest(
    evaluations: Evaluations,
    *,
    tau: float = 0.98,
    single_period: bool = False,
    axis: str = "flops",
    baselines: Sequence[str] | str | None = None,
    fit: Fit | None = None,
    folder: str | Path | None = None,
    scheduler: str | None = None,
    tell: Callable[[str], None] | None = None,
    **settings: Any,  # noqa: ANN401 - the arguments of fit, which checks them
) -> Backtest:
    """Predict each period but the first from those before it, and compare with baselines.

    Parameters
    ----------
    evaluations : Evaluations
        Scores in at least two periods.
    tau : float
        Quantile level of the boundaries.
    single_period : bool
        Fit ours to the last period before the one predicted instead of to all before it. A baseline's name says what
        it is fitted to.
    axis : {"flops", "params", "tokens"}
        What boundaries are functions of; see `bayes_frontier.checks.backtest.axis`.
    baselines : str or sequence of str, optional
        Names in `bayes_frontier.checks.backtest.baselines.BASELINES`, "all" for every one; none: the default ones.
    fit : callable, optional
        Called as ``fit(evaluations, tau=tau, **settings)``, returns what has `predict`; default: `bayes_frontier.fit`.
    folder : str or Path, optional
        Keeps finished predictions in ``cache/``; a later call with the same data, settings and code goes on from them.
    scheduler : str, optional
        Address of a Dask scheduler on whose workers the splits are fitted at once; none: one after the other, here.
    tell : callable, optional
        Called with what is being done, a line at a time.
    **settings
        Passed to `fit`: model, seed, draws and so on.

    Returns
    -------
    Backtest
        Predictions and comparisons.

    Raises
    ------
    QueryError
        If an argument is out of range or a baseline unknown.
    DataError
        If there is only one period, or no values on the axis.
    ConvergenceError
        If a fit does not converge; finished splits stay in the folder.
    StoreError
        If the folder cannot be written.
    ClusterError
        If the scheduler does not answer, its workers run other code, or are lost.
    """
    if not 0.5 <= tau <= 0.999:
        raise QueryError(f"tau must be between 0.5 and 0.999, found {tau!r}: the boundary is a high quantile (0.98).")
    chosen = choose(baselines)
    placed = on_axis(evaluations, axis)
    splits = rolling(placed)
    store = LevelStore(None if folder is None else Path(folder))
    say = tell or _silent
    window = "last" if single_period else "past"
    run = _Run(tau, store, say)
    # baselines first: they take seconds, and one that cannot be fitted should stop no finished sampling
    compared = []
    for split in splits:
        say(f"split {split.number} of {len(splits)}: {split.label}, {split.next.n_models:,} models to predict")
        compared.append({one.name: run.baseline(one, split) for one in chosen})
    ours = run.ours(splits, window, _library_fit() if fit is None else fit, settings, Workers(1, scheduler))
    levels = [{OURS: own, **others} for own, others in zip(ours, compared, strict=True)]
    about = {
        "tau": tau,
        "axis": axis,
        "window": "the last period" if single_period else "all periods before",
        "source": placed.source,
        "fingerprint": placed.fingerprint,
        "left_out": {str(reason): int(n) for reason, n in placed.dropped_by_reason().items()},
        "notes": [note for note in placed.notes if note not in evaluations.notes],
        "baselines": {one.name: {"words": one.words, "window": one.window} for one in chosen},
        "settings": {name: str(value) for name, value in settings.items() if name not in _IDLE},
        "splits": [_about_split(split, split.window(window), made) for split, made in zip(splits, levels, strict=True)],
        "version": __version__,
    }
    return Backtest(_predictions(placed.tasks, splits, window, levels, tau), about)


class _Run:
    """Levels, computed or found."""

    def __init__(self, tau: float, store: LevelStore, tell: Callable[[str], None]) -> None:
        self.tau, self.store, self.tell = tau, store, tell
        # once: files edited while a long backtest runs are not what runs
        self.our_code, self.baseline_code = code_digest(_OUR_CODE), code_digest(_BASELINE_CODE)

    def baseline(self, baseline: Baseline, split: Split) -> Levels:
        key = make_key(
            {
                "boundary": baseline.name,
                "split": split_key(split, baseline.window),
                "tau": self.tau,
                "code": self.baseline_code,
            }
        )
        return self._levels(baseline.name, split, key, lambda: baseline_levels(baseline, split, self.tau))

    def ours(
        self, splits: Sequence[Split], window: str, fit: Fit, settings: dict[str, object], workers: Workers
    ) -> list[Levels]:
        spec = _spec(settings.get("model"))
        common = {
            "boundary": OURS,
            "tau": self.tau,
            "fit": f"{fit.__module__}.{fit.__qualname__}",
            "settings": {name: value for name, value in settings.items() if name not in (*_IDLE, "model")},
            "defaults": _defaults(fit),
            "model": spec.fingerprint,
            "code": self.our_code,
        }
        keys = [make_key({**common, "split": split_key(split, window)}) for split in splits]
        found = [self._kept(OURS, split, key) for split, key in zip(splits, keys, strict=True)]
        missing = [place for place, one in enumerate(found) if one is None]
        given, tell = settings, self.tell
        if workers.scheduler is not None:
            # workers may not see the model's file, nor anybody what they say
            given, tell = settings | ({"model": spec} if "model" in settings else {}), _silent

        def keep(number: int, made: tuple[FloatArray, dict[str, object]]) -> None:
            place = missing[number]
            found[place] = self._keep(OURS, splits[place], keys[place], Levels(*made))

        workers.run(_fit_split, [(fit, splits[place], window, self.tau, given, tell) for place in missing], keep)
        return [one for one in found if one is not None]

    def _levels(self, name: str, split: Split, key: str, make: Callable[[], FloatArray]) -> Levels:
        found = self._kept(name, split, key)
        if found is not None:
            return found
        started = time.perf_counter()
        values = make()
        return self._keep(name, split, key, Levels(values, {"seconds": round(time.perf_counter() - started, 2)}))

    def _kept(self, name: str, split: Split, key: str) -> Levels | None:
        found = self.store.load(f"{split.number}-{name}", key)
        if found is not None:
            self.tell(f"  {name}, split {split.number}: finished before")
        return found

    def _keep(self, name: str, split: Split, key: str, made: Levels) -> Levels:
        self.store.save(f"{split.number}-{name}", key, made)
        self.tell(f"  {name}, split {split.number}: {made.facts['seconds']:.1f} s")
        return made


def _fit_split(
    fit: Fit, split: Split, window: str, tau: float, settings: Mapping[str, Any], tell: Callable[[str], None]
) -> tuple[FloatArray, dict[str, object]]:
    """Fit what a split knows and predict what it asks; `tell` speaks where the fit runs."""
    fitted = split.window(window)
    tell(f"  fitting {fitted.n_models:,} models in {len(fitted.period_labels)} periods ...")
    started = time.perf_counter()
    try:
        frontier = fit(fitted, tau=tau, **settings)
    except ConvergenceError as error:
        raise ConvergenceError(
            f"Split {split.number} ({split.label}): {error} Finished splits are kept where a folder is given."
        ) from None
    values = _asked(frontier, split)
    seconds = round(time.perf_counter() - started, 2)
    return values, {"converged": bool(getattr(frontier, "converged", True)), "seconds": seconds}


def _library_fit() -> Fit:
    # the sampler is imported only where something is fitted
    from bayes_frontier.posterior.fitting import fit

    return fit


def _silent(line: str) -> None:
    del line


def _defaults(fit: Fit) -> dict[str, str]:
    return {
        name: str(argument.default)
        for name, argument in inspect.signature(fit).parameters.items()
        if argument.default is not inspect.Parameter.empty and name not in _IDLE
    }


def _spec(model: object) -> ModelSpec:
    from bayes_frontier.model.spec import ModelSpec, read_spec

    if isinstance(model, ModelSpec):
        return model
    return read_spec("hierarchical" if model is None else model)  # type: ignore[arg-type]  # it checks


def _asked(frontier: Predictor, split: Split) -> FloatArray:
    """Levels of a fit for a split's records and tasks; missing for a task that was not fitted."""
    asked = split.next
    predicted = frontier.predict(asked.models[ASKED]).transpose("model", "task")
    if predicted.sizes["model"] != asked.n_models:
        raise QueryError(f"predict returned {predicted.sizes['model']:,} models for {asked.n_models:,}.")
    return np.asarray(predicted.reindex(task=list(asked.tasks)).to_numpy(), dtype=float)


def _about_split(split: Split, fitted: Evaluations, levels: Mapping[str, Levels]) -> dict[str, object]:
    models, known = split.next.models, set(fitted.models["base_model"])
    return {
        "split": split.label,
        "fitted": fitted.n_models,
        "fitted_base_models": len(known),
        "predicted": len(models),
        "new": int((~models["base_model"].isin(known)).sum()),
        "converged": levels[OURS].facts.get("converged", True),
        "seconds": {name: one.facts.get("seconds") for name, one in levels.items()},
    }


def _predictions(
    tasks: tuple[str, ...], splits: tuple[Split, ...], window: str, levels: list[dict[str, Levels]], tau: float
) -> xr.Dataset:
    models = pd.concat([split.next.models.assign(record_split=split.label) for split in splits], ignore_index=True)
    known = [split.next.models["base_model"].isin(split.window(window).models["base_model"]) for split in splits]
    names = list(levels[0])
    level = np.concatenate(
        [
            np.stack(
                [
                    pd.DataFrame(made[name].values, columns=list(split.next.tasks)).reindex(columns=list(tasks))
                    for name in names
                ]
            )
            for split, made in zip(splits, levels, strict=True)
        ],
        axis=1,
    )
    by_record = {
        name: ("record", models[name].to_numpy(dtype=object)) for name in ("record_split", "model", "base_model")
    }
    return xr.Dataset(
        {
            "level": (("boundary", "record", "task"), level),
            "score": (("record", "task"), models.reindex(columns=list(tasks)).to_numpy(dtype=float)),
            "known": ("record", np.concatenate([one.to_numpy(dtype=bool) for one in known])),
            "flops": ("record", models["flops"].to_numpy(dtype=float)),
            "source_row": ("record", models["source_row"].to_numpy(dtype=np.int64)),
            **by_record,
        },
        coords={"boundary": names, "task": list(tasks), "split": [split.label for split in splits]},
        attrs={"tau": tau},
    )
