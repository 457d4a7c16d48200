"""Sizes of models in place of FLOPs: what a boundary is asked at when the question is about parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bayes_frontier.checks.axis import REFERENCE_TOKENS, axis_of
from bayes_frontier.errors import QueryError

if TYPE_CHECKING:
    from bayes_frontier.posterior.frontier import Frontier

_PLAUSIBLE = (1e6, 1e14)


def flops_of_size(frontier: Frontier, params: Sequence[float], tokens: float | None = None) -> list[float]:
    """Turn numbers of parameters into the compute at which a fit is asked.

    Parameters
    ----------
    frontier : Frontier
        The fit.
    params : sequence of float
        Numbers of parameters, such as 8e9.
    tokens : float, optional
        Tokens a model of that size is trained on. Not to be given where the fit's axis is parameters, and needed
        otherwise: compute is 6 x parameters x tokens.

    Returns
    -------
    list of float
        FLOPs.

    Raises
    ------
    QueryError
        If a number is not plausible, or tokens are missing or in the way.
    """
    for value in params:
        if not _PLAUSIBLE[0] <= value <= _PLAUSIBLE[1]:
            hint = f" For {value:g} billion pass {value:g}e9." if 0.0 < value < 1e5 else ""
            raise QueryError(f"params: {value:g} is not a plausible number of parameters (1e6 to 1e14).{hint}")
    if axis_of(frontier.evaluations) == "params":
        if tokens is not None:
            raise QueryError("tokens: this fit's axis is parameters, whatever they were trained on; leave them out.")
        tokens = REFERENCE_TOKENS
    elif tokens is None:
        raise QueryError(
            "params: this fit's axis is compute, so the tokens are needed too, such as 15e12; or fit with parameters "
            "as the axis (fit --axis params)."
        )
    if not 1e6 <= tokens <= 1e17:
        raise QueryError(f"tokens: {tokens:g} is not a plausible number of tokens; 15e12 are 15 trillion.")
    return [6.0 * value * tokens for value in params]
