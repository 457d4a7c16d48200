"""Rows of a table that contradict the base model it states for them.

Public tables often name base models by architecture class and size, and one class serves several generations:
``Qwen2ForCausalLM`` is Qwen1.5, Qwen2 and Qwen2.5. A model's own name, size and date can tell better.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayes_frontier.evaluations.identify import identify
from bayes_frontier.evaluations.placement import Matcher
from bayes_frontier.evaluations.registry import Registry
from bayes_frontier.wording import count, listed

# Size and date alone overrule a label if they are as sure as this: Llama 3 and 3.1 of one size cannot be told apart by
# them (0.7), Qwen2 and Qwen2.5 can by date (0.75 to 0.85).
SURE_SIZE = 0.75
# They also do where the registry knows no base model of the stated name, and where parameters are those of the base
# model found, or half of them (packed weights are counted two for one), and not of the stated one, by these factors:
# 70.55e9 parameters are Llama 3's, 68.98e9 Llama 2's. Tokens added to a vocabulary change less.
_SAME, _OTHER = 1.01, 1.02
_NAMED = ("reviewed", "self", "name")


def contradicted(rows: pd.DataFrame, registry: Registry) -> pd.DataFrame:
    """Find rows whose own name, or size and date, says another base model than the one stated.

    Parameters
    ----------
    rows : pandas.DataFrame
        model, base_model (as stated, canonical where the registry knows it), params_b (1e9, NaN unknown), released.
    registry : Registry
        Base models.

    Returns
    -------
    pandas.DataFrame
        base_model ("" where the statement stands) and tokens_t (1e12) of that base; indexed as `rows`.

    Notes
    -----
    A stated name stands for the usual architecture of the generation it mentions. Where the registry does not know the
    name, as with sizes a generation does not come in, whatever `identify` accepts counts; a base model of your own that
    is named after a known one belongs into a registry file.
    """
    matcher = Matcher(registry)
    own = {model.name: generation for generation in registry.generations.values() for model in generation.models}

    def architecture(stated: str) -> str:
        mentioned = [own[stated]] if stated in own else [generation for generation, _ in matcher.generations(stated)]
        return next((core for generation in mentioned for core in generation.architectures), "")

    cores = {str(stated): architecture(str(stated)) for stated in pd.unique(rows["base_model"])}
    asked = rows[["model", "params_b", "released"]].assign(architecture=rows["base_model"].map(cores))
    found = identify(asked, registry)
    rule = found["rule"].fillna("")
    known = {str(stated): registry.get(stated) for stated in pd.unique(rows["base_model"])}
    size = rows["base_model"].map({name: base.params_b for name, base in known.items() if base is not None})
    off, fits, packed = (
        np.abs(np.log(factor * rows["params_b"] / other))
        for factor, other in ((1, size.astype(float)), (1, found["params_b"]), (2, found["params_b"]))
    )
    fits_other = (off > np.log(_OTHER)) & (np.minimum(fits, packed) < np.log(_SAME))
    unheard_of = rows["base_model"].isin([name for name, base in known.items() if base is None])
    by_size = (rule == "size") & (unheard_of | (found["confidence"] >= SURE_SIZE) | fits_other)
    sure: npt.NDArray[np.bool_] = (rule.isin(_NAMED) | by_size).to_numpy(dtype=bool)
    name = found["base_model"].fillna("").astype("str")
    other = sure & (rows["base_model"] != "").to_numpy(dtype=bool) & (name != rows["base_model"]).to_numpy(dtype=bool)
    return pd.DataFrame({"base_model": name.where(other, ""), "tokens_t": found["tokens_t"]})


def note_contradicted(stated: pd.Series, found: pd.Series) -> str:
    """Describe what was placed anew.

    Parameters
    ----------
    stated : pandas.Series
        Base models that the table states.
    found : pandas.Series
        What `contradicted` says, same order.

    Returns
    -------
    str
        A sentence with numbers.
    """
    changed = (found != "").to_numpy(dtype=bool)
    pairs = (stated[changed] + " is " + found[changed]).value_counts()
    most = [f"{words} ({n:,})" for words, n in pairs.items()]
    if changed.sum() == 1:
        words = "contradicts the base model stated for it by its own name, or size and date, and counts"
    else:
        words = "contradict the base model stated for them by their own name, or size and date, and count"
    rows = f"{count(int(changed.sum()), 'row')} of {len(found):,}"
    return f"{rows} {words} for the one these say, with its FLOPs: {listed(most, 5)}"
