"""What `openal embed --model` computed is what `CLIP(store=...)` reads."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from openal.cli import main
from openal.learners import CLIP
from openal.learners._open_clip import ImageTower
from openal.pool import Pool


@pytest.fixture
def images(tmp_path: Path) -> list[Image.Image]:
    """Real digits, kept in the folder `images` too."""
    (tmp_path / "images").mkdir()
    digits = load_digits().images[:12] * 15.9
    images = [Image.fromarray(digit.astype(np.uint8)).convert("RGB") for digit in digits]
    for number, image in enumerate(images):
        image.save(tmp_path / "images" / f"{number:02d}.png")
    return images


def test_a_filled_store_is_used(
    images: list[Image.Image],
    base_file: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weights, store = base_file("tiny-clip"), tmp_path / "store"
    arguments = ["--model", "tiny-clip", "--pretrained", str(weights), "--device", "cpu"]
    assert main(["embed", str(tmp_path / "images"), "--out", str(store), *arguments]) == 0
    everything = np.arange(len(images))
    direct = Pool(images, embeddings=CLIP("tiny-clip", weights, device="cpu"))
    expected = direct.take("embeddings", everything)
    monkeypatch.setattr(ImageTower, "__call__", lambda *_: pytest.fail("computed again"))
    stored = Pool(images, embeddings=CLIP("tiny-clip", weights, store=store, device="cpu"))
    found = stored.take("embeddings", everything)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3)
