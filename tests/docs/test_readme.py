"""The first commands of the README, typed word for word: on the demo's data and, where it is, on the real table."""

import re
import shlex
import shutil
import subprocess
import sys

import pytest

from tests.docs.blocks import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = {
    words[1]: words[1:]
    for line in re.findall(r"^bayes-frontier .*$", README, re.M)
    if (words := shlex.split(line, comments=True))
}
SENTENCE = re.search(r"\*\*(With 10²⁴ FLOP.*?\.)\*\*", README)[1]


def typed(words, folder) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bayes_frontier.cli", *words], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_first_screen_has_four_commands():
    assert list(COMMANDS) == ["demo", "fit", "ask", "report"]
    assert README.index(SENTENCE) < README.index("```sh")


@pytest.mark.slow
@pytest.mark.mcmc
def test_they_work_on_the_demo(tmp_path):
    typed(COMMANDS["demo"], tmp_path)
    hint = re.search(r"`(ask demo/fit.nc [^`]*)`", README)[1]
    said = typed(hint.split(), tmp_path)
    assert said.startswith("With 10²⁴ FLOP, open models reach about ")
    assert "90% interval" in said


@pytest.mark.slow
@pytest.mark.mcmc
@pytest.mark.real_data
def test_they_give_the_readmes_sentence_on_the_real_table(shared_data, tmp_path):
    shutil.copy(shared_data / "open_llm_leaderboard_v2.csv", tmp_path / "oll.csv")
    typed(COMMANDS["fit"], tmp_path)
    said = typed(COMMANDS["ask"], tmp_path)
    # another machine's chains differ by Monte Carlo error, a fraction of a point: a whole percent may be the next one
    numbers = [
        [int(one) for one in re.findall(r"(\d+)(?=%| points)", text)] for text in (SENTENCE, said.split(". ")[0])
    ]
    assert numbers[1] == pytest.approx(numbers[0], abs=1)
    assert re.sub(r"\d+(?=%| points)", "", said).startswith(re.sub(r"\d+(?=%| points)", "", SENTENCE))
