"""Which measure a score is: metric, filter, shots and the rest of a task's identity; and which numbers are no scores.

Names match by rules that can be read here (`match_task`, `not_a_score`, `lower_is_better`) and overridden: a task asked
for by its full name is read, a declared one (metrics) is read as declared, and a declaration's ``name`` renames it.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import pandas as pd

SHARE = "share, 0 to 1"
"""Scale of values that are scores as they stand."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What the scores of one task are.

    * metric, filter: metric, and the filter that picked the answer out of the output; "" unknown
    * shots: examples shown before each question, "5" say; "" unknown
    * detail: whatever else tells measures apart: epoch reducer, group of samples, parameters of the metric, suite
    * scale: how values became scores in [0, 1]
    * others: other measures of the same benchmark that the source holds and that were not read
    """

    metric: str = ""
    filter: str = ""
    shots: str = ""
    detail: str = ""
    scale: str = ""
    others: tuple[str, ...] = ()

    def words(self) -> str:
        """Describe the measure without its scale: ``acc, filter none, 5-shot``."""
        parts = (self.metric, f"filter {self.filter}" if self.filter else "", shots_words(self.shots), self.detail)
        return ", ".join(part for part in parts if part)

    def differs(self, other: "Measure") -> str:
        """Say in which part two measures differ where both state it, "" in none; a column's name states no metric."""
        for part in ("metric", "filter", "shots"):
            mine, theirs = getattr(self, part), getattr(other, part)
            if mine and theirs and mine != theirs and not (mine + theirs).count("column '"):
                return f"{part} {mine!r} and {theirs!r}"
        return ""

    def scaled_as(self, scale: str) -> "Measure":
        """Return the same measure with its scale."""
        return replace(self, scale=scale)


def shots_words(shots: str) -> str:
    """Write shots as people do: ``5-shot``."""
    return f"{shots}-shot" if shots else ""


def normal(name: str) -> str:
    """Return a name in lower case with every run of other characters as one underscore."""
    return re.sub(r"[^0-9a-z]+", "_", name.casefold()).strip("_")


# Names of tasks.

OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "math_lvl_5": ("math", "math_hard", "math_level_5", "math_lvl5"),
    "mmlu_pro": ("mmlupro",),
    "ifeval": ("if_eval",),
    "arc": ("arc_challenge",),
    "truthfulqa": ("truthfulqa_mc2", "truthful_qa"),
}
"""Further names of a leaderboard's tasks, normal, as its pages and the harness call them."""


def match_task(name: str, tasks: Sequence[str]) -> str | None:
    """Return the task a name means: itself, else the only one that reads alike, else by one of its other names.

    Alike are names with the same letters and digits in the same words, without "leaderboard" before and "raw" behind.
    """
    if name in tasks:
        return name
    asked = _bare(name)
    alike = [task for task in tasks if asked and _bare(task) == asked]
    found = alike or [task for task in tasks if asked in OTHER_NAMES.get(_bare(task), ())]
    return found[0] if len(found) == 1 else None


def _bare(name: str) -> str:
    return normal(name[:300]).removeprefix("leaderboard_").removesuffix("_raw")


# Metrics.

_IN_ORDER = (
    "acc_norm acc accuracy exact_match em qem pqem pem extractive_match pass@1 pass_at_1 mc2 f1 mean "
    "prompt_level_strict_acc mc1 word_perplexity perplexity byte_perplexity"
)
MAIN = tuple(_IN_ORDER.split())
"""Metrics in the order in which one of several is read; other shares come next, then whatever is no share."""

FILTERS = ("none", "strict-match", "flexible-extract")
_SHARE_NAME = re.compile(
    r"(.*_)?(acc|acc_norm|accuracy|exact_match|em|f1|mc1|mc2)|p?q?em|pass(@|_at_)\d+|acc_.*|.*_acc|extractive_match.*"
    r"|(maj|avg|pass)@\S*|prefix_exact_match|quasi_exact_match"
)


