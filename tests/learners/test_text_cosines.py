import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch

from openal import LabeledSet, Pool
from openal.errors import ArrayError
from openal.learners._class_texts import ClassTexts
from openal.learners.text_cosines import ClassCosines, TextCosines
from openal.pool import Frozen, Learner

YES, NO = torch.tensor([[1.0, 0.0], [0.6, 0.8]]), torch.tensor([[0.0, 2.0], [-1.0, 0.0]])
Z = np.array([[3.0, 0.0], [0.0, 0.5], [0.0, 0.0]], np.float16)


@dataclass
class Encoder:
    asked: list[Any] = field(default_factory=list)

    def class_texts(self, names: Sequence[str]) -> ClassTexts:
        self.asked.append(names)
        return ClassTexts(YES, NO)


def test_cosines_by_hand() -> None:
    learner = TextCosines(YES, NO)
    pool = Pool(embeddings=Z, yes_cosines=learner, no_cosines=learner)
    yes, no = pool.take("yes_cosines", [0, 1, 2]), pool.take("no_cosines", [1, 0])
    torch.testing.assert_close(yes, torch.tensor([[1.0, 0.6], [0.0, 0.8], [0.0, 0.0]]))
    torch.testing.assert_close(no, torch.tensor([[1.0, 0.0], [0.0, -1.0]]))


def test_float64_embeddings_give_float64() -> None:
    pool = Pool(embeddings=Z.astype(np.float64), yes_cosines=TextCosines(YES, NO))
    assert pool.take("yes_cosines", [0]).dtype == torch.float64


def test_it_reads_under_another_name_and_is_derived() -> None:
    learner = TextCosines(YES, NO, embeddings="clip")
    assert learner.derived and learner.reads == ("clip",)
    assert isinstance(learner, Frozen) and not isinstance(learner, Learner)
    assert Pool(clip=Z, yes_cosines=learner).take("yes_cosines", [0]).shape == (1, 2)
    assert pickle.loads(pickle.dumps(learner)).yes.equal(YES)


def test_texts_of_another_encoder_are_refused() -> None:
    pool = Pool(embeddings=np.ones((2, 3)), yes_cosines=TextCosines(YES, NO))
    with pytest.raises(ArrayError, match="embeddings have 3 columns and the class texts 2"):
        pool.take("yes_cosines", [0])


def test_nan_in_an_embedding_is_refused_by_index() -> None:
    pool = Pool(embeddings=np.array([[1, 1], [1, np.nan]]), yes_cosines=TextCosines(YES, NO))
    with pytest.raises(ArrayError, match="index 1"):
        pool.take("yes_cosines", [1, 0])


@pytest.mark.parametrize(
    "yes, no, message",
    [
        (YES, NO[:1], r"both be \[K, D\], got \(2, 2\) and \(1, 2\)"),
        (YES[:0], NO[:0], r"both be \[K, D\]"),
        (YES[0], NO[0], "yes must have 2 dimensions"),
        (YES, NO * torch.nan, "no must be finite; row 0"),
    ],
)
def test_wrong_texts_are_refused(yes: Any, no: Any, message: str) -> None:
    with pytest.raises(ArrayError, match=message):
        TextCosines(yes, no)


def test_class_cosines_take_the_names_of_the_labeled_set() -> None:
    encoder = Encoder()
    learner = ClassCosines(encoder)
    labeled = LabeledSet(3, classes=["cat", "owl"])
    assert isinstance(learner, Learner)
    fitted = learner.fit(Pool(embeddings=Z), labeled)
    assert encoder.asked == [("cat", "owl")]
    assert fitted.yes.equal(YES) and fitted.no.equal(NO)


def test_classes_without_names_are_warned_about() -> None:
    with pytest.warns(UserWarning, match="give names"):
        ClassCosines(Encoder()).fit(Pool(embeddings=Z), LabeledSet(3, classes=2))
