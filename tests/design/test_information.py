"""Gaussian information against closed forms and against reweighted draws."""

import numpy as np
import pytest

from bayes_frontier.design.select import BaseModelInformation, Information, Noise, Sites

RNG = np.random.default_rng(5)
N, TARGETS, COLUMNS = 600, 4, 5
NOISE = np.array([0.4, 1.5])


def constant(noise) -> Noise:
    """The same noise however well the boundary is known."""
    return Noise(np.array([1.0]), np.asarray(noise, dtype=float)[:, None])


WEIGHTS = np.full((2, TARGETS), 1.0 / (2 * TARGETS))


def correlated(rng: np.random.Generator) -> np.ndarray:
    """Draws of two tasks, targets and columns, all correlated."""
    return rng.standard_normal((2, N, TARGETS + COLUMNS)) @ rng.normal(
        0, 0.6, (2, TARGETS + COLUMNS, TARGETS + COLUMNS)
    )


DRAWS = correlated(RNG)
# Sites 5 to 7 are base models not seen: two of them lie at one compute, and each has an effect of its own.
INDEX = np.array([0, 1, 2, 3, 4, 1, 1, 3])
SPREAD = np.array([[0, 0, 0, 0, 0, 0.7, 0.7, 0.3], [0, 0, 0, 0, 0, 0.2, 0.2, 1.1]])


def make() -> Information:
    return Information(DRAWS[:, :, :TARGETS], Sites(DRAWS[:, :, TARGETS:], INDEX, SPREAD), constant(NOISE), WEIGHTS)


def covariance(task: int) -> np.ndarray:
    """Covariance of targets, then sites, written out."""
    chosen = np.concatenate([np.arange(TARGETS), TARGETS + INDEX])
    full = np.cov(DRAWS[task], rowvar=False)[np.ix_(chosen, chosen)]
    return full + np.diag(np.concatenate([np.zeros(TARGETS), SPREAD[task] ** 2]))


def conditional(task: int, observed: list[int]) -> tuple[np.ndarray, float]:
    """Conjugate posterior covariance and information of scores at sites, repeats allowed."""
    k = covariance(task)
    at = TARGETS + np.array(observed)
    total = k[np.ix_(at, at)] + NOISE[task] * np.eye(len(at))
    left = k - k[:, at] @ np.linalg.solve(total, k[at])
    return left, 0.5 * np.linalg.slogdet(total / NOISE[task])[1]


@pytest.mark.parametrize("observed", [[0], [5], [0, 0, 5, 6, 5], [7, 3, 1, 5, 2, 2, 7, 4]])
def test_updates_agree_with_the_conjugate_gaussian(observed):
    information = make()
    for site in observed:
        information.observe(site)
    nats, mean = 0.0, 0.0
    for task in range(2):
        left, one = conditional(task, observed)
        nats += one
        mean += WEIGHTS[task] @ np.diag(left)[:TARGETS]
        assert information.target_variance[task] == pytest.approx(np.diag(left)[:TARGETS], rel=1e-9)
        assert information.variance[task] == pytest.approx(np.diag(left)[TARGETS:], rel=1e-9)
    assert information.nats == pytest.approx(nats, rel=1e-9)
    assert information.mean_variance == pytest.approx(mean, rel=1e-9)


@pytest.mark.parametrize("observed", [[], [5, 5, 1], [6, 2, 7]])
def test_gains_are_what_the_next_evaluation_brings(observed):
    information = make()
    for site in observed:
        information.observe(site)
    falls, nats = information.variance_gains(), information.information_gains()
    for site in range(len(INDEX)):
        after = make()
        for before in [*observed, site]:
            after.observe(before)
        assert falls[site] == pytest.approx(information.mean_variance - after.mean_variance, rel=1e-8)
        assert nats[site] == pytest.approx(after.nats - information.nats, rel=1e-8)


def test_an_effect_of_its_own_tells_nothing_of_another_base_model_at_the_same_compute():
    information = make()
    before = information.variance
    information.observe(5)
    left, _ = conditional(0, [5])
    # Site 6 shares the curve with site 5, not the effect: what is left of its variance is more than its own effect.
    assert information.variance[0, 6] > SPREAD[0, 6] ** 2
    assert information.variance[0, 6] == pytest.approx(left[TARGETS + 6, TARGETS + 6])
    assert information.variance[0, 5] < information.variance[0, 6] < before[0, 6]


def test_siblings_are_redundant():
    information = make()
    gains = []
    for _ in range(3):
        gains.append(information.information_gains()[0])
        information.observe(0)
    assert gains[0] > gains[1] > gains[2] > 0


