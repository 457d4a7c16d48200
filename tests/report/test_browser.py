"""The page in a browser: nothing asked from outside, numbers of the command line, keyboard, contrast, hostile names."""

import json
import re
import time

import pytest
from matplotlib.figure import Figure
from typer.testing import CliRunner

import bayes_frontier
from bayes_frontier.cli.app import app
from bayes_frontier.evaluations import Evaluations
from bayes_frontier.files import png
from bayes_frontier.report import write_report
from bayes_frontier.report.pictures import Picture
from tests.fakes import FakeFrontier, small_evaluations
from tests.report.browsing import Visit, open_browser
from tests.report.conftest import make_evidence

HOSTILE = "<img src=x onerror=alert(1)>"
LONG = "very-long-model-name-" * 14 + "end"


@pytest.fixture(scope="module")
def browser():
    yield from open_browser()


@pytest.fixture(scope="module")
def fits() -> list[FakeFrontier]:
    """Fits whose names come from somebody who means harm, and from somebody who cannot stop."""
    models = small_evaluations()[0].models.copy()
    models["base_model"] = models["base_model"].replace({"base-1": HOSTILE, "base-2": LONG})
    models["model"] = [HOSTILE, LONG, *models["model"].iloc[2:]]
    tasks = {"bbh": f"{HOSTILE}</script>"}
    ends = small_evaluations()[0].period_ends
    made = Evaluations.from_models(
        models.rename(columns=tasks), [*tasks.values(), "math_lvl_5"], periods=[end for end in ends if end], source=LONG
    )
    return [FakeFrontier(made), FakeFrontier(made, tau=0.9)]


@pytest.fixture(scope="module")
def written(fits, tmp_path_factory):
    """Its page, with one small picture: the pictures have tests of their own."""
    frontier, other = fits
    drawn = png(Figure(figsize=(2, 1)), 100)
    made = Picture("one", HOSTILE, HOSTILE, HOSTILE, drawn, 200)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bayes_frontier.report.page.pictures", lambda *arguments: iter([made]))
        folder = tmp_path_factory.mktemp("page")
        return write_report(frontier, folder, others=[other], evidence=make_evidence(frontier))


@pytest.fixture
def visit(browser, written):
    opened = Visit(browser, written)
    yield opened
    opened.page.close()


@pytest.fixture
def ask(monkeypatch, fits):
    """Run a command on the fit and read its JSON."""
    monkeypatch.setitem(vars(bayes_frontier), "load", lambda path: fits[0])

    def _ask(*arguments: str) -> list[dict]:
        done = CliRunner().invoke(app, [*arguments, "--json"], prog_name="bayes-frontier")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)["rows"]

    return _ask


def flops_of(visit) -> str:
    return visit.text("flops-value")


def test_nothing_is_wrong_and_nothing_is_asked_for(visit):
    visit.slide("flops", 10)
    visit.page.wait_for_timeout(100)
    assert visit.wrong == []
    assert visit.page.evaluate("document.images.length") == 1
    assert visit.page.evaluate("[...document.images].every((one) => one.naturalWidth > 100)")


@pytest.mark.parametrize(
    ("base_model", "period", "steps"), [(None, 2, (3, 40, 77)), (None, 0, (25,)), (HOSTILE, 1, (2, 9))]
)
def test_sliders_show_the_numbers_of_the_command_line(visit, ask, fits, base_model, period, steps):
    visit.choose("task", "math_lvl_5")
    visit.choose("period", fits[0].period_labels[period])
    if base_model:
        visit.choose("base", base_model)
    for step in steps:
        visit.slide("flops", step)
        visit.slide("target", 45)
        options = ["--task", "math_lvl_5", "--period", str(period)]
        options += ["--base-model", base_model] if base_model else []
        (row,) = ask("attain", "fit.nc", "--flops", flops_of(visit), "--score", "0.45", *options)
        assert visit.text("score") == f"{row['median']:.3f}"
        assert visit.text("interval") == f"{row['lower']:.3f} to {row['upper']:.3f}"
        assert probability(visit.text("probability")) == pytest.approx(row["probability"], abs=0.0005)
    (row,) = ask("compute-for", "fit.nc", "--score", "0.45", *options)
    shown = [visit.text("needed"), *visit.text("needed-interval").split(" to ")]
    for text, name in zip(shown, ("median", "lower", "upper"), strict=True):
        # two digits are shown: half a unit of the second is at most 5%
        assert float(text) == pytest.approx(row[name], rel=0.051)
    assert probability(visit.text("missing")) == pytest.approx(row["not_attainable"], abs=0.0005)


def probability(text: str) -> float:
    ends = {">0.999": 1.0, "<0.001": 0.0}
    return ends[text] if text in ends else float(text)


def test_the_command_shown_gives_the_numbers_shown(visit, ask):
    visit.slide("flops", 33)
    words = re.findall(r"'((?:[^'])*)'|(\S+)", visit.text("command"))
    command = [quoted or plain for quoted, plain in words]
    assert command[0] == "bayes-frontier"
    (row,) = ask(*command[1:])
    assert visit.text("score") == f"{row['median']:.3f}"


