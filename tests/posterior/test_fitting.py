"""`fit`: arguments, the convergence gate, and reproducibility."""

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytensor
import pytest
import xarray as xr

import bayes_frontier as bf
from bayes_frontier.errors import ConvergenceError, QueryError, SpecError

TINY = {"tau": 0.9, "draws": 50, "tune": 50, "chains": 2, "progress": False}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tau": 98}, "tau must be between 0.5 and 0.999, found 98"),
        ({"tau": 0.1}, "tau must be"),
        ({"tau": float("nan")}, "tau must be"),
        ({"draws": 10}, "draws must be at least 50, found 10"),
        ({"tune": 0}, "tune must be at least 50, found 0"),
        ({"chains": 1}, "chains must be at least 2, found 1"),
        ({"cores": 0}, "cores must be at least 1, found 0"),
        ({"cores": -1}, "cores must be at least 1, found -1"),
        ({"seed": -1}, "seed must be at least 0, found -1"),
    ],
)
def test_bad_arguments(small_simulated, options, message):
    with pytest.raises(QueryError, match=message):
        bf.fit(small_simulated[0], **options)


def test_unknown_model(small_simulated):
    with pytest.raises(SpecError, match="hierarchical"):
        bf.fit(small_simulated[0], "hierarchicl")


@pytest.mark.mcmc
def test_a_fit_answers_and_says_how_it_was_made(small_fit, small_simulated, tmp_path):
    evaluations, _ = small_simulated
    flops = np.geomspace(1e18, 1e28, 41)
    for base in (None, small_fit.base_model_names[0]):
        values = small_fit.boundary(flops, period="all", base_model=base)
        assert ((values >= 0) & (values <= 1)).all()
        assert (values.diff("flops") >= 0).all()
    made = small_fit.provenance
    assert made["data"]["sha256"] == evaluations.fingerprint
    lengths = {"draws": 150, "tune": 200, "chains": 2}
    assert made["sampling"] == {"tau": 0.9, **lengths, "target_accept": 0.8, "seed": 1, "start": "cold"}
    assert made["model"]["sha256"] == small_fit.spec.fingerprint
    assert made["versions"]["bayes-frontier"] == bf.__version__
    assert small_fit.posterior["posterior"].sizes["draw"] == 150
    small_fit.save(tmp_path / "fit.nc")
    back = bf.load(tmp_path / "fit.nc")
    xr.testing.assert_identical(back.posterior["posterior"].dataset, small_fit.posterior["posterior"].dataset)
    assert back.provenance == made


def test_models_are_compiled_as_they_are_written(small_simulated, monkeypatch):
    class Compiled(Exception):
        pass

    def compile_model(*arguments, **options):
        raise Compiled(pytensor.config.numba__fastmath)

    monkeypatch.setattr("nutpie.compile_pymc_model", compile_model)
    monkeypatch.setattr("bayes_frontier.model.engine.compiled._COMPILED", {})
    with pytest.raises(Compiled, match="False"):
        bf.fit(small_simulated[0], **TINY)


FIT = """
import hashlib
import bayes_frontier as bf
table, _ = bf.simulate(3, n_models=300, n_base_models=12, tasks=2, periods=2, tau=0.9)
fit = bf.fit(table, tau=0.9, draws=50, tune=50, chains=2, progress=False, allow_unconverged=True)
print(hashlib.sha256(fit.posterior["posterior"]["floor"].to_numpy().tobytes()).hexdigest())
"""


@pytest.mark.slow
@pytest.mark.mcmc
def test_the_first_fit_on_a_machine_is_the_one_that_follows(tmp_path):
    # the first process compiles, the second finds what it compiled
    flags = {**os.environ, "PYTENSOR_FLAGS": f"base_compiledir={tmp_path}"}
    made = [subprocess.run([sys.executable, "-c", FIT], env=flags, capture_output=True, text=True) for _ in range(2)]
    assert len(made[0].stdout) == 65, made[0].stderr
    assert made[0].stdout == made[1].stdout


