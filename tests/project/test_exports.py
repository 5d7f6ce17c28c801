"""Answers for other programs: tables, folders of links, lists."""

import csv
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from openal.errors import ArgumentError, MissingPackageError
from openal.project import Project
from openal.project._exports import (
    Answer,
    answers_csv,
    answers_parquet,
    exported_answers,
    image_folder,
    yolo_folder,
)
from tests.project.made import begun_project, embedded_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = begun_project(tmp_path)
    project.labeled().add([5, 1, 2, 3], [0, 1, -1, -2], annotator="ada")
    return project


def files(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()
    )


def test_a_table_has_every_answer_by_name(project: Project, tmp_path: Path) -> None:
    answers_csv(project, exported_answers(project), tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = [*csv.DictReader(file)]
    found = [(row["file"], row["class"], row["annotator"]) for row in rows]
    assert found == [
        ("005.png", "zero", "ada"),
        ("001.png", "one", "ada"),
        ("002.png", "UNKNOWN", "ada"),
        ("003.png", "SKIPPED", "ada"),
    ]


def test_rounds_are_counted_as_in_the_status(tmp_path: Path) -> None:
    project = embedded_project(tmp_path)
    for _ in range(2):
        asked, labeled = project.query(2).indices, project.labeled()
        labeled.add(asked, [0, 1])
    labeled.add(labeled.unlabeled_indices[:1], [0])
    rounds = [answer.round for answer in exported_answers(project)]
    assert rounds == ["1", "1", "2", "2", ""]


def test_parquet_has_the_same(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[pd.DataFrame] = []

    def to_parquet(frame: pd.DataFrame, path: Path) -> None:
        written.append(frame)
        path.write_bytes(b"PAR1")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", to_parquet)
    answers_parquet(project, exported_answers(project), tmp_path / "a.parquet")
    assert written[0]["class"].tolist() == ["zero", "one", "UNKNOWN", "SKIPPED"]
    assert [path.name for path in tmp_path.glob("*a.parquet*")] == ["a.parquet"]


def test_parquet_without_its_packages_says_what_to_install(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(*_: Any) -> None:
        raise ImportError("no engine")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", absent)
    with pytest.raises(MissingPackageError, match=r'pip install "openal\[parquet\]"'):
        answers_parquet(project, exported_answers(project), tmp_path / "a.parquet")
    assert not (tmp_path / "a.parquet").exists()


def test_a_folder_per_class_with_links(project: Project, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert image_folder(project, exported_answers(project), out) == 2
    assert files(out) == ["one/001.png", "zero/005.png"]
    assert (out / "zero" / "005.png").is_symlink()
    assert (out / "zero" / "005.png").resolve() == tmp_path / "photos" / "005.png"


def test_unknown_is_a_folder_where_that_is_asked(project: Project, tmp_path: Path) -> None:
    image_folder(project, exported_answers(project), tmp_path / "out", unknown=True)
    assert "UNKNOWN/002.png" in files(tmp_path / "out")


def test_where_links_cannot_be_there_are_copies(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(Path, "symlink_to", refused)
    image_folder(project, exported_answers(project), tmp_path / "out")
    copied = tmp_path / "out" / "zero" / "005.png"
    assert not copied.is_symlink()
    assert copied.read_bytes() == (tmp_path / "photos" / "005.png").read_bytes()


@pytest.mark.parametrize("name", ["..", "a/../b", "/etc", "c:\\x", "con\0"])
def test_no_class_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    begun_project(tmp_path)
    project = Project(tmp_path / "project", "../photos", (name, "other"))
    answers = [Answer(0, "000.png", name, "", 0, "")]
    image_folder(project, answers, tmp_path / "out")
    (made,) = (tmp_path / "out").rglob("*.png")
    assert made.parent.parent == tmp_path / "out"


@pytest.mark.parametrize("file", ["../photos/000.png", "/photos/000.png", "a/../../000.png"])
def test_no_image_leads_out_of_the_folder(tmp_path: Path, file: str) -> None:
    project = begun_project(tmp_path)
    image_folder(project, [Answer(0, file, "zero", "", 0, "")], tmp_path / "out")
    assert files(tmp_path / "out") == ["zero/0-000.png"]


def test_classes_that_would_share_a_folder_are_refused(tmp_path: Path) -> None:
    begun_project(tmp_path)
    project = Project(tmp_path / "project", "../photos", ("a/b", "a_b"))
    with pytest.raises(ArgumentError, match="same name"):
        image_folder(project, [], tmp_path / "out")


def test_a_folder_that_is_there_is_left_as_it_is(project: Project, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(ArgumentError, match="is there already"):
        image_folder(project, exported_answers(project), tmp_path / "out")
    assert files(tmp_path / "out") == ["mine"]


def test_after_an_interrupt_the_folder_is_made_anew(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(os, "symlink", interrupted)
        with pytest.raises(KeyboardInterrupt):
            image_folder(project, exported_answers(project), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    image_folder(project, exported_answers(project), tmp_path / "out")
    assert len(files(tmp_path / "out")) == 2


def test_yolo_has_every_fifth_of_a_class_for_validation(tmp_path: Path) -> None:
    project = begun_project(tmp_path)
    project.labeled().add(range(10), [0] * 10)
    assert yolo_folder(project, exported_answers(project), tmp_path / "out") == 10
    assert [name for name in files(tmp_path / "out") if name.startswith("val")] == [
        "val/zero/004.png",
        "val/zero/009.png",
    ]
