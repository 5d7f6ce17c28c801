"""`openal label`: a project on the page, and what is said where it cannot be."""

import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from openal.cli import main
from openal.commands import label
from openal.commands.label import work_of
from openal.label._desk import Desk
from openal.label._posts import Post
from openal.store import build_store

project = pytest.importorskip("openal.project", reason="openal.project is not there yet")


class Rows:
    """Images as the store encodes them: their numbers."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> Any:
        import torch

        return torch.from_numpy(np.random.default_rng(index).normal(size=8).astype(np.float32))


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A project of twelve images, with embeddings."""
    (tmp_path / "photos").mkdir()
    for index in range(12):
        image = Image.new("RGB", (20, 20), (20 * index, 0, 0))
        image.save(tmp_path / "photos" / f"{index:02}.png")
    made = project.Project.create(tmp_path / "p", tmp_path / "photos", ["cat", "dog"], budget=4)
    made.fixed_names()
    build_store(made.store_folder, Rows(12), lambda batch: batch, fingerprint={"encoder": "rows"})
    monkeypatch.chdir(made.folder)
    return made


def test_a_project_is_asked_about_on_the_page(made: Any) -> None:
    work = work_of(made)
    desk = Desk(work)
    desk.open()
    desk.rounds.wait(60)
    (question,) = desk.look(Post("window-one", hold=1))["held"]
    assert question["name"] == made.names[question["index"]]
    assert work.path_of(question["index"]).is_file()
    assert "of the 4 of this round" in question["why"]
    desk.answer(Post("window-one", serial=1, hold=1, answers=((question["index"], 1),)))
    assert made.labeled().known_indices.tolist() == [question["index"]]
    assert work.title == "p" and len(made.labeled().pending_indices) == 3


def test_a_class_that_is_added_is_in_the_project_and_in_the_next_round(made: Any) -> None:
    work = work_of(made)
    if work.add_class is None:
        pytest.skip("this ledger cannot add classes")
    work.add_class("snowy owl")
    assert project.Project.find().classes == ("cat", "dog", "snowy owl") == work.labeled.classes
    work.ask()
    work.labeled.refresh()
    assert len(work.labeled.pending_indices) == 4
    assert work.reasons().keys() == {*work.labeled.pending_indices.tolist()}


def test_the_first_optimizer_is_made_while_people_answer(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()
    monkeypatch.setattr(label, "first_optimizer", begun.set)
    desk = Desk(work_of(made))
    desk.open()
    desk.rounds.wait(60)
    assert begun.wait(60)


def test_after_the_first_optimizer_no_other_one_imports_anything() -> None:
    label.first_optimizer()
    before = {*sys.modules}
    torch.optim.LBFGS([torch.zeros(1)])
    assert {*sys.modules} == before


def test_without_embeddings_it_says_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photos").mkdir()
    made = project.Project.create(tmp_path / "p", tmp_path / "photos", ["cat", "dog"])
    monkeypatch.chdir(made.folder)
    assert main(["label", "--no-browser"]) == 2
    assert "type openal embed" in capsys.readouterr().err


def test_the_address_is_printed_and_then_the_next_command(
    made: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(server: Any, sockets: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("uvicorn.Server.run", interrupted)
    assert main(["label", "--port", "0", "--no-browser"]) == 0
    first, _, last = capsys.readouterr().out.splitlines()
    assert first.startswith("Label 12 images: http://127.0.0.1:")
    assert last == "Next: openal status"
