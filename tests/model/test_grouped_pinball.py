"""The public loss of groups of scores: that of every score, in value and gradient, in anybody's graph."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import bayes_frontier as bf
from bayes_frontier.errors import DataError
from bayes_frontier.model.likelihood import smooth_pinball_loss


@pytest.mark.parametrize("mode", ["NUMBA", "FAST_COMPILE"])
@pytest.mark.parametrize("by_group", [False, True])
def test_the_loss_and_its_gradient_are_those_of_every_score(mode, by_group):
    rng = np.random.default_rng(41)
    group = np.append(np.arange(6), rng.integers(0, 6, 200))
    group[group == 4] = 5  # a group without scores
    y, q = rng.normal(size=len(group)), rng.normal(size=6)
    tau, h = (rng.uniform(0.1, 0.9, 6), rng.uniform(0.05, 0.5, 6)) if by_group else (0.9, 0.2)
    at, weight = pt.vector("q"), np.arange(1.0, 7.0)
    losses = bf.grouped_pinball(at, bf.GroupedScores.from_scores(y, group), tau, h)
    function = pytensor.function([at], [losses, pytensor.grad((losses * weight).sum(), at)], mode=mode)
    value, gradient = function(q)
    level, width = np.broadcast_to(tau, 6)[group], np.broadcast_to(h, 6)[group]
    u = y - q[group]
    terms = [smooth_pinball_loss(*term) for term in zip(u, level, width, strict=True)]
    # rounding of sums of two hundred terms of order one
    assert value == pytest.approx(np.bincount(group, terms, minlength=6), rel=1e-12, abs=1e-12)
    slope = np.where(np.abs(u) < width, 0.5 - level - u / (2 * width), np.where(u > 0, -level, 1 - level))
    assert gradient == pytest.approx(weight * np.bincount(group, slope, minlength=6), abs=1e-11)
    assert value[4] == gradient[4] == 0.0


def test_boundaries_of_another_number_than_groups_are_refused():
    scores = bf.GroupedScores.from_scores([0.1, 0.2], [0, 1])
    with pytest.raises(DataError, match="one boundary for each of 2 groups"):
        bf.grouped_pinball(np.zeros(3), scores, 0.9, 0.1)
    with pytest.raises(DataError, match="one boundary for each of 2 groups"):
        bf.grouped_pinball(pt.scalar(), scores, 0.9, 0.1)
    # a length that is known only when the function runs
    at = pt.vector()
    function = pytensor.function([at], bf.grouped_pinball(at, scores, 0.9, 0.1), mode="FAST_COMPILE")
    with pytest.raises(ValueError, match="another length"):
        function(np.zeros(1))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tau": 98}, r"tau must lie between 0 and 1, found 98\.0"),
        ({"tau": [0.9, 0.9, 0.9]}, r"tau: expected one number, or one for each of 2 groups, found shape \(3,\)"),
        ({"half_width": 0}, r"half_width must be positive, found 0\.0"),
        ({"half_width": [0.1, np.nan]}, "half_width must be positive, found nan"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    scores = bf.GroupedScores.from_scores([0.1, 0.2], [0, 1])
    with pytest.raises(DataError, match=message):
        bf.grouped_pinball(np.zeros(2), scores, **({"tau": 0.9, "half_width": 0.1} | settings))


@pytest.mark.parametrize(
    ("scores", "cell", "message"),
    [
        ([0.1, np.nan], [0, 1], r"score 1 \(counted from 0\) is nan"),
        ([0.1, 0.2], [0, -1], "a score is in cell -1"),
        ([0.1, 0.2], [0, 0.5], "whole numbers, found .*0.5"),
        ([0.1, 0.2], [0], r"a number for each of 2 scores, found shape \(1,\)"),
    ],
)
def test_scores_that_cannot_be_grouped_are_refused(scores, cell, message):
    with pytest.raises(DataError, match=message):
        bf.GroupedScores.from_scores(scores, cell)
