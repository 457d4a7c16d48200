"""Every number that the analyses' verdicts depend on, with its reason."""

# What a tenfold of compute has to buy, in scores, to count as growth: two points are about the standard error of one
# evaluation on a thousand items, so less is not seen in a single model.
GAIN = 0.02
# Smallest change of a boundary that matters, in scores; the same as for drift.
DELTA = 0.02
# Decades from 10 to 90% of a rise that separate abrupt from gradual: a hundredfold of compute, one generation of models
# to the next but one.
ABRUPT = 2.0
# Probability of credible intervals, and by `sure` of verdicts.
PROB = 0.9


def sure(prob: float) -> float:
    """Return the posterior probability that a one-sided statement needs.

    A statement such as "above" is made where the equal-tailed interval of probability `prob` lies wholly on that side,
    hence at (1 + prob) / 2. So where the truth is on the border, one of the two opposite statements is made in a share
    1 - prob of the cases at most, if the interval is honest.

    Parameters
    ----------
    prob : float
        Probability of the interval.

    Returns
    -------
    float
        Probability of the statement.
    """
    return 0.5 + prob / 2.0
