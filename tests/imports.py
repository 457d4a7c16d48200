"""Who imports whom in the package: at the start, lazily in functions, or for types only."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "bayes_frontier"
TOP = "bayes_frontier"


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> set[tuple[str, bool]]:
    """Names a file imports, as written, and whether a function does or only types need it."""
    found = set()

    def walk(body, late):
        for node in body:
            if isinstance(node, ast.Import):
                found.update((alias.name, late) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: a relative import"
                found.update((f"{node.module}.{alias.name}", late) for alias in node.names)
            else:
                typing = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
                inside = late or typing or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                walk(ast.iter_child_nodes(node), inside)

    walk(ast.parse(path.read_text(encoding="utf-8")).body, False)
    return found


def graph(*, late: bool) -> dict[str, set[str]]:
    """Modules of the package that each imports; with `late` also in functions and for types."""
    names = {dotted(path) for path in modules()}
    edges: dict[str, set[str]] = defaultdict(set)
    for path in modules():
        for name, is_late in imported(path):
            module = name if name in names else name.rpartition(".")[0]
            if module in names and (late or not is_late):
                edges[dotted(path)].add(module)
        edges[dotted(path)].discard(dotted(path))
    return edges


def circles(edges: dict[str, set[str]]) -> list[set[str]]:
    """Groups of modules each of which leads to every other."""

    def reach(start: str) -> set[str]:
        seen, new = set(), [start]
        while new:
            for name in edges.get(new.pop(), set()) - seen:
                seen.add(name)
                new.append(name)
        return seen

    reached = {name: reach(name) for name in list(edges)}
    found: list[set[str]] = []
    for name in edges:
        group = {other for other in reached[name] if name in reached.get(other, set())}
        if len(group) > 1 and group not in found:
            found.append(group)
    return found
