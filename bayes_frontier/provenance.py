"""Which code made a result: the version of this package, of Python and of the libraries that numbers depend on."""

import platform
from importlib.metadata import version

__version__ = "0.1.0"

LIBRARIES = ("pymc", "pytensor", "nutpie", "arviz-stats", "numpy", "xarray", "pandas")


def versions() -> dict[str, str]:
    """Versions of the package, of Python and of the libraries behind a fit, by name."""
    libraries = {name: version(name) for name in LIBRARIES}
    return {"bayes-frontier": __version__, "python": platform.python_version(), **libraries}
