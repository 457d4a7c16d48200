"""What tasks have in common: means, spreads and scales over tasks, with simple empirical-Bayes steps."""

from collections.abc import Callable

import numpy as np

from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.model.spec import HalfNormal, LogNormal

# Grid of logarithms of standard deviations.
_LOG_SCALES: FloatArray = np.linspace(-6.0, 3.0, 400)
# Mean and spread are found in turn, so many times.
_ROUNDS = 3


def typical_scale(values: FloatArray, variances: FloatArray, log_prior: Callable[[FloatArray], FloatArray]) -> float:
    """Geometric mean of the standard deviation of normal values around zero, which are known with errors.

    Shapes: values, variances (n,).
    """
    squares = float((values**2 + variances).sum())
    log_posterior = log_prior(_LOG_SCALES) - len(values) * _LOG_SCALES - 0.5 * squares * np.exp(-2.0 * _LOG_SCALES)
    weight = np.exp(log_posterior - log_posterior.max())
    return float(np.exp(weight @ _LOG_SCALES / weight.sum()))


def log_scale(typical: HalfNormal | LogNormal, between: HalfNormal | LogNormal) -> tuple[float, float]:
    """Return mean and standard deviation of the logarithm of a task's scale."""
    mean, sd = log_typical(typical)
    return mean, float(np.hypot(sd, between.sigma))


def log_typical(typical: HalfNormal | LogNormal) -> tuple[float, float]:
    """Return mean and standard deviation of the logarithm of a typical scale."""
    # The logarithm of a half-normal variable has mean log(sigma) - 0.635 and standard deviation 1.11.
    return (typical.mu, typical.sigma) if isinstance(typical, LogNormal) else (np.log(typical.sigma) - 0.635, 1.11)


def pooled(
    values: FloatArray, variances: FloatArray, typical: tuple[float, float], between: HalfNormal | LogNormal
) -> tuple[float, float]:
    """Return mean and standard deviation over tasks, from what the values of all tasks are known to be.

    Shapes: values, variances (n_tasks,).
    """

    def log_prior(log_spread: FloatArray) -> FloatArray:
        if isinstance(between, LogNormal):
            return -0.5 * ((log_spread - between.mu) / between.sigma) ** 2
        return log_spread - 0.5 * np.exp(2.0 * log_spread) / between.sigma**2

    mean, error, spread = float(values.mean()), 0.0, between.sigma
    for _ in range(_ROUNDS):
        spread = typical_scale(values - mean, variances + error**2, log_prior)
        precision = 1.0 / typical[1] ** 2 + len(values) / spread**2
        mean = (typical[0] / typical[1] ** 2 + float(values.sum()) / spread**2) / precision
        error = precision**-0.5
    return mean, float(np.hypot(error, spread))
