"""Every check passes a posterior that is right, and fails one built to fail it."""

import numpy as np
import pytest
import xarray as xr

import bayes_frontier as bf
from bayes_frontier.checks.result import failed
from bayes_frontier.checks.run import NAMES
from bayes_frontier.errors import QueryError
from bayes_frontier.model.spec import LogNormal, Normal
from tests.checks.posteriors import CHAINS, change, diagnosed, moved, simulated, true_frontier


def of(checks: list[bf.Check], name: str) -> bf.Check:
    return next(one for one in checks if one.name == name)


@pytest.fixture(scope="module")
def right() -> list[bf.Check]:
    return bf.check(true_frontier(width=0.01))


def test_a_right_posterior_passes_every_check_that_is_run(right):
    assert tuple(one.name for one in right) == NAMES
    assert {one.name: one.verdict for one in right if one.verdict != "pass"} == {
        "compute": "unknown",
        "crossing": "unknown",
        "halves": "unknown",
    }
    assert not failed(right)


def test_checks_have_numbers_a_sentence_and_a_picture_unless_not_run(right):
    for one in right:
        assert one.sentence.endswith("."), one.name
        assert one.numbers.empty == (one.picture == "") == (one.name in ("compute", "crossing", "halves"))
    assert "--with" in of(right, "crossing").sentence


def swapped(tree: xr.DataTree) -> xr.DataTree:
    def other(values: xr.DataArray) -> xr.DataArray:
        return values.copy(data=values.isel(task=[1, 0]).to_numpy())

    return change(tree, floor=other, ceiling=other, slope=other, midpoint=other, base_model_effect=other)


def without_effects(tree: xr.DataTree) -> xr.DataTree:
    # raised to where the population boundary is, so that coverage over all scores stays near its level
    raised = moved(0.012)(tree)
    return change(raised, base_model_effect=lambda values: 0.0 * values)


def bases_lowered(chosen) -> object:
    def edit(tree: xr.DataTree) -> xr.DataTree:
        models = simulated()[0].models
        per_base = models.groupby("base_model").agg(n=("flops", "size"), flops=("flops", "median"))
        names = list(per_base.index[chosen(per_base)])
        assert 2 <= len(names) < len(per_base) / 2
        return change(tree, base_model_effect=lambda e: e - 0.35 * e["base_model"].isin(names))

    return edit


def apart(tree: xr.DataTree) -> xr.DataTree:
    chain = xr.DataArray(np.arange(CHAINS), dims="chain")
    return change(tree, midpoint=lambda values: values + 0.05 * chain)


def scaled(factor: float):
    def edit(tree: xr.DataTree) -> xr.DataTree:
        tree["constant_data"]["scale"] = tree["constant_data"]["scale"] * factor
        return tree

    return edit


def diverging(tree: xr.DataTree) -> xr.DataTree:
    values = tree["sample_stats"]["diverging"].copy()
    values[:, ::10] = True
    tree["sample_stats"]["diverging"] = values
    return tree


@pytest.mark.parametrize(
    ("edit", "name", "words"),
    [
        (moved(-0.03), "coverage", "too low"),
        (moved(0.04), "coverage", "too high"),
        (moved(-0.03, task="task_2"), "coverage", "of task_2"),
        (swapped, "coverage", "task_"),
        (swapped, "pinball", "task_2"),
        (moved(-0.05, period="from 2025-01-01"), "coverage-period", "from 2025-01-01"),
        (moved(-0.05, period="from 2025-01-01", task="task_1"), "coverage-period", "of task_1"),
        (bases_lowered(lambda b: b["flops"].between(3e23, 2e24)), "coverage-compute", "too low"),
        (lambda tree: change(tree, slope=lambda s: 0.3 * s), "coverage-compute", "does not bend"),
        (bases_lowered(lambda b: b["n"] <= 75), "coverage-size", "base models with this many models"),
        (without_effects, "exceedances", "pile up"),
        (moved(0.15), "pinball", "moving it by -0.1"),
        (scaled(0.1), "scale", "times what the residuals ask for"),
        (scaled(3.0), "scale", "fit with scale"),
        (diverging, "convergence", "transitions diverged (10%)"),
    ],
)
def test_a_check_fails_on_a_posterior_built_to_fail_it(edit, name, words):
    found = bf.check(diagnosed(true_frontier(edit)), only=[name])
    one = of(found, name)
    assert one.verdict == "fail", one.sentence
    assert words in one.sentence
    assert failed(found)


