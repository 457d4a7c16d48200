"""The page in a browser: nothing asked from outside, numbers of the command line, keyboard, contrast, hostile names."""

import json
import re
import shlex
import time

import pytest
from typer.testing import CliRunner

import bayes_frontier
from bayes_frontier.checks.result import Checks
from bayes_frontier.cli.app import app
from bayes_frontier.evaluations import Evaluations
from bayes_frontier.report import write_report
from tests.fakes import FakeFrontier, fake_checks, small_evaluations
from tests.report.browsing import Visit, open_browser
from tests.report.conftest import make_evidence

HOSTILE = "<img src=x onerror=alert(1)>"
LONG = "very-long-model-name-" * 14 + "end"
RIGHT_TO_LEFT = "\u202emodel \u05d3\u05d2\u05dd"


@pytest.fixture(scope="module")
def browser():
    yield from open_browser()


@pytest.fixture(scope="module")
def fits() -> list[FakeFrontier]:
    """Fits whose names come from somebody who means harm, and from somebody who cannot stop."""
    models = small_evaluations()[0].models.copy()
    models["base_model"] = models["base_model"].replace({"base-1": HOSTILE, "base-2": LONG, "base-4": RIGHT_TO_LEFT})
    models["model"] = [HOSTILE, LONG, RIGHT_TO_LEFT, "lab/named", *models["model"].iloc[4:]]
    tasks = {"bbh": f"{HOSTILE}</script>"}
    ends = small_evaluations()[0].period_ends
    made = Evaluations.from_models(
        models.rename(columns=tasks), [*tasks.values(), "math_lvl_5"], periods=[end for end in ends if end], source=LONG
    )
    return [FakeFrontier(made), FakeFrontier(made, tau=0.9)]


@pytest.fixture(scope="module")
def written(fits, tmp_path_factory):
    """Its page, with the pictures that are quick to draw."""
    frontier, other = fits
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bayes_frontier.report.evidence._chains", lambda *arguments: iter(()))
        return write_report(
            frontier, tmp_path_factory.mktemp("page"), others=[other], evidence=make_evidence(frontier, coverage="warn")
        )


@pytest.fixture
def visit(browser, written):
    opened = Visit(browser, written)
    yield opened
    opened.page.close()


@pytest.fixture
def ask(monkeypatch, fits):
    """Run a command on the fit and read its JSON."""
    monkeypatch.setitem(vars(bayes_frontier), "load", lambda path: fits[0])
    monkeypatch.setattr("bayes_frontier.checks.run.check", lambda frontier, **_: Checks(fake_checks()))

    def _ask(*arguments: str) -> list[dict]:
        done = CliRunner().invoke(app, [*arguments, "--json"], prog_name="bayes-frontier")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)["rows"]

    return _ask


def shown_numbers(visit) -> list[str]:
    return [visit.text("score"), *re.findall(r"[\d.]+%", visit.text("sure"))[:2]]


def percents(row: dict) -> list[str]:
    return [f"{100 * row[part]:.1f}%" for part in ("median", "lower", "upper")]


def probability(text: str) -> float:
    ends = {">0.999": 1.0, "<0.001": 0.0}
    return ends[text] if text in ends else float(text)


def test_nothing_is_wrong_nothing_is_asked_for_and_every_chart_is_vector(visit):
    visit.page.click("#compare")
    visit.slide("budget", 23.5)
    visit.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    visit.page.wait_for_timeout(300)
    assert visit.wrong == []
    assert visit.page.evaluate("document.querySelectorAll('img, canvas, image').length") == 0
    assert visit.page.locator(".plot svg").count() == 2
    assert visit.page.locator("figure svg").count() == 5


