"""Hooks of ``mkdocs build``: pages that are made from other files, so that nothing is written twice.

The command line's reference comes from the commands themselves, Contributing and Changes from the files at the top,
and Evidence from every folder of ``reports`` that has a README. A comment ``<!-- evidence: NAME -->`` in a page
becomes a sentence that links to such a folder, or says how to write it.
"""

import re
from pathlib import Path

import typer.cli
import typer.main
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from bayes_frontier.cli import options as given
from bayes_frontier.cli.app import app

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "reports"
TOP = {"contributing.md": "CONTRIBUTING.md", "changes.md": "CHANGELOG.md"}
GROUPS = {
    given.START: "start",
    given.ASK: "ask",
    given.COMPARE: "compare",
    given.CHOOSE: "choose",
    given.EVIDENCE: "evidence",
    given.DATA: "data",
}
SHOWN = {".png", ".csv", ".svg"}
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_MARK = re.compile(r"<!-- evidence: ([\w-]+) -->")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made."""
    # their links are from the top of the repository
    made = {page: (ROOT / source).read_text(encoding="utf-8").replace("](docs/", "](") for page, source in TOP.items()}
    made |= command_pages()
    made["evidence/index.md"] = evidence_index()
    for folder in evidence():
        made[f"evidence/{folder.name}/index.md"] = inside(folder)
        for path in sorted(folder.iterdir()):
            if path.suffix in SHOWN:
                place = f"evidence/{folder.name}/{path.name}"
                files.append(File.generated(config, place, content=path.read_bytes()))
    for place, text in made.items():
        files.append(File.generated(config, place, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put links to evidence in."""
    return _MARK.sub(lambda found: pointer(found[1]), markdown)


def evidence() -> list[Path]:
    """Find the reports that say what they are."""
    return sorted(path.parent for path in REPORTS.glob("*/README.md") if path.parent.name != "demo")


def pointer(name: str) -> str:
    """Say where a report is."""
    if any(folder.name == name for folder in evidence()):
        return f"Numbers, tables and pictures: [reports/{name}](evidence/{name}/index.md)."
    return f"There is no report `reports/{name}` in this checkout yet, so this page states no numbers of it."


def evidence_index() -> str:
    """Write the page that lists reports."""
    lines = [f"* [{title(folder)}]({folder.name}/index.md): `reports/{folder.name}`" for folder in evidence()]
    return "\n".join(["# Evidence", "", "What runs wrote, as committed under `reports`.", "", *lines, ""])


def title(folder: Path) -> str:
    """Return the first heading of a report."""
    found = re.search(r"^# (.+)$", (folder / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return found[1] if found else folder.name


def inside(folder: Path) -> str:
    """Return a report whose links lead somewhere: those out of its folder become plain text."""

    def kept(found: re.Match[str]) -> str:
        target = found[3]
        there = (folder / target).suffix in SHOWN and (folder / target).is_file() and "/" not in target
        return found[0] if there or target.startswith(("#", "https://")) else f"{found[2]} (`{target}`)"

    return _LINK.sub(kept, (folder / "README.md").read_text(encoding="utf-8"))


def command_line() -> str:
    """Write the reference of the command line, by Typer from the commands themselves."""
    command = typer.main.get_command(app)
    text = typer.cli.get_docs_for_click(obj=command, ctx=typer.Context(command), name="bayes-frontier")
    return re.sub(r"^# .*$", "# Command line", text, count=1, flags=re.MULTILINE)


def command_pages() -> dict[str, str]:
    """Cut the reference into pages: what all commands share, and one for each group of `--help`."""
    head, *sections = re.split(r"^(?=## `bayes-frontier )", command_line(), flags=re.MULTILINE)
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    pages = {slug: [f"# {group}", ""] for group, slug in GROUPS.items()}
    for section in sections:
        group = commands[section.split("`")[1].split()[1]].rich_help_panel
        pages[GROUPS[group]].append(section)
    links = [f"* [{group}](cli-{slug}.md)" for group, slug in GROUPS.items()]
    made = {f"reference/cli-{slug}.md": "\n".join(parts) for slug, parts in pages.items()}
    return made | {"reference/cli.md": "\n".join([head.split("**Commands**")[0], *links, ""])}
