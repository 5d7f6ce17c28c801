"""`openal simulate --recipe` and grids, from end to end, on small data and small networks."""

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from openal.cli import main
from openal.commands.simulate import parser
from openal.learners.networks import Standardize
from openal.report._origin import commands
from openal.report._results import read_results
from openal.simulate import RECIPES
from openal.simulate._recipe_experiment import recipe_experiment
from tests.simulate.image_data_files import write_cifar, write_folders
from tests.walking import walked

CELL = "runs/LfOSA-mismatch0.2-ood{}-seed0.json"


@dataclass(frozen=True)
class Tiny:
    """A linear network on small images of bytes."""

    def __call__(self, num_outputs: int) -> nn.Module:
        layers = nn.AvgPool2d(8), nn.Flatten(), nn.Linear(48, num_outputs)
        return nn.Sequential(Standardize((0.5,) * 3, (0.25,) * 3), *layers)


@pytest.fixture(autouse=True)
def _small_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, recipe in RECIPES.items():
        changes = {"steps_per_epoch": 3} if recipe.task.steps_per_epoch else {}
        task = replace(recipe.task, factory=Tiny(), device="cpu", **changes)
        monkeypatch.setitem(RECIPES, name, replace(recipe, task=task, seeds=(0, 1)))


@pytest.fixture
def cifar(monkeypatch: pytest.MonkeyPatch) -> Any:
    return write_cifar(Path("data"), "CIFAR10", 60, monkeypatch)


def simulate(arguments: str, *more: str) -> int:
    return main(["simulate", "--no-bounds", *arguments.split(), *more])


@pytest.mark.long
@pytest.mark.usefixtures("cifar")
def test_a_recipe_on_cifar(capsys: pytest.CaptureFixture[str]) -> None:
    given = "--recipe lfosa --scale 0.02 --strategies Random LfOSA --mismatch 0.2,0.3"
    assert simulate(given, "--budget", "7") == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "Recipe: lfosa at scale 0.02: 40 images, 40 to test with; 1% of known items as first "
        "answers, then 2 rounds of 7, 2 epochs a round; mismatch 0.2, 0.3; strategies Random, "
        "LfOSA. In full: 600 images; 1% of known items as first answers, then 10 rounds of 1500, "
        "100 epochs a round; mismatch 0.2, 0.3, 0.4; strategies Random, Uncertainty, "
        "CertaintySampling, Coreset, BALD, OpenMax, LfOSA.\n"
    )
    assert "Known: 2 of 10 classes, thing 0, thing 1." in out
    assert out.count("\nstrategy ") == 2
    results = json.loads(Path("openal-lfosa/simulation.json").read_text())
    settings = results["settings"]
    assert (settings["scale"], settings["items"], settings["budget"]) == (0.02, 40, 7)
    assert [cell["mismatch"] for cell in results["cells"]] == [0.2, 0.3]
    assert [*results["cells"][1]["runs"]] == ["Random", "LfOSA"]
    cell = json.loads(Path("openal-lfosa", CELL.format("all")).read_text())
    assert "epochs=2," in cell["settings"]["task"]
    assert len(list(Path("openal-lfosa/runs").iterdir())) == 8
    assert Path("openal-lfosa/simulation-mismatch0.3-oodall.png").exists()


@pytest.mark.long
def test_what_was_asked_is_of_the_images(cifar: Any) -> None:
    assert simulate("--recipe lfosa --budget 7 --rounds 2 --strategies Random --mismatch 0.2") == 0
    pixels, labels = cifar[True]
    cell = json.loads(Path("openal-lfosa/runs/Random-mismatch0.2-oodall-seed1.json").read_text())
    for asked, precision in zip(cell["run"]["asked"], cell["run"]["precision"], strict=True):
        assert np.mean(labels[asked] < 2) == precision
    with np.load("openal-lfosa/data.npz", allow_pickle=False) as data:
        np.testing.assert_array_equal(data["labels"], labels)
        shown = data["thumbnail_indices"]
        np.testing.assert_array_equal(data["thumbnails"], pixels[shown])
    assert {*cell["run"]["asked"][0]} < {*shown.tolist()}
    assert "xy" not in data.files


