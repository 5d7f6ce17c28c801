"""Data sets whose items come out otherwise each time they are read, and those that only look so."""

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import ConcatDataset, Dataset, Subset, random_split
from torchvision import transforms
from torchvision.datasets import FakeData
from torchvision.transforms import v2

from openal.learners import Encoder
from openal.model import Model
from openal.pool import Pool
from openal.view import Blocks
from tests.walking import walked

X = torch.eye(4)[torch.arange(20) % 4]
FLIP = transforms.RandomHorizontalFlip()

READERS: dict[str, Callable[[Any], Tensor]] = {
    "Model": lambda items: Pool(items, logits=Model(nn.Flatten())).take("logits", np.arange(20)),
    "Encoder": lambda items: Pool(items, embeddings=Encoder(nn.Flatten())).take(
        "embeddings", np.arange(20)
    ),
}
"""What reads the items of a pool."""


class Items(Dataset[Any]):
    """20 items; what its transform is nothing asks."""

    transform: Any = None

    def __len__(self) -> int:
        return 20

    def __getitem__(self, index: int) -> Any:
        return X[index]


AUGMENTED = {
    "one transform": transforms.RandomHorizontalFlip(),
    "a composition": transforms.Compose([transforms.Resize(8), transforms.RandomCrop(4)]),
    "one within another": transforms.Compose([transforms.RandomApply([transforms.Resize(8)])]),
    "colors": transforms.Compose([transforms.ColorJitter()]),
    "a policy": transforms.RandAugment(),
    "a range": transforms.Compose([transforms.GaussianBlur(3)]),
    "one of the second version": v2.Compose([v2.ScaleJitter((8, 8))]),
    "one that draws an order": v2.RandomOrder([v2.Identity(), v2.Identity()]),
    "a lambda around one": lambda x: FLIP(x),
    "a lambda within a lambda": (lambda inner: lambda x: inner(x))(lambda x: FLIP(x)),
    "a partial": partial(lambda flip, x: flip(x), transforms.RandomVerticalFlip()),
    "a method": transforms.RandomVerticalFlip().forward,
    "a function of Python's numbers": lambda x: x if random.random() < 0.5 else -x,
    "a function of NumPy's numbers": lambda x: x * np.random.rand(),  # noqa: NPY002
    "a list": [None, {"train": transforms.RandomErasing()}],
}

WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda x: x,
    "Subset": lambda x: Subset(x, range(20)),
    "ConcatDataset": lambda x: ConcatDataset([x, x]),
    "random_split": lambda x: random_split(x, [15, 5])[0],
    "a wrapper": lambda x: Wrapper(ConcatDataset([Subset(x, range(20))])),
}


class Wrapper(Dataset[Any]):
    """A data set around another, under no usual name."""

    def __init__(self, inner: Any) -> None:
        self.inner_one = inner

    def __len__(self) -> int:
        return len(self.inner_one)

    def __getitem__(self, index: int) -> Any:
        return self.inner_one[index]


@walked
@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("form", AUGMENTED)
def test_random_augmentation_is_warned_about(form: str, wrapper: str) -> None:
    items = Items()
    items.transform = AUGMENTED[form]
    with pytest.warns(UserWarning, match="^items are changed at random when they are read"):
        Pool(WRAPPERS[wrapper](items))


def test_a_transform_of_any_name_is_found() -> None:
    items = Items()
    items.for_training = transforms.RandomCrop(4)  # type: ignore[attr-defined]
    with pytest.warns(UserWarning, match=r"changed at random when they are read \(RandomCrop\)"):
        Pool(items)


class Seeded(Items):
    """Draws, but the same for an index each time."""

    def __getitem__(self, index: int) -> Any:
        return torch.randn(4, generator=torch.Generator().manual_seed(index))


class Varying(Items):
    """Draws in code that nothing tells of."""

    def __getitem__(self, index: int) -> Any:
        return X[index] + getattr(torch, "ra" + "nd")(4)


@walked
@pytest.mark.parametrize("reader", READERS)
def test_items_that_differ_when_they_are_read_again_are_warned_about_once(reader: str) -> None:
    items = Varying()
    with pytest.warns(UserWarning, match=r"^items\[0\] is another input when it is read again"):
        READERS[reader](items)
    READERS[reader](items)  # and a warning would be an error


@walked
@pytest.mark.parametrize("reader", READERS)
def test_items_that_are_the_same_when_they_are_read_again_are_fine(reader: str) -> None:
    READERS[reader](Seeded())


def test_the_warning_comes_once() -> None:
    items = Items()
    items.transform = transforms.RandomHorizontalFlip()
    with pytest.warns(UserWarning, match="^items are changed at random"):
        pool = Pool(items)
    pool = pool.with_signals(logits=np.zeros((len(pool), 2))).with_engine(Blocks())
    assert pool.offers == ("items", "logits")


class RandomPatches(list[int]):
    """Its own name says nothing of transforms, and its property is not ready."""

    @property
    def transform(self) -> Any:
        raise RuntimeError("not yet")


def test_a_data_set_of_a_random_name_is_none_of_random_transforms() -> None:
    assert len(Pool(RandomPatches([1, 2, 3]))) == 3


@walked
@pytest.mark.parametrize(
    "transform",
    [
        None,
        str,
        transforms.Compose([transforms.Resize(8), transforms.ToTensor()]),
        transforms.GaussianBlur(3, sigma=1.0),
        v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]),
        lambda x: torch.as_tensor(x),
    ],
)
def test_the_transforms_of_evaluation_are_not(transform: Any) -> None:
    items = Items()
    items.transform = transform
    assert len(Pool(ConcatDataset([items, items]))) == 40


def test_a_data_set_that_seeds_what_it_draws_is_fine() -> None:
    assert len(Pool(FakeData(20, (3, 8, 8), transform=transforms.ToTensor()))) == 20
