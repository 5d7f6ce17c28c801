"""Where results may be written."""

import shutil
from pathlib import Path

import pytest

from openal.errors import ArgumentError
from openal.project import Project
from openal.project._outputs import require_imported, require_not_ours, require_output
from tests.project.made import begun_project, write_answers


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = begun_project(tmp_path)
    project.labeled()
    return project


@pytest.mark.parametrize("name", ["a.txt", "answers.db", "a", "a.csv.part"])
def test_another_ending_is_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match=r"must end in \.csv, got"):
        require_output(Path(name), (".csv",))


OURS = (
    "openal.toml",
    "images.json",
    "answers.db",
    "classifier.safetensors",
    "classifier.json",
    "embeddings/manifest.json",
)


@pytest.mark.parametrize("name", OURS)
def test_a_file_of_the_project_is_refused(project: Project, name: str) -> None:
    path = project.folder / name
    project.store_folder.mkdir()
    path.touch()
    with pytest.raises(ArgumentError, match="a file of the project itself"):
        require_not_ours(project.folder / "embeddings" / ".." / name, project)


def test_the_table_of_images_is_refused(project: Project) -> None:
    table = project.folder / "list.csv"
    table.write_text("file\n../photos/000.png\n")
    with pytest.raises(ArgumentError, match="a file of the project itself"):
        require_not_ours(table, project.using(images="list.csv"))


def test_a_file_beside_them_is_fine(project: Project) -> None:
    shutil.copy(project.folder / "images.json", project.folder / "other.json")
    require_not_ours(project.folder / "other.json", project)
    require_not_ours(project.folder / "new.json", project)


ROW = ("003.png", "zero")


@pytest.mark.parametrize("row", [ROW, ("003.png", "typed wrong"), ("003.png", "SKIPPED")])
def test_a_table_that_was_filled_in_and_not_imported_is_refused(
    project: Project, row: tuple[str, str]
) -> None:
    table = write_answers(project.folder / "q.csv", [("000.png", ""), row])
    with pytest.raises(ArgumentError, match="not in the project yet"):
        require_imported(table, project)


def test_an_answer_that_was_changed_in_the_table_is_not_lost(project: Project) -> None:
    project.labeled().add([3], [1])
    with pytest.raises(ArgumentError, match="not in the project yet"):
        require_imported(write_answers(project.folder / "q.csv", [ROW]), project)


def test_tables_that_hold_nothing_new_may_be_replaced(project: Project) -> None:
    project.labeled().add([3], [0])
    require_imported(write_answers(project.folder / "q.csv", [ROW, ("000.png", "")]), project)
    (project.folder / "other.csv").write_text("x,y\n1,2\n")
    require_imported(project.folder / "other.csv", project)
    require_imported(project.folder / "none.csv", project)
