"""Answers in a table: as spreadsheets write it, all of them or none."""

from pathlib import Path

import pytest

from openal._keys import Keys
from openal.errors import AnswerError, ArgumentError
from openal.labeled import SKIPPED, UNKNOWN
from openal.project import Project, read_answers
from openal.project._tables import csv_table
from openal.project.answer_table import record
from tests.project.made import begun_project, write_answers


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return begun_project(tmp_path)


def rename(project: Project, *names: str) -> None:
    """As if the images of the project had these names."""
    project.__dict__.update(names=names, keys=Keys.of(names))


ROWS = [("003.png", "zero"), ("001.png", "UNKNOWN"), ("002.png", "SKIPPED"), ("000.png", "two")]
INDICES, LABELS = (3, 1, 2, 0), (0, UNKNOWN, SKIPPED, 2)


def test_each_row_is_an_answer(project: Project, tmp_path: Path) -> None:
    answers = read_answers(write_answers(tmp_path / "a.csv", ROWS), project)
    assert (answers.indices, answers.labels, answers.empty) == (INDICES, LABELS, 0)


TEXTS = {
    "Excel in Germany": "\ufefffile;class\r\n003.png;zero\r\n",
    "tabs": "class\tfile\nzero\t003.png\n",
    "a row without a class": "id,file,why,class\n1,003.png,x,zero\n2,004.png,y,\n,,,\n",
    "quotes and spaces": '"file", class\n"003.png"," zero"\n',
    "guarded": "file,class\n'003.png,'zero\n",
    "empty lines first": "\r\n\r\nfile;class\r\n003.png;zero\r\n",
    "the same twice": "file,class\n003.png,zero\n003.png,zero\n",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_as_other_programs_write_it(project: Project, tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_bytes(text.encode())
    answers = read_answers(tmp_path / "a.csv", project)
    assert (answers.indices, answers.labels) == ((3,), (0,))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_in_the_encodings_of_excel(tmp_path: Path, encoding: str) -> None:
    begun_project(tmp_path)
    project = Project.create(tmp_path / "other", "../photos", ["Müll"])
    table = write_answers(tmp_path / "a.csv", [("003.png", "Müll")], encoding=encoding)
    assert read_answers(table, project).labels == (0,)


@pytest.mark.parametrize("name", ["=1+1.png", "'quoted.png", "a,b\nc.png", "\udcff.png"])
def test_a_name_comes_back_as_it_was_written(tmp_path: Path, name: str) -> None:
    project = begun_project(tmp_path)
    rename(project, "other.png", name)
    (tmp_path / "a.csv").write_bytes(csv_table([("file", "class"), (name, "two")]))
    assert read_answers(tmp_path / "a.csv", project).indices == (1,)


def test_slashes_of_windows_are_read(tmp_path: Path) -> None:
    project = begun_project(tmp_path)
    rename(project, "in/a.png")
    table = write_answers(tmp_path / "a.csv", [("in\\a.png", "two")])
    assert read_answers(table, project).indices == (0,)


BAD: list[tuple[str, str]] = [
    ("", "is empty; the columns file and class were expected"),
    ("file,klass\n003.png,zero\n", "has no column 'class'; .* is 'file, klass'"),
    ("003.png,zero\n", "has no column 'file'"),
    ("file,class\n003.png,zero\nx.png,zero\n", "line 3: there is no image 'x.png'; names are"),
    ("file,class\n003.png,Zero\n", "line 2: there is no class 'Zero'; there are zero, one, two"),
    ("file,class\n003.png,unknown\n", "line 2: there is no class 'unknown'"),
    ("file,class\n003.png,zero\n\n003.png,one\n", "line 4: '003.png' has another class in line 2"),
]


@pytest.mark.parametrize("text, message", BAD, ids=[message for _, message in BAD])
def test_the_first_row_that_cannot_be_is_named(
    project: Project, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ArgumentError, match=message):
        read_answers(tmp_path / "a.csv", project)


def test_what_is_new_and_what_differs(project: Project, tmp_path: Path) -> None:
    labeled = project.labeled()
    labeled.add([3, 1], [0, 2])
    answers = read_answers(write_answers(tmp_path / "a.csv", ROWS), project)
    assert answers.new(labeled).indices == (2, 0)
    assert answers.changed(labeled).indices == (1,)
    assert answers.counts(project.classes) == {"zero": 1, "two": 1, "UNKNOWN": 1, "SKIPPED": 1}


def test_recorded_in_the_place_of_others_only_where_that_is_said(
    project: Project, tmp_path: Path
) -> None:
    labeled = project.labeled()
    labeled.add([3], [1])
    answers = read_answers(write_answers(tmp_path / "a.csv", ROWS), project)
    record(labeled, answers, relabel=False, annotator="ada")
    assert labeled.counts == {"zero": 0, "one": 1, "two": 1, "UNKNOWN": 1, "SKIPPED": 1}
    record(labeled, answers, relabel=True, annotator="bob")
    assert labeled.counts == {"zero": 1, "one": 0, "two": 1, "UNKNOWN": 1, "SKIPPED": 1}
    assert labeled.annotators == {3: "bob", 1: "ada", 2: "ada", 0: "ada"}


@pytest.mark.parametrize("policy", ["first", "ask"])
@pytest.mark.parametrize("annotator", [None, "dan"])
def test_relabel_is_the_last_word_where_annotators_disagree(
    project: Project, tmp_path: Path, policy: str, annotator: str | None
) -> None:
    labeled = project.labeled()
    labeled.set_policy(policy)
    labeled.add([3], [0], annotator="ada")
    labeled.add([3], [1], annotator="bob")
    answers = read_answers(write_answers(tmp_path / "a.csv", [("003.png", "zero")]), project)
    record(labeled, answers, relabel=True, annotator=annotator)
    assert not labeled.disagreements
    assert labeled.counts == {"zero": 1, "one": 0, "two": 0, "UNKNOWN": 0, "SKIPPED": 0}


def test_a_table_that_is_not_there(project: Project, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="cannot be read"):
        read_answers(tmp_path / "none.csv", project)


def test_an_error_says_that_nothing_was_recorded(project: Project, tmp_path: Path) -> None:
    table = write_answers(tmp_path / "a.csv", [("003.png", "zero"), ("x", "zero")])
    with pytest.raises(AnswerError, match="Nothing was recorded"):
        read_answers(table, project)


def test_of_two_names_that_differ_by_a_guard_each_gets_its_answer(tmp_path: Path) -> None:
    project = begun_project(tmp_path)
    names = ("=1.png", "'=1.png", "''=1.png")
    rename(project, *names)
    pairs = zip(names, project.classes, strict=True)
    (tmp_path / "a.csv").write_bytes(csv_table([("file", "class"), *pairs]))
    answers = read_answers(tmp_path / "a.csv", project)
    assert (answers.indices, answers.labels) == ((0, 1, 2), (0, 1, 2))


NO_TABLES = {
    "a workbook": (b"PK\x03\x04...", "save it as CSV"),
    "an old workbook": (b"\xd0\xcf\x11\xe0...", "save it as CSV"),
    "two columns of classes": (b"file,class,class\n003.png,,zero\n", "two columns 'class'"),
    "an open quote": (b'file,class,why\n003.png,zero,"x\n001.png,one,y\n', "is a quote open"),
    "a cell without end": (b"file,class,why\n003.png,zero," + b"x" * 200_000, "line 2"),
}


@pytest.mark.parametrize("content, message", NO_TABLES.values(), ids=NO_TABLES)
def test_what_would_lose_rows_is_refused(
    project: Project, tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(ArgumentError, match=message):
        read_answers(tmp_path / "a.csv", project)
