"""Portfolios: what targets may hold, joint probabilities against counting draws, the compute they take, trade-offs."""

import numpy as np
import pytest

import bayes_frontier as bf
from bayes_frontier.analysis.portfolio import Goals, Target, given_goals, pairs_met
from bayes_frontier.errors import DataError, QueryError
from tests.checks.posteriors import diagnosed, true_frontier
from tests.draws import make_frontier

WANTED = {"maths": 0.5, "reading": {"score": 0.6, "weight": 3, "cost": 100.0}}
TASKS = ("bbh", "math_lvl_5", "wer")
METRICS = {"wer": {"direction": "lower", "floor": 0.0, "ceiling": 1.0}}


def test_probabilities_are_shares_of_joint_draws():
    frontier = make_frontier()
    found = bf.portfolio(frontier, WANTED, [1e23, 1e25])
    for flops in (1e23, 1e25):
        drawn = frontier.boundary(flops)
        met = (drawn.sel(task="maths") >= 0.5).to_numpy(), (drawn.sel(task="reading") >= 0.6).to_numpy()
        at = found.summary.sel(flops=flops, method="nearest")
        assert at["all_met"].item() == pytest.approx((met[0] & met[1]).mean(), abs=0.02)
        np.testing.assert_allclose(at["met"], [met[0].mean(), met[1].mean()], atol=0.02)
        assert at["independent"].item() == pytest.approx(float(at["met"].prod()))
        assert at["share"].item() == pytest.approx((at["met"][0] + 3 * at["met"][1]).item() / 4)
        assert at["miss_cost"].item() == pytest.approx(100.0 * (1 - at["met"][1].item()))


def test_least_compute_is_where_the_joint_probability_is_reached():
    frontier = make_frontier()
    found = bf.portfolio(frontier, {"maths": 0.4, "reading": 0.4}, prob=0.6)
    assert float(found.summary["all_met"]) >= 0.6
    below = bf.portfolio(frontier, {"maths": 0.4, "reading": 0.4}, found.least_flops * 0.98, prob=0.6)
    assert float(below.summary["all_met"]) < 0.6
    assert (np.diff(found.curve["all_met"]) >= 0).all()
    np.testing.assert_allclose(found.draws["needed_all"], found.draws["needed"].max("task"))
    assert float(found.summary["last"].sum()) == pytest.approx(1.0)


def test_targets_that_cannot_be_met_need_infinite_compute():
    frontier = make_frontier()
    found = bf.portfolio(frontier, {"maths": 1.0, "reading": 0.3})
    assert np.isinf(found.least_flops)
    assert float(found.summary["unattainable"]) == 1.0
    assert float(found.summary["last"].sel(task="maths")) == 1.0
    assert "No compute up to 1e+28 FLOPs" in found.sentences[0]
    met = bf.portfolio(frontier, {"maths": 0.0})
    assert met.least_flops == pytest.approx(1e18)
    assert "from at most 1e+18" in met.sentences[0]


def test_cheapest_compute_weighs_misses_against_its_price(tmp_path):
    path = tmp_path / "targets.toml"
    frontier = make_frontier()

    def cheapest(price: float, cost: float) -> float:
        path.write_text(f"price = {price:g}\n[targets.maths]\nscore = 0.4\ncost = {cost:g}\n")
        return bf.portfolio(frontier, path).cheapest_flops

    free, dear = cheapest(1e-24, 1e3), cheapest(1e-20, 1e3)
    assert free > dear
    assert cheapest(1e-18, 1e-3) == pytest.approx(1e18)
    assert np.isnan(bf.portfolio(frontier, {"maths": 0.4}).cheapest_flops)


