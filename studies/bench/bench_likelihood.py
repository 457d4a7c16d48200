"""Time the likelihood and the sampler side by side with what stock PyMC offers, in one run.

Usage: python -m studies.bench.bench_likelihood [TABLE --periods DATE,DATE] [--quick] [--out DIR]

Without TABLE the scores are simulated: 3,500 models of 140 base models, 6 tasks, 4 periods. Two questions:

* How much more does a gradient of the whole model cost with about 1,000,000 scores than with about 20,000 of
  the same base models and computes?
* How many effective draws of the boundaries per second does the shipped model give, and how many the same
  hierarchy as one would write it in PyMC: one ``pm.AsymmetricLaplace`` per score and all deviations
  non-centred?

Writes bench.json and README.md to DIR (reports/bench by default).
"""

import argparse
import ctypes
import json
import math
import os
import platform
import shlex
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

import arviz as az
import numpy as np
import numpy.typing as npt
import nutpie
import pymc as pm
import xarray as xr

from bayes_frontier import __version__
from bayes_frontier.evaluations import Evaluations, read, simulate
from bayes_frontier.model.calibration import Scale
from bayes_frontier.model.data import FrontierData
from bayes_frontier.model.engine import Levels, fast_model
from bayes_frontier.model.engine.fast import exact, model_inputs
from bayes_frontier.model.likelihood import GroupedScores
from bayes_frontier.model.sample import sample
from studies.bench.stock_model import boundaries, stock_model
from studies.fast import sigmoid_spec

Floats = npt.NDArray[np.float64]
Numbers = dict[str, float]
PACKAGES = ("pymc", "pytensor", "nutpie", "numba", "numpy", "arviz")
LARGE = 1_000_000
# A gradient is timed at this many steps from each of so many draws to the next, as along a trajectory.
DRAWS, STEPS = 17, 16
# Computes at which boundaries are judged: from the 5th to the 95th percentile of the models.
GRID = (0.05, 0.25, 0.5, 0.75, 0.95)


