import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, normalize

from openal import LabeledSet, Pool
from openal._seeds import drawing_from
from openal.commands.convert_clipn import convert, main
from openal.errors import ArgumentError, CheckpointError
from openal.learners.clip import CLIP
from openal.learners.clipn import CLIPN
from openal.learners.text_cosines import ClassCosines
from openal.model import Model
from openal.pool import Frozen
from openal.strategies import CLIPNAL

Write = Callable[[Path, dict[str, Tensor]], Path]
NAMES = ["cat", "owl", "dog"]
TEMPLATES = ("a photo of a {}.", "{} in a painting")


@pytest.fixture
def checkpoint(clipn_weights: dict[str, Tensor], published: Write, tmp_path: Path) -> Path:
    return published(tmp_path / "clipn.pt", clipn_weights)


@pytest.fixture
def clipn(checkpoint: Path) -> CLIPN:
    return CLIPN(checkpoint, "tiny-clip", templates=TEMPLATES, device="cpu")


@pytest.fixture
def base(base_file: Callable[[str], Path]) -> CLIP:
    """The CLIP that this CLIPN was trained from."""
    return CLIP("tiny-clip", base_file("tiny-clip"), templates=TEMPLATES, device="cpu")


def images() -> list[Image.Image]:
    generator = np.random.default_rng(0)
    return [Image.fromarray(generator.integers(0, 256, (32, 40, 3), np.uint8)) for _ in range(3)]


def test_images_and_yes_texts_are_those_of_its_clip(clipn: CLIPN, base: CLIP) -> None:
    found, expected = (Pool(images(), embeddings=each) for each in (clipn, base))
    torch.testing.assert_close(
        found.take("embeddings", [0, 2]), expected.take("embeddings", [0, 2])
    )
    torch.testing.assert_close(clipn.class_texts(NAMES).yes, base.class_texts(NAMES).yes)


def test_images_are_prepared_as_published(clipn: CLIPN) -> None:
    from torchvision.transforms import v2

    published = v2.Compose(
        [
            v2.Resize(32, interpolation=v2.InterpolationMode.BICUBIC),
            v2.CenterCrop(32),
            v2.RGB(),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]),
        ]
    )
    ready = Pool(
        [published(image) for image in images()], embeddings=replace(clipn, preprocess=False)
    )
    found = Pool(images(), embeddings=clipn).take("embeddings", [0, 1, 2])
    torch.testing.assert_close(found, ready.take("embeddings", [0, 1, 2]))


def test_no_texts_are_the_second_towers_for_the_same_sentences(
    clipn: CLIPN, clipn_weights: dict[str, Tensor]
) -> None:
    import open_clip

    tower = open_clip.create_model("tiny-clip", load_weights=False).eval()
    weights = dict(tower.state_dict())
    for name, value in clipn_weights.items():
        if "_no" in name and name != "prompt_no":
            weights[name.replace("_no", "", 1)] = value
    weights["positional_embedding"] = clipn_weights["positional_embedding_no"] + clipn_weights[
        "prompt_no"
    ].mean(dim=0)
    tower.load_state_dict(weights)
    tokenizer = open_clip.get_tokenizer("tiny-clip")
    for name, direction in zip(NAMES, clipn.class_texts(NAMES).no, strict=True):
        rows = tower.encode_text(tokenizer([each.replace("{}", name) for each in TEMPLATES]))
        expected = normalize(normalize(rows.detach(), dim=1).sum(dim=0), dim=0)
        torch.testing.assert_close(direction, expected, atol=1e-5, rtol=1e-5)


def test_a_converted_checkpoint_says_the_same(clipn: CLIPN, base: CLIP, tmp_path: Path) -> None:
    out = tmp_path / "no.safetensors"
    convert(Path(clipn.checkpoint), out, model_name="tiny-clip")
    assert out.stat().st_size < 0.5 * Path(clipn.checkpoint).stat().st_size
    converted = replace(clipn, checkpoint=out, pretrained=base.pretrained)
    for found, expected in zip(converted.class_texts(NAMES), clipn.class_texts(NAMES), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-6)
    found = Pool(images(), embeddings=converted).take("embeddings", [0])
    torch.testing.assert_close(found, Pool(images(), embeddings=clipn).take("embeddings", [0]))