def test_a_shared_view_shows_the_numbers_of_the_command_line(visit, ask, browser, written):
    """Whatever was chosen: the address opened anew and the command shown both give the numbers shown."""
    page = visit.page
    choices = [
        lambda: page.click("#tasks button:nth-child(2)"),
        lambda: visit.enter("flops", "10^23"),
        lambda: visit.slide("period", 1),
        lambda: visit.slide("target", 45),
        lambda: visit.enter("base", HOSTILE),
    ]
    for choose in choices:
        choose()
        (row,) = ask(*shlex.split(visit.text("command"))[1:])
        assert shown_numbers(visit) == percents(row)
        assert probability(visit.text("chance")) == pytest.approx(row["probability"], abs=0.0005)
    other = Visit(browser, written, address=visit.settled_address())
    assert shown_numbers(other) == shown_numbers(visit)
    assert other.text("headline") == visit.text("headline")
    assert other.text("target-value") == "45%"
    assert HOSTILE[:20] in other.text("headline")
    assert other.wrong == visit.wrong == []
    other.page.close()


def test_the_page_opens_with_the_sentence_of_ask(visit, ask, fits):
    words = shlex.split(visit.text("command"))
    (row,) = ask("ask", "fit.nc", *words[3:7])
    assert visit.text("headline") == row["title"]
    assert f"{row['base_models_nearby']} base models ({row['models_nearby']} models)" in visit.text("seen")
    assert f"since {row['since']}" in visit.text("moved")


def test_compute_for_the_target_is_that_of_the_command_line(visit, ask):
    visit.page.click("#tasks button:nth-child(2)")
    visit.slide("target", 45)
    (row,) = ask("compute-for", "fit.nc", "--score", "0.45", "--task", "math_lvl_5")
    shown = [visit.text("needed"), *visit.text("needed-interval").split(" to ")]
    for text, name in zip(shown, ("median", "lower", "upper"), strict=True):
        # two digits are shown: half a unit of the second is at most 5%
        assert float(text) == pytest.approx(row[name], rel=0.051)
    assert probability(visit.text("missing")) == pytest.approx(row["not_attainable"], abs=0.0005)
    visit.slide("target", 99)
    assert (visit.text("needed"), visit.text("missing")) == ("> 1e28", ">0.999")


def test_the_target_follows_the_task_until_it_is_chosen(visit):
    before = visit.text("target-value")
    visit.page.click("#tasks button:nth-child(1)")
    followed = visit.text("target-value")
    assert followed != before
    assert followed == f"{float(visit.text('score')[:-1]):.0f}%"


def test_hover_names_the_nearest_model_and_a_tap_keeps_it(visit, fits):
    models = fits[0].evaluations.models
    best = models.loc[models["math_lvl_5"].idxmax()]
    visit.page.click("#tasks button:nth-child(2)")
    visit.page.fill("#find", str(best["model"])[:60])
    place = visit.page.locator(".found").bounding_box()
    at = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    visit.page.mouse.move(*at)
    words = visit.text("card")
    assert str(best["model"])[:50] in words
    assert f"{100 * best['math_lvl_5']:.1f}% on MATH Lvl 5, the best of 80 models" in words
    assert "record holder" in words
    assert f"released {best['released']:%Y-%m-%d}" in words
    visit.page.mouse.click(*at)
    visit.page.mouse.move(10, 10)
    assert visit.page.locator("#card").count() == 1
    visit.page.keyboard.press("Escape")


def test_search_finds_and_highlights(visit):
    visit.page.fill("#find", "lab/nam")
    assert visit.text("matches").startswith("1 model found:")
    visit.page.click("#matches button")
    assert visit.page.locator("#card a").get_attribute("href") == "https://huggingface.co/lab/named"
    assert visit.page.locator(".found").get_attribute("d").count("M") == 1
    visit.page.fill("#find", "no such model")
    assert visit.text("matches") == "0 models found."


