"""About which bytes an answer is: photos that are replaced, renamed or repaired around a round."""

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from openal.cli import main
from openal.commands.label import work_of
from openal.label._desk import Desk
from openal.label._images import Images
from openal.label._posts import Post
from openal.project import Project, project_status
from openal.project._notes import read_notes
from openal.project._replaced import stale_answers
from openal.store import _writing
from tests.project.made import ENCODER, WANTED, run, write_answers, write_photos

Capture = pytest.CaptureFixture[str]
QUICK = ["--device", "cpu", "--workers", "0"]
PHOTOS = 12


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("embedded")
    write_photos(folder / "photos", PHOTOS)
    project = Project.create(
        folder / "project", "../photos", WANTED.values(), encoder=ENCODER, budget=4
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.folder)
        run("embed", *QUICK)
    return folder


def photo(name: str) -> Path:
    return Path("..", "photos", name)


def replace(name: str, number: int) -> bytes:
    """Put another picture in the place of a photo; the bytes of before."""
    before = photo(name).read_bytes()
    shutil.copy(photo(f"{number:03d}.png"), photo("copy"))
    with photo("copy").open("ab") as file:
        file.write(name.encode())  # no copy of a photo that is there
    photo("copy").replace(photo(name))
    return before


def put_back(name: str, content: bytes) -> None:
    photo("copy").write_bytes(content)
    photo("copy").replace(photo(name))


def asked(*columns: str) -> list[dict[str, str]]:
    """The rows of a new table of questions, with some of its columns, all answered."""
    run("query", "--budget", "4", "--seed", "0", "--out", "q.csv")
    with open("q.csv", newline="") as file:
        rows = [*csv.DictReader(file)]
    return [{**{name: row[name] for name in columns}, "class": "zero"} for row in rows]


def fill_in(rows: list[dict[str, str]], name: str = "q.csv") -> str:
    with open(name, "w", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0]])
        writer.writeheader()
        writer.writerows(rows)
    return name


def names_of_stale() -> list[str]:
    project = Project.find()
    return [project.names[index] for index in stale_answers(project)]


ALL = ("file", "key", "checksum")


@pytest.mark.parametrize("columns", [ALL, ("file", "key"), ("file",)], ids=",".join)
def test_a_table_of_before_a_photo_was_replaced_is_about_the_photo_of_before(
    here: Path, columns: tuple[str, ...]
) -> None:
    rows = asked(*columns)
    first = asked("file")[0]["file"]
    replace(first, 11)
    run("embed", *QUICK)
    run("import", fill_in(rows))
    assert names_of_stale() == [first]


def test_a_table_of_after_a_photo_was_replaced_is_about_the_new_one(here: Path) -> None:
    first = asked("file")[0]["file"]
    replace(first, 11)
    rows = asked(*ALL)  # before openal embed has seen it
    run("import", fill_in(rows))
    assert names_of_stale() == []
    run("embed", *QUICK)
    assert names_of_stale() == []


def test_each_row_of_a_table_is_about_its_own_bytes(here: Path) -> None:
    one, two = asked(*ALL)[:2]
    replace(one["file"], 10)
    run("embed", *QUICK)
    run("import", fill_in([one, two], "a.csv"))
    replace(two["file"], 11)
    run("embed", *QUICK)
    assert names_of_stale() == sorted([one["file"], two["file"]])


def test_answers_are_valid_again_when_the_bytes_are_back(here: Path) -> None:
    run("import", str(write_answers(here / "a.csv", [("000.png", "zero")])))
    before = replace("000.png", 9)
    run("embed", *QUICK)
    assert names_of_stale() == ["000.png"]
    put_back("000.png", before)
    run("embed", *QUICK)
    assert names_of_stale() == [] and project_status(Project.find()).replaced == ()


