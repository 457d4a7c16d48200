"""What the page states."""

import pytest

from bayes_frontier.report.answers import choose_budgets, facts


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
