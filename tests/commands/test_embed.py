"""`openal embed` from end to end: killed at any moment it ends with the same store."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from openal.cli import main
from openal.store import Embeddings
from openal.store._stamps import STAMP, STAMPS_HEAD
from tests import tiny_encoder

KILLS = 50 if os.environ.get("OPENAL_SLOW") else 3
ENCODER = ["--encoder", "tests.tiny_encoder:make", "--device", "cpu"]
CUT = ["--batch-size", "10", "--shard-rows", "25"]
COUNT = 300


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real digits as PNG, in two folders, two of them broken."""
    folder = tmp_path_factory.mktemp("images")
    for number, pixels in enumerate(load_digits().images[:COUNT]):
        path = folder / f"{number % 2}" / f"{number:03d}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray((pixels * 15.9).astype(np.uint8)).save(path)
    (folder / "0" / "004.png").write_bytes(b"no picture")
    whole = (folder / "1" / "007.png").read_bytes()
    (folder / "1" / "007.png").write_bytes(whole[: len(whole) // 2])
    (folder / "notes.txt").touch()
    return folder


@pytest.fixture(scope="module")
def whole(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a run that nothing interrupts."""
    folder = tmp_path_factory.mktemp("whole") / "store"
    assert main(["embed", str(images), "--out", str(folder), *ENCODER, *CUT]) == 0
    return folder


def content(folder: Path) -> dict[str, bytes]:
    """The files of a store; of stamps the checksums, since hints tell when files were changed."""
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return files | {
        name: np.frombuffer(data[STAMPS_HEAD:], STAMP)["sum"].tobytes()
        for name, data in files.items()
        if name.endswith(".stamps")
    }


def paths(images: Path) -> list[Path]:
    return sorted(images.rglob("*.png"))


def started(images: Path, out: Path, *more: str, seconds: float = 0.0) -> subprocess.Popen[str]:
    """The command in a process of its own, as soon as it has its encoder."""
    made = out.parent / f"{out.name}.made"
    made.unlink(missing_ok=True)
    code = "import sys; from openal.cli import main; sys.exit(main())"
    arguments = ["embed", str(images), "--out", str(out), *ENCODER, *CUT, *more]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "TINY_ENCODER_SECONDS": str(seconds), "TINY_ENCODER_MADE": str(made)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not made.exists() and process.poll() is None:
        time.sleep(0.001)
    return process


def kill(process: subprocess.Popen[str]) -> None:
    """`kill -9` of the command and its workers."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.long
def test_it_holds_what_the_encoder_gives(images: Path, whole: Path) -> None:
    store, (encode, transform, _) = Embeddings(whole), tiny_encoder.make(torch.device("cpu"))
    assert store.shape == (COUNT, 16)
    assert [paths(images)[at].name for at in store.unreadable] == ["004.png", "007.png"]
    for at in {*range(COUNT)} - {*store.unreadable.tolist()}:
        x = transform(Image.open(paths(images)[at]).convert("RGB"))
        z = encode(x[None]).detach().numpy()[0]
        np.testing.assert_allclose(store[at], z, rtol=2e-3, atol=2e-3)


@pytest.mark.long
def test_killed_at_any_moment_it_ends_the_same(images: Path, whole: Path, tmp_path: Path) -> None:
    """Killed at a random moment of its work, up to five times: each time it could go on."""
    random = np.random.default_rng()
    for kills in range(KILLS):
        out = tmp_path / f"{kills // 5}"
        process = started(images, out, "--workers", str(kills % 2), seconds=0.02)
        time.sleep(random.uniform(0, 0.5))
        kill(process)
        restarted = tmp_path / f"{kills // 5} after {kills}"
        if out.exists():  # else it was killed before it wrote anything
            shutil.copytree(out, restarted)
        output, errors = started(images, restarted).communicate()
        assert errors == ""
        assert content(restarted) == content(whole), output


@pytest.mark.long
def test_parts_in_processes_of_their_own(images: Path, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "store"
    parts = [started(images, out, "--part", f"{part}/2") for part in range(2)]
    outputs = [part.communicate() for part in parts]
    assert [errors for _, errors in outputs] == ["", ""]
    assert content(out) == content(whole)


@pytest.mark.long
def test_what_it_says(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["embed", str(images), "--out", str(tmp_path / "store"), *ENCODER]
    assert main([*arguments, "--part", "0/2", *CUT]) == 0
    assert "300 x 16, float16; 150 rows missing" in capsys.readouterr().out
    assert main(arguments) == 0
    said, *lines = capsys.readouterr().out.splitlines()
    assert said == f"{images}: 300 images. Left out: other files: 1 (.txt)."
    assert lines[0] == f"{tmp_path}/store: 300 x 16, float16"
    assert lines[1] == "2 images could not be read; every query leaves them out:"
    assert lines[2].startswith("  0/004.png: UnidentifiedImageError: cannot identify image file")
    assert lines[3].startswith("  1/007.png: OSError: ")
    assert main(["embed", "--check", "--out", str(tmp_path / "store")]) == 0
    assert "intact" in capsys.readouterr().out


def test_a_damaged_store_is_found(
    images: Path, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(whole, tmp_path / "store")
    path = tmp_path / "store" / "shard-00001.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    assert main(["embed", "--check", "--out", str(path.parent)]) == 2
    assert "shard-00001.npy is damaged" in capsys.readouterr().err
    path.unlink()
    assert main(["embed", str(images), "--out", str(path.parent), *ENCODER]) == 0
    assert content(path.parent) == content(whole)


BAD: list[tuple[str, str]] = [
    ("", "there is no openal.toml in"),
    ("--check", "there is no openal.toml in"),
    ("--out new", "IMAGES is missing"),
    ("nowhere --out new --encoder x:y", "nowhere is not a folder of images"),
    ("empty --out new --encoder x:y", "empty holds no image"),
    ("pictures --out new --encoder x:y --model z", "one of --model and --encoder"),
    ("pictures --out new --encoder nothing", "--encoder must be MODULE:FUNCTION, got 'nothing'"),
    ("pictures --out new --encoder offline:8", "offline encoder sees 32 to 1024 pixels"),
    ("pictures --out new --encoder timm:no_such_network", "timm has no network 'no_such_network'"),
    ("pictures --out new --encoder torchvision:nothing", "torchvision has no network 'nothing'"),
    ("pictures --out new --encoder no.module:at", "--encoder no.module:at is not there"),
    ("pictures --out new --encoder json:absent", "--encoder json:absent is not there"),
    ("pictures --out new --encoder builtins:repr", "must return (encode, transform, fingerprint)"),
    ("pictures --out new --encoder x:y --device abacus", "--device abacus cannot be used"),
    ("pictures --out new --encoder x:y --device cuda:99", "--device cuda:99 cannot be used"),
    ("pictures --out new --encoder x:y --part 2", "--part must be I/N"),
    ("pictures --out new --encoder tests.tiny_encoder:make --part 2/2", "with i below n"),
    ("pictures --out new --encoder tests.tiny_encoder:make --batch-size 0", "batch_size must be"),
    ("pictures --out new --encoder tests.tiny_encoder:make --workers -1", "workers must be"),
    ("pictures --out new --encoder x:y --dtype int8", "invalid choice: 'int8'"),
    ("pictures --out pictures --encoder tests.tiny_encoder:make", "for the store alone"),
    ("pictures --out pictures/a.png --encoder tests.tiny_encoder:make", "is a file"),
    ("pictures --out new --model ViT-B-33 --pretrained x", "ViT-B-33"),
    ("--check --out new", "holds no store of embeddings"),
]


@pytest.mark.long
@pytest.mark.parametrize("arguments, message", BAD, ids=[arguments for arguments, _ in BAD])
def test_bad_arguments(
    arguments: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("empty", "pictures"):
        Path(folder).mkdir()
    Image.new("RGB", (8, 8)).save("pictures/a.png")
    assert main(["embed", *arguments.split()]) == 2
    output = capsys.readouterr()
    assert output.err.startswith("openal embed: ")
    assert message in output.err
    assert (output.err.count("\n"), output.out) == (1, "")
    assert sorted(path.name for path in Path().rglob("*")) == ["a.png", "empty", "pictures"]
