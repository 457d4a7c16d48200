"""Compare the docstrings of everything public with signatures, by numpydoc's checks.

Public is what users import or read about: names in ``__all__`` of bayes_frontier and of its plots and names on pages of
docs/reference, with the public methods of classes. That everything else has a sentence is ruff's to check. Which checks
is said in ``pyproject.toml``. A property has no Returns section.
"""

import ast
import importlib.util
import re
import sys
from pathlib import Path

from numpydoc.hooks.validate_docstrings import DocstringVisitor, parse_config

ROOT = Path(__file__).resolve().parent.parent
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
# What a reference page shows of a module or an object.
_SHOWN = re.compile(r"^::: ([\w.]+)", flags=re.MULTILINE)


def decorators(node: ast.AST) -> set[str]:
    """Return the last names of a definition's decorators: ``{"command"}`` for ``@app.command("fit")``."""
    names = set()
    for decorator in getattr(node, "decorator_list", []):
        named = decorator.func if isinstance(decorator, ast.Call) else decorator
        names.add(named.attr if isinstance(named, ast.Attribute) else getattr(named, "id", ""))
    return names


def public(pages: Path = ROOT / "docs" / "reference") -> dict[Path, set[str]]:
    """Names of definitions that are public, by the file they are in."""
    named = [f"{module}.{name}" for module in ("bayes_frontier", "bayes_frontier.plots") for name in listed(module)]
    for page in sorted(pages.glob("*.md")):
        for name in _SHOWN.findall(page.read_text(encoding="utf-8")):
            module = importlib.util.find_spec(name) if name.count(".") == 1 else None
            named += [name] if module is None else [f"{name}.{one}" for one in defined(Path(str(module.origin)))]
    found: dict[Path, set[str]] = {}
    for name in named:
        module_name, _, last = name.rpartition(".")
        thing = getattr(importlib.import_module(module_name), last)
        # values have no docstring
        if callable(thing):
            place = Path(str(sys.modules[thing.__module__].__file__)).resolve()
            found.setdefault(place, set()).add(thing.__name__)
    return found


def listed(module: str) -> list[str]:
    """Names a module lists in ``__all__``."""
    return list(importlib.import_module(module).__all__)


def defined(path: Path) -> list[str]:
    """Public functions and classes at the top of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node.name for node in tree.body if isinstance(node, Definition) and not node.name.startswith("_")]


class PublicVisitor(DocstringVisitor):  # type: ignore[misc]  # numpydoc ships no types
    """Check some definitions of a module and the public methods of classes among them."""

    def __init__(self, path: Path, config: dict[str, object], names: set[str]) -> None:
        super().__init__(filepath=str(path), config=config)
        self.names = names

    def visit(self, node: ast.AST) -> None:
        """Check a node and what is in it, unless it is not public."""
        if isinstance(node, Definition):
            outside = self.stack[-1] if self.stack else None
            if isinstance(outside, ast.Module) and node.name not in self.names:
                return
            inside = isinstance(outside, ast.FunctionDef | ast.AsyncFunctionDef)
            if inside or node.name.startswith("_") or decorators(node) & {"overload", "setter"}:
                return
        super().visit(node)

    def _ignore_issue(self, node: ast.AST, check: str) -> bool:
        if check == "RT01" and decorators(node) & {"property", "cached_property"}:
            return True
        return bool(super()._ignore_issue(node, check))


def findings(path: Path, config: dict[str, object], names: set[str]) -> list[str]:
    """One line for each finding in a file: place, name, code and what is wrong."""
    visitor = PublicVisitor(path, config, names)
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    absent = names - {node.name for node in tree.body if isinstance(node, Definition)}
    visitor.visit(tree)
    return [
        *(f"{path}: {name}: not defined at the top of this file" for name in sorted(absent)),
        *(f"{place}: {name}: {check} {text}" for place, name, check, text in visitor.findings),
    ]


def main() -> int:
    """Check everything public, print what is wrong, and return 1 if anything is."""
    config = parse_config(ROOT)
    files = public()
    found = [line for path, names in sorted(files.items()) for line in findings(path, config, names)]
    n = sum(len(names) for names in files.values())
    print("\n".join(found) or f"the docstrings of {n} public names in {len(files)} files agree with their signatures")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
