import json
import shutil

import pytest

from bayes_frontier.errors import QueryError
from bayes_frontier.parallel import Workers
from studies import runner
from studies.calibration import alternatives
from studies.calibration.scenarios import Scenario
from studies.runner import append_line, code_fingerprint, read_lines, run_study
from tests.studies.fakes import Fake

ROOT = runner.ROOT
OPTIONS = {"n_base_models": 6, "correlation": 0.3}
A, B = (Scenario(name, "for tests", clusters="free", n_models=60, tau=0.9, options=OPTIONS) for name in ("a", "b"))


class Counting(Fake):
    asked = 0

    def __call__(self, *arguments):
        type(self).asked += 1
        return super().__call__(*arguments)


@pytest.fixture(autouse=True)
def few_refits(monkeypatch):
    monkeypatch.setattr(alternatives, "_REFITS", 3)


@pytest.fixture
def ask(monkeypatch):
    monkeypatch.setattr(Counting, "asked", 0)
    return Counting(A)


def run(folder, ask, n, scenarios=(A,), cores=1):
    told = []
    wanted = n if isinstance(n, dict) else {one.name: n for one in scenarios}
    lines = run_study(
        scenarios, wanted, folder, ask, workers=Workers(cores), progress=lambda *now: told.append(now[:2])
    )
    return lines, told


def test_every_replication_is_kept_as_one_line(tmp_path, ask):
    lines, told = run(tmp_path, ask, 3)
    written = (tmp_path / "a.jsonl").read_text().splitlines()
    assert [json.loads(text)["replication"] for text in written] == [0, 1, 2]
    assert [line["replication"] for line in lines] == [0, 1, 2]
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_finished_replications_are_not_run_again(tmp_path, ask):
    run(tmp_path, ask, 2)
    lines, told = run(tmp_path, ask, 4)
    assert ask.asked == 4
    assert told[0] == (2, 4)
    assert len(lines) == 4


def test_scenarios_may_have_numbers_of_their_own(tmp_path, ask):
    lines, told = run(tmp_path, ask, {A.name: 3, B.name: 1}, scenarios=(A, B))
    assert [(line["scenario"], line["replication"]) for line in lines] == [
        (A.name, 0),
        (A.name, 1),
        (A.name, 2),
        (B.name, 0),
    ]
    assert told[-1] == (4, 4)


def test_fewer_than_are_there_are_returned_as_asked(tmp_path, ask):
    run(tmp_path, ask, 3)
    assert [line["replication"] for line in run(tmp_path, ask, 2)[0]] == [0, 1]
    assert ask.asked == 3


def test_half_a_line_is_cut_off_and_run_again(tmp_path, ask):
    whole, _ = run(tmp_path, ask, 2)
    path = tmp_path / "a.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    again, _ = run(tmp_path, ask, 2)
    assert ask.asked == 3
    for line in (*whole, *again):
        del line["seconds"]
    assert again == whole


def test_an_interruption_keeps_what_is_done(tmp_path, ask, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    run(tmp_path, ask, 1)
    with pytest.raises(KeyboardInterrupt):
        run_study((A,), {A.name: 3}, tmp_path, interrupted, workers=Workers(1), progress=lambda *_: None)
    assert len(read_lines(tmp_path / "a.jsonl")) == 1


@pytest.mark.slow
def test_processes_give_what_one_gives(tmp_path, monkeypatch):
    # other processes do not see what was patched
    monkeypatch.undo()
    one, _ = run(tmp_path / "one", Fake(A), 2, (A, B))
    two, told = run(tmp_path / "two", Fake(A), 2, (A, B), cores=2)
    for line in (*one, *two):
        del line["seconds"]
    assert one == two
    assert told[-1] == (4, 4)


def test_a_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n')
    with pytest.raises(QueryError, match=r"a.jsonl, line 1: not a replication of the study; remove the file."):
        read_lines(tmp_path / "a.jsonl")
    assert read_lines(tmp_path / "none.jsonl") == []


def test_a_folder_that_cannot_be_is_refused(tmp_path, ask):
    (tmp_path / "file").write_text("x")
    with pytest.raises(QueryError, match="cannot be made"):
        run(tmp_path / "file" / "x", ask, 1)
    with pytest.raises(QueryError, match="cannot be written"):
        append_line(tmp_path, {"replication": 1})


def test_the_fingerprint_of_the_code_ignores_comments_and_docstrings(tmp_path, monkeypatch):
    for source in runner.RESULTS:
        place = tmp_path / source
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("x = 1\n") if source.endswith(".py") else place.mkdir()
    (tmp_path / "studies/calibration/clusters.csv").write_text("a\n")
    code = tmp_path / "bayes_frontier/model/calibration.py"
    monkeypatch.setattr(runner, "ROOT", tmp_path)

    def fingerprint(text: str) -> str:
        code.write_text(text)
        return code_fingerprint()

    plain = fingerprint("def f():\n    return 1\n")
    assert fingerprint('def f():\n    """Say."""\n    return 1  # why\n') == plain
    assert fingerprint("def f():\n    return 2\n") != plain


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The sources of the package and of the studies, to be changed."""
    for folder in ("bayes_frontier", "studies"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "matters"),
    [
        ("bayes_frontier/parallel.py", False),
        ("studies/runner.py", False),
        ("studies/calibration/summary.py", False),
        ("studies/halves.py", False),
        ("studies/calibration/page.py", False),
        ("studies/cli.py", False),
        ("bayes_frontier/model/model.py", True),
        ("studies/calibration/alternatives.py", True),
        ("studies/calibration/clusters.csv", True),
        ("studies/calibration/fitting.py", True),
        ("studies/calibration/scenarios.py", True),
        ("studies/calibration/scoring.py", True),
        ("bayes_frontier/evaluations/simulate.py", True),
        ("bayes_frontier/evaluations/truth.py", True),
        ("bayes_frontier/posterior/draws.py", True),
    ],
)
def test_the_fingerprint_changes_with_what_can_change_results_only(copied, changed, matters):
    before = code_fingerprint()
    with open(copied / changed, "a", encoding="utf-8") as file:
        file.write("\nmore = 1\n")
    assert (code_fingerprint() != before) == matters
