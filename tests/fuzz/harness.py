"""A loader and thousands of damaged files: it refuses each in our own words, or it does not matter.

    pytest tests/fuzz -q                           # a few hundred cases of each loader
    OPENAL_FUZZ_SECONDS=60 pytest tests/fuzz -q    # a minute for each loader, with new seeds

The last lines tell how many cases each loader was given, and how many in all. A failure names its
seed: OPENAL_FUZZ_SEED=123 begins there.
"""

import os
import resource
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from operator import eq
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

from openal.errors import OpenALError
from tests.fuzz.damage import BYTES, FILES, Damage

SECONDS = float(os.environ.get("OPENAL_FUZZ_SECONDS", 0))
FIRST = os.environ.get("OPENAL_FUZZ_SEED")
CASES = 120
LONGEST = 10.0  # seconds for one file
MOST = 2**30  # bytes that a loader may need more: Pillow reads pictures of 179 million pixels


@dataclass(frozen=True)
class Loader:
    """What is read from a folder; `good(whole, found)` judges what came of a damaged one.

    `damages` holds, by the end of a file's name, what may happen to it; the others are left alone.
    """

    read: Callable[[Path], Any]
    damages: Mapping[str, tuple[Damage, ...]]
    good: Callable[[Any, Any], bool] = eq
    writes: bool = False  # into its folder, and nowhere else
    refuses: bool = True  # at least once
    cases: int = CASES


class TooLong(BaseException):
    """The loader is at it still."""


def fuzz(loader: Loader, folder: Path) -> int:
    """Damage a file of the folder, read it, put it back, and so on; the number of cases."""
    outside = folder.parent
    (outside / "secret").write_bytes(b"not yours")
    files = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    whole, around = loader.read(folder), seen(outside, but=folder)
    memory, cases, refused = peak(), 0, 0
    for seed in seeds(loader.cases):
        restored(folder, files)
        where = f"seed {seed}: {damaged(loader, [*files], outside, Random(seed))}"
        before = seen(folder)
        found, refusal = attempt(loader, folder, where)
        assert refusal is not None or loader.good(whole, found), f"{where}: {found!r:.300}"
        assert loader.writes or seen(folder) == before, where
        assert seen(outside, but=folder) == around, where
        assert peak() < memory + MOST, where
        cases, refused = cases + 1, refused + (refusal is not None)
    assert refused or not loader.refuses, "nothing was ever refused: is it read at all?"
    return cases


def attempt(loader: Loader, folder: Path, where: str) -> tuple[Any, str | None]:
    """What is read, or in which of our words it is refused; anything else is a failure."""
    try:
        with limited():
            return loader.read(folder), None
    except OpenALError as error:
        return None, str(error)
    except BaseException as error:
        raise AssertionError(f"{where}: {error!r:.300}") from error


def seeds(cases: int) -> Iterator[int]:
    """The same ones every time, or new ones until the time is over."""
    if not SECONDS:
        first = int(FIRST or 0)
        yield from range(first, first + cases)
        return
    first, end = int(FIRST or SystemRandom().randrange(2**40)), time.monotonic() + SECONDS
    for seed in count(first):
        if time.monotonic() > end:
            return
        yield seed


def damaged(loader: Loader, paths: list[Path], outside: Path, random: Random) -> str:
    """Damage one of the files; what was done, in words."""
    each = [(path, end) for path in paths for end in loader.damages if path.name.endswith(end)]
    kinds = [(path, loader.damages[end]) for path, end in each]
    path, ways = random.choice(kinds)
    if random.random() < 0.1:
        change = random.choice(FILES)
        change(path, outside)
        return f"{path.name} is {change.__name__}"
    content = path.read_bytes() or b"\0"
    way = random.choice(ways)
    path.write_bytes(way(content, random))
    if random.random() < 0.1:
        path.write_bytes(random.choice(BYTES)(path.read_bytes() or b"\0", random))
        return f"{path.name} by {way.__name__}, and more"
    return f"{path.name} by {way.__name__}"


def restored(folder: Path, files: Mapping[Path, bytes]) -> None:
    """The folder as it was."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path not in files or path.is_symlink() or not path.is_file():
            if path.is_symlink() or not path.is_dir():
                path.unlink()
            elif not any(path.iterdir()):
                path.rmdir()
    for path, content in files.items():
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def seen(folder: Path, but: Path | None = None) -> dict[str, Any]:
    """Every file below a folder, with its content where it is a plain one."""
    found: dict[str, Any] = {}
    for path in folder.rglob("*"):
        if but is not None and (path == but or but in path.parents):
            continue
        plain = path.is_file() and not path.is_symlink()
        found[str(path)] = path.read_bytes() if plain else path.lstat().st_mode
    return found


@contextmanager
def limited() -> Iterator[None]:
    """The block takes no longer than it may."""

    def stop(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def peak() -> int:
    """The most memory this process had so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
