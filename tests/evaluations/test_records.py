"""Records in JSON, JSON Lines, YAML and Markdown: found, laid out, bounded; and the calls that errors print."""

import json
import shlex

import numpy as np
import pytest
from typer.testing import CliRunner

from bayes_frontier.cli.app import app
from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import read
from bayes_frontier.evaluations.metrics import Metric, given_metrics, in_words
from bayes_frontier.evaluations.read import survey
from bayes_frontier.evaluations.tables import parse
from bayes_frontier.evaluations.tables.parse import parse_yaml
from bayes_frontier.evaluations.tables.records import sheet_of
from tests.evaluations import samples


def rows(content: object) -> list[dict]:
    return sheet_of(content, "x.json", "x.json").frame.to_dict("records")


def printed_call(path, **options) -> str:
    """Return the call that an error prints, without the program's name, after it has worked."""
    with pytest.raises(DataError, match="This call reads it: bayes-frontier data show") as caught:
        survey(path, **options)
    words = shlex.split(str(caught.value).partition("reads it: ")[2])
    done = CliRunner().invoke(app, words[1:])
    assert done.exit_code == 0, done.output
    return shlex.join(words[4:])


TWO = [{"model": "a", "maths": 0.5}, {"model": "b", "maths": 0.6}]


@pytest.mark.parametrize(
    "content",
    [
        TWO,
        {"version": 3, "results": TWO},
        {"a": {"maths": 0.5}, "b": {"maths": 0.6}},
        {"columns": ["model", "maths"], "data": [["a", 0.5], ["b", 0.6]]},
        {"model": {"0": "a", "1": "b"}, "maths": {"0": 0.5, "1": 0.6}},
        {"model": ["a", "b"], "maths": [0.5, 0.6]},
        {"a": {"scores": {"maths": {"score": 0.5}}}, "b": {"scores": {"maths": {"score": 0.6}}}},
    ],
)
def test_records_are_found_wherever_they_stand(content):
    found = [{name: row[name] for name in ("model", "maths")} for row in rows(content)]
    assert found == TWO


def test_records_by_family_keep_every_family():
    tree = {"one": {"a": {"maths": 0.5}, "b": {"maths": 0.6}}, "two": {"c": {"maths": 0.7}}}
    assert [row["model"] for row in rows(tree)] == ["a", "b", "c"]
    listed = [{"family": f, "models": [{"name": m, "maths": s} for m, s in [(f"{f}-1", 0.1)]]} for f in ("x", "y")]
    assert [(row["family"], row["name"]) for row in rows(listed)] == [("x", "x-1"), ("y", "y-1")]


def test_a_record_of_one_model_is_no_list_of_tasks():
    assert rows({"model": "a", "results": {"maths": 0.5, "reading": 0.6}}) == [
        {"model": "a", "maths": 0.5, "reading": 0.6}
    ]


def test_errors_of_scores_and_fields_of_one_name():
    (row,) = rows([{"model": "a", "x": {"acc": 0.5, "stderr": 0.01}, "y": {"acc": 0.6, "stderr": 0.02}}])
    assert row == {"model": "a", "x": 0.5, "x_stderr": 0.01, "y": 0.6, "y_stderr": 0.02}
    (row,) = rows([{"model": "a", "pass@1": {"q": 0.1}, "pass@5": {"q": 0.2}}])
    assert row == {"model": "a", "pass@1.q": 0.1, "pass@5.q": 0.2}


def test_what_is_missing_does_not_make_numbers_text(tmp_path):
    table = sheet_of([{"model": "a", "x": "45%", "y": 0.5}, {"model": "b", "x": "N/A", "y": "n/a"}], "x", "x").frame
    assert table["x"].tolist() == pytest.approx([0.45, np.nan], nan_ok=True)
    assert table["y"].tolist() == pytest.approx([0.5, np.nan], nan_ok=True)
    assert sheet_of([{"model": "a", "x": 10**400}, {"model": "b", "x": 1}], "x", "x").frame["x"].dtype == "str"


def test_stated_percentages_are_shares():
    assert rows([{"model": "a", "x": "45.1%"}, {"model": "b", "x": "7 %"}])[0]["x"] == pytest.approx(0.451)


@pytest.mark.parametrize("content", [[], {}, 3, "x", [1, 2], {"a": "b"}, [{"model": "a"}], [[["a"]]]])
def test_documents_without_scores(content, tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(content))
    with pytest.raises(DataError):
        read(tmp_path / "x.json")


def test_json_by_model(tmp_path):
    path = tmp_path / "board.json"
    path.write_text(json.dumps(samples.BY_MODEL))
    assert printed_call(path) == "--metrics '*=0..100'"
    found = survey(path, metrics="*=0..100")
    assert found.tasks["scores"].to_dict() == {"quiz": 2, "quiz+": 1}
    assert found.n_used == 2
    assert found.notes[0].startswith("2 records with the fields model ('Llama-3.1-8B-Instruct'), link (")
    assert found.evaluations.table["score"].tolist() == [0.615, 0.555, 0.715]


