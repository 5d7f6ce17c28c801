import numpy as np
import pytest

from openal.errors import ArrayError
from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.purity import ClosedSetCertainty

NO = np.array([[0.0, 1, 2], [3, 0, -2], [9, 9, 9]])
YES = np.array([[1.0, 1, -1], [-1, 0.5, 2], [9, 9, 9]])
HEADS = np.stack([NO, YES], axis=1).astype("f4")


def test_one_minus_the_golden_values() -> None:
    view = Pool(head_logits=HEADS).view(LabeledSet(3, 3), reads=("head_logits",))
    expected = [1 - 0.705100, 1 - 0.405415, 0]
    assert ClosedSetCertainty()(view).tolist() == pytest.approx(expected, abs=1e-6)


def test_heads_are_one_for_each_class() -> None:
    view = Pool(head_logits=HEADS).view(LabeledSet(3, 4), reads=("head_logits",))
    with pytest.raises(ArrayError, match=r"head_logits.*4 columns for 4 classes"):
        ClosedSetCertainty()(view)
