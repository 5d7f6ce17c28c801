"""What no answer has taught says the same of all items: no first weights rank them."""

from typing import Any

import numpy as np
import pytest
import torch

from openal import LabeledSet, Pool, learners

N = 40
Z = np.random.default_rng(0).normal(size=(N, 6)).astype(np.float32)
ON_EMBEDDINGS = [name for name in sorted(learners.__all__) if name.startswith("Embedding")]


@pytest.mark.parametrize("name", ON_EMBEDDINGS)
def test_before_any_answer_nothing_but_features_differs(name: str) -> None:
    pool, learner = Pool(embeddings=Z), getattr(learners, name)()
    fitted = learner.fit(pool, LabeledSet(N, 3), seed=1)
    names = tuple(each for each in learner.offers if not each.endswith("features"))
    for values in fitted.signals(pool, np.arange(N), names).values():
        assert torch.equal(values, values[:1].expand_as(values))


def test_a_detector_of_images_that_saw_no_answer_has_equal_logits() -> None:
    pool = Pool(torch.rand(8, 3, 8, 8))
    network: Any = torch.nn.Sequential
    detector = learners.Detector(
        lambda outputs: network(torch.nn.Flatten(), torch.nn.Linear(192, outputs))
    )
    fitted = detector.fit(pool, LabeledSet(8, 2), seed=1, progress=False)
    found = fitted.signals(pool, np.arange(8), ("detector_logits",), progress=False)
    assert found["detector_logits"].unique().tolist() == [0.0]
