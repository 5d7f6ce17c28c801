"""A small project of real digits, and a person who knows what they are."""

import csv
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits

from openal.cli import main
from openal.project import Project

COUNT = 120
WANTED = {0: "zero", 1: "one", 2: "two"}
ENCODER = "tests.thumbnail_encoder:make"


@cache
def _digits() -> tuple[np.ndarray, np.ndarray]:
    found = load_digits()
    return found.images[:COUNT], found.target[:COUNT]


def write_photos(folder: Path, count: int = COUNT) -> None:
    folder.mkdir(parents=True)
    for number, pixels in enumerate(_digits()[0][:count]):
        Image.fromarray((pixels * 15.9).astype(np.uint8)).save(folder / f"{number:03d}.png")


def truth(name: str) -> str:
    """What a digit is to the person: a class, or none of them."""
    return WANTED.get(int(_digits()[1][int(Path(name).stem)]), "UNKNOWN")


def begun_project(folder: Path, **settings: object) -> Project:
    """A project that waits for `openal embed`, in `folder` / project, beside its photos."""
    write_photos(folder / "photos")
    given = {"encoder": ENCODER, "budget": 12, **settings}
    return Project.create(folder / "project", "../photos", WANTED.values(), **given)


def embedded_project(folder: Path, **settings: object) -> Project:
    """The same with embeddings: 16 gray values of each digit."""
    from openal.store import build_store

    project = begun_project(folder, **settings)
    names = project.fixed_names()
    z = _digits()[0][: len(names)].reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16)
    fingerprint = {"openal encoder": ENCODER}
    build_store(
        project.store_folder,
        torch.from_numpy(z.astype(np.float32)),
        torch.nn.Identity(),
        fingerprint=fingerprint,
        progress=False,
    )
    return project


def write_answers(path: Path, rows: Iterable[tuple[str, str]], **options: str) -> Path:
    with path.open("w", encoding=options.pop("encoding", "utf-8"), newline="") as file:
        writer = csv.writer(file, **options)  # type: ignore[arg-type]
        writer.writerows([("file", "class"), *rows])
    return path


def answer(project: Project, count: int | None = None) -> None:
    """The person answers what the open round waits for, or the first of it."""
    labeled = project.labeled()
    indices = labeled.pending_indices[:count].tolist()
    labels = [answer_of(project, index) for index in indices]
    labeled.add(indices, labels)


def answer_of(project: Project, index: int) -> int:
    name = truth(project.names[index])
    return -1 if name == "UNKNOWN" else project.classes.index(name)


def run(*arguments: str) -> None:
    assert main([*arguments]) == 0