def test_a_list_in_yaml(tmp_path):
    path = tmp_path / "board.yml"
    path.write_text(samples.POLYGLOT)
    assert printed_call(path) == "--tasks pass_rate_1,pass_rate_2 --metrics '*=0..100'"
    found = read(path, tasks="pass_rate_2", metrics="*=0..100")
    assert found.table["score"].tolist() == pytest.approx([0.164, 0.036])
    assert found.table["n_items"].tolist() == [225, 225]
    assert found.table["cost"].tolist() == [0.0, 0.3236]
    assert [str(day.date()) for day in found.models["released"]] == ["2025-05-01", "2025-05-02"]


def test_json_lines_by_ending_and_by_content(tmp_path):
    lines = "".join(json.dumps(record) + "\n" for record in TWO)
    for name in ("x.jsonl", "x.json"):
        (tmp_path / name).write_text(lines)
        found = survey(tmp_path / name, columns={"base_model": "=llama-2-70b"})
        assert (found.n_rows, found.n_used, found.unit) == (2, 2, "line")
    (tmp_path / "x.jsonl").write_text(lines + "{\n")
    with pytest.raises(DataError, match=r"x.jsonl, line 3, is not complete JSON .* one whole object on each line"):
        read(tmp_path / "x.jsonl")
    (tmp_path / "x.jsonl").write_text(lines + "3\n")
    with pytest.raises(DataError, match="line 3: '3' is no JSON object"):
        read(tmp_path / "x.jsonl")


def test_a_markdown_table(tmp_path):
    path = tmp_path / "board.md"
    path.write_text(samples.MARKDOWN)
    found = read(path)
    assert found.models["model"].tolist() == ["Llama-3.1-8B-Instruct", "Qwen2.5-7B-Instruct"]
    assert found.table["score"].tolist() == pytest.approx([0.451, 0.5, 0.61])
    assert found.models["source_row"].tolist() == [5, 6]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# no table\n", "holds no table"),
        (
            "| a | b |\n|---|---|\n| 1 | 2 |\n\n| c | d |\n|---|---|\n| 1 | 2 |\n",
            "2 tables with different headers .line 1:",
        ),
        ("| a | b |\n|---|---|\n| 1 | 2 | 3 |\n", "line 3: 3 cells where the table's header has 2"),
        ("| a | a |\n|---|---|\n| 1 | 2 |\n", "line 1: two columns of one name"),
    ],
)
def test_markdown_that_is_none(text, words, tmp_path):
    (tmp_path / "x.md").write_text(text)
    with pytest.raises(DataError, match=words):
        read(tmp_path / "x.md")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: !!python/object/apply:os.system [ls]\n", r"line 1: a YAML tag \('tag:yaml.org,2002:python"),
        ("- !ours x\n", "line 1: a YAML tag"),
        ("a: &x [1]\nb: *x\n", r"line 2: a YAML reference \(\*x\)"),
        ("a: &x\n  b: *x\n", "a YAML reference"),
        ("&x a: [*x, *x, *x]\n" * 50, "more than 100 tags or references"),
        ("[" * 100, "line 1: YAML nested too deeply"),
        ('{"a": ' * 100, "YAML nested too deeply"),
        ("- " * 100 + "x", "YAML indented too deeply"),
        ("\n".join(" " * (8 * k) + "a:" for k in range(80)), "YAML indented too deeply"),
        ("a: 1\na: 2\n", "line 2: 'a' is given twice"),
        ("[a]: 1\n", "a YAML key that is no text"),
        ("a: [1\n", "not complete YAML"),
        ("a: b: c\n", "line 1: not complete YAML"),
        ("%YAML 9.9\n---\n- 1\n", "not complete YAML"),
    ],
)
def test_yaml_that_could_hurt(text, words):
    with pytest.raises(DataError, match=words):
        parse_yaml(text.encode(), "x.yml")


def test_yaml_is_bounded_before_a_library_opens_it(monkeypatch):
    def opened(*_, **__):
        raise AssertionError("opened")

    monkeypatch.setattr(parse.yaml, "parse", opened)
    for text in ("[" * 100_000, "- " * 100_000, "a: *x\n" * 200, "x" * (parse.LARGEST_YAML + 1)):
        with pytest.raises(DataError):
            parse_yaml(text.encode(), "x.yml")


def test_yaml_values():
    text = """
a: 1
b: 1.5e2
c: ~
d: yes
e: 2025-01-31
f: 'true'
g: .nan
h: true
i: '12'
j: [1, x]
k:
  - l: 0x1F
"""
    expected = {"a": 1.0, "b": 150.0, "c": None, "d": "yes", "e": "2025-01-31", "f": "true", "g": None, "h": True}
    expected |= {"i": "12", "j": [1.0, "x"], "k": [{"l": "0x1F"}]}
    assert parse_yaml(text.encode(), "x.yml") == expected
    assert parse_yaml(b"--- 1\n--- 2\n", "x.yml") == [1.0, 2.0]