@pytest.mark.mcmc
def test_a_fit_lies_near_the_truth(small_fit, small_simulated):
    _, truth = small_simulated
    middle = np.quantile(small_fit.evaluations.models["flops"], [0.3, 0.7])
    found = small_fit.boundary(middle, period="all").mean(("chain", "draw"))
    true = truth.boundary(middle, period="all").transpose(*found.dims)
    assert np.abs(found.to_numpy() - true.to_numpy()).max() < 0.12


@pytest.mark.mcmc
def test_too_short_a_fit_is_refused_and_the_same_seed_repeats_it(small_simulated, monkeypatch):
    made = []
    wrap = bf.Frontier.from_sampled

    def remember(*arguments):
        made.append(wrap(*arguments))
        return made[-1]

    monkeypatch.setattr(bf.Frontier, "from_sampled", remember)
    kept = bf.fit(small_simulated[0], **TINY, allow_unconverged=True)
    with pytest.raises(ConvergenceError, match=r"Not converged: .*\n  (base_model_)?boundary\[.*R-hat") as refused:
        bf.fit(small_simulated[0], **TINY)
    assert made[0] is kept
    assert str(refused.value) == made[2].convergence_text()
    first, second, longer = (one.posterior["posterior"].dataset for one in made)
    assert longer.sizes["draw"] == 2 * first.sizes["draw"]
    assert made[2].provenance["sampling"]["tune"] == 2 * TINY["tune"]
    # smaller steps, and not the random numbers of the first try once more
    assert made[2].posterior["sample_stats"]["step_size"].mean() < made[1].posterior["sample_stats"]["step_size"].mean()
    assert not np.isin(longer["midpoint"].to_numpy(), first["midpoint"].to_numpy()).any()
    xr.testing.assert_equal(first, second)
    assert np.ptp(first["midpoint"].to_numpy()) > 0


@pytest.mark.parametrize(("divergent", "tries"), [((0,), 1), ((3, 0), 2), ((3, 3, 3), 3)])
def test_divergences_are_sampled_again_with_smaller_steps(monkeypatch, small_simulated, divergent, tries):
    made = []

    def sample(*arguments, settings, seed, start=None, **options):
        diverging = np.zeros((2, 500), dtype=bool)
        diverging.ravel()[: divergent[len(made)]] = True
        made.append((round(settings["target_accept"], 4), settings["draws"], seed, start))
        return SimpleNamespace(sample_stats=xr.Dataset({"diverging": (("chain", "draw"), diverging)}))

    def wrap(evaluations, spec, tau, sampled, provenance):
        table = pd.DataFrame({"r_hat": [1.0], "ess_bulk": [1000.0]})
        return SimpleNamespace(converged=True, diagnostics=table, posterior="where it ended", number=len(made))

    monkeypatch.setattr("bayes_frontier.posterior.fitting.sample", sample)
    monkeypatch.setattr("bayes_frontier.posterior.fitting.Start.of", lambda posterior: posterior)
    monkeypatch.setattr(bf.Frontier, "from_sampled", wrap)
    # what still diverges after that has converged all the same; `check` warns of it
    assert bf.fit(small_simulated[0], tau=0.9, progress=False).number == tries
    assert (
        made
        == [(0.8, 1000, 1, None), (0.98, 1000, [1, 2], "where it ended"), (0.998, 1000, [1, 3], "where it ended")][
            :tries
        ]
    )


def test_a_start_from_which_no_chain_starts_is_given_up(monkeypatch, small_simulated):
    seen = []

    def sample(*arguments, start=None, **options):
        seen.append(start)
        if start is not None:
            raise RuntimeError("All initialization points failed")
        raise KeyError("the cold try")

    monkeypatch.setattr("bayes_frontier.posterior.fitting.sample", sample)
    with pytest.raises(KeyError, match="the cold try"):
        bf.fit(small_simulated[0], tau=0.9, start="where the fit before ended")
    assert seen == ["where the fit before ended", None]
    monkeypatch.setattr(
        "bayes_frontier.posterior.fitting.sample", lambda *a, **k: (_ for _ in ()).throw(RuntimeError("x"))
    )
    with pytest.raises(RuntimeError, match="x"):
        bf.fit(small_simulated[0], tau=0.9)