@pytest.mark.long
@pytest.mark.usefixtures("cifar")
def test_a_network_learns_in_a_recipe() -> None:
    given = "--recipe lfosa --budget 100 --rounds 2 --strategies Random --mismatch 0.3 --seeds 1"
    assert simulate(given) == 0
    cell = json.loads(Path("openal-lfosa/runs/Random-mismatch0.3-oodall-seed0.json").read_text())
    assert cell["run"]["accuracy"][-1] > 0.6  # one in three by chance


@pytest.mark.long
@pytest.mark.usefixtures("cifar")
@pytest.mark.parametrize("given", ["--encoder pixels", "--embeddings rows.npy"])
def test_neat_reads_embeddings(given: str) -> None:
    rows = np.random.default_rng(0).normal(size=(600, 5)).astype(np.float32)
    np.save("rows.npy", rows)
    scale = "--recipe neat --scale 0.02 --strategies NEAT LfOSA --seeds 1"
    assert simulate(f"{scale} {given}", "--out", "a") == 0
    settings = json.loads(Path("a", CELL.format("all")).read_text())["settings"]
    assert settings["embeddings"].split()[0] in given
    with np.load("a/data.npz", allow_pickle=False) as data:
        assert data["xy"].shape == (40, 2)
    np.save("rows.npy", rows[:-1])
    if "rows" in given:
        assert simulate(f"{scale} {given}", "--out", "b") == 2


@pytest.mark.long
@pytest.mark.usefixtures("cifar")
def test_what_is_left_out_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = replace(RECIPES["clipnal"], strategies=("Random", "LfOSA", "MQNet", "CLIPNAL"))
    monkeypatch.setitem(RECIPES, "clipnal", few)
    given = "--recipe clipnal --scale 0.02 --first 4 --budget 2 --encoder none"
    given += " --mismatch 0.2 --ood-ratio 0.1,0.4"
    assert simulate(given) == 0
    notes = [
        "Left out: MQNet, which reads embeddings: give --encoder NAME, --embeddings FILE or "
        "--clipn FILE.",
        "Left out: CLIPNAL, which reads what CLIPN's texts say: give --clipn FILE, or --encoder "
        "MODEL/TAG of a CLIP.",
    ]
    assert capsys.readouterr().out.splitlines()[1:3] == notes
    results = json.loads(Path("openal-clipnal/simulation.json").read_text())
    assert (results["notes"], len(results["cells"])) == (notes, 2)
    assert results["settings"]["same_start"] is True
    assert simulate(f"{given} --strategies CLIPNAL") == 2
    assert "CLIPNAL reads what CLIPN's texts say" in capsys.readouterr().err


@pytest.fixture
def tiny_clip() -> str:
    """The name of an encoder of images and texts."""
    import open_clip

    vision = {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16}
    text = {"context_length": 24, "vocab_size": 49408, "width": 32, "heads": 4, "layers": 1}
    config = {"embed_dim": 24, "vision_cfg": vision, "text_cfg": text}
    Path("config").mkdir()
    Path("config/small-clip.json").write_text(json.dumps(config))
    open_clip.add_model_config(Path("config"))
    torch.manual_seed(0)
    torch.save(open_clip.create_model("small-clip", load_weights=False).state_dict(), "clip.pt")
    return "small-clip/clip.pt"


