import torch
from torch import Tensor

from openal.learners import CropFlip


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


IMAGES = torch.arange(1, 1 + 64 * 2 * 3 * 4).reshape(64, 2, 3, 4).float()


def windows(image: Tensor, padding: int) -> list[Tensor]:
    """Every crop of the padded image, and its mirror image."""
    height, width = image.shape[1:]
    padded = torch.zeros(len(image), height + 2 * padding, width + 2 * padding)
    padded[:, padding : padding + height, padding : padding + width] = image
    steps = range(2 * padding + 1)
    crops = [padded[:, i : i + height, j : j + width] for i in steps for j in steps]
    return crops + [crop.flip(-1) for crop in crops]


def test_each_image_becomes_one_of_its_windows() -> None:
    for image, found in zip(IMAGES, CropFlip(2)(IMAGES, generator()), strict=True):
        assert any(found.equal(window) for window in windows(image, 2))


def test_every_window_occurs() -> None:
    image = IMAGES[:1].expand(1000, -1, -1, -1)
    found = {tuple(each.flatten().tolist()) for each in CropFlip(1)(image, generator())}
    assert found == {tuple(window.flatten().tolist()) for window in windows(IMAGES[0], 1)}


def test_without_padding_only_mirrors() -> None:
    found = CropFlip(0)(IMAGES, generator())
    same = (found == IMAGES).flatten(1).all(dim=1)
    mirrored = (found == IMAGES.flip(-1)).flatten(1).all(dim=1)
    assert (same ^ mirrored).all()
    assert 16 < same.sum() < 48


def test_same_generator_gives_the_same_images() -> None:
    first, second = (CropFlip()(IMAGES, generator(3)) for _ in range(2))
    assert first.equal(second)


def test_type_stays() -> None:
    assert CropFlip()(IMAGES.to(torch.uint8), generator()).dtype == torch.uint8


def test_vectors_are_returned_as_they_are() -> None:
    x = torch.ones(5, 7)
    assert CropFlip()(x, generator()) is x
