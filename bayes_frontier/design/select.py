"""Gaussian information about boundaries, and the greedy choice of evaluations under a budget."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from bayes_frontier.model.likelihood import FloatArray, IntArray


@dataclass(frozen=True)
class Noise:
    """Variance of one evaluation as a measurement of a boundary, by how well the boundary is known."""

    deviation: FloatArray  # (n_nodes,): standard deviations of the boundary, increasing
    # (n_tasks, n_nodes): of the measurement, interpolated between the nodes, on logarithmic scales
    variance: FloatArray

    def __call__(self, boundary: FloatArray) -> FloatArray:
        """Look up the noise. Shapes: boundary (n_tasks, n), returns (n_tasks, n)."""
        x, nodes = 0.5 * np.log(np.maximum(boundary, 1e-12)), np.log(self.deviation)
        return np.stack([np.exp(np.interp(row, nodes, np.log(v))) for row, v in zip(x, self.variance, strict=True)])

    def of(self, tasks: IntArray) -> "Noise":
        """Keep some tasks."""
        return Noise(self.deviation, self.variance[tasks])


@dataclass(frozen=True)
class Sites:
    """Where models can be evaluated: one site per base model, at its compute.

    The boundary at site j is ``columns[..., index[j]]`` plus an effect of its own, independent of everything else, with
    standard deviation `spread`: that of a base model not yet seen, or what a fitted one has moved on its own.
    """

    columns: FloatArray  # (n_tasks, n_draws, n_columns): posterior draws of boundaries, in score units
    index: IntArray  # (n_sites,): column of each site
    spread: FloatArray  # (n_tasks, n_sites): in score units


class Information:
    """Covariance of targets (n_tasks, n_draws, n_targets) and sites, given the evaluations chosen so far."""

    def __init__(self, targets: FloatArray, sites: Sites, noise: Noise, weights: FloatArray) -> None:
        self.noise, self.weights = noise, weights
        self._n_targets = targets.shape[2]
        drawn = np.concatenate([targets, sites.columns], axis=2)
        drawn = drawn - drawn.mean(axis=1, keepdims=True)
        self._state: FloatArray = np.matmul(drawn.transpose(0, 2, 1), drawn) / (drawn.shape[1] - 1)
        self._used = drawn.shape[2]
        self._index = self._n_targets + sites.index
        self._spread = sites.spread.copy()
        self.nats = 0.0

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return len(self._index)

    @property
    def variance(self) -> FloatArray:
        """Variances of the boundaries at the sites, shape (n_tasks, n_sites), in squared score units."""
        by_column = np.diagonal(self._state, axis1=1, axis2=2)
        return np.asarray(by_column[:, self._index] + self._spread**2)

    @property
    def target_variance(self) -> FloatArray:
        """Variances of the targets, shape (n_tasks, n_targets), in squared score units."""
        return np.diagonal(self._state, axis1=1, axis2=2)[:, : self._n_targets].copy()

    @property
    def mean_variance(self) -> float:
        """Weighted mean of the targets' variances, in squared score units."""
        return float((self.weights * self.target_variance).sum())

    def variance_gains(self) -> FloatArray:
        """Reduction of the weighted mean variance of the targets by one more evaluation. Shapes: returns (n_sites,)."""
        squared = np.einsum("kg,kgu->ku", self.weights, self._state[:, : self._n_targets, : self._used] ** 2)
        variance = self.variance
        return np.asarray((squared[:, self._index] / (variance + self.noise(variance))).sum(axis=0))

    def information_gains(self) -> FloatArray:
        """Give the expected information of one more evaluation about the models' boundaries, shape (n_sites,)."""
        variance = self.variance
        return np.asarray(0.5 * np.log1p(variance / self.noise(variance)).sum(axis=0))

    def observe(self, site: int) -> None:
        """Take one more evaluation as made."""
        if self._spread[:, site].any():
            self._enter(site)
        at, used = self._index[site], self._used
        variance = self._state[:, at, at].copy()
        noise = self.noise(variance[:, None])[:, 0]
        self.nats += float(0.5 * np.log1p(variance / noise).sum())
        row = self._state[:, at, :used] / np.sqrt(variance + noise)[:, None]
        for task in range(len(row)):
            self._state[task, :used, :used] -= np.outer(row[task], row[task])

    def _enter(self, site: int) -> None:
        """Give a site with an effect of its own a place in the state."""
        if self._used == self._state.shape[1]:
            size = self._used + max(32, self._used // 4)
            grown = np.zeros((len(self._state), size, size))
            grown[:, : self._used, : self._used] = self._state
            self._state = grown
        new, old = self._used, self._index[site]
        self._state[:, new, :new] = self._state[:, old, :new]
        self._state[:, :new, new] = self._state[:, :new, old]
        self._state[:, new, new] = self._state[:, old, old] + self._spread[:, site] ** 2
        self._index[site], self._used = new, new + 1
        self._spread[:, site] = 0.0


class BaseModelInformation(Information):
    """Information about the sites themselves, by site_weights (n_sites,) that sum to one; targets are only reported."""

    def __init__(
        self, targets: FloatArray, sites: Sites, noise: Noise, weights: FloatArray, site_weights: FloatArray
    ) -> None:
        super().__init__(targets, sites, noise, weights)
        self._site_weights = site_weights

    @property
    def mean_variance(self) -> float:
        """Weighted mean of the variances at the sites, in squared score units."""
        return float((self.variance @ self._site_weights).mean())

    def variance_gains(self) -> FloatArray:
        """Reduction of the weighted mean variance at the sites by one more evaluation. Shapes: returns (n_sites,)."""
        used = self._state[:, : self._used, : self._used]
        by_column = np.bincount(self._index, self._site_weights, self._used)
        shared = np.einsum("u,kuv->kv", by_column, used**2)[:, self._index]
        of_column = np.diagonal(used, axis1=1, axis2=2)[:, self._index]
        variance = self.variance
        # an effect of its own is learnt about by evaluating the site itself only
        squared = shared + self._site_weights * (variance**2 - of_column**2)
        return np.asarray((squared / (variance + self.noise(variance))).mean(axis=0))


@dataclass
class Chosen:
    """Evaluations in the order they were chosen, with what each was expected to buy."""

    order: list[int] = field(default_factory=list)
    nats: list[float] = field(default_factory=list)  # expected information of all up to each, in nats
    # variances of the targets after each, shape (n_tasks, n_targets)
    variance: list[FloatArray] = field(default_factory=list)
    # task and target whose variance each reduces most, by share
    largest: list[tuple[int, int]] = field(default_factory=list)

    def add(self, candidate: int, site: int, information: Information) -> None:
        """Choose one more."""
        before = information.target_variance
        information.observe(site)
        share = (before - information.target_variance) * (information.weights > 0)
        share = share / np.maximum(before, np.finfo(float).tiny)
        task, target = np.unravel_index(int(share.argmax()), share.shape)
        self.order.append(candidate)
        self.nats.append(information.nats)
        self.variance.append(information.target_variance.copy())
        self.largest.append((int(task), int(target)))


@dataclass(frozen=True)
class Problem:
    """What is to be chosen from."""

    make: Callable[[], Information]  # returns fresh `Information`
    # whether nats are maximised; else the mean variance, of what `Information` it is, is minimised
    by_information: bool
    site: IntArray  # (n_candidates,): site of each candidate
    cost: FloatArray  # (n_candidates,): positive costs
    budget: float  # sum of costs not exceeded; where it is infinite, gains are not divided by costs
    most: int  # number of candidates not exceeded
    ties: FloatArray  # (n_candidates,): order among candidates of one site: of those at equal cost, or of all
    # whether the cheaper candidates of a site come first. Not where the cost says something about the scores: a model
    # with fewer parameters than its base model is pruned, or not what its label says, and base models are known by
    # models that stand for the others
    by_price: bool = True

    def gains(self, information: Information) -> FloatArray:
        """Gain of one more evaluation at each site. Shapes: returns (n_sites,)."""
        return information.information_gains() if self.by_information else information.variance_gains()

    def value(self, information: Information) -> float:
        """Give what is maximised."""
        return information.nats if self.by_information else -information.mean_variance


def greedy(problem: Problem, forced: Sequence[int] = ()) -> Chosen:
    """Choose candidates by gain per cost, or begin with the best single one where that alone is better."""
    # Gain per cost alone can spend a budget on trifles; with the best single affordable candidate it attains at least
    # (1 - 1/e) / 2 of the optimum of a submodular gain such as the expected information (Leskovec et al. 2007, doi
    # 10.1145/1281192.1281239). Variance reduction is not submodular: all gains are computed anew at every step.
    order, information = _by_ratio(problem, forced)
    fresh = problem.make()
    for candidate in forced:
        fresh.observe(int(problem.site[candidate]))
    left = problem.budget - float(problem.cost[list(forced)].sum())
    gain = np.where(problem.cost <= left, problem.gains(fresh)[problem.site], -1.0)
    gain[list(forced)] = -1.0
    best = int(gain.argmax())
    if gain[best] > 0 and len(forced) < problem.most and best not in order:
        fresh.observe(int(problem.site[best]))
        if problem.value(fresh) > problem.value(information):
            order, _ = _by_ratio(problem, [*forced, best])
    chosen, promised = Chosen(), problem.make()
    for candidate in order:
        chosen.add(candidate, int(problem.site[candidate]), promised)
    return chosen


def _by_ratio(problem: Problem, forced: Sequence[int]) -> tuple[list[int], Information]:
    information, order = problem.make(), list(forced)
    for candidate in forced:
        information.observe(int(problem.site[candidate]))
    left = problem.budget - float(problem.cost[list(forced)].sum())
    queue = _Queue(problem, information.n_sites, set(forced))
    while len(order) < problem.most:
        queue.keep_to(left * (1.0 + 1e-12))
        # a site that is used up costs infinitely much, and an unlimited budget would pay even that
        affordable = np.isfinite(queue.price)
        if not affordable.any():
            break
        gains = problem.gains(information)
        worth = np.divide(gains, queue.price, out=gains, where=affordable & np.isfinite(problem.budget))
        site = int(np.where(affordable, worth, -1.0).argmax())
        left -= float(queue.price[site])
        order.append(queue.take(site))
        information.observe(site)
    return order, information


class _Queue:
    """Candidates of each site, in the order in which they are taken."""

    def __init__(self, problem: Problem, n_sites: int, taken: set[int]) -> None:
        price = problem.cost if problem.by_price else np.zeros(len(problem.cost))
        order = np.lexsort((problem.ties, price, problem.site))
        order = order[~np.isin(order, list(taken))]
        self._order, self._cost = order, problem.cost
        self._next = np.searchsorted(problem.site[order], np.arange(n_sites))
        self._end = np.searchsorted(problem.site[order], np.arange(n_sites), side="right")
        self.price = np.full(n_sites, np.inf)
        for site in range(n_sites):
            self._reprice(site)

    def _reprice(self, site: int) -> None:
        at = self._next[site]
        self.price[site] = self._cost[self._order[at]] if at < self._end[site] else np.inf

    def keep_to(self, left: float) -> None:
        """Drop candidates in front that cost more than is left: they never can be afforded again."""
        for site in np.flatnonzero(np.isfinite(self.price) & (self.price > left)).tolist():
            while np.isfinite(self.price[site]) and self.price[site] > left:
                self._next[site] += 1
                self._reprice(site)

    def take(self, site: int) -> int:
        """Take a site's first candidate."""
        candidate = int(self._order[self._next[site]])
        self._next[site] += 1
        self._reprice(site)
        return candidate
