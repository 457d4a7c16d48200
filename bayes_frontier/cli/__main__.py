"""Run the command line as ``python -m bayes_frontier.cli``."""

from bayes_frontier.cli.app import main

main()
