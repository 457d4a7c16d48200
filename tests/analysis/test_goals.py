"""Targets: what a file may hold, and what is wrong with others."""

import pytest

from bayes_frontier.analysis.portfolio import Goals, Target, given_goals
from bayes_frontier.errors import DataError, QueryError

TASKS = ("bbh", "math_lvl_5", "wer")
METRICS = {"wer": {"direction": "lower", "floor": 0.0, "ceiling": 1.0}}


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