def test_a_converted_checkpoint_refuses_another_base(
    clipn: CLIPN, base: CLIP, clipn_weights: dict[str, Tensor], tmp_path: Path
) -> None:
    out = tmp_path / "no.safetensors"
    convert(Path(clipn.checkpoint), out, model_name="tiny-clip")
    other = {k: v for k, v in clipn_weights.items() if "_no" not in k}
    other["visual.conv1.weight"] = other["visual.conv1.weight"] * 1.1
    torch.save(other, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match=r"another base than tiny-clip / .*other.pt"):
        replace(clipn, checkpoint=out, pretrained=tmp_path / "other.pt").class_texts(NAMES)


def test_a_converted_file_is_checked(clipn: CLIPN, tmp_path: Path) -> None:
    from safetensors import safe_open
    from safetensors.torch import save_file

    out = tmp_path / "no.safetensors"
    convert(Path(clipn.checkpoint), out, model_name="tiny-clip")
    with safe_open(out, framework="pt") as file:
        names, metadata = file.keys(), file.metadata()
        tensors = {k: file.get_tensor(k) for k in names}
    changes: list[tuple[dict[str, Tensor], dict[str, str], str]] = [
        ({"text_projection": torch.zeros(32, 24)}, {}, "checksum of its weights is wrong"),
        ({}, {"format": "openal-clipn-2"}, "has the format 'openal-clipn-2'"),
        ({}, {"model_name": "ViT-B-16"}, "belongs to 'ViT-B-16', not 'tiny-clip'"),
    ]
    for wrong, told, message in changes:
        save_file({**tensors, **wrong}, out, {**metadata, **told})
        with pytest.raises(CheckpointError, match=message):
            replace(clipn, checkpoint=out).class_texts(NAMES)


def test_the_command_says_what_it_wrote(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "no.safetensors"
    arguments = [str(checkpoint), "--out", str(out), "--model-name", "tiny-clip"]
    assert main(arguments) == 0
    assert str(out) in capsys.readouterr().out
    with pytest.raises(ArgumentError, match="exists already"):
        main(arguments)
    with pytest.raises(ArgumentError, match=r"must end in \.safetensors"):
        main([str(checkpoint), "--out", str(tmp_path / "no.pt")])
    with pytest.raises(ArgumentError, match="is no folder"):
        main([str(checkpoint), "--out", str(tmp_path / "absent" / "no.safetensors")])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clipn.pt", "no.safetensors"]


def test_a_failed_conversion_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"<html>")
    with pytest.raises(CheckpointError):
        main([str(tmp_path / "a.pt"), "--out", str(tmp_path / "b.safetensors")])
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


@pytest.fixture
def hand_crafted(clipn_weights: dict[str, Tensor], published: Write, tmp_path: Path) -> Path:
    weights = {name: value for name, value in clipn_weights.items() if name != "prompt_no"}
    return published(tmp_path / "hand.pt", weights)


def test_a_hand_crafted_checkpoint_wants_negated_templates(
    clipn: CLIPN, hand_crafted: Path, tmp_path: Path
) -> None:
    alone = replace(clipn, checkpoint=hand_crafted)
    with pytest.raises(CheckpointError, match=r"no prompt_no: .* Give negated_templates"):
        alone.class_texts(NAMES)
    own = replace(alone, negated_templates=("a photo of no {}.", "no {} in a painting"))
    derived = replace(alone, negated_templates="negated")
    torch.testing.assert_close(own.class_texts(NAMES).no, derived.class_texts(NAMES).no)


def test_a_converted_hand_crafted_checkpoint_stays_one(
    clipn: CLIPN, base: CLIP, hand_crafted: Path, tmp_path: Path
) -> None:
    out = tmp_path / "hand.safetensors"
    convert(hand_crafted, out, model_name="tiny-clip")
    with pytest.raises(CheckpointError, match="no prompt_no"):
        replace(clipn, checkpoint=out, pretrained=base.pretrained).class_texts(NAMES)


