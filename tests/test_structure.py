"""How the package hangs together: what imports what, how much of it there is, and how it is cut into modules."""

import importlib.util
from collections import Counter

import pytest

from tests.imports import PACKAGE, ROOT, TOP, circles, dotted, graph, imported, modules

# Data flows in this order, and nothing imports to its right.
LAYERS = ("evaluations", "model", "posterior", "checks", "design", "analysis", "plots", "report", "cli")
# Room for what is to come; 155 modules and 35,000 lines are the most there may ever be.
MOST_MODULES, MOST_LINES, ROOM = 155, 35_000, 40


def relative(path):
    return path.relative_to(ROOT).as_posix()


def lines(path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def layer_of(module: str) -> int | None:
    parts = module.split(".")
    return LAYERS.index(parts[1]) if len(parts) > 1 and parts[0] == TOP and parts[1] in LAYERS else None


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_nothing_imports_to_its_right(path):
    own = layer_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
    wrong = [name for name, _ in imported(path) if own is not None and (layer_of(name) or 0) > own]
    assert wrong == [], f"{relative(path)} may import only from {LAYERS[: (own or 0) + 1]}"


def test_the_layers_are_the_folders_of_the_package():
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders <= set(LAYERS), "a folder without a place in the order of imports"
    assert "evaluations" in folders


def without_top(edges):
    # it lists what users import, by name, and loads it on first use
    return {name: others - {TOP} for name, others in edges.items() if name != TOP}


def test_no_module_imports_itself_by_way_of_others():
    assert circles(without_top(graph(late=False))) == []
    late = circles(without_top(graph(late=True)))
    assert late == []


def test_circles_are_found():
    edges = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a", "e"}, "e": {"d"}, "f": {"f2"}}
    assert circles(edges) == [{"a", "b", "c"}, {"d", "e"}]


def test_nothing_needs_the_top_of_the_package_to_start():
    names = {dotted(path) for path in modules()}
    wrong = [
        (dotted(path), name)
        for path in modules()
        for name, late in imported(path)
        if not late and name not in names and name.rpartition(".")[0] in ("", TOP) and name.split(".")[0] == TOP
    ]
    assert wrong == []


def test_the_package_knows_no_study():
    assert importlib.util.find_spec("studies") is not None
    wrong = [
        (dotted(path), name) for path in modules() for name, _ in imported(path) if name.split(".")[0] == "studies"
    ]
    assert wrong == []


def test_the_package_stays_of_a_size_one_can_know():
    assert len(modules()) <= MOST_MODULES
    assert sum(map(lines, modules())) <= MOST_LINES


def test_a_module_is_worth_its_file():
    importers = Counter(name for others in graph(late=True).values() for name in others)
    small = {
        dotted(path)
        for path in modules()
        if path.name not in ("__init__.py", "__main__.py") and lines(path) < ROOM and importers[dotted(path)] < 2
    }
    assert small == set(), "under 40 lines and of use to one module: put it there"
