"""What is said of a source, usable or not; every real file is recognised, and its counts add up."""

import shlex

import pandas as pd
import pytest
from typer.testing import CliRunner

from bayes_frontier.cli.app import app
from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import read
from bayes_frontier.evaluations.read import survey


def test_a_survey_agrees_with_reading(wide):
    table = wide.assign(
        base_model=["llama-2-70b", "", "mistral-7b", "own-base"], released=[*wide["released"][:3], None]
    )
    found = survey(table, periods="2024-06-30")
    e = read(table, periods="2024-06-30")
    assert found.evaluations.fingerprint == e.fingerprint
    assert (found.n_rows, found.n_used) == (4, 2)
    assert found.left_out_by_reason().to_dict() == {"no base model": 1, "no release date": 1}
    assert (found.n_models, found.n_base_models, found.n_placed, found.n_dated) == (4, 3, 3, 3)
    assert found.n_with_flops == 4
    assert [str(day) for day in found.dated] == ["2024-03-01", "2024-07-01"]
    assert found.flops == (1.25e21, 8.2e23)
    assert found.tasks.loc["bbh", ["scores", "min", "median", "max"]].tolist() == pytest.approx([4, 0.29, 0.40, 0.51])
    assert found.notes == e.notes


def test_the_summary_in_words(wide):
    lines = survey(wide, periods="2024-06-30").summary().splitlines()
    assert lines[0] == "DataFrame (wide): 4 rows, 4 usable; 4 models on 2 tasks"
    assert lines[1].startswith("fingerprint ")
    assert lines[2] == "dates: 4 of 4 rows, 2024-03-01 to 2025-01-15"
    assert lines[3] == "compute: base model of 4 of 4 rows (3 base models), FLOPs of 4 of 4, 1.2e+21 to 8.2e+23"
    assert lines[4] == "task bbh: 4 scores, 0.290 to 0.510; column 'bbh', items unknown, share, 0 to 1"
    assert "period to 2024-06-30: 2 models" in lines


def test_what_cannot_be_fitted_is_still_described(wide):
    found = survey(wide.assign(base_model=""))
    assert found.evaluations is None
    assert found.left_out_by_reason().to_dict() == {"no base model": 4}
    text = found.summary()
    assert "nothing in it can be fitted" in text
    assert "task bbh: 4 scores" in text
    assert list(found.left_out.columns) == list(read(wide).dropped.columns)


def test_other_errors_stay_errors(wide):
    with pytest.raises(DataError, match="no model falls in the period"):
        survey(wide, periods="2020-01-01")
    with pytest.raises(DataError, match="columns but no rows"):
        survey(pd.DataFrame({"model": [], "bbh": []}))


REAL = {
    "open_llm_leaderboard_v2.csv": ("open_llm_v2", 4576),
    "oll_v2_with_compute.csv": ("wide", 3559),
    "oll_v2_snapshot_2025-02-13.csv": ("open_llm_v2", 3827),
    "oll_v2_snapshot_2025-02-14.csv": ("open_llm_v2", 3834),
    "open_llm_leaderboard_v1.csv": ("open_llm_v1", 7169),
    "proteus_2k_part.csv": ("proteus_2k", 1206),
    "proteus_2k_part_models.csv": ("proteus_2k", 1206),
    "epoch/bench_gpqa_diamond_2026-01.csv": ("epoch", 145),
    "epoch/benchmark_data_2026_05.zip": ("epoch", 4347),
    "epoch/large_scale_ai_models_2026-01.csv": ("epoch_models", 484),
    "registry_check/obsscaling_base_llm_benchmark_eval.csv": ("wide", 148),
    "registry_check/sloth_tokens.csv": ("wide", 42),
}
DOCUMENTS = {"lm_eval": "lm_eval", "pythia": "lm_eval", "every_eval_ever": "every_eval_ever", "inspect": "inspect_ai"}
DOCUMENTS |= {"helm": "helm", "olmo_ladder": "wide"}
BY_A_CALL = ("aider/", "evalplus/", "livebench/")
"""Sources on another scale than 0 to 1: refused, by a sentence with the call that reads them."""


@pytest.mark.real_data
def test_every_real_file_is_recognised_and_adds_up(shared_data, real_survey):
    seen = set()
    for path in sorted(p for p in shared_data.rglob("*") if p.is_file() and p.suffix != ".md"):
        name = path.relative_to(shared_data).as_posix()
        if "schema/" in name:
            with pytest.raises(DataError, match="JSON, but not of a kind that is read"):
                survey(path)
            continue
        if name.startswith("livebench/cost"):
            with pytest.raises(DataError, match=r"no task column: .*\(cost or tokens\)"):
                survey(path)
            continue
        if name.startswith(BY_A_CALL):
            with pytest.raises(DataError, match="This call reads it: bayes-frontier data show") as caught:
                survey(path)
            called = CliRunner().invoke(app, shlex.split(str(caught.value).partition("reads it: ")[2])[1:])
            assert called.exit_code == 0, called.output
            continue
        found = real_survey(name)
        assert (found.tasks["metric"] != "").all()
        assert (found.tasks["scale"][found.tasks["scores"] > 0] != "").all()
        assert found.n_used + found.left_out_by_reason().sum() == found.n_rows > 0, name
        if name in REAL:
            assert (found.source_format, found.n_rows) == REAL[name]
        else:
            assert found.source_format == DOCUMENTS[name.partition("/")[0]]
        seen.add(name)
    assert set(REAL) <= seen
    assert len(seen) == len(REAL) + 5 + 6 + 5 + 3 + 2 + 1
