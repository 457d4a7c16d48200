"""Recipes followed as they stand: the files they show are written and loaded, the lines they add are registered."""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

import bayes_frontier as bf
from bayes_frontier.evaluations.sources import documents
from tests.docs.blocks import RECIPES, Block, blocks, commands

CHECK, SOURCE = RECIPES / "add-a-check.md", RECIPES / "add-a-source.md"


def shown(page: Path, title: str) -> Block:
    (block,) = [block for block in blocks(page) if block.title == title]
    return block


def module_of(block: Block, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Write the file that a block shows, and load it as the module it would be in the package."""
    path = folder / block.title
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, encoding="utf-8")
    name = block.title.removesuffix(".py").replace("/", ".")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    parent, _, last = name.rpartition(".")
    monkeypatch.setattr(importlib.import_module(parent), last, module, raising=False)
    return module


def added(page: Path, title: str, **names: object) -> object:
    """The entry that a page adds to a tuple or mapping, after its import, which has to work."""
    imported, entry = [line.removeprefix("+") for line in shown(page, title).text.splitlines()]
    namespace = dict(names)
    exec(imported, namespace)
    return eval(f"({{{entry}}})" if entry.lstrip().startswith('"') else entry.strip().rstrip(","), namespace)


def calls(page: Path) -> list[list[str]]:
    return [words[1:] for block in blocks(page) if block.language == "sh" for words in commands(block.text)]


def test_a_check_is_added(desk, run, seen, known_fit, tmp_path, monkeypatch):
    from bayes_frontier.checks import run as checks

    module_of(shown(CHECK, "bayes_frontier/checks/support.py"), tmp_path, monkeypatch)
    entry = added(CHECK, "bayes_frontier/checks/run.py")
    monkeypatch.setattr(checks, "CHECKS", (*checks.CHECKS, entry))
    monkeypatch.setattr(checks, "NAMES", (*checks.NAMES, entry[0]))
    one = {one.name: one for one in bf.check(known_fit, only=["support"])}["support"]
    assert one.verdict in ("pass", "warn", "fail", "unknown")
    if known_fit.converged:
        # 96 models a task at tau = 0.9 have about ten above their boundary
        assert one.numbers["above"].between(1, 30).all()
    (call,) = calls(CHECK)
    # what other pages have run already is not run again, but this is another check
    seen.clear()
    assert "support" in run(call)


def test_the_check_s_own_test_passes(tmp_path, monkeypatch):
    module_of(shown(CHECK, "bayes_frontier/checks/support.py"), tmp_path, monkeypatch)
    namespace: dict[str, object] = {}
    exec(shown(CHECK, "tests/checks/test_support.py").text, namespace)
    ran = [function() for name, function in namespace.items() if name.startswith("test_")]
    assert len(ran) == 1


def test_a_source_is_added(desk, run, tmp_path, monkeypatch):
    reader = shown(SOURCE, "bayes_frontier/evaluations/sources/house_eval.py")
    module_of(reader, tmp_path, monkeypatch)
    entry = added(SOURCE, "bayes_frontier/evaluations/sources/documents.py", Kind=documents.Kind)
    monkeypatch.setattr(documents, "KINDS", entry | documents.KINDS)
    sample = shown(SOURCE, "house-results/one.json")
    Path(sample.title).parent.mkdir()
    Path(sample.title).write_text(sample.text, encoding="utf-8")
    (call,) = calls(SOURCE)
    said = run(call).splitlines()
    output = [block.text.strip() for block in blocks(SOURCE) if block.language == "text"]
    assert said[0] == output[0]
    assert "left out, no item was asked: 1" in said
    evaluations = bf.read("house-results")
    record = evaluations.table.iloc[0]
    assert (record["score"], record["n_items"], record["base_model"]) == (412 / 800, 800, "llama-3.1-8b")


@pytest.mark.parametrize(
    "damaged", ['{"made_by": "house-eval"}', '{"made_by": "house-eval", "tasks": [3, {"asked": "many"}]}']
)
def test_the_reader_says_what_is_wrong_with_a_damaged_file(desk, damaged, tmp_path, monkeypatch):
    reader = shown(SOURCE, "bayes_frontier/evaluations/sources/house_eval.py")
    module = module_of(reader, tmp_path, monkeypatch)
    monkeypatch.setitem(
        documents.KINDS, "house_eval", documents.Kind(module.recognises, module.scores, "House Eval results")
    )
    Path("damaged.json").write_text(damaged, encoding="utf-8")
    with pytest.raises(bf.DataError):
        bf.read("damaged.json")
