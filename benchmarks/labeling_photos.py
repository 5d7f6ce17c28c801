"""Photos of ten kinds whose kind is known: small JPEGs of CIFAR-10, or shapes that are drawn."""

import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.shared import location

__all__ = ["KINDS", "photos_of"]

Draw = Callable[[ImageDraw.ImageDraw, str], object]

BOX, SIDE, PEN = (30, 30, 90, 90), 120, 11
BICUBIC = Image.Resampling.BICUBIC


def polygon(sides: int) -> Draw:
    return lambda draw, ink: draw.regular_polygon((60, 60, 33), sides, fill=ink)


def lines(*ways: int) -> Draw:
    """Across the image; in the way -1 they are upright."""
    places = range(10, SIDE, 20)
    return lambda draw, ink: [
        draw.line((0, at, SIDE, at)[::way], ink, 4) for way in ways for at in places
    ]


KINDS: dict[bool, dict[str, Draw | None]] = {
    False: dict.fromkeys(
        ("cat", "dog", "horse", "deer", "airplane", "automobile", "bird", "frog", "ship", "truck")
    ),
    True: {
        "circle": lambda draw, ink: draw.ellipse(BOX, fill=ink),
        "triangle": polygon(3),
        "square": polygon(4),
        "pentagon": polygon(5),
        "ring": lambda draw, ink: draw.ellipse(BOX, outline=ink, width=PEN),
        "arc": lambda draw, ink: draw.arc(BOX, 200, 380, ink, PEN),
        "slice": lambda draw, ink: draw.pieslice(BOX, 30, 300, fill=ink),
        "columns": lines(-1),
        "rows": lines(1),
        "grid": lines(1, -1),
    },
}
"""The kinds by whether they are drawn: the first three are what is looked for, then comes one
that is a class only later."""


def photos_of(folder: Path, number: int, drawn: bool) -> dict[str, str]:
    """Write photos in a shuffled order; the kind of each by its name, which tells nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = sorted(KINDS[drawn]) * (-(-number // 10))
    order = np.random.default_rng(0).permutation(len(kinds))[:number]
    truth = {f"{at:05}.jpg": kinds[row] for at, row in enumerate(order)}
    if len([*folder.iterdir()]) != number:
        (drawings if drawn else cifar)(folder, truth)
    return truth


def drawings(folder: Path, truth: dict[str, str]) -> None:
    """Each in colors of its own, turned and moved a little."""
    for seed, (name, kind) in enumerate(truth.items()):
        rng = np.random.default_rng(seed)
        ink, paper = "#{:02x}{:02x}{:02x}".format(*rng.integers(20, 150, 3)), (250, 248, 240)
        image, draw = Image.new("RGB", (SIDE, SIDE), paper), KINDS[True][kind]
        assert draw is not None
        draw(ImageDraw.Draw(image), ink)
        move = (int(rng.integers(-10, 10)), int(rng.integers(-10, 10)))
        turned = image.rotate(rng.uniform(-12, 12), BICUBIC, translate=move, fillcolor=paper)
        turned.save(folder / name, quality=90)


def cifar(folder: Path, truth: dict[str, str]) -> None:
    """The first JPEGs of each class in the archive, byte for byte."""
    waiting: dict[str, list[str]] = {}
    for name, kind in truth.items():
        waiting.setdefault(kind, []).append(name)
    with tarfile.open(location("cifar10_jpeg.tar.xz")) as archive:
        for member in archive:
            _, kind, *rest = (*member.name.split("/"), "", "")
            file = archive.extractfile(member) if rest[0] and waiting.get(kind) else None
            if file is not None:
                (folder / waiting[kind].pop()).write_bytes(file.read())