def test_the_first_column_without_a_name_has_the_models(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(",maths\nLlama-3.1-8B-Instruct,0.5\nQwen2.5-7B-Instruct,0.6\n")
    assert read(path).models["model"].tolist() == ["Llama-3.1-8B-Instruct", "Qwen2.5-7B-Instruct"]
    path.write_text(",model,maths\n0,Llama-3.1-8B-Instruct,0.5\n1,Qwen2.5-7B-Instruct,0.6\n")
    assert read(path).tasks == ("maths",)


def test_a_column_of_models_of_another_name(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("Lab,System under test,maths\nx,Llama-3.1-8B-Instruct,0.5\nx,Qwen2.5-7B-Instruct,0.6\n")
    assert printed_call(path) == "--column 'model=System under test'"


def test_costs_under_the_names_of_tasks_are_no_scores(tmp_path):
    (tmp_path / "cost.csv").write_text("model,maths,nq_maths,out_maths,cost_per_question\nm-1,0.4,50,930,0.02\n")
    with pytest.raises(DataError, match=r"'maths', 'out_maths' \(cost or tokens\)"):
        survey(tmp_path / "cost.csv")
    # of a folder that cannot be read whole, the file that can be
    (tmp_path / "table.csv").write_text("model,maths\nm-1,61.5\n")
    assert printed_call(tmp_path).endswith("--metrics '*=0..100'")


def test_scales_are_told_column_by_column(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("model,maths,judge\nLlama-3.1-8B-Instruct,0.5,7.5\nQwen2.5-7B-Instruct,0.6,8.5\n")
    assert printed_call(path) == "--tasks maths"
    assert printed_call(path, tasks="maths,judge") == "--tasks maths,judge --metrics judge=0..10"
    path.write_text("model,task,score\nLlama-3.1-8B-Instruct,maths,0.5\nQwen2.5-7B-Instruct,quiz,85\n")
    assert printed_call(path) == "--metrics quiz=0..100"


def test_a_column_of_several_scales_names_the_rows_and_no_call(tmp_path):
    path = tmp_path / "x.csv"
    lines = "model,maths\n" + "".join(f"m{k},{0.1 * k if k % 2 else 10 * k:g}\n" for k in range(1, 9))
    path.write_text(lines)
    with pytest.raises(DataError) as caught:
        read(path)
    for words in ("x.csv, column 'maths'", "line 2 (0.1), line 4 (0.3)", "Bring it to one scale"):
        assert words in str(caught.value)
    assert "This call" not in str(caught.value)


def test_a_slip_is_no_scale(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("model,maths\nLlama-3.1-8B-Instruct,0.5\nQwen2.5-7B-Instruct,5.1\n")
    with pytest.raises(DataError) as caught:
        read(path)
    assert "This call" not in str(caught.value)


def test_a_header_that_stands_twice(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("model,maths\na,0.5\nmodel,maths\nb,0.6\n")
    with pytest.raises(DataError, match=r"x.csv, line 3: the header stands here again"):
        read(path)


def test_scales_in_words():
    declared = given_metrics("*=0..100,lab/wer, clean=1..0,elo=-1e3..2000")
    assert declared.by_task == {"*": Metric(ceiling=100.0), "elo": Metric(floor=-1000.0, ceiling=2000.0)} | {
        next(name for name in declared.by_task if "clean" in name): Metric("lower")
    }
    assert in_words(given_metrics("a=1..0,b=0..100")) == "a=1..0,b=0..100"
    assert in_words(given_metrics({"a": {"n_items": 5}})) is None
    with pytest.raises(DataError, match="floor 5 is not below ceiling 5"):
        given_metrics("a=5..5")


def test_a_training_run_is_one_model_a_row_per_step(tmp_path):
    path = tmp_path / "1B-5x.csv"
    path.write_text(samples.TRAINING_RUN)
    found = survey(path)
    assert list(found.tasks.index) == ["eval/downstream/quiz_acc"]
    made = found.evaluations
    assert made.models["model"].tolist() == ["1B-5x@1000", "1B-5x@2000"]
    assert made.models["flops"].tolist() == [2.4e19, 4.8e19]
    assert "training run of one model with 2 rows, called '1B-5x' after its file" in found.notes[0]
    named = read(path, columns={"model": "=EleutherAI/pythia-1b"})
    assert named.models["base_model"].tolist() == ["pythia-1b@1000", "pythia-1b@2000"]


def test_steps_with_the_tokens_seen(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("model,step,tokens_seen,params_b,quiz\nown,1000,2e9,0.16,0.3\nown,2000,4e9,0.16,0.4\n")
    assert read(path).models["flops"].tolist() == pytest.approx([6 * 0.16e9 * 2e9, 6 * 0.16e9 * 4e9])
    # of a base model that is known: its share of the tokens
    path.write_text("model,step,tokens_seen,quiz\nEleutherAI/pythia-1b,1000,30e9,0.3\n")
    whole = read(path, columns={"tokens_seen": "tokens_seen"}).models["flops"][0]
    assert whole == pytest.approx(6 * 1.01e9 * 30e9, rel=0.02)
    assert np.isfinite(whole)
