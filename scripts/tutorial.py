"""Run the tutorial's commands in a folder, and compare what they print with the page, or put it there.

A block marked ``sh`` is run, the block marked ``text`` right after it is its output, and a block with a title is the
file of that name. A command whose ``--out`` is there already is not run again, so that a download and a fit are used
twice. The backtest, a quarter of an hour, has no output in the page and is run only with ``--all``.
"""

import argparse
import difflib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "tutorial.md"
_FENCE = re.compile(r'^```(?P<language>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```\n', re.M | re.S)
_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
# Posterior quantiles of another machine's chains differ by Monte Carlo error: scores and probabilities by so much,
# FLOPs and effective sample sizes by such a share.
ABSOLUTE, RELATIVE = 0.01, 0.3


def main(arguments: list[str]) -> int:
    """Run the tutorial."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--folder", type=Path, required=True, help="where to run; oll.parquet there is used")
    parser.add_argument("--write", action="store_true", help="put the output into the page")
    parser.add_argument("--all", action="store_true", help="run the backtest too")
    given = parser.parse_args(arguments)
    given.folder.mkdir(parents=True, exist_ok=True)
    page = PAGE.read_text(encoding="utf-8")
    made = followed(page, given.folder, everything=given.all)
    if given.write:
        PAGE.write_text(made, encoding="utf-8")
        return 0
    wrong = differences(page, made)
    print("\n".join(wrong) or "the tutorial prints what its page shows")
    return int(bool(wrong))


def followed(page: str, folder: Path, *, everything: bool = False) -> str:
    """Follow a page."""
    parts, position, printed = [], 0, ""
    fences = list(_FENCE.finditer(page))
    for number, fence in enumerate(fences):
        parts.append(page[position : fence.start()])
        position = fence.end()
        if fence["title"]:
            (folder / fence["title"]).write_text(fence["text"], encoding="utf-8")
        elif fence["language"] == "sh":
            shown = number + 1 < len(fences) and fences[number + 1]["language"] == "text"
            printed = "".join(ran(line, folder, shown or everything) for line in fence["text"].splitlines())
        body = printed if fence["language"] == "text" else fence["text"]
        parts.append(page[fence.start() : fence.start("text")] + body + "```\n")
    return "".join([*parts, page[position:]])


def ran(line: str, folder: Path, wanted: bool) -> str:
    """Run one command."""
    words = shlex.split(line)
    out = words[words.index("--out") + 1] if "--out" in words else ""
    file = out.endswith((".parquet", ".nc"))
    if ((folder / out).exists() and file) or not (wanted or file):
        return ""
    words[0] = str(Path(sys.executable).with_name(words[0]))
    print(f"$ {line}", file=sys.stderr)
    # the width of a page's column, and no colours
    settings = os.environ | {"COLUMNS": "100", "NO_COLOR": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, cwd=folder, env=settings, stdout=subprocess.PIPE, text=True, check=False)
    # 1: a check failed, which the page shows like any other result
    if done.returncode not in (0, 1):
        raise SystemExit(f"{line}: exit status {done.returncode}")
    return re.sub(r"[ \t]+$", "", done.stdout, flags=re.MULTILINE).strip("\n") + "\n"


def differences(page: str, made: str) -> list[str]:
    """Compare two pages, numbers up to Monte Carlo error."""
    old, new = page.splitlines(), made.splitlines()
    if len(old) == len(new):
        pairs = [(a, b) for a, b in zip(old, new, strict=True) if not alike(a, b)]
        return [line for a, b in pairs for line in (f"- {a}", f"+ {b}")]
    return list(difflib.unified_diff(old, new, "page", "output", lineterm=""))


def alike(a: str, b: str) -> bool:
    """Tell whether two lines say the same."""
    if " ".join(_NUMBER.sub("#", a).split()) != " ".join(_NUMBER.sub("#", b).split()):
        return False
    pairs = zip(numbers(a), numbers(b), strict=True)
    return all(
        abs(x - y) <= (ABSOLUTE if max(abs(x), abs(y)) <= 1 else RELATIVE * max(abs(x), abs(y))) for x, y in pairs
    )


def numbers(line: str) -> list[float]:
    """Read the numbers of a line."""
    return [float(text.replace(",", "")) for text in _NUMBER.findall(line)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
