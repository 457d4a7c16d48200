"""Run the studies as ``python -m studies NAME``."""

from studies.cli import main

main()
