"""`bayes-frontier report`."""

import pytest
from matplotlib.figure import Figure

import bayes_frontier
from bayes_frontier.report.evidence import Picture
from tests.fakes import FakeFrontier
from tests.report.browsing import unpack


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    """No drawing: the pictures have tests of their own."""
    made = Picture("base_models", "<svg></svg>")
    monkeypatch.setattr("bayes_frontier.report.page.draw_headline", lambda *arguments: Figure())
    monkeypatch.setattr("bayes_frontier.report.page.pictures", lambda *arguments: iter([made]))


def test_a_page_its_pictures_and_tables(run, tmp_path):
    done = run("report", "fit.nc", "--out", tmp_path / "page")
    assert done.exit_code == 0, done.output
    assert done.stdout == f"Wrote {tmp_path / 'page' / 'index.html'}\n"
    page = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert (tmp_path / "page" / "pictures" / "base_models.svg").read_text() == "<svg></svg>"
    assert (tmp_path / "page" / "tables" / "attainable.csv").read_text().startswith("task,flops,median,lower,upper\n")


def test_a_second_fit_of_the_same_tau_is_refused(run, tmp_path):
    done = run("report", "fit.nc", "--out", tmp_path, "--with", "fit.nc")
    assert done.exit_code == 2
    assert "two fits have the same tau (0.98, 0.98)" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_second_fit_at_another_tau_is_offered(run, frontier, tmp_path, monkeypatch):
    fits = {"fit.nc": frontier, "lower.nc": FakeFrontier(frontier.evaluations, tau=0.9)}
    monkeypatch.setitem(vars(bayes_frontier), "load", lambda path: fits[str(path)])
    done = run("report", "fit.nc", "--out", tmp_path, "--with", "lower.nc")
    assert done.exit_code == 0, done.output
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    data = unpack(page.split('id="data">')[1].split("<")[0])
    assert [fit["tau"] for fit in data["fits"]] == [0.98, 0.9]


def test_a_folder_that_cannot_be_made(run, tmp_path):
    (tmp_path / "file").write_text("")
    done = run("report", "fit.nc", "--out", tmp_path / "file")
    assert done.exit_code == 2
    assert "no folder can be made" in done.stderr
