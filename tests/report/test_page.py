"""The report page: complete, by itself, escaped, honest about convergence."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest
from matplotlib.figure import Figure

from bayes_frontier.analysis.headline import headline
from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations import Evaluations
from bayes_frontier.report import page as page_module
from bayes_frontier.report import write_report
from bayes_frontier.report.evidence import Picture
from bayes_frontier.report.page import choose_budgets, facts, policy_hash, report_tables
from tests.fakes import FakeFrontier
from tests.report.browsing import unpack
from tests.report.conftest import make_evidence

HOSTILE = "<img src=x onerror=alert(1)>"
VOID = {"meta", "img", "br", "input"}


class Reader(HTMLParser):
    """Collects elements and text, and checks that elements are closed in order."""

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] == ["script"]:
            self.scripts.append(data)
        elif "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def named(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.elements if name == tag]


SVG = '<svg width="72pt" height="36pt" xmlns="http://www.w3.org/2000/svg"><g id="figure_1"></g></svg>'


@pytest.fixture
def picture(monkeypatch):
    """No drawing: the pictures have tests of their own."""
    made = [Picture("base_models", SVG)]
    monkeypatch.setattr(page_module, "pictures", lambda *arguments: iter(made))
    monkeypatch.setattr(page_module, "draw_headline", lambda *arguments: Figure())
    # and a small chart
    monkeypatch.setattr("bayes_frontier.report.chart._MOST_VALUES", 1e5)


@pytest.fixture
def read(picture, tmp_path):
    def _read(frontier, truth=None, **verdicts) -> Reader:
        path = write_report(frontier, tmp_path, truth=truth, evidence=make_evidence(frontier, **verdicts))
        return Reader(path.read_text(encoding="utf-8"))

    return _read


def test_the_page_is_well_formed_and_needs_nothing_else(read, frontier):
    page = read(frontier)
    assert page.open == []
    assert {tag for tag, _ in page.elements}.isdisjoint({"link", "iframe", "object", "img"})
    links = [v for _, attributes in page.elements for k, v in attributes.items() if k in ("src", "href")]
    targets = {attributes.get("id") for _, attributes in page.elements}
    assert {link[1:] for link in links} <= targets
    assert all(link.startswith("#") for link in links)
    assert "base_models-figure_1" in targets


def test_the_browser_may_run_the_scripts_of_the_page_and_no_others(read, frontier):
    page = read(frontier)
    (policy,) = [m["content"] for m in page.named("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    data, *scripts = page.scripts
    assert len(scripts) == 2
    assert all(policy_hash(script) in policy for script in scripts)
    assert policy.count("sha256-") == 2
    assert unpack(data)["tasks"] == ["bbh", "math_lvl_5"]


def test_the_headline_comes_first_and_is_the_answer_of_ask(read, frontier):
    page = read(frontier)
    lead = facts(frontier).lead
    assert page.text.startswith(f"{lead.title} {lead.title} ")
    meta = {m.get("property") or m.get("name"): m.get("content") for m in page.named("meta")}
    assert meta["og:title"] == lead.title
    assert meta["og:image"] == "headline.png"
    assert meta["description"] == " ".join(lead.sentences)


def test_the_table_has_round_budgets_in_whole_percent(read, frontier):
    text = read(frontier).text
    found = frontier.attainable(1e23, task="bbh")
    value, low, high = (f"{100 * found[name].item():.0f}" for name in ("median", "lower", "upper"))
    assert f"{value}% {low}–{high}%" in text
    assert "10²⁵†" in text
    assert "The score about 1 in 50 models on a new base model exceeds" in text
    assert text.index("What round budgets make attainable") < text.index("Evidence Checks of the fit")


def test_the_lead_is_the_task_that_rose_most_where_base_models_are(frontier):
    lead = facts(frontier).lead
    rises = {task: headline(frontier, lead.flops, task).change for task in frontier.tasks}
    assert lead.task == max(rises, key=rises.get)
    assert lead.flops == 1e24


def test_counts_of_the_data_are_stated(read, frontier):
    text = read(frontier).text
    assert "(80 models, 8 base models, simulated)" in text
    assert "160 scores kept. No row was left out." in text
    for label in frontier.period_labels:
        number = (frontier.evaluations.models["period"] == frontier.period_labels.index(label)).sum()
        assert f"{label} {number}" in text


def test_rows_left_out_are_counted_by_reason(read, simulated):
    frontier = FakeFrontier(simulated[0].subset(simulated[0].models.index > 2))
    text = read(frontier).text
    assert "3 rows left out" in text
    assert "left out by subset 3" in text
    assert simulated[0].models["model"][0] in text


def test_where_the_fit_comes_from(read, frontier):
    page = read(frontier)
    assert "seed 1" in page.text
    assert "python 3.12, pymc 6.4" in page.text
    assert 'name = "hierarchical"' in page.text
    assert "summary" in {tag for tag, _ in page.elements}


def test_a_failed_convergence_comes_first(read, simulated):
    page = read(FakeFrontier(simulated[0], converged=False))
    assert "Not converged: the numbers on this page can be wrong. R-hat is 1.300 for bbh, low." in page.text
    assert page.text.index("Not converged") < page.text.index("Can I trust this?")
    assert any(attributes.get("role") == "alert" for attributes in page.named("p"))


def test_a_failed_check_comes_first_in_words(read, frontier):
    page = read(frontier, coverage="fail")
    assert "Check failed: coverage. 98.1% of the scores lie at or below their boundary." in page.text
    assert page.text.index("Check failed") < page.text.index("Can I trust this?")
    assert "Not as it stands" in page.text


def test_a_converged_fit_has_no_warning(read, frontier):
    page = read(frontier)
    assert "Not converged" not in page.text
    assert "Converged: R-hat at most 1.002." in page.text
    assert all(attributes.get("role") != "alert" or "hidden" in attributes for attributes in page.named("p"))


def test_known_truth_is_compared(read, frontier, simulated):
    text = read(frontier, simulated[1]).text
    assert "Check against the known truth." in text
    assert "of 50 points (task and FLOPs)" in text


def test_names_from_data_are_text_and_nothing_else(read, simulated, tmp_path):
    models = simulated[0].models.copy()
    models["base_model"] = models["base_model"].replace("base-1", HOSTILE)
    models["model"] = HOSTILE + "</title></style>" + models["model"]
    task = "{{ 7 * 7 }}<b>"
    made = Evaluations.from_models(
        models.rename(columns={"bbh": task}), [task, "math_lvl_5"], source=f"{HOSTILE}.csv", notes=[HOSTILE]
    )
    frontier = FakeFrontier(made.subset(made.models.index != 1))
    frontier.provenance |= {"source": HOSTILE, "text": HOSTILE + "\n" + HOSTILE}
    page = read(frontier)
    assert page.named("img") == []
    assert page.named("b") == []
    assert page.open == []
    assert all(not name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert page.text.count(HOSTILE) >= 4
    assert "{{ 7 * 7 }}<b>" in page.text
    assert HOSTILE not in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_one_task_one_period_one_base_model(read, simulated):
    models = simulated[0].models.assign(base_model="only", flops=1e23)
    frontier = FakeFrontier(Evaluations.from_models(models, ["bbh"]))
    text = read(frontier).text
    assert "(80 models, 1 base models, DataFrame)" in text
    assert "With 10²³ FLOP, open models reach about" in text
    assert " — " not in text.split("FLOP, open models")[1][:60]


def test_the_page_is_replaced_whole(read, frontier, tmp_path):
    (tmp_path / "index.html").write_text("old")
    read(frontier)
    assert {path.name for path in tmp_path.iterdir()} == {"index.html", "headline.png", "pictures", "tables"}
    assert "old" not in re.findall(r"\w+", (tmp_path / "index.html").read_text(encoding="utf-8"))[:3]


def test_a_page_that_fails_leaves_the_old_one(picture, frontier, evidence, tmp_path, monkeypatch):
    (tmp_path / "index.html").write_text("old")
    monkeypatch.setattr(frontier, "attainable", None)
    with pytest.raises(TypeError):
        write_report(frontier, tmp_path, evidence=evidence)
    assert (tmp_path / "index.html").read_text() == "old"


def test_a_folder_that_is_a_file(picture, frontier, evidence, tmp_path):
    (tmp_path / "x").write_text("")
    with pytest.raises(QueryError, match="no folder can be made"):
        write_report(frontier, tmp_path / "x", evidence=evidence)


def test_fits_of_other_tables_are_refused(frontier, evidence, simulated, tmp_path):
    other = FakeFrontier(simulated[0].subset(simulated[0].models.index > 2), tau=0.9)
    with pytest.raises(QueryError, match="different evaluations"):
        write_report(frontier, tmp_path, others=[other], evidence=evidence)


def test_changes_that_do_not_vary_have_no_density(frontier, evidence, tmp_path):
    still = replace(evidence, drift=evidence.drift.assign(change=0.0 * evidence.drift["change"]))
    write_report(frontier, tmp_path, evidence=still)
    names = {one.stem for one in (tmp_path / "pictures").glob("*.svg")}
    assert "drift-ridge" not in names
    assert {"drift", "drift-curves"} <= names


def test_pictures_and_tables_stand_beside_the_page(frontier, evidence, simulated, tmp_path):
    path = write_report(frontier, tmp_path, truth=simulated[1], evidence=evidence, url="https://example.org/a/")
    names = sorted(one.stem for one in (tmp_path / "pictures").glob("*.svg"))
    folded = ["chains-energy", "chains-rank", "chains-trace", "drift-ridge"]
    assert names == sorted(["base_models", "drift", "drift-curves", "population", *folded])
    page = path.read_text(encoding="utf-8")
    shown, _, more = page.partition("<summary>More pictures")
    assert shown.count("<figure>") == 4
    assert more.count("<figure>") == 4
    assert (tmp_path / "headline.png").read_bytes()[:4] == b"\x89PNG"
    assert 'content="https://example.org/a/headline.png"' in page
    tables = {one.name for one in (tmp_path / "tables").iterdir()}
    assert tables == {f"{name}.csv" for name in ("attainable", "base_models", "checks", "data", "diagnostics", "drift")}


@pytest.mark.parametrize(
    ("verdicts", "tone", "words"),
    [
        ({}, "good", "As far as it was checked: 3 checks passed."),
        ({"influence": "warn"}, "care", "Yes, with care: 2 checks passed, 1 to be read with care."),
        ({"coverage": "fail"}, "bad", "Not as it stands: coverage failed."),
        (dict.fromkeys(("convergence", "coverage", "influence"), "unknown"), "care", "It was not checked."),
    ],
)
def test_trust_follows_the_worst_check(read, frontier, verdicts, tone, words):
    page = read(frontier, **verdicts)
    assert f"Can I trust this? {words}" in page.text
    assert {"class": f"mark {tone}"} in page.named("span")


def test_an_unconverged_fit_is_not_trusted_and_says_so_once(read, simulated):
    page = read(FakeFrontier(simulated[0], converged=False), convergence="fail", coverage="fail")
    headings = re.findall(r"(Not converged|Check failed: \w+)", page.text)
    assert headings == ["Not converged", "Check failed: coverage"]
    assert "Not as it stands" in page.text
    assert "Not as it stands: convergence failed." in read(FakeFrontier(simulated[0], converged=False)).text


def test_tables_hold_what_the_page_says(frontier, evidence):
    found = report_tables(frontier, facts(frontier), evidence)
    attainable = found["attainable"]
    row = attainable[(attainable["task"] == "bbh") & (attainable["flops"] == 1e23)].iloc[0]
    assert row["median"] == pytest.approx(frontier.attainable(1e23, task="bbh")["median"].item())
    assert found["data"]["rows"].sum() == 80
    assert found["checks"]["verdict"].tolist() == ["pass"] * 3
    assert {"task", "step", "verdict", "advance"} <= set(found["drift"])
    assert found["base_models"]["n_models"].min() > 0
    assert all(isinstance(table, pd.DataFrame) and len(table) for table in found.values())


def test_long_provenance_is_folded(read, frontier):
    frontier.provenance |= {"nested": {"a": {"b": 1}}, "seconds": 12.345678, "none": None, "long": "x" * 500}
    entries = dict(facts(frontier).provenance)
    assert entries["seconds"] == "12.3457"
    assert entries["none"] == "None"
    text = read(frontier).text
    assert f"long {'x' * 500}" in text.split("Where this comes from")[1].split("seconds 12.3457")[1]


def test_the_worst_diagnostics_come_first(read, frontier):
    frontier.diagnostics.loc[1, "r_hat"] = 1.2
    text = read(frontier).text
    assert text.index("1.2000") < text.index("1.0020")


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (2.5e20, 1e25, [1e21, 1e22, 1e23, 1e24, 1e25]),
        (2e22, 3e24, [1e22, 1e23, 1e24, 1e25]),
        (1e22, 1e24, [1e22, 1e23, 1e24]),
        (1e23, 1e23, [1e23]),
        (3e23, 3e23, [1e23, 1e24]),
        (1e18, 1.1e26, [1e23, 1e24, 1e25, 1e26, 1e27]),
    ],
)
def test_budgets_are_round_and_cover_the_top(low, high, expected):
    assert choose_budgets(low, high) == expected