def is_share(metric: str) -> bool:
    """Say whether a metric is a share of the items by definition, so that it needs no declaration."""
    return bool(_SHARE_NAME.fullmatch(metric)) and not lower_is_better(metric)


# Numbers that are no scores, by name.

_METRIC_NAMES = "acc accuracy score scores mean average avg pass pass_1 em f1 exact_match win_rate correct rate result"
_METRIC_WORDS = frozenset(_METRIC_NAMES.split())
_UNCERTAIN = re.compile(
    r"(.*_)?(stderr|std_?err(or)?|std|stddev|standard_(error|deviation)s?|error_bars?|margin_of_error|variance"
    r"|confidence(_interval)?|(95_|90_)?ci(_?95|_?90)?(_(low|lower|high|upper))?)(_clustered|_bootstrap|_percent)?"
    r"|(stderr|std_err(or)?|standard_(error|deviation)|std|ci)_.*"
)
# Endings that are also codes of languages: they count where the rest is a metric, or another column.
_UNCERTAIN_END = re.compile(r"(.+)_(se|sd|var|sem|err|lower|upper|low|high|lb|ub)(_(bound|percent))?")
_THINGS = (
    "samples?|items?|questions?|examples?|problems?|prompts?|tasks?|runs?|seeds?|votes?|trials?|correct|epochs?|docs?"
    "|documents?|battles?|matches|games|instances?|rows|entries"
)
_KINDS = {
    kind: re.compile(pattern)
    for kind, pattern in {
        "number of shots": (
            r"(n|k|num|number_of|no_of)?_?(few)?_?(shots?|fewshots?)(_(count|num))?|(eval_"
            r"|num_)?n_?shots?"
        ),
        "count": (
            rf"n|count|counts|total|votes|(n|num|nr|no|number|number_of|total|total_num|effective|original|nq)_(of_)?"
            rf"({_THINGS})|sample_(len|count|size)|(.*_)?(count|counts|nsamples|n_samples|num_samples)|nq_.*"
            rf"|({_THINGS.replace('correct|', '')})_(count|total|completed|evaluated)|(samples|questions|items)"
        ),
        "cost": r"(.*_)?(costs?|prices?|usd|dollars?)(_(usd|total|per_.*|in_.*|out_.*))?|(cost|price)_.*|credits?",
        "amount of tokens": (
            r"(.*_)?tokens?(_(t|b|m|k|used|in|out|total|count|seen|per_.*|trillions|billions))?|throughput"
            r"|tps"
        ),
        "time": (
            r"(.*_)?(latency|runtime|run_time|duration|elapsed|seconds|secs|minutes|hours|ms|time_s|time_horizon"
            r"|timestamp|eval_time|total_time|time)|year|month|day|date|(.*_)?(time_in_.*|seconds_.*)"
        ),
        "size": (
            r"(.*_)?(params?|parameters|param_count|num_params|model_size|size_(b|gb|mb)|vram(_gb)?|memory(_gb)?"
            r"|n_?layers?|num_layers|hidden_size|d_model|context(_length|_window|_size)?|ctx(_len)?|max_len(gth)?"
            r"|vocab(_size)?|batch_size)(_(b|m|billions?|millions?|gb))?|size|depth|width|seed|seeds"
            r"|(.*_)?(learning_rate|lr|batch_size|grad(ient)?_norm|weight_decay)(_(group\d+|peak|max|min|in_tokens))?"
        ),
        "training step": r"_?(global_|train(ing)?_)?(steps?|iter|iteration|epochs?)|checkpoint|ckpt|revision",
        "log-likelihood": r"(.*_)?(soft_log|log_?probs?|log_?likelihoods?|logprob_per_(byte|token))",
        "rank": r"(.*_)?(rank|ranking|position)|place",
        "popularity": r"(hub_)?(likes?|downloads?|stars|hearts?|popularity)(_.*)?|hub",
        "emission": r"co2?(_.*)?|carbon(_.*)?|emissions?(_.*)?|energy(_.*)?|k?wh|(.*_)?gpu_hours",
        "flag": (
            r"(is|has|was|can|uses?)_.*|flag|flagged|contaminated|contamination|deprecated|merged|not_merged|moe|gated"
            r"|verified|(.*_)?available(_.*)?|open_(source|weights?)|chat_template(_.*)?|reasoning_model|official"
            r"|official_providers?|multimodal|quantized"
        ),
    }.items()
}
_SCORE_WORD = re.compile(r"(^|_)(score|accuracy|acc|correct|pass|resolved|solved|success)(_|$)")
_LOWER = re.compile(
    r"(.*_)?(wer|cer|ter|eer|brier|brier_score|ece|mce|rms_calibration_error|calibration_err(or)?|perplexity|ppl|loss"
    r"|losses|crossentropyloss|cross_entropy|nll|neg_log_likelihood|bits_per_(byte|character|char|token)|bpb|bpc|rmse"
    r"|mse|mae|mape|error|errors|err|error_rate|fpr|fnr|edit_distance|levenshtein|distance(_km|_m)?|asr|mistakes"
    r"|likelihood_diff(erence)?|pct_stereotype)"
    r"|(.*_)?(error|failure|fail|hallucination|toxicity|refusal|violation|false_positive|false_negative|crash|bug"
    r"|attack_success|jailbreak|harm|harmful|harmfulness|unsafe|noncompliance|invalid|abstention|timeout|regression"
    r"|miss|word_error|character_error|misclassification|unanswered|lying|deception|sycophancy|leakage|overrefusal)"
    r"_(rate|ratio|share|percent|percentage|fraction|score|pct)"
    r"|(.*_)?(toxicity|refusals?|hallucinations?|overrefusals?)"
)


