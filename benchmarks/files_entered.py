"""How many files of `openal` are entered while one thing runs, and how often a function is called.

`python -m benchmarks.files_entered` prints a line for each query and command. All modules are
imported beforehand, so that what their imports run is not counted. `--names` lists the files.
"""

import argparse
import io
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from inspect import CO_OPTIMIZED
from pathlib import Path
from pkgutil import walk_packages
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import numpy as np
import torch

import openal
from benchmarks.names import refuse_unknown
from openal import LabeledSet, Pool
from openal.cli import main as command
from openal.strategies import CLIPNAL, EOAL, NEAT, LfOSA

__all__ = ["Count", "counted", "main"]

PACKAGE = str(Path(openal.__file__).parent)
ITEMS, KNOWN, WIDTH, BUDGET = 240, 3, 16, 20
SETTINGS = ("--seeds", "2", "--rounds", "2", "--strategies", "NEAT")
EMBED = ("--encoder", "benchmarks.files_entered:tiny_encoder", "--device", "cpu", "--workers", "0")


@dataclass
class Count:
    """The calls of functions in each file of the package, while something ran."""

    calls: Counter[str] = field(default_factory=Counter)

    def take(self, frame: FrameType, event: str, _: object) -> None:
        """What `sys.setprofile` takes; bodies of modules and of classes are no functions."""
        code = frame.f_code
        ours = code.co_filename.startswith(PACKAGE) and code.co_flags & CO_OPTIMIZED
        if event == "call" and ours and _begins(frame):
            self.calls[code.co_filename] += 1


def _begins(frame: FrameType) -> bool:
    """Whether the frame is at its beginning: a generator that goes on is called once."""
    return not frame.f_code.co_code[frame.f_lasti + 1] & 3  # the argument of RESUME


@contextmanager
def counted() -> Iterator[Count]:
    """Counts while the block runs, in its threads too."""
    count = Count()
    threading.setprofile(count.take)
    sys.setprofile(count.take)
    try:
        yield count
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]


def import_all() -> None:
    """Import every module of the package; but one that would run a command."""
    for module in walk_packages(openal.__path__, "openal."):
        if not module.name.endswith("__main__"):
            import_module(module.name)


def small_pool() -> tuple[Pool, LabeledSet, np.ndarray]:
    """A pool of arrays, a labeled set with some answers, and the logits of a task network."""
    rng = np.random.default_rng(0)
    truth = np.arange(ITEMS) % (KNOWN + 1)
    embeddings = np.eye(KNOWN + 1, WIDTH)[truth] * 3 + rng.normal(size=(ITEMS, WIDTH))
    yes, no = (rng.uniform(-1, 1, (ITEMS, KNOWN)).astype(np.float32) for _ in range(2))
    logits = embeddings[:, :KNOWN].astype(np.float32)
    pool = Pool(
        embeddings=embeddings.astype(np.float32), logits=logits, yes_cosines=yes, no_cosines=no
    )
    labeled = LabeledSet(ITEMS, KNOWN)
    labeled.add(np.arange(40), np.where(truth[:40] < KNOWN, truth[:40], openal.UNKNOWN))
    return pool, labeled, truth


def query(strategy: Any) -> Count:
    """One query on the pool of arrays."""
    pool, labeled, _ = small_pool()
    with counted() as count:
        strategy.query(pool, labeled, BUDGET, seed=0, progress=False)
    return count


def ran(*arguments: str) -> Count:
    """One command, whose output is dropped; an error is raised."""
    output = io.StringIO()
    with redirect_stdout(output), redirect_stderr(output), counted() as count:
        code = command(arguments)
    if code:
        raise SystemExit(f"openal {' '.join(arguments)}: {output.getvalue()}")
    return count


def tiny_encoder(device: torch.device) -> tuple[Any, Any, dict[str, str]]:
    """An encoder for `openal embed`: the mean of each channel."""
    return (lambda batch: batch.mean(dim=(2, 3))), _channels, {"encoder": "means"}


def _channels(image: Any) -> torch.Tensor:
    return torch.from_numpy(np.asarray(image, np.float32)).permute(2, 0, 1)


def images(folder: Path) -> None:
    """A few small images."""
    from PIL import Image

    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(4):
        pixels = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")


def runs(folder: Path) -> Iterator[tuple[str, Callable[[], Count]]]:
    """Each query and command by name, in an order in which each finds what it needs."""
    for strategy in (NEAT(), LfOSA(), CLIPNAL(), EOAL()):
        yield type(strategy).__name__, partial(query, strategy)
    images(folder / "images")
    store, results = str(folder / "store"), str(folder / "results")
    yield "embed", partial(ran, "embed", str(folder / "images"), "--out", store, *EMBED)
    yield "simulate", partial(ran, "simulate", *SETTINGS, "--out", results)
    page = str(folder / "report.html")
    yield "report", partial(ran, "report", results, "--out", page)


def told(name: str, count: Count, names: bool) -> str:
    """A line for a run; with `names` a line for each of its files, too."""
    line = f"{name:10s} {len(count.calls):5d} {sum(count.calls.values()):9d}"
    files = sorted(str(Path(file).relative_to(PACKAGE)) for file in count.calls)
    return "\n".join([line, *(f"    {file}" for file in files if names)])


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.files_entered", description=__doc__)
    parser.add_argument("--names", action="store_true", help="also list the files")
    parser.add_argument("--only", nargs="*", default=[], help="names of queries and commands")
    given = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        every = dict(runs(Path(folder)))
        refuse_unknown(parser, "--only", given.only, every)
        import_all()
        print(f"{'':10s} {'files':>5s} {'calls':>9s}")
        for name, run in every.items():
            count = run()
            if not given.only or name in given.only:
                print(told(name, count, given.names), flush=True)


if __name__ == "__main__":
    main()