def test_verdicts_need_the_probability_asked_for_and_convergence():
    frontier = diagnosed(true_frontier())
    easy, hard = {"task_1": 0.05, "task_2": 0.05}, {"task_1": 0.05, "task_2": 0.99}
    assert bf.portfolio(frontier, easy, 1e24).summary["verdict"].item() == "attainable"
    assert bf.portfolio(frontier, hard, 1e24).summary["verdict"].item() == "not attainable"
    middle = {"task_1": float(frontier.boundary(1e24, "task_1").median())}
    assert bf.portfolio(frontier, middle, 1e24).summary["verdict"].item() == "open"
    loose = diagnosed(true_frontier(), r_hat=1.4)
    assert bf.portfolio(loose, easy, 1e24).summary["verdict"].item() == "open"


def test_metrics_of_a_fit_state_targets_on_their_own_scale():
    frontier = make_frontier()
    metrics = {"maths": {"direction": "lower", "floor": 0.0, "ceiling": 2.0}}
    found = bf.portfolio(frontier, {"maths": {"value": 1.2}}, metrics=metrics)
    assert found.goals.targets[0].score == pytest.approx(0.4)
    xr_same = bf.portfolio(frontier, {"maths": 0.4})
    assert found.least_flops == pytest.approx(xr_same.least_flops)


def test_trade_off_ends_at_what_each_attains_alone():
    frontier = make_frontier()
    found = bf.trade_off(frontier, "maths", "reading", [1e23, 1e25], prob=0.8)
    assert found["first"].dims == ("flops", "point")
    for flops in (1e23, 1e25):
        curve = found.sel(flops=flops, method="nearest")
        first, second = curve["first"].to_numpy(), curve["second"].to_numpy()
        assert (np.diff(first) >= 0).all()
        assert (np.diff(second) <= 0).all()
        a, b = (frontier.boundary(flops, task).to_numpy().ravel() for task in ("maths", "reading"))
        for x, y in zip(first, second, strict=True):
            assert ((a >= x) & (b >= y)).mean() >= 0.8 - 1e-9
        # more of the second is too much
        assert ((a >= first[5]) & (b >= second[5] + 1e-9)).mean() < 0.8
        assert (a >= first[-1]).mean() == pytest.approx(0.8, abs=1 / 60)


def test_pairs_of_equal_draws_are_a_corner():
    first, second = pairs_met(np.full(10, 0.5), np.full(10, 0.3), 0.9)
    assert set(first) == {0.0, 0.5}
    assert set(second) == {0.0, 0.3}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda f: bf.portfolio(f, WANTED, prob=0.4), "prob must exceed 0.5"),
        (lambda f: bf.portfolio(f, WANTED, 23.0), "looks like log10"),
        (lambda f: bf.portfolio(f, WANTED, period="all"), "one period"),
        (lambda f: bf.portfolio(f, WANTED, base_model="gpt-9"), "not in this fit"),
        (lambda f: bf.trade_off(f, "maths", "maths", 1e24), "named twice"),
        (lambda f: bf.trade_off(f, "maths", "math", 1e24), "Did you mean 'maths'"),
    ],
)
def test_questions_that_cannot_be_answered(call, words):
    with pytest.raises(QueryError, match=words):
        call(make_frontier())


def test_the_result_shows_what_the_command_line_says():
    frontier = make_frontier(draws=200)
    found = bf.portfolio(frontier, dict.fromkeys(frontier.tasks, 0.4), flops=[1e23, 1e25])
    table = found.table
    assert table["flops"].tolist() == pytest.approx([1e23, 1e25])
    np.testing.assert_allclose(table[f"met_{frontier.tasks[0]}"], found.summary["met"].sel(task=frontier.tasks[0]))
    assert len(bf.portfolio(frontier, dict.fromkeys(frontier.tasks, 0.4)).table) == 1
    assert found.sentences[0] in repr(found)
    assert "P(maths &gt;= 0.4)" in found._repr_html_()
    assert found.plot().get_ylabel() == "probability that the target is met"