def not_a_score(name: str, columns: Collection[str] = ()) -> str:
    """Say what a number is by its name if it is no score ("standard error", "count", ...), "" if it may be one.

    `columns` are the other names beside it: what stands after one of them ("arc_se") is its uncertainty.
    """
    bare = normal(name[:300])
    if _UNCERTAIN.fullmatch(bare):
        return "standard error or interval"
    end = _UNCERTAIN_END.fullmatch(bare)
    if end and (end[1] in _METRIC_WORDS or end[1].rpartition("_")[2] in _METRIC_WORDS or end[1] in columns):
        return "standard error or interval"
    if "$" in name and not _SCORE_WORD.search(bare):
        return "cost"
    for kind, pattern in _KINDS.items():
        if pattern.fullmatch(bare) and not (kind != "number of shots" and _SCORE_WORD.search(bare) and bare != "score"):
            return kind
    return ""


def lower_is_better(name: str) -> bool:
    """Say whether lower values of a metric are usually the better ones, by its name."""
    return bool(_LOWER.fullmatch(normal(name[:300])))


def told_apart(tasks: pd.Series, parts: Sequence[pd.Series]) -> pd.Series:
    """Name tasks by what differs within them: a part of which a task has several values, "" unknown, is appended.

    Shapes: tasks and each part (n,), of str.
    """
    names = tasks.copy()
    for part in parts:
        known = part != ""
        several = part[known].groupby(tasks[known]).nunique()
        mixed = known & tasks.isin(several.index[several > 1]) & (tasks != "")
        names = names.mask(mixed, names + "/" + part)
    return names


def shots_of(value: object) -> str:
    """Return a number of shots as digits, "" where it is none: 5, 5.0, "5-shot" and "5 shots" are "5"."""
    words = str(value).strip().casefold()
    found = re.fullmatch(r"(\d{1,4})(?:\.0+)?(?:[ _-]*shots?)?", words)
    return str(int(found[1])) if found and not isinstance(value, bool) else ""
