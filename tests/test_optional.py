"""Without the extras arrays work as ever, and what needs a package says which extra brings it."""

import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from openal import UNKNOWN, LabeledSet, Pool
from openal._optional import EXTRAS, optional
from openal.encoders import encoder_named
from openal.errors import MissingPackageError
from openal.learners import CLIP
from openal.learners._templates import _clipn
from openal.learners.networks import cifar_resnet18
from openal.simulate._plot import empty_drawing
from openal.strategies import KnownKMeans

CPU = torch.device("cpu")
PROJECT = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
USES: dict[str, tuple[Callable[[], object], str]] = {
    "a CLIP": (lambda: CLIP("ViT-B-32", "openai").texts(["cat"]), "clip"),
    "the templates of CLIPN": (_clipn.__wrapped__, "clip"),
    "a network of torchvision": (lambda: cifar_resnet18(2), "vision"),
    "an encoder of torchvision": (lambda: encoder_named("torchvision:resnet18", CPU), "vision"),
    "an encoder of timm": (lambda: encoder_named("timm:resnet18", CPU), "vision"),
    "a figure": (lambda: empty_drawing(1, 1), "plot"),
}


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `pip install openal` leaves it."""
    for name in list(sys.modules):
        if name.partition(".")[0] in EXTRAS and name.partition(".")[0] != "pandas":
            monkeypatch.delitem(sys.modules, name)
    for name in EXTRAS:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.usefixtures("bare")
def test_arrays_need_no_extra() -> None:
    embeddings = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    labeled = LabeledSet(60, 2)
    labeled.add([0, 1, 2], [0, 1, UNKNOWN])
    query = KnownKMeans().query(Pool(embeddings=embeddings), labeled, 5, seed=0)
    assert len(query) == 5


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("use", USES)
def test_what_needs_a_package_says_which_extra_brings_it(use: str) -> None:
    work, extra = USES[use]
    with pytest.raises(MissingPackageError, match=rf'pip install "openal\[{extra}\]"'):
        work()


def test_every_extra_that_is_named_brings_the_package() -> None:
    names = {"pytorch_ood": "pytorch-ood", "skactiveml": "scikit-activeml", "faiss": "faiss-cpu"}
    for package, extra in EXTRAS.items():
        wanted = names.get(package, package)
        brought = PROJECT["optional-dependencies"][extra]
        assert any(line.startswith((wanted, f"{wanted}_torch")) for line in brought)


def test_all_holds_every_extra_of_users_and_no_tool_of_developers() -> None:
    extras = PROJECT["optional-dependencies"]
    (everything,) = extras["all"]
    held = everything.removeprefix("openal[").removesuffix("]").split(",")
    assert set(held) == extras.keys() - {"all", "bench", "dev", "docs", "test"}


def test_a_module_that_is_there_is_handed_on() -> None:
    assert optional("torchvision.models", "this test") is sys.modules["torchvision.models"]
