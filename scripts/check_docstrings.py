"""Compare the sections of every public docstring with its signature, by numpydoc's checks.

Which checks is said in ``pyproject.toml``. Left out is what no reader calls: private and magic names,
functions inside functions, and overloads, whose implementation is documented. A property has no Returns
section; the docstring of a command is the help its user reads, and has no sections at all.
"""

import ast
import sys
from pathlib import Path

from numpydoc.hooks.validate_docstrings import DocstringVisitor, parse_config

ROOT = Path(__file__).resolve().parent.parent
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def decorators(node: ast.AST) -> set[str]:
    """Return the last names of a definition's decorators.

    Parameters
    ----------
    node : ast.AST
        Any node; one that is not a definition has no decorators.

    Returns
    -------
    set of str
        For example ``{"cached_property"}``, or ``{"command"}`` for ``@app.command("fit")``.
    """
    names = set()
    for decorator in getattr(node, "decorator_list", []):
        named = decorator.func if isinstance(decorator, ast.Call) else decorator
        names.add(named.attr if isinstance(named, ast.Attribute) else getattr(named, "id", ""))
    return names


class PublicVisitor(DocstringVisitor):  # type: ignore[misc]  # numpydoc ships no types
    """Check what is public, by rules that depend on the kind of definition."""

    def visit(self, node: ast.AST) -> None:
        """Check a node and what is in it, unless it is not public.

        Parameters
        ----------
        node : ast.AST
            Any node of the module's tree.
        """
        if isinstance(node, Definition):
            inside = self.stack and isinstance(self.stack[-1], ast.FunctionDef | ast.AsyncFunctionDef)
            if inside or node.name.startswith("_") or decorators(node) & {"overload", "setter"}:
                return
        super().visit(node)

    def _ignore_issue(self, node: ast.AST, check: str) -> bool:
        found = decorators(node)
        if check == "RT01" and found & {"property", "cached_property"}:
            return True
        if check != "GL08" and found & {"command", "callback"}:
            return True
        return bool(super()._ignore_issue(node, check))


def findings(path: Path, config: dict[str, object]) -> list[str]:
    """Check one file.

    Parameters
    ----------
    path : pathlib.Path
        A Python file.
    config : dict
        What numpydoc read from ``pyproject.toml``.

    Returns
    -------
    list of str
        One line for each finding: place, name, code and what is wrong.
    """
    visitor = PublicVisitor(filepath=str(path), config=config)
    visitor.visit(ast.parse(path.read_text(encoding="utf-8"), str(path)))
    return [f"{place}: {name}: {check} {text}" for place, name, check, text in visitor.findings]


def main(folders: list[str]) -> int:
    """Check every Python file of some folders and print what is wrong.

    Parameters
    ----------
    folders : list of str
        Searched with everything below them.

    Returns
    -------
    int
        Exit status: 1 when anything was found, or there was nothing to check.
    """
    config = parse_config(ROOT)
    files = sorted(path for folder in folders for path in Path(folder).rglob("*.py"))
    if not files:
        print(f"no Python file below {', '.join(folders) or 'no folder given'}")
        return 1
    found = [line for path in files for line in findings(path, config)]
    print("\n".join(found) or f"the docstrings of {len(files)} files agree with their signatures")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
