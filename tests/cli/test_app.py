"""Exit statuses and messages of everything that can go wrong, in this process and in one of its own."""

import errno
import itertools
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

import bayes_frontier
from bayes_frontier.cli import options as given
from bayes_frontier.cli.app import app
from bayes_frontier.errors import ConvergenceError, DataError, QueryError, StoreError

ROOT = Path(__file__).resolve().parents[2]
ATTAIN = ("attain", "fit.nc", "--flops", "1e24")


@pytest.fixture
def raising(monkeypatch, run):
    """Make loading a fit raise."""

    def _raising(error: BaseException) -> None:
        def load(path: Path) -> None:
            raise error

        monkeypatch.setitem(vars(bayes_frontier), "load", load)

    return _raising


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (StoreError("fit.nc is cut short: fit again."), 2, "Error: fit.nc is cut short: fit again."),
        (DataError("no table"), 2, "Error: no table"),
        (ConvergenceError("R-hat 1.3"), 3, "Error: R-hat 1.3"),
        (KeyboardInterrupt(), 130, "Interrupted: a file that was not finished was not written."),
        (ValueError("odd\nsecond line"), 70, "Unexpected ValueError: odd. Run again with --debug for the traceback."),
        (OSError(errno.ENOSPC, "No space left"), 2, "Error: standard output: No space left. Make room."),
        (OSError(errno.ENOSPC, "No space left", "/a/b.nc"), 2, "Error: /a/b.nc: No space left. Make room."),
        (OSError(errno.EIO, "Input/output error"), 70, None),
        (
            UnicodeEncodeError("utf-8", "t\udcff\x1b.csv", 1, 2, "surrogates not allowed"),
            2,
            "Error: 't\\udcff\\x1b.csv' holds bytes that are no text; name it otherwise.",
        ),
        (ZeroDivisionError(), 70, "Unexpected ZeroDivisionError. Run again with --debug for the traceback."),
    ],
)
def test_an_exception_is_one_line_and_a_status(run, raising, error, status, message):
    raising(error)
    done = run(*ATTAIN)
    assert done.exit_code == status
    assert done.stdout == ""
    assert message is None or done.stderr == message + "\n"


@pytest.mark.parametrize("where", ["front", "middle", "end"])
@pytest.mark.parametrize("error", [DataError("no table"), ValueError("odd")])
def test_debug_shows_the_traceback_wherever_it_stands(run, raising, error, where):
    raising(error)
    at = {"front": 0, "middle": 2, "end": len(ATTAIN)}[where]
    done = run(*ATTAIN[:at], "--debug", *ATTAIN[at:])
    assert done.exit_code == (2 if isinstance(error, DataError) else 70)
    assert "Traceback (most recent call last)" in done.stderr
    assert f"{type(error).__name__}: {error}" in done.stderr
    assert "Run again" not in done.stderr


