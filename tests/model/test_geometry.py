"""What all compiled operations share."""

import pytensor
import pytensor.tensor as pt
import pytest

from bayes_frontier.model.engine.coordinates import LevelEffects
from bayes_frontier.model.engine.fast import BoundaryLosses
from bayes_frontier.model.grouped import code_version, like


def test_code_has_another_version_when_its_text_changes(tmp_path):
    first, second = tmp_path / "a.py", tmp_path / "b.py"
    first.write_text("x = 1\n")
    second.write_text("x = 2\n")
    assert code_version(str(first)) == code_version(str(first))
    assert len({code_version(str(first)), code_version(str(second)), code_version(str(first), str(second))}) == 3


def test_an_output_has_the_lengths_that_are_known_of_its_input():
    shapes = [(5, 2), (4, 2, 1), (2, None), (2,), (5, 2), (5,), (5, 2), (3, 5, 2)]
    density, effect, parts = LevelEffects()(*(pt.tensor(dtype="float64", shape=shape) for shape in shapes))
    assert density.type.shape == (2,)
    assert effect.type.shape == (5, 2)
    assert parts.type.shape == (3, 5, 2)
    assert like(2, 3) == ((2, 0), (2, 1), (2, 2))


def test_what_is_not_smooth_cannot_be_differentiated():
    inputs = [pt.dtensor3(), *(pt.dmatrix() for _ in range(5)), pt.ivector()]
    losses, in_logits, *_ = BoundaryLosses()(*inputs)
    pytensor.grad(losses.sum(), inputs[:4])
    with pytest.raises(pytensor.gradient.DisconnectedInputError):
        pytensor.grad(losses.sum(), inputs[4])
    with pytest.raises(pytensor.gradient.DisconnectedInputError):
        pytensor.grad(in_logits.sum(), inputs[0])