def test_targets_that_no_compute_attains_and_those_that_any_does(visit):
    visit.choose("task", "math_lvl_5")
    visit.slide("target", 99)
    assert visit.text("needed") == "> 1e28"
    assert visit.text("missing") == ">0.999"
    assert visit.text("probability") == "<0.001"
    visit.slide("target", 1)
    assert visit.text("needed") == "< 1e18"
    assert visit.text("probability") == ">0.999"


def test_everything_works_from_the_keyboard(visit):
    press = visit.page.keyboard.press
    visit.page.locator("#task").focus()
    before = flops_of(visit), visit.text("target-value")
    press("ArrowDown")
    assert "math_lvl_5" in visit.text("score-words")
    for _ in range(3):
        press("Tab")
    assert visit.page.evaluate("document.activeElement.id") == "tau"
    press("Tab")
    assert visit.page.evaluate("document.activeElement.id") == "flops"
    press("ArrowRight")
    assert float(flops_of(visit)) > float(before[0])
    press("Home")
    first = flops_of(visit)
    press("Tab")
    visit.page.keyboard.type("7e22")
    press("Enter")
    assert flops_of(visit) != first
    assert float(flops_of(visit)) == pytest.approx(7e22, rel=0.06)
    assert visit.text("flops-problem") == f"Nearest step: {flops_of(visit)}."
    press("Tab")
    press("ArrowLeft")
    assert float(visit.text("target-value")) == pytest.approx(float(before[1]) - 0.01)
    assert visit.page.get_attribute("#flops", "aria-valuetext") == f"{flops_of(visit)} FLOPs"


def test_what_is_not_a_number_of_flops_is_said(visit):
    before = flops_of(visit)
    visit.page.fill("#flops-typed", "much")
    visit.page.press("#flops-typed", "Enter")
    assert visit.text("flops-problem") == "Write FLOPs as 1e24 or 7.2e23."
    assert flops_of(visit) == before


def test_choosing_keeps_the_compute_and_a_base_model_starts_at_its_own(visit, fits):
    visit.slide("flops", 33)
    before = flops_of(visit)
    visit.choose("task", "math_lvl_5")
    visit.choose("tau", "0.9")
    assert flops_of(visit) == before
    assert visit.text("score-words").startswith("90% of the models on a new base model")
    visit.choose("base", "base-3")
    models = fits[0].evaluations.models
    own = models.loc[models["base_model"] == "base-3", "flops"].median()
    assert float(flops_of(visit)) == pytest.approx(own, rel=0.005)
    assert "base-3" in visit.text("score-words")


def test_beyond_the_models_it_says_so(visit):
    visit.slide("flops", 0)
    low = visit.page.locator("#beyond").is_visible()
    visit.page.fill("#flops-typed", "1e23")
    visit.page.press("#flops-typed", "Enter")
    assert (low, visit.page.locator("#beyond").is_visible()) == (True, False)


def test_names_from_data_are_shown_and_not_run(visit):
    options = visit.page.locator("#base option").all_inner_texts()
    assert HOSTILE in options
    assert f"{LONG[:59]}…" in options
    assert visit.page.locator("img[src=x]").count() == 0
    visit.choose("base", HOSTILE)
    assert HOSTILE in visit.text("score-words")
    assert visit.wrong == []


@pytest.mark.parametrize("width", [320, 390, 1200])
def test_no_width_scrolls_sideways(browser, written, width):
    visit = Visit(browser, written, width=width)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    box = visit.page.locator("#chart canvas").bounding_box()
    assert box["width"] <= width
    assert box["height"] > 150
    visit.page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_violation_of_wcag_aa(browser, written, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe looks for violations")
    visit = Visit(browser, written, scheme=scheme)
    visit.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found = axe.Axe().run(visit.page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).response
    wrong = {one["id"]: [node["html"][:150] for node in one["nodes"]] for one in found["violations"]}
    assert wrong == {}
    assert any(one["id"] == "color-contrast" for one in found["passes"])
    visit.page.close()


def test_dark_is_dark_and_paper_is_white(browser, written):
    visit = Visit(browser, written, scheme="dark")
    colour = "getComputedStyle(document.body).backgroundColor"
    assert visit.page.evaluate(colour) == "rgb(21, 24, 28)"
    visit.page.emulate_media(media="print")
    assert visit.page.evaluate(colour) == "rgb(255, 255, 255)"
    assert not visit.page.locator("#explorer").is_visible()
    visit.page.close()


@pytest.mark.slow
@pytest.mark.parametrize(("tasks", "periods"), [(6, 1), (40, 12)])
def test_twenty_thousand_points_are_one_small_page(browser, tmp_path, tasks, periods):
    evaluations, _ = small_evaluations(tasks=tasks, periods=periods, n_models=20_000 // tasks, n_base_models=60)
    frontier = FakeFrontier(evaluations)
    # processor time: what else runs on the machine does not count
    start = time.process_time()
    path = write_report(frontier, tmp_path, evidence=make_evidence(frontier))
    assert time.process_time() - start < 30
    assert path.stat().st_size < 8_000_000
    visit = Visit(browser, path, width=390)
    assert visit.page.locator("#task option").count() == tasks
    assert visit.page.locator("#period option").count() == periods
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert visit.wrong == []
