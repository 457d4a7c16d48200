"""Posteriors that know the truth: right ones, and wrong ones on purpose."""

import numpy as np

from studies.calibration.scenarios import Scenario
from studies.calibration.scoring import Answers, true_own, true_population

SD, DRAWS = 0.02, 200
_KNOWN = {}


class Fake:
    """Exactly calibrated for one scenario, spoilt as asked: shrink (scale), effects (none), swap (two tasks), shift."""

    def __init__(self, scenario: Scenario, *, shrink=1.0, effects=True, swap=False, shift=0.0) -> None:
        self.scenario, self.shrink, self.effects, self.swap, self.shift = scenario, shrink, effects, swap, shift

    def __call__(self, evaluations, tau, seed, z) -> Answers:
        replication = seed - self.scenario.seed(0)
        if (self.scenario.name, replication) not in _KNOWN:
            _, truth = self.scenario.simulate(replication)
            _KNOWN[self.scenario.name, replication] = true_population(truth, z), true_own(evaluations, truth)
        population, own = _KNOWN[self.scenario.name, replication]
        rng = np.random.default_rng(seed)
        population = self._around(rng, population)
        if not self.effects:
            own = np.broadcast_to(own.mean(axis=0), own.shape)
        own = self._around(rng, own)
        if self.swap:
            population[:, [0, 1]], own[:, :, [0, 1]] = population[:, [1, 0]], own[:, :, [1, 0]]
        return Answers(population, own, {"rhat": 1.0})

    def _around(self, rng, values):
        # one error for the first half of a curve and one for the second, so that points are not independent
        n = values.shape[-1]
        errors = np.repeat(rng.normal(0, SD, (DRAWS + 1, *values.shape[:-1], 2)), -(-n // 2), axis=-1)[..., :n]
        return values + errors[0] + self.shrink * errors[1:] + self.shift


def fake_lines(scenarios, n, *, seed=0, covered=0.9) -> list[dict]:
    """Replications as they are stored, of made-up numbers; the model's 90% intervals cover as asked."""
    rng = np.random.default_rng(seed)
    shares = np.array([0.5, 0.8, covered, 0.95])

    def part(width):
        return {
            "covered": (rng.random((9, 1)) < shares).astype(float).tolist(),
            "width": (width * (1 + 0.1 * rng.random(9))).tolist(),
            "bias": rng.normal(0, 0.004, 9).tolist(),
            "task_covered90": [float(rng.random() < 0.9)],
            "task_bias": [0.0],
        }

    groups = [{"covered": shares.tolist(), "width": 0.1, "bias": 0.001} for _ in range(3)]
    widths = {"model": 0.05, "uncalibrated": 0.02, "sandwich": 0.04, "bootstrap": 0.06}
    return [
        {
            "scenario": scenario.name,
            "replication": r,
            "notes": {"rhat": 1.01 if r else 1.2, "divergences": 0.0},
            "population": {method: part(width) for method, width in widths.items()},
            "own": {"model": {"n": [5, 4, 3], "groups": groups, "all": groups[0]}},
            "seconds": 2.0,
        }
        for scenario in scenarios
        for r in range(n)
    ]
