"""The first screen, the evidence behind it, and the tables beside it."""

import numpy as np
import pandas as pd
import pytest

from bayes_frontier.checks import run
from bayes_frontier.report.answers import alarms, answers, choose_budgets, facts, gather
from bayes_frontier.report.page import report_tables
from tests.draws import without_bases
from tests.fakes import FakeFrontier, fake_checks, small_evaluations
from tests.report.conftest import make_evidence


def card(frontier, number: int, **verdicts):
    return answers(facts(frontier), make_evidence(frontier, **verdicts))[number]


def test_four_questions_in_the_order_a_reader_asks(frontier, evidence):
    found = answers(facts(frontier), evidence)
    assert [one.question.split()[0] for one in found] == ["What", "How", "Is", "Can"]
    assert all(one.short and one.lines for one in found)


def test_what_is_attainable_names_the_ends_and_the_level(frontier):
    found = facts(frontier)
    medians = {task: frontier.attainable(found.headline, task=task)["median"].item() for task in frontier.tasks}
    best, least = max(medians, key=medians.get), min(medians, key=medians.get)
    answer = card(frontier, 0)
    assert answer.short == f"{medians[best]:.2f} on {best} down to {medians[least]:.2f} on {least}"
    assert "98% of the models on a new base model" in answer.lines[0]


def test_forty_tasks_are_not_all_spelled_out():
    frontier = FakeFrontier(small_evaluations(tasks=40)[0])
    assert "and 30 more in the table" in card(frontier, 0).lines[0]
    assert "and 32 more" in " ".join(card(frontier, 2).lines)


def test_how_sure_is_half_the_interval(frontier):
    found = facts(frontier)
    widths = []
    for task in frontier.tasks:
        interval = frontier.attainable(found.headline, 0.9, task)
        widths.append((interval["upper"] - interval["lower"]).item())
    assert card(frontier, 1).short == f"±{np.mean(widths) / 2:.3f} on average"


def test_movement_is_told_by_verdict_with_true_minus_signs(frontier, evidence):
    evidence.drift["verdict"] = evidence.drift["verdict"].astype(object)
    evidence.drift["verdict"].loc[{"task": "bbh"}] = "retreating"
    evidence.drift["median"].loc[{"task": "bbh"}] = -0.05
    answer = answers(facts(frontier), evidence)[2]
    falling = next(line for line in answer.lines if line.startswith("Falling"))
    assert falling.startswith("Falling: bbh −0.050 (")
    assert "of 2 tasks moved" in answer.short


def test_nothing_clear_is_said_so(frontier, evidence):
    evidence.drift["verdict"][:] = "unknown"
    answer = answers(facts(frontier), evidence)[2]
    assert answer.short == "No task has clearly moved"
    assert answer.lines[0].startswith("Cannot tell yet: bbh")


@pytest.mark.parametrize(
    ("verdicts", "short", "tone", "counts"),
    [
        ({}, "Yes, as far as it was checked", "good", "3 checks passed, 0 warned, 0 failed, 0 could not be run."),
        ({"influence": "warn"}, "With care", "care", "2 checks passed, 1 warned, 0 failed, 0 could not be run."),
        ({"coverage": "fail"}, "Not as it stands", "bad", "2 checks passed, 0 warned, 1 failed, 0 could not be run."),
        (
            dict.fromkeys(("convergence", "coverage", "influence"), "unknown"),
            "It was not checked",
            "care",
            "0 checks passed, 0 warned, 0 failed, 3 could not be run.",
        ),
    ],
)
def test_trust_follows_the_worst_check(frontier, verdicts, short, tone, counts):
    answer = card(frontier, 3, **verdicts)
    assert (answer.short, answer.tone, answer.lines[-1]) == (short, tone, counts)


def test_an_unconverged_fit_is_not_trusted_whatever_its_checks_say(simulated):
    frontier = FakeFrontier(simulated[0], converged=False)
    assert card(frontier, 3).tone == "bad"


def test_alarms_have_convergence_first_and_once(simulated):
    frontier = FakeFrontier(simulated[0], converged=False)
    found = alarms(facts(frontier), make_evidence(frontier, convergence="fail", coverage="fail"))
    assert [heading.split(":")[0] for heading, _ in found] == ["Not converged", "Check failed"]
    assert alarms(facts(FakeFrontier(simulated[0])), make_evidence(frontier)) == []


def test_evidence_is_gathered_and_what_cannot_be_is_explained(frontier, monkeypatch):
    monkeypatch.setattr(run, "check", lambda frontier, others: fake_checks())
    found = gather(frontier, (), 0.8)
    assert found.drift.attrs["prob"] == 0.8
    assert found.ranking["base_model"].size == 8
    single = gather(FakeFrontier(small_evaluations(periods=1)[0]), (), 0.9)
    assert single.drift is None
    assert single.no_drift.startswith("This fit has one period")
    assert gather(without_bases(), (), 0.9).ranking is None


def test_tables_hold_what_the_page_says(frontier, evidence):
    found = report_tables(facts(frontier), evidence)
    attainable = found["attainable"]
    row = attainable[(attainable["task"] == "bbh") & (attainable["flops"] == 1e23)].iloc[0]
    assert row["median"] == pytest.approx(frontier.attainable(1e23, task="bbh")["median"].item())
    assert found["data"]["rows"].sum() == 80
    assert found["checks"]["verdict"].tolist() == ["pass"] * 3
    assert {"task", "step", "verdict", "advance"} <= set(found["drift"])
    assert found["base_models"]["n_models"].min() > 0
    assert all(isinstance(table, pd.DataFrame) and len(table) for table in found.values())


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (2.5e20, 1e25, [1e21, 1e22, 1e23, 1e24, 1e25]),
        (2e22, 3e24, [1e22, 1e23, 1e24, 1e25]),
        (1e22, 1e24, [1e22, 1e23, 1e24]),
        (1e23, 1e23, [1e23]),
        (3e23, 3e23, [1e23, 1e24]),
        (1e18, 1.1e26, [1e23, 1e24, 1e25, 1e26, 1e27]),
    ],
)
def test_budgets_are_round_and_cover_the_top(low, high, expected):
    assert choose_budgets(low, high) == expected


def test_facts_agree_with_the_fit(frontier):
    found = facts(frontier)
    assert list(found.attainable) == ["bbh", "math_lvl_5"]
    cell = found.attainable["math_lvl_5"][found.budgets.index(1e23)]
    direct = frontier.attainable(1e23, task="math_lvl_5")
    assert (cell.median, cell.lower, cell.upper) == pytest.approx(
        tuple(direct[name].item() for name in ("median", "lower", "upper"))
    )
    assert found.headline in found.budgets
    assert found.headline not in found.beyond
    assert found.bases["models"].is_monotonic_decreasing
    assert found.bases["models"].sum() == 80
    assert found.n_bases == 8


def test_the_worst_diagnostics_come_first(frontier):
    frontier.diagnostics.loc[1, "r_hat"] = 1.2
    assert facts(frontier).worst["r_hat"].tolist() == [1.2, 1.002]


def test_long_provenance_is_kept_apart(frontier):
    frontier.provenance |= {"nested": {"a": {"b": 1}}, "seconds": 12.345678, "none": None, "long": "x" * 500}
    found = facts(frontier)
    short, long = dict(found.provenance), dict(found.documents)
    assert short["seconds"] == "12.3457"
    assert short["none"] == "None"
    assert set(long) == {"spec text", "nested", "long"}
