"""The page on what sources write: every statement names tests that are there."""

import re

import pytest

from tests.docs.blocks import ROOT

PAGE = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
STATEMENTS = re.findall(r"^- (.+(?:\n  .+)*)", PAGE, flags=re.MULTILINE)


@pytest.mark.parametrize("statement", STATEMENTS, ids=[s[:40] for s in STATEMENTS])
def test_each_statement_is_held_by_a_test(statement):
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", statement)
    assert named, "no test is named"
    for file, test in named:
        text = (ROOT / "tests" / "evaluations" / file).read_text(encoding="utf-8")
        assert f"\ndef {test}(" in text, f"{file} has no {test}"


def test_there_are_many():
    assert len(STATEMENTS) > 40
