"""Clusters of scores: who they are, what they weigh, and what half samples say of the scale."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bayes_frontier as bf
from bayes_frontier.errors import DataError
from bayes_frontier.model.calibration import Scale, scale_of_scores
from bayes_frontier.model.clusters import Clusters
from bayes_frontier.model.data import FrontierData
from bayes_frontier.model.grouped import grouped_pinball
from bayes_frontier.model.likelihood import GroupedScores, smooth_pinball_loss

TAU = 0.9


def clusters(base, uploader):
    base = np.asarray(base)
    return Clusters(base, np.zeros_like(base), np.asarray(uploader), (int(base.max()) + 1, 1))


def named(models):
    """Evaluations of models given as (name, base model), with two tasks."""
    table = pd.DataFrame(models, columns=["model", "base_model"])
    table["flops"] = table["base_model"].map({"small": 1e22, "large": 1e24})
    rng = np.random.default_rng(0)
    table["bbh"], table["gpqa"] = rng.uniform(0.2, 0.6, (2, len(table)))
    return bf.read(table)


def test_uploaders_are_what_stands_before_the_slash_within_a_base_model():
    made = named(
        [("ann/x", "small"), ("ann/y", "small"), ("ann/z", "large"), ("bob/x", "small"), ("q", "small"), ("r", "small")]
    )
    found = Clusters.from_evaluations(made)
    rows = made.table.assign(model=made.models["model"].to_numpy()[made.table["row"]], number=found.uploader)
    number = rows.set_index(["model", "task"])["number"]
    assert number["ann/x", "bbh"] == number["ann/y", "bbh"]
    # another task, another base model, another uploader, and two models without one
    others = [("ann/x", "gpqa"), ("ann/z", "bbh"), ("bob/x", "bbh"), ("q", "bbh"), ("r", "bbh")]
    assert len({number["ann/x", "bbh"], *(number[key] for key in others)}) == 6
    names = np.array(["large", "small"])[found.base]
    assert (names == made.models["base_model"].to_numpy()[made.table["row"]]).all()


def test_siblings_weigh_as_much_as_the_correlation_leaves_them():
    many = clusters([0] * 7, [0, 0, 0, 0, 1, 1, 2])
    np.testing.assert_array_equal(many.weights([0.0]), 1.0)
    weights = many.weights([0.3])
    assert weights[:4].sum() == pytest.approx(4 / (1 + 3 * 0.3))
    assert weights[4:6].sum() == pytest.approx(2 / 1.3)
    assert weights[6] == 1.0


@pytest.mark.parametrize("shared", [0.0, 0.5, 0.8])
def test_correlation_is_that_of_pairs(shared):
    rng = np.random.default_rng(1)
    n, size = 3000, 6
    own = np.sqrt(shared) * rng.standard_normal((n, 1)) + np.sqrt(1 - shared) * rng.standard_normal((n, size))
    residuals = own - stats.norm.ppf(TAU)
    above = np.clip(0.5 * (residuals / 0.2 + 1.0), 0.0, 1.0)
    expected = np.mean([np.corrcoef(above[:, i], above[:, j])[0, 1] for i in range(size) for j in range(i)])
    one = clusters(np.zeros(n * size, dtype=int), np.repeat(np.arange(n), size))
    found = one.correlation(residuals.ravel()[:, None], 0.2)
    # 45,000 pairs in 3,000 clusters: the standard error of a correlation is below 0.012
    assert found == pytest.approx(max(expected, 0.0), abs=0.02)


def test_scores_by_themselves_have_no_correlation_to_speak_of():
    alone = clusters(np.zeros(50, dtype=int), np.arange(50))
    assert alone.correlation(np.linspace(-1, 1, 50)[:, None], 0.2) == 0.0


def test_tails_tell_base_models_apart_as_far_as_their_scores_do():
    rng = np.random.default_rng(2)
    length = np.r_[np.full(10, 1.0), np.full(10, 3.0)]
    base = np.repeat(np.arange(20), 200)
    residuals = length[base] * (0.1 * rng.standard_normal(len(base)) - 0.1 * stats.norm.ppf(TAU))
    tails = clusters(base, np.arange(len(base))).tails(residuals, np.ones(len(base)))
    # thirty scores in the upper part of each give a tail to 18%
    assert tails[10:].mean() / tails[:10].mean() == pytest.approx(3.0, rel=0.15)
    few = rng.random(len(base)) < 0.03
    shrunk = clusters(base[few], np.arange(few.sum())).tails(residuals[few], np.ones(few.sum()))
    assert shrunk.max() / shrunk.min() < 0.7 * tails.max() / tails.min()


def test_base_models_of_few_scores_have_the_usual_tail():
    base = np.repeat(np.arange(4), 3)
    np.testing.assert_array_equal(clusters(base, np.arange(12)).tails(np.zeros(12), np.ones(12)), 1.0)


@pytest.mark.parametrize("siblings", [1, 8])
def test_half_samples_find_out_what_siblings_hide(siblings):
    rng = np.random.default_rng(3)
    base = np.repeat(np.arange(30), 160)
    uploader = np.arange(len(base)) // siblings
    y = rng.standard_normal(uploader.max() + 1)[uploader] * np.sqrt(0.9) + np.sqrt(0.1) * rng.standard_normal(len(base))
    residuals = 0.1 * (y - stats.norm.ppf(TAU))
    scale = Scale.calibrated([residuals], TAU, 1.0)
    one = np.ones(len(base))
    factor = clusters(base, uploader).half_samples(residuals, one, scale.level, scale.half_width, scale.scale)
    assert factor.shape == (1,)
    # 30 base models, and ten assumed to be right: by itself the factor has a standard error of about 0.2
    if siblings == 1:
        assert factor == pytest.approx(1.0, abs=0.4)
    else:
        assert factor > 2.0


def test_small_base_models_leave_the_scale_alone():
    base = np.repeat(np.arange(5), 30)
    one = np.ones(150)
    level = np.array([TAU])
    assert clusters(base, np.arange(150)).half_samples(np.linspace(-1, 1, 150), one, level, one[:1], one[:1]) == [1.0]


def test_a_weighted_loss_is_the_sum_of_weighted_losses():
    rng = np.random.default_rng(4)
    y, cell = rng.random(300), rng.integers(0, 5, 300)
    weights = rng.uniform(0.05, 1.0, 300)
    width = np.array([0.02, 0.05, 0.1, 0.2, 0.01])
    scores = GroupedScores.from_scores(y, cell, 5).weighted(weights)
    for q in (-0.5, 0.0, 0.31, 0.77, 1.0, 1.6):
        found = grouped_pinball(np.full(5, q), scores, TAU, width).eval()
        each = weights * smooth_pinball_loss(y - q, TAU, width[cell])
        np.testing.assert_allclose(found, np.bincount(cell, each, minlength=5), rtol=1e-11, atol=1e-13)


def test_weights_of_one_leave_scores_as_they_are():
    scores = GroupedScores.from_scores([0.1, 0.2, 0.3], [0, 1, 0], 2)
    assert scores.weighted(np.ones(3)).weights is None


@pytest.mark.parametrize("weights", [[1.0], [1.0, 0.0, 1.0], [1.0, np.nan, 1.0], [1.0, -1.0, 1.0]])
def test_weights_are_positive_and_one_each(weights):
    with pytest.raises(DataError, match="a positive number for each of 3 scores"):
        GroupedScores.from_scores([0.1, 0.2, 0.3], [0, 0, 0], 1).weighted(weights)


def test_a_scale_has_the_tails_and_the_correlation_of_its_scores():
    evaluations, _ = bf.simulate(seed=1, n_models=300, n_base_models=8, tasks=2)
    scale = Scale.from_scores(evaluations, TAU)
    assert scale.tails.shape == (8, 2)
    # names of simulated models have no uploader
    np.testing.assert_array_equal(scale.correlation, 0.0)
    data = FrontierData.from_evaluations(evaluations, TAU)
    level, half_width, width = scale.of_cells(data.cells)
    task, base = data.cells["task"].to_numpy(), data.cells["base"].to_numpy()
    np.testing.assert_allclose(half_width, scale.half_width[task] * scale.tails[base, task])
    np.testing.assert_allclose(width / scale.scale[task], scale.tails[base, task])
    np.testing.assert_array_equal(level, scale.level[task])
    assert data.weighted(scale).weights is None


def test_single_scores_have_their_base_models_tail_and_the_scale_of_their_weight():
    scale = Scale(*(np.array([v]) for v in (4.0, 0.02, 0.01, 0.89)), np.array([0.5]), np.array([[3.0], [1.0]]))
    found = scale_of_scores(scale, 0, np.array([0, 0, 1, -1]), np.array([7, 7, 8, 9]))
    np.testing.assert_allclose(found.half_width, [0.03, 0.03, 0.01, 0.01])
    # two siblings weigh 1 / 1.5 each
    np.testing.assert_allclose(found.scale, [0.09, 0.09, 0.02, 0.02])
    np.testing.assert_allclose(found.density, [4 / 3, 4 / 3, 4.0, 4.0])


def test_a_fixed_scale_makes_nothing_of_clusters():
    evaluations, _ = bf.simulate(seed=1, n_models=300, n_base_models=8, tasks=2)
    scale = Scale.from_scores(evaluations, TAU, scale=0.01)
    assert scale.correlation is None
    assert scale.tails is None
    np.testing.assert_array_equal(scale.scale, 0.01)
