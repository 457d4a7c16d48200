"""The notebooks run top to bottom: with a fit that is given in the usual run, with their own small one when asked."""

import json
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import bayes_frontier as bf
from tests.checks.posteriors import diagnosed, true_tree
from tests.docs.blocks import ROOT

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


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


def test_there_are_two():
    assert len(NOTEBOOKS) == 2


@pytest.mark.notebook
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_from_top_to_bottom(path, given_fit, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = run_all(path)
    assert isinstance(namespace["evaluations"], bf.Evaluations)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.mcmc
def test_its_own_fit_runs():
    with warnings.catch_warnings():
        # what libraries of the sampler say when they compile for the first time is not the notebook's
        warnings.simplefilter("default")
        namespace = run_all(ROOT / "docs" / "notebooks" / "first_fit.ipynb")
    assert not namespace["frontier"].converged
    inside = (namespace["found"]["lower"] < 1) & (namespace["found"]["upper"] > 0)
    assert inside.all()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_kept_without_output(path):
    code = [cell for cell in cells(path) if cell["cell_type"] == "code"]
    assert len(code) > 4
    assert [cell["id"] for cell in code if cell["outputs"] or cell["execution_count"]] == []
