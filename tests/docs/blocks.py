"""Fenced blocks of the pages, and a reader who follows them: writes the files shown and runs what is to be run."""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Followed by tests of their own: they add to the package itself.
RECIPES = ROOT / "docs" / "recipes"
PAGES = sorted(
    [
        *(page for page in (ROOT / "docs").rglob("*.md") if RECIPES not in page.parents),
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    ]
)
_FENCE = re.compile(r"^```(\S*)[ \t]*(.*?)\n(.*?)^```[ \t]*$", flags=re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')
# What a block may be: run, written to the file in its title, or only shown (output, formulas, the map).
RUN = ("sh", "python")
SHOWN = ("text",)
# Commands that a reader runs and a test cannot: they change the machine, or need a network.
OUTSIDE = re.compile(r"(git clone|cd|dask|pip install|python3? -m venv|source|\.|\.venv/bin/(pip|python)) .*")


@dataclass(frozen=True)
class Block:
    """One fenced block.

    `title` is the file it stands for, empty where there is none; `line` counts from 1.
    """

    page: Path
    line: int
    language: str
    title: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = []
    for fence in _FENCE.finditer(text):
        title = _TITLE.search(fence[2])
        line = text.count("\n", 0, fence.start()) + 1
        found.append(Block(page, line, fence[1], title[1] if title else "", fence[3]))
    return found


def commands(text: str) -> list[list[str]]:
    """Words of each command, comments left out and continued lines joined."""
    joined = re.sub(r"\\\n\s*", " ", text)
    split = [shlex.split(line, comments=True) for line in joined.splitlines()]
    return [words for words in split if words]


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))


def follow(block: Block, run: Callable[[list[str]], str], namespace: dict[str, object]) -> None:
    """Do in the working folder what a reader does with a block.

    `run` gets the words of a bayes-frontier command; Python runs in `namespace`.
    """
    if block.title:
        path = Path(block.title)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
    elif block.language == "python":
        # padded, so that a traceback shows the page's own line
        code = "\n" * block.line + block.text
        exec(compile(code, str(block.page), "exec"), namespace)
    elif block.language == "sh":
        for words in commands(block.text):
            if words[0].endswith("bayes-frontier"):
                run(words[1:])
            elif words[:3] == ["python", "-m", "studies"]:
                run(words[2:])
            elif words[0] == "make":
                assert words[1] in make_targets(), f"{block.place}: there is no target {words[1]!r}"
            else:
                assert OUTSIDE.fullmatch(" ".join(words)), f"{block.place}: not run by this test: {words}"
    else:
        assert block.language in SHOWN, f"{block.place}: neither run, nor written to a file, nor marked as text"