def test_answers_that_nobody_noted_are_about_the_bytes_that_were_embedded(here: Path) -> None:
    Project.find().labeled().add(["000.png"], ["zero"])  # in Python
    before = replace("000.png", 9)
    run("embed", *QUICK)
    assert names_of_stale() == ["000.png"]
    put_back("000.png", before)
    run("embed", *QUICK)
    assert names_of_stale() == []


def test_a_photo_that_is_asked_again_is_no_longer_told(here: Path, capsys: Capture) -> None:
    run("import", str(write_answers(here / "a.csv", [("000.png", "zero"), ("001.png", "one")])))
    replace("000.png", 9)
    run("embed", *QUICK)
    run("query", "--replaced", "--out", "again.csv")
    with open("again.csv", newline="") as file:
        rows = [{**row, "class": "zero"} for row in csv.DictReader(file)]
    assert [row["file"] for row in rows] == ["000.png"]
    run("import", fill_in(rows))
    assert names_of_stale() == []


def test_the_same_table_again_does_not_make_an_old_answer_new(here: Path) -> None:
    table = str(write_answers(here / "a.csv", [("000.png", "zero")]))
    run("import", table)
    replace("000.png", 9)
    run("embed", *QUICK)
    run("import", table)
    assert names_of_stale() == ["000.png"]


def test_relabel_gives_the_same_answer_anew(here: Path) -> None:
    Project.find().labeled().add([0], [0])
    replace("000.png", 9)
    run("embed", *QUICK)
    table = fill_in([{"file": "000.png", "class": "zero"}])
    run("import", table)
    assert names_of_stale() == ["000.png"]
    run("import", table, "--relabel")
    assert names_of_stale() == []


@pytest.mark.parametrize("is_embedded", [True, False])
def test_an_answer_on_the_page_is_about_the_photo_that_was_shown(
    here: Path, is_embedded: bool
) -> None:
    first, second = (row["file"] for row in asked("file")[:2])
    project = Project.find()
    work = work_of(project)
    images = Images(work.path_of)
    desk = Desk(work, sum_of=images.sum_of)
    desk.open()
    desk.rounds.wait()
    at = [project.index_of[name] for name in (first, second)]
    replace(first, 11)
    if is_embedded:
        run("embed", *QUICK)
    for index in at:
        images.encoded(index, "screen")
    replace(second, 10)  # while it is shown
    desk.answer(Post("window-a", serial=1, hold=1, answers=((at[0], 0), (at[1], 1))))
    run("embed", *QUICK)
    assert names_of_stale() == [second]


def swap(one: str, two: str) -> None:
    photo(one).rename(photo("x"))
    photo(two).rename(photo(one))
    photo("x").rename(photo(two))


def test_a_name_that_is_another_photo_than_when_it_was_asked_is_refused(
    here: Path, capsys: Capture
) -> None:
    rows = asked("file")
    swap(rows[0]["file"], "011.png")
    run("embed", *QUICK)
    assert main(["import", fill_in(rows)]) == 2
    said = capsys.readouterr().err
    assert f"line 2: '{rows[0]['file']}' is another image than when it was asked" in said
    assert "openal query --out" in said and not len(Project.find().labeled())


def test_the_advice_about_a_name_that_moved_can_be_followed(here: Path) -> None:
    rows = asked("file")
    swap(rows[0]["file"], rows[1]["file"])
    run("embed", *QUICK)
    assert main(["import", fill_in(rows)]) == 2
    Path("q.csv").unlink()
    run("import", fill_in(asked(*ALL)))
    assert len(Project.find().labeled()) == 4 and names_of_stale() == []


def test_a_name_that_a_photo_had_when_it_was_asked_is_still_its_name(here: Path) -> None:
    photo("000.png").rename(photo("second.png"))
    run("embed", *QUICK)
    run("query", "--budget", "12", "--seed", "0")
    photo("second.png").rename(photo("third.png"))
    run("embed", *QUICK)
    run("import", str(write_answers(here / "a.csv", [("second.png", "one")])))
    assert Project.find().labeled().known_indices.tolist() == [0]


