"""Greedy choice of evaluations under a budget."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from bayes_frontier.design.information import Information
from bayes_frontier.model.pinball import FloatArray, IntArray


@dataclass
class Chosen:
    """Evaluations in the order they were chosen, with what each was expected to buy.

    Attributes
    ----------
    order : list of int
        Candidates.
    nats : list of float
        Expected information of all up to each, in nats.
    variance : list of ndarray
        Variances of the targets after each, shape (n_tasks, n_targets).
    largest : list of tuple of int
        Task and target whose variance each reduces most, by share.
    """

    order: list[int] = field(default_factory=list)
    nats: list[float] = field(default_factory=list)
    variance: list[FloatArray] = field(default_factory=list)
    largest: list[tuple[int, int]] = field(default_factory=list)

    def add(self, candidate: int, site: int, information: Information) -> None:
        """Choose one more.

        Parameters
        ----------
        candidate, site : int
            The candidate and its site.
        information : Information
            Updated in place.
        """
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
    """What is to be chosen from.

    Attributes
    ----------
    make : callable
        Returns fresh `Information`.
    by_information : bool
        Whether nats are maximised; else the mean variance, of what `Information` it is, is minimised.
    site : ndarray of int, shape (n_candidates,)
        Site of each candidate.
    cost : ndarray, shape (n_candidates,)
        Positive costs.
    budget : float
        Sum of costs not exceeded; where it is infinite, gains are not divided by costs.
    most : int
        Number of candidates not exceeded.
    ties : ndarray, shape (n_candidates,)
        Order among candidates of one site: of those at equal cost, or of all.
    by_price : bool
        Whether the cheaper candidates of a site come first. Not where the cost says something about the scores: a model
        with fewer parameters than its base model is pruned, or not what its label says, and base models are known by
        models that stand for the others.
    """

    make: Callable[[], Information]
    by_information: bool
    site: IntArray
    cost: FloatArray
    budget: float
    most: int
    ties: FloatArray
    by_price: bool = True

    def gains(self, information: Information) -> FloatArray:
        """Gain of one more evaluation at each site.

        Parameters
        ----------
        information : Information
            What is chosen so far.

        Returns
        -------
        ndarray, shape (n_sites,)
            Not negative.
        """
        return information.information_gains() if self.by_information else information.variance_gains()

    def value(self, information: Information) -> float:
        """Give what is maximised.

        Parameters
        ----------
        information : Information
            What is chosen so far.

        Returns
        -------
        float
            Nats, or minus the mean variance.
        """
        return information.nats if self.by_information else -information.mean_variance


def greedy(problem: Problem, forced: Sequence[int] = ()) -> Chosen:
    """Choose candidates by gain per cost, or begin with the best single one where that alone is better.

    Gain per cost alone can spend a budget on trifles; together with the best single affordable candidate it attains at
    least ``(1 - 1/e) / 2`` of the optimum of a submodular gain such as the expected information (Leskovec et al. 2007,
    doi 10.1145/1281192.1281239). Variance reduction is not submodular: all gains are computed anew at every step.

    Parameters
    ----------
    problem : Problem
        Candidates, costs, budget and objective.
    forced : sequence of int
        Candidates chosen first, whatever they gain.

    Returns
    -------
    Chosen
        In order.
    """
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
