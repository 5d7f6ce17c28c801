"""A stand-in for a project: a folder of small images, a ledger, and rounds in a fixed order.

`python -m tests.label.studio FOLDER` serves it, in a process that a test may kill, again and again.
"""

import json
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from PIL import Image, ImageDraw

from openal import LabeledSet
from openal._files import write_whole
from openal.label import Work, serve

CLASSES = ("circle", "square", "star")
SIZE, BUDGET = 48, 10

DRAW = {
    0: lambda draw, box, color: draw.ellipse(box, fill=color),
    1: lambda draw, box, color: draw.rectangle(box, fill=color),
    2: lambda draw, box, color: draw.regular_polygon(
        ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, 24), 3, fill=color
    ),
}


def truth(index: int) -> int:
    """What an image shows: every other one is none of the classes."""
    return index // 2 % len(CLASSES) if index % 2 else -1


def write_images(folder: Path, size: int = SIZE) -> None:
    """Shapes of the classes, and stripes where it is none of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(size):
        color = tuple(np.random.default_rng(index).integers(40, 220, 3).tolist())
        image = Image.new("RGB", (96, 72), (250, 248, 240))
        draw = ImageDraw.Draw(image)
        if truth(index) < 0:
            for x in range(0, 96, 12):
                draw.line((x, 0, x + 24, 72), fill=color, width=4)
        else:
            DRAW[truth(index)](draw, (20, 10, 72, 62), color)
        image.save(folder / f"{index:03}.png")


def work_in(folder: Path, size: int = SIZE, budget: int = BUDGET, seconds: float = 0.0) -> Work:
    """The work on the images of a folder, which are written where there are none."""
    if not (folder / "images").exists():
        write_images(folder / "images", size)
    size = len([*(folder / "images").iterdir()])
    named = folder / "classes.json"
    classes = json.loads(named.read_text()) if named.exists() else [*CLASSES]
    labeled = LabeledSet(size, classes, path=folder / "answers.db")

    def ask() -> None:
        time.sleep(seconds)
        left = labeled.unlabeled_indices
        chosen = np.random.default_rng(len(labeled)).permutation(left)[:budget]
        if len(chosen):
            purity = np.linspace(0.9, 0.2, len(chosen))
            labeled.begin_round(SimpleNamespace(indices=chosen, purity=purity, scores=purity))

    def add_class(name: str) -> None:
        write_whole(named, json.dumps([*labeled.classes, name]).encode())
        labeled.add_class(name)

    return Work(
        title="Shapes",
        names=[f"{index:03}.png" for index in range(size)],
        labeled=labeled,
        path_of=lambda index: folder / "images" / f"{index:03}.png",
        ask=ask,
        add_class=add_class if hasattr(labeled, "add_class") else None,
    )


def serve_forever(folder: Path) -> None:
    """A server that is there again as soon as it was killed; `folder/pid` names its process.

    Each is forked from a process that has imported everything: a start takes no second.
    """
    while True:
        child = os.fork()
        if child == 0:
            write_whole(folder / "pid", f"{os.getpid()}".encode())
            serve(work_in(folder), browser=False)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            sys.exit(1)


if __name__ == "__main__":
    serve_forever(Path(sys.argv[1]))
