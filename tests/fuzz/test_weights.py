"""A damaged file of weights is refused, or holds the tensors it held."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from openal.commands.convert_clipn import convert
from openal.learners import _clipn_files as clipn_checkpoint
from openal.learners._clipn_files import base_norms, metadata_of, tensors_of
from openal.learners._weight_files import content_hash, read_weights, require_no_pickle, stamp_of
from tests.fuzz.damage import BYTES
from tests.fuzz.harness import Loader
from tests.fuzz.structured import any_bytes, in_safetensors, in_zip, weighted

SHAPES = {
    "positional_embedding": torch.Size([3, 2]),
    "ln_final.weight": torch.Size([2]),
    "transformer.mlp.weight": torch.Size([40, 40]),
    "visual.proj": torch.Size([2, 2]),
    "logit_scale": torch.Size([]),
}
WELL_FORMED = {".pt": (in_zip(any_bytes),), ".safetensors": weighted(in_safetensors)}


@pytest.fixture(autouse=True)
def small_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipn_checkpoint, "stock_shapes", lambda _: SHAPES)


def weights() -> dict[str, Tensor]:
    """All tensors of a CLIPN of that model."""
    generator = torch.Generator().manual_seed(0)
    names = dict(SHAPES)
    for name in clipn_checkpoint.text_names(SHAPES):
        first, dot, rest = name.partition(".")
        names[f"{first}_no{dot}{rest}"] = SHAPES[name]
    names["prompt_no"] = torch.Size([4, 3, 2])
    return {name: torch.randn(shape, generator=generator) for name, shape in names.items()}


def write_pt(folder: Path) -> None:
    state = {f"module.{name}": value for name, value in weights().items()}
    torch.save({"epoch": 3, "state_dict": state}, folder / "clipn.pt")


def write_safetensors(folder: Path) -> None:
    save_file(weights(), folder / "clipn.safetensors")


def write_converted(folder: Path) -> None:
    base = {name: value for name, value in weights().items() if name in SHAPES}
    no = {name: base[name] for name in clipn_checkpoint.text_names(SHAPES)}
    tensors = tensors_of(no, base_norms(base))
    save_file(tensors, folder / "clipn.safetensors", metadata_of(tensors, "tiny", True))


WRITES = {"pt": write_pt, "safetensors": write_safetensors, "converted": write_converted}


def flat(value: Any) -> Any:
    """A value with tensors in it, as what can be compared."""
    if isinstance(value, Tensor):
        return str(value.dtype), tuple(value.shape), value.detach().float().numpy().tobytes()
    if isinstance(value, dict):
        return {name: flat(each) for name, each in value.items()}
    return tuple(map(flat, value)) if isinstance(value, tuple) else value


def only(folder: Path) -> Path:
    """The file, whether or not it is there."""
    return next(iter(folder.glob("clipn.*")), folder / "clipn.pt")


def clipn(folder: Path) -> Any:
    return clipn_checkpoint.read_clipn(only(folder), "tiny")


def well_formed(_: Any, found: clipn_checkpoint.Weights) -> bool:
    """Every tensor of the model, in its shape, as finite float32."""
    text = clipn_checkpoint.text_names(SHAPES)
    towers = [(found.no, text)] + [(found.base, SHAPES)] * (found.base is not None)
    return all(
        tower is not None
        and {*tower} == {*names}
        and all(tower[name].shape == SHAPES[name] for name in names)
        and all(each.dtype == torch.float32 and each.isfinite().all() for each in tower.values())
        for tower, names in towers
    )


def test_a_damaged_checkpoint(folder: Path, fuzzed: Callable[[Loader], None]) -> None:
    """Its sums tell any damage."""
    write_pt(folder)
    fuzzed(Loader(lambda folder: flat(read_weights(only(folder))), {".pt": BYTES}))


def test_a_damaged_conversion(folder: Path, fuzzed: Callable[[Loader], None]) -> None:
    """Its checksum tells any damage of a tensor."""
    write_converted(folder)
    damages = {".safetensors": weighted(in_safetensors)}
    fuzzed(Loader(lambda folder: flat(clipn(folder).no), damages))


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_well_formed_file_of_something_else(
    folder: Path, fuzzed: Callable[[Loader], None], write: Callable[[Path], None]
) -> None:
    write(folder)
    fuzzed(Loader(clipn, WELL_FORMED, well_formed))


def test_a_conversion_of_a_damaged_checkpoint(
    folder: Path, fuzzed: Callable[[Loader], None]
) -> None:
    """It is made whole, in its folder, or not at all."""
    write_pt(folder)

    def converted(folder: Path) -> Any:
        out = folder / "out.safetensors"
        convert(folder / "clipn.pt", out, model_name="tiny")
        assert [path.name for path in folder.glob(".*")] == []
        found = flat(clipn_checkpoint.read_clipn(out, "tiny").no)
        out.unlink()
        return found

    fuzzed(Loader(converted, {".pt": BYTES}, writes=True))


def test_the_stamp_of_a_folder(folder: Path, fuzzed: Callable[[Loader], None]) -> None:
    """Another content, another hash; nothing is opened that would never end."""
    write_pt(folder)
    (folder / "config.json").write_text("{}")

    def stamped(folder: Path) -> Any:
        stamp = stamp_of([folder])
        for path in stamp.paths:
            require_no_pickle(path)
        return content_hash(stamp)

    good = lambda whole, found: isinstance(found, str) and len(found) == 64  # noqa: E731
    fuzzed(Loader(stamped, {".pt": BYTES, ".json": BYTES}, good))


def test_the_numbers_are_those_of_numpy() -> None:
    assert flat(torch.ones(2))[2] == np.ones(2, np.float32).tobytes()
