"""Commands for lm-evaluation-harness."""

import shlex

import pandas as pd
import pytest

from bayes_frontier.design.planning import commands


def test_a_command_names_the_model_and_the_harness_tasks():
    (line,) = commands(pd.Series(["org/model-7b_v1.2"]), ("ifeval", "math_lvl_5", "arc_challenge"))
    words = shlex.split(line)
    assert words[0] == "lm_eval"
    assert words[words.index("--model_args") + 1] == "pretrained=org/model-7b_v1.2,dtype=bfloat16"
    assert words[words.index("--tasks") + 1] == "leaderboard_ifeval,leaderboard_math_hard,arc_challenge"


@pytest.mark.parametrize(
    "name", ["x; rm -rf ~", "$(id)", "a/b/c", "a,trust_remote_code=True", "-x", "a\nb", "../up", "org/módel", ""]
)
def test_what_is_no_hub_name_becomes_a_comment_on_one_line(name):
    (line,) = commands(pd.Series([name]), ("bbh",))
    assert line.startswith("# no command")
    assert "\n" not in line
    assert line.isascii()


def test_a_task_that_is_no_name_gives_no_command():
    (line,) = commands(pd.Series(["a/b", "a/c"]), ("bbh", "x; id"))
    assert line.startswith("# no command")
