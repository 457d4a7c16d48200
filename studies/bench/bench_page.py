"""Time pages in a browser: size, first paint, every step of the sliders, pages of the PDF.

Usage: python -m studies.bench.bench_page new=report/index.html [before=OTHER/index.html] [--out DIR]

Each page is opened in Debian's Chromium, in turn and several times, so that what else runs on the machine meets all of
them; a step counts by its median over the visits. A step is a slider's value set, the page's script, and its layout;
"with paint" until the frame after it is on the screen. Pages of this version are also stepped with their tasks side by
side. Writes page.md and page.json to DIR (reports/report by default). Exit status 1: the page named `new` misses a
limit.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import sys
from pathlib import Path
from typing import Any

MEGABYTES, FIRST_PAINT_MS, STEP_MS, PAGES = 4.0, 1000.0, 50.0, 3
_VISITS = 5
# For each generation of the page: what says that it is ready, and its sliders with the steps taken.
_BUDGETS = [20 + 0.05 * k for k in range(100)]
_SLIDERS: dict[str, dict[str, list[float]]] = {
    "#view[data-ready]": {"budget": _BUDGETS, "target": list(range(5, 95)), "period": [0, 1, 2, 3] * 8},
    "#explorer[data-ready]": {"flops": list(range(100)), "score": list(range(5, 95))},
}
_STEP = """async ([id, values]) => {
  const slider = document.getElementById(id), steps = [], frames = [];
  for (const value of values) {
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const start = performance.now();
    slider.value = value;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    document.body.getBoundingClientRect();
    steps.push(performance.now() - start);
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    frames.push(performance.now() - start);
  }
  return { steps, frames };
}"""


def visit(browser: Any, path: Path) -> dict[str, Any]:  # noqa: ANN401 - Playwright is not always there
    """Open a page once and step its sliders."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(path.resolve().as_uri())
    page.wait_for_selector(", ".join(_SLIDERS))
    ready = page.evaluate("performance.now()")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    sliders = next(found for mark, found in _SLIDERS.items() if page.locator(mark).count())
    timed = {}
    for name, values in sliders.items():
        if page.locator(f"#{name}").is_visible():
            timed[name] = page.evaluate(_STEP, [name, values])
    if page.locator("#compare").count():
        page.click("#compare")
        for name, values in sliders.items():
            if page.locator(f"#{name}").is_visible():
                timed[f"{name}, side by side"] = page.evaluate(_STEP, [name, values])
        page.click("#compare")
    pdf = page.pdf(format="A4", print_background=True)
    page.close()
    return {"paint": paint, "ready": ready, "timed": timed, "pages": len(re.findall(rb"/Type\s*/Page\b", pdf))}


def summed(path: Path, visits: list[dict[str, Any]]) -> dict[str, Any]:
    """Bring the visits to a page together."""
    steps = {}
    for name in visits[0]["timed"]:
        values = sorted(value for one in visits for value in one["timed"][name]["steps"])
        # the same step in every visit: what else ran in one of them does not count
        each = [statistics.median(same) for same in zip(*(one["timed"][name]["steps"] for one in visits), strict=True)]
        frames = [value for one in visits for value in one["timed"][name]["frames"]]
        steps[name] = {
            "steps": len(values),
            "median": statistics.median(values),
            "p99": values[int(0.99 * (len(values) - 1))],
            "worst": max(each),
            "slowest": values[-1],
            "frame": statistics.median(frames),
        }
    return {
        "megabytes": path.stat().st_size / 1e6,
        "paint_median": statistics.median(one["paint"] for one in visits),
        "paint_worst": max(one["paint"] for one in visits),
        "ready_median": statistics.median(one["ready"] for one in visits),
        "pages": visits[0]["pages"],
        "steps": steps,
    }


def holds(row: dict[str, Any]) -> bool:
    """Whether a page is small and quick enough."""
    quick = all(one["worst"] < STEP_MS for one in row["steps"].values())
    return bool(
        quick and row["megabytes"] <= MEGABYTES and row["paint_worst"] < FIRST_PAINT_MS and row["pages"] <= PAGES
    )


def written(found: dict[str, dict[str, Any]]) -> str:
    """Write the numbers as Markdown."""
    lines = [
        "# Pages in a browser",
        "",
        f"`python -m studies.bench.bench_page`: Chromium, {_VISITS} visits to each page in turn. Limits of `new`: at",
        f"most {MEGABYTES:.0f} MB, first paint under {FIRST_PAINT_MS / 1000:.0f} s, every step under {STEP_MS:.0f} ms, "
        f"at most {PAGES} printed pages.",
        "",
        "| page | MB | first paint, ms (worst) | ready, ms | printed pages |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, row in found.items():
        paint = f"{row['paint_median']:.0f} ({row['paint_worst']:.0f})"
        lines.append(f"| {name} | {row['megabytes']:.2f} | {paint} | {row['ready_median']:.0f} | {row['pages']} |")
    lines += [
        "",
        "A step: script and layout, ms; with paint: until its frame is shown, which waits for the next of 60 a second.",
        f"Worst: the step whose median over the {_VISITS} visits is highest, as the limit means; slowest once: of all,",
        "with whatever else the machine did.",
        "",
        "| page | slider | steps | median | 99% | worst | slowest once | with paint, median |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, row in found.items():
        for slider, one in row["steps"].items():
            lines.append(
                f"| {name} | {slider} | {one['steps']} | {one['median']:.1f} | {one['p99']:.1f} | {one['worst']:.1f} | "
                f"{one['slowest']:.1f} | {one['frame']:.0f} |"
            )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pages", nargs="+", metavar="NAME=FILE", help="pages; limits are of the one named new")
    parser.add_argument("--out", type=Path, default=Path("reports/report"))
    given = parser.parse_args()
    paths = {name: Path(path) for name, path in (one.split("=", 1) for one in given.pages)}
    visits: dict[str, list[dict[str, Any]]] = {name: [] for name in paths}
    from playwright.sync_api import sync_playwright

    found_browser = os.environ.get("BAYES_FRONTIER_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as running:
        # its sandbox needs rights that containers and root do not have
        browser = running.chromium.launch(executable_path=found_browser, args=["--no-sandbox"])
        for _ in range(_VISITS):
            for name, path in paths.items():
                visits[name].append(visit(browser, path))
    found = {name: summed(path, visits[name]) for name, path in paths.items()}
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "page.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (given.out / "page.md").write_text(written(found), encoding="utf-8")
    print(written(found))
    sys.exit(0 if "new" not in found or holds(found["new"]) else 1)


if __name__ == "__main__":
    main()
