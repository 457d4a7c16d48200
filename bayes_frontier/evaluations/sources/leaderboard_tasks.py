"""The six scores of the Open LLM Leaderboard v2 from the metrics of lm-evaluation-harness's ``leaderboard`` tasks.

IFEval is the mean of prompt-strict and instruction-strict accuracy; BBH and MUSR are unweighted means of their
subtasks; GPQA and MATH are the group's value, the mean over items; MMLU-PRO is its accuracy. Group values of BBH
and MUSR are means over items, which differ in the third decimal, and are not used. Where a group is absent, its
value is computed from all of its subtasks.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Values = Callable[[str, str], Floats | None]
"""Gives the values of a task's metric, shape (n,), or None where there are none."""

PREFIX = "leaderboard_"
BBH = tuple(
    f"leaderboard_bbh_{name}"
    for name in (
        *("boolean_expressions", "causal_judgement", "date_understanding", "disambiguation_qa", "formal_fallacies"),
        *("geometric_shapes", "hyperbaton", "logical_deduction_five_objects", "logical_deduction_seven_objects"),
        *("logical_deduction_three_objects", "movie_recommendation", "navigate", "object_counting"),
        *("penguins_in_a_table", "reasoning_about_colored_objects", "ruin_names"),
        *("salient_translation_error_detection", "snarks", "sports_understanding", "temporal_sequences"),
        *("tracking_shuffled_objects_five_objects", "tracking_shuffled_objects_seven_objects"),
        *("tracking_shuffled_objects_three_objects", "web_of_lies"),
    )
)
MUSR = tuple(f"leaderboard_musr_{name}" for name in ("murder_mysteries", "object_placements", "team_allocation"))
# Items of each subtask, as the harness counts them.
GPQA = {f"leaderboard_gpqa_{name}": n for name, n in (("diamond", 198), ("extended", 546), ("main", 448))}
MATH = {
    f"leaderboard_math_{name}_hard": n
    for name, n in (
        *(("algebra", 307), ("counting_and_prob", 123), ("geometry", 132), ("intermediate_algebra", 280)),
        *(("num_theory", 154), ("prealgebra", 193), ("precalculus", 135)),
    )
}
IFEVAL, MMLU_PRO = "leaderboard_ifeval", "leaderboard_mmlu_pro"
STRICT = ("prompt_level_strict_acc", "inst_level_strict_acc")
PARTS: dict[str, tuple[str, ...]] = {
    "ifeval": (IFEVAL,),
    "bbh": BBH,
    "math_lvl_5": tuple(MATH),
    "gpqa": tuple(GPQA),
    "musr": MUSR,
    "mmlu_pro": (MMLU_PRO,),
}
"""Tasks of the harness behind each of the six."""
ITEMS = {"ifeval": 541, "bbh": 5761, "math_lvl_5": 1324, "gpqa": 1192, "musr": 756, "mmlu_pro": 12032}
"""Items of each, by the counts (``n-samples``) in the harness's result files of two full leaderboard runs."""


def six(values: Values, n: int) -> dict[str, Floats]:
    """Compute the six scores.

    Parameters
    ----------
    values : callable
        Values by harness task and metric.
    n : int
        Number of models.

    Returns
    -------
    dict of str to numpy.ndarray
        Scores by task, shape (n,), NaN where a part is missing; in the leaderboard's order.
    """

    def get(task: str, metric: str) -> Floats:
        found = values(task, metric)
        return np.full(n, np.nan) if found is None else found

    def mean(tasks: tuple[str, ...]) -> Floats:
        return np.stack([get(task, "acc_norm") for task in tasks]).mean(axis=0)

    def pooled(group: str, sizes: dict[str, int], metric: str) -> Floats:
        parts = np.stack([get(task, metric) for task in sizes])
        over_items = np.average(parts, axis=0, weights=np.array(list(sizes.values()), dtype=np.float64))
        stated = get(group, metric)
        return np.where(np.isnan(stated), over_items, stated)

    return {
        "ifeval": (get(IFEVAL, STRICT[0]) + get(IFEVAL, STRICT[1])) / 2,
        "bbh": mean(BBH),
        "math_lvl_5": pooled("leaderboard_math_hard", MATH, "exact_match"),
        "gpqa": pooled("leaderboard_gpqa", GPQA, "acc_norm"),
        "musr": mean(MUSR),
        "mmlu_pro": get(MMLU_PRO, "acc"),
    }


def is_part(task: str) -> bool:
    """Tell whether a task of the harness is one of the leaderboard's groups or their parts.

    Parameters
    ----------
    task : str
        Its name.

    Returns
    -------
    bool
        Not for other tasks with that prefix, such as those of users.
    """
    groups = ("leaderboard", "leaderboard_bbh", "leaderboard_gpqa", "leaderboard_math_hard", "leaderboard_musr")
    return task in groups or any(task in parts for parts in PARTS.values())
