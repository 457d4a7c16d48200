"""Words and numbers in text: short lists, "did you mean", counts, FLOPs and probabilities as people read them."""

import difflib
from collections.abc import Iterable, Sequence

from bayes_frontier.errors import QueryError

LONGEST = 100


def listed(names: Iterable[object], limit: int = 8) -> str:
    """Join quoted names, the first `limit` of them and at most 100 characters of each: ``'a', 'b' and 3 more``."""
    words = [_short(repr(str(name))) for name in names]
    more = f" and {len(words) - limit:,} more" if len(words) > limit else ""
    return ", ".join(words[:limit]) + more


def _short(word: str) -> str:
    return word if len(word) <= LONGEST else word[: LONGEST - 3] + "..."


def suggestion(name: str, known: Sequence[str]) -> str:
    """Return `` Did you mean 'x'?`` if a known name is close, else an empty string."""
    lower = {k.casefold(): k for k in known if len(k) <= LONGEST}
    close = difflib.get_close_matches(name.casefold(), list(lower), n=1) if len(name) <= LONGEST else []
    return f" Did you mean {lower[close[0]]!r}?" if close else ""


def check_choice(value: object, choices: Iterable[str], what: str) -> None:
    """Refuse a value that is not one of several, naming all of them."""
    there = list(choices)
    if value not in there:
        raise QueryError(
            f"{what}: unknown choice {value!r}.{suggestion(str(value), there)} Choose one of {listed(there, 20)}."
        )


def count(n: int, noun: str) -> str:
    """Return a number with its noun in the singular or plural: ``1 row``, ``1,200 rows``."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


# Numbers and names in words, for tables and pages alike.

_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def flops_words(value: float) -> str:
    """Write FLOPs with up to three digits, in a form that can be typed back in: ``1e24``, ``7.22e23``."""
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def flops_typeset(value: float) -> str:
    """Write FLOPs for reading: ``10²⁴``, ``7.22×10²³``."""
    mantissa, exponent = flops_words(value).split("e")
    power = "10" + exponent.translate(_SUPERSCRIPTS)
    return power if mantissa == "1" else f"{mantissa}×{power}"


def probability_words(value: float) -> str:
    """Write a probability estimated from draws: three decimals, never a bare 0 or 1."""
    if value >= 0.9995:
        return ">0.999"
    return "<0.001" if value < 0.0005 else f"{value:.3f}"


def share_words(value: float) -> str:
    """Write a share as a percentage without needless digits: ``98%``, ``97.5%``."""
    return f"{100 * value:.4g}%"


def printable(text: str) -> str:
    r"""Replace characters that would act on a terminal instead of being shown."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def one_in(share: float) -> str:
    """Write a small share as people say it: ``1 in 50``; as a percentage where it is none of these."""
    times = 1.0 / share
    return f"1 in {times:.0f}" if abs(times - round(times)) < 0.01 * times else f"{share_words(share)} of"


def percent_range(lower: float, upper: float) -> str:
    """Write an interval of scores in whole percent: ``51–59%``."""
    return f"{100 * lower:.0f}–{100 * upper:.0f}%"


def points_words(change: float) -> str:
    """Write a change of a score: ``up 8 points``, ``down 1 point``."""
    n = round(100 * abs(change))
    return f"{'up' if change >= 0 else 'down'} {count(n, 'point')}"


def points_signed(change: float) -> str:
    """Write a change of a score in points: ``+8``, ``−1``, ``0``."""
    n = round(100 * change)
    return f"{n:+d}".replace("-", "−") if n else "0"


# Benchmarks as their authors write them; other tasks keep the name that their table gives them.
_TITLES = {
    "bbh": "BBH",
    "gpqa": "GPQA",
    "musr": "MuSR",
    "ifeval": "IFEval",
    "math_lvl_5": "MATH Lvl 5",
    "mmlu_pro": "MMLU-Pro",
    "mmlu": "MMLU",
    "arc": "ARC",
    "arc_challenge": "ARC-Challenge",
    "hellaswag": "HellaSwag",
    "truthfulqa": "TruthfulQA",
    "winogrande": "WinoGrande",
    "gsm8k": "GSM8K",
}


def task_title(task: str) -> str:
    """Write a task's name as people do."""
    return _TITLES.get(task.casefold(), task)
