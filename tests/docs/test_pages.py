"""Every example of the pages runs, in order, in a folder with a small table; every file they name is there."""

import re

import pandas as pd
import pytest

from tests.docs.blocks import PAGES, RECIPES, ROOT, RUN, Block, blocks, commands, follow, make_targets
from tests.docs.conftest import LONG


def name(page) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_examples_run(page, run):
    # the reference asks for "models" without making them
    models = pd.DataFrame({"base_model": ["qwen2.5-14b", "not-yet-seen"], "flops": [1.6e24, 1e24]})
    namespace: dict[str, object] = {"__name__": "__main__", "models": models}
    for block in blocks(page):
        follow(block, run, namespace)


def test_there_are_examples_to_run():
    found = [block for page in PAGES for block in blocks(page) if block.language in RUN]
    assert len(found) > 25


def test_every_command_is_shown():
    from tests.docs.conftest import app, typer

    def names(command, before=()):
        for key, part in command.commands.items():
            yield from names(part, (*before, key)) if hasattr(part, "commands") else [(*before, key)]

    shown = {
        tuple(words[1 : 1 + length])
        for page in PAGES
        for block in blocks(page)
        if block.language == "sh"
        for words in commands(block.text)
        for length in (1, 2)
        if words[0] == "bayes-frontier"
    }
    assert set(names(typer.main.get_command(app))) - shown == set()


@pytest.mark.parametrize("page", [*PAGES, *RECIPES.glob("*.md")], ids=name)
def test_files_named_are_there(page):
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    named = re.findall(r"`((?:bayes_frontier|studies|models|scripts|tests|docs|reports)/[\w./-]+)`", text)
    # a report may be one that the reader writes, and what checkouts leave out
    missing = [path for path in named if not (ROOT / path).exists() and not path.startswith("reports/")]
    assert missing == []
    targets = set(re.findall(r"`make ([a-z-]+)", text))
    assert targets - make_targets() == set()


def test_the_readme_is_one_page():
    assert (ROOT / "README.md").stat().st_size <= 8 * 1024


@pytest.mark.parametrize("page", sorted((ROOT / "reports").glob("*/*.md")), ids=name)
def test_reports_name_modules_that_are_there(page):
    named = re.findall(r"`((?:bayes_frontier|studies|scripts)/[\w./-]+)`", page.read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_a_block_that_is_not_run_is_found(tmp_path, run):
    page = ROOT / "docs" / "index.md"
    with pytest.raises(AssertionError, match="neither run"):
        follow(Block(page, 1, "ruby", "", "puts 1\n"), run, {})
    with pytest.raises(AssertionError, match="not run by this test"):
        follow(Block(page, 1, "sh", "", "rm -rf build\n"), run, {})
    with pytest.raises(AssertionError, match="no target"):
        follow(Block(page, 1, "sh", "", "make coffee\n"), run, {})
    with pytest.raises(AssertionError, match="No such option"):
        follow(Block(page, 1, "sh", "", "bayes-frontier attain fit.nc --flopz 1e24\n"), run, {})


@pytest.mark.parametrize("command", sorted(LONG))
def test_words_of_long_commands_are_read(command, run):
    with pytest.raises(Exception, match="No such option"):
        run([*command, "--no-such-option"])
