"""A project whose folder changes: `openal embed` again, and what the other commands know of it."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from openal.cli import main
from openal.commands.label import work_of
from openal.project import Project, project_status
from openal.project._replaced import stale_answers
from openal.store import _writing
from tests.project.made import answer, begun_project, run, write_answers

Capture = pytest.CaptureFixture[str]
QUICK = ["--device", "cpu", "--workers", "0"]
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("embedded")
    project = begun_project(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.folder)
        run("embed", *QUICK)
    return folder


def photo(here: Path, name: str) -> Path:
    return here.parent / "photos" / name


def files(path: Path) -> list[str]:
    with path.open(newline="") as file:
        return [row["file"] for row in csv.DictReader(file)]


def test_it_says_what_it_found(here: Path, capsys: Capture) -> None:
    photo(here, "000.png").rename(photo(here, "moved.png"))
    photo(here, "001.png").unlink()
    shutil.copy(photo(here, "002.png"), photo(here, "003.png"))
    for number in range(5):
        shutil.copy(photo(here, "004.png"), photo(here, f"new{number}.png"))
    run("embed", *QUICK)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "124 images of ../photos"
    assert said[1] == "5 images new: new0.png, new1.png, new2.png, ... and 2 more"
    assert said[2] == (
        "1 image renamed, with the embedding and the answer of before: 000.png -> moved.png"
    )
    assert said[3] == "1 image replaced by other bytes, and embedded anew: 003.png"
    assert said[4] == "1 image gone; answers stay, and no query asks: 001.png"
    run("embed", *QUICK)
    assert "renamed" not in (out := capsys.readouterr().out) and " new" not in out


def test_the_answers_stay_with_the_images_and_the_ledger_grows(here: Path) -> None:
    rows = [("000.png", "zero"), ("001.png", "one"), ("002.png", "two")]
    run("import", str(write_answers(here / "a.csv", rows)))
    photo(here, "000.png").rename(photo(here, "zzz.png"))
    shutil.copy(photo(here, "005.png"), photo(here, "000.png"))
    photo(here, "001.png").unlink()
    run("embed", *QUICK)
    run("import", str(write_answers(here / "b.csv", [("000.png", "UNKNOWN")])))
    run("export", "--out", "c.csv")
    with (here / "c.csv").open(newline="") as file:
        said = {row["file"]: row["class"] for row in csv.DictReader(file)}
    assert said == {"zzz.png": "zero", "002.png": "two", "000.png": "UNKNOWN"}
    assert project_status(Project.find()).counts["one"] == 1  # of one that is gone


def test_what_is_gone_is_left_out_of_all_but_learning(here: Path, capsys: Capture) -> None:
    run("query", "--budget", "12")
    answer(Project.find())
    asked = Project.find().labeled().known_indices.tolist()
    names = Project.find().names
    spare = names[int(Project.find().labeled().unlabeled_indices[0])]
    photo(here, names[asked[0]]).unlink()
    photo(here, spare).unlink()
    run("embed", *QUICK)
    run("train")
    capsys.readouterr()
    run("predict", "--out", "p.csv")
    assert "2 images gone since: left out." in capsys.readouterr().out
    assert len(files(here / "p.csv")) == 118 and spare not in files(here / "p.csv")
    run("export", "--out", "e.csv")
    assert "1 answer about images that are gone: left out." in capsys.readouterr().out
    assert len(files(here / "e.csv")) == 11
    run("status")
    out = capsys.readouterr().out
    assert "118 images, encoder" in out and "2 images gone since: answers count" in out
    assert len(Project.find().labeled()) == 12


def test_an_open_round_does_not_wait_for_what_is_gone(here: Path) -> None:
    run("query", "--budget", "4")
    pending = Project.find().labeled().pending_indices.tolist()
    photo(here, Project.find().names[pending[1]]).unlink()
    run("embed", *QUICK)
    assert Project.find().labeled().pending_indices.tolist() == [pending[i] for i in (0, 2, 3)]
    for index in pending:
        photo(here, Project.find().names[index]).unlink(missing_ok=True)
    run("embed", *QUICK)
    assert not len(Project.find().labeled().pending_indices)
    assert not {*pending} & {*Project.find().query(seed=0).indices.tolist()}


@pytest.mark.parametrize("with_keys", [True, False])
def test_a_table_of_before_is_about_the_images_that_were_asked(here: Path, with_keys: bool) -> None:
    run("query", "--budget", "4", "--out", "q.csv")
    asked = Project.find(here).labeled().pending_indices.tolist()
    with open("q.csv", newline="") as file:
        rows = [*csv.reader(file)]
    one, two, three = (photo(here, row[0]) for row in rows[1:4])
    three.rename(photo(here, "renamed.png"))
    if with_keys:  # without, nothing tells what a name stood for
        one.rename(photo(here, "x"))
        two.rename(one)
        photo(here, "x").rename(two)
    run("embed", *QUICK)
    named = dict(zip([row[0] for row in rows[1:]], ("zero", "one", "two", "UNKNOWN"), strict=True))
    filled = [[row[0], named.get(row[0], "class"), row[-1]] for row in rows]
    with open("q.csv", "w", newline="") as file:
        csv.writer(file).writerows(filled if with_keys else [row[:2] for row in filled])
    first = {name: at for at, name in enumerate(Project.find(here).keys)}
    run("import", "q.csv")
    labeled = Project.find(here).labeled()
    labels = dict(zip(labeled.known_indices.tolist(), labeled.known_labels.tolist(), strict=True))
    assert labels == {first[name]: at for at, name in enumerate([*named][:3])}
    assert sorted([*labels, *labeled.unknown_indices.tolist()]) == sorted(asked)


def test_answers_of_before_an_image_was_replaced_are_flagged_and_asked_again(
    here: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [("000.png", "zero"), ("001.png", "one")]
    run("import", str(write_answers(here / "a.csv", rows)))
    shutil.copy(photo(here, "007.png"), photo(here, "000.png"))
    later = _writing.now_ns() + 5 * 10**9
    monkeypatch.setattr(_writing, "now_ns", lambda: later)
    run("embed", *QUICK)
    assert "1 answer of before the image was replaced: 000.png. openal query --replaced" in (
        capsys.readouterr().out
    )
    run("status")
    assert "1 answer of before the image was replaced: 000.png." in capsys.readouterr().out
    run("query", "--replaced")
    assert Project.find().labeled().pending_indices.tolist() == [0]
    assert stale_answers(Project.find()) == []
    assert main(["query", "--replaced"]) == 2
    assert "no answer is about an image that was replaced since" in capsys.readouterr().err


def test_embeddings_that_were_removed_are_made_anew_in_the_same_order(here: Path) -> None:
    run("import", str(write_answers(here / "a.csv", [("000.png", "zero")])))
    photo(here, "000.png").rename(photo(here, "zzz.png"))
    photo(here, "001.png").unlink()
    run("embed", *QUICK)
    before = Project.find()
    rows = before.embeddings()[:]
    shutil.rmtree(here / "embeddings")
    run("embed", *QUICK)
    now = Project.find()
    assert (now.names, now.keys, now.retired) == (before.names, before.keys, before.retired)
    there = [row for row in range(120) if row not in now.retired]
    np.testing.assert_array_equal(now.embeddings()[there], rows[there])
    assert now.labeled().known_indices.tolist() == [0]


def test_the_page_shows_images_that_came_meanwhile(here: Path) -> None:
    work = work_of(Project.find())
    assert len(work.names) == 120
    shutil.copy(photo(here, "004.png"), photo(here, "new.png"))
    photo(here, "000.png").rename(photo(here, "zzz.png"))
    run("embed", *QUICK)
    assert (len(work.names), work.names[120], work.names[0]) == (121, "new.png", "zzz.png")
    assert work.path_of(0) == photo(here, "zzz.png").resolve()


def test_a_read_error_that_passes_leaves_no_trace(
    here: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise OSError(24, "Too many open files")

    shutil.copy(photo(here, "004.png"), photo(here, "new.png"))
    with monkeypatch.context() as patch:
        patch.setattr("openal.store.images.read_image", failing)
        run("embed", *QUICK)
    assert "1 image could not be read" in capsys.readouterr().out
    run("embed", *QUICK)
    assert "could not be read" not in capsys.readouterr().out
    assert not len(Project.find().unreadable)


def test_all_images_are_read_where_that_is_wanted(here: Path, capsys: Capture) -> None:
    run("embed", "--reread", *QUICK)
    assert "120 x 48" in capsys.readouterr().out
