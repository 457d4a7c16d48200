"""The command line as someone at a terminal sees it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="terminals of POSIX")
ROOT = Path(__file__).resolve().parents[2]
SHOWN = """
from bayes_frontier.cli.output import Answer, Column, show
columns = [Column("task", "task"), Column("median", "median", "{:.3f}".format)]
rows = [{"task": "bbh", "median": 0.5}, {"task": "[red]x\\x1b[31m", "median": 0.25}]
show(Answer({}, columns, rows, ["What it shows"]), "text")
"""


def on_a_terminal(code: str) -> str:
    """Run code with its standard output on a terminal of 80 columns."""
    reader, writer = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "80"}
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=writer, env=environment)
    os.close(writer)
    shown = b""
    while True:
        try:
            part = os.read(reader, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(reader)
    assert process.wait(timeout=30) == 0
    return shown.decode()


def test_a_terminal_gets_a_ruled_table_and_names_stay_harmless():
    shown = on_a_terminal(SHOWN)
    assert "What it shows" in shown
    assert "─" in shown
    assert "0.500" in shown
    assert r"[red]x\x1b[31m" in shown
    assert "\x1b[31m" not in shown