def test_a_round_that_nobody_noted_asked_what_was_embedded(here: Path) -> None:
    Project.find().labeled().begin_round(SimpleNamespace(indices=[0, 1, 2]))  # in Python
    replace("000.png", 9)
    swap("001.png", "011.png")
    run("embed", *QUICK)
    rows = [(f"{number:03d}.png", "zero") for number in range(3)]
    assert main(["import", str(write_answers(here / "a.csv", rows))]) == 2
    run("import", str(write_answers(here / "b.csv", [rows[0], rows[2]])))
    assert names_of_stale() == ["000.png"]


def test_a_task_of_label_studio_is_about_the_photo_that_was_asked(here: Path) -> None:
    asked("file")
    run("export", "--format", "label-studio", "--out", "tasks.json")
    tasks = json.loads(Path("tasks.json").read_text())
    chosen = {"from_name": "choice", "type": "choices", "value": {"choices": ["zero"]}}
    for task in tasks:
        task["annotations"] = [{"completed_by": "ada", "result": [chosen]}]
    first = tasks[0]["data"]["openal_key"]
    Path("done.json").write_text(json.dumps(tasks))
    replace(first, 11)
    run("embed", *QUICK)
    run("import", "done.json")
    assert names_of_stale() == [first]


def test_a_repaired_photo_is_told_as_repaired(here: Path, capsys: Capture) -> None:
    whole = photo("003.png").read_bytes()
    photo("003.png").write_bytes(whole[:40])
    run("embed", *QUICK)
    run("import", str(write_answers(here / "a.csv", [("003.png", "one")])))
    photo("003.png").write_bytes(whole + b"repaired")
    capsys.readouterr()
    run("embed", *QUICK)
    said = capsys.readouterr().out
    assert "1 image repaired, not readable before: 003.png" in said
    assert "replaced" not in said and names_of_stale() == []


def test_a_photo_that_is_still_broken_is_not_told_as_repaired(here: Path, capsys: Capture) -> None:
    photo("003.png").write_bytes(b"no picture")
    run("embed", *QUICK)
    photo("003.png").write_bytes(b"no picture either")
    capsys.readouterr()
    run("embed", *QUICK)
    said = capsys.readouterr().out
    assert "1 image changed that could not be read, and tried again: 003.png" in said
    assert "repaired" not in said and "replaced" not in said


@pytest.mark.parametrize("are_noted", [True, False])
def test_an_answer_is_not_taken_back_for_a_photo_that_cannot_be_read(
    here: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, are_noted: bool
) -> None:
    run("import", str(write_answers(here / "a.csv", [("003.png", "one")])))
    put_back("003.png", photo("003.png").read_bytes()[:40])
    later = _writing.now_ns() + 5 * 10**9
    monkeypatch.setattr(_writing, "now_ns", lambda: later)
    run("embed", *QUICK)
    if not are_noted:
        (here / "asked.jsonl").unlink()
    assert main(["query", "--replaced"]) == 2
    assert "no answer is about an image that was replaced" in capsys.readouterr().err
    assert Project.find().labeled().known_indices.tolist() == [3]


def test_an_answer_is_told_once_another_photo_is_in_the_place_of_a_broken_one(here: Path) -> None:
    run("import", str(write_answers(here / "a.csv", [("003.png", "one")])))
    put_back("003.png", photo("003.png").read_bytes()[:40])
    run("embed", *QUICK)
    replace("003.png", 11)
    run("embed", *QUICK)
    assert names_of_stale() == ["003.png"]


