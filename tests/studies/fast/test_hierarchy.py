"""What tasks share: the Gibbs sampler against conjugate answers."""

import numpy as np
import pytest

from bayes_frontier.model.spec import read_spec
from studies.fast.hierarchy import SWEEPS, Candidates, _walk, gibbs

PRIORS = read_spec("hierarchical").priors


def flat(n_tasks: int, centre: float, sd: float, *, steps: int = 0, n: int = 600, seed: int = 0) -> list[Candidates]:
    """Candidates drawn from the likelihood itself, Normal(centre, sd) in every share, so that weights are equal."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(n_tasks):
        x = np.concatenate(
            [rng.normal(centre, sd, (n, 4)), rng.normal(0.3, 0.01, (n, steps)), np.zeros((n, 1))], axis=1
        )
        made.append(Candidates(x, np.zeros(n)))
    return made


def test_shares_known_well_stay_where_they_are():
    found = gibbs(flat(6, 0.5, 0.01), PRIORS, np.empty(0), np.random.default_rng(1))
    assert [draws.shape for draws in found] == [(SWEEPS, 5)] * 6
    # the likelihood is fifty times narrower than any prior
    np.testing.assert_allclose(np.mean([draws[:, :4].mean(axis=0) for draws in found], axis=0), 0.5, atol=0.01)


def test_tasks_that_agree_pull_a_vague_one_to_them():
    tasks = [flat(1, centre, 0.05)[0] for centre in np.linspace(0.2, 1.8, 6)]
    vague = flat(1, 0.0, 2.0, n=2000, seed=3)[0]
    alone = gibbs([vague], PRIORS, np.empty(0), np.random.default_rng(1))[0][:, 0]
    together = gibbs([vague, *tasks], PRIORS, np.empty(0), np.random.default_rng(1))[0][:, 0]
    assert together.std() < 0.8 * alone.std()
    # draws that differ number a few hundred, their standard deviation is about 0.7
    assert abs(together.mean() - 1.0) < 0.3 < 1.0 - alone.mean()


def test_common_steps_are_a_velocity():
    same, turning = np.array([[0.3, 0.3, 0.3]]), np.array([[0.3, -0.3, 0.3]])
    # minus twice the log density under the covariance of a walk over gaps with a common velocity, by its inverse
    for gaps in (np.ones(3), np.array([2.0, 1.0, 0.5])):
        for steps in (same, turning):
            expected = steps @ np.linalg.inv(np.diag(gaps) + np.outer(gaps, gaps)) @ steps.T
            assert _walk(steps, gaps)[0] == pytest.approx(expected.item())
        assert _walk(same, gaps)[0] < _walk(turning, gaps)[0]


def test_the_same_random_numbers_give_the_same_draws():
    tasks = flat(3, 0.0, 0.5, steps=3)
    one, two = (gibbs(tasks, PRIORS, np.ones(3), np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
