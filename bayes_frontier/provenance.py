"""Which code made a result: versions of this package, of Python and of libraries, and digests of source files."""

import ast
import hashlib
import importlib.util
import platform
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

__version__ = "0.1.0"

LIBRARIES = ("pymc", "pytensor", "nutpie", "arviz-stats", "numpy", "xarray", "pandas")
"""Libraries that the numbers of a fit depend on."""
PACKAGE = Path(__file__).parent
# Code, and the tables and settings that stand beside it.
_SOURCES = (".py", ".toml", ".csv")


def versions(libraries: Sequence[str] = LIBRARIES) -> dict[str, str]:
    """Versions of the package, of Python and of libraries, by name."""
    found = {name: version(name) for name in libraries}
    return {"bayes-frontier": __version__, "python": platform.python_version(), **found}


def code_digest(places: Sequence[str | Path], root: Path = PACKAGE, *, comments: bool = True) -> str:
    """Digest source files, folders with all below them; without comments, layout and docstrings where asked."""
    digest = hashlib.sha256()
    for place in places:
        path = root / place
        files = sorted(file for file in path.rglob("*") if file.suffix in _SOURCES) if path.is_dir() else [path]
        for file in files:
            name = file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name
            content = file.read_bytes() if comments or file.suffix != ".py" else _bare(file)
            digest.update(name.encode() + b"\0" + content)
    return digest.hexdigest()


def _bare(file: Path) -> bytes:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        match getattr(node, "body", None):
            case [ast.Expr(value=ast.Constant()), *rest]:
                node.body = rest  # type: ignore[attr-defined]  # it has one
    return ast.dump(tree).encode()


@cache
def environment(packages: tuple[str, ...] = ("bayes_frontier",)) -> dict[str, str]:
    """Say what a call of these packages depends on beside its arguments; the same words mean the same results."""
    found = versions((*LIBRARIES, "numba", "scipy"))
    found["python"] = ".".join(platform.python_version_tuple()[:2])
    for name in packages:
        spec = importlib.util.find_spec(name)
        places = [] if spec is None else [Path(place) for place in spec.submodule_search_locations or ()]
        found[name] = f"files {code_digest(['.'], places[0])[:8]}" if places else "absent"
    return found
