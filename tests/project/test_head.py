"""The classifier of a project: plain numbers that say what the learners said, in one file."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from openal.errors import ArgumentError, CheckpointError
from openal.learners import CalibratedDetector
from openal.project import Head, Project
from openal.project.head import trained_head
from tests.project.made import answer, embedded_project

CARD = {"classes": ["zero", "one", "two"], "encoder": "some"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = embedded_project(tmp_path)
    project.query(budget=60, seed=0)
    answer(project)
    return project


def head_of(project: Project) -> Head:
    return trained_head(project.pool(), project.labeled(), CARD)


@pytest.mark.long
def test_it_says_what_the_learners_say(project: Project) -> None:
    pool, everything = project.pool(), np.arange(120)
    probs, known = head_of(project).predict(project.embeddings())
    logits = project.classifier().signals(pool, everything, ("logits",))["logits"]
    fitted = CalibratedDetector().fit(pool, project.labeled(), progress=False)
    odds = fitted.signals(pool, everything)["known_log_odds"]
    torch.testing.assert_close(probs.float(), logits.softmax(dim=1), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(known.float(), odds.sigmoid().float(), rtol=1e-4, atol=1e-5)


def test_a_file_says_the_same_and_keeps_the_card(project: Project, tmp_path: Path) -> None:
    head = head_of(project)
    head.save(tmp_path / "head.safetensors")
    kept = Head.load(tmp_path / "head.safetensors")
    assert kept.card == CARD and kept.classes == project.classes
    for mine, theirs in zip(
        head.predict(project.embeddings()), kept.predict(project.embeddings()), strict=True
    ):
        assert torch.equal(mine, theirs)


def test_anybody_can_read_the_numbers(project: Project, tmp_path: Path) -> None:
    head_of(project).save(tmp_path / "head.safetensors")
    shapes = {name: tuple(x.shape) for name, x in load_file(tmp_path / "head.safetensors").items()}
    assert shapes == {
        "class.weight": (3, 16),
        "class.bias": (3,),
        "detector.weight": (4, 16),
        "detector.bias": (4,),
        "known.slope": (),
        "known.offset": (),
    }


def test_without_an_unknown_answer_every_image_may_be_known(tmp_path: Path) -> None:
    project = embedded_project(tmp_path)
    project.labeled().add([0, 1, 2], [0, 1, 2])
    assert head_of(project).predict(project.embeddings())[1].unique().tolist() == [0.5]


def test_without_an_answer_it_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="no answer yet that names a class"):
        head_of(embedded_project(tmp_path))


def test_another_file_is_no_classifier(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match="is no classifier of openal"):
        Head.load(path)
    save_file({"x": torch.zeros(1)}, path, {"format": "openal classifier 1", "card": "[]"})
    with pytest.raises(CheckpointError, match="is no classifier of openal"):
        Head.load(path)


SMALL_CARD = {"classes": ["a", "b"], "answers": {"a": 1}}
TENSORS = {
    "class.weight": torch.zeros(2, 4).double(),
    "class.bias": torch.zeros(2).double(),
    "detector.weight": torch.zeros(3, 4).double(),
    "detector.bias": torch.zeros(3).double(),
    "known.slope": torch.tensor(1.0).double(),
    "known.offset": torch.tensor(0.0).double(),
}
BROKEN: dict[str, tuple[dict[str, torch.Tensor], object]] = {
    "a list for a card": ({}, [1]),
    "classes that are no names": ({}, {**SMALL_CARD, "classes": [1, 2]}),
    "another number of classes": ({}, {**SMALL_CARD, "classes": ["a"]}),
    "answers that are a text": ({}, {**SMALL_CARD, "answers": "x"}),
    "counts that are texts": ({}, {**SMALL_CARD, "answers": {"a": "x"}}),
    "no number": ({"class.bias": torch.full((2,), torch.nan).double()}, SMALL_CARD),
    "single precision": ({"class.bias": torch.zeros(2)}, SMALL_CARD),
    "many slopes": ({"known.slope": torch.ones(5).double()}, SMALL_CARD),
    "one number for a matrix": ({"class.weight": torch.tensor(1.0).double()}, SMALL_CARD),
    "a detector of another width": ({"detector.weight": torch.zeros(3, 5).double()}, SMALL_CARD),
}


def test_the_broken_ones_are_whole_but_for_what_is_broken(tmp_path: Path) -> None:
    Head(TENSORS, SMALL_CARD).save(tmp_path / "a.safetensors")
    assert Head.load(tmp_path / "a.safetensors").classes == ("a", "b")


@pytest.mark.parametrize("tensors, card", BROKEN.values(), ids=BROKEN)
def test_a_damaged_classifier_is_none(
    tmp_path: Path, tensors: dict[str, torch.Tensor], card: dict[str, object]
) -> None:
    Head({**TENSORS, **tensors}, card).save(tmp_path / "a.safetensors")
    with pytest.raises(CheckpointError, match="is no classifier of openal"):
        Head.load(tmp_path / "a.safetensors")