def test_everything_is_reached_from_the_keyboard(visit):
    reached = []
    visit.page.evaluate("document.body.focus()")
    for _ in range(40):
        visit.page.keyboard.press("Tab")
        reached.append(visit.page.evaluate("document.activeElement.id || document.activeElement.className"))
    for name in (
        "compare",
        "plot",
        "budget",
        "flops",
        "base",
        "find",
        "tau",
        "play",
        "period",
        "target",
        "link",
        "png",
    ):
        assert name in reached, name
    visit.page.locator(".plot").focus()
    visit.page.keyboard.press("ArrowRight")
    first = visit.text("card")
    visit.page.keyboard.press("ArrowRight")
    assert visit.text("card") != first
    visit.page.keyboard.press("ArrowUp")
    assert "record holder" in visit.text("card")
    visit.page.keyboard.press("Enter")
    assert visit.page.locator("#budget").get_attribute("aria-valuetext").endswith(" FLOP")
    before = visit.text("score")
    visit.page.locator("#budget").focus()
    visit.page.keyboard.press("Home")
    assert visit.text("score") != before


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("much", "Write FLOP as 1e24 or 10^24, or a base model's name."),
        ("1e30", "The page answers from "),
        ("base-3", "base-3: "),
        ("7e22", "Nearest step: "),
    ],
)
def test_budgets_as_people_type_them(visit, text, hint):
    visit.enter("flops", text)
    assert visit.text("hint").startswith(hint)


def test_another_level_is_offered(visit):
    visit.page.select_option("#tau", label="1 in 10")
    assert "about 1 in 10 models" in visit.text("subline")


def test_names_from_data_are_shown_and_not_run(visit):
    options = visit.page.locator("#names option").evaluate_all("all => all.map((one) => one.value)")
    assert {HOSTILE, LONG, RIGHT_TO_LEFT} <= set(options)
    for name in (HOSTILE, LONG, RIGHT_TO_LEFT):
        visit.page.fill("#find", name)
        visit.page.click("#matches button")
        assert name[:100] in visit.page.locator("#card").text_content()
        assert visit.page.locator("#card bdi").count() == 2
    assert visit.page.locator("img[src=x]").count() == 0
    assert visit.wrong == []


def test_what_is_saved_is_whole(visit):
    for name, start in (("svg", b"<svg "), ("png", b"\x89PNG"), ("csv", b"task,period,flops,median")):
        with visit.page.expect_download() as waited:
            visit.page.click(f"#{name}")
        content = waited.value.path().read_bytes()
        assert content.startswith(start)
        assert len(content) > 2_000
    visit.page.click("#cite")
    assert visit.text("citation").startswith(visit.text("headline"))


def test_play_runs_through_the_periods(visit):
    visit.page.click("#play")
    assert visit.page.locator("#period").input_value() == "0"
    visit.page.wait_for_timeout(1400)
    assert visit.page.locator("#period").input_value() == "1"


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1400, "light"), (390, "dark"), (1400, "dark")])
def test_no_violation_of_wcag_aa_and_nothing_is_cut(browser, written, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe looks for violations")
    visit = Visit(browser, written, width=width, scheme=scheme)
    page = visit.page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut = "all => all.filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('figure'))"
    cut += ".map((e) => e.outerHTML.slice(0, 100))"
    assert page.locator("main *:visible").evaluate_all(cut) == []
    assert page.locator(".plot svg").bounding_box()["height"] > 150
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.locator(".plot").focus()
    page.keyboard.press("ArrowRight")
    found = axe.Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).response
    wrong = {one["id"]: [node["html"][:150] for node in one["nodes"]] for one in found["violations"]}
    assert wrong == {}
    assert any(one["id"] == "color-contrast" for one in found["passes"])
    page.close()


def test_paper_is_white_and_two_pages(browser, written):
    visit = Visit(browser, written, scheme="dark")
    colour = "getComputedStyle(document.body).backgroundColor"
    assert visit.page.evaluate(colour) == "rgb(21, 24, 28)"
    visit.page.emulate_media(media="print")
    assert visit.page.evaluate(colour) == "rgb(255, 255, 255)"
    assert not visit.page.locator("#evidence").is_visible()
    assert visit.page.locator(".plot svg").is_visible()
    # each page of a PDF is an object of this type
    assert len(re.findall(rb"/Type\s*/Page\b", visit.page.pdf(format="A4", print_background=True))) <= 3
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
    assert visit.page.locator("#tasks button").count() == tasks
    assert visit.page.locator("#period").get_attribute("max") == str(periods - 1)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert visit.wrong == []
