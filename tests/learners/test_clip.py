import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import normalize

from openal import Pool
from openal.errors import ArgumentError, CheckpointError, OpenALError
from openal.learners._open_clip import load_image_text, tokenizer_of
from openal.learners._templates import negated, template_texts
from openal.learners.clip import CLIP
from openal.learners.nouns import common_nouns
from openal.learners.text_cosines import TextCosines
from openal.pool import Frozen
from tests.walking import walked

NAMES = ["cat", "great_owl", "dog"]
TEMPLATES = ("a photo of a {}.", "a photo with a {}.")
MODELS = ["tiny-clip", "tiny-bidirectional"]


def images(count: int = 5) -> list[tuple[Image.Image, int]]:
    generator = np.random.default_rng(0)
    modes = ["RGB", "L", "RGBA", "RGB", "P"]
    sizes = [(20, 48), (32, 32), (9, 9), (64, 33), (40, 40)]
    pixels = [generator.integers(0, 256, (*size, 3), np.uint8) for size in sizes]
    made = [Image.fromarray(p).convert(mode) for p, mode in zip(pixels, modes, strict=True)]
    return [(image, 0) for image in made[:count]]


def model(name: str, weights: dict[str, Tensor]) -> Any:
    """The model as open_clip's users make it."""
    import open_clip

    found, _, preprocess = open_clip.create_model_and_transforms(name)
    found.load_state_dict(weights)
    return found.eval(), preprocess


@pytest.fixture
def clip(base_file: Callable[[str], Path]) -> CLIP:
    return CLIP("tiny-clip", base_file("tiny-clip"), templates=TEMPLATES, device="cpu")


@pytest.mark.long
@pytest.mark.parametrize("name", MODELS)
def test_embeddings_are_the_models_own_at_unit_length(
    name: str,
    base_file: Callable[[str], Path],
    base_weights: Callable[[str], dict[str, Tensor]],
) -> None:
    network, preprocess = model(name, base_weights(name))
    x = torch.stack([preprocess(image) for image, _ in images()])
    expected = normalize(network.encode_image(x).detach(), dim=1)
    found = Pool(images(), embeddings=CLIP(name, base_file(name), device="cpu"))
    torch.testing.assert_close(found.take("embeddings", [4, 0, 1, 2, 3])[[1, 2, 3, 4, 0]], expected)


@pytest.mark.long
@pytest.mark.parametrize("name", MODELS)
def test_class_texts_are_those_of_templates_and_negations(
    name: str,
    base_file: Callable[[str], Path],
    base_weights: Callable[[str], dict[str, Tensor]],
) -> None:
    import open_clip

    network, _ = model(name, base_weights(name))
    tokenizer = open_clip.get_tokenizer(name)
    yes, no = CLIP(name, base_file(name), templates=TEMPLATES, device="cpu").class_texts(NAMES)
    for templates, found in [(TEMPLATES, yes), (tuple(map(negated, TEMPLATES)), no)]:
        for word, direction in zip(["cat", "great owl", "dog"], found, strict=True):
            rows = network.encode_text(tokenizer([each.replace("{}", word) for each in templates]))
            expected = normalize(normalize(rows.detach(), dim=1).sum(dim=0), dim=0)
            torch.testing.assert_close(direction, expected, atol=1e-5, rtol=1e-5)


def test_own_negations_and_raw_names_are_used(clip: CLIP) -> None:
    first = clip.class_texts(["cat"]).yes
    swapped = replace(clip, templates=("not a {}",), negated_templates=TEMPLATES)
    torch.testing.assert_close(swapped.class_texts(["cat"]).no, first)
    default, papers = (replace(clip, templates=each) for each in ("clipn", "openal"))
    raw, read = (each.class_texts(["sea_lion"]).yes for each in (papers, default))
    assert not torch.allclose(raw, read)
    assert len(template_texts("clipn")) == 128