def test_what_is_wrong_elsewhere_does_not_fail_the_scale():
    edit = moved(-0.03, period="from 2025-01-01")
    found = bf.check(diagnosed(true_frontier(edit)), only=["scale"])
    assert [one.name for one in found] == ["convergence", "scale"]
    assert of(found, "scale").verdict == "pass"
    assert of(found, "convergence").verdict == "pass"


def test_without_convergence_nothing_else_is_judged():
    found = bf.check(true_frontier(apart))
    assert found[0].verdict == "fail"
    assert "Not converged" in found[0].sentence
    assert {one.verdict for one in found[1:]} == {"unknown"}
    assert all("did not converge" in one.sentence for one in found[1:])
    assert failed(found)


def spec_with(**priors) -> bf.ModelSpec:
    spec = bf.read_spec("hierarchical")
    return spec.model_copy(update={"priors": spec.priors.model_copy(update=priors)})


@pytest.mark.parametrize(
    ("priors", "words"),
    [
        # boundaries below 0.05 at every compute
        ({"high": Normal(dist="normal", mu=-5.0, sigma=0.3)}, "tail probability"),
        # no room between tasks: 0.5 with certainty
        (
            {
                "high": Normal(dist="normal", mu=0.0, sigma=0.01),
                "high_spread": LogNormal(dist="log-normal", mu=-7.0, sigma=0.1),
                "drift": LogNormal(dist="log-normal", mu=-8.0, sigma=0.1),
            },
            "Widen or move",
        ),
    ],
)
def test_priors_that_rule_the_data_out_fail(priors, words):
    high = {"high_spread": LogNormal(dist="log-normal", mu=-3.0, sigma=0.1), **priors}
    one = of(bf.check(diagnosed(true_frontier(model=spec_with(**high))), only=["prior"]), "prior")
    assert one.verdict == "fail", one.sentence
    assert words in one.sentence
    assert one.numbers["outside"].max() == 0.0


def test_boundaries_that_keep_their_order_pass_and_others_fail():
    high = diagnosed(true_frontier())
    low = diagnosed(true_frontier(moved(-0.05), tau=0.8))
    found = of(bf.check(high, only=["crossing"], others=[low]), "crossing")
    assert found.verdict == "pass"
    assert "0.8, 0.9" in found.sentence
    low = diagnosed(true_frontier(moved(0.05, task="task_2"), tau=0.8))
    crossed = of(bf.check(high, only=["crossing"], others=[low]), "crossing")
    assert crossed.verdict == "fail"
    assert "task_2" in crossed.sentence
    assert set(crossed.numbers.loc[crossed.numbers["verdict"] == "fail", "task"]) == {"task_2"}


def test_an_unconverged_second_fit_says_so():
    low = true_frontier(apart, tau=0.8)
    found = of(bf.check(diagnosed(true_frontier()), only=["crossing"], others=[low]), "crossing")
    assert found.verdict == "unknown"
    assert "tau = 0.8 did not converge" in found.sentence


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"refit": -1}, "refit must not be negative, found -1"),
        ({"seed": -1}, "seed must not be negative, found -1"),
        ({"only": ["coverge"]}, "Did you mean 'coverage'?"),
    ],
)
def test_wrong_arguments_are_refused(arguments, words):
    with pytest.raises(QueryError, match=words.replace("?", "[?]")):
        bf.check(true_frontier(), **arguments)