def test_learned_prompts_want_none(clipn: CLIPN) -> None:
    with pytest.raises(ArgumentError, match="leave negated_templates out"):
        replace(clipn, negated_templates="negated").class_texts(NAMES)


def test_a_no_tower_like_the_yes_tower_is_refused(
    clipn: CLIPN, clipn_weights: dict[str, Tensor], published: Write, tmp_path: Path
) -> None:
    copy = {
        name: clipn_weights.get(name.replace("_no", "", 1), value)
        for name, value in clipn_weights.items()
    }
    copy["prompt_no"] = torch.full_like(clipn_weights["prompt_no"], 1e-5)
    path = published(tmp_path / "copy.pt", copy)
    with pytest.raises(CheckpointError, match="no tower identical to the yes tower"):
        replace(clipn, checkpoint=path).class_texts(NAMES)
    assert cosine_similarity(*clipn.class_texts(NAMES)).mean() < 0.9


def test_a_damaged_checkpoint_is_refused_where_it_is_used(clipn: CLIPN) -> None:
    path = Path(clipn.checkpoint)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(CheckpointError, match="damaged or not complete"):
        Pool(images(), embeddings=clipn).take("embeddings", [0])
    with pytest.raises(CheckpointError, match="is no file"):
        replace(clipn, checkpoint=path.with_name("absent.pt")).class_texts(NAMES)


def test_a_pool_of_images_gives_both_cosines(clipn: CLIPN) -> None:
    labeled = LabeledSet(3, classes=NAMES)
    fitted = ClassCosines(clipn).fit(Pool(images(), embeddings=clipn), labeled)
    pool = Pool(images(), embeddings=clipn, yes_cosines=fitted, no_cosines=fitted)
    yes, no = (pool.take(name, range(3)) for name in ("yes_cosines", "no_cosines"))
    assert yes.shape == no.shape == (3, 3)
    assert not torch.allclose(yes, no)


def test_it_is_a_plain_value() -> None:
    clipn = CLIPN("clipn.pt")
    assert isinstance(clipn, Frozen)
    assert eval(repr(clipn)) == clipn == pickle.loads(pickle.dumps(clipn))  # noqa: S307
    assert (clipn.model_name, clipn.pretrained) == ("ViT-B-16", "laion2b_s34b_b88k")


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"checkpoint": ""}, "checkpoint must be the path of a file"),
        ({"checkpoint": None}, "checkpoint must be the path of a file"),
        ({"pretrained": None}, "pretrained must be a tag"),
        ({"templates": ()}, "templates must be"),
        ({"negated_templates": "clipn"}, "negated_templates must be 'negated'"),
        ({"precision": 16}, "precision must be one of"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        CLIPN(**{"checkpoint": "clipn.pt", **arguments})


# --- the network wants normalized tensors, CLIPN wants pictures


def normalized(picture: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(picture)).float().permute(2, 0, 1) / 64 - 2


def network() -> nn.Module:
    with drawing_from(0):
        return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 40, 2))


def test_each_of_a_network_and_an_encoder_reads_its_own_view(clipn: CLIPN) -> None:
    labeled = LabeledSet(3, classes=["cat", "dog"])
    tensors = Pool(
        [normalized(picture) for picture in images()],
        embeddings=replace(clipn, items=images()),
    )
    pictures = Pool(images(), embeddings=clipn)
    one = CLIPNAL(clipn).query(tensors, labeled, budget=2, model=network())
    other = CLIPNAL(clipn).query(
        pictures, labeled, budget=2, model=Model(network(), transform=normalized)
    )
    assert one.indices.tolist() == other.indices.tolist()
    torch.testing.assert_close(one.informativeness, other.informativeness)


def test_a_query_about_pictures_with_a_bare_network_names_the_way(clipn: CLIPN) -> None:
    pool, labeled = Pool(images(), embeddings=clipn), LabeledSet(3, classes=["cat", "dog"])
    with pytest.raises(ArgumentError, match=r"model=Model\(network, transform="):
        CLIPNAL(clipn).query(pool, labeled, budget=2, model=network())