def test_class_texts_are_computed_once_and_are_not_shared(
    clip: CLIP, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = clip.class_texts(NAMES)
    monkeypatch.setattr("openal.learners.clip.text_directions", None)
    first.yes.zero_()
    assert clip.class_texts(tuple(NAMES)).yes.norm() > 1


def test_texts_are_photos_of_the_classes_and_of_other_nouns(
    clip: CLIP, base_weights: Callable[[str], dict[str, Tensor]]
) -> None:
    import open_clip

    network, _ = model("tiny-clip", base_weights("tiny-clip"))
    tokenizer = open_clip.get_tokenizer("tiny-clip")
    found = clip.texts(["Cat", "sea_owls"], ["lamp", "cat", "sea owl", "tree"])
    for words, directions in zip((["Cat", "sea owls"], ["lamp", "tree"]), found, strict=True):
        rows = network.encode_text(tokenizer([f"a photo of a {word}." for word in words]))
        torch.testing.assert_close(directions, normalize(rows.detach(), dim=1))


def test_texts_take_the_nouns_that_come_with_the_library(clip: CLIP) -> None:
    classes, negatives = clip.texts(["cat", "wombat"])
    assert len(classes) == 2 and len(negatives) == len(common_nouns()) - 2
    with pytest.raises(ArgumentError, match="vocabulary must hold nouns that are no class name"):
        clip.texts(["cat"], ["cat"])


def test_a_pool_gives_the_cosines(clip: CLIP) -> None:
    cosines = TextCosines(*clip.class_texts(NAMES))
    pool = Pool(images(), embeddings=clip, yes_cosines=cosines)
    z, yes = pool.take("embeddings", range(5)), clip.class_texts(NAMES).yes
    torch.testing.assert_close(pool.take("yes_cosines", range(5)), z @ yes.T)


def test_tensors_are_refused_unless_they_are_prepared(clip: CLIP) -> None:
    x = torch.rand(4, 3, 32, 32) * 2
    with pytest.raises(ArgumentError, match=r"PIL images.*float32 \[3, 32, 32\] from 0.* to 2"):
        Pool(x, embeddings=clip).take("embeddings", [1])
    found = Pool(x, embeddings=replace(clip, preprocess=False)).take("embeddings", [1, 3])
    torch.testing.assert_close(found.norm(dim=1), torch.ones(2))
    with pytest.raises(ArgumentError, match=r"items\[2\].*PIL"):
        Pool([*images(2), (x[0], 0)], embeddings=clip).take("embeddings", [0, 1, 2])


@pytest.mark.parametrize("way", ["items=pictures", "Model(network, transform=", "preprocess=False"])
def test_the_refusal_of_a_tensor_names_each_way_out(clip: CLIP, way: str) -> None:
    with pytest.raises(ArgumentError) as error:
        Pool(torch.rand(4, 3, 32, 32) - 0.5, embeddings=clip).take("embeddings", [1])
    assert way in str(error.value)


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_tensors_from_0_to_1_are_pictures(clip: CLIP, mode: str) -> None:
    pictures = [image.convert(mode) for image, _ in images()]
    tensors = [torch.from_numpy(np.array(p)).reshape(*p.size[::-1], -1) for p in pictures]
    scaled = [x.permute(2, 0, 1) / 255 for x in tensors]
    found = Pool(scaled, embeddings=clip).take("embeddings", range(5))
    assert torch.equal(found, Pool(pictures, embeddings=clip).take("embeddings", range(5)))


@pytest.mark.parametrize("store", [False, True])
def test_items_are_read_in_the_place_of_those_of_the_pool(
    clip: CLIP, store: bool, tmp_path: Path
) -> None:
    own = replace(clip, items=images(), store=tmp_path / "z" if store else None)
    found = Pool(torch.randn(5, 3, 8, 8), embeddings=own).take("embeddings", [4, 1])
    expected = Pool(images(), embeddings=clip).take("embeddings", [4, 1])
    torch.testing.assert_close(found.float(), expected, atol=1e-3, rtol=0)


def test_items_that_are_not_those_of_the_pool_are_refused(clip: CLIP) -> None:
    pool = Pool(torch.randn(5, 2), embeddings=replace(clip, items=images(4)))
    with pytest.raises(ArgumentError, match="items has 4 items, and the pool 5"):
        pool.take("embeddings", [0])
    with pytest.raises(ArgumentError, match="items must be a map-style data set"):
        replace(clip, items=iter(images()))


def test_workers_give_the_same(clip: CLIP) -> None:
    alone = Pool(images(), embeddings=clip).take("embeddings", range(5))
    workers = replace(clip, workers=1, batch_size=2)
    torch.testing.assert_close(
        Pool(images(), embeddings=workers).take("embeddings", range(5)), alone
    )


def test_embeddings_are_the_same_under_another_default_device(clip: CLIP) -> None:
    expected = Pool(images(), embeddings=clip).take("embeddings", range(5))
    load_image_text.cache_clear()
    with torch.device("meta"):
        found = Pool(images(), embeddings=clip).take("embeddings", range(5))
    assert torch.equal(found, expected)


def test_a_store_keeps_them(clip: CLIP, tmp_path: Path) -> None:
    plain = Pool(images(), embeddings=clip).take("embeddings", range(5))
    kept = replace(clip, store=tmp_path / "store")
    for _ in range(2):
        found = Pool(images(), embeddings=kept).take("embeddings", [3, 1])
        assert found.dtype == torch.float16
        torch.testing.assert_close(found.float(), plain[[3, 1]], atol=1e-3, rtol=0)


def test_a_store_of_other_weights_is_refused(
    clip: CLIP, base_weights: Callable[[str], dict[str, Tensor]], tmp_path: Path
) -> None:
    Pool(images(), embeddings=replace(clip, store=tmp_path / "a")).take("embeddings", [0])
    other = tmp_path / "other.pt"
    torch.save({k: v * 1.5 for k, v in base_weights("tiny-clip").items()}, other)
    pool = Pool(images(), embeddings=replace(clip, pretrained=other, store=tmp_path / "a"))
    with pytest.raises(RuntimeError, match="weights"):
        pool.take("embeddings", [0])


def test_an_unreadable_image_of_a_store_is_warned_about(clip: CLIP, tmp_path: Path) -> None:
    class Items:
        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> Any:
            if index == 1:
                raise OSError("image file is truncated")
            return images()[index]

    pool = Pool(Items(), embeddings=replace(clip, store=tmp_path / "store"))
    with pytest.warns(UserWarning, match=r"1 items .* the first is 1 \(.*truncated.*\)"):
        assert pool.take("embeddings", [0, 1, 2]).norm(dim=1).round(decimals=3).tolist() == [
            1,
            0,
            1,
        ]
    with pytest.raises(ArgumentError, match=r"items\[1\].*truncated"):
        Pool(Items(), embeddings=clip).take("embeddings", [0, 1])


@pytest.mark.long
def test_a_changed_file_is_read_again(
    base_weights: Callable[[str], dict[str, Tensor]], tmp_path: Path
) -> None:
    path = tmp_path / "weights.pt"
    found = []
    for value in (1.0, 2.0):
        weights = base_weights("tiny-clip")
        weights["visual.proj"][:, 0] = value
        torch.save({**weights, "logit_scale": torch.tensor(value)}, path)
        path.touch()
        clip = CLIP("tiny-clip", path, device="cpu")
        found.append(Pool(images(), embeddings=clip).take("embeddings", [0]))
    assert not torch.allclose(*found)


def test_the_global_generators_are_left_alone(clip: CLIP, tmp_path: Path) -> None:
    copy = tmp_path / "copy.pt"
    copy.write_bytes(Path(str(clip.pretrained)).read_bytes())
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    Pool(images(), embeddings=replace(clip, pretrained=copy)).take("embeddings", [0])
    assert torch.get_rng_state().equal(before[0])
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002


def test_it_is_a_plain_value() -> None:
    clip = CLIP("ViT-B-32", "openai", templates=["a {}."], store="somewhere")
    assert isinstance(clip, Frozen)
    assert eval(repr(clip)) == clip == pickle.loads(pickle.dumps(clip))  # noqa: S307
    assert hash(clip) == hash(eval(repr(clip)))  # noqa: S307
    assert clip.templates == ("a {}.",)


@walked
@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"model_name": ""}, "model_name must be a name"),
        ({"model_name": 3}, "model_name must be a name"),
        ({"pretrained": None}, "pretrained must be a tag of open_clip or the path"),
        ({"model_name": "hf-hub:a/b"}, "hf-hub:a/b brings its weights; leave pretrained out"),
        ({"templates": "a photo"}, "templates must be one of 'clipn', 'openal'"),
        ({"templates": ("a photo",)}, "'a photo'"),
        ({"negated_templates": "no"}, "negated_templates must be 'negated'"),
        ({"precision": "fp8"}, "precision must be one of"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"workers": -1}, "workers must be at least 0"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        CLIP(**{"model_name": "ViT-B-32", "pretrained": "openai", **arguments})


