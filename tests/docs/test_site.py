"""What the site is made of besides its pages."""

import re
import tomllib

import pytest

pytest.importorskip("mkdocs", reason="the docs extra builds the site")

import scripts.docs_site as site
from tests.docs.blocks import ROOT


def test_the_reference_has_every_command_and_its_options():
    text = site.command_line()
    assert text.startswith("# Command line")
    headings = set(re.findall(r"^#{2,4} `bayes-frontier ([\w -]+)`", text, flags=re.MULTILINE))
    assert {"fit", "attain", "data show", "study", "plan"} <= headings
    assert "--allow-unconverged" in text


def test_every_command_is_on_the_page_of_its_group():
    pages = site.command_pages()
    assert len(pages) == 1 + len(site.GROUPS)
    shared = pages.pop("reference/cli.md")
    assert all(f"(cli-{slug}.md)" in shared for slug in site.GROUPS.values())
    assert "## `bayes-frontier plan`" in pages["reference/cli-choose.md"]
    pattern = r"^##+ `bayes-frontier ([\w -]+)`"
    found = [name for text in pages.values() for name in re.findall(pattern, text, flags=re.MULTILINE)]
    assert sorted(found) == sorted(re.findall(pattern, site.command_line(), flags=re.MULTILINE))


def test_reports_are_found_and_named(tmp_path, monkeypatch):
    monkeypatch.setattr(site, "REPORTS", tmp_path)
    for name in ("one", "demo", "empty"):
        (tmp_path / name).mkdir()
    (tmp_path / "one" / "README.md").write_text("# First\n\nText.\n")
    (tmp_path / "demo" / "README.md").write_text("no heading\n")
    assert [folder.name for folder in site.evidence()] == ["one"]
    assert "[First](one/index.md)" in site.evidence_index()
    assert site.title(tmp_path / "demo") == "demo"
    assert "(evidence/one/index.md)" in site.pointer("one")
    assert "no report" in site.pointer("two")


def test_links_that_lead_out_of_a_report_become_text(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    text = "![A](a.png) [B](b.csv) [C](../c.png) [D](#part) [E](https://arxiv.org/abs/2602.15327)\n"
    (tmp_path / "README.md").write_text(text)
    assert site.inside(tmp_path) == (
        "![A](a.png) B (`b.csv`) C (`../c.png`) [D](#part) [E](https://arxiv.org/abs/2602.15327)\n"
    )


def test_every_page_is_in_the_navigation():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"([\w/-]+\.(?:md|ipynb))$", text, flags=re.MULTILINE))
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.*") if path.is_file()}
    assert named - {*site.TOP, *site.command_pages(), "evidence/index.md"} == pages
    assert "strict: true" in text


def test_the_site_asks_no_other_host():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert "font: false" in text
    assert re.findall(r"https?://", text) == []


def test_what_builds_it_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split(r"[\[>=]", text)[0] for text in project["optional-dependencies"]["docs"]}
    assert names == {"mkdocs-jupyter", "mkdocs-material", "mkdocstrings"}


@pytest.mark.slow
def test_it_builds_without_a_warning(tmp_path, monkeypatch):
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    monkeypatch.chdir(ROOT)
    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path), strict=True))
    api = (tmp_path / "reference" / "python.html").read_text(encoding="utf-8")
    assert "compute_for" in api
    assert 'src="https://' not in api