def test_the_advice_about_a_photo_to_link_that_was_renamed_can_be_followed(
    here: Path, capsys: Capture
) -> None:
    run("import", str(write_answers(here / "a.csv", [("003.png", "one")])))
    photo("003.png").rename(photo("other.png"))
    assert main(["export", "--imagefolder", "links"]) == 2
    assert "type openal embed if they are renamed" in capsys.readouterr().err
    run("embed", *QUICK)
    run("export", "--imagefolder", "links")
    assert (here / "links" / "one" / "other.png").is_file()


def test_the_advice_about_a_lost_manifest_can_be_followed(here: Path, capsys: Capture) -> None:
    run("import", str(write_answers(here / "a.csv", [("003.png", "one")])))
    photo("000.png").rename(photo("zzz.png"))
    run("embed", *QUICK)
    names = Project.find().names
    (here / "embeddings" / "manifest.json").unlink()
    assert main(["query"]) == 2
    assert "type openal embed first" in capsys.readouterr().err
    assert main(["embed", *QUICK]) == 2
    assert f"or delete the folder {here / 'embeddings'}" in capsys.readouterr().err
    shutil.rmtree(here / "embeddings")
    run("embed", *QUICK)
    assert Project.find().names == names
    assert Project.find().labeled().known_indices.tolist() == [3]


def lose(count: int) -> None:
    for number in range(count):
        photo(f"{number:03d}.png").unlink()


@pytest.mark.parametrize(
    "count, said",
    [
        (2, "2 of 12 images not found in PHOTOS: 000.png, 001.png. Bring them back, or type"),
        (12, "12 of 12 images not found in PHOTOS: 000.png, 001.png, 002.png, ... and 9 more."),
    ],
)
def test_status_tells_which_photos_left(here: Path, capsys: Capture, count: int, said: str) -> None:
    lose(count)
    run("status")
    assert said.replace("PHOTOS", str(Project.find().image_folder)) in capsys.readouterr().out


def test_status_tells_how_many_photos_are_gone(here: Path, capsys: Capture) -> None:
    lose(11)
    run("embed", *QUICK)
    run("status")
    assert "11 images gone since" in capsys.readouterr().out
    (here / "embeddings" / "manifest.json").unlink()
    Project.find().labeled()
    run("status")
    assert "11 images gone since" in capsys.readouterr().out


def test_the_page_counts_the_photos_that_are_there(here: Path) -> None:
    run("import", str(write_answers(here / "a.csv", [("000.png", "zero"), ("005.png", "one")])))
    lose(2)
    run("embed", *QUICK)
    desk = Desk(work_of(Project.find()))
    state = desk.look(Post("window-a", hold=0))
    assert state["total"]["images"] == 10 and state["total"]["answers"] == 1
    assert state["by_class"] == [0, 1, 0]


def damaged_lines() -> Iterator[bytes]:
    yield b'{"answered": {"0": [1, "'
    yield b'{"answered": {"0": ["x", 1]}, "time": 1.0}'
    yield b'{"answered": {"x": [1, "a"]}, "time": 1.0}'
    yield b'{"asked": [1]}'
    yield b"[" * 100_000
    yield b"\xff\x00"
    yield b"7"


def test_a_damaged_note_says_nothing_and_spoils_no_other(here: Path) -> None:
    run("import", str(write_answers(here / "a.csv", [("000.png", "zero")])))
    whole = read_notes(here)
    assert [*whole.answered] == [0]
    with (here / "asked.jsonl").open("ab") as file:
        file.write(b"\n".join(damaged_lines()))
    assert read_notes(here) == whole
    run("import", str(write_answers(here / "b.csv", [("001.png", "one")])))
    assert [*read_notes(here).answered] == [0, 1]


def test_a_project_without_notes_goes_by_the_time(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("import", str(write_answers(here / "a.csv", [("000.png", "zero")])))
    replace("000.png", 9)
    later = _writing.now_ns() + 5 * 10**9
    monkeypatch.setattr(_writing, "now_ns", lambda: later)
    run("embed", *QUICK)
    (here / "asked.jsonl").unlink()
    assert names_of_stale() == ["000.png"]