@pytest.mark.parametrize(
    "name, pretrained, message",
    [
        ("ViT-B-61", "openai", "no model 'ViT-B-61'; did you mean 'ViT-B-"),
        ("ViT-B-32", "laion3b", "neither a file nor a tag of 'ViT-B-32'; its tags are 'openai'"),
        ("tiny-clip", "absent.pt", "neither a file nor a tag of 'tiny-clip'; it has no tags"),
    ],
)
def test_models_that_do_not_exist_are_refused_where_they_are_used(
    name: str, pretrained: str, message: str, tiny_models: tuple[str, ...]
) -> None:
    pool = Pool(images(), embeddings=CLIP(name, pretrained))
    with pytest.raises(ArgumentError, match=message):
        pool.take("embeddings", [0])


def test_wrong_weights_are_refused(
    base_weights: Callable[[str], dict[str, Tensor]], tmp_path: Path
) -> None:
    path = tmp_path / "weights.pt"
    weights = base_weights("tiny-clip")
    del weights["ln_final.bias"]
    torch.save(weights, path)
    with pytest.raises(CheckpointError, match="cannot be loaded: "):
        CLIP("tiny-clip", path).class_texts(["cat"])
    torch.save(weights, path, _use_new_zipfile_serialization=False)
    with pytest.raises(CheckpointError, match="old pickle, which is never loaded"):
        CLIP("tiny-clip", path).class_texts(["cat"])
    with pytest.raises(CheckpointError, match="local-dir"):
        CLIP(f"local-dir:{tmp_path / 'absent'}").class_texts(["cat"])


