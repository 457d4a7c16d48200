"""Say whether the running interpreter's environment holds what ``requirements/lock.txt`` pins.

Exit status 0 when it does; otherwise 1, with a line for every distribution that is missing or of another
version.
"""

import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement

LOCK = Path(__file__).resolve().parent.parent / "requirements" / "lock.txt"


def pins(text: str) -> Iterator[Requirement]:
    """Yield the requirements of a pinned file, without their hashes."""
    for line in text.splitlines():
        if line and not line.startswith((" ", "#", "-")):
            yield Requirement(line.removesuffix("\\"))


def differences(text: str) -> Iterator[str]:
    """Yield a line for every pin that the running environment does not meet."""
    for pin in pins(text):
        if pin.marker is not None and not pin.marker.evaluate():
            continue
        try:
            installed = version(pin.name)
        except PackageNotFoundError:
            yield f"{pin.name}: {pin.specifier} wanted, not installed"
            continue
        if not pin.specifier.contains(installed, prereleases=True):
            yield f"{pin.name}: {pin.specifier} wanted, {installed} installed"


if __name__ == "__main__":
    found = list(differences(LOCK.read_text(encoding="utf-8")))
    print("\n".join(found) or "the environment is what requirements/lock.txt says")
    sys.exit(bool(found))
