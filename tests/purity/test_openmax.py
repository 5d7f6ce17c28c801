"""The probability of OpenMax's unknown class, turned round."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal import UNKNOWN, LabeledSet, Pool
from openal.errors import ArgumentError
from openal.functional import energy, openmax
from openal.purity import OpenMaxPurity
from openal.view import Blocks

RNG = np.random.default_rng(0)
CLASSES = np.arange(900) % 4 - 1
LOGITS = RNG.normal(size=(900, 3)) + 6 * np.eye(4)[CLASSES][:, :3]


def scores(part: OpenMaxPurity, answered: int, engine: Any = None) -> Tensor:
    labeled = LabeledSet(900, 3)
    labeled.add(np.arange(answered), CLASSES[:answered])
    pool = Pool(logits=LOGITS).with_engine(engine or Blocks())
    return part(pool.view(labeled, reads=("logits",)))


def test_it_is_one_minus_the_probability_of_unknown() -> None:
    known = CLASSES[:600] != UNKNOWN
    arrays = LOGITS[600:], LOGITS[:600][known], CLASSES[:600][known]
    expected = 1 - openmax(*map(torch.from_numpy, arrays), alpha=2, tail=9)[:, -1]
    found = scores(OpenMaxPurity(alpha=2, tail=9), 600)
    torch.testing.assert_close(found, expected, atol=2e-9, rtol=0)


def test_the_known_come_first() -> None:
    found, known = scores(OpenMaxPurity(), 600), torch.from_numpy(CLASSES[600:] != UNKNOWN)
    assert (found[known].mean() - found[~known].mean()) > 0.3


def test_before_any_answer_the_order_is_that_of_the_energy() -> None:
    found = scores(OpenMaxPurity(), 0)
    assert found.argsort().tolist() == (-energy(torch.from_numpy(LOGITS))).argsort().tolist()


def test_equals_go_to_the_larger_known_probability() -> None:
    pool = Pool(logits=np.array([[90.0, 0.0], [90.0, 80.0], [90.0, 89.0]]))
    found = OpenMaxPurity()(pool.view(LabeledSet(3, 2), reads=("logits",)))
    assert found[2] < found[1] <= found[0]
    assert 0 < found[1] - found[2] < 1e-9


@pytest.mark.long
def test_blocks_do_not_matter() -> None:
    for rows in (1, 7):
        assert scores(OpenMaxPurity(), 600, Blocks(rows)).equal(scores(OpenMaxPurity(), 600))


@pytest.mark.parametrize("wrong", [{"alpha": 0}, {"tail": 0}, {"scale": -1}, {"shift": 0}])
def test_options_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        OpenMaxPurity(**wrong)
