"""Levels of base models as PyMC variables: normal, and sampled in bent coordinates (`bayes_frontier.model.levels`)."""

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform

from bayes_frontier.model.levels import ROUND, unbend
from bayes_frontier.model.pinball import FloatArray


class Bent(Transform):  # type: ignore[misc]
    """The change of coordinates, for PyMC: of a variable whose last three parameters are middle, a and b."""

    name = "bent"
    ndim_supp = 0

    def forward(self, value: Any, *inputs: Any) -> Any:  # noqa: ANN401 - PyMC's own signature
        """Give the coordinate of a level.

        Parameters
        ----------
        value : tensor
            Level.
        *inputs : tensor
            Parameters of the variable.

        Returns
        -------
        tensor
            x.
        """
        return unbend(value, inputs[-3:], pt.sqrt)

    def backward(self, value: Any, *inputs: Any) -> Any:  # noqa: ANN401
        """Give the level at a coordinate.

        Parameters
        ----------
        value : tensor
            x.
        *inputs : tensor
            Parameters of the variable.

        Returns
        -------
        tensor
            Level.
        """
        middle, a, b = inputs[-3:]
        return middle + a * value + b * pt.sqrt(value**2 + ROUND**2)

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:  # noqa: ANN401
        """Give the log of the slope of the level in its coordinate.

        Parameters
        ----------
        value : tensor
            x.
        *inputs : tensor
            Parameters of the variable.

        Returns
        -------
        tensor
            Same shape.
        """
        _, a, b = inputs[-3:]
        return pt.log(a + b * value / pt.sqrt(value**2 + ROUND**2))


def level_density(value: Any, mean: Any, spread: Any, *_: Any) -> Any:  # noqa: ANN401
    """Log density of a level, normal whatever its coordinate.

    Parameters
    ----------
    value, mean, spread : tensor
        Level, and the mean and standard deviation of its prior.
    *_ : tensor
        The coordinate's parameters: not used.

    Returns
    -------
    tensor
        Same shape.
    """
    return -0.5 * ((value - mean) / spread) ** 2 - pt.log(spread) - 0.5 * np.log(2.0 * np.pi)


def level_draw(
    mean: FloatArray,
    spread: FloatArray,
    *_: FloatArray,
    rng: np.random.Generator,
    size: tuple[int, ...] | None = None,
) -> FloatArray:
    """Draw levels from their prior.

    Parameters
    ----------
    mean, spread : ndarray
        Of the prior.
    *_ : ndarray
        The coordinate's parameters: not used.
    rng : numpy.random.Generator
        Source of randomness.
    size : tuple of int, optional
        Shape.

    Returns
    -------
    ndarray
        Levels.
    """
    return np.asarray(rng.normal(mean, spread, size=size))
