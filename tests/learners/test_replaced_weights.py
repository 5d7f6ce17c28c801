"""A checkpoint that is replaced between two queries: embeddings of both never meet."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from openal.errors import StoreError
from openal.learners import CLIP
from openal.pool import Pool

IMAGES = [Image.new("RGB", (32, 32), (40 * at, 9, 255 - 40 * at)) for at in range(6)]
ALL = np.arange(len(IMAGES))


@pytest.fixture
def weights(base_weights: Callable[[str], dict[str, Tensor]], tmp_path: Path) -> Path:
    torch.save(base_weights("tiny-clip"), tmp_path / "weights.pt")
    return tmp_path / "weights.pt"


def replace_weights(path: Path) -> None:
    held = torch.load(path, weights_only=True)
    torch.save({name: value.flip(0) for name, value in held.items()}, path)


def test_all_are_embedded_anew(weights: Path) -> None:
    clip = CLIP("tiny-clip", weights, device="cpu")
    pool = Pool(IMAGES, embeddings=clip)
    before = pool.take("embeddings", ALL[:3])
    assert torch.equal(pool.take("embeddings", ALL[:3]), before)
    replace_weights(weights)
    fresh = Pool(IMAGES, embeddings=clip).take("embeddings", ALL)
    assert torch.equal(pool.take("embeddings", ALL), fresh)
    assert not torch.equal(fresh[:3], before)


def test_a_store_of_the_old_ones_is_refused(weights: Path, tmp_path: Path) -> None:
    pool = Pool(IMAGES, embeddings=CLIP("tiny-clip", weights, store=tmp_path / "s", device="cpu"))
    pool.take("embeddings", ALL)
    replace_weights(weights)
    with pytest.raises(StoreError, match="weights"):
        pool.take("embeddings", ALL)
