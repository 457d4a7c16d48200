"""The picture of the contest."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from studies.design.picture import plot_contest


def test_the_contest_has_a_line_an_arm_in_both_panels():
    rows = [
        {"arm": arm, "seed": 0, "period": 1, "budget": b, "distance": 0.01 / b, "published_distance": 0.02 / b}
        for arm in ("ours", "random", "cheapest first")
        for b in (0.05, 0.1, 0.2, 0.5)
    ]
    figure = plot_contest(pd.DataFrame(rows))
    assert [len(ax.lines) for ax in figure.axes] == [3, 3]
    line = {drawn.get_label(): drawn for drawn in figure.axes[0].lines}["ours"]
    assert line.get_ydata() == pytest.approx([200.0, 100.0, 50.0, 20.0])
    assert line.get_xdata() == pytest.approx([5.0, 10.0, 20.0, 50.0])
    plt.close(figure)
