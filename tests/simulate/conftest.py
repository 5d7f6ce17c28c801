"""A small simulation: three blobs are known, two are not."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from openal.simulate import LabeledData, OpenSetSplit, openset_split


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """What is this small waits longer for the other threads than it computes."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def blobs() -> LabeledData:
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 5
    points = 3 * np.eye(5)[labels] + rng.normal(size=(300, 5))
    return LabeledData(labels, embeddings=points.astype(np.float32))


@pytest.fixture(scope="session")
def split(blobs: LabeledData) -> OpenSetSplit:
    return openset_split(
        blobs.labels, known=[4, 0, 2], first=12, seed=0, protocol="known", test_share=0.25
    )