@pytest.mark.long
@pytest.mark.usefixtures("cifar")
def test_negated_texts_stand_in_for_clipn(
    tiny_clip: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = "--recipe clipnal --scale 0.02 --mismatch 0.2 --ood-ratio 0.4 --seeds 1"
    given += " --first 5 --budget 2"
    assert simulate(f"{given} --strategies CLIPNAL NEAT --encoder {tiny_clip}") == 0
    out = capsys.readouterr().out
    assert "CLIPNAL(CLIP) reads negated texts of small-clip/clip.pt, a stand-in" in out
    results = json.loads(Path("openal-clipnal/simulation.json").read_text())
    assert [*results["cells"][0]["runs"]] == ["CLIPNAL(CLIP)", "NEAT"]
    assert Path("openal-clipnal/embeddings/manifest.json").exists()


@pytest.mark.usefixtures("cifar")
def test_weights_that_cannot_be_had_name_the_ways_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("broken.pt").write_bytes(b"no weights")
    assert simulate("--recipe neat --scale 0.02 --encoder ViT-B-32/broken.pt") == 2
    error = capsys.readouterr().err
    assert "--encoder none" in error and error.count("\n") == 1
    assert not Path("openal-neat/runs").exists()


@pytest.mark.long
def test_a_folder_of_your_own_without_a_test_part(capsys: pytest.CaptureFixture[str]) -> None:
    write_folders(Path("mine"), 16)
    given = "--recipe jsosal --dataset mine/train --scale 0.5 --mismatch 0.4 --budget 3 --rounds 2"
    assert simulate(f"{given} --strategies Random JSOSAL") == 0
    assert (
        "jsosal at scale 0.5: 40 images; 8% of known items as first answers, then 2 rounds of 3"
        in capsys.readouterr().out
    )


@pytest.mark.long
@pytest.mark.usefixtures("cifar")
def test_it_goes_on_and_other_figures_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    given = "--recipe lfosa --strategies Random --mismatch 0.2 --budget 5 --rounds 2"
    assert simulate(f"{given} --seeds 1") == 0
    before = Path("openal-lfosa/runs/Random-mismatch0.2-oodall-seed0.json").stat().st_mtime_ns
    assert simulate(f"{given} --seeds 2") == 0
    after = Path("openal-lfosa/runs/Random-mismatch0.2-oodall-seed0.json").stat().st_mtime_ns
    assert before == after
    capsys.readouterr()
    assert simulate(f"{given} --scale 0.9") == 2
    assert "results of other settings" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.usefixtures("cifar")
def test_strategies_that_read_embeddings_join_the_others_later(
    tiny_clip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "neat", replace(RECIPES["neat"], encoder=tiny_clip))
    given = "--recipe neat --scale 0.02 --seeds 1 --strategies"
    assert simulate(f"{given} Random") == 0
    assert not Path("openal-neat/embeddings").exists()  # nobody has read them
    assert simulate(f"{given} Random NEAT") == 0
    assert Path("openal-neat/embeddings/manifest.json").exists()
    cell = json.loads(Path("openal-neat/runs/Random-mismatch0.2-oodall-seed0.json").read_text())
    assert (cell["settings"]["embeddings"], cell["settings"]["dataset"]) == (tiny_clip, "cifar10")


CHANGES = [
    ("", "lfosa in full"),
    ("--seeds 3,", "with changes: 600 images, 600 to test with; 1% of known items as first"),
    ("--seeds 3,", "; seeds 3. In full"),
    ("--first 30", "; 30 first answers, then"),
    ("--ood-ratio 0.3", "; OOD ratio 0.3. In full"),
    ("--strategies LfOSA", "; strategies LfOSA. In full"),
    ("--encoder pixels", "; embeddings pixels. In full"),
    ("--noise 0.1", "; noise 0.1. In full"),
    ("--seeds 2 --mismatch 0.2,0.3,0.4", "lfosa in full"),
]


@pytest.mark.long
@walked
@pytest.mark.usefixtures("cifar")
@pytest.mark.parametrize("arguments, words", CHANGES)
def test_what_is_not_as_the_paper_has_it_is_said(arguments: str, words: str) -> None:
    given = parser().parse_args(["--recipe", "lfosa", "--out", "a", *arguments.split()])
    about = recipe_experiment(given).about
    assert words in about
    assert (" in full" in about) == ("In full: " not in about)


GUESSES = [
    "--recipe lfosa --scale 0.02 --budget 3 --mismatch 0.2,0.3 --strategies Random",
    "--recipe clipnal --scale 0.02 --first 6 --budget 2 --mismatch 0.2 --ood-ratio 0.2,0.4 "
    "--strategies CLIPNAL NEAT --encoder small-clip/clip.pt",
    "--recipe neat --scale 0.02 --budget 3 --encoder none --noise 0.1 --strategies Random",
]


@pytest.mark.long
@pytest.mark.usefixtures("cifar", "tiny_clip")
@pytest.mark.parametrize("arguments", GUESSES)
def test_a_guessed_command_makes_the_same_runs(arguments: str) -> None:
    assert simulate(f"{arguments} --seeds 1 --out a") == 0
    for command in commands(read_results(Path("a")).conditions):
        assert main([*shlex.split(command)[1:], "--out", "b"]) == 0
    runs = [{path.name: read(path) for path in Path(name).glob("runs/*")} for name in "ab"]
    assert runs[0] == runs[1]


def read(path: Path) -> Any:
    """A run without its seconds."""
    return json.loads(path.read_text()) | {"seconds": None}


BAD = [
    ("--recipe lfose", "invalid choice: 'lfose'"),
    ("--recipe lfosa --known thing", "a recipe says what --known is"),
    ("--recipe lfosa --test-share 0.5", "a recipe says what --test-share is"),
    ("--recipe lfosa --scale 2", "scale must be at most 1"),
    ("--recipe lfosa --first -1", "first must be at least 0"),
    ("--recipe lfosa --encoder pixels --clipn x", "--encoder and --clipn both say"),
    ("--recipe lfosa --encoder pixel", "did you mean pixels"),
    ("--recipe lfosa --mismatch 0.2,0.2 0.2", "rounds of budget 1500 are"),
    ("--recipe lfosa --mismatch 0.2,x", "--mismatch must be shares"),
    ("--recipe clipnal --ood-ratio 1", "--ood-ratio must be below 1, got 1.0"),
    ("--recipe clipnal --ood-ratio 0.2,nan", "--ood-ratio must be a finite number"),
    ("--recipe lfosa --mismatch -0.2", "--mismatch must be"),
    ("--recipe lfosa --dataset nowhere", "nowhere is not a folder"),
    ("--recipe clipnal --encoder none --first 9 --budget 9 --mismatch 0.5", "0.5, ood_ratio 0.6"),
    ("--recipe lfosa --clipn nowhere.pt", "nowhere.pt"),
    ("--scale 0.5", "--scale is for --recipe"),
    ("--dataset cifar10", "--dataset is for --recipe"),
    ("--mismatch 0.2,0.5 --ood-ratio 0.3,0.8", "mismatch 0.5, ood_ratio 0.8, seed 0: ood_ratio"),
]


@pytest.mark.long
@pytest.mark.usefixtures("cifar")
@pytest.mark.parametrize("arguments, message", BAD, ids=[arguments for arguments, _ in BAD])
def test_bad_arguments(arguments: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate(arguments) == 2
    output = capsys.readouterr()
    assert message in output.err
    assert (output.err.count("\n"), output.out) == (1, "")
    assert [path.name for path in Path().iterdir()] == ["data"]


@pytest.mark.long
def test_a_grid_on_the_digits(capsys: pytest.CaptureFixture[str]) -> None:
    given = "--mismatch 0.2,0.4 --ood-ratio 0.1 0.3 --rounds 2 --seeds 2 --strategies Random,NEAT"
    given += " --budget 20"
    assert simulate(given) == 0
    out = capsys.readouterr().out
    assert "Ratios: mismatch 0.2, ood_ratio 0.3.\n" in out
    assert out.count("Asked: 0 first answers") == 4
    results = json.loads(Path("openal-simulation/simulation.json").read_text())
    precision = [c["summary"]["Random"]["precision"]["mean"] for c in results["cells"]]
    assert precision == pytest.approx([0.9, 0.7, 0.9, 0.7], abs=0.12)
    assert len(list(Path("openal-simulation/runs").iterdir())) == 16
    assert simulate("--rounds 2 --seeds 1 --strategies Random --mismatch 0.2") == 2
    assert "results of other settings" in capsys.readouterr().err


@pytest.mark.long
def test_named_classes_at_several_ratios() -> None:
    assert simulate("--known 3,8 --ood-ratio 0.1,0.5 --rounds 1 --seeds 1 --strategies Random") == 0
    assert Path("openal-simulation/runs/Random-mismatch0.2-ood0.5-seed0.json").exists()


@pytest.mark.long
def test_real_photographs(
    shared_data: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    short = replace(RECIPES["lfosa"].task, epochs=15)
    monkeypatch.setitem(RECIPES, "lfosa", replace(RECIPES["lfosa"], task=short))
    with np.load(shared_data("cifar10_raw5000.npz"), allow_pickle=False) as arrays:
        pixels, labels, split = (arrays[name] for name in ("x", "y", "split"))
    for flag, part in enumerate(("train", "test")):
        for row in np.flatnonzero(split == flag)[:: 5 if flag else 4]:
            path = Path("photos", part, str(labels[row]), f"{row}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels[row]).save(path)
    given = "--recipe lfosa --dataset photos --mismatch 0.2 --first 40 --budget 50 --rounds 2"
    assert simulate(f"{given} --strategies Random LfOSA --seeds 1") == 0
    found = json.loads(Path("openal-lfosa/simulation.json").read_text())["cells"][0]["summary"]
    assert found["Random"]["precision"]["mean"] == pytest.approx(0.2, abs=0.1)
    assert found["LfOSA"]["accuracy"]["mean"] > 0.6
