"""Gaussian information: what one more evaluation is expected to say about boundaries.

Boundaries are taken as jointly Gaussian with the covariance of the posterior draws, and an evaluation of a model as a
measurement of the boundary at its *site* (base model and compute) with noise variance v. Then evaluating a set S
reduces the covariance of the targets to ``K_TT - K_TS (K_SS + V)^-1 K_ST`` whatever the scores turn out to be, and
tells ``EIG(S) = 1/2 logdet(I + V^-1 K_SS)`` nats about the boundaries of the models themselves (Lindley 1956; Chaloner
& Verdinelli 1995, section 2). Siblings on one base model are redundant because their covariance says so.

Both follow from updates of rank one, in the space of the distinct boundaries only. Base models not yet seen have an
effect that is independent of everything until one of their models is evaluated; they enter that space then. Time and
memory are linear in the number of sites.
"""

from dataclasses import dataclass

import numpy as np

from bayes_frontier.model.pinball import FloatArray, IntArray


@dataclass(frozen=True)
class Noise:
    """Variance of one evaluation as a measurement of a boundary, by how well the boundary is known.

    Attributes
    ----------
    deviation : ndarray, shape (n_nodes,)
        Standard deviations of the boundary, increasing.
    variance : ndarray, shape (n_tasks, n_nodes)
        Of the measurement, interpolated between the nodes, on logarithmic scales.
    """

    deviation: FloatArray
    variance: FloatArray

    def __call__(self, boundary: FloatArray) -> FloatArray:
        """Look up the noise.

        Parameters
        ----------
        boundary : ndarray, shape (n_tasks, n)
            Variances of boundaries.

        Returns
        -------
        ndarray, shape (n_tasks, n)
            Variances of one measurement of each.
        """
        x, nodes = 0.5 * np.log(np.maximum(boundary, 1e-12)), np.log(self.deviation)
        return np.stack([np.exp(np.interp(row, nodes, np.log(v))) for row, v in zip(x, self.variance, strict=True)])

    def of(self, tasks: IntArray) -> "Noise":
        """Keep some tasks.

        Parameters
        ----------
        tasks : ndarray of int
            Which.

        Returns
        -------
        Noise
            Of these.
        """
        return Noise(self.deviation, self.variance[tasks])


@dataclass(frozen=True)
class Sites:
    """Where models can be evaluated: one site a base model, at its compute.

    The boundary at site j is ``columns[..., index[j]]`` plus an effect of its own, independent of everything else, with
    standard deviation `spread`: that of a base model not yet seen, or what a known one has moved on its own.

    Attributes
    ----------
    columns : ndarray, shape (n_tasks, n_draws, n_columns)
        Posterior draws of boundaries, in score units.
    index : ndarray of int, shape (n_sites,)
        Column of each site.
    spread : ndarray, shape (n_tasks, n_sites)
        In score units.
    """

    columns: FloatArray
    index: IntArray
    spread: FloatArray


class Information:
    """Covariance of targets and sites, given the evaluations chosen so far.

    Parameters
    ----------
    targets : ndarray, shape (n_tasks, n_draws, n_targets)
        Posterior draws of what is to be known, in score units.
    sites : Sites
        Where evaluations are possible.
    noise : Noise
        Variance of one evaluation as a measurement of a boundary.
    weights : ndarray, shape (n_tasks, n_targets)
        Weight of each target's variance; they sum to one.
    """

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
        own = np.diagonal(self._state, axis1=1, axis2=2)
        return np.asarray(own[:, self._index] + self._spread**2)

    @property
    def target_variance(self) -> FloatArray:
        """Variances of the targets, shape (n_tasks, n_targets), in squared score units."""
        return np.diagonal(self._state, axis1=1, axis2=2)[:, : self._n_targets].copy()

    @property
    def mean_variance(self) -> float:
        """Weighted mean of the targets' variances, in squared score units."""
        return float((self.weights * self.target_variance).sum())

    def variance_gains(self) -> FloatArray:
        """Reduction of the weighted mean variance of the targets by one more evaluation.

        Returns
        -------
        ndarray, shape (n_sites,)
            In squared score units.
        """
        squared = np.einsum("kg,kgu->ku", self.weights, self._state[:, : self._n_targets, : self._used] ** 2)
        variance = self.variance
        return np.asarray((squared[:, self._index] / (variance + self.noise(variance))).sum(axis=0))

    def information_gains(self) -> FloatArray:
        """Give the expected information of one more evaluation about the boundaries of the models themselves.

        Returns
        -------
        ndarray, shape (n_sites,)
            In nats.
        """
        variance = self.variance
        return np.asarray(0.5 * np.log1p(variance / self.noise(variance)).sum(axis=0))

    def observe(self, site: int) -> None:
        """Take one more evaluation as made.

        Parameters
        ----------
        site : int
            Where.
        """
        if self._spread[:, site].any():
            self._enter(site)
        at, used = self._index[site], self._used
        own = self._state[:, at, at].copy()
        noise = self.noise(own[:, None])[:, 0]
        self.nats += float(0.5 * np.log1p(own / noise).sum())
        row = self._state[:, at, :used] / np.sqrt(own + noise)[:, None]
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
    """Information whose targets are the boundaries of the sites themselves, some of them more than others.

    Parameters
    ----------
    targets, sites, noise, weights : optional
        As in `Information`; the targets are only reported.
    site_weights : ndarray, shape (n_sites,)
        Weight of the variance of each site's boundary; they sum to one.
    """

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
        """Reduction of the weighted mean variance at the sites by one more evaluation.

        Returns
        -------
        ndarray, shape (n_sites,)
            In squared score units.
        """
        used = self._state[:, : self._used, : self._used]
        by_column = np.bincount(self._index, self._site_weights, self._used)
        shared = np.einsum("u,kuv->kv", by_column, used**2)[:, self._index]
        own = np.diagonal(used, axis1=1, axis2=2)[:, self._index]
        variance = self.variance
        # an effect of its own is learnt about by evaluating the site itself only
        squared = shared + self._site_weights * (variance**2 - own**2)
        return np.asarray((squared / (variance + self.noise(variance))).mean(axis=0))
