"""Numbers and names in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_frontier.text import flops_typeset, flops_words, printable, probability_words, share_words


@pytest.mark.parametrize(
    ("value", "plain", "typeset"),
    [
        (1e24, "1e24", "10²⁴"),
        (7.22e23, "7.22e23", "7.22×10²³"),
        (2.5e20, "2.5e20", "2.5×10²⁰"),
        (9.999e23, "1e24", "10²⁴"),
    ],
)
def test_flops(value, plain, typeset):
    assert flops_words(value) == plain
    assert flops_typeset(value) == typeset


@given(st.floats(1e15, 1e30))
def test_flops_can_be_typed_back_in(value):
    assert float(flops_words(value)) == pytest.approx(value, rel=0.006)


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "<0.001"), (1.0, ">0.999"), (0.4999, "0.500"), (0.0005, "0.001"), (0.9996, ">0.999"), (0.9995, ">0.999")],
)
def test_probabilities_from_draws_are_never_certain(value, words):
    assert probability_words(value) == words


def test_shares_have_no_needless_digits():
    assert [share_words(value) for value in (0.98, 0.975, 0.9)] == ["98%", "97.5%", "90%"]


def test_letters_of_every_script_stay():
    assert printable("naïve モデル 7b") == "naïve モデル 7b"


@given(st.text())
def test_nothing_that_acts_on_a_terminal_is_left(text):
    assert printable(text).isprintable()