@pytest.mark.parametrize("model_name, pretrained", [("ViT-B-32", "openai"), ("hf-hub:a/b", None)])
def test_what_cannot_be_downloaded_is_said(
    model_name: str, pretrained: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(CheckpointError, match=f"{model_name}.* cannot be loaded: "):
        CLIP(model_name, pretrained).class_texts(["cat"])


def test_a_tokenizer_that_cannot_be_had_is_said() -> None:
    with pytest.raises(OpenALError, match="the tokenizer of ViT-B-16-SigLIP"):
        tokenizer_of("ViT-B-16-SigLIP")


def test_bfloat16_changes_little(clip: CLIP) -> None:
    exact = Pool(images(), embeddings=clip).take("embeddings", range(5))
    rough = Pool(images(), embeddings=replace(clip, precision="bf16")).take("embeddings", range(5))
    assert rough.dtype == torch.float32
    assert 0 < (1 - (exact * rough).sum(dim=1)).max() < 1e-3


@pytest.mark.long
def test_nothing_heavy_is_imported_before_use() -> None:
    code = (
        "import sys; from openal.learners.clip import CLIP\n"
        "from openal.learners.clipn import CLIPN\n"
        "CLIP('ViT-B-32', 'openai'); CLIPN('a.pt');"
        "print({'open_clip', 'torchvision', 'PIL', 'safetensors'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
