"""A fit without sampling, a small table under the names that pages use, and a reader's commands."""

import inspect
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer.main
from typer.testing import CliRunner

import bayes_frontier as bf
from bayes_frontier.cli.app import app
from studies.cli import app as studies
from tests.checks.posteriors import diagnosed, true_tree

TASKS = ("bbh", "math_lvl_5", "gpqa")
CLOSING = ("2024-06-30", "2024-09-30", "2024-12-31")
TAU = 0.9
BASES = {
    "llama-2-7b": (8.2e22, "2023-09-01"),
    "mistral-7b": (3.5e23, "2024-02-01"),
    "llama-3-8b": (7.2e23, "2024-06-01"),
    "qwen2-7b": (3.2e23, "2024-08-01"),
    "gemma-2-9b": (4.4e23, "2024-09-01"),
    "llama-3.1-8b": (7.2e23, "2024-10-01"),
    "qwen2.5-14b": (1.6e24, "2024-11-01"),
    "qwen2.5-72b": (7.9e24, "2025-01-15"),
}
RESULT = json.dumps(
    {
        "results": {"gsm8k": {"alias": "gsm8k", "exact_match,strict-match": 0.61}},
        "configs": {"gsm8k": {"task": "gsm8k"}},
        "model_name": "meta-llama/Llama-3.1-8B-Instruct",
        "config": {"model": "hf", "model_args": "pretrained=meta-llama/Llama-3.1-8B-Instruct"},
    }
)
RELEASE = json.dumps(
    {
        "results": {task: {"alias": task, "acc,none": 0.4} for task in TASKS},
        "configs": {task: {"task": task} for task in TASKS},
        "model_name": "lab/new",
        "config": {"model": "hf", "model_args": "pretrained=lab/new"},
    }
)
# Minutes even on this table, or in need of a network: their words are read, and no more.
LONG = {("backtest",), ("demo",), ("data", "fetch"), ("update",), ("stages",)}
LONG |= {("studies", name) for name in ("calibration", "design", "halves", "questions", "sbc")}

COSTLY = {"report", "check"}


def grid(per_base: int = 12) -> pd.DataFrame:
    """Real names and dates, with every base model's later models spread over half a year."""
    rows = []
    for name, (flops, first) in BASES.items():
        days = pd.Timestamp(first) + pd.to_timedelta(np.linspace(0, 180, per_base).round(), unit="D")
        rows += [(name, flops, min(day, pd.Timestamp("2025-03-10"))) for day in days]
    return pd.DataFrame(rows, columns=["base_model", "flops", "released"])


@pytest.fixture(scope="session")
def known_fit() -> bf.Frontier:
    """Draws around the boundaries that the scores were simulated from."""
    evaluations, truth = bf.simulate(2, grid=grid(), tasks=TASKS, periods=CLOSING, tau=TAU)
    sampling = {"seed": 1, "tau": TAU, "draws": 300, "tune": 100, "chains": 4}
    return diagnosed(
        bf.Frontier(
            evaluations=evaluations,
            spec=bf.read_spec("hierarchical"),
            tau=TAU,
            posterior=true_tree(evaluations, truth).isel(draw=slice(None, None, 10)),
            provenance={"sampling": sampling, "data": {"source": "oll.csv"}, "versions": {}},
        )
    )


@pytest.fixture(scope="session")
def table(known_fit, tmp_path_factory) -> pd.DataFrame:
    models = known_fit.evaluations.models
    return models[["model", "base_model", "flops", "released", *TASKS]]


@pytest.fixture(scope="session")
def saved_fit(known_fit, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("known") / "fit.nc"
    known_fit.save(path)
    return path


@pytest.fixture
def desk(known_fit, saved_fit, table, tmp_path, monkeypatch) -> Path:
    """Working folder with the tables that pages presuppose; fitting gives the known fit, whatever it is asked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    table.to_csv("oll.csv", index=False)
    table.to_parquet("oll.parquet", index=False)
    table.iloc[:-5].to_csv("monday.csv", index=False)
    table.to_csv("tuesday.csv", index=False)
    table.assign(model="later/" + table["model"], released="2025-03-12").to_csv("newer.csv", index=False)
    Path("candidates.csv").write_text("model,base_model\nlab/a,llama-3.1-8b\nlab/b,falcon-180b\n", encoding="utf-8")
    Path("results.json").write_text(RELEASE, encoding="utf-8")
    Path("results").mkdir()
    Path("results", "results_2025-02-01T10-00-00.json").write_text(RESULT, encoding="utf-8")
    signature = inspect.signature(bf.fit)

    def fit(*arguments: object, **options: object) -> bf.Frontier:
        called = signature.bind(*arguments, **options)
        bf.read_spec(called.arguments.get("model", "hierarchical"))
        return known_fit

    # names of a lazy module
    monkeypatch.setitem(vars(bf), "fit", fit)
    monkeypatch.setitem(vars(bf), "load", lambda path: known_fit)
    shutil.copy(saved_fit, "fit.nc")
    return tmp_path


@pytest.fixture(scope="session")
def seen() -> set[str]:
    """Commands that take seconds and were run already."""
    return set()


@pytest.fixture
def run(desk, seen) -> Callable[[list[str]], str]:
    """Run a command as a reader does; long ones are read without being run, and so are costly ones a second time.

    Words that begin with "studies" are those after `python -m`; `bayes-frontier study` is another name for it.
    """
    roots = {False: typer.main.get_command(app), True: typer.main.get_command(studies)}

    def _run(words: list[str]) -> str:
        study = words[0] in ("studies", "study") and len(words) > 1
        words = ["studies", *words[1:]] if study else words
        again = words[0] in seen
        seen.update({words[0]} & COSTLY)
        if again or tuple(words[:1]) in LONG or tuple(words[:2]) in LONG:
            parse(roots[study], words[study:])
            return ""
        called, words = (studies, words[1:]) if study else (app, words)
        done = CliRunner().invoke(called, words, prog_name="bayes-frontier")
        assert done.exit_code in (0, 1), f"bayes-frontier {' '.join(words)}\n{done.output}\n{done.exception!r}"
        return done.output

    return _run


def parse(command, words: list[str]) -> None:
    """Read the words of a command, and of the commands in it, without running any."""
    name = words.pop(0)
    part = command.commands[name]
    if hasattr(part, "commands"):
        parse(part, words)
    else:
        part.make_context(name, words)
