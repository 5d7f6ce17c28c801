"""The classes of a project as texts: where an encoder knows texts, they say where to begin."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from openal.learners import CLIP
from openal.learners.clip import CLIP as Loaded
from openal.project import Project
from openal.project._class_texts import class_texts
from openal.project.reasons import query_basis
from tests.project.made import begun_project, run


@pytest.fixture
def encoder(base_file: Callable[[str], Path]) -> str:
    return f"clip:tiny-clip/{base_file('tiny-clip')}"


def test_they_are_the_directions_of_the_names(encoder: str, tmp_path: Path) -> None:
    texts = class_texts(encoder, ("cat", "snowy_owl"), tmp_path)
    assert texts is not None
    path = encoder.partition("/")[2]
    expected = (
        CLIP("tiny-clip", path, templates=("a photo of a {}.",))
        .class_texts(["cat", "snowy owl"])
        .yes
    )
    torch.testing.assert_close(texts[0], expected)
    assert texts[1].shape[0] > 2000


def test_they_are_computed_once(
    encoder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = class_texts(encoder, ("cat", "dog"), tmp_path)
    monkeypatch.setattr(Loaded, "_model", lambda _: pytest.fail("the network was loaded again"))
    again = class_texts(encoder, ("cat", "dog"), tmp_path)
    assert first is not None and again is not None
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])


def test_a_damaged_file_of_them_is_made_anew(encoder: str, tmp_path: Path) -> None:
    first = class_texts(encoder, ("cat", "dog"), tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(b"no tensors")
    again = class_texts(encoder, ("cat", "dog"), tmp_path)
    assert first is not None and again is not None and torch.equal(first[0], again[0])


def test_where_the_weights_are_gone_a_warning_says_so(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="the class names are not used as texts"):
        assert class_texts("clip:tiny-clip/nowhere.pt", ("cat",), tmp_path) is None


@pytest.mark.parametrize("encoder", [None, "offline", "timm:resnet18", "mine:make"])
def test_other_encoders_know_no_texts(encoder: str | None, tmp_path: Path) -> None:
    assert class_texts(encoder, ("cat",), tmp_path) is None


@pytest.mark.long
def test_a_project_of_clip_begins_with_its_texts(
    encoder: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    project = begun_project(tmp_path, encoder=encoder)
    monkeypatch.chdir(project.folder)
    run("embed", "--device", "cpu", "--workers", "0")
    assert "known to the encoder, as texts" in capsys.readouterr().out
    found = Project.find()
    assert query_basis(found) == "no answers yet: chosen by the names of the classes as texts"
    query = found.query(seed=0)
    assert query.purity is not None and len(query.purity.unique()) > 1