def test_predicted_variance_is_that_of_draws_reweighted_by_simulated_scores():
    """Nested Monte Carlo: simulate scores from one draw, reweight all draws by them, look at the targets' variance."""
    rng = np.random.default_rng(11)
    n = 40_000
    mixing = rng.normal(0, 0.5, (3, 3))
    draws = rng.standard_normal((1, n, 3)) @ mixing
    noise, observed = np.array([0.8]), [1, 1, 0]
    sites = Sites(draws[:, :, 1:], np.array([0, 1]), np.zeros((1, 2)))
    information = Information(draws[:, :, :1], sites, constant(noise), np.ones((1, 1)))
    for site in observed:
        information.observe(site)
    boundaries, target = draws[0][:, 1:][:, observed], draws[0, :, 0]
    found = []
    for truth in range(300):
        scores = boundaries[truth] + np.sqrt(noise[0]) * rng.standard_normal(len(observed))
        log_weight = -0.5 * ((scores - boundaries) ** 2).sum(axis=1) / noise[0]
        weight = np.exp(log_weight - log_weight.max())
        weight /= weight.sum()
        found.append(weight @ target**2 - (weight @ target) ** 2)
    # The variance left does not depend on the scores when all is Gaussian; 40,000 draws of which about a quarter
    # count leave 2 % of noise in each of 300 nearly independent replications, far less in their mean.
    assert np.mean(found) == pytest.approx(information.target_variance[0, 0], rel=0.02)


def test_room_is_made_for_any_number_of_unseen_base_models():
    n_sites = 120
    sites = Sites(DRAWS[:, :, TARGETS:], np.zeros(n_sites, dtype=np.int64), np.full((2, n_sites), 0.5))
    information = Information(DRAWS[:, :, :TARGETS], sites, constant(NOISE), WEIGHTS)
    for site in range(n_sites):
        information.observe(site)
    # Averages over many base models leave the curve's own variance: like observing column 0 with less and less noise.
    total = (NOISE + 0.25) / n_sites
    own, shared = DRAWS[:, :, TARGETS].var(axis=1, ddof=1), information.variance[:, 0]
    curve = own * total / (own + total)
    assert (shared > curve).all()
    effect = 1 / (1 / 0.25 + 1 / NOISE)
    assert shared == pytest.approx(effect, rel=0.1)


def test_noise_is_looked_up_by_how_well_the_boundary_is_known():
    noise = Noise(np.array([0.01, 0.1]), np.array([[1.0, 4.0], [9.0, 9.0]]))
    found = noise(np.array([[0.001**2, 0.01**2, 0.01 * 0.1, 1.0]] * 2))
    assert found[0] == pytest.approx([1.0, 1.0, 2.0, 4.0])
    assert found[1] == pytest.approx([9.0] * 4)
    assert noise.of(np.array([1])).variance.tolist() == [[9.0, 9.0]]
    information = Information(
        DRAWS[:, :, :TARGETS],
        Sites(DRAWS[:, :, TARGETS:], INDEX, SPREAD),
        Noise(np.array([0.1, 3.0]), np.array([[0.1, 0.9], [0.1, 0.9]])),
        WEIGHTS,
    )
    before, gains = information.mean_variance, information.variance_gains()
    information.observe(2)
    # The noise of a step is that of the boundary before it: gains and steps agree whatever the noise depends on.
    assert before - information.mean_variance == pytest.approx(gains[2], rel=1e-9)


@pytest.mark.parametrize("observed", [[], [5], [0, 6, 5, 3]])
def test_gains_about_the_base_models_are_the_falls_of_their_weighted_variance(observed):
    weights = np.random.default_rng(6).uniform(size=len(INDEX))
    weights /= weights.sum()

    def about_base_models():
        sites = Sites(DRAWS[:, :, TARGETS:], INDEX, SPREAD)
        information = BaseModelInformation(DRAWS[:, :, :TARGETS], sites, constant(NOISE), WEIGHTS, weights)
        for site in observed:
            information.observe(site)
        return information

    before = about_base_models()
    variances = [np.diag(conditional(task, observed)[0] if observed else covariance(task)) for task in range(2)]
    assert before.mean_variance == pytest.approx(np.mean([v[TARGETS:] @ weights for v in variances]))
    gains = before.variance_gains()
    for site in range(len(INDEX)):
        after = about_base_models()
        after.observe(site)
        assert gains[site] == pytest.approx(before.mean_variance - after.mean_variance)
