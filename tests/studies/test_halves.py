import numpy as np
import pytest
import xarray as xr

import bayes_frontier as bf
from bayes_frontier.checks.halves import by_base_model
from bayes_frontier.errors import DataError
from bayes_frontier.model.data import reference_compute
from studies.halves import covered, halves_error, run_halves

TAU = 0.9


class TrueFrontier:
    """Answers with the true population boundary, `shift` above it."""

    def __init__(self, truth, shift=0.0):
        self.truth, self.shift = truth, shift
        self.tasks, self.period_labels = truth.tasks, truth.period_labels

    def boundary(self, flops, period):
        assert period == "all"
        values = self.truth.boundary(flops, period="all") + self.shift
        return xr.concat([values, values], "draw").expand_dims("chain")


@pytest.fixture(scope="module")
def simulated():
    return bf.simulate(4, n_models=3000, n_base_models=1500, tasks=2, periods=2, tau=TAU, size_exponent=0.0, drift=0.05)


def test_too_few_base_models_are_refused():
    evaluations, _ = bf.simulate(1, n_models=30, n_base_models=3, tasks=1, periods=1)
    with pytest.raises(DataError, match="3 base models; halves need at least 4"):
        by_base_model(evaluations, 0)


def test_the_true_boundary_covers_as_it_should(simulated):
    evaluations, truth = simulated
    _, held = by_base_model(evaluations, 0)
    counts = covered(TrueFrontier(truth), held)
    assert counts["task"].tolist() == list(truth.tasks)
    assert counts["n"].sum() == held.n_scores
    # 1,500 scores a task in pairs of one base model: standard error at most 0.011
    assert (counts["below"] / counts["n"]).to_numpy() == pytest.approx(TAU, abs=0.035)


def test_counts_are_those_of_a_plain_loop(simulated):
    evaluations, truth = simulated
    _, held = by_base_model(evaluations, 3)
    held = held.subset(np.arange(held.n_models) < 40)
    names = sorted(held.models["base_model"].unique())
    z = dict(zip(names, reference_compute(held.models, names), strict=True))
    below = 0
    for row in held.models.itertuples():
        label = held.period_labels[row.period]
        level = truth.boundary(10.0 ** z[row.base_model], task="task_2", period=label).item()
        below += row.task_2 <= level
    assert covered(TrueFrontier(truth), held).set_index("task").loc["task_2", "below"] == below


def test_a_period_that_was_not_fitted_is_refused(simulated):
    evaluations, truth = simulated
    frontier = TrueFrontier(truth)
    frontier.period_labels = frontier.period_labels[:1]
    with pytest.raises(DataError, match="one half only"):
        covered(frontier, evaluations)


def test_splits_are_kept_and_not_fitted_again(simulated, tmp_path):
    evaluations, truth = simulated
    fitted, told = [], []

    def fit(half, seed):
        fitted.append(seed)
        return TrueFrontier(truth, 0.01)

    path = tmp_path / "splits.jsonl"
    run_halves(evaluations, 2, fit, path, lambda *now: told.append(now))
    table = run_halves(evaluations, 3, fit, path, lambda *now: told.append(now))
    assert fitted == [0, 1, 2]
    assert told[-1] == (3, 3)
    assert len(table) == 3 * 2
    error, spread = halves_error(table, TAU)
    assert error > 0  # the boundary was raised by 0.01
    assert 0 < spread < 0.02