def test_a_broken_pipe_is_quiet(run, raising):
    raising(BrokenPipeError())
    done = run(*ATTAIN)
    assert done.exit_code == 141
    assert done.output == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_a_full_disk_behind_standard_output(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("model,base_model,flops,bbh\na,b,1e21,0.5\n")
    command = [sys.executable, "-m", "bayes_frontier.cli", "data", "show", str(table)]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: standard output:")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["attin"], ["attain", "--flop", "1e24"], ["fit"], ["data", "shwo"]])
def test_usage_errors_are_status_2(run, arguments):
    done = run(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_mistyped_command_is_recognised(run):
    assert "Did you mean 'attain'" in run("attin").stderr


@pytest.mark.parametrize("command", [[], ["fit"], ["attain"], ["compute-for"], ["report"], ["demo"], ["data", "show"]])
def test_help_has_an_example_of_the_command(run, command):
    done = run(*command, "--help")
    assert done.exit_code == 0
    name = " ".join(command) or "fit"
    assert f"bayes-frontier {name} " in done.stdout.split("Options")[0].split("Usage:")[1].partition("\n")[2]


def start(*arguments: object, **options) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bayes_frontier.cli", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=ROOT, **pipes | options)


def test_version_of_the_process():
    process = start("--version")
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, f"bayes-frontier {bayes_frontier.__version__}\n", "")


def test_a_bad_file_in_a_process_has_no_traceback(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("just words\n")
    process = start("data", "show", path)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert out == ""
    assert "not a table" in err
    assert len(err.splitlines()) == 1


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_a_reader_that_leaves_is_no_error(table):
    with start("data", "show", table) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 141


# A shell starts background jobs with interrupts ignored, and children inherit that: ask for the usual handler.
INTERRUPTED = """
import signal, sys, bayes_frontier
from bayes_frontier.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
def load(path):
    print("loading", file=sys.stderr, flush=True)
    import time
    time.sleep(60)
vars(bayes_frontier)["load"] = load
sys.argv[1:] = ["attain", "fit.nc", "--flops", "1e24"]
main()
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_an_interrupt_is_one_line():
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr.readline() == "loading\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == ""
    assert err.splitlines() == ["Interrupted: a file that was not finished was not written."]


def test_commands_stand_in_groups(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    shown = run("--help").stdout
    for first, second in itertools.pairwise((given.START, given.ASK, given.COMPARE, given.CHOOSE, given.EVIDENCE)):
        assert shown.index(first) < shown.index(second)
    root = typer.main.get_command(app)
    groups = {given.START, given.ASK, given.COMPARE, given.CHOOSE, given.EVIDENCE, given.DATA}
    assert {command.rich_help_panel for command in root.commands.values()} == groups


def test_the_help_of_the_longest_command_is_a_page(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    lines = run("fit", "--help").stdout.splitlines()
    assert len(lines) < 60
    text = " ".join(line.strip("│ ") for line in lines)
    assert re.search(r"--tau .*Default:\s+0\.98\.", text)
    # one is a default, not a switch that is on
    assert "Default: 1." in text
    assert "[default" not in text


def readers() -> dict[str, set[str]]:
    """Options of each command that takes `--format`, by its name."""
    root = typer.main.get_command(app)
    commands = dict(root.commands) | {f"data {name}": c for name, c in root.commands["data"].commands.items()}
    named = {name: {o for parameter in c.params for o in parameter.opts} for name, c in commands.items()}
    return {name: options for name, options in named.items() if "--format" in options}


def test_tables_are_read_by_the_same_options_everywhere():
    found = readers()
    assert {"fit", "update", "drift", "watch", "score", "gate", "factors", "contamination"} <= set(found)
    source = {"--format", "--column", "--registry"}
    reading = source | {"--duplicates", "--copies", "--compute", "--metrics", "--allow-limited"}
    for name, options in found.items():
        # what reads no scores, and what compares models one by one
        assert (source if name in ("data identify", "gate") else reading) <= options, name


def test_a_table_given_as_a_fit_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("oll.csv").write_text("model,base_model,flops,bbh\na,b,1e21,0.5\n")
    with pytest.raises(StoreError, match=r"oll\.csv: is a table, not a fit\. Fit it first: `bayes-frontier fit oll"):
        bayes_frontier.load("oll.csv")


def test_a_fit_given_as_a_table_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("fit.nc").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(DataError, match=r"fit\.nc is a NetCDF file.*`bayes-frontier attain fit\.nc --flops 1e24`"):
        bayes_frontier.read("fit.nc")


@pytest.mark.parametrize(("given_one", "words"), [("oll.csv", r"bf\.read\('oll\.csv'\)"), (3, r"bf\.read\(table\)")])
def test_what_is_fitted_has_to_be_read_first(given_one, words):
    with pytest.raises(QueryError, match=rf"expected Evaluations\. Read the table first: bf\.fit\({words}"):
        bayes_frontier.fit(given_one)