@pytest.fixture
def read(tmp_path):
    def _read(text: str, metrics=None) -> Goals:
        path = tmp_path / "targets.toml"
        path.write_text(text, encoding="utf-8")
        return given_goals(path, TASKS, metrics)

    return _read


def test_a_file_with_everything(read):
    goals = read(
        'price = 1e-19\n[targets."bbh"]\nscore = 0.6\n[targets.wer]\nvalue = 0.1\nweight = 2\ncost = 5\n', METRICS
    )
    assert goals == Goals((Target("bbh", 0.6), Target("wer", 0.9, 2.0, 5.0)), 1e-19)
    assert goals.tasks == ("bbh", "wer")


def test_short_forms_mean_the_same(read):
    short = given_goals({"bbh": 0.6, "math_lvl_5": {"score": 1}}, TASKS)
    assert short == read("[targets]\nbbh = 0.6\nmath_lvl_5 = 1\n")
    assert given_goals(short, TASKS) is short
    with pytest.raises(QueryError, match="not in this fit"):
        given_goals(short, ("gpqa",))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "there is no target"),
        ("[targets]\n", "there is no target"),
        ("targets = 3\n", "targets is 3"),
        ("[target.bbh]\nscore = 0.5\n", "unknown key 'target'. Did you mean 'targets'"),
        ("[targets.math_lv_5]\nscore = 0.5\n", "task 'math_lv_5': not in this fit. Did you mean 'math_lvl_5'"),
        ("[targets.bbh]\nscor = 0.5\n", "task 'bbh': unknown key 'scor'. Did you mean 'score'"),
        ("[targets.bbh]\nscore = 1.5\n", "task 'bbh': score must lie between 0 and 1, found 1.5"),
        ("[targets.bbh]\nscore = 60\n", "For 60 % pass 0.6"),
        ("[targets.bbh]\nscore = -0.1\n", "between 0 and 1, found -0.1"),
        ("[targets.bbh]\nscore = nan\n", "score is nan; give a finite number"),
        ("[targets.bbh]\nscore = true\n", "score is True"),
        ("[targets.bbh]\nscore = '0.5'\n", "score is '0.5'"),
        ("[targets.bbh]\nweight = 1\n", "give either score"),
        ("[targets.wer]\nscore = 0.5\nvalue = 0.5\n", "give either score"),
        ("[targets.wer]\nvalue = 0.5\n", "value needs the metric's declaration"),
        ("[targets.bbh]\nscore = 0.5\nweight = -1\n", "weight is -1; give a number from 0 up"),
        ("[targets.bbh]\nscore = 0.5\nweight = 0\n", "every weight is 0"),
        ("price = -1\n[targets.bbh]\nscore = 0.5\n", "price is -1"),
        ("price = inf\n[targets.bbh]\nscore = 0.5\n", "price is inf"),
        ("[targets.bbh\n", "cannot be read"),
        ("\x00", "cannot be read"),
    ],
)
def test_what_is_wrong_is_named(read, text, words):
    with pytest.raises(QueryError) as caught:
        read(text)
    assert words in str(caught.value)
    assert "targets.toml" in str(caught.value)


def test_values_outside_their_metric_and_bad_metrics(read):
    with pytest.raises(QueryError, match="value 3 is outside 0 to 1"):
        read("[targets.wer]\nvalue = 3\n", METRICS)
    with pytest.raises(DataError, match="unknown key"):
        read("[targets.wer]\nvalue = 0.3\n", {"wer": {"flor": 0}})


def test_files_that_are_none(tmp_path):
    with pytest.raises(QueryError, match="cannot be read"):
        given_goals(tmp_path / "nowhere.toml", TASKS)
    with pytest.raises(QueryError, match="cannot be read"):
        given_goals(tmp_path, TASKS)
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * 1_000_001)
    with pytest.raises(QueryError, match="too large"):
        given_goals(large, TASKS)
    with pytest.raises(QueryError, match="not list"):
        given_goals([0.5], TASKS)  # type: ignore[arg-type]