class CompileClock:
    """Add up what nutpie's compilation takes.

    Attributes
    ----------
    seconds : float
        Wall time so far.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._compile = nutpie.compile_pymc_model

    def __call__(self, model: pm.Model, **options: Any) -> Any:  # noqa: ANN401 - nutpie is untyped
        """Compile, on the clock."""
        begun = time.perf_counter()
        compiled = self._compile(model, **options)
        self.seconds += time.perf_counter() - begun
        return compiled


def clocked(draw: Callable[[], xr.Dataset], z: Floats) -> Numbers:
    """Sample once and judge the draws."""
    clock = CompileClock()
    begun = time.perf_counter()
    with mock.patch.object(nutpie, "compile_pymc_model", clock):
        posterior = draw()
    seconds = time.perf_counter() - begun
    judged = xr.Dataset({"boundary": boundaries(posterior, z)})
    ess = float(az.ess(judged, method="bulk")["boundary"].min())
    r_hat = float(az.rhat(judged)["boundary"].max())
    return {
        "seconds": seconds,
        "seconds_compiling": clock.seconds,
        "ess_bulk_min": ess,
        "r_hat_max": r_hat,
        "ess_per_second": ess / seconds,
        "ess_per_second_compiled": ess / (seconds - clock.seconds),
    }


def gradient_seconds(compiled: dict[str, Any], rounds: int = 15) -> dict[str, float]:
    """Time the compiled density and gradient of models, in turns."""
    calls: dict[str, Callable[[], float]] = {}
    repeats: dict[str, int] = {}
    for label, one in compiled.items():
        call = _caller(one)
        calls[label] = call
        call()
        repeats[label] = max(1, round(0.05 / (DRAWS * STEPS * call())))
    seconds: dict[str, list[float]] = {label: [] for label in calls}
    for _ in range(rounds):
        for label, call in calls.items():
            seconds[label].append(statistics.fmean(call() for _ in range(repeats[label])))
    return {label: statistics.median(values) for label, values in seconds.items()}


def _caller(compiled: Any) -> Callable[[], float]:  # noqa: ANN401 - nutpie is untyped
    """Time a gradient between the draws of a short run, called as the sampler calls it."""
    pointer = ctypes.POINTER(ctypes.c_double)
    short = {"tune": 200, "draws": DRAWS, "chains": 1, "seed": 1, "progress_bar": False}
    trace = nutpie.sample(compiled, **short, store_unconstrained=True)
    draws = trace["sample_stats"]["unconstrained_draw"].to_numpy()[0]
    part = np.linspace(0.0, 1.0, STEPS, endpoint=False)[:, None]
    points = np.concatenate([a + part * (b - a) for a, b in pairwise(draws)])
    gradient, value = np.empty(compiled.n_dim), np.empty(())
    at = [x.ctypes.data_as(pointer) for x in points]
    out, density = gradient.ctypes.data_as(pointer), value.ctypes.data_as(pointer)
    function, data = compiled.compiled_logp_func.ctypes, compiled.user_data.ctypes.data

    def call() -> float:
        begun = time.perf_counter()
        failed = sum(function(compiled.n_dim, x, out, density, data) for x in at)
        seconds = time.perf_counter() - begun
        if failed:
            raise RuntimeError("the density is not finite at a point of a short run")
        return seconds / len(points)

    return call


def replicated(evaluations: Evaluations, data: FrontierData, n: int) -> GroupedScores:
    """Repeat every score with jitter, in its cell, until there are `n` or more."""
    times = math.ceil(n / evaluations.n_scores)
    scores = np.tile(evaluations.table["score"].to_numpy(float), times)
    scores = np.clip(scores + np.random.default_rng(1).normal(0.0, 0.005, len(scores)), 0.0, 1.0)
    return GroupedScores.from_scores(scores, np.tile(data.cell_of_score, times), len(data.cells))


def run(evaluations: Evaluations, options: argparse.Namespace) -> dict[str, Any]:
    """Run both comparisons."""
    spec, tau = sigmoid_spec(), options.tau
    data = FrontierData.from_evaluations(evaluations, tau)
    scores = evaluations.table["score"].to_numpy(float)
    z = np.quantile(np.log10(evaluations.models["flops"].to_numpy(float)), GRID)
    lengths = {"draws": options.draws, "tune": options.tune, "chains": options.chains, "cores": options.cores}
    scales: list[Scale] = []

    def shipped() -> xr.Dataset:
        drawn = sample(spec, evaluations, data, tau=tau, **lengths, seed=options.seed, progress=False)
        scales.append(drawn.scale)
        return drawn.posterior

    def stock() -> xr.Dataset:
        compiled = nutpie.compile_pymc_model(stock_model(spec, data, scores, data.cell_of_score, tau, scales[0]))
        settings = {**lengths, "seed": options.seed, "progress_bar": False, "save_warmup": False}
        found: xr.Dataset = nutpie.sample(compiled, **settings)["posterior"].dataset
        return found

    sampling = {"bayes_frontier": clocked(shipped, z), "stock PyMC": clocked(stock, z)}
    with exact():
        small = nutpie.compile_pymc_model(fast_model(spec, data, scales[0]))
    many = replicated(evaluations, data, LARGE if not options.quick else 50 * evaluations.n_scores)
    given = model_inputs(spec, replace(data, scores=many), scales[0], Levels.before(data))
    large = small.with_data(**{name: given[name] for name in ("cells", "pieces", "buckets")})
    plain = nutpie.compile_pymc_model(stock_model(spec, data, scores, data.cell_of_score, tau, scales[0]))
    times = gradient_seconds({"small": small, "large": large, "stock": plain})
    ours, theirs = sampling["bayes_frontier"], sampling["stock PyMC"]
    return {
        "command": shlex.join(["python", "-m", "studies.bench.bench_likelihood", *_typed(options)]),
        "source": Path(options.table).name if options.table else "simulated",
        "models": evaluations.n_models,
        "base_models": len(data.base_models),
        "tasks": len(data.tasks),
        "periods": data.n_periods,
        "cells": len(data.cells),
        "tau": tau,
        **lengths,
        "seed": options.seed,
        "gradient": {
            "scores": evaluations.n_scores,
            "scores_large": len(many.values),
            "seconds": times["small"],
            "seconds_large": times["large"],
            "ratio": times["large"] / times["small"],
            "seconds_stock": times["stock"],
            "ratio_stock": times["stock"] / times["small"],
        },
        "sampling": sampling,
        "ess_per_second_ratio": ours["ess_per_second"] / theirs["ess_per_second"],
        "ess_per_second_compiled_ratio": ours["ess_per_second_compiled"] / theirs["ess_per_second_compiled"],
        "machine": {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()},
        "versions": {
            "python": platform.python_version(),
            "bayes_frontier": __version__,
            **{name: version(name) for name in PACKAGES},
        },
    }


def page(result: dict[str, Any]) -> str:
    """Write the numbers up."""
    g, machine = result["gradient"], result["machine"]
    names = list(result["sampling"])
    rows = {
        "wall time, s": ("seconds", ".1f"),
        "of it compiling, s": ("seconds_compiling", ".1f"),
        "smallest bulk ESS": ("ess_bulk_min", ",.0f"),
        "largest R-hat": ("r_hat_max", ".3f"),
        "effective draws per second": ("ess_per_second", ".3f"),
        "the same, without compiling": ("ess_per_second_compiled", ".3f"),
    }
    lines = [
        "# Likelihood and sampler, side by side",
        "",
        f"`{result['command']}`",
        "",
        f"{result['models']:,} models of {result['base_models']:,} base models, {result['tasks']} tasks, "
        f"{result['periods']} periods, {result['cells']:,} cells, tau {result['tau']:g} "
        f"({result['source']}); "
        f"{machine['cores']} cores, {machine['system']} {machine['processor']}.",
        "",
        "## Gradient of the whole model",
        "",
        "| likelihood | scores | microseconds | ratio |",
        "| --- | ---: | ---: | ---: |",
        f"| bayes_frontier | {g['scores']:,} | {1e6 * g['seconds']:.1f} | 1 |",
        f"| bayes_frontier | {g['scores_large']:,} | {1e6 * g['seconds_large']:.1f} | {g['ratio']:.2f} |",
        f"| stock PyMC | {g['scores']:,} | {1e6 * g['seconds_stock']:.1f} | {g['ratio_stock']:.2f} |",
        "",
        "The large table repeats the small one with jitter: the same base models, computes, tasks and "
        "periods. Each gradient is timed between successive draws of a short run of its own model.",
        "",
        "## Sampling",
        "",
        f"{result['chains']} chains, {result['tune']} tuning steps and {result['draws']} draws each, "
        "by nutpie, "
        f"{result['cores']} at a time. Effective draws are the smallest over boundaries of all tasks and "
        f"periods at {len(GRID)} computes. Stock PyMC: the same priors and scale, one `pm.AsymmetricLaplace` "
        "per score, every deviation non-centred. The time of bayes_frontier includes the fits that calibrate "
        "the scale; stock PyMC is given the result.",
        "",
        f"| | {names[0]} | {names[1]} |",
        "| --- | ---: | ---: |",
    ]
    for label, (key, form) in rows.items():
        first, second = (format(result["sampling"][name][key], form) for name in names)
        lines.append(f"| {label} | {first} | {second} |")
    lines += [
        "",
        f"Ratio of effective draws per second: {result['ess_per_second_ratio']:.2f}, without compiling "
        f"{result['ess_per_second_compiled_ratio']:.2f}. An R-hat above 1.01 means that the "
        "effective draws of that column are not to be trusted.",
        "",
        "Versions: " + ", ".join(f"{name} {number}" for name, number in result["versions"].items()) + ".",
    ]
    return "\n".join(lines) + "\n"


def _typed(options: argparse.Namespace) -> list[str]:
    """Give the words of the call; not where this machine keeps the table."""
    return [Path(word).name if word == options.table else word for word in sys.argv[1:]]


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Time the likelihood and the sampler against stock PyMC.")
    parser.add_argument("table", nargs="?", help="a table of evaluations; without it scores are simulated")
    parser.add_argument("--periods", help="closing dates of the table's periods, separated by commas")
    parser.add_argument("--quick", action="store_true", help="a smoke run: few models, few draws")
    parser.add_argument("--tau", type=float, default=0.98)
    parser.add_argument("--draws", type=int)
    parser.add_argument("--tune", type=int)
    parser.add_argument("--chains", type=int, default=2)
    parser.add_argument("--cores", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("reports/bench"))
    options = parser.parse_args()
    options.draws = options.draws or (40 if options.quick else 400)
    options.tune = options.tune or (60 if options.quick else 400)
    return options


def main() -> None:
    """Run and write."""
    # Divergences are a warning of nutpie's; R-hat and effective draws tell.
    warnings.filterwarnings("ignore", category=UserWarning, module="nutpie")
    options = arguments()
    if options.table:
        evaluations = read(options.table, periods=options.periods.split(",") if options.periods else None)
    else:
        n, bases = (400, 30) if options.quick else (3500, 140)
        evaluations, _ = simulate(
            options.seed, n_models=n, n_base_models=bases, tasks=6, periods=4, tau=options.tau, drift=0.01
        )
    result = run(evaluations, options)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "bench.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    text = page(result)
    (options.out / "README.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
