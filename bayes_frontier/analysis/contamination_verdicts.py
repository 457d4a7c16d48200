"""What a shift is called, and what it does and does not say."""

from __future__ import annotations

from collections.abc import Sequence

from bayes_frontier.errors import QueryError

FRAGILE = ", fragile"
VERDICTS = ("shifted up", "shifted down", "shifted up" + FRAGILE, "shifted down" + FRAGILE, "no shift", "cannot tell")
"""Scores of later models against what the references lead to expect, given their base models; fragile: less than half
of the other analyses (dates, a trend in time, base models on both sides) come to the same."""
# Smallest shift that matters, in scores: the same as for drift.
DELTA = 0.02
PROB = 0.95


def check_settings(delta: float, prob: float) -> None:
    """Refuse settings out of range.

    Parameters
    ----------
    delta : float
        Smallest shift that matters, in [0, 1).
    prob : float
        Probability of a verdict, above 0.5.

    Raises
    ------
    QueryError
        With what was found.
    """
    # PyMC comes with it, which a program that only starts does not need.
    from bayes_frontier.posterior.query import check_prob

    check_prob(prob)
    if prob <= 0.5:
        raise QueryError(f"prob must exceed 0.5, found {prob:g}: a verdict less likely than not is none.")
    if not 0.0 <= delta < 1.0:
        hint = f" For {delta:g} points pass {delta / 100:g}." if 1.0 <= delta <= 100.0 else ""
        raise QueryError(f"delta must lie in [0, 1), found {delta:g}.{hint}")


def verdict(chances: tuple[float, float, float], prob: float) -> str:
    """Turn probabilities into a word.

    Parameters
    ----------
    chances : tuple of float
        Probabilities that the shift is above delta, below -delta, and between.
    prob : float
        Probability a verdict asks for.

    Returns
    -------
    str
        One of `VERDICTS`, none of them fragile.
    """
    for chance, word in zip(chances, ("shifted up", "shifted down", "no shift"), strict=True):
        if chance >= prob:
            return word
    return "cannot tell"


def settled(word: str, others: Sequence[str]) -> str:
    """Weigh a verdict by what other analyses come to.

    Parameters
    ----------
    word : str
        From `verdict`.
    others : sequence of str
        Verdicts of the other analyses that could be made.

    Returns
    -------
    str
        The verdict, marked as fragile where it is a shift that less than half of the others see.
    """
    if not word.startswith("shifted") or not others or 2 * list(others).count(word) >= len(others):
        return word
    return word + FRAGILE


def meaning(task: str, references: str, word: str, others: Sequence[str], tipping: float, explained: float) -> str:
    """Say what a verdict means.

    Parameters
    ----------
    task, references : str
        Names.
    word : str
        The verdict, of `settled`.
    others : sequence of str
        Verdicts of the other analyses that could be made.
    tipping : float
        Unmeasured difference that would explain the shift, on the task's logit scale.
    explained : float
        Difference between later and earlier models that the references explain, on the same scale.

    Returns
    -------
    str
        A few sentences.
    """
    bare = word.removesuffix(FRAGILE)
    same = f"Of {len(others)} other analyses {list(others).count(bare)} come to the same." if others else ""
    if bare == "no shift":
        return f"{task}: after the date as before, given {references}. {same}"
    if bare == "cannot tell":
        return f"{task}: the data do not tell whether it shifted, given {references}. {same}"
    side = "higher" if bare == "shifted up" else "lower"
    other = (
        "Contamination would look like this; so would training aimed at the task, a new marking, or references on "
        "which later models fall behind."
        if side == "higher"
        else "A harder marking would look like this, or references that leaked or were aimed at."
    )
    size = f" ({abs(tipping / explained):.1f} times what is explained)" if abs(explained) > 0.02 else ""
    weak = " That is not enough to speak of a shift at this date." if word != bare else ""
    return (
        f"{task}: {side} after the date than expected from {references}. {same}{weak} {other} It would vanish if later "
        f"models differed by {tipping:+.2f} on its logit scale{size} in a way that is not measured here."
    )
