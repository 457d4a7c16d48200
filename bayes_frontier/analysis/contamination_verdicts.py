"""What a shift is called, and what it does and does not say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

FRAGILE = ", fragile"
VERDICTS = ("shifted up", "shifted down", "shifted up" + FRAGILE, "shifted down" + FRAGILE, "no shift", "cannot tell")
"""Scores of later models against what the references lead to expect, given their base models; fragile: less than half
of the other analyses come to the same, or one of `EXPLANATIONS` leaves its direction open."""
TREND, BOTH_SIDES, NOISY = "with a trend in time", "base models on both sides", "references as noisy measures"
EXPLANATIONS = {
    TREND: "a gradual change",
    BOTH_SIDES: "other base models",
    NOISY: "references that measure quality badly",
}
"""Analyses that let something else than a shift explain the scores, and what that is."""
# Smallest shift that matters, in scores: the same as for drift.
DELTA = 0.02
PROB = 0.95


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


def settled(word: str, others: Mapping[str, str], positive: Mapping[str, float], prob: float) -> str:
    """Weigh a verdict by what other analyses come to.

    Other dates see less of a shift than its own, so half of all analyses will do; but what could explain the shift
    away has to leave its direction standing, each by itself.

    Parameters
    ----------
    word : str
        From `verdict`.
    others : mapping of str to str
        Verdicts of the other analyses, empty where one could not be made.
    positive : mapping of str to float
        Their probabilities that the shift is above zero.
    prob : float
        Probability of a verdict.

    Returns
    -------
    str
        The verdict, marked as fragile where it is a shift that the other analyses do not support.
    """
    made = [other for other in others.values() if other]
    if not word.startswith("shifted") or not made:
        return word
    if 2 * made.count(word) < len(made) or explained_away(word, others, positive, prob):
        return word + FRAGILE
    return word


def explained_away(word: str, others: Mapping[str, str], positive: Mapping[str, float], prob: float) -> list[str]:
    """Name what could explain a shift away.

    Parameters
    ----------
    word : str
        The verdict, fragile or not.
    others : mapping of str to str
        Verdicts of the other analyses, empty where one could not be made.
    positive : mapping of str to float
        Their probabilities that the shift is above zero.
    prob : float
        Probability of a verdict.

    Returns
    -------
    list of str
        Values of `EXPLANATIONS` whose analysis leaves the direction open.
    """
    if not word.startswith("shifted"):
        return []
    up = word.startswith("shifted up")
    return [
        words
        for name, words in EXPLANATIONS.items()
        if others.get(name) and (positive[name] if up else 1.0 - positive[name]) < prob
    ]


def meaning(
    task: str,
    references: str,
    word: str,
    others: Sequence[str],
    tipping: float,
    explained: float,
    instead: Sequence[str] = (),
) -> str:
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
    instead : sequence of str
        What could explain it away, of `explained_away`.

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
    if instead:
        weak = f" {' or '.join(instead).capitalize()} would explain it as well:{weak.lower().removesuffix('.')}."
    return (
        f"{task}: {side} after the date than expected from {references}. {same}{weak} {other} It would vanish if later "
        f"models differed by {tipping:+.2f} on its logit scale{size} in a way that is not measured here."
    )
