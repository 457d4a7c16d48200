"""Colours of periods, and options of elements."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from bayes_frontier.plots.style import OKABE_ITO, period_colours, settle


@pytest.mark.parametrize("n", [1, 2, 4, 6, 7, 20])
def test_periods_have_colours_of_their_own(n):
    colours = period_colours(n)
    assert len(set(colours)) == n


@pytest.mark.parametrize("n", [1, 3, 6])
def test_the_last_period_keeps_its_colour(n):
    assert period_colours(n)[-1] == OKABE_ITO[0]


@pytest.mark.parametrize("n", [4, 9])
def test_the_last_period_is_not_pale(n):
    red, green, blue = np.array(to_rgb(period_colours(n)[-1]))
    assert 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.45


def test_options_are_put_over_defaults_without_changing_them():
    defaults = {"line": {"color": "blue", "linewidth": 2.0}, "band": {"alpha": 0.3}}
    found = settle({"line": {"color": "red"}, "band": False}, defaults)
    assert found == {"line": {"color": "red", "linewidth": 2.0}, "band": None}
    found["line"]["color"] = "green"
    assert defaults["line"]["color"] == "blue"
    assert settle(None, defaults) == defaults == settle({"line": True}, defaults)
