"""What all checks share: limits, the worst of several verdicts, and how results show themselves."""

import pandas as pd
import pytest

from bayes_frontier.checks import convergence, coverage, crossing, exceedances, influence, pinball, prior, scale
from bayes_frontier.checks.result import Check, Checks, Limits, failed, graded, rows_off, worst


@pytest.mark.parametrize(
    ("value", "verdict"), [(0.0, "pass"), (1.0, "pass"), (1.01, "warn"), (2.0, "warn"), (2.01, "fail")]
)
def test_limits_are_left_by_exceeding_them(value, verdict):
    assert graded(value, Limits(1.0, 2.0)) == verdict


def test_a_number_that_is_none_is_unknown():
    assert graded(float("nan"), Limits(1.0, 2.0)) == "unknown"


def test_every_fail_limit_is_beyond_its_warn_limit():
    small_is_bad = {"prior.TAIL", "prior.WIDTH", "coverage.NOISE", "exceedances.CHANCE"}
    modules = (convergence, coverage, crossing, exceedances, influence, pinball, prior, scale)
    pairs = {
        f"{module.__name__.rpartition('.')[2]}.{name}": value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, Limits)
    }
    assert small_is_bad < set(pairs)
    assert {name.partition(".")[0] for name in pairs} == {module.__name__.rpartition(".")[2] for module in modules}
    for name, limits in pairs.items():
        assert (limits.fail < limits.warn) == (name in small_is_bad), name


@pytest.mark.parametrize(
    ("several", "one"),
    [
        (["pass", "warn", "fail"], "fail"),
        (["pass", "unknown", "warn"], "warn"),
        (["pass", "unknown"], "unknown"),
        (["pass", "pass"], "pass"),
        ([], "unknown"),
    ],
)
def test_the_worst_of_several(several, one):
    assert worst(several) == one


def test_only_a_failed_check_fails():
    made = [Check(name, name, pd.DataFrame(), "Words.") for name in ("pass", "warn", "unknown")]
    assert not failed(made)
    assert failed([*made, Check("x", "fail", pd.DataFrame(), "Words.")])


def test_rows_that_fail_are_named_before_those_that_warn():
    numbers = pd.DataFrame({"task": ["a", "b", "c"], "verdict": ["warn", "fail", "pass"]})
    assert rows_off(numbers)["task"].tolist() == ["b"]
    assert rows_off(numbers.iloc[[0, 2]])["task"].tolist() == ["a"]
    assert rows_off(numbers.iloc[[2]]).empty


def made() -> Checks:
    numbers = pd.DataFrame({"task": ["<b>maths</b>"], "depth": [0.02], "verdict": ["fail"]})
    several = [
        Check("convergence", "pass", pd.DataFrame(), "The chains agree."),
        Check.from_rows("crossing", numbers, "Boundaries cross on '<b>maths</b>'."),
        Check.not_run("prior", "Not run: no reason."),
    ]
    return Checks(several, "Checks of a fit of a.csv")


def test_a_check_shows_its_verdict_its_sentence_and_its_numbers():
    one = made()[1]
    assert (one.verdict, one.picture) == ("fail", "crossing")
    assert repr(one).splitlines()[:2] == ["Check crossing: fail", "  Boundaries cross on '<b>maths</b>'."]
    assert "0.02" in repr(one)
    assert one.table is one.numbers
    assert "<b>maths" not in one._repr_html_()
    assert "&lt;b&gt;maths" in one._repr_html_()


def test_checks_are_a_list_that_says_what_the_command_line_says():
    checks = made()
    assert isinstance(checks, list)
    assert checks.table.columns.tolist() == ["verdict", "check", "result"]
    assert checks.table["verdict"].tolist() == ["pass", "fail", "unknown"]
    lines = repr(checks).splitlines()
    assert lines[0] == "Checks of a fit of a.csv"
    assert lines[2].split() == ["fail", "crossing:", "Boundaries", "cross", "on", "'<b>maths</b>'."]
    assert lines[-1].strip() == checks.sentences[0]
    assert checks.sentences == ["1 failed, 1 passed, 1 not run or cannot tell. Do not use this fit as it is."]
    assert "<b>maths" not in checks._repr_html_()
