"""The command line from end to end: what it prints, what it writes, what it refuses."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import openal
from openal.cli import COMMANDS, main
from openal.simulate.bounds import BOUNDS

FAST = ["--rounds", "2", "--seeds", "1", "--strategies", "Random,NEAT", "--no-bounds"]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write_digits(folder: Path, count: int = 300) -> None:
    pixels, labels = load_digits(return_X_y=True)
    np.save(folder / "vectors.npy", pixels[:count])
    np.save(folder / "classes.npy", labels[:count])
    (folder / "classes.txt").write_text("\n".join(f"digit {k}" for k in labels[:count]))
    for number, (image, label) in enumerate(zip(pixels[:count], labels[:count], strict=True)):
        path = folder / "images" / f"digit {label}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((image.reshape(8, 8) * 15.9).astype(np.uint8)).save(path)


@pytest.mark.long
def test_the_default_on_real_digits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--seeds", "2"]) == 0
    folder = Path("openal-simulation")
    results = json.loads((folder / "simulation.json").read_text())
    precision = {name: row["precision"]["mean"] for name, row in results["summary"].items()}
    assert precision["Random"] == pytest.approx(1 / 3, abs=0.12)
    assert precision["Uncertainty"] < precision["Random"]
    rest = ("NEAT", "LfOSA", "JSOSAL", "KnownKMeans")
    assert min(precision[name] for name in rest) > precision["Random"] + 0.2
    area = {name: row["aubc"]["mean"] for name, row in results["summary"].items()}
    assert area["KnownKMeans"] > area["Random"]
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[0].startswith("Pool: handwritten digits, 16")
    assert all(map(str.startswith, lines[6:14], precision))
    assert [*precision][-2:] == [*BOUNDS]
    assert "Answers to Random's final accuracy, of its 80: " in out
    assert results["headroom"]["decides_nothing"] is False
    assert lines[-2:] == [f"Results: {folder}/simulation.json", f"Curves:  {folder}/simulation.png"]
    assert (folder / "simulation.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.long
@pytest.mark.parametrize(
    "data",
    [
        ["--embeddings", "vectors.npy", "--labels", "classes.txt", "--known", "digit 3,digit 8"],
        ["--images", "images", "--encoder", "pixels", "--known", "digit 3", "digit 8"],
    ],
    ids=["embeddings", "images"],
)
def test_data_of_your_own(data: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    write_digits(Path())
    assert main(["simulate", *data, *FAST, "--out", "a/b", "--ood-ratio", "0.5"]) == 0
    results = json.loads(Path("a/b/simulation.json").read_text())
    assert results["settings"]["known"] == ["digit 3", "digit 8"]
    assert "Known: 2 of 10 classes, digit 3, digit 8." in capsys.readouterr().out


@pytest.mark.long
def test_real_embeddings_of_real_photographs(shared_data: Callable[[str], Path]) -> None:
    with np.load(shared_data("clip_vitb32/oxford_pets.npz"), allow_pickle=False) as data:
        np.save("vectors.npy", data["test_emb"])
        np.save("classes.npy", data["test_label"].astype(np.int64))
    given = ["--embeddings", "vectors.npy", "--labels", "classes.npy", "--mismatch", "0.2"]
    given += ["--protocol", "clipnal", "--budget", "50", "--strategies", "Random", "LfOSA"]
    assert main(["simulate", *FAST[:4], *given]) == 0
    summary = json.loads(Path("openal-simulation/simulation.json").read_text())["summary"]
    assert summary["LfOSA"]["precision"]["mean"] > summary["Random"]["precision"]["mean"] + 0.3


@pytest.mark.long
def test_all_other_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    write_digits(Path())
    data = ["--embeddings", "vectors.npy", "--labels", "classes.npy", "--mismatch", "0.3"]
    more = ["--protocol", "clipnal", "--first", "20", "--budget", "7", "--task", "mlp"]
    more += ["--noise", "0.1", "--skip", "0.1", "--test-share", "0.3", "--seeds", "3,7"]
    assert main(["simulate", *data, *FAST[:2], "--strategies", "LfOSA", *more]) == 0
    runs = json.loads(Path("openal-simulation/simulation.json").read_text())["runs"]
    assert list(runs["LfOSA"]) == ["3", "7"]
    assert [len(asked) for asked in runs["LfOSA"]["3"]["asked"]] == [7, 7]


@pytest.mark.long
@pytest.mark.parametrize("how, option", [("skip", "'skip'"), ("0.99", "0.99")])
def test_copies_are_skipped_where_they_are_not_wanted(how: str, option: str) -> None:
    assert main(["simulate", *FAST[:4], "--strategies", "NEAT", "--copies", how]) == 0
    (run,) = Path("openal-simulation/runs").iterdir()
    assert f"copies={option})" in run.read_text()


@pytest.mark.long
def test_more_seeds_and_strategies_go_into_the_same_folder(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for arguments in (["--seeds", "1"], ["--seeds", "2", "--strategies", "Random", "NEAT"]):
        assert main(["simulate", *FAST[:2], "--strategies", "Random", *arguments]) == 0
    assert len(list(Path("openal-simulation/runs").iterdir())) == 8  # two of them bounds
    assert main(["simulate", *FAST, "--budget", "21"]) == 2
    assert "budget was 10, now it is 21" in capsys.readouterr().err


@pytest.mark.long
def test_a_cold_start_has_the_strategies_ask_for_the_first_answers() -> None:
    given = ["--first", "0", "--rounds", "2", "--seeds", "1", "--strategies", "Random", "NEAT"]
    assert main(["simulate", *given]) == 0
    results = json.loads(Path("openal-simulation/simulation.json").read_text())
    assert results["settings"]["first"] == 0
    for by_seed in results["runs"].values():
        run = by_seed["0"]
        assert len(run["accuracy"]) == 3
        assert run["recall"] == run["recall_with_init"]


BAD: list[tuple[str, str]] = [
    ("--strategies NEET", "unknown strategy 'NEET'; did you mean NEAT?"),
    ("--strategies Random,Foo", "unknown strategy 'Foo'; there are "),
    ("--strategies ,", "at least one strategy"),
    ("--copies no", "--copies must be ask, skip or a cosine, got 'no'"),
    ("--copies 2", "copies must be at most 1, got 2.0"),
    ("--rounds 0", "rounds must be at least 1, got 0"),
    ("--rounds 1.5", "invalid int value: '1.5'"),
    ("--rounds 1000", "the pool has 16"),
    ("--budget -3", "budget must be at least 1, got -3"),
    ("--budget 3,x", "--budget must be numbers such as 500,1000"),
    ("--budget 3,03", "--budget must be at least one number, and distinct"),
    ("--strategies NEAT(k=0)", "k must be at least 1, got 0"),
    ("--no-classifier", "--no-classifier is for --recipe"),
    ("--side 16", "--side is for --task cnn and resnet18"),
    ("--task cnn", "--task cnn learns images: give --images"),
    ("--seeds 0", "--seeds must be at least one"),
    ("--seeds 1,1,x", "--seeds must be a number"),
    ("--seeds 4294967296,", "seed must be below 2**32"),
    ("--mismatch 0", "mismatch"),
    ("--mismatch 2", "mismatch"),
    ("--mismatch nan", "mismatch"),
    ("--ood-ratio 1", "ood_ratio must be at least 0 and below 1"),
    ("--ood-ratio 0.9", "enough for 0.6"),
    ("--known 3,cat", "known class 'cat' is not there"),
    ("--known 3,3", "known holds a class twice"),
    ("--known 3 --mismatch 0.2", "leave --mismatch out"),
    ("--protocol openal", "invalid choice: 'openal'"),
    ("--first -1", "first must be at least 0"),
    ("--first 3000", "first takes 750 items"),
    ("--test-share 0", "leaves no item to test with"),
    ("--test-share 1", "test_share"),
    ("--noise 2", "noise must be at most 1"),
    ("--skip nan", "skip must be"),
    ("--task forest", "invalid choice: 'forest'"),
    ("--encoder pixels", "--encoder is for --images"),
    ("--images nowhere", "nowhere is not a folder"),
    ("--images . --encoder resnet", "unknown encoder 'resnet'"),
    ("--images . --labels x.npy", "--images names the data already"),
    ("--embeddings x.npy", "belong together; a store of openal embed may stand alone"),
    ("--embeddings x.npy --labels y.npy", "x.npy cannot be read"),
    ("--out file", "file is a file"),
    ("--out", "expected one argument"),
    ("--round 3", "unrecognized arguments: --round 3"),
    ("extra", "unrecognized arguments: extra"),
]


@pytest.mark.long
@pytest.mark.parametrize("arguments, message", BAD, ids=[arguments for arguments, _ in BAD])
def test_bad_arguments(arguments: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").touch()
    assert main(["simulate", *arguments.split()]) == 2
    output = capsys.readouterr()
    assert output.err.startswith("openal simulate: ")
    assert message in output.err
    assert (output.err.count("\n"), output.out) == (1, "")
    assert [path.name for path in Path().iterdir()] == ["file"]


@pytest.mark.long
def test_an_image_that_cannot_be_read_is_left_out_and_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_digits(Path())
    broken = next(Path("images/digit 3").iterdir())
    broken.write_bytes(b"no picture")
    assert main(["simulate", *FAST, "--images", "images", "--encoder", "pixels"]) == 0
    assert broken.name in capsys.readouterr().out


def test_a_disk_that_fails_is_nobodys_argument(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("openal.simulate._results_folder.write_whole", full)
    assert main(["simulate", *FAST]) == 1
    assert "No space left" in capsys.readouterr().err


def test_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == main(["--help"]) == main(["--version"]) == 0
    assert f"openal {openal.__version__}\n" in capsys.readouterr().out
    assert main(["simulat"]) == 2
    assert (
        capsys.readouterr().err == "openal: there is no command 'simulat'; did you mean simulate?\n"
    )
    with pytest.raises(SystemExit, match="0"):
        main(["simulate", "--help"])
    assert "--ood-ratio" in capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_refuses_bad_arguments_in_one_sentence(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--no-such-argument"]) == 2
    output = capsys.readouterr()
    assert output.err.startswith(f"openal {name}: ")
    assert (output.err.count("\n"), output.out) == (1, "")


@pytest.mark.long
def test_options_are_swept_and_each_budget_has_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    given = [*FAST[:4], "--strategies", "NEAT(k=5),NEAT(k=20, factor=3)", "--budget", "10,20"]
    assert main(["simulate", *given, "--whole"]) == 0
    out = capsys.readouterr().out
    assert out.count("\nNEAT(k=20, factor=3) ") == 2
    assert out.count("Whole data set: accuracy 0.9") == 2
    for budget in (10, 20):
        results = json.loads(Path(f"openal-simulation/budget{budget}/simulation.json").read_text())
        assert results["settings"]["budget"] == budget
        assert [*results["runs"]] == ["NEAT(k=5)", "NEAT(k=20, factor=3)"]
        assert results["whole_data_set"][0]["mean"] > 0.9
    assert main(["report", "openal-simulation", "--out", "page.html"]) == 0
    assert "budget 10" in Path("page.html").read_text()


@pytest.mark.long
def test_the_whole_data_set_is_learned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    given = ["simulate", *FAST, "--whole"]
    assert main(given) == 0
    monkeypatch.setattr("openal.simulate._whole_data.whole_accuracy", None)
    assert main(given) == 0


def test_a_command_begins_without_torch() -> None:
    """Ctrl+C while torch is loaded, which takes seconds, is then told in one line."""
    code = "import sys, openal.cli; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
