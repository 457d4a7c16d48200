"""Values given on the command line: FLOPs, scores, probabilities, lists; checked before a file is read."""

import datetime as dt
import math

from bayes_frontier.errors import QueryError

# Wider than any model so far, narrow enough to notice another unit.
FLOPS_RANGE = (1e15, 1e30)
_LOG10_RANGE = (15.0, 30.0)
_MOST = 200


def flops_list(text: str, option: str = "--flops") -> list[float]:
    """Read FLOPs: ``1e24``, ``1e22,1e24``, or ``1e22:1e26:5`` for 5 values evenly spaced in log FLOPs.

    Parameters
    ----------
    text : str
        What was given.
    option : str
        Name of the option, for messages.

    Returns
    -------
    list of float
        The values, in the order given.

    Raises
    ------
    QueryError
        If something is not a number, or not plausible as FLOPs.
    """
    values: list[float] = []
    for part in _parts(text, option):
        values += _log_range(part, option) if ":" in part else [_flops(part, option)]
    if len(values) > _MOST:
        raise QueryError(f"{option}: {len(values):,} values; ask for at most {_MOST} at a time.")
    return values


def _log_range(part: str, option: str) -> list[float]:
    ends = part.split(":")
    if len(ends) != 3 or not ends[2].strip().isdecimal() or int(ends[2][:9]) < 2:
        raise QueryError(
            f"{option}: cannot read the range {part!r}; write FROM:TO:COUNT with at least 2 values, such as "
            "1e22:1e26:5."
        )
    low, high, n = _flops(ends[0], option), _flops(ends[1], option), int(ends[2][:9])
    if low >= high:
        raise QueryError(f"{option}: the range {part!r} runs downwards; write the smaller end first.")
    if n > _MOST:
        raise QueryError(f"{option}: {n:,} values; ask for at most {_MOST} at a time.")
    step = math.log10(high / low) / (n - 1)
    return [low, *(float(f"{low * 10 ** (step * i):.12g}") for i in range(1, n - 1)), high]


def _flops(part: str, option: str) -> float:
    value = _number(part, option, "FLOPs; write 1e24, several as 1e22,1e24, or a range as 1e22:1e26:5")
    low, high = FLOPS_RANGE
    if _LOG10_RANGE[0] <= value <= _LOG10_RANGE[1]:
        raise QueryError(f"{option}: {part.strip()} looks like log10 of FLOPs: write {_e(10**value)}.")
    if not value > 0:
        raise QueryError(f"{option}: {part.strip()} is not a positive number of FLOPs; write 1e24, say.")
    if not low <= value <= high:
        raise QueryError(
            f"{option}: {part.strip()} is outside {_e(low)} to {_e(high)}, so it is hardly a number of "
            "FLOPs. FLOPs are 6 x parameters x tokens: an 8e9-parameter model on 15e12 tokens has 7.2e23; "
            "one ZFLOP is 1e21."
        )
    return value


def scores_list(text: str, option: str = "--score") -> list[float]:
    """Read scores in [0, 1], separated by commas.

    Parameters
    ----------
    text : str
        What was given.
    option : str
        Name of the option, for messages.

    Returns
    -------
    list of float
        The scores, in the order given.

    Raises
    ------
    QueryError
        If something is not a number in [0, 1]; values up to 100 are taken for percentages.
    """
    return [_share(part, option, "score") for part in _parts(text, option)]


def one_score(text: str, option: str) -> float:
    """Read one score in [0, 1].

    Parameters
    ----------
    text : str
        What was given.
    option : str
        Name of the option, for messages.

    Returns
    -------
    float
        The score.

    Raises
    ------
    QueryError
        If it is not one number in [0, 1].
    """
    return _one(scores_list(text, option), option)


def one_flops(text: str, option: str = "--flops") -> float:
    """Read one number of FLOPs.

    Parameters
    ----------
    text : str
        What was given.
    option : str
        Name of the option, for messages.

    Returns
    -------
    float
        The FLOPs.

    Raises
    ------
    QueryError
        If it is not one number plausible as FLOPs.
    """
    return _one(flops_list(text, option), option)


def _one(values: list[float], option: str) -> float:
    if len(values) > 1:
        raise QueryError(f"{option}: give one number.")
    return values[0]


def probability(text: str, option: str) -> float:
    """Read a probability between 0 and 1, both excluded.

    Parameters
    ----------
    text : str
        What was given.
    option : str
        Name of the option, for messages.

    Returns
    -------
    float
        The probability.

    Raises
    ------
    QueryError
        If it is not a number between 0 and 1.
    """
    value = _share(text, option, "probability")
    if value in (0.0, 1.0):
        raise QueryError(f"{option}: {text.strip()} leaves nothing out; give a number between 0 and 1.")
    return value


def _share(part: str, option: str, noun: str) -> float:
    value = _number(part, option, f"a {noun}; write a number between 0 and 1, such as 0.5")
    if 1.0 < value <= 100.0:
        raise QueryError(f"{option}: {part.strip()} looks like a percentage: write {value / 100:g}.")
    if not 0.0 <= value <= 1.0:
        raise QueryError(f"{option}: {part.strip()} is not a {noun}, which lies between 0 and 1.")
    return value


def names_list(values: list[str] | None) -> list[str] | None:
    """Read names, from an option that may be repeated and whose values may hold commas.

    Parameters
    ----------
    values : list of str or None
        What was given.

    Returns
    -------
    list of str or None
        Each name once, in the order given; None where there is none.
    """
    found = [part.strip() for value in values or [] for part in value.split(",")]
    return list(dict.fromkeys(name for name in found if name)) or None


def day_of(text: str, option: str) -> dt.date:
    """Read a date.

    Parameters
    ----------
    text : str
        What was given.
    option : str
        Name of the option, for messages.

    Returns
    -------
    datetime.date
        The date.

    Raises
    ------
    QueryError
        If it is no date.
    """
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise QueryError(f"{option}: cannot read {text[:40]!r} as a date; write it as 2025-03-31.") from None


def fields_map(values: list[str] | None) -> dict[str, str]:
    """Read ``FIELD=COLUMN`` pairs.

    Parameters
    ----------
    values : list of str or None
        What was given.

    Returns
    -------
    dict of str to str
        Column by field.

    Raises
    ------
    QueryError
        If a pair has no equals sign or an empty side, or a field is given twice.
    """
    columns: dict[str, str] = {}
    for value in values or []:
        field, equals, column = (part.strip() for part in value.partition("="))
        if not (field and equals and column):
            raise QueryError(f"--column: cannot read {value!r}; write FIELD=COLUMN, such as flops=train_flops.")
        if field in columns:
            raise QueryError(f"--column: {field} is given twice; name one column for it.")
        columns[field] = column
    return columns


def period_of(text: str | None) -> str | int | None:
    """Read a period: a number counts from 0 (or back from -1), everything else is a label or a date.

    Parameters
    ----------
    text : str or None
        What was given.

    Returns
    -------
    str, int or None
        The period as `Frontier` takes it.
    """
    if text is None:
        return None
    text = text.strip()
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 4 else text


def _parts(text: str, option: str) -> list[str]:
    parts = [part for part in text.split(",") if part.strip()]
    if not parts:
        raise QueryError(f"{option}: no value is given.")
    return parts


def _number(part: str, option: str, what: str) -> float:
    try:
        value = float(part)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise QueryError(f"{option}: cannot read {part.strip()[:40]!r} as {what}.")
    return value


def _e(value: float) -> str:
    return f"{value:.3g}".replace("e+", "e")
