"""The fast posterior."""

import numpy as np
import pytest

import bayes_frontier as bf
from studies.fast import sigmoid_spec
from studies.fast.calibration import calibrated
from studies.fast.scales import typical_scale

TAU = 0.9


@pytest.fixture(scope="module")
def simulated() -> tuple[bf.Evaluations, bf.Truth]:
    return bf.simulate(3, n_models=300, n_base_models=12, tasks=2, periods=2, tau=TAU)


@pytest.fixture(scope="module")
def fitted(simulated):
    known = np.ones(simulated[0].n_models, dtype=bool)
    return *calibrated(simulated[0], known, TAU), known


def test_the_mode_is_a_mode(fitted):
    model, fits, known = fitted
    losses = model.known_losses(known)
    for task, fit in enumerate(fits):
        _, gradient, _ = model._log_posterior(task, fit.mode, losses, fit.drift)
        assert gradient @ fit.covariance @ gradient < 0.02
        assert np.linalg.eigvalsh(fit.covariance).min() > 0


def test_scores_not_known_do_not_enter(simulated, fitted):
    *_, known = fitted
    part = known.copy()
    part[::2] = False
    hidden = simulated[0].models.copy()
    hidden.loc[~part, list(simulated[0].tasks)] = 0.999
    periods = [day for day in simulated[0].period_ends if day]
    other = bf.Evaluations.from_models(hidden, simulated[0].tasks, periods=periods)
    again, fits_again = calibrated(other, part, TAU)
    same, fits_same = calibrated(simulated[0], part, TAU)
    for one, two in zip(fits_again, fits_same, strict=True):
        assert one.mode == pytest.approx(two.mode)
    assert again.held.scale.scale == pytest.approx(same.held.scale.scale)


def test_boundaries_are_boundaries_and_cover_their_base_models(fitted):
    model, fits, known = fitted
    curves = model.draws(fits, known, 400, 0)
    z = np.linspace(21, 25, 20)
    values = curves.at(z, 0, np.array([1]), None)[:, 0]
    assert ((values >= 0) & (values <= 1)).all()
    assert np.diff(values, axis=1).min() >= 0
    assert curves.effects.shape == (400, len(model.data.base_models), 2)
    table = model.evaluations.table
    cells = model.data.cells
    mean = curves.known(*(cells[name].to_numpy() for name in ("z", "base", "task", "period"))).mean(axis=0)
    below = (table["score"].to_numpy() <= mean[model.data.cell_of_score]).mean()
    # 600 scores, tau 0.9: a binomial standard error of 0.012, and the boundary is fitted to them.
    assert below == pytest.approx(TAU, abs=0.04)


def test_only_base_models_with_known_records_are_drawn(fitted):
    model, _, known = fitted
    names = model.evaluations.models["base_model"].to_numpy(dtype=str)
    part = known & (names != model.data.base_models[0])
    curves = model.draws(model.fit(part), part, 50, 0)
    assert curves.effects.shape[1] == len(model.data.base_models) - 1
    assert 0 not in model.seen(part)


@pytest.mark.mcmc
@pytest.mark.slow
def test_it_agrees_with_nuts(small_simulated):
    evaluations, _ = small_simulated
    settings = {"draws": 700, "tune": 500, "chains": 2, "progress": False, "allow_unconverged": True}
    frontier = bf.fit(evaluations, sigmoid_spec(), tau=TAU, **settings)
    known = np.ones(evaluations.n_models, dtype=bool)
    model, fits = calibrated(evaluations, known, TAU)
    curves = model.draws(fits, known, 1000, 0)
    z = np.quantile(np.log10(evaluations.models["flops"].to_numpy(float)), [0.1, 0.5, 0.9])
    for task in range(2):
        fast = curves.at(z, task, np.array([1]), None)[:, 0]
        slow = frontier.curves.at(z, task, np.array([1]), None)[:, 0]
        deviation = slow.std(axis=0)
        # Held quantities are estimated by simpler means: half a standard deviation, and intervals within 40 %.
        assert (np.abs(fast.mean(axis=0) - slow.mean(axis=0)) < 0.6 * deviation).all()
        assert fast.std(axis=0) / deviation == pytest.approx(np.ones(3), abs=0.4)


def test_a_scale_is_found_from_values_known_with_errors():
    rng = np.random.default_rng(2)
    values, errors = 0.3 * rng.standard_normal(400), np.full(400, 0.01)

    def flat(log_scale):
        return np.zeros_like(log_scale)

    # A standard deviation from 400 values has a relative error of 1 / sqrt(800) = 3.5 %: three of these.
    assert typical_scale(values, errors**2, flat) == pytest.approx(0.3, rel=0.11)
    assert typical_scale(np.zeros(400), np.full(400, 0.3**2), flat) == pytest.approx(0.3, rel=0.01)
    # Without values the prior stands: the median of a log-normal one.
    assert typical_scale(np.empty(0), np.empty(0), lambda x: -0.5 * ((x + 1.0) / 0.4) ** 2) == pytest.approx(
        np.exp(-1.0), rel=0.01
    )


def test_a_task_that_drifted_more_has_the_larger_drift_scale():
    evaluations, _ = bf.simulate(5, n_models=900, n_base_models=20, tasks=2, periods=4, tau=TAU)
    models = evaluations.models.copy()
    first, second = evaluations.tasks
    # Moved by 0.4 logits a period, well beyond the 0.1 that is usual.
    odds = np.log(models[first] / (1.0 - models[first])) + 0.4 * models["period"]
    models[first] = (1.0 / (1.0 + np.exp(-odds))).clip(0.0, 1.0)
    moved = bf.Evaluations.from_models(
        models, evaluations.tasks, periods=[day for day in evaluations.period_ends if day]
    )
    _, fits = calibrated(moved, np.ones(moved.n_models, dtype=bool), TAU)
    assert fits[0].drift > 1.5 * fits[1].drift
    assert second == moved.tasks[1]


def test_a_task_that_moved_is_expected_to_move_on(simulated, fitted):
    model, fits, known = fitted
    curves = model.draws(fits, known, 2000, 0)
    gaps = model.data.stretches.gaps
    for k, fit in enumerate(fits):
        # A velocity of the size of a quarter's steps, seen through their sum: its mean given the steps is this share.
        drifted = fit.mode[4:-1].sum()
        assert curves.velocity[:, k].mean() == pytest.approx(drifted / (1.0 + gaps.sum()), abs=1e-9)
        assert curves.velocity[:, k].std() >= 0.9 * fit.drift / np.sqrt(1.0 + gaps.sum())
