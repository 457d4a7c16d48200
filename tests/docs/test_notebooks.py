"""The notebooks run top to bottom: with a fit that is given in the usual run, with their own when asked."""

import json
import re
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

import bayes_frontier as bf
from tests.checks.posteriors import diagnosed, true_tree
from tests.docs.blocks import ROOT

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
# draws of the model's own variables are what it is about
SAMPLED = "with_arviz"


def cells(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def run_all(path: Path) -> dict[str, object]:
    """Run the code cells of a notebook in order, in one namespace."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    for cell in cells(path):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"{path.name}, {cell['id']}", "exec"), namespace)
    plt.close("all")
    return namespace


@pytest.fixture
def given_fit(monkeypatch):
    """In place of sampling, draws around the curves that the same call of `simulate` had."""
    truths = {}
    simulate = bf.simulate

    def remembered(*arguments, **options):
        evaluations, truth = simulate(*arguments, **options)
        truths[evaluations.fingerprint] = truth
        return evaluations, truth

    def fit(evaluations, **options):
        tree = true_tree(evaluations, truths[evaluations.fingerprint]).isel(draw=slice(None, None, 6))
        provenance = {"sampling": {"seed": options["seed"]}, "data": {}}
        return diagnosed(bf.Frontier(evaluations, bf.read_spec("hierarchical"), options["tau"], tree, provenance))

    monkeypatch.setitem(vars(bf), "simulate", remembered)
    monkeypatch.setitem(vars(bf), "fit", fit)


def test_there_are_three():
    assert len(NOTEBOOKS) == 3


@pytest.mark.notebook
@pytest.mark.parametrize("path", [p for p in NOTEBOOKS if p.stem != SAMPLED], ids=lambda path: path.stem)
def test_runs_from_top_to_bottom(path, given_fit, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = run_all(path)
    assert isinstance(namespace["evaluations"], bf.Evaluations)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.notebook
@pytest.mark.mcmc
def test_the_one_for_arviz_runs_on_a_sampled_fit(small_simulated, small_fit, monkeypatch):
    monkeypatch.setitem(vars(bf), "simulate", lambda *_, **__: small_simulated)
    monkeypatch.setitem(vars(bf), "fit", lambda *_, **__: small_fit)
    namespace = run_all(ROOT / "docs" / "notebooks" / f"{SAMPLED}.ipynb")
    assert set(namespace["sensitivity"]) == {"ceiling", "drift"}
    assert np.isfinite(namespace["gain"]).all()


@pytest.mark.slow
@pytest.mark.mcmc
@pytest.mark.parametrize("name", ["first_fit", SAMPLED])
def test_its_own_fit_has_converged(name):
    with warnings.catch_warnings():
        # what libraries of the sampler say when they compile for the first time is not the notebook's
        warnings.simplefilter("default")
        namespace = run_all(ROOT / "docs" / "notebooks" / f"{name}.ipynb")
    frontier, truth = namespace["frontier"], namespace["truth"]
    assert frontier.converged
    found = frontier.attainable(1e24, prob=0.99)
    at = truth.boundary(1e24).to_numpy()
    assert ((found["lower"] <= at) & (at <= found["upper"])).all()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_kept_with_output(path):
    code = [cell for cell in cells(path) if cell["cell_type"] == "code"]
    assert len(code) > 4
    assert [cell["id"] for cell in code if not cell["execution_count"]] == [], "make notebooks runs them"
    outputs = [output for cell in code for output in cell["outputs"]]
    # errors and warnings are no part of a page
    assert [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"] == []
    text = json.dumps(outputs)
    assert ("Converged: " in text) == ("bf.fit(" in "".join(line for cell in code for line in cell["source"]))
    assert "Not converged" not in text
    assert not re.search(r"/site-packages/|/tmp/", text)


def test_pages_stay_small():
    assert sum(path.stat().st_size for path in NOTEBOOKS) < 700_000
