"""The page on where things are names every folder of code, and nothing that does not exist."""

import re

from tests.docs.blocks import ROOT

PAGE = ROOT / "docs" / "architecture.md"


def named() -> list[str]:
    return re.findall(r"^\| `([\w/]+/)` \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def folders() -> set[str]:
    """Folders of the package and of the studies that hold files of the repository."""
    found = {
        path.parent.relative_to(ROOT).as_posix() + "/"
        for top in ("bayes_frontier", "studies")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    # the copy of the model files that a wheel carries
    return found - {"bayes_frontier/_models/"}


def test_every_folder_is_named_once():
    assert len(named()) == len(set(named()))
    assert folders() - set(named()) == set()


def test_nothing_is_named_that_is_not_there():
    assert [name for name in named() if not (ROOT / name).is_dir()] == []
